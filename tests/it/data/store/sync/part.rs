//! What the database is too slow for is left out of the status, and named.

use ccsync::engine::port::status::StatusRead as _;
use ccsync::engine::port::store::Store as _;
use ccsync::report::status::StreamDeclaration;
use ccsync::report::status::part::StatusPart;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::data::store::support::*;

#[tokio::test]
async fn streams_and_alerts_are_told_while_the_charts_are_too_slow() {
    let fresh = fresh_store().await;
    let calls_declared = StreamDeclaration {
        key: calls(),
        start: Some(at(0)),
        schedule: "0 */10 * * * *".into(),
        timezone: chrono_tz::UTC,
        window: None,
        enabled: true,
    };
    fresh.store.declare(&[calls_declared]).await.unwrap();
    fresh.read(&calls(), day(), vec![call("a", 1, 1)], 48).await;
    let whole = fresh.store.status(at(50)).await.unwrap();
    assert_eq!(whole.missing, []);
    let slow = [
        ("sync.run_day", StatusPart::Days),
        ("sync.revision_lag", StatusPart::Lag),
        ("sync.alert_history", StatusPart::Waiting),
    ];
    for (table, part) in slow {
        let mut blocker = PgConnection::connect_with(&fresh.options).await.unwrap();
        let mut held = blocker.begin().await.unwrap();
        let lock = format!("lock table {table} in access exclusive mode");
        held.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await.unwrap();
        let report = fresh.store.status(at(50)).await.unwrap();
        held.rollback().await.unwrap();
        let missing: Vec<_> = report.missing.iter().map(|missing| missing.part).collect();
        assert_eq!(missing, [part]);
        assert_eq!(report.missing[0].why, "the database had no answer within 500 ms");
        let (told, known) = (&report.streams[0], &whole.streams[0]);
        assert_eq!(
            (told.complete_to, &told.windows, &told.watch),
            (known.complete_to, &known.windows, &known.watch)
        );
        assert_eq!(told.detail.calendar, known.detail.calendar);
        assert_eq!(told.detail.days.is_empty(), part == StatusPart::Days);
    }
}
