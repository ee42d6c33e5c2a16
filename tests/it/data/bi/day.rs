//! Business days are Beijing's, whatever the host, the session and UTC say.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgPool};

use crate::data::store::support::{Fresh, fresh_store};

/// A call of that instant, and a chat.
async fn contact(db: &PgPool, at: &str) {
    let at: DateTime<Utc> = at.parse().unwrap();
    let common = "revision, first_seen_at, changed_at, content_hash, run_id";
    for (table, key, at_column, read_column) in [
        ("sobot.call_result", "call_log_jestid", "call_start_datetime", "quality_datetime"),
        ("sobot.chat_result", "schemeid, cid", "chat_start_datetime", "update_datetime"),
    ] {
        let scheme = if table == "sobot.chat_result" { "'scheme', " } else { "" };
        let sql = format!(
            "insert into {table} (source, {key}, agentid, {at_column}, {read_column}, {common})
             values ('sobot', {scheme}$1, 'agent', $2, $2 + interval '40 hours', 1, now(), now(),
                '00000000-0000-0000-0000-000000000000', 1)"
        );
        sqlx::query(AssertSqlSafe(sql)).bind(at.to_rfc3339()).bind(at).execute(db).await.unwrap();
    }
}

/// Day, week, month and hour of the contact of an instant, as both channels tell them.
async fn filed_under(db: &PgPool, at: &str) -> String {
    let at: DateTime<Utc> = at.parse().unwrap();
    let told: Vec<String> = sqlx::query_scalar(
        "select concat_ws(' ', day, week, month, hour) from bi.quality_result where contact_id = $1",
    )
    .bind(at.to_rfc3339())
    .fetch_all(db)
    .await
    .unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], told[1]);
    told[0].clone()
}

/// How many contacts a filter finds by its index, which must be as many as without.
async fn found(fresh: &Fresh, filter: &str) -> i64 {
    let mut transaction = fresh.db.begin().await.unwrap();
    let mut counts = Vec::new();
    for scans in ["enable_seqscan", "enable_indexscan", "enable_bitmapscan"] {
        let sql = format!("set local {scans} = off");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await.unwrap();
        let sql = format!("select count(*) from bi.quality_result where {filter}");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *transaction).await.unwrap();
        counts.push(count);
    }
    assert_eq!(counts[0], counts[2], "{filter}");
    counts[0]
}

#[tokio::test]
async fn contacts_around_midnight_month_ends_and_utc_days_fall_on_the_beijing_day() {
    let fresh = fresh_store().await;
    // What a clock in Beijing shows, and what is expected: day, Monday of the week, month, hour.
    let contacts = [
        ("2026-03-31T23:59:59.999999+08:00", "2026-03-31 2026-03-30 2026-03-01 23"),
        ("2026-04-01T00:00:00+08:00", "2026-04-01 2026-03-30 2026-04-01 0"),
        ("2026-04-01T07:59:59+08:00", "2026-04-01 2026-03-30 2026-04-01 7"),
        ("2026-04-01T08:00:00+08:00", "2026-04-01 2026-03-30 2026-04-01 8"),
        ("2026-04-05T23:59:59+08:00", "2026-04-05 2026-03-30 2026-04-01 23"),
        ("2026-04-06T00:00:00+08:00", "2026-04-06 2026-04-06 2026-04-01 0"),
        ("2026-12-31T23:30:00+08:00", "2026-12-31 2026-12-28 2026-12-01 23"),
        ("2027-01-01T00:30:00+08:00", "2027-01-01 2026-12-28 2027-01-01 0"),
        ("2028-02-29T00:00:00+08:00", "2028-02-29 2028-02-28 2028-02-01 0"),
    ];
    for (at, _) in contacts {
        contact(&fresh.db, at).await;
    }
    for (at, expected) in contacts {
        assert_eq!(filed_under(&fresh.db, at).await, expected, "{at}");
    }
    assert_eq!(found(&fresh, "day = '2026-04-01'").await, 6);
    assert_eq!(found(&fresh, "day between '2026-03-01' and '2026-03-31'").await, 2);
    assert_eq!(found(&fresh, "month = '2026-04-01'").await, 10);
    assert_eq!(found(&fresh, "week = '2026-03-30'").await, 10);
    for (view, filter, results) in [
        ("agent_quality_daily", "day = '2026-04-01'", 6),
        ("channel_quality_weekly", "week = '2026-12-28'", 4),
        ("agent_quality_monthly", "month = '2026-04-01'", 10),
        ("channel_quality_hourly", "day = '2026-04-01' and hour = 7", 2),
        ("inspection_lag_daily", "day = '2026-03-31'", 2),
    ] {
        let sql = format!("select sum(results)::bigint from bi.{view} where {filter}");
        let counted: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&fresh.db).await.unwrap();
        assert_eq!(counted, results, "{view}");
    }
}

#[tokio::test]
async fn the_sessions_own_zone_changes_no_day() {
    let fresh = fresh_store().await;
    contact(&fresh.db, "2026-04-01T00:00:00+08:00").await;
    for zone in ["UTC", "America/New_York", "Pacific/Kiritimati"] {
        let mut session = fresh.db.acquire().await.unwrap();
        sqlx::query("select set_config('TimeZone', $1, false)")
            .bind(zone)
            .execute(&mut *session)
            .await
            .unwrap();
        let day: String = sqlx::query_scalar("select min(day)::text from bi.channel_quality_daily")
            .fetch_one(&mut *session)
            .await
            .unwrap();
        assert_eq!(day, "2026-04-01", "in {zone}");
    }
}

#[tokio::test]
async fn another_configured_zone_moves_the_days_and_what_indexes_find() {
    use ccsync::engine::port::store::Store as _;
    use ccsync::report::status::StreamDeclaration;
    let fresh = fresh_store().await;
    contact(&fresh.db, "2026-03-31T23:30:00+08:00").await;
    contact(&fresh.db, "2026-04-01T00:30:00+08:00").await;
    assert_eq!(found(&fresh, "day = '2026-03-31'").await, 2);
    let declared = |timezone: chrono_tz::Tz| {
        [StreamDeclaration {
            key: crate::data::store::support::calls(),
            schedule: "0 */10 * * * *".into(),
            start: None,
            timezone,
            window: None,
            enabled: true,
        }]
    };
    fresh.store.declare(&declared(chrono_tz::America::New_York)).await.unwrap();
    assert_eq!(found(&fresh, "day = '2026-03-31'").await, 4);
    assert_eq!(
        filed_under(&fresh.db, "2026-04-01T00:30:00+08:00").await,
        "2026-03-31 2026-03-30 2026-03-01 12"
    );
    fresh.store.declare(&declared(chrono_tz::Asia::Shanghai)).await.unwrap();
    assert_eq!(found(&fresh, "day = '2026-03-31'").await, 2);
}
