//! What Linux says of a process. Elsewhere nothing is said.

use std::collections::HashMap;
use std::fs;

/// Clock ticks of `/proc` in a second: a constant of Linux's interface, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// The fields of `/proc/PID/stat` that are of use.
struct Stat {
    parent: i32,
    /// Processor time of its own, in ticks.
    own: u64,
    /// Of its children that have ended and were waited for.
    ended_children: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; what follows begins with the third field.
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(14)? + number(15)?,
        ended_children: number(16)? + number(17)?,
    })
}

/// Seconds of processor time that the process has used; still known when it has ended and was not waited for.
pub(crate) fn cpu_seconds(pid: i32) -> Option<f64> {
    Some(stat(pid)?.own as f64 / TICKS)
}

/// The same with all its children, those that live and those that have ended.
pub(crate) fn cpu_seconds_with_children(pid: i32) -> Option<f64> {
    let own = stat(pid)?;
    let others = fs::read_dir("/proc").ok()?.flatten();
    let others = others.filter_map(|entry| stat(entry.file_name().to_str()?.parse().ok()?));
    let living: u64 =
        others.filter(|other| other.parent == pid).map(|child| child.own + child.ended_children).sum();
    Some((own.own + own.ended_children + living) as f64 / TICKS)
}

/// The processor time of each thread of a process, in nanoseconds: `/proc` gives whole processes in ticks alone, and
/// one that idles uses hardly any.
pub(crate) struct ThreadTimes(HashMap<String, u64>);

impl ThreadTimes {
    /// As they are now.
    pub(crate) fn of(pid: i32) -> Option<ThreadTimes> {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
        let times = threads.filter_map(|thread| {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
            Some((thread.file_name().to_string_lossy().into_owned(), nanoseconds))
        });
        Some(ThreadTimes(times.collect())).filter(|times| !times.0.is_empty())
    }

    /// What was used since; threads that have ended meanwhile are not seen any more.
    pub(crate) fn seconds_since(&self, earlier: &ThreadTimes) -> f64 {
        let used =
            self.0.iter().map(|(thread, time)| time - earlier.0.get(thread).copied().unwrap_or(0).min(*time));
        used.sum::<u64>() as f64 / 1e9
    }
}

/// The process that started this one.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    Some(stat(pid)?.parent)
}

/// Whether the process is a program of this name.
pub(crate) fn is_named(pid: i32, name: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name)
}

fn kib(pid: i32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB")?.parse().ok())
}

/// The descriptors that it has open.
pub(crate) fn descriptors(pid: i32) -> Option<u64> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() as u64)
}

/// The most memory that it had resident so far, in KiB.
pub(crate) fn resident_max_kib(pid: i32) -> Option<u64> {
    kib(pid, "VmHWM:")
}

/// The memory that it has resident now, in KiB.
pub(crate) fn resident_kib(pid: i32) -> Option<u64> {
    kib(pid, "VmRSS:")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_is_seen_working() {
        let pid = rustix::process::getpid().as_raw_nonzero().get();
        let before = cpu_seconds(pid).unwrap();
        let threads = ThreadTimes::of(pid).unwrap();
        let mut sum = 0_u64;
        while cpu_seconds(pid).unwrap() < before + 0.02 {
            sum = sum.wrapping_add((0..100_000_u64).fold(0, |a, b| a ^ b));
        }
        assert!(std::hint::black_box(sum) < u64::MAX);
        assert!(0.01 < ThreadTimes::of(pid).unwrap().seconds_since(&threads));
        assert!(resident_kib(pid).unwrap() <= resident_max_kib(pid).unwrap());
        assert!(before <= cpu_seconds_with_children(pid).unwrap());
        assert_eq!(parent(pid), rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()));
        assert!(!is_named(pid, "postgres"));
    }
}
