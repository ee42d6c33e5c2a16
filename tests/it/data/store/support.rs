//! A PostgreSQL of our own for the tests of the store, and short ways to say what a read brought.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy's own exception covers test functions only"
)]

use std::sync::Arc;
use std::time::Duration;

use ccsync::domain::proof::certificate::{Certificate, SetDigest, Verdict};
use ccsync::domain::proof::run::{Counts, RunId, Trigger};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::record::{Reject, Row, Value};
use ccsync::domain::row::share::Share;
use ccsync::domain::stream::moor_queue::{MOOR_QUEUE, MOOR_QUEUE_MEMBER};
use ccsync::domain::stream::sobot_call_result::SOBOT_CALL_RESULT;
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::engine::port::store::{Commit, Lease, RunStart, Scope, Store};
use ccsync::store::{PgStore, StoreConfig};
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPool};
use uuid::Uuid;

use crate::support::db::TestDb;

/// A database of its own, the store on it, and a way to look at it from outside.
pub struct Fresh {
    pub store: PgStore,
    pub options: PgConnectOptions,
    pub db: PgPool,
    database: Arc<TestDb>,
}

/// With the product's schema.
pub async fn fresh_store() -> Fresh {
    Fresh::on(Arc::new(TestDb::create().await)).await
}

/// Without our schema.
pub async fn fresh_database() -> Fresh {
    Fresh::on(Arc::new(TestDb::empty().await)).await
}

impl Fresh {
    async fn on(database: Arc<TestDb>) -> Fresh {
        let options = database.options();
        let store = PgStore::connect(&StoreConfig::new(options.clone())).await.unwrap();
        let db = sqlx::postgres::PgPoolOptions::new().max_connections(2).connect_lazy_with(options.clone());
        Fresh { store, options, db, database }
    }

    /// Another process' store on the same database.
    pub async fn again(&self) -> Fresh {
        Fresh::on(self.database.clone()).await
    }

    /// One value from the database.
    pub async fn value<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).fetch_one(&self.db).await.unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        self.value(sql).await
    }

    pub async fn run(&self, stream: &StreamKey) -> RunId {
        open_run(&self.store, stream).await
    }

    pub async fn lease(&self, stream: &StreamKey, scope: Scope) -> Lease {
        take_lease(&self.store, stream, scope).await
    }

    /// Commits a closed read of a scope that brought these rows.
    pub async fn read(&self, stream: &StreamKey, scope: Scope, rows: Vec<Row>, now: i64) -> Counts {
        let commit = self.commit(stream, scope, rows, now).await;
        self.store.commit(commit).await.unwrap()
    }

    /// The same, to be changed before it is committed.
    pub async fn commit(&self, stream: &StreamKey, scope: Scope, rows: Vec<Row>, now: i64) -> Commit {
        closed_read(&self.store, stream, scope, rows, now).await
    }
}

/// A run of a worker of its own.
pub async fn open_run(store: &dyn Store, stream: &StreamKey) -> RunId {
    let start =
        RunStart { stream: stream.clone(), trigger: Trigger::Sync, worker: Uuid::new_v4(), now: at(0) };
    store.run_start(&start).await.unwrap()
}

pub async fn take_lease(store: &dyn Store, stream: &StreamKey, scope: Scope) -> Lease {
    let lease = store.lease(stream, scope, Uuid::new_v4(), Duration::from_secs(60)).await.unwrap();
    lease.expect("the lease is free")
}

/// A closed read of a scope that brought these rows, under a lease and a run of its own.
pub async fn closed_read(
    store: &dyn Store,
    stream: &StreamKey,
    scope: Scope,
    rows: Vec<Row>,
    now: i64,
) -> Commit {
    let run = open_run(store, stream).await;
    let lease = take_lease(store, stream, scope).await;
    let mut digest = SetDigest::default();
    rows.iter().for_each(|row| digest.add(row));
    let certificate = Certificate {
        vendor_total: Some(rows.len() as u64),
        pages: 1,
        requests: 2,
        rows: rows.len() as u64,
        digest,
        verdict: Verdict::Proven,
        reason: None,
    };
    Commit {
        overrule: false,
        lacks_list: false,
        lease,
        run,
        certificate,
        counts: Counts { requests: 2, rows_read: rows.len() as u64, ..Counts::default() },
        rows,
        rejects: Vec::new(),
        drifts: Vec::new(),
        read_at: at(now),
        complete_to: at(now),
        absence_settle: Duration::from_secs(3600),
        final_at: None,
        reread: None,
        absence_max: Share::percent(5),
        windows_due: 0,
        list: 0,
        now: at(now),
    }
}

/// Hours after the beginning of 2026.
pub fn at(hours: i64) -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + chrono::Duration::hours(hours)
}

/// From one hour of 2026 to another.
pub fn window(start: i64, end: i64) -> TimeWindow {
    TimeWindow::new(at(start), at(end)).unwrap()
}

/// The first day of 2026.
pub fn day() -> Scope {
    Scope::Window(window(0, 24))
}

pub fn calls() -> StreamKey {
    StreamKey { source: "sobot".into(), stream: StreamId::SOBOT_CALL_RESULT }
}

pub fn queues() -> StreamKey {
    StreamKey { source: "moor".into(), stream: StreamId::MOOR_QUEUE }
}

/// A call with a score, inspected at this hour of 2026.
pub fn call(id: &str, score: i64, inspected: i64) -> Row {
    let mut values = vec![Value::Null; SOBOT_CALL_RESULT.columns.len()];
    values[0] = Value::text(id);
    values[1] = Value::text("agent");
    values[2] = Value::text("客服一号");
    values[5] = Value::Instant(at(inspected));
    values[10] = Value::Numeric(score.to_string().parse().unwrap());
    Row::new(&SOBOT_CALL_RESULT, &values, serde_json::Map::new())
}

pub fn many_calls(count: usize, score: i64) -> Vec<Row> {
    (0..count).map(|number| call(&format!("call-{number:06}"), score, 1)).collect()
}

pub fn queue(exten: &str, name: &str) -> Row {
    let mut values = vec![Value::Null; MOOR_QUEUE.columns.len()];
    values[0] = Value::text(exten);
    values[1] = Value::text(name);
    Row::new(&MOOR_QUEUE, &values, serde_json::Map::new())
}

pub fn member(exten: &str, agent: &str) -> Row {
    let values = vec![Value::text(exten), Value::text(agent), Value::text("成员"), Value::Integer(0)];
    Row::new(&MOOR_QUEUE_MEMBER, &values, serde_json::Map::new())
}

pub fn reject(payload: &str) -> Reject {
    Reject { payload: payload.into(), reason: "agentid: text was expected, nothing came".into() }
}
