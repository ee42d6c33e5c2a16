//! Where a row came from: its versions, the runs and certificates behind them, and what its owning window says of it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json};
use sqlx::postgres::PgRow;
use sqlx::types::Json as Column;
use sqlx::{AssertSqlSafe, FromRow, Row as _};

use crate::domain::fault::Fault;
use crate::domain::proof::explain::{OwnerStory, ReadStory, RowStory, RunStory, VersionStory};
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::table::TableShape;
use crate::domain::row::text::storable;
use crate::domain::stream::{StreamId, StreamKey};
use crate::store::answered::answered;
use crate::store::commit::absence::Key;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;

/// Versions looked at for one question.
const VERSIONS_MAX: usize = 1_000;

impl PgStore {
    /// All rows, present and deleted, whose key begins with these parts.
    ///
    /// # Errors
    /// Database faults.
    pub async fn explain(&self, key: &[&str]) -> Result<Vec<RowStory>, Fault> {
        let mut stories = Vec::new();
        for stream in StreamId::all() {
            for table in stream.tables().iter().filter(|table| key.len() <= table.key_len) {
                let version_stories = self.stories(stream, table, key);
                stories.extend(answered("looking for the row's origin", version_stories).await?);
            }
        }
        Ok(stories)
    }
}

/// A version with its run and certificate, oldest first within its key.
#[derive(FromRow)]
struct Version {
    source: String,
    key: Key,
    revision: i32,
    first_seen_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    valid_to: Option<DateTime<Utc>>,
    deleted: bool,
    home_start: Option<DateTime<Utc>>,
    home_end: Option<DateTime<Utc>>,
    content: Column<Map<String, Json>>,
    run_id: i64,
    trigger: Option<String>,
    worker: Option<uuid::Uuid>,
    started_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    read_no: Option<i32>,
    read_at: Option<DateTime<Utc>>,
    read_start: Option<DateTime<Utc>>,
    read_end: Option<DateTime<Utc>>,
    verdict: Option<String>,
    vendor_total: Option<i64>,
    pages: Option<i32>,
    requests: Option<i64>,
    rows: Option<i64>,
}

fn versions_of(table: &TableShape, parts: usize) -> AssertSqlSafe<String> {
    let key: Vec<_> = table.key_columns().iter().map(|column| format!("t.{}", column.name)).collect();
    let given: Vec<_> =
        key.iter().take(parts).zip(1..).map(|(column, n)| format!("{column} = ${n}")).collect();
    let one = |name: &str, valid_to: &str| {
        format!(
            r#"
            select t.source, array[{key}] as key, t.revision, t.first_seen_at, t.changed_at, {valid_to} as valid_to,
                t.deleted_at is not null as deleted, t.window_start as home_start, t.window_end as home_end,
                t.run_id, to_jsonb(t) - '{{source, revision, first_seen_at, changed_at, deleted_at, content_hash,
                    window_start, window_end, run_id, valid_from, valid_to}}'::text[] as content
            from {name} t
            where t.source in (select source from sources) and {given}
            "#,
            key = key.join(", "),
            given = given.join(" and "),
        )
    };
    AssertSqlSafe(format!(
        r#"
        with sources as (
            select source from sync.stream union select source from sync.snapshot union select source from sync.time_window
        ), version as ({present} union all {past})
        select v.*, r.trigger, r.worker, r.started_at, r.outcome, c.read_no, c.read_at,
            c.window_start as read_start, c.window_end as read_end, c.verdict, c.vendor_total, c.pages,
            c.requests, c.rows
        from version v
        left join sync.run r on r.id = v.run_id
        left join lateral (
            select * from sync.certificate c
            where c.run_id = v.run_id and c.source = v.source and c.committed_at = v.changed_at
            order by c.window_start is not distinct from v.home_start desc
            limit 1
        ) c on true
        order by v.source, v.key, v.revision
        limit {VERSIONS_MAX}
        "#,
        present = one(table.name, "null::timestamptz"),
        past = one(&format!("{}_history", table.name), "t.valid_to"),
    ))
}

impl PgStore {
    async fn stories(
        &self,
        stream: StreamId,
        table: &'static TableShape,
        key: &[&str],
    ) -> StoreResult<Vec<RowStory>> {
        let mut query = sqlx::query_as::<_, Version>(versions_of(table, key.len()));
        for part in key {
            query = query.bind(storable(part));
        }
        let versions = query.fetch_all(&self.pool).await?;
        let mut stories = Vec::new();
        for row in versions.chunk_by(|left, right| left.source == right.source && left.key == right.key) {
            let Some(present) = row.last() else { continue };
            let key = StreamKey { source: present.source.clone(), stream };
            let window = TimeWindow::from_bounds(present.home_start, present.home_end);
            stories.push(RowStory {
                owner: self.owner(&key, window).await?,
                seen_in: self.seen_in(&key, table, &present.key).await?,
                missing_since: self.missing_since(&key, table, &present.key).await?,
                stream: key,
                table: table.name,
                key: present.key.clone(),
                first_seen_at: present.first_seen_at,
                versions: version_stories(row),
            });
        }
        Ok(stories)
    }

    async fn owner(&self, key: &StreamKey, owner: Option<TimeWindow>) -> StoreResult<Option<OwnerStory>> {
        let sql = match owner {
            Some(_) => {
                "select window_start, window_end, state, reads, read_at, verdict, final_at, \
                 sync.is_final(state, verdict, read_at, final_at) as is_final from sync.time_window \
                 where source = $1 and stream = $2 and window_start < $4 and $3 < window_end \
                 order by window_start desc limit 1"
            }
            None => {
                "select null::timestamptz as window_start, null::timestamptz as window_end, state, reads, \
                 read_at, verdict, null::timestamptz as final_at, false as is_final from sync.snapshot \
                 where source = $1 and stream = $2 and $3::timestamptz is null and $4::timestamptz is null"
            }
        };
        let row = sqlx::query(sql)
            .bind(&key.source)
            .bind(key.stream.as_str())
            .bind(owner.map(|owner| owner.start))
            .bind(owner.map(|owner| owner.end))
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| owner_story(&row)).transpose()
    }

    async fn seen_in(&self, key: &StreamKey, table: &TableShape, of: &Key) -> StoreResult<Vec<TimeWindow>> {
        let found: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
            "select window_start, window_end from sync.observation \
             where source = $1 and table_name = $2 and key = $3 order by window_start",
        )
        .bind(&key.source)
        .bind(table.name)
        .bind(of)
        .fetch_all(&self.pool)
        .await?;
        Ok(found.into_iter().filter_map(|(start, end)| TimeWindow::new(start, end)).collect())
    }

    async fn missing_since(
        &self,
        key: &StreamKey,
        table: &TableShape,
        of: &Key,
    ) -> StoreResult<Option<DateTime<Utc>>> {
        let since = sqlx::query_scalar(
            "select first_absent_at from sync.absence where source = $1 and table_name = $2 and key = $3",
        )
        .bind(&key.source)
        .bind(table.name)
        .bind(of)
        .fetch_optional(&self.pool)
        .await?;
        Ok(since)
    }
}

fn owner_story(row: &PgRow) -> StoreResult<OwnerStory> {
    Ok(OwnerStory {
        window: TimeWindow::from_bounds(row.try_get("window_start")?, row.try_get("window_end")?),
        state: row.try_get("state")?,
        reads: row.try_get("reads")?,
        read_at: row.try_get("read_at")?,
        verdict: row.try_get("verdict")?,
        final_at: row.try_get("final_at")?,
        is_final: row.try_get("is_final")?,
    })
}

/// The versions of one row, newest first.
fn version_stories(versions: &[Version]) -> Vec<VersionStory> {
    let before = std::iter::once(None).chain(versions.iter().map(Some));
    let mut version_stories: Vec<_> = versions
        .iter()
        .zip(before)
        .map(|(version, before)| VersionStory {
            revision: version.revision,
            from: version.changed_at,
            to: version.valid_to,
            deleted: version.deleted,
            changed: before.map_or_else(Vec::new, |before| changed(&before.content, &version.content)),
            run: RunStory {
                id: version.run_id,
                trigger: version.trigger.clone(),
                worker: version.worker,
                started_at: version.started_at,
                outcome: version.outcome.clone(),
            },
            read: read_story(version),
        })
        .collect();
    version_stories.reverse();
    version_stories
}

fn changed(before: &Map<String, Json>, after: &Map<String, Json>) -> Vec<String> {
    after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .collect()
}

fn read_story(version: &Version) -> Option<ReadStory> {
    Some(ReadStory {
        window: TimeWindow::from_bounds(version.read_start, version.read_end),
        number: version.read_no?,
        read_at: version.read_at?,
        verdict: version.verdict.clone()?,
        vendor_total: version.vendor_total,
        pages: version.pages?,
        requests: version.requests?,
        rows: version.rows?,
        request: None,
    })
}
