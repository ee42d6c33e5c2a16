//! Ticks, and what the ops server says of them.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{Daemon, SCHEDULES, TIMEOUT, YEARLY, arrived, first_passes, new_call, scheduled};
use crate::support::harness::eventually;
use crate::support::process::{Setup, recent_world};

/// The names of all fields, with their places.
fn shape(value: &Value, place: &str, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = format!("{place}.{name}");
                names.insert(place.clone());
                shape(value, &place, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| shape(item, place, names)),
        _ => {}
    }
}

fn names(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    shape(value, "", &mut names);
    names
}

#[tokio::test]
async fn changes_at_the_vendor_arrive_with_the_next_tick_and_the_ops_server_tells_of_it() {
    let setup = Setup::new(recent_world(), "").await;
    let setup = scheduled(setup, YEARLY).with(SCHEDULES[0], "*/2 * * * * *");
    let daemon = Daemon::start(&setup);
    daemon.ready().await;
    assert_eq!(daemon.get("/healthz").await, (200, r#"{"status":"ok"}"#.to_owned()));
    first_passes(&setup).await;
    for _ in 0..2 {
        let id = new_call(&setup).await;
        arrived(&setup, &id).await;
    }
    let (code, served) = daemon.get("/api/status").await;
    assert_eq!(code, 200, "{served}");
    let printed = setup.run(&["status", "--json"]).await.expect(0).json();
    let served: Value = serde_json::from_str(&served).unwrap();
    // Who works at just that moment is chance.
    let lasting = |report: &Value| {
        let names = names(report).into_iter();
        names.filter(|name| !name.starts_with(".workers.")).collect::<BTreeSet<_>>()
    };
    assert_eq!(lasting(&served), lasting(&printed), "served and printed");
    let (code, metrics) = daemon.get("/metrics").await;
    assert_eq!(code, 200);
    for line in ["ccsync_up 1", "stream=\"sobot.call_result\""] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    let (code, page) = daemon.get("/").await;
    assert!(code == 200 && page.contains("sobot.call_result"), "{page}");
    let ended = daemon.program.stop(Signal::TERM).await.expect(0);
    assert_eq!(ended.stdout, "", "stdout is for data");
}

#[tokio::test]
async fn an_ops_port_in_use_is_told_before_anything_is_done() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__OPS__LISTEN", &address);
    let ended = setup.run(&["run"]).await.expect(1);
    insta::assert_snapshot!(ended.talk().replace(&address, "ADDRESS"), @"
    error: ops.listen = ADDRESS cannot be used: Address already in use (os error 98); choose another port
    hint: see docs/runbook.md#exit_1
    ");
    assert_eq!(setup.simulator.journal().requests(), 0);
}

#[tokio::test]
async fn what_changed_while_the_daemon_was_away_is_read_at_its_start_and_not_at_the_next_tick() {
    let setup = scheduled(Setup::new(recent_world(), "").await, YEARLY);
    let first = Daemon::start(&setup);
    first_passes(&setup).await;
    first.program.stop(Signal::TERM).await.expect(0);
    // The tick of the new year is long past: only a tick since the last read makes a window due.
    sqlx::query("update sync.time_window set read_at = read_at - interval '2 years'")
        .execute(setup.db.pool().await)
        .await
        .unwrap();
    let id = new_call(&setup).await;
    let second = Daemon::start(&setup);
    arrived(&setup, &id).await;
    second.program.stop(Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn clients_that_never_finish_a_request_take_few_descriptors_and_keep_nobody_waiting_for_long() {
    let setup = scheduled(Setup::new(recent_world(), "").await, YEARLY).with(SCHEDULES[0], "*/2 * * * * *");
    let daemon = Daemon::start(&setup);
    daemon.ready().await;
    first_passes(&setup).await;
    let address = daemon.ops.trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let half: &[u8] = if number % 2 == 0 { b"GET / HTTP/1.1\r\nHost: localhost\r\n" } else { b"" };
        stream.write_all(half).await.unwrap();
        silent.push(stream);
    }
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", daemon.program.pid())).unwrap().count();
    assert!(descriptors < 200, "{descriptors}");
    let id = new_call(&setup).await;
    arrived(&setup, &id).await;
    // They are cut off a hundred at a time.
    eventually(TIMEOUT, async || match daemon.get("/healthz").await {
        (200, _) => Ok(()),
        (code, body) => Err(format!("{code}: {body}")),
    })
    .await;
    drop(silent);
    daemon.program.stop(Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn a_foreign_host_and_a_request_without_the_token_are_refused() {
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__OPS__ALLOWED_HOSTS", "[ccsync.internal]");
    let token = setup.workspace.write("token", "t0ken\n");
    let setup = setup.with("CCSYNC__OPS__TOKEN_FILE", token.to_str().unwrap());
    let daemon = Daemon::start(&setup);
    let client = crate::support::http::client();
    let get = async |path: &str, host: Option<&str>, token: Option<&str>| {
        let mut request = client.get(format!("{}{path}", daemon.ops));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.map_or(0, |answer| answer.status().as_u16())
    };
    eventually(TIMEOUT, async || match get("/readyz", None, Some("t0ken")).await {
        200 => Ok(()),
        code => Err(format!("{code}")),
    })
    .await;
    for (host, token, code) in [
        (None, Some("t0ken"), 200),
        (Some("ccsync.internal:8080"), Some("t0ken"), 200),
        (Some("rebound.example"), Some("t0ken"), 421),
        (None, Some("wrong"), 401),
        (None, None, 401),
    ] {
        for path in ["/", "/api/status", "/metrics", "/runbook"] {
            assert_eq!(get(path, host, token).await, code, "{path} {host:?} {token:?}");
        }
    }
    assert_eq!(get("/healthz", None, None).await, 200);
    let config = setup.run(&["config"]).await.expect(0);
    assert!(!config.stdout.contains("t0ken"), "{}", config.stdout);
    daemon.program.stop(Signal::TERM).await.expect(0);
}
