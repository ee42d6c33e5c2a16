//! What `postmaster.pid` says, and whether it is true.
//!
//! The server refuses to start while the file names a living process, whoever that is. After a
//! kill the number may belong to a zombie or to another program, so we look closer.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Pid;

/// The server that wrote a `postmaster.pid`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store::embedded) struct Postmaster {
    pub(in crate::store::embedded) pid: i32,
    pub(in crate::store::embedded) port: u16,
    pub(in crate::store::embedded) socket_dir: PathBuf,
}

/// What a process id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store::embedded) enum Process {
    /// No such process, or one that is dead and not yet collected.
    Gone,
    /// A living process that is not the server of this cluster.
    Foreign,
    /// The server of this cluster.
    Ours,
}

/// The path of the file.
pub(in crate::store::embedded) fn path(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

/// Reads the file; none if there is no file. A file that is not written whole yet has a
/// process id but a port of 0.
pub(in crate::store::embedded) fn read(cluster: &Path) -> Option<Postmaster> {
    parse(&std::fs::read_to_string(path(cluster)).ok()?)
}

/// Lines: pid, data directory, start time, port, socket directory, address, shared memory, state.
fn parse(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    Some(Postmaster {
        pid: lines.first()?.parse().ok().filter(|pid| *pid > 0)?,
        port: lines.get(3).and_then(|line| line.parse().ok()).unwrap_or(0),
        socket_dir: PathBuf::from(lines.get(4).unwrap_or(&"")),
    })
}

/// Removes a file that nobody stands behind, with the socket of the same server, whose own lock
/// file would be believed in the same way.
pub(in crate::store::embedded) fn remove_stale(
    cluster: &Path,
    postmaster: Option<&Postmaster>,
    socket_dir: &Path,
) {
    let mut stale = vec![path(cluster)];
    if let Some(postmaster) = postmaster
        && postmaster.socket_dir == socket_dir
    {
        let socket = format!(".s.PGSQL.{}", postmaster.port);
        stale.push(socket_dir.join(format!("{socket}.lock")));
        stale.push(socket_dir.join(socket));
    }
    for path in stale {
        if std::fs::remove_file(&path).is_ok() {
            tracing::warn!(path = %path.display(), "removed what a dead server left behind");
        }
    }
}

/// Looks at the process.
pub(in crate::store::embedded) fn look_at(pid: i32, cluster: &Path) -> Process {
    let Some(process) = Pid::from_raw(pid) else {
        return Process::Gone;
    };
    // "Not permitted" means that it exists.
    if rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH) {
        return Process::Gone;
    }
    let Some((zombie, arguments)) = proc_entry(pid).or_else(|| ps_line(pid)) else {
        return Process::Gone;
    };
    if zombie {
        return Process::Gone;
    }
    let cluster = cluster.to_string_lossy();
    let server = arguments
        .first()
        .is_some_and(|program| program.contains("postgres") || program.contains("postmaster"));
    let ours = arguments.iter().any(|argument| argument.trim_start_matches("-D") == cluster);
    if server && ours { Process::Ours } else { Process::Foreign }
}

/// Linux: state and arguments, readable for every account.
fn proc_entry(pid: i32) -> Option<(bool, Vec<String>)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, so the state is looked for behind the last one.
    let state = stat.rsplit(')').next()?.trim().chars().next()?;
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let arguments =
        line.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    Some((matches!(state, 'Z' | 'X'), arguments))
}

/// Elsewhere: the same from `ps`, which separates the arguments by blanks only.
fn ps_line(pid: i32) -> Option<(bool, Vec<String>)> {
    let output =
        Command::new("ps").args(["-ww", "-o", "stat=,args=", "-p", &pid.to_string()]).output().ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let (state, arguments) = line.split_once(char::is_whitespace)?;
    let arguments = arguments.trim_start();
    let mut parts: Vec<String> = arguments.split(" -").map(str::to_owned).collect();
    // "-D /some path" lost its dash above; give back what stands behind the letter.
    for part in &mut parts {
        if let Some(dir) = part.strip_prefix("D ") {
            *part = dir.to_owned();
        }
    }
    Some((state.starts_with('Z'), parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_and_a_half_written_one_are_read() {
        let whole = "4711\n/data/cluster\n1790000000\n5433\n/data/run\n127.0.0.1\n 1 2\nready   \n";
        let postmaster = parse(whole).unwrap();
        assert_eq!((postmaster.pid, postmaster.port), (4711, 5433));
        assert_eq!(postmaster.socket_dir, PathBuf::from("/data/run"));
        assert_eq!(parse("4711\n").unwrap().port, 0);
        assert_eq!(parse(""), None);
        assert_eq!(parse("-1\n"), None);
    }

    #[test]
    fn a_living_program_that_is_no_server_is_foreign() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert_eq!(look_at(pid, Path::new("/data/cluster")), Process::Foreign);
        assert_eq!(look_at(i32::MAX, Path::new("/data")), Process::Gone);
    }
}
