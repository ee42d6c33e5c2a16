//! `workbench.agent_status`, `workbench.feed_gap` and `workbench.announcement`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::proof::run::Counts;
use crate::domain::row::record::without_nul;
use crate::domain::vendor::feed::{AgentState, FeedEvent, FeedEventKind, FeedMessage, GapReason};
use crate::engine::feed::timeline::{Change, Report};
use crate::engine::port::feed_store::FeedCommit;
use crate::store::fault::StoreResult;
use crate::store::statement::touched::{expect_touched, not_taken};

/// A stay: new, or what changes of one that is stored.
#[derive(Default, Serialize)]
struct StayRow {
    extno: String,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    closed_by: Option<&'static str>,
    is_reported: bool,
    status: Option<i32>,
    status_name: Option<&'static str>,
    reported_since: Option<DateTime<Utc>>,
    reported_at: Option<DateTime<Utc>>,
    extra: Map<String, Json>,
    /// Of a new one.
    connection_id: Option<Uuid>,
    message_no: u64,
}

/// A gap: new, or the end of one that is stored.
#[derive(Default, Serialize)]
struct GapRow {
    extno: String,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    /// Of a new one.
    reason: Option<&'static str>,
    lost_messages: Option<u64>,
}

/// Stays and gaps that change, by agent and beginning.
#[derive(Default)]
pub(super) struct Intervals {
    stays: BTreeMap<(String, DateTime<Utc>), StayRow>,
    gaps: BTreeMap<(String, DateTime<Utc>), GapRow>,
}

impl StayRow {
    fn report(&mut self, report: Report) {
        self.is_reported = true;
        self.status = report.state.map(AgentState::number);
        self.status_name = Some(report.state.map_or("unknown", AgentState::as_str));
        self.reported_since = report.reported_since;
        self.reported_at = report.reported_at;
        self.extra = report.extra;
    }
}

impl Intervals {
    /// Takes up the changes of one agent, in their order.
    pub(super) fn add(&mut self, extno: &str, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::StayOpened { since, report, origin } => {
                    let row = self.stay(extno, since);
                    row.report(report);
                    (row.connection_id, row.message_no) = (Some(origin.0), origin.1);
                }
                Change::StayReported { since, report } => self.stay(extno, since).report(report),
                Change::StayClosed { since, until, by } => {
                    let row = self.stay(extno, since);
                    (row.until, row.closed_by) = (Some(until), Some(by));
                }
                Change::GapOpened { since, reason, lost } => {
                    let row = self.gap(extno, since);
                    (row.reason, row.lost_messages) = (Some(GapReason::as_str(reason)), lost);
                }
                Change::GapClosed { since, until } => self.gap(extno, since).until = Some(until),
            }
        }
    }

    fn stay(&mut self, extno: &str, since: DateTime<Utc>) -> &mut StayRow {
        let row = self.stays.entry((extno.to_owned(), since)).or_default();
        (row.extno, row.since) = (extno.to_owned(), Some(since));
        row
    }

    fn gap(&mut self, extno: &str, since: DateTime<Utc>) -> &mut GapRow {
        let row = self.gaps.entry((extno.to_owned(), since)).or_default();
        (row.extno, row.since) = (extno.to_owned(), Some(since));
        row
    }
}

/// A JSON array of rows, as the statements take it.
fn rows<'a, R: Serialize + 'a>(rows: impl Iterator<Item = &'a R>) -> Sent {
    let rows: Vec<Json> = rows.filter_map(|row| serde_json::to_value(row).ok()).collect();
    Sent { count: rows.len(), rows: without_nul(Json::Array(rows)) }
}

/// Rows for one statement.
struct Sent {
    count: usize,
    rows: Json,
}

/// A statement that writes new rows, or changes stored ones.
struct Writing {
    table: &'static str,
    purpose: &'static str,
    sql: &'static str,
    /// Counts the rows that a change was meant for; `None` for new rows, all of which must be taken.
    stored: Option<&'static str>,
}

async fn write(
    connection: &mut PgConnection,
    commit: &FeedCommit,
    writing: Writing,
    sent: Sent,
) -> StoreResult<u64> {
    let Writing { table, purpose, sql, stored } = writing;
    if sent.count == 0 {
        return Ok(0);
    }
    let done = sqlx::query(sql)
        .bind(&commit.key.source)
        .bind(commit.now)
        .bind(commit.run.0)
        .bind(&sent.rows)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let Some(stored) = stored.filter(|_| done < sent.count as u64) else {
        expect_touched(table, purpose, sent.count, done)?;
        return Ok(done);
    };
    // Rows that expired meanwhile cannot be changed any more.
    let stored: i64 =
        sqlx::query_scalar(stored).bind(&commit.key.source).bind(&sent.rows).fetch_one(connection).await?;
    match stored.unsigned_abs() {
        stored if stored == done => Ok(done),
        stored => Err(not_taken(table, purpose, stored, done)),
    }
}

/// Counts stored stays of those sent: $1 source, $2 the rows.
const STAYS_STORED: &str = "select count(*) from workbench.agent_status s \
    join jsonb_to_recordset($2) as r(extno text, since timestamptz) on s.extno = r.extno and s.since = r.since \
    where s.source = $1";

/// The same of gaps.
const GAPS_STORED: &str = "select count(*) from workbench.feed_gap g \
    join jsonb_to_recordset($2) as r(extno text, since timestamptz) on g.extno = r.extno and g.since = r.since \
    where g.source = $1";

/// New stays, and what changed of others.
pub(super) async fn stays_write_in_txn(
    connection: &mut PgConnection,
    commit: &FeedCommit,
    intervals: &Intervals,
) -> StoreResult<Counts> {
    let changed = rows(intervals.stays.values().filter(|row| row.connection_id.is_none()));
    let new = rows(intervals.stays.values().filter(|row| row.connection_id.is_some()));
    let updated = r#"
        update workbench.agent_status s
        set until = coalesce(r.until, s.until), closed_by = coalesce(r.closed_by, s.closed_by),
            status = case when r.is_reported then r.status else s.status end,
            status_name = case when r.is_reported then r.status_name else s.status_name end,
            reported_since = case when r.is_reported then r.reported_since else s.reported_since end,
            reported_at = case when r.is_reported then r.reported_at else s.reported_at end,
            extra = case when r.is_reported then r.extra else s.extra end,
            revision = s.revision + 1, changed_at = $2, run_id = $3
        from jsonb_to_recordset($4) as r(extno text, since timestamptz, until timestamptz, closed_by text,
            is_reported boolean, status integer, status_name text, reported_since timestamptz,
            reported_at timestamptz, extra jsonb)
        where s.source = $1 and s.extno = r.extno and s.since = r.since
        "#;
    let inserted = r#"
        insert into workbench.agent_status (source, extno, since, until, status, status_name, closed_by,
            reported_since, reported_at, connection_id, message_no, revision, first_seen_at, changed_at, extra,
            run_id)
        select $1, r.extno, r.since, r.until, r.status, r.status_name, r.closed_by, r.reported_since,
            r.reported_at, r.connection_id, r.message_no, 1, $2, $2, r.extra, $3
        from jsonb_to_recordset($4) as r(extno text, since timestamptz, until timestamptz, closed_by text,
            status integer, status_name text, reported_since timestamptz, reported_at timestamptz,
            connection_id uuid, message_no bigint, extra jsonb)
        order by r.extno, r.since
        "#;
    let table = "workbench.agent_status";
    let update = Writing { table, purpose: "changing stays", sql: updated, stored: Some(STAYS_STORED) };
    let insert = Writing { table, purpose: "storing new stays", sql: inserted, stored: None };
    Ok(Counts {
        updated: write(connection, commit, update, changed).await?,
        inserted: write(connection, commit, insert, new).await?,
        ..Counts::default()
    })
}

/// New gaps, and the ends of others.
pub(super) async fn gaps_write_in_txn(
    connection: &mut PgConnection,
    commit: &FeedCommit,
    intervals: &Intervals,
) -> StoreResult<Counts> {
    let changed = rows(intervals.gaps.values().filter(|row| row.reason.is_none()));
    let new = rows(intervals.gaps.values().filter(|row| row.reason.is_some()));
    let updated = r#"
        update workbench.feed_gap g
        set until = r.until, changed_at = $2, run_id = $3
        from jsonb_to_recordset($4) as r(extno text, since timestamptz, until timestamptz)
        where g.source = $1 and g.extno = r.extno and g.since = r.since
        "#;
    let inserted = r#"
        insert into workbench.feed_gap (source, extno, since, until, reason, lost_messages, first_seen_at,
            changed_at, run_id)
        select $1, r.extno, r.since, r.until, r.reason, r.lost_messages, $2, $2, $3
        from jsonb_to_recordset($4) as r(extno text, since timestamptz, until timestamptz, reason text,
            lost_messages bigint)
        order by r.extno, r.since
        "#;
    let table = "workbench.feed_gap";
    let update = Writing { table, purpose: "ending gaps", sql: updated, stored: Some(GAPS_STORED) };
    let insert = Writing { table, purpose: "storing new gaps", sql: inserted, stored: None };
    Ok(Counts {
        updated: write(connection, commit, update, changed).await?,
        inserted: write(connection, commit, insert, new).await?,
        ..Counts::default()
    })
}

/// Announcements. Each is new: the cursor has seen to that.
pub(super) async fn announcements_insert_in_txn(
    connection: &mut PgConnection,
    commit: &FeedCommit,
    events: &[&FeedEvent],
) -> StoreResult<u64> {
    let record = |event: &&FeedEvent| {
        let FeedEventKind::Message(message) = &event.kind else { return None };
        let FeedMessage::Announcement(announcement) = message.content().0 else { return None };
        Some(json!({
            "extno": event.extno,
            "connection_id": event.connection,
            "message_no": event.number,
            "received_at": event.at,
            "msg": announcement.msg,
            "extra": announcement.extra,
        }))
    };
    let records: Vec<Json> = events.iter().filter_map(record).collect();
    let sql = r#"
        insert into workbench.announcement (source, extno, connection_id, message_no, received_at, msg,
            revision, first_seen_at, changed_at, extra, run_id)
        select $1, r.extno, r.connection_id, r.message_no, r.received_at, r.msg, 1, $2, $2, r.extra, $3
        from jsonb_to_recordset($4) as r(extno text, connection_id uuid, message_no bigint,
            received_at timestamptz, msg text, extra jsonb)
        "#;
    let table = "workbench.announcement";
    let insert = Writing { table, purpose: "storing announcements", sql, stored: None };
    write(connection, commit, insert, rows(records.iter())).await
}
