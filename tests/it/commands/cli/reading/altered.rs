//! A database that somebody changed, at the commands: none calls it well, and what they advise mends it.

use sqlx::AssertSqlSafe;

use crate::support::process::{Ended, Setup, recent_world};

async fn execute(setup: &Setup, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(setup.db.pool().await).await.unwrap();
}

async fn refused(setup: &Setup, told: &str) -> Ended {
    let check = setup.run(&["check"]).await.expect(1);
    assert!(check.stdout.contains(told), "{told}: {}", check.stdout);
    for command in ["sync", "run", "migrate"] {
        let ended = setup.run(&[command]).await.expect(1);
        assert!(ended.stderr.contains(told), "{command}: {told}: {}", ended.stderr);
        assert!(!ended.stderr.contains("up to date"), "{command}: {}", ended.stderr);
    }
    // Where views are missing there is no status at all, for the same reason.
    let status = setup.run(&["status"]).await;
    let said = format!("{}{}", status.stdout, status.stderr);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(told) && !said.contains(": healthy"), "{told}: {said}");
    check
}

#[tokio::test]
async fn what_was_dropped_by_hand_is_refused_until_the_repair_that_is_advised_and_then_nothing_is_missing() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    execute(
        &setup,
        "alter table sobot.call_result drop column total_score cascade;
         alter table sobot.chat_result drop constraint chat_result_pkey; drop view bi.freshness cascade",
    )
    .await;
    let check = refused(&setup, "column sobot.call_result.total_score is missing").await;
    for told in ["table sobot.chat_result lacks its constraint PRIMARY KEY", "view bi.freshness is missing"] {
        assert!(check.stdout.contains(told), "{}", check.stdout);
    }
    assert!(check.stdout.contains("run `ccsync migrate --repair`"), "{}", check.stdout);
    let repair = setup.run(&["migrate", "--repair"]).await.expect(0);
    assert!(
        repair.stdout.contains("repaired: column sobot.call_result.total_score is missing"),
        "{}",
        repair.stdout
    );
    assert!(repair.stdout.contains("values of sobot.call_result were lost: "), "{}", repair.stdout);
    assert!(repair.stdout.contains(" become due again"), "{}", repair.stdout);
    setup.run(&["check"]).await.expect(0);
    setup.run(&["sync"]).await.expect(0);
    setup.run(&["verify"]).await.expect(0);
    let again = setup.run(&["migrate", "--repair"]).await.expect(0);
    assert_eq!(
        (again.stdout.as_str(), again.talk().as_str()),
        ("", "nothing of ccsync's was missing or altered\n")
    );
}

#[tokio::test]
async fn a_trigger_that_drops_rows_is_refused_until_the_statement_that_is_advised_was_run() {
    let setup = Setup::new(recent_world(), "").await;
    execute(
        &setup,
        "create function public.drop_row() returns trigger language plpgsql as $$ begin return null; end $$;
         create trigger filter before insert on sobot.call_result for each row execute function public.drop_row()",
    )
    .await;
    refused(&setup, "trigger filter on sobot.call_result is not ccsync's and may drop rows").await;
    assert_eq!(windows(&setup).await, 0);
    let status = setup.run(&["status", "--json"]).await.expect(0).json();
    let refused = |alert: &serde_json::Value| alert["kind"] == "database_refused";
    assert!(
        status["healthy"] == false && status["alerts"].as_array().unwrap().iter().any(refused),
        "{status}"
    );
    let verified = setup.run(&["verify"]).await.expect(4);
    let first = "hint: sobot/sobot.call_result: first of all, since a pass is refused meanwhile: ";
    let hint = verified.stderr.lines().find(|line| line.starts_with("hint: sobot/sobot.call_result"));
    assert!(hint.is_some_and(|hint| hint.starts_with(first) && hint.contains("trigger filter")), "{hint:?}");
    execute(&setup, "drop trigger filter on sobot.call_result").await;
    let mended = setup.run(&["status", "--json"]).await.expect(0).json();
    assert!(!mended["alerts"].as_array().unwrap().iter().any(refused), "{mended}");
    setup.run(&["sync"]).await.expect(0);
    assert!(0 < windows(&setup).await);
}

#[tokio::test]
async fn an_audit_trigger_and_an_operators_column_are_warned_of_and_work() {
    let setup = Setup::new(recent_world(), "").await;
    execute(
        &setup,
        "create table public.audit (at timestamptz);
         create function public.audit() returns trigger language plpgsql as
         $$ begin insert into public.audit values (now()); return null; end $$;
         create trigger audit after insert on sobot.call_result for each row execute function public.audit();
         alter table sobot.chat_result add column theirs text",
    )
    .await;
    let check = setup.run(&["check"]).await.expect(0);
    for told in
        ["warning  catalogue", "trigger audit on sobot.call_result", "column sobot.chat_result.theirs"]
    {
        assert!(check.stdout.contains(told), "{told}: {}", check.stdout);
    }
    setup.run(&["sync"]).await.expect(0);
    setup.run(&["verify"]).await.expect(0);
    let audited: i64 = sqlx::query_scalar("select count(*) from public.audit")
        .fetch_one(setup.db.pool().await)
        .await
        .unwrap();
    assert_eq!(audited, 150);
}

async fn windows(setup: &Setup) -> i64 {
    let count = "select count(*) from sync.time_window where 0 < reads";
    sqlx::query_scalar(count).fetch_one(setup.db.pool().await).await.unwrap()
}

/// A release is told by the text of its migrations; `status` and `sync` say the same of another one's.
#[tokio::test]
async fn a_database_that_another_release_migrated_is_refused_by_status_as_by_sync() {
    let setup = Setup::new(recent_world(), "").await;
    let alter = "update sync.migration set checksum = '\\x00' where version = (select max(version) from sync.migration)";
    execute(&setup, alter).await;
    for command in ["sync", "status", "verify", "plan"] {
        let ended = setup.run(&[command]).await.expect(1);
        for told in ["was applied to PostgreSQL at", "in another form", "use the release that migrated it"] {
            assert!(ended.stderr.contains(told), "{command}: {told}: {}", ended.stderr);
        }
    }
}
