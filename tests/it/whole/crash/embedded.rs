//! kill -9 of the program and of its own PostgreSQL.

use std::time::Duration;

use ccsync_simulator::SimulatorConfig;
use sqlx::postgres::PgPoolOptions;

use crate::process::embedded::place::{self, Place};
use crate::support::harness::{eventually, simulator};
use crate::support::process::{Workspace, configuration, first_day, recent_world};
use crate::whole::system::truth;

#[tokio::test]
async fn a_kill_of_the_daemon_and_of_all_its_postgres_processes_is_recovered_from() {
    let vendors = simulator(SimulatorConfig { latency_ms: 20, ..recent_world() }).await;
    let place = Place::new();
    let database = format!("data_dir = {:?}", place.data_dir());
    let text = configuration(&vendors.base_url(), &database, &first_day().to_string());
    let workspace = Workspace::new(&format!("{text}[engine]\nlease = \"1s\"\n"));
    let daemon = workspace.start(&["run"]);
    // In the midst of the first pass: some pages were read, others not yet.
    eventually(Duration::from_secs(30), async || match vendors.journal().requests() {
        10.. => Ok(()),
        few => Err(format!("{few} requests")),
    })
    .await;
    let server = place.server_pid().unwrap();
    daemon.kill().await;
    place::kill_all(server);
    let next = workspace.run(&["sync"]).await.expect(0);
    assert!(next.took < Duration::from_secs(30), "{:?}", next.took);
    assert!(place.server_pid().is_none_or(|pid| !place::is_alive(pid)), "its server outlived it");
    let postgres = place::start(&place.config()).await;
    let pool = PgPoolOptions::new().connect_with(postgres.connect_options()).await.unwrap();
    truth::assert_tables_are(&vendors, &pool).await;
    pool.close().await;
    postgres.stop().await.unwrap();
}
