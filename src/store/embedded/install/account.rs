//! Who runs the server's programs.
//!
//! PostgreSQL refuses to run as root. When we are root, its programs run as the owner of the
//! cluster if there is one already, else as `postgres`, else as `nobody`.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::store::embedded::EmbeddedError;

/// The account of the server's programs.
#[derive(Debug, Clone)]
pub(in crate::store::embedded) struct Account {
    name: String,
    /// Set when we are root and have to become somebody else.
    switch: Option<(u32, u32)>,
}

impl Account {
    /// Chooses the account for the cluster at `cluster`, which need not exist.
    pub(in crate::store::embedded) fn choose(cluster: &Path) -> Result<Account, EmbeddedError> {
        let us = rustix::process::geteuid().as_raw();
        let owner = std::fs::metadata(cluster).ok().map(|m| (m.uid(), m.gid()));
        match (us, owner) {
            (0, Some((0, _))) => Err(EmbeddedError::NotOurs {
                path: cluster.to_owned(),
                owner: 0,
                us,
                advice: format!(
                    "PostgreSQL refuses to run as root: give it to an ordinary account, \
                     for instance with `chown -R postgres: {}`",
                    cluster.parent().unwrap_or(cluster).display()
                ),
            }),
            (0, Some((uid, gid))) => Ok(Account { name: format!("user id {uid}"), switch: Some((uid, gid)) }),
            (0, None) => ["postgres", "nobody"]
                .iter()
                .find_map(|name| {
                    Some(Account {
                        name: (*name).to_owned(),
                        switch: Some((id("-u", name)?, id("-g", name)?)),
                    })
                })
                .ok_or(EmbeddedError::NoAccount),
            (us, Some((owner, _))) if owner != us => Err(EmbeddedError::NotOurs {
                path: cluster.to_owned(),
                owner,
                us,
                advice: "start ccsync as that user or as root, \
                         or choose another `database.data_dir`"
                    .to_owned(),
            }),
            _ => Ok(Account { name: format!("user id {us}"), switch: None }),
        }
    }

    /// The name for messages.
    pub(in crate::store::embedded) fn name(&self) -> &str {
        &self.name
    }

    /// Whom files have to be given to; none when they are ours anyway.
    pub(in crate::store::embedded) fn switch(&self) -> Option<(u32, u32)> {
        self.switch
    }

    /// A command that runs as this account, away from our terminal, our environment's PostgreSQL
    /// settings and our working directory.
    ///
    /// The standard library drops root's supplementary groups whenever a user id is set by root.
    /// A process group of its own keeps Ctrl-C from reaching the server before the daemon, which
    /// has work to finish first.
    pub(in crate::store::embedded) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("PG") {
                command.env_remove(key);
            }
        }
        command.env("LC_ALL", "C");
        if let Some((uid, gid)) = self.switch {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// The outermost directory on the way to `dir` that this account may not enter.
    ///
    /// Asked of the system, as that account, because mode bits are not the whole truth (access
    /// lists, confinement).
    pub(in crate::store::embedded) async fn blocked_at(
        &self,
        dir: &Path,
    ) -> Result<Option<PathBuf>, EmbeddedError> {
        if self.switch.is_none() {
            return Ok(None);
        }
        let mut way: Vec<&Path> = dir.ancestors().collect();
        way.reverse();
        for step in way {
            let mut test = self.command("/bin/sh");
            test.args(["-c", "[ -x \"$1\" ]", "sh"]).arg(step);
            let status = tokio::process::Command::from(test)
                .status()
                .await
                .map_err(EmbeddedError::file("run a shell to look at", step))?;
            if !status.success() {
                return Ok(Some(step.to_owned()));
            }
        }
        Ok(None)
    }
}

/// What `id` says about an account; asking it rather than /etc/passwd includes directories of
/// users kept elsewhere.
fn id(flag: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([flag, name]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().parse().ok())?
}

/// Runs a command to its end and gives back what it printed, or the error with what it said.
pub(in crate::store::embedded) async fn run(
    mut command: Command,
    tried: &str,
    limit: Duration,
    advice: &'static str,
) -> Result<String, EmbeddedError> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = tokio::process::Command::from(command);
    // Whoever gives up waiting must not leave half a cluster growing behind its back.
    command.kill_on_drop(true);
    let failed = |output: String| EmbeddedError::Program { tried: tried.to_owned(), output, advice };
    let output = tokio::time::timeout(limit, command.output())
        .await
        .map_err(|_| failed(format!("it did not finish within {} s", limit.as_secs())))?
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("{} ({})", last_lines(&stderr, 6), output.status)))
}

/// The last lines of a text as one line.
pub(in crate::store::embedded) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(count);
    if lines.is_empty() {
        return "nothing".to_owned();
    }
    lines[from..].join(" | ")
}
