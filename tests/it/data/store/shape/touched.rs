//! Rows that the database accepts and does not store: no certificate stands over them.

use std::time::Duration;

use ccsync::domain::fault::{Fault, FaultKind};
use ccsync::domain::row::record::Row;
use ccsync::domain::stream::{StreamId, StreamKey};
use ccsync::domain::vendor::feed::{Announcement, CallPopup, FeedEvent, FeedEventKind, FeedMessage};
use ccsync::engine::port::feed_store::{FeedCommit, FeedStore as _};
use ccsync::engine::port::store::{Scope, Store as _};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::data::store::support::{
    Fresh, at, call, calls, day, fresh_store, many_calls, member, queue, queues, reject, window,
};

/// Drops each row that a statement of this kind writes to the table.
async fn drop_rows(fresh: &Fresh, statement: &str, table: &str) {
    let sql = format!(
        "create or replace function public.drop_row() returns trigger language plpgsql as $$ begin return null; end $$;
         create trigger filter before {statement} on {table} for each row execute function public.drop_row()"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&fresh.db).await.unwrap();
}

async fn refused(fresh: &Fresh, scope: Scope, rows: Vec<Row>, now: i64) -> Fault {
    let commit = fresh.commit(&calls(), scope, rows, now).await;
    fresh.store.commit(commit).await.unwrap_err()
}

fn assert_names(fault: &Fault, table: &str, purpose: &str, numbers: &str) {
    assert_eq!(fault.kind, FaultKind::DatabaseRefused, "{fault}");
    for part in [table, purpose, numbers, "`ccsync check`"] {
        assert!(fault.message.contains(part), "{part}: {fault}");
    }
}

#[tokio::test]
async fn new_rows_that_a_trigger_drops_leave_no_window_behind() {
    let fresh = fresh_store().await;
    drop_rows(&fresh, "insert", "sobot.call_result").await;
    let fault = refused(&fresh, day(), many_calls(5, 80), 30).await;
    assert_names(&fault, "sobot.call_result", "storing new rows", "0 of 5 rows");
    for table in ["select count(*) from sync.time_window", "select count(*) from sync.certificate"] {
        assert_eq!(fresh.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn changed_rows_that_are_dropped_on_their_way_are_no_success() {
    for (statement, table, purpose) in [
        ("update", "sobot.call_result", "replacing changed rows"),
        ("insert", "sobot.call_result_history", "keeping replaced versions"),
    ] {
        let fresh = fresh_store().await;
        fresh.read(&calls(), day(), many_calls(5, 80), 30).await;
        drop_rows(&fresh, statement, table).await;
        let fault = refused(&fresh, day(), many_calls(5, 90), 40).await;
        assert_names(&fault, table, purpose, "0 of 5 rows");
        assert_eq!(fresh.count("select sum(revision) from sobot.call_result").await, 5);
        assert_eq!(fresh.count("select count(*) from sobot.call_result_history").await, 0);
    }
    // Both at once agree with each other, and not with what was sent.
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(5, 80), 30).await;
    drop_rows(&fresh, "update", "sobot.call_result").await;
    drop_rows(&fresh, "insert", "sobot.call_result_history").await;
    let fault = refused(&fresh, day(), many_calls(5, 90), 40).await;
    assert_names(&fault, "sobot.call_result_history", "keeping replaced versions", "0 of 5 rows");
}

#[tokio::test]
async fn a_tombstone_that_is_dropped_on_its_way_is_no_success() {
    for (statement, table) in [("update", "moor.queue_member"), ("insert", "moor.queue_member_history")] {
        let fresh = fresh_store().await;
        let all = vec![queue("1", "one"), member("1", "a"), member("1", "b")];
        fresh.read(&queues(), Scope::Snapshot, all, 1).await;
        drop_rows(&fresh, statement, table).await;
        let less = vec![queue("1", "one"), member("1", "a")];
        let commit = fresh.commit(&queues(), Scope::Snapshot, less, 2).await;
        let fault = fresh.store.commit(commit).await.unwrap_err();
        assert_names(&fault, table, "absent rows", "0 of 1 rows");
        assert_eq!(fresh.count("select count(*) from moor.queue_member where deleted_at is null").await, 2);
    }
}

#[tokio::test]
async fn a_ledger_that_drops_rows_stops_the_commit() {
    for (statement, table) in [
        ("insert", "sync.time_window"),
        ("insert", "sync.certificate"),
        ("insert", "sobot.agent"),
        ("insert", "sync.quarantine"),
        ("update", "sync.run"),
        ("delete", "sync.lease"),
    ] {
        let fresh = fresh_store().await;
        drop_rows(&fresh, statement, table).await;
        let mut commit = fresh.commit(&calls(), day(), many_calls(5, 80), 30).await;
        commit.rejects = vec![reject("{}")];
        let fault = fresh.store.commit(commit).await.unwrap_err();
        assert_names(&fault, table, ": ", "0 of 1 rows");
        assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 0, "{table}");
    }
}

#[tokio::test]
async fn an_absence_or_an_observation_that_is_not_noted_stops_the_commit() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), vec![call("a", 80, 1), call("b", 80, 2)], 30).await;
    drop_rows(&fresh, "insert", "sync.absence").await;
    let fault = refused(&fresh, day(), vec![call("a", 80, 1)], 40).await;
    assert_names(&fault, "sync.absence", "noting absent rows", "0 of 1 rows");
    drop_rows(&fresh, "insert", "sync.observation").await;
    let next = Scope::Window(window(24, 48));
    let fault = refused(&fresh, next, vec![call("a", 80, 1)], 50).await;
    assert_names(&fault, "sync.observation", "noting rows of other windows", "0 of 1 rows");
}

fn feed() -> StreamKey {
    StreamKey { source: "setup".into(), stream: StreamId::WORKBENCH_AGENT_MONITOR }
}

/// An opened connection, an announcement and a call with this customer.
async fn feed_commit(fresh: &Fresh, worker: Uuid, name: &str, turn: u64) -> FeedCommit {
    let agents = ["1001".to_owned()];
    let fences = fresh.store.feed_hold(&feed(), &agents, worker, Duration::from_secs(60)).await.unwrap();
    let popup: CallPopup = serde_json::from_value(serde_json::json!({
        "session_id": "s1", "city": null, "extno": "1001", "admin_id": 7, "edit_stamp": null, "info_extno": null,
        "fields": null, "info_group": null, "import_stamp": null, "info_name": name, "project_id": null,
        "info_status": null, "task_id": null, "telephone": null, "info_uuid": null, "extra": {},
    }))
    .unwrap();
    let announcement = Announcement { msg: Some("hello".into()), extra: serde_json::Map::new() };
    let kinds = [
        FeedEventKind::Opened,
        FeedEventKind::Message(FeedMessage::Popup(Box::new(popup))),
        FeedEventKind::Message(FeedMessage::Announcement(announcement)),
    ];
    let (connection, fence) = (Uuid::new_v4(), fences["1001"]);
    let event = |(index, kind): (usize, FeedEventKind)| FeedEvent {
        extno: "1001".into(),
        connection,
        opened_at: at(1),
        fence,
        turn,
        number: index as u64 + 1,
        at: at(1) + chrono::Duration::seconds(turn as i64 * 10 + index as i64),
        kind,
    };
    let events: Vec<FeedEvent> = kinds.into_iter().enumerate().map(event).collect();
    FeedCommit {
        key: feed(),
        run: fresh.run(&feed()).await,
        fences,
        events: events.into(),
        now: at(2),
        database_wait: None,
    }
}

#[tokio::test]
async fn a_feed_whose_rows_are_dropped_keeps_its_events_and_its_cursor() {
    for (statement, table, purpose) in [
        ("insert", "workbench.agent_status", "storing new stays"),
        ("update", "workbench.agent_status", "changing stays"),
        ("insert", "workbench.announcement", "storing announcements"),
        ("insert", "workbench.call_popup", "storing announced calls"),
        ("update", "workbench.call_popup", "storing announced calls"),
        ("insert", "workbench.call_popup_history", "keeping replaced versions"),
        ("insert", "sync.feed_session", "moving the cursors"),
    ] {
        let fresh = fresh_store().await;
        let worker = Uuid::new_v4();
        if statement == "update" || table.ends_with("_history") {
            let first = feed_commit(&fresh, worker, "Wang", 1).await;
            fresh.store.feed_commit(first).await.unwrap();
        }
        let before = fresh.count("select coalesce(sum(turn), 0)::bigint from sync.feed_session").await;
        drop_rows(&fresh, statement, table).await;
        let commit = feed_commit(&fresh, worker, "Li", 2).await;
        let fault = fresh.store.feed_commit(commit).await.unwrap_err();
        assert_names(&fault, table, purpose, "0 of 1 rows");
        assert_eq!(fresh.count("select coalesce(sum(turn), 0)::bigint from sync.feed_session").await, before);
    }
}

#[tokio::test]
async fn a_refused_value_is_told_by_its_table_and_column_or_constraint_and_not_shown() {
    for (sql, parts) in [
        (
            "alter table sobot.call_result add column theirs text not null",
            ["null where a column is NOT NULL", "table sobot.call_result", "column theirs"],
        ),
        (
            "alter table sobot.call_result add constraint low check (total_score < 50)",
            ["a check constraint is not met", "table sobot.call_result", "constraint or index low"],
        ),
        (
            "alter table sobot.call_result alter column agent_name type varchar(2)",
            ["a text is too long", "table call_result", "column agent_name"],
        ),
        (
            "create unique index one_each on sobot.agent ((1))",
            ["a unique index has it already", "table sobot.agent", "constraint or index one_each"],
        ),
    ] {
        let fresh = fresh_store().await;
        let views = "drop schema bi cascade;";
        let sql = if sql.contains("varchar") { format!("{views} {sql}") } else { sql.to_owned() };
        sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&fresh.db).await.unwrap();
        let mut rows = many_calls(1, 80);
        rows.push(other_agent("secret-call"));
        let fault = refused(&fresh, day(), rows, 30).await;
        for part in parts.into_iter().chain(["`ccsync check`"]) {
            assert!(fault.message.contains(part), "{sql}: {part}: {fault}");
        }
        for value in ["客服", "secret-call", "80"] {
            assert!(!fault.chain().contains(value), "{sql}: {fault}");
        }
    }
}

fn other_agent(id: &str) -> Row {
    use ccsync::domain::row::record::Value;
    use ccsync::domain::stream::sobot_call_result::SOBOT_CALL_RESULT;
    let mut values = vec![Value::Null; SOBOT_CALL_RESULT.columns.len()];
    values[0] = Value::text(id);
    values[1] = Value::text("agent-2");
    values[2] = Value::text("客服二号");
    values[5] = Value::Instant(at(2));
    values[10] = Value::Numeric(ccsync::domain::row::decimal::Decimal::from(80));
    Row::new(&SOBOT_CALL_RESULT, &values, serde_json::Map::new())
}
