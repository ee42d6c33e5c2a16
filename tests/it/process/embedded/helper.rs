//! Another process that uses a server: this test binary again, told what to do by its
//! environment.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use ccsync::store::embedded::{EmbeddedConfig, EmbeddedPostgres};
use rustix::process::Signal;

use super::place::{self, Place};

const DATA_DIR: &str = "CCSYNC_TEST_HELPER_DATA_DIR";
const LASTING: &str = "CCSYNC_TEST_HELPER_LASTING";
const FETCH: &str = "CCSYNC_TEST_HELPER_FETCH";
const MARK: &str = "helper: ";

/// A child that has started, or tried to start, a server.
pub struct Helper {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Helper {
    /// Starts the child. `lasting` is the opposite of `stop_with_parent`.
    pub fn spawn(data_dir: &Path, lasting: bool) -> Helper {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(LASTING, lasting.to_string());
        Self::run(command, data_dir)
    }

    /// As another user, for which we have to be root.
    pub fn spawn_as(uid: u32, place: &Place) -> Helper {
        // Where the binary was built may be closed to that user.
        let copy = place.path().join("helper");
        std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let mut command = Command::new(copy);
        command.uid(uid).gid(uid).current_dir("/");
        Self::run(command, &place.data_dir())
    }

    /// With leave to download a server, and a proxy that does not exist in the way.
    pub fn fetching(data_dir: &Path) -> Helper {
        let mut command = Command::new(std::env::current_exe().unwrap());
        for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(variable, "http://127.0.0.1:1");
        }
        command.env_remove("NO_PROXY").env_remove("no_proxy");
        command.env(FETCH, "true");
        Self::run(command, data_dir)
    }

    fn run(mut command: Command, data_dir: &Path) -> Helper {
        let mut child = command
            .args(["--exact", "process::embedded::helper::stands_by", "--nocapture"])
            .env(DATA_DIR, data_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Helper { child, lines }
    }

    /// The next thing that it says.
    pub fn says(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.lines.read_line(&mut line).unwrap();
            assert!(read > 0, "the helper ended without a word");
            if let Some((_, output)) = line.split_once(MARK) {
                return output.trim().to_owned();
            }
        }
    }

    /// Tells it to stop the server, and gives back what came of it.
    pub fn stop(mut self) -> String {
        let mut stdin = self.child.stdin.take().unwrap();
        stdin.write_all(b"stop\n").unwrap();
        self.says()
    }

    /// Kills it without a warning.
    pub fn kill(mut self) {
        place::kill(self.child.id().cast_signed(), Signal::KILL);
        self.child.wait().unwrap();
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test: what the child runs. Without the variable there is nothing to do.
#[tokio::test]
async fn stands_by() {
    let Some(data_dir) = std::env::var_os(DATA_DIR) else {
        return;
    };
    let mut config = EmbeddedConfig::new(data_dir);
    config.durable = false;
    config.stop_with_parent = std::env::var(LASTING).as_deref() != Ok("true");
    config.fetch = std::env::var_os(FETCH).is_some();
    let postgres = match EmbeddedPostgres::start(&config).await {
        Ok(postgres) => postgres,
        Err(error) => return say(&error.to_string()),
    };
    say("ready");
    // Ends with its parent too: then nothing more comes.
    let mut order = String::new();
    std::io::stdin().read_line(&mut order).unwrap();
    if order.trim() == "stop" {
        say(&format!("{:?}", postgres.stop().await.unwrap()));
    }
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{MARK}{what}").unwrap();
    out.flush().unwrap();
}
