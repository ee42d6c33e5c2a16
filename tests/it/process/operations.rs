//! What an operator changes in the years of an installation: each leaves tables that are the vendor's, by `ccsync verify`,
//! which asks the vendor again. docs/operations.md tells of each.

use ccsync_simulator::{Change, Channel, Simulator};
use sqlx::Connection as _;

use crate::support::db::TestDb;
use crate::support::harness::simulator;
use crate::support::process::{Setup, Workspace, configuration, first_day, recent_world};

/// The vendor scores so many calls again, and inspects as many more.
fn vendor_goes_on(simulator: &Simulator, count: usize) {
    let calls: Vec<String> = simulator
        .truth()
        .calls
        .iter()
        .take(count)
        .map(|call| call["call_log_jestid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(calls.len(), count);
    for id in calls {
        let (channel, agentid) = (Channel::Call, None);
        simulator.mutate(Change::Rescore { channel, id, agentid, fields: serde_json::Map::new() }).unwrap();
        let (fields, omit) = (serde_json::Map::new(), Vec::new());
        simulator.mutate(Change::Insert { channel, fields, omit }).unwrap();
    }
}

fn settings(simulator: &Simulator, database: &str) -> String {
    configuration(&simulator.base_url(), database, &first_day().to_string())
}

/// A pass may need a second one where rows vanished or moved; then the tables are the vendor's.
async fn settles(workspace: &Workspace) {
    for _ in 0..2 {
        let synced = workspace.run(&["sync"]).await;
        assert!(matches!(synced.code, Some(0 | 3)), "{synced:?}");
    }
    let verified = workspace.run(&["verify"]).await.expect(0);
    assert!(!verified.stdout.is_empty());
}

#[tokio::test]
async fn an_older_backup_that_is_restored_catches_up_with_the_vendor() {
    let simulator = simulator(recent_world()).await;
    let workspace = Workspace::new(&settings(&simulator, "data_dir = \"own\""));
    settles(&workspace).await;
    workspace.run(&["embedded", "backup", "before.dump"]).await.expect(0);
    let again = workspace.run(&["embedded", "backup", "before.dump"]).await.expect(1).stderr;
    assert!(again.contains("before.dump"), "a backup is never written over: {again}");

    vendor_goes_on(&simulator, 20);
    settles(&workspace).await;
    let asked = workspace.run(&["embedded", "restore", "before.dump"]).await.expect(0).stderr;
    assert!(asked.contains("nothing was changed"), "{asked}");
    workspace.run(&["verify"]).await.expect(0);
    let restored = workspace.run(&["embedded", "restore", "before.dump", "--yes"]).await.expect(0).stdout;
    assert!(restored.contains("_before_"), "{restored}");
    workspace.run(&["verify"]).await.expect(4);
    settles(&workspace).await;

    workspace.write("broken.dump", "no dump");
    let broken = workspace.run(&["embedded", "restore", "broken.dump", "--yes"]).await.expect(1).stderr;
    assert!(broken.contains("nothing was changed"), "{broken}");
    workspace.run(&["verify"]).await.expect(0);
}

#[tokio::test]
async fn the_embedded_database_moves_to_another_server_and_goes_on_there() {
    let simulator = simulator(recent_world()).await;
    let workspace = Workspace::new(&settings(&simulator, "data_dir = \"own\""));
    settles(&workspace).await;
    let target = TestDb::empty().await;
    workspace.write("target", target.url());
    workspace.run(&["embedded", "export-to", "--url-file", "target"]).await.expect(0);
    let twice = workspace.run(&["embedded", "export-to", "--url-file", "target"]).await.expect(1).stderr;
    assert!(twice.contains("name an empty database"), "{twice}");

    let moved = Workspace::new(&settings(&simulator, &format!("url = \"{}\"", target.url())));
    let synced = moved.run(&["sync", "--json"]).await.expect(0).json();
    for report in synced.as_array().unwrap() {
        assert_eq!(report["counts"]["inserted"], 0, "{report}");
    }
    moved.run(&["verify"]).await.expect(0);
    moved.run(&["check"]).await.expect(0);
    let reads: bool =
        sqlx::query_scalar("select has_table_privilege('bi_reader', 'bi.quality_result', 'select')")
            .fetch_one(target.pool().await)
            .await
            .unwrap();
    assert!(reads, "analysts read there, too");
}

#[tokio::test]
async fn a_changed_window_start_look_back_or_zone_leaves_the_tables_as_the_vendor_has_them() {
    let Setup { simulator, db, workspace } = Setup::new(recent_world(), "").await;
    let base = std::fs::read_to_string(workspace.path().join("ccsync.toml")).unwrap();
    settles(&workspace).await;
    let later = (first_day() + chrono::Days::new(2)).to_string();
    let start = format!("start = \"{}\"", first_day());
    let calls = "[sources.sobot.call_result]\n";
    for (name, text) in [
        ("a smaller window", base.replace(calls, &format!("{calls}window = \"6h\"\n"))),
        ("the window of before", base.clone()),
        ("a shorter look-back", base.replace(calls, &format!("{calls}lookback = \"2d\"\n"))),
        ("a later start", base.replace(&start, &format!("start = \"{later}\""))),
        ("the start of before", base.clone()),
        ("another zone", format!("timezone = \"UTC\"\n{base}")),
        ("the zone of before", base.clone()),
    ] {
        workspace.write("ccsync.toml", &text);
        vendor_goes_on(&simulator, 3);
        settles(&workspace).await;
        let doubled: i64 = sqlx::query_scalar(
            "select count(*) from sync.time_window a join sync.time_window b
                on a.source = b.source and a.stream = b.stream and a.window_start < b.window_start
                and b.window_start < a.window_end",
        )
        .fetch_one(db.pool().await)
        .await
        .unwrap();
        assert_eq!(doubled, 0, "{name}: windows overlap");
    }
}

#[tokio::test]
async fn a_stream_that_was_switched_off_for_a_while_catches_up_when_it_is_on_again() {
    let Setup { simulator, db: _db, workspace } = Setup::new(recent_world(), "").await;
    let base = std::fs::read_to_string(workspace.path().join("ccsync.toml")).unwrap();
    settles(&workspace).await;
    let calls = "[sources.sobot.call_result]\n";
    workspace.write("ccsync.toml", &base.replace(calls, &format!("{calls}enabled = false\n")));
    vendor_goes_on(&simulator, 5);
    let off = workspace.run(&["sync"]).await.expect(0).stdout;
    assert!(!off.contains("sobot.call_result"), "{off}");
    let status = workspace.run(&["status", "--json"]).await.expect(0).json();
    let of_calls = |status: &serde_json::Value| {
        let streams = status["streams"].as_array().unwrap().clone();
        streams.into_iter().find(|stream| stream["stream"] == "sobot.call_result").unwrap()
    };
    assert_eq!(of_calls(&status)["paused"], true);
    workspace.write("ccsync.toml", &base);
    settles(&workspace).await;
}

#[tokio::test]
async fn a_role_that_may_only_read_and_write_rows_runs_what_another_role_migrated() {
    let simulator = simulator(recent_world()).await;
    let db = TestDb::empty().await;
    let pool = db.pool().await;
    let name = db.options().get_database().unwrap().to_owned();
    let (owner, runner) = (format!("{name}_owner"), format!("{name}_runner"));
    for statement in [
        format!("create role {owner} login password 'secret'"),
        format!("create role {runner} login password 'secret'"),
        format!("grant create on database {name} to {owner}"),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
    }
    let url = |role: &str| {
        let mut url = url::Url::parse(db.url()).unwrap();
        url.set_username(role).unwrap();
        url.set_password(Some("secret")).unwrap();
        url.to_string()
    };
    let address = |role: &str| format!("url = \"{}\"", url(role));
    let owning = Workspace::new(&settings(&simulator, &address(&owner)));
    owning.run(&["migrate"]).await.expect(0);
    let grants = format!(
        "grant usage on schema sync, sobot, moor, workbench, bi to {runner};
         grant select, insert, update, delete on all tables in schema sync, sobot, moor, workbench, bi to {runner};
         grant usage on all sequences in schema sync, sobot, moor, workbench to {runner}"
    );
    let mut connection = sqlx::PgConnection::connect(&url(&owner)).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(grants)).execute(&mut connection).await.unwrap();
    let running = Workspace::new(&settings(&simulator, &address(&runner)));
    settles(&running).await;
    running.run(&["check"]).await.expect(0);
    running.run(&["status"]).await.expect(0);
}
