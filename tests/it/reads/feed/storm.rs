//! Many sockets, cut and restored at random, while the database is killed and started again in between.
//!
//! `CCSYNC_FEED_SECONDS` and `CCSYNC_FEED_AGENTS` make it longer and larger, `CCSYNC_FEED_SEED` repeats it.

use std::time::Duration;

use ccsync::store::embedded::{EmbeddedConfig, EmbeddedPostgres};
use ccsync_simulator::MonitorRates;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::setup::FeedSetup;
use super::truth::{feed_is_the_vendors, sent};
use crate::process::embedded::place::{self, Place};
use crate::support::harness::eventually;
use crate::support::port::free_port;

/// For a machine that is busy with other tests.
const TIMEOUT: Duration = Duration::from_secs(90);

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// A server on one port, whatever happens to it.
fn fixed_port(place: &Place) -> EmbeddedConfig {
    let mut config = place.config();
    config.port = free_port();
    config
}

/// The tables are there and the feed writes: from here on the database may die at any instant.
async fn an_agent_is_heard(pool: &PgPool) -> Result<(), String> {
    let heard: Result<bool, sqlx::Error> = sqlx::query_scalar(
        "select exists (select from workbench.agent_status where reported_at is not null)",
    )
    .fetch_one(pool)
    .await;
    match heard {
        Ok(true) => Ok(()),
        Ok(false) => Err("nothing was stored".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_cut_at_random_and_a_database_that_dies_lose_and_double_nothing() {
    let seconds = number("CCSYNC_FEED_SECONDS").unwrap_or(6);
    let agents = number("CCSYNC_FEED_AGENTS").unwrap_or(30);
    let seed = number("CCSYNC_FEED_SEED").unwrap_or_else(rand::random);
    println!("CCSYNC_FEED_SEED={seed}, {agents} agents for {seconds} s");
    let place = Place::new();
    let config = fixed_port(&place);
    let mut server = EmbeddedPostgres::start(&config).await.unwrap();
    let rates = MonitorRates {
        garbage: 0.05,
        unknown_method: 0.05,
        unknown_status: 0.05,
        large: 0.002,
        close: 0.05,
        cut: 0.1,
        half_open: 0.02,
        ..MonitorRates::lively(5.0)
    };
    let setup =
        FeedSetup::new(usize::try_from(agents).unwrap(), rates, seed, server.url().expose_secret()).await;
    let daemon = setup.start("ping = \"1s\"\nsilence = \"4s\"").await;
    let pool = PgPoolOptions::new().max_connections(2).connect_with(server.connect_options()).await.unwrap();
    eventually(TIMEOUT, async || an_agent_is_heard(&pool).await).await;
    pool.close().await;

    tokio::time::sleep(Duration::from_secs(seconds) / 3).await;
    place::kill_all(place.server_pid().unwrap());
    tokio::time::sleep(Duration::from_secs(seconds) / 3).await;
    server = EmbeddedPostgres::start(&config).await.unwrap();
    tokio::time::sleep(Duration::from_secs(seconds) / 3).await;
    // Nothing happens any more; what was sent arrives, and every agent is heard.
    setup.simulator.set_monitor_rates(MonitorRates::default());

    let pool = PgPoolOptions::new().max_connections(2).connect_with(server.connect_options()).await.unwrap();
    eventually(TIMEOUT, async || feed_is_the_vendors(&pool, &setup.simulator.monitor_truth()).await).await;
    let truth = setup.simulator.monitor_truth();
    let connections: usize = truth.agents.iter().map(|agent| agent.connections.len()).sum();
    let gaps: Vec<String> =
        sqlx::query_scalar("select count(*) || ' ' || reason from workbench.feed_gap group by reason")
            .fetch_all(&pool)
            .await
            .unwrap();
    let read: i64 =
        sqlx::query_scalar("select sum(rows_read)::bigint from sync.run").fetch_one(&pool).await.unwrap();
    println!("{} messages sent, {read} stored, {connections} connections, gaps {gaps:?}", sent(&truth));
    assert!(agents < connections as u64 && 0 < sent(&truth));
    daemon.stop().await;
    let open: i64 = sqlx::query_scalar(
        "select count(*) from workbench.feed_gap where until is null and reason = 'shutdown'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(open as u64, agents, "a stopped daemon leaves a gap for each agent");
}
