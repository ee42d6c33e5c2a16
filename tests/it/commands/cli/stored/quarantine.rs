//! The commands for records that could not be read.

use ccsync_simulator::{Change, Channel};
use serde_json::{Value, json};

use crate::support::counted::assert_rows_are_counted;
use crate::support::process::{Setup, recent_world};

/// A setup with two calls quarantined: numbers, in order of their keys.
async fn setup_with_rejects() -> (Setup, i64, i64) {
    let setup = Setup::new(recent_world(), "").await;
    for id in ["broken-1", "broken-2"] {
        let fields = json!({"call_log_jestid": id, "agentid": "a", "total_score": "abc", "pulse": "3.5"});
        let fields = fields.as_object().unwrap().clone();
        setup.simulator.mutate(Change::Insert { channel: Channel::Call, fields, omit: Vec::new() }).unwrap();
    }
    setup.run(&["sync"]).await.expect(3);
    let ids: Vec<i64> = sqlx::query_scalar("select id from sync.quarantine order by payload")
        .fetch_all(setup.db.pool().await)
        .await
        .unwrap();
    assert_eq!(ids.len(), 2);
    (setup, ids[0], ids[1])
}

/// As if this version's reader had learned to read it.
async fn make_readable(setup: &Setup, id: i64) {
    sqlx::query("update sync.quarantine set payload = replace(payload, 'abc', '88.0') where id = $1")
        .bind(id)
        .execute(setup.db.pool().await)
        .await
        .unwrap();
}

/// As if this record had been readable once: a row of it stands in the window in which it came last.
async fn keep_earlier_version(setup: &Setup, id: &str) {
    let sql = "insert into sobot.call_result
        select (jsonb_populate_record(null::sobot.call_result, to_jsonb(r) || jsonb_build_object('call_log_jestid',
            $1::text, 'agentid', 'a', 'window_start', q.window_start, 'window_end', q.window_end))).*
        from (select * from sobot.call_result limit 1) r, (select * from sync.quarantine limit 1) q";
    let done = sqlx::query(sql).bind(id).execute(setup.db.pool().await).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
}

#[tokio::test]
async fn what_is_quarantined_is_listed_without_the_record_and_shown_with_it() {
    let (setup, first, _) = setup_with_rejects().await;
    let list = setup.run(&["quarantine", "list"]).await.expect(0);
    assert_eq!(list.stdout.lines().count(), 2, "{}", list.stdout);
    assert!(list.stdout.contains("total_score") && !list.stdout.contains("3.5"), "{}", list.stdout);
    let json = setup.run(&["quarantine", "list", "--json"]).await.expect(0).json();
    assert!(json[0].get("payload").is_none() && json[0]["state"] == "open", "{json}");
    let other = setup.run(&["quarantine", "list", "--stream", "moor.queue", "--json"]).await.expect(0).json();
    assert_eq!(other, json!([]));
    let shown = setup.run(&["quarantine", "show", &first.to_string()]).await.expect(0);
    assert!(shown.stdout.contains("\"pulse\": \"3.5\""), "{}", shown.stdout);
    let unknown = setup.run(&["quarantine", "show", "999999"]).await.expect(1);
    assert!(unknown.stderr.contains("there is no quarantined record 999999"), "{}", unknown.stderr);
    assert_eq!(unknown.stdout, "");
}

#[tokio::test]
async fn a_retry_stores_what_can_be_read_now_and_says_how_far_it_came() {
    let (setup, first, second) = setup_with_rejects().await;
    let requests = setup.simulator.journal().requests();
    let none = setup.run(&["quarantine", "retry", "--all"]).await.expect(1);
    assert_eq!(none.stdout.matches("not stored").count(), 2, "{}", none.stdout);
    make_readable(&setup, first).await;
    let unknown = setup.run(&["quarantine", "retry", &first.to_string(), "999999"]).await.expect(1);
    assert!(unknown.stderr.contains("999999; nothing was done"), "{}", unknown.stderr);
    let part = setup.run(&["quarantine", "retry", "--all", "--json"]).await.expect(3).json();
    let of = |id: i64| part.as_array().unwrap().iter().find(|entry| entry["id"] == id).unwrap().clone();
    assert_eq!((&of(first)["retried"], &of(second)["retried"]), (&json!(true), &json!(false)), "{part}");
    assert_eq!(of(first)["counts"]["inserted"], 1, "{part}");
    make_readable(&setup, second).await;
    setup.run(&["quarantine", "retry", &second.to_string()]).await.expect(0);
    assert_eq!(setup.simulator.journal().requests(), requests, "no vendor was asked");
    let rows: i64 = sqlx::query_scalar(
        "select count(*) from sobot.call_result where call_log_jestid like 'broken-%' and total_score = 88",
    )
    .fetch_one(setup.db.pool().await)
    .await
    .unwrap();
    assert_eq!(rows, 2);
    assert_rows_are_counted(setup.db.pool().await).await;
    let runs: Vec<(String, i64)> =
        sqlx::query_as("select outcome, inserted from sync.run where trigger = 'retry' order by id")
            .fetch_all(setup.db.pool().await)
            .await
            .unwrap();
    let runs: Vec<(&str, i64)> = runs.iter().map(|(outcome, rows)| (outcome.as_str(), *rows)).collect();
    assert_eq!(runs, [("failed", 0), ("partial", 1), ("succeeded", 1)]);
    let all = setup.run(&["quarantine", "list", "--all", "--json"]).await.expect(0).json();
    assert!(all.as_array().unwrap().iter().all(|entry| entry["state"] == "retried"), "{all}");
}

#[tokio::test]
async fn a_dropped_record_makes_no_later_run_partial_and_is_still_counted() {
    let (setup, first, second) = setup_with_rejects().await;
    let (one, other) = (first.to_string(), second.to_string());
    setup.run(&["quarantine", "drop", &one, "--reason", " "]).await.expect(2);
    setup.run(&["quarantine", "drop", &one]).await.expect(2);
    let unknown = setup.run(&["quarantine", "drop", &one, "999999", "--reason", "test"]).await.expect(1);
    assert!(unknown.stderr.contains("999999; nothing was done"), "{}", unknown.stderr);
    setup.run(&["quarantine", "drop", &one, &other, "--reason", "test data"]).await.expect(0);
    setup.run(&["sync"]).await.expect(0);
    let shown = setup.run(&["quarantine", "show", &one, "--json"]).await.expect(0).json();
    assert_eq!((&shown["state"], &shown["decision"]), (&json!("dropped"), &json!("test data")), "{shown}");
    assert_eq!(shown["seen"], 2, "{shown}");
    assert_ne!(shown["resolved_at"], Value::Null);
    assert_eq!(setup.run(&["quarantine", "list", "--json"]).await.expect(0).json(), json!([]));
    let verified = setup.run(&["verify"]).await.expect(0);
    assert!(verified.stderr.contains("dropped from quarantine were not compared"), "{}", verified.stderr);
}

#[tokio::test]
async fn an_earlier_version_of_a_dropped_record_is_no_difference_and_one_row_more_is() {
    let (setup, first, second) = setup_with_rejects().await;
    // What the tables have of the two records is from before they could not be read.
    for earlier in ["broken-1", "broken-2"] {
        keep_earlier_version(&setup, earlier).await;
    }
    setup.run(&["verify"]).await.expect(4);
    let (first, second) = (first.to_string(), second.to_string());
    setup.run(&["quarantine", "drop", &first, &second, "--reason", "test data"]).await.expect(0);
    setup.run(&["verify"]).await.expect(0);
    keep_earlier_version(&setup, "broken-3").await;
    let verified = setup.run(&["verify"]).await.expect(4);
    assert!(verified.stdout.contains("3 extra"), "{}", verified.stdout);
}
