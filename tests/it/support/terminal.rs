//! A program at a terminal: what a person sees and types.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tokio::process::Command;

use super::harness::eventually;
use super::process::{Ended, Program};

/// The other side of a program's stdin and stderr; its stdout is a pipe.
pub struct Terminal {
    pub program: Program,
    keyboard: File,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    pub fn start(mut command: Command) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 40, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let flags = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap();
        let screen = OpenOptions::new().read(true).write(true).custom_flags(flags).open(name).unwrap();
        command.env("TERM", "xterm").stdin(screen.try_clone().unwrap()).stderr(Stdio::from(screen));
        let program = Program::spawn(command);
        let keyboard = File::from(master);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (mut out, text) = (keyboard.try_clone().unwrap(), seen.clone());
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 4096];
            // The end is an error: the other side is gone.
            while let Ok(count @ 1..) = out.read(&mut piece) {
                text.lock().unwrap().extend_from_slice(&piece[..count]);
            }
        });
        Terminal { program, keyboard, seen, reader }
    }

    /// All that was ever written, escape sequences included.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    pub async fn wait_for(&self, text: &str) {
        eventually(Duration::from_secs(60), async || match self.seen().contains(text) {
            true => Ok(()),
            false => Err(format!("no `{text}` in {:?}", self.seen())),
        })
        .await;
    }

    /// Waits for the program's end; how it ended, and all that was ever written.
    pub async fn end(self) -> (Ended, String) {
        let Terminal { program, seen, reader, .. } = self;
        let ended = program.wait().await;
        // Nobody is left who could write, so what is still on the way is the last of it.
        tokio::task::spawn_blocking(|| reader.join().unwrap()).await.unwrap();
        (ended, String::from_utf8_lossy(&seen.lock().unwrap()).into_owned())
    }

    pub fn type_in(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The same for a secret: what is typed before the terminal has ceased to show it is thrown away.
    pub async fn answer_unseen(&mut self, question: &str, keys: &str) {
        self.wait_for(question).await;
        eventually(Duration::from_secs(60), async || match tcgetattr(&self.keyboard) {
            Ok(modes) if !modes.local_modes.contains(LocalModes::ECHO) => Ok(()),
            Ok(_) => Err(format!("`{question}` is asked, and what is typed is shown")),
            Err(error) => Err(error.to_string()),
        })
        .await;
        self.type_in(keys);
    }

    /// Waits for a question, and answers it.
    pub async fn answer(&mut self, question: &str, keys: &str) {
        self.wait_for(question).await;
        self.type_in(keys);
    }
}
