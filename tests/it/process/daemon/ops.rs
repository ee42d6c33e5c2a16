//! Ticks, and what the ops server says of them.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::Value;

use super::{Daemon, SCHEDULES, YEARLY, arrived, first_passes, new_call, scheduled};
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
