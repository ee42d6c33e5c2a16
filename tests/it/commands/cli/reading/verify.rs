//! `ccsync verify` and `ccsync explain`: what they print and how they exit.

use sqlx::AssertSqlSafe;

use crate::support::process::{Ended, Setup, recent_world};

/// What differs from run to run.
const FILTERS: [(&str, &str); 8] = [
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?", "[instant]"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
    (r"\b[0-9a-f]{32}\b", "[agent]"),
    (r"127\.0\.0\.1:\d+", "[address]"),
    (r"datetime=[^& ]+", "datetime=[instant]"),
    (r"\b(requests|windows|rows|run|pages|unchanged) \d+", "$1 [n]"),
    (r"\b\d+ (requests?|rows?|pages?)\b|stated \d+|--seed \d+", "[n]"),
    // The row is on whichever page the day has it.
    (r", to page \d+", ""),
];

macro_rules! assert_printed {
    ($text:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => FILTERS }, { insta::assert_snapshot!($text, @$snapshot) })
    };
}

async fn execute(setup: &Setup, sql: &str) {
    let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(setup.db.pool().await).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
}

async fn a_call(setup: &Setup) -> String {
    sqlx::query_scalar("select call_log_jestid || '/' || agentid from sobot.call_result order by 1 limit 1")
        .fetch_one(setup.db.pool().await)
        .await
        .unwrap()
}

fn printed(ended: &Ended) -> String {
    format!("{}---\n{}", ended.stdout, ended.talk())
}

#[tokio::test]
async fn verify_exits_with_0_where_all_is_well_and_with_4_where_something_differs() {
    let setup = Setup::new(recent_world(), "").await;
    let early = setup.run(&["verify"]).await.expect(4);
    assert_printed!(printed(&early), @r#"
    moor/moor.queue: never read; windows [n], rows [n], requests [n]
    moor/moor.agent_claim_status: never read; windows [n], rows [n], requests [n]
    sobot/sobot.call_result: 1 never read; windows [n], rows [n], requests [n]
      never read [[instant], [instant])
    sobot/sobot.chat_result: 1 never read; windows [n], rows [n], requests [n]
      never read [[instant], [instant])
    ---
    hint: moor/moor.queue: `ccsync sync` brings what was never read and what is newer than our last reads
    hint: moor/moor.agent_claim_status: `ccsync sync` brings what was never read and what is newer than our last reads
    hint: sobot/sobot.call_result: `ccsync sync` brings what was never read and what is newer than our last reads
    hint: sobot/sobot.chat_result: `ccsync sync` brings what was never read and what is newer than our last reads
    "#);
    setup.run(&["sync"]).await.expect(0);
    let well = setup.run(&["verify"]).await.expect(0);
    assert_printed!(printed(&well), @r#"
    moor/moor.queue: no difference; windows [n], rows [n], requests [n]
    moor/moor.agent_claim_status: no difference; windows [n], rows [n], requests [n]
    sobot/sobot.call_result: no difference; windows [n], rows [n], requests [n]
    sobot/sobot.chat_result: no difference; windows [n], rows [n], requests [n]
    ---
    "#);

    let call = a_call(&setup).await;
    let id = call.split('/').next().unwrap();
    execute(
        &setup,
        &format!("update sobot.call_result set total_score = 1234 where call_log_jestid = '{id}'"),
    )
    .await;
    execute(&setup, "delete from moor.queue_member where ctid = (select min(ctid) from moor.queue_member)")
        .await;
    let damaged = setup.run(&["verify"]).await.expect(4);
    assert_printed!(printed(&damaged), @r#"
    moor/moor.queue: 1 missing; windows [n], rows [n], requests [n]
      missing moor.queue_member 10018500/8013
    moor/moor.agent_claim_status: no difference; windows [n], rows [n], requests [n]
    sobot/sobot.call_result: 1 stale; windows [n], rows [n], requests [n]
      stale sobot.call_result [uuid]/[agent] in [[instant], [instant]): total_score
    sobot/sobot.chat_result: no difference; windows [n], rows [n], requests [n]
    ---
    hint: moor/moor.queue: `ccsync verify --repair` reads these windows again and writes what the vendor says; `ccsync explain KEY` tells where a row came from
    hint: sobot/sobot.call_result: `ccsync verify --repair` reads these windows again and writes what the vendor says; `ccsync explain KEY` tells where a row came from
    "#);
    assert!(damaged.stdout.contains(&call) && !damaged.stdout.contains("1234"), "{}", damaged.stdout);
    let json = setup.run(&["verify", "--stream", "sobot.call_result", "--json"]).await.expect(4).json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    let difference = &json[0]["differences"][0];
    assert_eq!(difference["kind"], "stale");
    assert_eq!(difference["columns"], serde_json::json!(["total_score"]));
    assert_eq!(
        format!("{}/{}", difference["key"][0].as_str().unwrap(), difference["key"][1].as_str().unwrap()),
        call
    );

    let repaired = setup.run(&["verify", "--repair"]).await.expect(4);
    assert_printed!(printed(&repaired), @r#"
    moor/moor.queue: 1 missing; windows [n], rows [n], requests [n]
      missing moor.queue_member 10018500/8013
      read again: succeeded; rows new 1, changed 0, unchanged [n], deleted 0
    after the repair moor/moor.queue: no difference; windows [n], rows [n], requests [n]
    moor/moor.agent_claim_status: no difference; windows [n], rows [n], requests [n]
    sobot/sobot.call_result: 1 stale; windows [n], rows [n], requests [n]
      stale sobot.call_result [uuid]/[agent] in [[instant], [instant]): total_score
      read again: succeeded; rows new 0, changed 1, unchanged [n], deleted 0
    after the repair sobot/sobot.call_result: no difference; windows [n], rows [n], requests [n]
    sobot/sobot.chat_result: no difference; windows [n], rows [n], requests [n]
    ---
    "#);
    setup.run(&["verify"]).await.expect(0);
    let sampled = setup.run(&["verify", "--sample", "20%"]).await.expect(0);
    assert_printed!(printed(&sampled), @r#"
    moor/moor.queue: no difference; windows [n], rows [n], requests [n]
    moor/moor.agent_claim_status: no difference; windows [n], rows [n], requests [n]
    sobot/sobot.call_result: no difference; windows [n], rows [n], requests [n]
    sobot/sobot.chat_result: no difference; windows [n], rows [n], requests [n]
    ---
    a sample of 20% of the windows, drawn by [n]
    "#);
}

#[tokio::test]
async fn a_wrong_range_share_or_stream_is_told_and_no_vendor_is_asked() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let requests = setup.simulator.journal().requests();
    let range = setup.run(&["verify", "--from", "2026-02-01", "--to", "2026-01-01"]).await.expect(2);
    assert_printed!(range.stderr, @"
    error: --from must lie before --to, which is the first instant not wanted any more
    hint: see docs/runbook.md#exit_2
    ");
    let share = setup.run(&["verify", "--sample", "120%"]).await.expect(2);
    assert_printed!(share.stderr, @r#"
    error: invalid value '120%' for '--sample <SHARE>': expects a share such as 5% or 0.1%, from 0% to 100%, not "120%"

    For more information, try '--help'.
    "#);
    let stream = setup.run(&["verify", "--stream", "other/moor.queue"]).await.expect(2);
    assert_printed!(stream.stderr, @"
    error: no enabled source has the stream `other/moor.queue`
    hint: see docs/runbook.md#exit_2
    ");
    assert_eq!(setup.simulator.journal().requests(), requests);
}

#[tokio::test]
async fn a_vendor_that_is_away_makes_verify_fail_and_not_agree() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let nobody = "http://127.0.0.1:9";
    let workspace = setup
        .workspace
        .with("CCSYNC__SOURCES__SOBOT__BASE_URL", nobody)
        .with("CCSYNC__SOURCES__MOOR__BASE_URL", nobody);
    let ended = workspace.run(&["verify"]).await.expect(1);
    assert!(ended.stdout.contains("no difference in what could be compared"), "{}", ended.stdout);
    assert!(ended.stderr.contains("not compared"), "{}", ended.stderr);
}

#[tokio::test]
async fn explain_goes_from_a_key_to_the_versions_the_window_the_run_and_the_request() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let call = a_call(&setup).await;
    let id = call.split('/').next().unwrap().to_owned();
    let fields = serde_json::json!({"total_score": "1.5"}).as_object().unwrap().clone();
    let change = ccsync_simulator::Change::Rescore {
        channel: ccsync_simulator::Channel::Call,
        id: id.clone(),
        agentid: call.split('/').nth(1).map(str::to_owned),
        fields,
    };
    setup.simulator.mutate(change).unwrap();
    setup.run(&["sync"]).await.expect(0);
    let told = setup.run(&["explain", &call]).await.expect(0);
    // What a rescore changes besides the score is drawn.
    let text = printed(&told);
    let (_, changed) = text.split_once("to now: ").unwrap();
    let (columns, _) = changed.split_once(" changed").unwrap();
    assert!(columns.contains("quality_datetime, ") && columns.contains("total_score"), "{columns}");
    assert_printed!(text.replace(columns, "[columns]"), @"
    sobot.call_result [uuid]/[agent] (source sobot): first seen [instant]
      version 2 from [instant] to now: [columns] changed
        by run [n] (sync, began [instant], succeeded, worker [uuid])
        in read 2 of [instant] .. [instant] at [instant], proven: [n], the vendor [n], [n], [n]
        by GET http://[address]/api/interceptor/5/quality/call_result?start_datetime=[instant]&end_datetime=[instant]&page_no=1&page_size=20
      version 1 from [instant] to [instant]
        by run [n] (sync, began [instant], succeeded, worker [uuid])
        in read 1 of [instant] .. [instant] at [instant], proven: [n], the vendor [n], [n], [n]
        by GET http://[address]/api/interceptor/5/quality/call_result?start_datetime=[instant]&end_datetime=[instant]&page_no=1&page_size=20
      owning window [instant] .. [instant]: open, 2 reads, last at [instant], proven, provisional until [instant]
    ---
    ");
    assert!(!told.stdout.contains("1.5"), "values are no part of it: {}", told.stdout);
    assert_eq!(setup.run(&["explain", &id]).await.expect(0).stdout, told.stdout, "the first part is enough");
    let json = setup.run(&["explain", &call, "--json"]).await.expect(0).json();
    assert_eq!(json[0]["versions"].as_array().unwrap().len(), 2);
    assert!(json[0]["versions"][0]["read"]["request"].as_str().unwrap().starts_with("GET http://"), "{json}");
    let group: String = sqlx::query_scalar("select exten from moor.queue order by 1 limit 1")
        .fetch_one(setup.db.pool().await)
        .await
        .unwrap();
    let told = setup.run(&["explain", &group]).await.expect(0);
    for table in ["moor.queue ", "moor.queue_member ", "moor.agent_claim_status "] {
        assert!(told.stdout.contains(table), "{table}: {}", told.stdout);
    }
    let unknown = setup.run(&["explain", "nobody's"]).await.expect(1);
    assert_printed!(printed(&unknown), @"
    ---
    error: no table has a row whose key is, or begins with, `nobody's`; `ccsync verify` asks the vendor for it
    hint: see docs/runbook.md#exit_1
    ");
}
