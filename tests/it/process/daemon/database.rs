//! A daemon with a PostgreSQL of its own.

use std::time::Duration;

use ccsync_simulator::Endpoint;
use rustix::process::Signal;

use super::TIMEOUT;
use crate::process::embedded::place::{self, Place};
use crate::support::harness::{eventually, simulator};
use crate::support::process::{Workspace, configuration, first_day, recent_world};

#[tokio::test]
async fn a_daemon_whose_database_was_killed_goes_on_and_leaves_no_postgres_behind() {
    let vendors = simulator(recent_world()).await;
    let place = Place::new();
    let database = format!("data_dir = {:?}", place.data_dir());
    let text = configuration(&vendors.base_url(), &database, &first_day().to_string());
    let workspace =
        Workspace::new(&text).with("CCSYNC__DEFAULTS__SOBOT__CALL_RESULT__SCHEDULE", "*/2 * * * * *");
    let daemon = workspace.start(&["run"]);
    let asked = || vendors.journal().requests_of(Endpoint::SobotCallResult).count();
    let more_than = async |least: usize| {
        eventually(TIMEOUT, async || match asked() {
            asked if least < asked => Ok(()),
            asked => Err(format!("{asked} requests")),
        })
        .await;
    };
    more_than(10).await;
    let killed = place.server_pid().unwrap();
    place::kill_all(killed);
    place::wait_until("another server runs", || {
        place.server_pid().is_some_and(|pid| pid != killed && place::is_alive(pid))
    });
    // Two whole passes more: what was under way at the kill was not the last.
    more_than(asked() + 24).await;
    let revived = place.server_pid().unwrap();
    let ended = daemon.stop(Signal::TERM).await.expect(0);
    println!("with its own database: {:?}", ended.took);
    assert!(ended.took < Duration::from_secs(30), "{:?}", ended.took);
    assert!(!place::is_alive(revived), "its server outlived it");
}
