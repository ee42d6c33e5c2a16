//! The read side, in one consistent snapshot. What is said of completeness comes from `bi.freshness`, so
//! that SQL, page and command agree.

mod calendar;
mod chart;
mod part;
mod window;
mod work;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use crate::domain::fault::Fault;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamId, StreamKey};
use crate::engine::port::status::StatusRead;
use crate::report::alert::{StreamWatch, UNHEARD_MAX};
use crate::report::status::detail::{StatusDetail, StreamDetail};
use crate::report::status::part::{MissingPart, StatusPart};
use crate::report::status::window::WindowReport;
use crate::report::status::{FeedStatus, RunStatus, StatusReport, StreamFailure, StreamStatus, WindowTally};
use crate::store::account::source::stored_fetch;
use crate::store::answered::answered;
use crate::store::fault::{StoreResult, standby};
use crate::store::feed::status::feeds_fetch;
use crate::store::ledger::run::counts_of;
use crate::store::ledger::schema_drift::drifts_fetch;
use crate::store::pool::{PgStore, is_standby};
use crate::store::query::alert::watches_fetch;
use crate::store::query::status::calendar::{coverage_add, windows_add};
use crate::store::query::status::chart::{days_add, lags_add};
use crate::store::query::status::part::{part_begin, part_end};
use crate::store::query::status::work::detail_fetch;

/// Each configured stream: `bi.freshness`, and what only the ledger knows.
const STREAMS: &str = r#"
with reads as not materialized (
    select source, stream, failed_start as window_start, failed_end as window_end, proven, stable, failing, failing_since,
        failed_attempts, failed_at, failure_kind, failure_message
    from sync.counted_window
    union all
    select source, stream, null, null, (verdict = 'proven')::integer, (verdict = 'stable')::integer,
        (failed_at is not null)::integer, coalesce(failing_since, failed_at), failed_attempts, failed_at, failure_kind,
        failure_message
    from sync.snapshot
), tally as (
    select source, stream, sum(proven)::bigint as proven, sum(stable)::bigint as stable
    from reads
    group by source, stream
), failure as (
    select distinct on (source, stream) *, (sum(failing) over mine)::bigint as failed_scopes,
        min(failing_since) over mine as since, (sum(failed_attempts) over mine)::bigint as attempts
    from reads
    where failed_at is not null
    window mine as (partition by source, stream)
    order by source, stream, failed_at desc, window_start desc
), alarm as (
    select source, stream, count(*) as absence_alarms
    from sync.absence_alarm
    where state = 'open'
    group by source, stream
)
select f.source, f.stream, f.complete_from, f.complete_to, f.rows, f.last_read_at, f.windows_complete,
    f.windows_open, f.windows_failed, f.failing, s.schedule,
    coalesce(t.proven, 0) as proven, coalesce(t.stable, 0) as stable,
    f.windows_unverified as unverified, f.windows_provisional as provisional, f.windows_final as finals,
    f.windows_moving as moving, f.final_to, extract(epoch from f.reach)::bigint as reach_seconds,
    f.changed_after_final, f.paused,
    f.quarantined, coalesce(a.absence_alarms, 0) as absence_alarms,
    x.window_start, x.window_end, x.failed_at, x.failure_kind, x.failure_message,
    x.attempts, x.failed_scopes, x.since
from bi.freshness f
join sync.stream s on s.source = f.source and s.stream = f.stream and s.kind <> 'feed'
left join tally t on t.source = f.source and t.stream = f.stream
left join failure x on x.source = f.source and x.stream = f.stream
left join alarm a on a.source = f.source and a.stream = f.stream
"#;

/// To compile a query of so many parts, or to call helpers to it, takes longer than to run it.
const SETTINGS: &str = "set transaction isolation level repeatable read, read only; set local jit = off; \
    set local max_parallel_workers_per_gather = 0";

/// So long a departure from the documents is news.
const DRIFT_AGE: Duration = Duration::days(7);

#[async_trait]
impl StatusRead for PgStore {
    async fn status(&self, now: DateTime<Utc>) -> Result<StatusReport, Fault> {
        answered("reading the status", self.status_read(now)).await
    }

    async fn window(
        &self,
        key: &StreamKey,
        start: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Option<WindowReport>, Fault> {
        let doing = || format!("reading what is known of a window of {key}");
        answered(&doing(), self.window_read(key, start, now)).await
    }

    async fn ready(&self) -> Result<(), Fault> {
        self.ping().await?;
        self.schema_ready().await
    }
}

impl PgStore {
    /// Whether the database answers, and takes writes.
    ///
    /// # Errors
    /// Database faults; `DatabaseUnreachable` of a standby, which a failover leaves behind.
    pub async fn ping(&self) -> Result<(), Fault> {
        let doing = "asking the database for a sign of life";
        let asked = async { is_standby(&mut *self.acquire_soon().await?).await };
        match answered(doing, asked).await? {
            false => Ok(()),
            true => Err(standby(&format!("{doing}: {}", self.place()))),
        }
    }

    async fn status_read(&self, now: DateTime<Utc>) -> StoreResult<StatusReport> {
        let mut connection = self.acquire_soon().await?;
        let mut transaction = connection.begin().await?;
        transaction.execute(sqlx::raw_sql(SETTINGS)).await?;
        let mut streams = streams_fetch(&mut transaction).await?;
        watches_add(&mut transaction, &mut streams, now).await?;
        let feeds = feeds_fetch(&mut transaction, now).await?;
        let runs = runs_fetch(&mut transaction).await?;
        let unconfigured = stored_fetch(&mut transaction).await?;
        let quarantine_open: i64 =
            sqlx::query_scalar("select count(*) from sync.quarantine where state = 'open'")
                .fetch_one(&mut *transaction)
                .await?;
        let absence_alarms_open: i64 =
            sqlx::query_scalar("select count(*) from sync.absence_alarm where state = 'open'")
                .fetch_one(&mut *transaction)
                .await?;
        // Last: what they are too slow for is not what alerts rest on.
        let mut missing = Vec::new();
        let detail = parts_fetch(&mut transaction, &mut streams, now, &mut missing).await?;
        transaction.rollback().await?;
        let patient_until = now - UNHEARD_MAX;
        let is_heard = |feed: &FeedStatus| {
            feed.agents.iter().all(|agent| agent.seen_to.is_some_and(|seen_to| patient_until < seen_to))
        };
        Ok(StatusReport {
            generated_at: now,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            healthy: absence_alarms_open == 0
                && streams.iter().all(StreamStatus::is_well)
                && feeds.iter().all(is_heard),
            alerts: Vec::new(),
            streams,
            feeds,
            unconfigured,
            runs,
            quarantine_open,
            absence_alarms_open,
            detail,
            missing,
        })
    }
}

/// Adds what alerts look at.
async fn watches_add(
    connection: &mut PgConnection,
    streams: &mut [StreamStatus],
    now: DateTime<Utc>,
) -> StoreResult<()> {
    for entry in drifts_fetch(connection, Some(now - DRIFT_AGE)).await? {
        if let Some(stream) = stream_of(streams, &entry.key.source, entry.key.stream) {
            stream.drifts.push(entry);
        }
    }
    for (key, watch) in watches_fetch(connection, now).await? {
        if let Some(stream) = stream_of(streams, &key.source, key.stream) {
            stream.watch = watch;
        }
    }
    coverage_add(connection, streams, now).await
}

/// Adds what is shown beside, as far as the database is quick enough.
async fn parts_fetch(
    connection: &mut PgConnection,
    streams: &mut [StreamStatus],
    now: DateTime<Utc>,
    missing: &mut Vec<MissingPart>,
) -> StoreResult<StatusDetail> {
    let mut part = part_begin(connection, StatusPart::Windows).await?;
    let read = windows_add(&mut part, streams).await;
    part_end(part, StatusPart::Windows, read, missing).await?;
    let mut part = part_begin(connection, StatusPart::Days).await?;
    let read = days_add(&mut part, streams, now).await;
    part_end(part, StatusPart::Days, read, missing).await?;
    let mut part = part_begin(connection, StatusPart::Lag).await?;
    let read = lags_add(&mut part, streams, now).await;
    part_end(part, StatusPart::Lag, read, missing).await?;
    let mut part = part_begin(connection, StatusPart::Waiting).await?;
    let read = detail_fetch(&mut part).await;
    Ok(part_end(part, StatusPart::Waiting, read, missing).await?.unwrap_or_default())
}

/// `streams` are in the order of [`streams_fetch`].
fn stream_of<'a>(
    streams: &'a mut [StreamStatus],
    source: &str,
    id: StreamId,
) -> Option<&'a mut StreamStatus> {
    let place = streams.binary_search_by(|stream| (stream.source.as_str(), stream.stream).cmp(&(source, id)));
    place.ok().and_then(|place| streams.get_mut(place))
}

/// The stream that a row names, if this version knows it.
fn named<'a>(
    streams: &'a mut [StreamStatus],
    row: &PgRow,
) -> Result<Option<&'a mut StreamStatus>, sqlx::Error> {
    let (source, name): (&str, &str) = (row.try_get("source")?, row.try_get("stream")?);
    let id: Option<StreamId> = name.parse().ok();
    Ok(id.and_then(|id| stream_of(streams, source, id)))
}

async fn streams_fetch(connection: &mut PgConnection) -> StoreResult<Vec<StreamStatus>> {
    let rows = sqlx::query(STREAMS).fetch_all(connection).await?;
    let mut streams = Vec::with_capacity(rows.len());
    for row in &rows {
        // A stream that only another version of the program knows is that version's to report.
        if let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() {
            streams.push(stream_status(row, stream)?);
        }
    }
    // People are shown streams by source, and within it in the catalogue's order.
    streams.sort_by(|left: &StreamStatus, right| {
        (&left.source, left.stream).cmp(&(&right.source, right.stream))
    });
    Ok(streams)
}

fn stream_status(row: &PgRow, stream: StreamId) -> Result<StreamStatus, sqlx::Error> {
    Ok(StreamStatus {
        source: row.try_get("source")?,
        stream,
        kind: stream.kind(),
        complete_from: row.try_get("complete_from")?,
        complete_to: row.try_get("complete_to")?,
        final_to: row.try_get("final_to")?,
        reach_seconds: row.try_get("reach_seconds")?,
        changed_after_final: row.try_get("changed_after_final")?,
        paused: row.try_get("paused")?,
        rows: row.try_get("rows")?,
        windows: WindowTally {
            complete: row.try_get("windows_complete")?,
            open: row.try_get("windows_open")?,
            failed: row.try_get("windows_failed")?,
            proven: row.try_get("proven")?,
            stable: row.try_get("stable")?,
            unverified: row.try_get("unverified")?,
            provisional: row.try_get("provisional")?,
            finals: row.try_get("finals")?,
            moving: row.try_get("moving")?,
        },
        last_read_at: row.try_get("last_read_at")?,
        quarantined: row.try_get("quarantined")?,
        absence_alarms: row.try_get("absence_alarms")?,
        drifts: Vec::new(),
        failure: stream_failure(row)?,
        schedule: row.try_get("schedule")?,
        next_tick: None,
        watch: StreamWatch::default(),
        detail: StreamDetail::default(),
    })
}

fn stream_failure(row: &PgRow) -> Result<Option<StreamFailure>, sqlx::Error> {
    let Some(at) = row.try_get::<Option<DateTime<Utc>>, _>("failed_at")? else { return Ok(None) };
    let start: Option<DateTime<Utc>> = row.try_get("window_start")?;
    let end: Option<DateTime<Utc>> = row.try_get("window_end")?;
    let window = TimeWindow::from_bounds(start, end);
    Ok(Some(StreamFailure {
        scope: window.map(|window| window.to_string()).unwrap_or_default(),
        window,
        at,
        kind: row.try_get::<Option<String>, _>("failure_kind")?.unwrap_or_default(),
        message: row.try_get::<Option<String>, _>("failure_message")?.unwrap_or_default(),
        // What to do about a kind of fault is the engine's to say.
        remedy: String::new(),
        attempts: row.try_get("attempts")?,
        since: row.try_get("since")?,
        scopes: row.try_get("failed_scopes")?,
    }))
}

async fn runs_fetch(connection: &mut PgConnection) -> StoreResult<Vec<RunStatus>> {
    let rows = sqlx::query(
        r#"
        select *
        from sync.run
        where id in (
            select id from sync.run where outcome = 'running'
            union all
            (select id from sync.run order by id desc limit 20)
        )
        order by id desc
        "#,
    )
    .fetch_all(connection)
    .await?;
    let mut runs = Vec::with_capacity(rows.len());
    for row in &rows {
        let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { continue };
        runs.push(RunStatus {
            id: row.try_get("id")?,
            source: row.try_get("source")?,
            stream,
            trigger: row.try_get("trigger")?,
            started_at: row.try_get("started_at")?,
            finished_at: row.try_get("finished_at")?,
            outcome: row.try_get("outcome")?,
            counts: counts_of(row)?,
            windows_due: row.try_get("windows_due")?,
            message: row.try_get("message")?,
        });
    }
    Ok(runs)
}
