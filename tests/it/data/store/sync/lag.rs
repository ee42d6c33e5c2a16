//! What re-reads teach, and which days and windows are final.

use ccsync::domain::proof::lag::AGES;
use ccsync::engine::port::store::{LagLedger, Reread, Scope, Store as _};
use ccsync::report::status::{DeclaredWindow, StreamDeclaration};
use chrono::{Duration, NaiveDate};

use crate::data::store::support::{Fresh, at, call, calls, fresh_store, window};

fn day(number: i64) -> Scope {
    Scope::Window(window(number * 24, number * 24 + 24))
}

async fn learned(fresh: &Fresh) -> LagLedger {
    let date = |text: &str| text.parse::<NaiveDate>().unwrap();
    fresh.store.lag(&calls(), date("2026-01-01"), date("2026-01-05")).await.unwrap()
}

/// Reads day 0 again at `hour`, after a read at `before`, on the budget of 5 January.
async fn again(fresh: &Fresh, rows: Vec<ccsync::domain::row::record::Row>, before: i64, hour: i64) {
    let rows_before: i64 =
        fresh.value("select rows from sync.time_window where stream = 'sobot.call_result'").await;
    let mut commit = fresh.commit(&calls(), day(0), rows, hour).await;
    commit.reread = Some(Reread {
        read_before: at(before),
        rows_before: rows_before.unsigned_abs(),
        paid_by: "2026-01-05".parse().ok(),
    });
    commit.final_at = Some(at(24 + 48));
    fresh.store.commit(commit).await.unwrap();
}

#[tokio::test]
async fn what_a_second_look_finds_is_kept_by_the_age_of_its_window() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(0), vec![call("a", 1, 1), call("b", 1, 1)], 25).await;
    assert_eq!(learned(&fresh).await, LagLedger::default(), "a first look teaches nothing");
    // One hour after its end, then four: a row changed and one is new.
    again(&fresh, vec![call("a", 2, 27), call("b", 1, 1), call("c", 1, 1)], 25, 28).await;
    again(&fresh, vec![call("a", 2, 27), call("b", 1, 1), call("c", 1, 1)], 28, 36).await;
    let ledger = learned(&fresh).await;
    let bins: Vec<_> = AGES.iter().zip(&ledger.table.bins).filter(|(_, bin)| bin.windows > 0.0).collect();
    let ages: Vec<i64> = bins.iter().map(|(age, _)| **age).collect();
    assert_eq!(ages, [1, 2, 3, 4, 6, 8]);
    let sum =
        |of: fn(&ccsync::domain::proof::lag::LagBin) -> f64| bins.iter().map(|(_, bin)| of(bin)).sum::<f64>();
    assert!((sum(|bin| bin.changes) - 2.0).abs() < 1e-9);
    assert!(bins[..3].iter().all(|(_, bin)| (bin.rows - 2.0).abs() < 1e-9), "two rows were watched");
    assert!(bins[3..].iter().all(|(_, bin)| bin.changes == 0.0 && (bin.rows - 3.0).abs() < 1e-9));
    assert_eq!(ledger.requests_today, 4, "two looks of two requests");
}

#[tokio::test]
async fn a_commit_that_fails_teaches_nothing() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(0), vec![call("a", 1, 1)], 25).await;
    let mut commit = fresh.commit(&calls(), day(0), vec![call("a", 2, 27)], 28).await;
    commit.reread = Some(Reread { read_before: at(25), rows_before: 1, paid_by: "2026-01-05".parse().ok() });
    commit.lease.fence -= 1;
    fresh.store.commit(commit).await.unwrap_err();
    assert_eq!(learned(&fresh).await, LagLedger::default());
}

#[tokio::test]
async fn a_day_is_final_when_its_windows_were_read_late_enough() {
    let fresh = fresh_store().await;
    let streams = [StreamDeclaration {
        key: calls(),
        start: Some(at(0)),
        schedule: "s".into(),
        timezone: chrono_tz::UTC,
        // No window but the day's own may bring results of it.
        window: Some(DeclaredWindow { lookback: Duration::zero(), settle: Duration::zero() }),
        enabled: true,
    }];
    fresh.store.declare(&streams).await.unwrap();
    let state = async |fresh: &Fresh| -> (String, String, Option<chrono::DateTime<chrono::Utc>>, i64) {
        let sql = "select (select state from bi.day_state where day = '2026-01-01'),
                       (select state from bi.quality_result where contact_id = 'a'), final_to, windows_provisional
                   from bi.freshness";
        sqlx::query_as(sql).fetch_one(&fresh.db).await.unwrap()
    };
    let provisional = || ("provisional".to_owned(), "provisional".to_owned(), None, 1);
    fresh.read(&calls(), day(0), vec![call("a", 1, 1)], 25).await;
    assert_eq!(state(&fresh).await, provisional(), "nothing is known of when it is final");
    again(&fresh, vec![call("a", 1, 1)], 25, 60).await;
    assert_eq!(state(&fresh).await, provisional(), "it was read before it is final");
    again(&fresh, vec![call("a", 1, 1)], 60, 72).await;
    let last = ("final".to_owned(), "final".to_owned(), Some(at(24)), 0);
    assert_eq!(state(&fresh).await, last);
    // The next day is not there yet, and does not make this one less final.
    fresh.read(&calls(), day(1), vec![call("b", 1, 30)], 73).await;
    assert_eq!(state(&fresh).await, ("final".to_owned(), "final".to_owned(), Some(at(24)), 1));
    let daily: Vec<(String, i64)> = sqlx::query_as(
        "select state, sum(results)::bigint from bi.agent_quality_daily group by state order by 1",
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    assert_eq!(daily.iter().map(|(_, results)| results).sum::<i64>(), 2);
}
