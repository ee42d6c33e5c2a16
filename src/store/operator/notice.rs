//! `sync.alert` and `sync.notice`: what stands, and who was told.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::row::text::storable;
use crate::report::alert::{AlertKind, Severity};
use crate::report::notice::{AlertChange, Change, Look, NoticeEntry, Subscription};
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;

/// Whoever has the turn keeps it by looking again in time.
const TURN: &str = r#"
insert into sync.notice_turn as t (id, worker, until)
values (1, $1, clock_timestamp() + make_interval(secs => $2))
on conflict (id) do update set worker = excluded.worker, until = excluded.until
where t.worker = excluded.worker or t.until < clock_timestamp()
returning true
"#;

const SEEN: &str = r#"
insert into sync.alert as a (kind, source, stream, severity, since, message, remedy, first_seen_at, last_seen_at)
select kind, coalesce(source, ''), coalesce(stream, ''), severity, since, message, remedy, $8, $8
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
    as k(kind, source, stream, severity, since, message, remedy)
on conflict (kind, source, stream) do update
set severity = excluded.severity, since = excluded.since, message = excluded.message, remedy = excluded.remedy,
    last_seen_at = excluded.last_seen_at
"#;

/// What stood long enough, and what has been gone long enough, becomes a notice for everyone whom it concerns.
const TOLD: &str = r#"
with raised as (
    update sync.alert set told_at = $1 where told_at is null and last_seen_at = $1 and first_seen_at <= $2
    returning *
), cleared as (
    delete from sync.alert where last_seen_at <= $2
    returning *
), noted as (
    insert into sync.alert_history (kind, source, stream, severity, message, raised_at)
    select kind, source, stream, severity, message, first_seen_at from raised
    on conflict do nothing
), ended as (
    update sync.alert_history h set cleared_at = c.last_seen_at
    from cleared c
    where c.told_at is not null and h.cleared_at is null and h.kind = c.kind and h.source = c.source
        and h.stream = c.stream
), change as (
    select 'raised' as change, * from raised
    union all
    select 'cleared', * from cleared where told_at is not null
)
insert into sync.notice (target, change, kind, source, stream, severity, since, message, remedy, created_at,
    next_try_at)
select s.target, c.change, c.kind, c.source, c.stream, c.severity, c.since, c.message, c.remedy, $1, $1
from change c join unnest($3::text[], $4::text[]) as s(target, severity)
    on s.severity = 'warning' or c.severity = s.severity
order by c.change, c.severity, c.kind, c.source, c.stream, s.target
"#;

/// Old notices are of no use to anybody.
const PRUNE: &str = r#"
with pruned as (delete from sync.alert_history where cleared_at < $1 - interval '30 days')
delete from sync.notice where created_at < $1 - interval '30 days'
"#;

const ENTRIES: &str = r#"
select id, target, change, kind, nullif(source, '') as source, nullif(stream, '') as stream, severity, since,
    message, remedy, created_at, attempts, failure, next_try_at, delivered_at
from sync.notice
"#;

impl PgStore {
    /// Notes what stands, and writes notices of what changed; both or neither. False, and nothing is done, while
    /// another daemon has the turn.
    ///
    /// # Errors
    /// Database faults.
    pub async fn look(&self, look: &Look<'_>, subscriptions: &[Subscription]) -> Result<bool, Fault> {
        answered("noting the alerts", looked(self, look, subscriptions)).await
    }

    /// Notices that are to be sent by `now`, the oldest first, at most `max`.
    ///
    /// # Errors
    /// Database faults.
    pub async fn notices_due(&self, now: DateTime<Utc>, max: u32) -> Result<Vec<NoticeEntry>, Fault> {
        let query = format!("{ENTRIES} where next_try_at <= $1 order by id limit $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(now).bind(i64::from(max));
        answered("looking for notices to send", async { entries(rows.fetch_all(&self.pool).await) }).await
    }

    /// These were taken.
    ///
    /// # Errors
    /// Database faults: they may be sent again.
    pub async fn notices_delivered(&self, ids: &[i64], now: DateTime<Utc>) -> Result<(), Fault> {
        let sql = "update sync.notice set delivered_at = $2, next_try_at = null where id = any($1)";
        let done = sqlx::query(sql).bind(ids).bind(now).execute(&self.pool);
        answered("noting that notices were sent", done).await.map(|_| ())
    }

    /// These were not taken; without `next_try_at` they are given up.
    ///
    /// # Errors
    /// Database faults.
    pub async fn notices_failed(
        &self,
        ids: &[i64],
        failure: &str,
        next_try_at: Option<DateTime<Utc>>,
    ) -> Result<(), Fault> {
        let sql = "update sync.notice set attempts = attempts + 1, failure = $2, next_try_at = $3
            where id = any($1)";
        let done = sqlx::query(sql).bind(ids).bind(storable(failure)).bind(next_try_at).execute(&self.pool);
        answered("noting why notices were not sent", done).await.map(|_| ())
    }

    /// Removes notices that are older than 30 days, and alerts that ended before.
    ///
    /// # Errors
    /// Database faults.
    pub async fn notices_prune(&self, now: DateTime<Utc>) -> Result<(), Fault> {
        let done = sqlx::query(PRUNE).bind(now).execute(&self.pool);
        answered("removing old notices", done).await.map(|_| ())
    }

    /// The latest notices, the newest first, at most `max`.
    ///
    /// # Errors
    /// Database faults.
    pub async fn notices(&self, max: u32) -> Result<Vec<NoticeEntry>, Fault> {
        let query = format!("{ENTRIES} order by id desc limit $1");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(i64::from(max));
        answered("listing notices", async { entries(rows.fetch_all(&self.pool).await) }).await
    }
}

async fn looked(store: &PgStore, look: &Look<'_>, subscriptions: &[Subscription]) -> StoreResult<bool> {
    let mut connection = store.pool.acquire().await?;
    let mut transaction = connection.begin().await?;
    let mine: Option<bool> = sqlx::query_scalar(TURN)
        .bind(look.worker)
        .bind(look.term.as_secs_f64())
        .fetch_optional(&mut *transaction)
        .await?;
    if mine.is_none() {
        transaction.rollback().await?;
        return Ok(false);
    }
    seen(&mut transaction, look).await?;
    let stands = chrono::Duration::from_std(look.stands).unwrap_or(chrono::Duration::MAX);
    let (targets, severities): (Vec<&str>, Vec<&str>) =
        subscriptions.iter().map(|one| (one.target.as_str(), one.severity.as_str())).unzip();
    sqlx::query(TOLD)
        .bind(look.now)
        .bind(look.now - stands)
        .bind(targets)
        .bind(severities)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(true)
}

async fn seen(connection: &mut PgConnection, look: &Look<'_>) -> StoreResult<()> {
    // One statement cannot write a row twice.
    let mut alerts: Vec<_> = look.alerts.iter().collect();
    alerts.sort_by(|left, right| {
        (left.kind, &left.source, left.stream).cmp(&(right.kind, &right.source, right.stream))
    });
    alerts.dedup_by(|left, right| {
        (left.kind, &left.source, left.stream) == (right.kind, &right.source, right.stream)
    });
    let each = || alerts.iter();
    sqlx::query(SEEN)
        .bind(each().map(|alert| alert.kind.as_str()).collect::<Vec<_>>())
        .bind(each().map(|alert| alert.source.clone()).collect::<Vec<_>>())
        .bind(each().map(|alert| alert.stream.map(|stream| stream.as_str())).collect::<Vec<_>>())
        .bind(each().map(|alert| alert.severity.as_str()).collect::<Vec<_>>())
        .bind(each().map(|alert| alert.since).collect::<Vec<_>>())
        .bind(each().map(|alert| storable(&alert.message)).collect::<Vec<_>>())
        .bind(each().map(|alert| storable(&alert.remedy)).collect::<Vec<_>>())
        .bind(look.now)
        .execute(connection)
        .await?;
    Ok(())
}

fn entries(rows: Result<Vec<PgRow>, sqlx::Error>) -> StoreResult<Vec<NoticeEntry>> {
    rows?.iter().filter_map(|row| entry(row).transpose()).collect()
}

/// `None` for an alert that only another version of the program knows.
fn entry(row: &PgRow) -> StoreResult<Option<NoticeEntry>> {
    let id = row.try_get("id")?;
    let (Some(kind), Some(severity)) =
        (AlertKind::from_name(row.try_get("kind")?), Severity::from_name(row.try_get("severity")?))
    else {
        return Ok(None);
    };
    let change = Change::from_name(row.try_get("change")?).ok_or_else(|| {
        Fault::new(FaultKind::DatabaseRefused, format!("notice {id} tells of no change that is known"))
    })?;
    let stream: Option<&str> = row.try_get("stream")?;
    Ok(Some(NoticeEntry {
        id,
        target: row.try_get("target")?,
        alert: AlertChange {
            change,
            kind,
            severity,
            source: row.try_get("source")?,
            stream: stream.and_then(|stream| stream.parse().ok()),
            since: row.try_get("since")?,
            message: row.try_get("message")?,
            remedy: row.try_get("remedy")?,
        },
        created_at: row.try_get("created_at")?,
        attempts: row.try_get("attempts")?,
        failure: row.try_get("failure")?,
        next_try_at: row.try_get("next_try_at")?,
        delivered_at: row.try_get("delivered_at")?,
    }))
}
