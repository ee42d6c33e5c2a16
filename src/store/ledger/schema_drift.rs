//! `sync.schema_drift`: what a vendor sends that its documents do not say, written once.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::fault::Fault;
use crate::domain::proof::run::RunId;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::text::storable;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::drift::{DriftEntry, DriftKind, SchemaDrift, news};
use crate::engine::port::store::{Commit, Scope};
use crate::report::language::Language;
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;
use crate::store::statement::touched::not_taken;
use crate::telemetry::event;

/// The columns of a [`SchemaDrift`].
const DRIFT: &str = "kind, field, observed, expected, example";

const INSERT: &str = r#"
insert into sync.schema_drift (source, stream, kind, field, observed, expected, example, first_seen_at,
    first_run_id, window_start, window_end)
select $1, $2, kind, field, observed, expected, example, $8, $9, $10, $11
from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    as found (kind, field, observed, expected, example)
on conflict do nothing
returning kind, field, observed, expected, example
"#;

/// What of a stream departed.
pub(in crate::store) struct Found<'a> {
    pub(in crate::store) key: &'a StreamKey,
    pub(in crate::store) drifts: &'a [SchemaDrift],
    /// In which they came, where there is one.
    pub(in crate::store) window: Option<TimeWindow>,
    pub(in crate::store) run: RunId,
    pub(in crate::store) now: DateTime<Utc>,
}

impl<'a> Found<'a> {
    /// What a read found.
    pub(in crate::store) fn of(commit: &'a Commit) -> Found<'a> {
        let window = match commit.lease.scope {
            Scope::Window(window) => Some(window),
            Scope::Snapshot => None,
        };
        let key = &commit.lease.stream;
        Found { key, drifts: &commit.drifts, window, run: commit.run, now: commit.now }
    }
}

/// Records what the stream did not show before; answers what this commit was the first to record. What is
/// known already costs one reading statement, and a read that kept to the schema nothing.
pub(in crate::store) async fn drifts_insert_in_txn(
    connection: &mut PgConnection,
    found: &Found<'_>,
) -> StoreResult<Vec<SchemaDrift>> {
    if found.drifts.is_empty() {
        return Ok(Vec::new());
    }
    let (key, window) = (found.key, found.window);
    let known = known_drifts(connection, key).await?;
    let is_known = |drift: &SchemaDrift| known.iter().any(|known| known.is_same(drift));
    let kept = known.iter().filter(|known| known.kind != DriftKind::TooMany).count();
    let fresh = news(found.drifts, is_known, kept);
    if fresh.is_empty() {
        return Ok(Vec::new());
    }
    let texts = |of: fn(&SchemaDrift) -> &str| -> Vec<String> {
        fresh.iter().map(|drift| storable(of(drift))).collect()
    };
    let rows = sqlx::query(INSERT)
        .bind(&key.source)
        .bind(key.stream.as_str())
        .bind(texts(|drift| drift.kind.as_str()))
        .bind(texts(|drift| &drift.field))
        .bind(texts(|drift| &drift.observed))
        .bind(texts(|drift| &drift.expected))
        .bind(texts(|drift| &drift.example))
        .bind(found.now)
        .bind(found.run.0)
        .bind(window.map(|window| window.start))
        .bind(window.map(|window| window.end))
        .fetch_all(&mut *connection)
        .await?;
    if rows.len() < fresh.len() {
        // What another worker recorded at the same time counts too.
        let known = known_drifts(connection, key).await?;
        let kept = fresh.iter().filter(|drift| known.iter().any(|known| known.is_same(drift))).count();
        if kept < fresh.len() {
            let purpose = "recording departures from the vendor's documents";
            return Err(not_taken("sync.schema_drift", purpose, fresh.len() as u64, kept as u64));
        }
    }
    read_drifts(&rows)
}

/// Says what was recorded, once that is certain.
pub(in crate::store) fn log_drifts(key: &StreamKey, recorded: &[SchemaDrift]) {
    for drift in recorded {
        let sentence = drift.sentence(Language::En);
        event::SchemaDrifted { key, kind: drift.kind, sentence: &sentence }.emit();
    }
}

async fn known_drifts(connection: &mut PgConnection, key: &StreamKey) -> StoreResult<Vec<SchemaDrift>> {
    let query = format!("select {DRIFT} from sync.schema_drift where source = $1 and stream = $2");
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(&key.source)
        .bind(key.stream.as_str())
        .fetch_all(connection)
        .await?;
    read_drifts(&rows)
}

fn read_drifts(rows: &[PgRow]) -> StoreResult<Vec<SchemaDrift>> {
    let mut drifts = Vec::with_capacity(rows.len());
    for row in rows {
        // A kind that only another version of the program knows is that version's to tell.
        let Some(kind) = DriftKind::from_name(row.try_get("kind")?) else { continue };
        drifts.push(SchemaDrift {
            kind,
            field: row.try_get("field")?,
            observed: row.try_get("observed")?,
            expected: row.try_get("expected")?,
            example: row.try_get("example")?,
        });
    }
    Ok(drifts)
}

impl PgStore {
    /// All of them, the newest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn drifts(&self) -> Result<Vec<DriftEntry>, Fault> {
        let doing = "reading the departures from the vendors' documents";
        let read = async { drifts_fetch(&mut *self.pool.acquire().await?, None).await };
        answered(doing, read).await
    }
}

/// The departures that were first seen after `since`, or ever, the newest first.
pub(in crate::store) async fn drifts_fetch(
    connection: &mut PgConnection,
    since: Option<DateTime<Utc>>,
) -> StoreResult<Vec<DriftEntry>> {
    let query = format!(
        r#"
        select {DRIFT}, source, stream, first_seen_at, first_run_id, window_start, window_end
        from sync.schema_drift
        where $1::timestamptz is null or $1 < first_seen_at
        order by first_seen_at desc, source, stream, kind, field, observed
        "#
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(since).fetch_all(connection).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { continue };
        let Some(drift) = read_drifts(std::slice::from_ref(row))?.pop() else { continue };
        let start: Option<DateTime<Utc>> = row.try_get("window_start")?;
        let end: Option<DateTime<Utc>> = row.try_get("window_end")?;
        entries.push(DriftEntry {
            key: StreamKey { source: row.try_get("source")?, stream },
            sentence: drift.sentence(Language::En),
            remedy: drift.kind.remedy().english(),
            drift,
            first_seen_at: row.try_get("first_seen_at")?,
            first_run_id: row.try_get("first_run_id")?,
            window: TimeWindow::from_bounds(start, end),
        });
    }
    Ok(entries)
}
