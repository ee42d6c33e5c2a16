//! The host's clock is set back and forth by up to an hour, and tokens are replaced, while agents talk.
//!
//! `CCSYNC_FEED_SECONDS` and `CCSYNC_FEED_AGENTS` make it longer and larger, `CCSYNC_FEED_SEED` repeats it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ccsync::engine::port::clock::{Clock, SystemClock};
use ccsync_simulator::MonitorRates;
use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::PgPool;

use super::setup::{FeedSetup, extno};
use super::truth::{feed_is_the_vendors, sent};
use crate::support::db::TestDb;
use crate::support::harness::eventually;

const TIMEOUT: Duration = Duration::from_secs(90);

/// A host's clock that somebody sets.
struct SetClock(AtomicI64);

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::milliseconds(self.0.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    fn needs_witness(&self) -> bool {
        true
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        SystemClock.sleep((until - self.now()).to_std().unwrap_or_default()).await;
    }

    async fn sleep(&self, length: Duration) {
        SystemClock.sleep(length).await;
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Nothing ends before it began, and what came later was received later.
async fn assert_nothing_runs_backwards(pool: &PgPool) {
    let backwards: i64 = sqlx::query_scalar(
        "select (select count(*) from workbench.agent_status where until <= since)
            + (select count(*) from workbench.feed_gap where until <= since)
            + (select count(*) from (
                select received_at, lag(received_at) over (partition by connection_id order by message_no) as before
                from workbench.announcement) as a where received_at < before)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(backwards, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_and_tokens_that_are_replaced_lose_no_message_and_no_time() {
    let seconds = number("CCSYNC_FEED_SECONDS").unwrap_or(8);
    let agents = usize::try_from(number("CCSYNC_FEED_AGENTS").unwrap_or(10)).unwrap();
    let seed = number("CCSYNC_FEED_SEED").unwrap_or_else(rand::random);
    println!("CCSYNC_FEED_SEED={seed}, {agents} agents for {seconds} s");
    let mut rng = StdRng::seed_from_u64(seed);
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let setup = FeedSetup::new(agents, MonitorRates::lively(5.0), seed, db.url()).await.with_token_files();
    let clock = Arc::new(SetClock(AtomicI64::new(0)));
    let daemon = setup.start_on(clock.clone(), "").await;
    let until = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let mut rotations = 0;
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(rng.random_range(200..1_500))).await;
        clock.0.fetch_add(rng.random_range(-3_600_000..=3_600_000), Ordering::SeqCst);
        let agent = rng.random_range(0..agents);
        rotations += 1;
        let token = format!("s3cret-rotated-{rotations}");
        // The vendor's comes first, or the file's: both are seen.
        if rng.random() {
            setup.write_token(agent, &token);
        }
        setup.simulator.rotate_monitor_token(&extno(agent), &token);
        setup.write_token(agent, &token);
    }
    setup.simulator.set_monitor_rates(MonitorRates::default());
    eventually(TIMEOUT, async || feed_is_the_vendors(pool, &setup.simulator.monitor_truth()).await).await;
    assert_nothing_runs_backwards(pool).await;
    println!("{rotations} steps and rotations, {} messages", sent(&setup.simulator.monitor_truth()));
    daemon.stop().await;
}
