//! What systemd is told, over a real socket; a hangup; and how long a restart takes.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::net::UnixDatagram;

use super::{Daemon, TIMEOUT, YEARLY, first_passes, scheduled};
use crate::support::harness::eventually;
use crate::support::process::{Program, Setup, recent_world};

/// The next message that holds `text`; all that came on the way.
async fn told(socket: &UnixDatagram, text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = tokio::time::timeout(TIMEOUT, socket.recv(&mut buffer)).await;
        let length = length.unwrap_or_else(|_| panic!("no {text} after {all:?}")).unwrap();
        let message = String::from_utf8(buffer[..length].to_vec()).unwrap();
        let found = message.contains(text);
        all.push(message);
        if found {
            return all;
        }
    }
}

#[tokio::test]
async fn systemd_is_told_when_it_is_ready_that_it_lives_and_when_it_stops() {
    let setup = scheduled(Setup::new(recent_world(), "").await, YEARLY);
    let path = setup.workspace.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let mut command = setup.workspace.command(&["run"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    let daemon = Program::spawn(command);
    let start = told(&socket, "READY=1").await;
    assert!(
        start[0].starts_with("STATUS=starting: ") && start[0].contains("EXTEND_TIMEOUT_USEC="),
        "{start:?}"
    );
    let ready = start.last().unwrap();
    assert!(ready.contains("STATUS=following its schedules; status page on http://127.0.0.1:"), "{ready}");
    for _ in 0..3 {
        told(&socket, "WATCHDOG=1").await;
    }
    daemon.signal(Signal::HUP);
    told(&socket, "WATCHDOG=1").await;
    daemon.signal(Signal::TERM);
    told(&socket, "STOPPING=1").await;
    let ended = daemon.wait().await.expect(0);
    let answers = ended.stderr.matches("SIGHUP: the configuration is read at the start only").count();
    assert_eq!(answers, 1, "{}", ended.stderr);
}

#[tokio::test]
async fn a_restart_is_safe_and_its_time_is_told() {
    let setup = scheduled(Setup::new(recent_world(), "").await, YEARLY);
    let first = Daemon::start(&setup);
    first.ready().await;
    first_passes(&setup).await;
    let began = Instant::now();
    first.program.stop(Signal::TERM).await.expect(0);
    let stopped = began.elapsed();
    let second = Daemon::start(&setup);
    eventually(TIMEOUT, async || match second.get("/readyz").await {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    eprintln!("restart: stopped after {stopped:?}, ready again after {:?}", began.elapsed());
    // Far more than it takes: a hang is told, not a busy machine.
    assert!(began.elapsed() < Duration::from_secs(60));
    second.program.stop(Signal::TERM).await.expect(0);
}
