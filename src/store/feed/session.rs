//! `sync.feed_session`: how far each agent's feed is stored.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};

use crate::domain::row::text::storable;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::feed::{AgentState, GapReason};
use crate::engine::feed::timeline::{Open, Stay, Timeline};
use crate::engine::port::feed_store::Failures;
use crate::store::fault::StoreResult;
use crate::store::statement::touched::expect_touched;

/// Notes which agents are configured; writes only what differs.
pub(super) async fn sessions_declare(pool: &PgPool, key: &StreamKey, agents: &[String]) -> StoreResult<()> {
    sqlx::query(
        r#"
        with gone as (
            update sync.feed_session set configured = false
            where source = $1 and configured and extno <> all($2)
        )
        insert into sync.feed_session as s (source, extno)
        select $1, extno from unnest($2::text[]) as a(extno)
        on conflict (source, extno) do update set configured = true where not s.configured
        "#,
    )
    .bind(&key.source)
    .bind(agents)
    .execute(pool)
    .await?;
    Ok(())
}

/// Writes why sockets do not open; only what differs.
pub(super) async fn failures_write(
    pool: &PgPool,
    key: &StreamKey,
    agents: &[String],
    failures: &Failures,
) -> StoreResult<()> {
    let of = |extno: &String| failures.get(extno);
    let since: Vec<_> = agents.iter().map(|extno| of(extno).map(|failure| failure.since)).collect();
    let kinds: Vec<_> = agents.iter().map(|extno| of(extno).map(|failure| failure.kind.as_str())).collect();
    let messages: Vec<_> =
        agents.iter().map(|extno| of(extno).map(|failure| storable(&failure.message))).collect();
    sqlx::query(
        r#"
        update sync.feed_session s
        set failing_since = a.since, failure_kind = a.kind, failure_message = a.message
        from unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[]) as a(extno, since, kind, message)
        where s.source = $1 and s.extno = a.extno
            and (s.failing_since, s.failure_kind, s.failure_message) is distinct from (a.since, a.kind, a.message)
        "#,
    )
    .bind(&key.source)
    .bind(agents)
    .bind(since)
    .bind(kinds)
    .bind(messages)
    .execute(pool)
    .await?;
    Ok(())
}

/// The timelines of these agents, locked. One that was never stored is empty.
pub(super) async fn timelines_in_txn(
    connection: &mut PgConnection,
    source: &str,
    agents: &BTreeSet<&str>,
) -> StoreResult<BTreeMap<String, Timeline>> {
    let names: Vec<&str> = agents.iter().copied().collect();
    let rows = sqlx::query(
        "select * from sync.feed_session where source = $1 and extno = any($2) order by extno for update",
    )
    .bind(source)
    .bind(names)
    .fetch_all(connection)
    .await?;
    let mut timelines: BTreeMap<String, Timeline> =
        agents.iter().map(|extno| ((*extno).to_owned(), Timeline::default())).collect();
    for row in &rows {
        timelines.insert(row.try_get("extno")?, timeline(row)?);
    }
    Ok(timelines)
}

fn timeline(row: &PgRow) -> Result<Timeline, sqlx::Error> {
    let stay_status: Option<i32> = row.try_get("stay_status")?;
    let gap_reason: Option<String> = row.try_get("gap_reason")?;
    let stay_since = row.try_get::<Option<_>, _>("stay_since")?;
    let gap_since = row.try_get::<Option<_>, _>("gap_since")?;
    let open = match (stay_since, gap_since) {
        (Some(since), _) => Some(Open::Stay(Stay {
            since,
            state: stay_status.and_then(AgentState::from_number),
            is_reported: row.try_get("stay_told")?,
            confirmed_at: row.try_get("confirmed_at")?,
        })),
        (None, Some(since)) => {
            let reason = gap_reason.as_deref().and_then(GapReason::from_name);
            Some(Open::Gap { since, reason: reason.unwrap_or(GapReason::Takeover) })
        }
        (None, None) => None,
    };
    let count =
        |name: &str| row.try_get::<i64, _>(name).map(|count| u64::try_from(count).unwrap_or_default());
    Ok(Timeline {
        connection: row.try_get("connection_id")?,
        opened_at: row.try_get("opened_at")?,
        order: (row.try_get("fence")?, count("turn")?),
        number: count("message_no")?,
        seen_to: row.try_get("seen_to")?,
        last_message_at: row.try_get("last_message_at")?,
        open,
        database_wait: None,
    })
}

/// Writes timelines back.
pub(super) async fn timelines_save_in_txn(
    connection: &mut PgConnection,
    source: &str,
    timelines: &BTreeMap<String, Timeline>,
) -> StoreResult<()> {
    let rows: Vec<Json> = timelines.iter().map(|(extno, timeline)| record(extno, timeline)).collect();
    let saved = sqlx::query(
        r#"
        insert into sync.feed_session as s (source, extno, connection_id, opened_at, fence, turn, message_no,
            seen_to, last_message_at, stay_since, stay_status, stay_told, confirmed_at, gap_since, gap_reason)
        select $1, r.*
        from jsonb_to_recordset($2) as r(extno text, connection_id uuid, opened_at timestamptz,
            fence bigint, turn bigint, message_no bigint, seen_to timestamptz, last_message_at timestamptz, stay_since timestamptz,
            stay_status integer, stay_told boolean, confirmed_at timestamptz, gap_since timestamptz,
            gap_reason text)
        on conflict (source, extno) do update
        set connection_id = excluded.connection_id, opened_at = excluded.opened_at,
            fence = excluded.fence, turn = excluded.turn, message_no = excluded.message_no, seen_to = excluded.seen_to,
            last_message_at = excluded.last_message_at, stay_since = excluded.stay_since,
            stay_status = excluded.stay_status, stay_told = excluded.stay_told,
            confirmed_at = excluded.confirmed_at, gap_since = excluded.gap_since,
            gap_reason = excluded.gap_reason
        "#,
    )
    .bind(source)
    .bind(Json::Array(rows))
    .execute(connection)
    .await?;
    expect_touched("sync.feed_session", "moving the cursors", timelines.len(), saved.rows_affected())
}

fn record(extno: &str, timeline: &Timeline) -> Json {
    let (stay, gap) = match &timeline.open {
        Some(Open::Stay(stay)) => (Some(stay), None),
        Some(Open::Gap { since, reason }) => (None, Some((*since, reason.as_str()))),
        None => (None, None),
    };
    json!({
        "extno": extno,
        "connection_id": timeline.connection,
        "opened_at": timeline.opened_at,
        "fence": timeline.order.0,
        "turn": timeline.order.1,
        "message_no": timeline.number,
        "seen_to": timeline.seen_to,
        "last_message_at": timeline.last_message_at,
        "stay_since": stay.map(|stay| stay.since),
        "stay_status": stay.and_then(|stay| stay.state).map(AgentState::number),
        "stay_told": stay.is_some_and(|stay| stay.is_reported),
        "confirmed_at": stay.and_then(|stay| stay.confirmed_at),
        "gap_since": gap.map(|gap| gap.0),
        "gap_reason": gap.map(|gap| gap.1),
    })
}
