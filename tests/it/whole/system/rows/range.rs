//! Which time is read: backfill, plan, windows of another length, windows that are split.

use std::collections::BTreeSet;

use ccsync::domain::proof::window::TimeWindow;
use ccsync_simulator::Endpoint;
use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::system::history::{assert_histories_are_whole, assert_ledger_covers_all};
use crate::whole::system::steps::{sync_well, value};
use crate::whole::system::truth;

fn beijing(day: &str) -> DateTime<Utc> {
    format!("{day}T00:00:00+08:00").parse().unwrap()
}

const CALLS: &str = "select count(*) from sobot.call_result";

fn calls_since(world: &TestWorld, from: DateTime<Utc>) -> i64 {
    let calls = world.test.simulator.truth().calls;
    let at = |call: &serde_json::Value| call["qualify_time"].as_str().unwrap().parse::<i64>().unwrap();
    let count = calls.iter().filter(|call| from.timestamp_millis() <= at(call)).count();
    i64::try_from(count).unwrap()
}

#[tokio::test]
async fn a_backfill_brings_what_lies_before_the_start_and_a_second_one_writes_nothing() {
    let late: &[(&str, &str)] = &[
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", "2026-03-05"),
        ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__START", "2026-03-05"),
    ];
    let world = TestWorld::on(TestClock::hurried(), small_world(), &[QUICK, late].concat()).await;
    let test = &world.test;
    sync_well(test).await;
    let since_start: i64 = value(test, CALLS).await;
    assert_eq!(since_start, calls_since(&world, beijing("2026-03-05")));
    assert!(since_start < 120);

    let chosen = ["sobot.call_result".parse().unwrap(), "sobot.chat_result".parse().unwrap()];
    let stop = CancellationToken::new();
    let backfill = async |from: &str, to: &str| {
        let range = TimeWindow::new(beijing(from), beijing(to)).unwrap();
        let reports = test.app.backfill(&chosen, range, &stop).await.unwrap();
        assert!(reports.iter().all(|report| report.failures.is_empty()), "{reports:?}");
        reports.iter().map(|report| report.counts.inserted).sum::<u64>()
    };
    assert!(backfill("2026-03-03", "2026-03-05").await > 0);
    assert_eq!(value::<i64>(test, CALLS).await, calls_since(&world, beijing("2026-03-03")));
    assert!(backfill("2026-03-01", "2026-03-03").await > 0);
    truth::assert_tables_are_the_vendors(test).await;

    let before = truth::fact_table_writes(test).await;
    assert_eq!(backfill("2026-03-01", "2026-03-06").await, 0);
    sync_well(test).await;
    assert_eq!(truth::fact_table_writes(test).await, before);
    truth::assert_tables_are_the_vendors(test).await;
    assert_ledger_covers_all(test, "sobot.call_result").await;
}

#[tokio::test]
async fn a_plan_names_what_the_next_sync_asks_for_and_touches_neither_vendor_nor_ledger() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    let ledger = "select (select count(*) from sync.time_window) + (select count(*) from sync.run)
        + (select count(*) from sync.lease) + (select count(*) from sync.request_budget)";
    let plans = test.app.plan(&[]).await.unwrap();
    assert_eq!(test.simulator.journal().requests(), 0);
    assert_eq!(value::<i64>(test, ledger).await, 0);
    assert_eq!(plans.len(), 4);
    let planned: usize = plans.iter().map(|plan| plan.windows.len()).sum();
    assert_eq!(planned, 16, "eight days of calls and of chats");
    assert_eq!(plans.iter().filter(|plan| plan.snapshot).count(), 2);

    let reports = sync_well(test).await;
    assert_eq!(reports.iter().map(|report| report.counts.windows).sum::<u64>(), 16 + 2);
    let (requests, known) = (test.simulator.journal().requests(), value::<i64>(test, ledger).await);
    test.app.plan(&[]).await.unwrap();
    assert_eq!(test.simulator.journal().requests(), requests);
    assert_eq!(value::<i64>(test, ledger).await, known);
}

#[test]
fn windows_of_another_length_read_no_settled_time_again() {
    with_each([["6h", "2d"], ["2d", "6h"], ["7h", "31d"]], |lengths| async move {
        let no_lookback: &[(&str, &str)] = &[
            ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__LOOKBACK", "0s"),
            ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__LOOKBACK", "0s"),
        ];
        let base = [QUICK, no_lookback].concat();
        let world = TestWorld::on(TestClock::hurried(), small_world(), &base).await;
        let test = &world.test;
        sync_well(test).await;
        // A chat window is proven by a second equal read.
        sync_well(test).await;
        let before = truth::fact_table_writes(test).await;
        for length in lengths {
            let variables = [("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", length)];
            let app = world.another_app(&[&base[..], &variables].concat()).await;
            test.simulator.clear_journal();
            app.sync(&[], &CancellationToken::new()).await.unwrap();
            let journal = test.simulator.journal();
            let asked: BTreeSet<_> =
                journal.requests_of(Endpoint::SobotCallResult).filter_map(|e| e.start.clone()).collect();
            assert!(!asked.is_empty(), "the present is still growing");
            for start in asked {
                assert!(start.as_str() >= "2026-03-08", "{length}: {start} was settled");
            }
            truth::assert_tables_are_the_vendors(test).await;
        }
        assert_eq!(truth::fact_table_writes(test).await, before, "{lengths:?}");
        assert_histories_are_whole(test).await;
    });
}

#[test]
fn windows_of_another_length_within_the_lookback_are_read_again_and_write_nothing() {
    with_each([["6h", "2d"], ["2d", "1d"]], |lengths| async move {
        let world = TestWorld::quick(small_world()).await;
        let test = &world.test;
        sync_well(test).await;
        let rows: i64 = value(test, "select count(*) from sobot.call_result_history").await;
        for length in lengths {
            let variables = [
                ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__WINDOW", length),
                ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__WINDOW", if length == "6h" { "1d" } else { length }),
            ];
            let app = world.another_app(&[QUICK, &variables].concat()).await;
            for _ in 0..3 {
                for report in app.sync(&[], &CancellationToken::new()).await.unwrap() {
                    assert!(report.failures.is_empty(), "{length}: {report:?}");
                    assert_eq!(report.counts.updated + report.counts.deleted, 0, "{length}: {report:?}");
                }
            }
            truth::assert_tables_are_the_vendors(test).await;
            assert_ledger_covers_all(test, "sobot.call_result").await;
            assert_ledger_covers_all(test, "sobot.chat_result").await;
        }
        assert_eq!(value::<i64>(test, "select count(*) from sobot.call_result_history").await, rows);
    });
}

#[tokio::test]
async fn windows_with_too_many_rows_are_split_until_they_fit_and_stay_split() {
    let small = [QUICK, &[("CCSYNC__ENGINE__WINDOW_ROWS_MAX", "10")]].concat();
    let world = TestWorld::on(TestClock::hurried(), small_world(), &small).await;
    let test = &world.test;
    sync_well(test).await;
    truth::assert_tables_are_the_vendors(test).await;
    assert_ledger_covers_all(test, "sobot.call_result").await;
    let most = "select max(rows) from sync.time_window where stream = 'sobot.call_result'";
    assert!(value::<i64>(test, most).await <= 10);
    let windows = "select count(*) from sync.time_window where stream = 'sobot.call_result'";
    let split: i64 = value(test, windows).await;
    assert!(split > 12, "{split} windows");
    let before = truth::fact_table_writes(test).await;
    sync_well(test).await;
    assert_eq!(truth::fact_table_writes(test).await, before);
    assert_eq!(value::<i64>(test, windows).await, split);
}

#[tokio::test]
async fn windows_of_a_quiet_account_are_never_split() {
    let world = TestWorld::quick(small_world()).await;
    for _ in 0..3 {
        sync_well(&world.test).await;
        world.clock.advance(std::time::Duration::from_secs(3600));
    }
    let cells = "select count(*) from sync.time_window where window_end - window_start <> (
        select max(window_end - window_start) from sync.time_window)";
    assert_eq!(value::<i64>(&world.test, cells).await, 0);
}
