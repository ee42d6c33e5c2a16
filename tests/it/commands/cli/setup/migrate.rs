//! Migrations as a command: what was applied, and what would be.

use crate::support::process::{Setup, recent_world};

#[tokio::test]
async fn migrate_names_what_it_applied_and_the_second_time_nothing() {
    let mut setup = Setup::new(recent_world(), "").await;
    let empty = crate::support::db::TestDb::empty().await;
    setup = setup.with("CCSYNC__DATABASE__URL", empty.url());
    let unmigrated = setup.run(&["status"]).await.expect(1);
    assert!(unmigrated.stderr.contains("run `ccsync migrate`"), "{}", unmigrated.stderr);
    let first = setup.run(&["migrate"]).await.expect(0);
    assert!(first.stdout.lines().next().unwrap().ends_with("_create_run_ledger"), "{}", first.stdout);
    let second = setup.run(&["migrate"]).await.expect(0);
    assert_eq!((second.stdout.as_str(), second.talk().as_str()), ("", "the schema was up to date\n"));
}

#[tokio::test]
async fn a_plan_names_what_is_pending_and_which_tables_in_use_it_works_on_and_changes_nothing() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let nothing = setup.run(&["migrate", "--plan"]).await.expect(0);
    assert_eq!(nothing.stdout, "");
    assert!(nothing.talk().starts_with("nothing to do; "), "{}", nothing.talk());
    // As if it had been migrated by a release without these two.
    let pool = setup.db.pool().await;
    let older = "delete from sync.migration where version in (20261121133000, 20261121140000)";
    sqlx::raw_sql(older).execute(pool).await.unwrap();
    let plan = setup.run(&["migrate", "--plan"]).await.expect(0);
    let lines: Vec<&str> = plan.stdout.lines().collect();
    assert_eq!(lines[0], "would apply 20261121133000_create_business_time");
    let indexed = |line: &&str| {
        line.starts_with("  sobot.call_result (")
            && line.ends_with("gets an index: it is read whole, and writes to it wait")
    };
    assert_eq!(lines.iter().filter(|line| indexed(line)).count(), 1, "{}", plan.stdout);
    assert!(lines.contains(&"would apply 20261121140000_add_run_progress"), "{}", plan.stdout);
    assert!(
        lines.iter().any(|line| line.starts_with("  sync.run (") && line.contains("is altered")),
        "{}",
        plan.stdout
    );
    // Feeds have left no rows here.
    assert!(!plan.stdout.contains("workbench.agent_status"), "{}", plan.stdout);
    let json = setup.run(&["migrate", "--plan", "--json"]).await.expect(0).json();
    assert_eq!(json["pending"][1]["touches"][0]["effect"], "alter", "{json}");
    assert_eq!(json["newer"], serde_json::json!([]));
    let versions: i64 =
        sqlx::query_scalar("select count(*) from sync.migration").fetch_one(pool).await.unwrap();
    assert_eq!(Some(versions), json["applied"].as_i64());
}

#[tokio::test]
async fn no_command_works_on_a_newer_schema_and_each_says_why() {
    let setup = Setup::new(recent_world(), "").await;
    let newer = "insert into sync.migration (version, description, success, checksum, execution_time)
         values (20990101000000, 'of tomorrow', true, '', 0)";
    sqlx::raw_sql(newer).execute(setup.db.pool().await).await.unwrap();
    for command in [
        "run",
        "sync",
        "backfill --stream sobot.call_result --from 2026-01-01 --to 2026-01-02",
        "plan",
        "status",
        "verify",
        "explain x",
        "absence list",
        "quarantine list",
        "drift",
        "retention",
        "forget --phone 13800001111",
        "action list",
        "agents export",
        "schema",
        "privacy rotate",
        "grant bi-reader --login somebody",
        "migrate",
        "migrate --plan",
    ] {
        let ended = setup.run(&command.split(' ').collect::<Vec<_>>()).await;
        assert_eq!(ended.code, Some(1), "{command}: {ended:?}");
        let why = "has migration 20990101000000, which this ccsync 0.1.0 does not know: a newer one migrated it; use that one";
        assert!(ended.talk().contains(why), "{command}: {}", ended.stderr);
    }
    assert_eq!(setup.simulator.journal().requests(), 0);
    let json = setup.run(&["migrate", "--plan", "--json"]).await.expect(1).json();
    assert_eq!(json["newer"], serde_json::json!([20990101000000_i64]));
}
