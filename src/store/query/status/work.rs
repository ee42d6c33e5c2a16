//! What waits for a person one by one, and who works.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamId;
use crate::report::alert::{AlertKind, Severity};
use crate::report::status::detail::{
    GapStatus, LISTED, LeaseStatus, PastAlert, QuarantineStatus, StatusDetail, WorkerStatus,
};
use crate::store::fault::StoreResult;
use crate::store::operator::absence_alarm::alarm;

pub(super) async fn detail_fetch(connection: &mut PgConnection) -> StoreResult<StatusDetail> {
    let listed = i64::try_from(LISTED).unwrap_or(i64::MAX);
    let quarantine = sqlx::query(
        r#"
        select id, source, stream, window_start, window_end, reason, first_seen_at, last_seen_at, seen
        from sync.quarantine
        where state = 'open'
        order by last_seen_at desc, id desc
        limit $1
        "#,
    )
    .bind(listed)
    .fetch_all(&mut *connection)
    .await?;
    let alarms = sqlx::query("select * from sync.absence_alarm where state = 'open' order by id limit $1")
        .bind(listed)
        .fetch_all(&mut *connection)
        .await?;
    let gaps = sqlx::query(
        r#"
        select g.source, g.extno, g.since, g.until, g.reason, g.lost_messages
        from workbench.feed_gap g
        where g.source in (select source from sync.stream where kind = 'feed')
        order by g.since desc
        limit $1
        "#,
    )
    .bind(listed)
    .fetch_all(&mut *connection)
    .await?;
    let history = sqlx::query("select * from sync.alert_history order by raised_at desc, id desc limit $1")
        .bind(listed)
        .fetch_all(&mut *connection)
        .await?;
    let limits = sqlx::query_as(
        r#"
        select name, greatest(0, (extract(epoch from next_at - clock_timestamp()) * 1000)::bigint)
        from sync.request_budget
        "#,
    )
    .fetch_all(&mut *connection)
    .await?;
    Ok(StatusDetail {
        quarantine: quarantine
            .iter()
            .filter_map(|row| quarantined(row).transpose())
            .collect::<Result<_, _>>()?,
        absence_alarms: alarms.iter().filter_map(|row| alarm(row).transpose()).collect::<Result<_, _>>()?,
        feed_gaps: gaps.iter().map(gap).collect::<Result<_, _>>()?,
        // Only the assembled process knows what is configured.
        open_questions: Vec::new(),
        workers: workers_fetch(connection).await?,
        alert_history: history
            .iter()
            .filter_map(|row| past_alert(row).transpose())
            .collect::<Result<_, _>>()?,
        limits,
    })
}

/// `None` for a stream that only another version of the program knows.
pub(super) fn quarantined(row: &PgRow) -> Result<Option<QuarantineStatus>, sqlx::Error> {
    let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { return Ok(None) };
    Ok(Some(QuarantineStatus {
        id: row.try_get("id")?,
        source: row.try_get("source")?,
        stream,
        window: TimeWindow::from_bounds(row.try_get("window_start")?, row.try_get("window_end")?),
        reason: row.try_get("reason")?,
        first_seen_at: row.try_get("first_seen_at")?,
        last_seen_at: row.try_get("last_seen_at")?,
        seen: row.try_get("seen")?,
    }))
}

/// `None` for an alert that only another version of the program knows.
fn past_alert(row: &PgRow) -> Result<Option<PastAlert>, sqlx::Error> {
    let (kind, severity) = (row.try_get("kind")?, row.try_get("severity")?);
    let Some((kind, severity)) = AlertKind::from_name(kind).zip(Severity::from_name(severity)) else {
        return Ok(None);
    };
    let named = |name: String| (!name.is_empty()).then_some(name);
    Ok(Some(PastAlert {
        kind,
        severity,
        source: named(row.try_get("source")?),
        stream: named(row.try_get("stream")?),
        message: row.try_get("message")?,
        raised_at: row.try_get("raised_at")?,
        cleared_at: row.try_get("cleared_at")?,
    }))
}

fn gap(row: &PgRow) -> Result<GapStatus, sqlx::Error> {
    Ok(GapStatus {
        source: row.try_get("source")?,
        extno: row.try_get("extno")?,
        since: row.try_get("since")?,
        until: row.try_get("until")?,
        reason: row.try_get("reason")?,
        lost_messages: row.try_get("lost_messages")?,
    })
}

/// Lengths of time are measured where the instants come from: a test's or a demo's clock is not the database's.
pub(super) const LEASE: &str = r#"
select name, worker,
    extract(epoch from clock_timestamp() - acquired_at)::bigint as held,
    extract(epoch from expires_at - clock_timestamp())::bigint as ends_in
from sync.lease
"#;

/// A lease that ended so long ago is nobody's; the next who wants it takes it over.
const ENDED_AGO: i64 = 3_600;

async fn workers_fetch(connection: &mut PgConnection) -> StoreResult<Vec<WorkerStatus>> {
    let mut workers: Vec<WorkerStatus> = Vec::new();
    let runs: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        r#"
        select worker, id, extract(epoch from clock_timestamp() - heartbeat_at)::bigint
        from sync.run
        where outcome = 'running'
        order by id
        "#,
    )
    .fetch_all(&mut *connection)
    .await?;
    for (worker, id, silent) in runs {
        let entry = of(&mut workers, worker);
        entry.runs.push(id);
        entry.silent_seconds = Some(entry.silent_seconds.map_or(silent, |least| least.min(silent)));
    }
    let held = sqlx::AssertSqlSafe(format!("{LEASE} order by acquired_at, name"));
    for row in &sqlx::query(held).fetch_all(connection).await? {
        let lease = lease(row)?;
        if -ENDED_AGO < lease.ends_in_seconds {
            of(&mut workers, row.try_get("worker")?).leases.push(lease);
        }
    }
    Ok(workers)
}

fn of(workers: &mut Vec<WorkerStatus>, worker: Uuid) -> &mut WorkerStatus {
    let place = workers.iter().position(|known| known.worker == worker).unwrap_or_else(|| {
        workers.push(WorkerStatus { worker, runs: Vec::new(), silent_seconds: None, leases: Vec::new() });
        workers.len() - 1
    });
    &mut workers[place]
}

pub(super) fn lease(row: &PgRow) -> Result<LeaseStatus, sqlx::Error> {
    let (source, stream, scope) = scope_of(row.try_get("name")?);
    Ok(LeaseStatus {
        source,
        stream,
        window: scope.parse().ok(),
        scope,
        held_seconds: row.try_get("held")?,
        ends_in_seconds: row.try_get("ends_in")?,
    })
}

/// A lease's name, `<source>/<stream> <scope>`, taken apart. A token's names an account, which is nobody's
/// business here.
fn scope_of(name: &str) -> (Option<String>, Option<StreamId>, String) {
    for stream in StreamId::all() {
        if let Some((source, scope)) = name.split_once(&format!("/{stream} ")) {
            return (Some(source.to_owned()), Some(stream), scope.to_owned());
        }
    }
    (None, None, if name.starts_with("token/") { "token" } else { "other" }.to_owned())
}

/// Since when, and by whom, nothing is said of a lease that has ended.
pub(super) async fn lease_fetch(
    connection: &mut PgConnection,
    name: &str,
) -> StoreResult<Option<LeaseStatus>> {
    let query = sqlx::AssertSqlSafe(format!("{LEASE} where name = $1 and clock_timestamp() < expires_at"));
    let row = sqlx::query(query).bind(name).fetch_optional(connection).await?;
    Ok(row.as_ref().map(lease).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_says_what_it_is_about_but_no_account() {
        let (source, stream, scope) = scope_of("my source/moor.queue snapshot");
        assert_eq!(
            (source.as_deref(), stream, scope.as_str()),
            (Some("my source"), Some(StreamId::MOOR_QUEUE), "snapshot")
        );
        assert_eq!(scope_of("token/sobot:app@host"), (None, None, "token".to_owned()));
    }
}
