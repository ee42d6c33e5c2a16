//! `sync.walk_page`: pages of reads that are not committed yet.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sqlx::{FromRow, PgConnection, PgPool};

use crate::domain::fault::Fault;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::record::{Record, Reject, Row, Value};
use crate::domain::row::text::escaped;
use crate::domain::stream::StreamId;
use crate::domain::vendor::observation::KeptObservation;
use crate::domain::vendor::page::{Page, PageRequest};
use crate::engine::port::page_log::{KeptWalk, PageLog, WalkMark};
use crate::engine::port::store::Lease;
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::ledger::lease::lease_name;
use crate::store::pool::PgStore;

#[async_trait]
impl PageLog for PgStore {
    async fn keep(
        &self,
        lease: &Lease,
        mark: WalkMark,
        request: &PageRequest,
        page: &Page,
    ) -> Result<(), Fault> {
        let name = lease_name(&lease.stream, lease.scope);
        // Whoever lost the lease must not write over the pages of its successor.
        let kept = sqlx::query(
            r#"
            insert into sync.walk_page (lease_name, page_no, page_size, walk, began_at, ask_start, ask_end, page,
                list_version)
            select $1, $2, $3, $4, $5, $6, $7, $8, f.version from sync.lease, sync.forgetting f
            where name = $1 and fence = $9 and f.version = $10
            for key share of f
            on conflict (lease_name, page_no, page_size) do update
            set walk = excluded.walk, began_at = excluded.began_at, ask_start = excluded.ask_start,
                ask_end = excluded.ask_end, page = excluded.page, kept_at = excluded.kept_at,
                list_version = excluded.list_version
            "#,
        )
        .bind(&name)
        .bind(i32::try_from(request.page_no).unwrap_or(i32::MAX))
        .bind(i32::try_from(request.page_size).unwrap_or(i32::MAX))
        .bind(mark.number)
        .bind(mark.began)
        .bind(mark.ask.map(|ask| ask.start))
        .bind(mark.ask.map(|ask| ask.end))
        .bind(written(page))
        .bind(lease.fence)
        .bind(mark.list)
        .execute(&self.pool);
        answered(&format!("keeping a page of {name}"), kept).await.map(|_| ())
    }

    async fn kept(&self, lease: &Lease) -> Result<Option<KeptWalk>, Fault> {
        let name = lease_name(&lease.stream, lease.scope);
        let rows = sqlx::query_as(
            r#"
            select page_no, page_size, walk, began_at, ask_start, ask_end, page, list_version
            from sync.walk_page
            where lease_name = $1 and walk = (select max(walk) from sync.walk_page where lease_name = $1)
            order by page_no
            "#,
        )
        .bind(&name)
        .fetch_all(&self.pool);
        let rows: Vec<Kept> = answered(&format!("looking for kept pages of {name}"), rows).await?;
        Ok(walk(rows))
    }
}

/// The pages of this scope have served.
pub(in crate::store) async fn walk_forget_in_txn(
    connection: &mut PgConnection,
    name: &str,
) -> StoreResult<()> {
    sqlx::query("delete from sync.walk_page where lease_name = $1").bind(name).execute(connection).await?;
    Ok(())
}

/// What reads under way hold was read under rules that have changed: all begin again.
pub(in crate::store) async fn walks_forget(connection: &mut PgConnection) -> StoreResult<()> {
    sqlx::query("delete from sync.walk_page").execute(connection).await?;
    Ok(())
}

/// Walks that nobody took up again; far older than any that would be.
pub(in crate::store) async fn walks_prune(pool: &PgPool) -> StoreResult<()> {
    sqlx::query("delete from sync.walk_page where kept_at < clock_timestamp() - interval '1 hour'")
        .execute(pool)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct Kept {
    page_no: i32,
    page_size: i32,
    walk: i32,
    began_at: DateTime<Utc>,
    ask_start: Option<DateTime<Utc>>,
    ask_end: Option<DateTime<Utc>>,
    page: String,
    list_version: i64,
}

/// One that this version cannot read is as good as lost.
fn walk(rows: Vec<Kept>) -> Option<KeptWalk> {
    let first = rows.first()?;
    let ask = TimeWindow::from_bounds(first.ask_start, first.ask_end);
    let mark = WalkMark { began: first.began_at, ask, number: first.walk, list: first.list_version };
    let pages = rows.iter().map(|kept| {
        let (page_no, page_size) = (kept.page_no.try_into().ok()?, kept.page_size.try_into().ok()?);
        Some((page_no, page_size, read(&kept.page)?))
    });
    Some(KeptWalk { mark, pages: pages.collect::<Option<_>>()? })
}

#[derive(Serialize, Deserialize)]
struct WrittenPage<'a> {
    total: Option<u64>,
    page_size: Option<u32>,
    records: Vec<WrittenRecord<'a>>,
    observation: KeptObservation,
}

#[derive(Serialize, Deserialize)]
struct WrittenRecord<'a> {
    identity: String,
    rows: Vec<WrittenRow<'a>>,
    rejects: Vec<(String, String)>,
    #[serde(default)]
    lacks_list: bool,
}

#[derive(Serialize, Deserialize)]
struct WrittenRow<'a> {
    table: String,
    values: Vec<Value<'a>>,
    extra: Map<String, Json>,
}

fn written(page: &Page) -> String {
    let records = page.records.iter().map(|record| WrittenRecord {
        identity: format!("{:032x}", record.identity),
        rows: record.rows.iter().map(written_row).collect(),
        rejects: record
            .rejects
            .iter()
            .map(|reject| (escaped(&reject.payload), reject.reason.clone()))
            .collect(),
        lacks_list: record.lacks_list,
    });
    let page = WrittenPage {
        total: page.total,
        page_size: page.page_size,
        records: records.collect(),
        observation: page.observation.kept(),
    };
    serde_json::to_string(&page).unwrap_or_default()
}

fn written_row(row: &Row) -> WrittenRow<'_> {
    WrittenRow { table: row.table.name.to_owned(), values: row.values().collect(), extra: row.extra.clone() }
}

fn read(text: &str) -> Option<Page> {
    let written: WrittenPage = serde_json::from_str(text).ok()?;
    let records = written.records.into_iter().map(|record| {
        let rows: Option<Vec<Row>> = record.rows.into_iter().map(read_row).collect();
        let rejects = record.rejects.into_iter().map(|(payload, reason)| Reject { payload, reason });
        let identity = u128::from_str_radix(&record.identity, 16).ok()?;
        Some(Record { identity, rows: rows?, rejects: rejects.collect(), lacks_list: record.lacks_list })
    });
    let records = records.collect::<Option<_>>()?;
    let observation = written.observation.into();
    Some(Page { records, total: written.total, page_size: written.page_size, observation })
}

fn read_row(row: WrittenRow<'_>) -> Option<Row> {
    let mut tables = StreamId::all_tables();
    let table = tables.find(|table| table.name == row.table)?;
    (row.values.len() == table.columns.len()).then(|| Row::new(table, &row.values, row.extra))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stream::moor_queue::MOOR_QUEUE_MEMBER;
    use crate::domain::vendor::drift::{DriftKind, SchemaDrift};

    #[test]
    fn a_page_comes_back_as_it_was_kept() {
        let at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let values = [Value::text("1"), Value::text("8000"), Value::Null, Value::Integer(3)];
        let extra = serde_json::json!({"a": 1.5, "b": [null, "x"]});
        let row = Row::new(&MOOR_QUEUE_MEMBER, &values, extra.as_object().unwrap().clone());
        let reject = Reject { payload: "{\"x\":1}".into(), reason: "no key".into() };
        let mut page = Page {
            records: vec![Record {
                identity: u128::MAX - 1,
                rows: vec![row],
                rejects: vec![reject],
                lacks_list: true,
            }],
            total: Some(7),
            ..Page::default()
        };
        page.observation.add(SchemaDrift {
            kind: DriftKind::NewField,
            field: "assignMembers[].level".into(),
            observed: String::new(),
            expected: "no such field".into(),
            example: "number of 1 digits".into(),
        });
        assert_eq!(read(&written(&page)), Some(page));
        for value in [Value::Numeric("1.25".parse().unwrap()), Value::Instant(at), Value::Bool(true)] {
            let written = serde_json::to_string(&value).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        }
        assert_eq!(read("{}"), None);
    }
}
