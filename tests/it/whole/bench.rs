//! The benchmark, in small. Nothing here is about how long anything takes.

use std::path::Path;
use std::time::Duration;

use ccsync_bench::{BenchArgs, Failure, bench};
use clap::Parser as _;
use serde_json::Value;

use crate::support::db::TestDb;
use crate::support::process::Workspace;

/// A cluster that flushes to disk is made on the way, on a machine that may be busy.
const TIMEOUT: Duration = Duration::from_secs(300);

async fn measure(args: &BenchArgs) -> Result<String, Failure> {
    bench(Path::new(env!("CARGO_BIN_EXE_ccsync")), args, std::future::pending()).await
}

async fn report(workspace: &Workspace, arguments: &[&str]) -> Value {
    let directory = workspace.path().to_str().unwrap();
    let arguments = [&["ccsync-bench"], arguments, &["--json", "--dir", directory]].concat();
    let args = BenchArgs::try_parse_from(arguments).unwrap();
    let report = measure(&args);
    let report = tokio::time::timeout(TIMEOUT, report).await.expect("an end in time").unwrap();
    serde_json::from_str(&report).unwrap()
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

fn is_positive(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| 0.0 < number)
}

#[tokio::test]
async fn a_load_is_measured_against_the_floor_and_its_rows_and_requests_add_up() {
    let workspace = Workspace::new("");
    let arguments = ["--rows", "2000", "--rows-per-window", "400", "--page-size", "100"];
    let report = report(&workspace, &arguments).await;
    assert_eq!([&report["rows"], &report["windows"], &report["page_size"]], [2000, 5, 100]);
    assert_eq!(report["checkpointed"], true);
    let database = report["surroundings"]["database"].as_str().unwrap();
    for setting in ["fsync on", "synchronous_commit on", "full_page_writes on"] {
        assert!(database.contains(setting), "as in production: {database}");
    }
    assert!(is_positive(&report["simulator"]["rows_per_second"]), "{report}");
    let phases = report["phases"].as_array().unwrap();
    let names: Vec<&str> = phases.iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["first_load", "floor", "unchanged", "changed"]);
    for phase in phases {
        let reading = &phase["reading"];
        assert_eq!(phase["rows"], 2000, "{phase}");
        for field in
            ["seconds", "rows_per_second", "microseconds_per_row", "ratio_to_floor", "wal_bytes_per_row"]
        {
            assert!(is_positive(&phase[field]), "{field} of {phase}");
        }
        for field in
            ["wal_bytes", "full_page_images", "dead_tuples_fact", "hot_updates_fact", "dead_tuples_ledger"]
        {
            whole(&phase[field]);
        }
        assert!(
            phase["cpu_seconds"]["client"].is_f64() && phase["cpu_seconds"]["database"].is_f64(),
            "{phase}"
        );
        assert!(1_000 < whole(&phase["resident_max_kib"]), "{phase}");
        if phase["name"] == "floor" {
            assert!(reading.is_null(), "{phase}");
            continue;
        }
        assert!(phase["cpu_seconds"]["simulator"].is_f64(), "{phase}");
        assert_eq!(
            reading["requests"], reading["requests_received"],
            "as ccsync and as the vendor counts them"
        );
        assert_eq!(reading["requests_enough"], 2000 / 100 + 5);
        assert!(whole(&reading["requests_received"]) <= whole(&reading["requests_enough"]), "{reading}");
        assert_eq!(
            [&reading["windows"], &reading["deleted"], &reading["unverified"]],
            [5, 0, 0],
            "{reading}"
        );
    }
    let written = |phase: usize| ["inserted", "updated"].map(|name| whole(&phases[phase]["reading"][name]));
    let changed = whole(&report["changed_rows"]);
    assert!((50..=150).contains(&changed), "about a twentieth of 2000: {changed}");
    assert_eq!(written(0), [2000, 0]);
    assert_eq!(written(2), [0, 0]);
    assert_eq!(written(3), [0, changed]);
    // A row on a midnight is read with both days.
    assert!(2000 <= whole(&phases[2]["reading"]["unchanged"]), "{report}");
    assert_eq!(phases[2]["dead_tuples_fact"], 0);
    assert_eq!(whole(&phases[3]["dead_tuples_fact"]), changed);
    let left: Vec<_> =
        std::fs::read_dir(workspace.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["ccsync.toml"], "nothing is left behind");
}

#[tokio::test]
async fn an_idle_daemon_is_started_watched_and_stopped() {
    let db = TestDb::empty().await;
    let arguments = ["idle", "--for", "1s", "--starts", "2", "--database-url", db.url()];
    let report = report(&Workspace::new(""), &arguments).await;
    assert_eq!(report["ready_ms"].as_array().unwrap().len(), 2);
    assert!(is_positive(&report["ready_ms_median"]), "{report}");
    assert!(whole(&report["resident_kib"]) <= whole(&report["resident_max_kib"]), "{report}");
    assert!(report["cpu_percent"].is_f64(), "{report}");
}

#[tokio::test]
async fn one_worker_and_several_do_equal_work() {
    let db = TestDb::empty().await;
    let work =
        ["workers", "--rows", "300", "--rows-per-window", "50", "--page-size", "25", "--latency", "5ms"];
    let arguments: Vec<&str> =
        work.into_iter().chain(["--workers", "3", "--database-url", db.url()]).collect();
    let report = report(&Workspace::new(""), &arguments).await;
    let (one, several) = (whole(&report["one"]["requests"]), whole(&report["several"]["requests"]));
    // Today's window is open: a worker that starts later than another reads it again.
    assert!((one..=one + 3).contains(&several), "{report}");
    assert!(is_positive(&report["speedup"]), "{report}");
    let sql = "select source, count(*) from sobot.call_result group by 1 order by 1";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(db.pool().await).await.unwrap();
    let [(one, of_one), (several, of_several)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((one.as_str(), several.as_str(), of_one), ("one", "several", of_several));
    assert!((150..=600).contains(of_one), "about as many as were asked for: {of_one}");
}

#[tokio::test]
async fn a_database_in_use_is_left_alone() {
    let db = TestDb::create().await;
    let args = BenchArgs::try_parse_from(["ccsync-bench", "--database-url", db.url()]).unwrap();
    let refused = measure(&args).await.unwrap_err();
    assert_eq!(refused.exit, 2);
    assert!(refused.to_string().contains("give it an empty one"), "{refused}");
    let refused = BenchArgs::try_parse_from(["ccsync-bench", "--changed", "5"]).unwrap_err();
    assert_eq!(refused.exit_code(), 2);
    assert!(refused.to_string().contains("it must be a number from 0 to 1"), "{refused}");
}
