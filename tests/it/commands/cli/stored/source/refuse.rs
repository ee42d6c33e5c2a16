//! What is refused before anything is read or written.

use super::{count, read, workspace};
use crate::support::process::{Setup, recent_world};

const RESULTS: &str = "select count(*) from bi.quality_result";

/// Every command that reads or writes for the configured accounts ends with 2 and these words, and changes no row.
async fn refused_everywhere(setup: &Setup, other: &crate::support::process::Workspace, words: &[&str]) {
    let pool = setup.db.pool().await;
    let before = (count(pool, RESULTS).await, count(pool, "select count(*) from sync.run").await);
    let asked = setup.simulator.journal().log.len();
    for command in [
        ["sync"].as_slice(),
        &["run"],
        &["plan"],
        &["verify"],
        &["retention"],
        &["backfill", "--stream", "sobot.call_result", "--from", "2026-01-01", "--to", "2026-01-02"],
    ] {
        let told = other.run(command).await.expect(2);
        for word in words {
            assert!(told.stderr.contains(word), "{command:?}: {word} in {}", told.stderr);
        }
    }
    let journal = setup.simulator.journal();
    let of_account = |entry: &&ccsync_simulator::Entry| format!("{:?}", entry.endpoint).starts_with("Sobot");
    let asked_now = journal.log.iter().skip(asked).filter(of_account);
    assert_eq!(asked_now.count(), 0, "nothing was asked of the account");
    let checked = other.run(&["check"]).await.expect(1);
    for word in words.iter().map(|word| word.trim_end_matches(": ")) {
        assert!(checked.stdout.contains(word), "{word} in {}", checked.stdout);
    }
    assert_eq!(before, (count(pool, RESULTS).await, count(pool, "select count(*) from sync.run").await));
}

#[tokio::test]
async fn a_source_with_a_new_name_is_refused_and_told_the_rename_which_mends_it() {
    let setup = read().await;
    let pool = setup.db.pool().await;
    let rows = count(pool, RESULTS).await;
    assert!(0 < rows);
    let renamed = workspace(&setup, |text| text.replace("sources.sobot", "sources.sobot_main"));
    let words = ["sobot_main: ", "app_id demo-app", "`ccsync source rename sobot sobot_main --yes`"];
    refused_everywhere(&setup, &renamed, &words).await;
    renamed.run(&["source", "rename", "sobot", "sobot_main", "--yes"]).await.expect(0);
    assert_eq!(count(pool, RESULTS).await, rows);
    let again = renamed.run(&["sync"]).await.expect(0);
    for line in again.stdout.lines() {
        assert!(line.contains("rows new 0, changed 0") && line.contains("deleted 0"), "{}", again.stdout);
    }
    assert_eq!(count(pool, RESULTS).await, rows);
    assert_eq!(count(pool, "select count(*) from sobot.call_result where source = 'sobot_main'").await, 150);
    // The name of before is the one that does not fit now.
    let old = setup.run(&["sync"]).await.expect(2);
    assert!(old.stderr.contains("`ccsync source rename sobot_main sobot --yes`"), "{}", old.stderr);
}

#[tokio::test]
async fn one_account_under_two_names_is_refused_and_told_which_one_to_take_out() {
    let setup = read().await;
    let block = "[sources.again]\nkind = \"sobot\"\nbase_url = \"URL\"\napp_id = \"demo-app\"\napp_key = \"demo-key\"\n";
    let block = block.replace("URL", &setup.simulator.base_url());
    let doubled = workspace(&setup, |text| format!("{text}{block}"));
    refused_everywhere(&setup, &doubled, &["again: ", "Take [sources.again] out of the configuration"]).await;
}

#[tokio::test]
async fn two_accounts_of_one_kind_are_two_sources() {
    let account =
        |app_id: &str| ccsync_simulator::SobotAccount { app_id: app_id.into(), app_key: "demo-key".into() };
    let world = ccsync_simulator::SimulatorConfig {
        sobot_accounts: vec![account("demo-app"), account("other-app")],
        ..recent_world()
    };
    let setup = Setup::new(world, "").await;
    let block = "[sources.other]\nkind = \"sobot\"\nbase_url = \"URL\"\napp_id = \"other-app\"\napp_key = \"demo-key\"\n";
    let block = block.replace("URL", &setup.simulator.base_url());
    let two = workspace(&setup, |text| format!("{text}{block}"));
    two.run(&["sync", "sobot.call_result"]).await.expect(0);
    let sources = "select count(distinct source) from sobot.call_result";
    assert_eq!(count(setup.db.pool().await, sources).await, 2);
    two.run(&["sync", "sobot.call_result"]).await.expect(0);
}

#[tokio::test]
async fn another_account_under_an_old_name_is_refused_and_a_trial_is_removed_by_the_command_that_is_told() {
    let account =
        |app_id: &str| ccsync_simulator::SobotAccount { app_id: app_id.into(), app_key: "demo-key".into() };
    let world = ccsync_simulator::SimulatorConfig {
        sobot_accounts: vec![account("demo-app"), account("real-app")],
        ..recent_world()
    };
    let setup = Setup::new(world, "").await;
    setup.run(&["sync"]).await.expect(0);
    let real = workspace(&setup, |text| text.replace("\"demo-app\"", "\"real-app\""));
    let words = ["app_id demo-app", "app_id real-app", "`ccsync source purge sobot --yes`"];
    refused_everywhere(&setup, &real, &words).await;
    real.run(&["source", "purge", "sobot"]).await.expect(0);
    real.run(&["sync"]).await.expect(2);
    real.run(&["source", "purge", "sobot", "--yes"]).await.expect(0);
    let pool = setup.db.pool().await;
    assert_eq!(count(pool, RESULTS).await, 0);
    assert!(0 < count(pool, "select count(*) from moor.queue").await, "the other source stays");
    real.run(&["sync"]).await.expect(0);
    assert_eq!(count(pool, "select count(*) from sobot.call_result where source = 'sobot'").await, 150);
}

#[tokio::test]
async fn credentials_that_never_brought_a_row_bind_nobody() {
    let setup = Setup::new(recent_world(), "").await;
    let wrong = workspace(&setup, |text| text.replace("\"demo-app\"", "\"typing-error\""));
    assert_ne!(wrong.run(&["sync"]).await.code, Some(0));
    setup.run(&["sync"]).await.expect(0);
}

#[tokio::test]
async fn the_same_account_on_another_host_is_refused_until_it_is_moved() {
    let setup = read().await;
    let pool = setup.db.pool().await;
    let rows = count(pool, RESULTS).await;
    let elsewhere = |text: String| text.replace("http://127.0.0.1", "http://localhost");
    let moved = workspace(&setup, elsewhere);
    let words = ["127.0.0.1", "localhost", "`ccsync source move sobot --yes`"];
    refused_everywhere(&setup, &moved, &words).await;
    let shown = moved.run(&["source", "move", "sobot"]).await.expect(0);
    assert!(shown.stdout.contains("from 127.0.0.1 to localhost (http://localhost:"), "{}", shown.stdout);
    for source in ["sobot", "moor"] {
        moved.run(&["source", "move", source, "--yes"]).await.expect(0);
    }
    moved.run(&["sync"]).await.expect(0);
    assert_eq!(count(pool, RESULTS).await, rows);
    setup.run(&["sync"]).await.expect(2);
}

/// Port and path of this machine, and the path elsewhere, tell no accounts apart.
#[tokio::test]
async fn a_move_that_changes_nothing_says_so_and_stops_nobody() {
    let setup = read().await;
    let generation = "select generation from sync.source where name = 'sobot'";
    let before = count(setup.db.pool().await, generation).await;
    let base = setup.simulator.base_url();
    let other = workspace(&setup, |text| text.replace(&base, "http://127.0.0.1:9/api"));
    for arguments in [&["source", "move", "sobot"][..], &["source", "move", "sobot", "--yes"]] {
        let told = other.run(arguments).await.expect(0);
        for word in ["is read from 127.0.0.1 already", "http://127.0.0.1:9/api", "nothing has to be moved"] {
            assert!(told.stdout.contains(word), "{word}: {}", told.stdout);
        }
        assert!(!told.stdout.contains("to 127.0.0.1"), "{}", told.stdout);
    }
    assert_eq!(count(setup.db.pool().await, generation).await, before, "who reads it reads on");
}

#[tokio::test]
async fn a_database_of_before_is_adopted_without_a_word_and_a_rename_made_with_the_upgrade_is_noticed() {
    let setup = read().await;
    let pool = setup.db.pool().await;
    let forget = "update sync.source set account = null, host = null";
    sqlx::raw_sql(forget).execute(pool).await.unwrap();
    let renamed = workspace(&setup, |text| text.replace("sources.sobot", "sources.sobot_main"));
    let told = renamed.run(&["sync"]).await.expect(2);
    assert!(told.stderr.contains("`ccsync source rename sobot sobot_main --yes`"), "{}", told.stderr);
    setup.run(&["sync"]).await.expect(0);
    assert_eq!(count(pool, "select count(*) from sync.source where account is null").await, 0);
}

#[tokio::test]
async fn no_key_is_ever_stored_or_shown() {
    let setup = read().await;
    let listed = setup.run(&["source", "list"]).await.expect(0);
    assert!(listed.stdout.contains("app_id demo-app on 127.0.0.1; configured"), "{}", listed.stdout);
    assert!(!listed.stdout.contains("demo-key"), "{}", listed.stdout);
    let json = setup.run(&["source", "list", "--json"]).await.expect(0).json();
    assert_eq!(json[1]["account"]["id"], "demo-app", "{json}");
    assert_eq!(super::places_with(setup.db.pool().await, "demo-key").await, Vec::<String>::new());
}
