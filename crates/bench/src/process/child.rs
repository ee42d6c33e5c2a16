//! Processes whose cost is measured.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::stat;
use crate::failure::Failure;

/// How often a process is looked at. Its memory is a high-water mark, so only what it takes in its last moment is
/// missed.
const LOOK: Duration = Duration::from_millis(5);

/// How much of what a failed process said is told.
const LINES_TOLD: usize = 12;

/// What a process cost.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Cost {
    /// From its start to its end.
    pub seconds: f64,
    /// Processor time, of the user and of the system.
    pub cpu_seconds: Option<f64>,
    /// The most memory that it had resident.
    pub resident_max_kib: Option<u64>,
}

impl Cost {
    /// Of two processes that ran side by side; the memory is that of the larger one.
    pub(crate) fn beside(self, other: Cost) -> Cost {
        let sum = |(one, other): (f64, f64)| one + other;
        Cost {
            seconds: self.seconds.max(other.seconds),
            cpu_seconds: self.cpu_seconds.zip(other.cpu_seconds).map(sum),
            resident_max_kib: self.resident_max_kib.max(other.resident_max_kib),
        }
    }
}

/// Starts it; it is killed when it is dropped.
pub(crate) fn spawn(mut command: Command) -> Result<Child, Failure> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.spawn().map_err(|error| {
        let remedy = match (error.kind(), program.as_str()) {
            (std::io::ErrorKind::NotFound, "psql") => {
                ": the floor and the counters of the database are read with psql; install PostgreSQL's client programs"
            }
            _ => "",
        };
        Failure::failed(format!("{program} could not be started: {error}{remedy}"))
    })
}

/// The number of a process that was not waited for yet.
pub(crate) fn pid(child: &Child) -> i32 {
    child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default()
}

/// Reads along, or a full pipe would hold the process up.
pub(crate) fn listen(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut said = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was said up to an error is what there is to tell.
            let _ = pipe.read_to_end(&mut said).await;
        }
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// Runs it to its end; what it printed, and what it cost.
///
/// # Errors
/// It could not be started, or did not end with 0; with the last lines of what it said.
pub(crate) async fn measured(command: Command) -> Result<(String, Cost), Failure> {
    let program = title(&command);
    let began = Instant::now();
    let mut child = spawn(command)?;
    let (out, err) = (listen(child.stdout.take()), listen(child.stderr.take()));
    let mut cost = Cost::default();
    if let Some(process) = Pid::from_raw(pid(&child)) {
        loop {
            cost.resident_max_kib = cost.resident_max_kib.max(stat::resident_max_kib(pid(&child)));
            // Only looked at: the system forgets the times of a process that was waited for.
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            if !matches!(waitid(WaitId::Pid(process), look), Ok(None)) {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        cost.seconds = began.elapsed().as_secs_f64();
        cost.cpu_seconds = stat::cpu_seconds(pid(&child));
    }
    let ended = child.wait().await;
    let (out, err) = (out.await.unwrap_or_default(), err.await.unwrap_or_default());
    match ended {
        Ok(status) if status.success() => Ok((out, cost)),
        Ok(status) => Err(Failure::failed(format!("`{program}` ended with {status}{}", last_lines(&err)))),
        Err(error) => Err(Failure::failed(format!("`{program}` was lost: {error}"))),
    }
}

fn title(command: &Command) -> String {
    let command = command.as_std();
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    // What follows may be an address.
    let verb = command.get_args().next().map(|verb| verb.to_string_lossy()).unwrap_or_default();
    format!("{program} {verb}")
}

/// The end of what a process said, below the sentence that it belongs to.
pub(crate) fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let from = lines.len().saturating_sub(LINES_TOLD);
    lines[from..].iter().map(|line| format!("\n  {line}")).collect()
}
