//! One window or snapshot, with all its reads.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{Executor as _, PgConnection, Row as _};

use crate::domain::proof::absence::AbsenceAlarm;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamKey, StreamKind};
use crate::engine::port::store::Scope;
use crate::report::status::detail::{LISTED, QuarantineStatus};
use crate::report::status::window::{CertificateStatus, WindowReport};
use crate::store::fault::StoreResult;
use crate::store::ledger::lease::lease_name;
use crate::store::operator::absence_alarm::alarm;
use crate::store::pool::PgStore;
use crate::store::query::status::calendar::window_state;
use crate::store::query::status::stream_failure;
use crate::store::query::status::work::{lease_fetch, quarantined};

/// Reads shown; of each window as many are kept.
const CERTIFICATES: i64 = 50;

const WINDOW: &str = r#"
select *, sync.is_final(state, verdict, read_at, final_at) as final, failed_attempts::bigint as attempts,
    1::bigint as failed_scopes, coalesce(failing_since, failed_at) as since
from sync.time_window
where source = $1 and stream = $2 and window_start = $3
"#;

const SNAPSHOT: &str = r#"
select *, null::timestamptz as window_start, null::timestamptz as window_end, null::timestamptz as final_at,
    true as final, failed_attempts::bigint as attempts, 1::bigint as failed_scopes,
    coalesce(failing_since, failed_at) as since
from sync.snapshot
where source = $1 and stream = $2 and $3::timestamptz is null
"#;

impl PgStore {
    pub(super) async fn window_read(
        &self,
        key: &StreamKey,
        start: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> StoreResult<Option<WindowReport>> {
        let mut transaction = self.pool.begin().await?;
        transaction
            .execute(sqlx::raw_sql("set transaction isolation level repeatable read, read only"))
            .await?;
        let entry = match (key.stream.kind(), start) {
            (StreamKind::Windowed, Some(_)) => WINDOW,
            (StreamKind::Snapshot, None) => SNAPSHOT,
            _ => return Ok(None),
        };
        let row = sqlx::query(entry)
            .bind(&key.source)
            .bind(key.stream.as_str())
            .bind(start)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let window = TimeWindow::from_bounds(row.try_get("window_start")?, row.try_get("window_end")?);
        let name = lease_name(key, window.map_or(Scope::Snapshot, Scope::Window));
        let place = Place { key, window };
        let (previous, next) = place.neighbours(&mut transaction).await?;
        let report = WindowReport {
            generated_at: now,
            key: key.clone(),
            window,
            state: window_state(&row)?,
            reads: row.try_get("reads")?,
            rows: row.try_get("rows")?,
            vendor_total: row.try_get("vendor_total")?,
            first_read_at: row.try_get("first_read_at")?,
            read_at: row.try_get("read_at")?,
            complete_to: row.try_get("complete_to")?,
            final_at: row.try_get("final_at")?,
            failure: stream_failure(&row)?,
            certificates: place.certificates(&mut transaction).await?,
            absent_rows: place.absent_rows(&mut transaction).await?,
            absence_alarms: place.alarms(&mut transaction).await?,
            quarantine: place.quarantine(&mut transaction).await?,
            lease: lease_fetch(&mut transaction, &name).await?,
            pages_kept: sqlx::query_scalar("select count(*) from sync.walk_page where lease_name = $1")
                .bind(&name)
                .fetch_one(&mut *transaction)
                .await?,
            previous,
            next,
        };
        transaction.rollback().await?;
        Ok(Some(report))
    }
}

/// A window or snapshot that the ledger has.
struct Place<'a> {
    key: &'a StreamKey,
    window: Option<TimeWindow>,
}

impl Place<'_> {
    /// $1 source, $2 stream, $3 and $4 the window's bounds, $5 how many.
    async fn fetch(
        &self,
        connection: &mut PgConnection,
        query: &'static str,
        limit: i64,
    ) -> StoreResult<Vec<PgRow>> {
        let rows = sqlx::query(query)
            .bind(&self.key.source)
            .bind(self.key.stream.as_str())
            .bind(self.window.map(|window| window.start))
            .bind(self.window.map(|window| window.end))
            .bind(limit)
            // Planned with these values, each comparison is a range of the index.
            .persistent(false)
            .fetch_all(connection)
            .await?;
        Ok(rows)
    }

    async fn certificates(&self, connection: &mut PgConnection) -> StoreResult<Vec<CertificateStatus>> {
        // A window that had another length begins where this one does; its reads are part of the story.
        let rows = self.fetch(
            connection,
            r#"
            select * from sync.certificate
            where source = $1 and stream = $2
                and (window_start = $3 or $3::timestamptz is null and window_start is null)
                and ($4::timestamptz is null or window_end is not null)
            order by committed_at desc, id desc
            limit $5
            "#,
            CERTIFICATES,
        );
        Ok(rows.await?.iter().map(certificate).collect::<Result<_, _>>()?)
    }

    /// Starts of the windows before and behind.
    async fn neighbours(
        &self,
        connection: &mut PgConnection,
    ) -> StoreResult<(Option<DateTime<Utc>>, Option<DateTime<Utc>>)> {
        let neighbours = sqlx::query_as(
            r#"
            select max(window_start) filter (where window_start < $3), min(window_start) filter (where $3 < window_start)
            from sync.time_window
            where source = $1 and stream = $2
            "#,
        );
        let start = self.window.map(|window| window.start);
        Ok(neighbours
            .bind(&self.key.source)
            .bind(self.key.stream.as_str())
            .bind(start)
            .fetch_one(connection)
            .await?)
    }

    async fn absent_rows(&self, connection: &mut PgConnection) -> StoreResult<i64> {
        let tables: Vec<&str> = self.key.stream.tables().iter().map(|table| table.name).collect();
        let absent = sqlx::query_scalar(
            r#"
            select count(*) from sync.absence
            where source = $1 and table_name = any($2) and window_start is not distinct from $3
                and window_end is not distinct from $4
            "#,
        );
        let absent = absent
            .bind(&self.key.source)
            .bind(tables)
            .bind(self.window.map(|window| window.start))
            .bind(self.window.map(|window| window.end));
        Ok(absent.fetch_one(connection).await?)
    }

    async fn alarms(&self, connection: &mut PgConnection) -> StoreResult<Vec<AbsenceAlarm>> {
        let rows = self.fetch(
            connection,
            r#"
            select * from sync.absence_alarm
            where source = $1 and stream = $2 and window_start is not distinct from $3
                and window_end is not distinct from $4 and state = 'open'
            order by id
            limit $5
            "#,
            LISTED as i64,
        );
        Ok(rows.await?.iter().filter_map(|row| alarm(row).transpose()).collect::<Result<_, _>>()?)
    }

    async fn quarantine(&self, connection: &mut PgConnection) -> StoreResult<Vec<QuarantineStatus>> {
        let rows = self.fetch(
            connection,
            r#"
            select id, source, stream, window_start, window_end, reason, first_seen_at, last_seen_at, seen
            from sync.quarantine
            where source = $1 and stream = $2 and window_start is not distinct from $3
                and ($4::timestamptz is null or window_end is not null) and state = 'open'
            order by id desc
            limit $5
            "#,
            LISTED as i64,
        );
        Ok(rows.await?.iter().filter_map(|row| quarantined(row).transpose()).collect::<Result<_, _>>()?)
    }
}

fn certificate(row: &PgRow) -> Result<CertificateStatus, sqlx::Error> {
    Ok(CertificateStatus {
        read_no: row.try_get("read_no")?,
        read_at: row.try_get("read_at")?,
        committed_at: row.try_get("committed_at")?,
        run_id: row.try_get("run_id")?,
        verdict: row.try_get("verdict")?,
        vendor_total: row.try_get("vendor_total")?,
        rows: row.try_get("rows")?,
        pages: row.try_get("pages")?,
        requests: row.try_get("requests")?,
        inserted: row.try_get("inserted")?,
        updated: row.try_get("updated")?,
        unchanged: row.try_get("unchanged")?,
        deleted: row.try_get("deleted")?,
        quarantined: row.try_get("quarantined")?,
    })
}
