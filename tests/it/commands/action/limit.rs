//! The vendor's limit of writes, on a clock that jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ccsync::app::{App, Overrides};
use ccsync::domain::vendor::action::ActionState;
use ccsync::engine::port::clock::Clock;
use ccsync_simulator::{Now, SimulatorConfig};
use chrono::{DateTime, Utc};

use crate::support::db::TestDb;
use crate::support::harness::{config_text, simulator, small_world};
use crate::support::memory::MemoryStore;

/// Whoever waits moves it on.
#[derive(Debug, Clone)]
struct JumpingClock {
    ms: Arc<AtomicI64>,
}

#[async_trait::async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.ms.load(Ordering::SeqCst)).unwrap()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        // A part of a millisecond is waited for whole.
        self.ms.fetch_max(until.timestamp_millis() + 1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_minute_sees_more_writes_than_the_vendor_allows() {
    let start = DateTime::parse_from_rfc3339("2026-03-08T12:00:00+08:00").unwrap();
    let clock = JumpingClock { ms: Arc::new(AtomicI64::new(start.timestamp_millis())) };
    let now = clock.clone();
    let world = SimulatorConfig { moor_limit: 20, now: Now(Arc::new(move || now.now())), ..small_world() };
    let vendors = simulator(world).await;
    let db = TestDb::create().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ccsync.toml");
    std::fs::write(&file, config_text(&vendors.base_url(), db.url(), "")).unwrap();
    let settings = ccsync::config::load(Some(&file), Vec::new(), clock.now()).unwrap();
    let budget = Arc::new(MemoryStore::new(Arc::new(clock.clone())));
    let overrides =
        Overrides { clock: Arc::new(clock.clone()), budget: Some(budget), ..Overrides::default() };
    let app = App::build(settings, overrides).await.unwrap();
    app.prepare().await.unwrap();
    let setup = app.action_service("tester").unwrap();
    let (_, writer) = setup.moor(None).unwrap();
    for number in 0..100 {
        let exten = format!("{}", 10_018_500 + number % 10);
        let done = setup.perform(writer.assign_members(&exten, &["8000".parse().unwrap()])).await;
        assert_eq!(done.unwrap().settlement.state, ActionState::Answered);
    }
    let journal = vendors.journal();
    assert_eq!((journal.writes(), journal.limit_violations()), (100, 0));
    let took = Duration::from_millis((clock.now() - start.to_utc()).num_milliseconds().unsigned_abs());
    assert!(Duration::from_secs(99 * 60 / 18) <= took, "{took:?}");
    assert!(took <= Duration::from_secs(100 * 62 / 18), "{took:?}: the limit is used");
}

#[tokio::test]
async fn a_write_that_waits_for_the_limit_says_so() {
    let setup = super::setup().await.with("CCSYNC__SOURCES__WORKBENCH__ACTION__REQUESTS_PER_MINUTE", "6");
    sqlx::raw_sql("drop trigger at_once on sync.request_budget")
        .execute(setup.db.pool().await)
        .await
        .unwrap();
    // One in ten seconds: a program that is slow to start still has to wait.
    let first = setup.run(&["workbench", "hold", "--yes"]).await.expect(0);
    assert!(!first.stderr.contains("waiting"), "{}", first.stderr);
    let second = setup.run(&["workbench", "hold", "--yes"]).await.expect(0);
    let told = regex::Regex::new(r"waiting \d+ s for the limit of hold, 6 requests a minute").unwrap();
    assert!(told.is_match(&second.stderr), "{}", second.stderr);
}
