//! A server that follows another one: what a failover leaves behind at the old address.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::store::{PgStore, StoreConfig};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use super::place::Place;
use crate::support::harness::eventually;

/// The sessions of the store at its server.
async fn sessions(options: &PgConnectOptions) -> Vec<i32> {
    let sql = "select pid from pg_stat_activity where application_name = 'ccsync' order by pid";
    sqlx::query_scalar(sql).fetch_all(&mut options.connect().await.unwrap()).await.unwrap()
}

/// The command that started this place's server, to be run as its owner.
fn command(place: &Place) -> Command {
    let process = format!("/proc/{}", place.server_pid().unwrap());
    let line = std::fs::read_to_string(format!("{process}/cmdline")).unwrap();
    let owner = std::fs::metadata(place.cluster()).unwrap();
    let mut command = Command::new(std::fs::read_link(format!("{process}/exe")).unwrap());
    command.args(line.trim_end_matches('\0').split('\0').skip(1)).uid(owner.uid()).gid(owner.gid());
    command.current_dir(place.cluster()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_told_and_its_sessions_are_not_kept() {
    let place = Place::new();
    let primary = place.start().await;
    let options = primary.connect_options();
    let store = PgStore::connect(&StoreConfig::new(options.clone())).await.unwrap();
    store.ping().await.unwrap();
    let kept = sessions(&options).await;
    store.ping().await.unwrap();
    assert_eq!(sessions(&options).await, kept, "a session of a primary is used again");

    let mut standby = command(&place);
    primary.stop().await.unwrap();
    std::fs::write(place.cluster().join("standby.signal"), "").unwrap();
    let mut standby = standby.spawn().unwrap();
    eventually(Duration::from_secs(30), async || {
        let fault = store.ping().await.unwrap_err();
        match fault.code.as_deref() {
            Some("25006") => Ok(()),
            _ => Err(fault.chain()),
        }
    })
    .await;
    let fault = store.ping().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::DatabaseUnreachable);
    assert!(fault.message.contains("the server is read-only, perhaps a standby"), "{fault}");
    let first = sessions(&options).await;
    eventually(Duration::from_secs(30), async || {
        store.ping().await.unwrap_err();
        let now = sessions(&options).await;
        if now.iter().any(|pid| first.contains(pid)) { Err(format!("{first:?} and {now:?}")) } else { Ok(()) }
    })
    .await;

    standby.kill().unwrap();
    standby.wait().unwrap();
    std::fs::remove_file(place.cluster().join("standby.signal")).unwrap();
    let primary = place.start().await;
    store.ping().await.unwrap();
    primary.stop().await.unwrap();
}
