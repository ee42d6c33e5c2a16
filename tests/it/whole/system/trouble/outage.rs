//! The vendor or the database goes away in the middle: nothing is half there, and the next sync completes it.

use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::run::RunOutcome;
use ccsync::engine::port::clock::Clock as _;
use ccsync_simulator::{Endpoint, Fault, FaultRates, SimulatorConfig};
use sqlx::{ConnectOptions as _, Executor as _};
use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestClock, TestWorld, eventually, small_world};
use crate::support::trial::with_each;
use crate::whole::system::history::{assert_histories_are_whole, assert_ledger_covers_all};
use crate::whole::system::steps::{assert_settles, sync_well, value};
use crate::whole::system::truth;

/// Every call whose quality time lies in a window that the ledger calls read is in the table.
async fn assert_committed_windows_are_whole(world: &TestWorld) -> usize {
    let pool = world.test.pool().await;
    let windows: Vec<(i64, i64)> = sqlx::query_as(
        "select (extract(epoch from window_start) * 1000)::bigint,
            (extract(epoch from window_end) * 1000)::bigint
         from sync.time_window where stream = 'sobot.call_result' and reads > 0",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let stored: Vec<String> = sqlx::query_scalar("select call_log_jestid || agentid from sobot.call_result")
        .fetch_all(pool)
        .await
        .unwrap();
    let mut within = 0;
    for call in world.test.simulator.truth().calls {
        let at: i64 = call["qualify_time"].as_str().unwrap().parse().unwrap();
        let key = ["call_log_jestid", "agentid"].map(|name| call[name].as_str().unwrap()).concat();
        let read = windows.iter().any(|(start, end)| (start..end).contains(&&at));
        assert_eq!(stored.contains(&key), read, "{call}");
        within += usize::from(read);
    }
    within
}

#[test]
fn a_vendor_that_goes_down_in_mid_run_leaves_whole_windows_and_a_failure_that_says_what_to_do() {
    with_each(
        [(Fault::Http5xx, FaultKind::VendorFailed), (Fault::HtmlPage, FaultKind::Malformed)],
        |(fault, kind)| async move {
            let variables = [QUICK, &[("CCSYNC__ENGINE__RETRIES", "2")]].concat();
            // Exclusive ends: what a window holds is then exactly what a read of it brings.
            let mut config = SimulatorConfig { latency_ms: 4, calls: 300, ..small_world() };
            config.switches.set("sobot_end", "exclusive").unwrap();
            let world = TestWorld::on(TestClock::hurried(), config, &variables).await;
            let simulator = &world.test.simulator;
            let goes_down = async {
                eventually(Duration::from_secs(20), || async {
                    let read = simulator.journal().counts(Endpoint::SobotCallResult).requests;
                    if read < 8 { Err(format!("{read} requests")) } else { Ok(()) }
                })
                .await;
                simulator.set_fault_rates(FaultRates::none().with(fault, 1.0));
            };
            let (reports, ()) = tokio::join!(world.test.sync(), goes_down);
            let calls = reports.iter().find(|r| r.key.stream.to_string() == "sobot.call_result").unwrap();
            assert_eq!(calls.outcome, RunOutcome::Partial, "{calls:?}");
            assert!(assert_committed_windows_are_whole(&world).await > 20);

            let status = world.test.app.status().await.unwrap();
            assert!(!status.healthy);
            let told = status.streams.iter().find(|s| s.stream == calls.key.stream).unwrap();
            let failure = told.failure.as_ref().unwrap();
            assert_eq!(
                (failure.kind.as_str(), failure.remedy.as_str()),
                (kind.as_str(), kind.remedy().english())
            );
            assert!(failure.message.contains("sobot.call_result"), "{}", failure.message);
            assert!(failure.scope.starts_with("[2026-03-"), "{}", failure.scope);
            assert!(told.windows.failed > 0 && told.complete_to < Some(world.clock.now()));

            simulator.set_fault_rates(FaultRates::none());
            sync_well(&world.test).await;
            truth::assert_tables_are_the_vendors(&world.test).await;
            let status = world.test.app.status().await.unwrap();
            assert!(status.healthy, "{status:?}");
            assert_ledger_covers_all(&world.test, "sobot.call_result").await;
        },
    );
}

#[test]
fn connections_that_the_database_ends_again_and_again_lose_and_double_nothing() {
    with_each([1, 2, 3], |seed| async move {
        let variables = [QUICK, &[("CCSYNC__ENGINE__LEASE", "1s")]].concat();
        let config = SimulatorConfig { seed, latency_ms: 3, ..small_world() };
        let world = TestWorld::on(TestClock::hurried_by(100), config, &variables).await;
        let ended = CancellationToken::new();
        let killer = async {
            let mut killer = world.test.db.options().application_name("killer").connect().await.unwrap();
            // Whoever loses the database while it renews the token is waited for, by design, for long.
            eventually(Duration::from_secs(20), || async {
                let tokens: i64 = value(&world.test, "select count(*) from sync.token").await;
                if tokens == 0 { Err("no token yet".to_owned()) } else { Ok(()) }
            })
            .await;
            let mut killed = 0;
            while killed < 40 && !ended.is_cancelled() {
                let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()";
                killed += killer.fetch_all(kill).await.unwrap().len();
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
            killed
        };
        let syncs = async {
            let stop = CancellationToken::new();
            for _ in 0..60 {
                let outcome = world.test.app.sync(&[], &stop).await;
                let well = |reports: &Vec<_>| {
                    reports.iter().all(|r: &ccsync::engine::pass::reader::PassReport| {
                        r.outcome == RunOutcome::Succeeded
                    })
                };
                if outcome.as_ref().is_ok_and(well) {
                    break;
                }
            }
            ended.cancel();
        };
        let (killed, ()) = tokio::join!(killer, syncs);
        assert!(killed >= 8, "only {killed} connections were ended");
        assert_settles(&world).await;
        for table in truth::TABLES {
            let history = format!("select count(*) from {table}_history");
            assert_eq!(
                value::<i64>(&world.test, &history).await,
                0,
                "{table}: nothing changed at the vendor"
            );
        }
        assert_histories_are_whole(&world.test).await;
        assert_ledger_covers_all(&world.test, "sobot.call_result").await;
    });
}
