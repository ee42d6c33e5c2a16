//! What the commands do and print when all is well.

use std::process::Stdio;

use serde_json::Value;

use crate::support::process::{Setup, first_day, recent_world};
use crate::whole::system::truth;

/// What differs from run to run.
const FILTERS: [(&str, &str); 7] = [
    (r"(?s)  Yesterday .*?\.\n", "  YESTERDAY\n"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "TIME"),
    (r"\d+ (s|min|h|d) ago", "AGO"),
    (r"requests \d+", "requests N"),
    (r"windows \d+", "windows N"),
    (r" {2,}", "  "),
    (r" +\n", "\n"),
];

macro_rules! told {
    ($text:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => FILTERS }, { insta::assert_snapshot!($text, @$snapshot) })
    };
}

#[tokio::test]
async fn a_sync_tells_one_line_a_stream_and_the_tables_are_the_vendors() {
    let setup = Setup::new(recent_world(), "").await;
    let first = setup.run(&["sync"]).await.expect(0);
    told!(first.stdout, @r#"
    moor/moor.queue: succeeded; windows N, requests N; rows new 27, changed 0, unchanged 0, deleted 0
    moor/moor.agent_claim_status: succeeded; windows N, requests N; rows new 21, changed 0, unchanged 0, deleted 0
    sobot/sobot.call_result: succeeded; windows N, requests N; rows new 150, changed 0, unchanged 0, deleted 0
    sobot/sobot.chat_result: succeeded; windows N, requests N; rows new 150, changed 0, unchanged 0, deleted 0
    "#);
    assert_eq!(first.talk(), "", "all is well, so nobody is talked to");
    let pool = setup.db.pool().await;
    truth::assert_tables_are(&setup.simulator, pool).await;
    let mark = truth::fact_tables_mark(pool).await;
    let second = setup.run(&["sync"]).await.expect(0);
    told!(second.stdout, @r#"
    moor/moor.queue: succeeded; windows N, requests N; rows new 0, changed 0, unchanged 27, deleted 0
    moor/moor.agent_claim_status: succeeded; windows N, requests N; rows new 0, changed 0, unchanged 21, deleted 0
    sobot/sobot.call_result: succeeded; windows N, requests N; rows new 0, changed 0, unchanged 150, deleted 0
    sobot/sobot.chat_result: succeeded; windows N, requests N; rows new 0, changed 0, unchanged 150, deleted 0
    "#);
    assert_eq!(truth::fact_tables_mark(pool).await, mark, "nothing changed, so nothing is written");
}

#[tokio::test]
async fn sync_prints_its_reports_as_json_and_reads_only_the_streams_named() {
    let setup = Setup::new(recent_world(), "").await;
    let named = setup.run(&["sync", "sobot.call_result", "--json"]).await.expect(0).json();
    let [report] = named.as_array().unwrap().as_slice() else { panic!("{named}") };
    assert_eq!(report["source"], "sobot");
    assert_eq!(report["stream"], "sobot.call_result");
    assert_eq!(report["outcome"], "succeeded");
    let calls = setup.simulator.truth().calls.len();
    assert_eq!(report["counts"]["inserted"], calls);
    let other = setup.run(&["sync", "moor/moor.queue", "--json"]).await.expect(0).json();
    assert_eq!(other[0]["stream"], "moor.queue");
    let all = setup.run(&["sync", "--json"]).await.expect(0).json();
    assert_eq!(all.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_stream_of_a_source_that_is_not_configured_is_a_wrong_command_line() {
    let setup = Setup::new(recent_world(), "").await;
    for command in ["sync", "plan"] {
        let ended = setup.run(&[command, "nosuch/sobot.call_result"]).await.expect(2);
        assert_eq!(ended.stdout, "");
        insta::allow_duplicates! { insta::assert_snapshot!(ended.stderr, @"
        error: no enabled source has the stream `nosuch/sobot.call_result`
        hint: see docs/runbook.md#exit_2
        "); }
    }
    assert_eq!(setup.simulator.journal().requests(), 0);
}

#[tokio::test]
async fn a_plan_names_what_would_be_read_and_touches_nothing() {
    let setup = Setup::new(recent_world(), "").await;
    let plan = setup.run(&["plan"]).await.expect(0);
    let day = first_day().to_string();
    assert!(plan.stdout.contains(&format!("{day} 00:00:00")), "{}", plan.stdout);
    let headings: Vec<&str> = plan.stdout.lines().filter(|line| !line.starts_with(' ')).collect();
    insta::assert_snapshot!(headings.join("\n"), @r#"
    moor/moor.queue: the whole of it, at least 1 request
    moor/moor.agent_claim_status: the whole of it, at least 1 request
    sobot/sobot.call_result: 6 windows, at least 6 requests
    sobot/sobot.chat_result: 6 windows, at least 6 requests
    "#);
    assert_eq!(plan.stderr, "");
    let json = setup.run(&["plan", "--json", "moor.queue", "sobot.chat_result"]).await.expect(0).json();
    assert_eq!(json.as_array().unwrap().len(), 2);
    assert_eq!(json[0]["snapshot"], true, "{json}");
    assert_eq!(json[1]["windows"].as_array().unwrap().len(), 6, "{json}");
    assert_eq!(setup.simulator.journal().requests(), 0);
    let runs: i64 =
        sqlx::query_scalar("select count(*) from sync.run").fetch_one(setup.db.pool().await).await.unwrap();
    assert_eq!(runs, 0);
}

#[tokio::test]
async fn status_tells_before_the_first_sync_what_is_missing_and_after_it_what_is_there() {
    let mut world = recent_world();
    world.switches.set("sobot_extra_field", "none").unwrap();
    let setup = Setup::new(world, "").await;
    let before = setup.run(&["status"]).await.expect(0);
    let (streams, windows) = before.stdout.split_once("\nWindows, the newest last\n").unwrap();
    assert_eq!(windows.matches("  ......\n").count(), 2, "five days and today, twice: {windows}");
    told!(streams, @"
    ccsync 0.1.0, TIME Asia/Shanghai: needs attention
      Not everything was read yet
      YESTERDAY

    SOURCE  STREAM  STATE  COMPLETE UP TO  FINAL UP TO  ROWS  COMPLETE  OPEN  FAILED  UNVERIFIED  LAST READ
    moor  moor.queue  never read  -  -  0  0  0  0  0  -
    moor  moor.agent_claim_status  never read  -  -  0  0  0  0  0  -
    sobot  sobot.call_result  never read  -  -  0  0  0  0  0  -
    sobot  sobot.chat_result  never read  -  -  0  0  0  0  0  -
    ");
    setup.run(&["sync"]).await.expect(0);
    let after = setup.run(&["status"]).await.expect(0);
    let (streams, runs) = after.stdout.split_once("\nLatest runs\n").unwrap();
    assert_eq!(runs.lines().count(), 5, "{runs}");
    let (streams, windows) = streams.split_once("\nWindows, the newest last\n").unwrap();
    assert_eq!(windows.matches("  pppppo\n").count(), 2, "{windows}");
    told!(streams, @r#"
    ccsync 0.1.0, TIME Asia/Shanghai: healthy
      YESTERDAY

    SOURCE  STREAM  STATE  COMPLETE UP TO  FINAL UP TO  ROWS  COMPLETE  OPEN  FAILED  UNVERIFIED  LAST READ
    moor  moor.queue  ok  TIME (AGO)  -  27  1  0  0  0  AGO
    moor  moor.agent_claim_status  ok  TIME (AGO)  -  21  1  0  0  0  AGO
    sobot  sobot.call_result  ok  TIME (AGO)  -  150  5  1  0  0  AGO
    sobot  sobot.chat_result  ok  TIME (AGO)  -  150  5  1  0  0  AGO
    "#);
    let json = setup.run(&["status", "--json"]).await.expect(0).json();
    assert_eq!(json["healthy"], true, "{json}");
    assert_eq!(json["streams"].as_array().unwrap().len(), 4, "{json}");
    assert_eq!(json["streams"][2]["rows"], setup.simulator.truth().calls.len(), "{json}");
    assert_eq!(json["runs"].as_array().unwrap().len(), 4, "{json}");
}

#[tokio::test]
async fn a_watched_status_is_told_again_and_again_until_it_is_interrupted() {
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__LANGUAGE", "zh-CN");
    setup.run(&["sync", "moor.queue"]).await.expect(0);
    let mut watching = setup.workspace.start(&["status", "--watch=1"]);
    for _ in 0..3 {
        let head = watching.line_with("Asia/Shanghai").await;
        assert!(head.ends_with("需要处理") && head.starts_with("ccsync "), "{head}");
        watching.line_with("最近运行").await;
    }
    let ended = watching.stop(rustix::process::Signal::INT).await.expect(0);
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
}

#[tokio::test]
async fn a_backfill_reads_the_stretch_it_was_told_and_may_begin_before_the_start() {
    let setup = Setup::new(recent_world(), "").await;
    let (from, to) = (first_day() - chrono::Days::new(3), first_day() + chrono::Days::new(1));
    let from_to = ["--from", &from.to_string(), "--to", &to.to_string()];
    let arguments = [&["backfill", "--json", "--stream", "sobot.call_result"], &from_to[..]].concat();
    let report = setup.run(&arguments).await.expect(0).json();
    assert_eq!(report[0]["counts"]["windows"], 4, "{report}");
    let bounds: (i64, bool) = sqlx::query_as("select count(*), max(window_end) <= $1 from sync.time_window")
        .bind(to.and_hms_opt(0, 0, 0).unwrap().and_utc())
        .fetch_one(setup.db.pool().await)
        .await
        .unwrap();
    assert_eq!(bounds, (4, true));
}

/// `ccsync plan | head -1`: the reader goes away while there is more to say.
#[tokio::test]
async fn a_reader_that_goes_away_ends_no_command_with_a_panic() {
    let setup = Setup::new(recent_world(), "").await;
    let setup = setup.with("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", "2000-01-01");
    for arguments in [vec!["plan"], vec!["plan", "--json"], vec!["config"], vec!["status"], vec!["--help"]] {
        let mut child = setup.workspace.command(&arguments).stdin(Stdio::null()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().await.unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panic"), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn the_simulator_prints_its_address_and_ends_with_0_when_told() {
    let setup = Setup::new(recent_world(), "").await;
    let mut vendors = setup.workspace.start(&["simulator", "--listen", "127.0.0.1:0", "--calls", "5"]);
    let address = vendors.line().await;
    let health: Value =
        crate::support::http::get(format!("{address}/_sim/health")).await.unwrap().json().await.unwrap();
    assert_eq!(health["calls"], 5);
    let ended = vendors.stop(rustix::process::Signal::TERM).await.expect(0);
    assert!(ended.stderr.contains("/_sim/health"), "{}", ended.stderr);
}

#[tokio::test]
async fn alarms_over_missing_rows_are_listed_and_an_unknown_one_is_refused_with_1() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["migrate"]).await.expect(0);
    let none = setup.run(&["absence", "list"]).await.expect(0);
    assert_eq!((none.stdout.as_str(), none.talk().as_str()), ("", "no rows are missing in masses\n"));
    let json = setup.run(&["absence", "list", "--json"]).await.expect(0).json();
    assert_eq!(json, serde_json::json!([]));
    let unknown = setup.run(&["absence", "accept", "7"]).await.expect(1);
    assert!(unknown.stderr.contains("there is no alarm 7; nothing was changed"), "{}", unknown.stderr);
    setup.run(&["absence", "accept"]).await.expect(2);
}

#[tokio::test]
async fn data_that_could_not_be_written_is_told_and_ends_with_1() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["plan"],
        &["check"],
        &["config"],
        &["schema"],
        &["sync"],
        &["verify"],
        &["roster", "export"],
        &["quarantine", "list", "--json"],
        &["source", "list"],
        &["completions", "bash"],
        &["man"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let program = setup.workspace.command(arguments).stdout(full).spawn().unwrap();
        let output = program.wait_with_output().await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        let told = "error: standard output could not be written: No space left on device (os error 28)";
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}
