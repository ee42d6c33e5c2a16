//! Databases that somebody changed: what may lose or refuse rows is found, and each remedy mends it as printed.

use ccsync::domain::catalogue::{Finding, Remedy, Severity};
use ccsync::store::Repaired;
use sqlx::AssertSqlSafe;

use crate::data::store::support::{Fresh, at, calls, day, fresh_store, many_calls};

/// What the migrations make; `CCSYNC_WRITE_DOCS=1` writes it anew.
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/schema/catalogue/expected.json");

async fn execute(fresh: &Fresh, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&fresh.db).await {
        panic!("{sql}: {error}");
    }
}

async fn findings(fresh: &Fresh) -> Vec<Finding> {
    fresh.store.catalogue_findings().await.unwrap()
}

#[tokio::test]
async fn the_expected_catalogue_is_what_the_migrations_make() {
    let fresh = fresh_store().await;
    let catalogue = fresh.store.catalogue().await.unwrap();
    let made = format!("{}\n", serde_json::to_string_pretty(&catalogue).unwrap());
    if std::env::var_os("CCSYNC_WRITE_DOCS").is_some() {
        std::fs::write(EXPECTED, &made).unwrap();
    }
    let old = std::fs::read_to_string(EXPECTED).unwrap_or_default() != made;
    assert!(!old, "{EXPECTED} is old: CCSYNC_WRITE_DOCS=1 cargo test --test it expected_catalogue");
    assert!(catalogue.tables.len() > 30 && catalogue.views.len() > 10, "{}", catalogue.tables.len());
}

/// Somebody's change of the database, and what is found of it.
struct Change {
    /// What they run.
    sql: &'static str,
    severity: Severity,
    /// Part of the sentence.
    told: &'static str,
}

const fn fails(sql: &'static str, told: &'static str) -> Change {
    Change { sql, severity: Severity::Fails, told }
}

const fn warns(sql: &'static str, told: &'static str) -> Change {
    Change { sql, severity: Severity::Warns, told }
}

const FOREIGN: [Change; 15] = [
    fails(
        "create function public.drop_row() returns trigger language plpgsql as $$ begin return null; end $$;
         create trigger filter before insert on sobot.call_result for each row execute function public.drop_row()",
        "trigger filter on sobot.call_result is not ccsync's and may drop rows",
    ),
    fails(
        "alter table sobot.chat_result enable row level security; alter table sobot.chat_result force row level security",
        "table sobot.chat_result has row-level security that applies to our role",
    ),
    fails(
        "alter table sobot.call_result add column theirs text not null",
        "column sobot.call_result.theirs is not ccsync's, is NOT NULL and has no default",
    ),
    fails(
        "alter table sobot.call_result add constraint low check (total_score < 90)",
        "constraint low on sobot.call_result is not ccsync's and may refuse rows: CHECK",
    ),
    fails(
        "create rule divert as on insert to moor.queue do instead nothing",
        "rule divert on moor.queue is not ccsync's and replaces writes",
    ),
    fails(
        "create unique index one_each on sobot.call_result (agent_name)",
        "index sobot.one_each on sobot.call_result is not ccsync's and is unique",
    ),
    fails("alter table sobot.call_result set unlogged", "is unlogged"),
    fails(
        "revoke insert on sync.time_window from current_user",
        "table sync.time_window does not grant insert to our role",
    ),
    fails(
        "create function public.prune() returns trigger language plpgsql as
         $$ begin delete from sobot.call_result where total_score < 10; return null; end $$;
         create trigger prune after insert or update on sobot.call_result for each statement execute function public.prune()",
        "trigger prune on sobot.call_result is not ccsync's and may delete rows that were written",
    ),
    warns(
        "create table public.audit (at timestamptz);
         create function public.audit() returns trigger language plpgsql as
         $$ begin insert into public.audit values (now()); return null; end $$;
         create trigger audit after insert or update on sobot.call_result for each row execute function public.audit()",
        "trigger audit on sobot.call_result is not ccsync's; it runs with each write",
    ),
    warns(
        "create function public.stamp() returns trigger language plpgsql as $$ begin return new; end $$;
         create trigger stamp before update on sobot.call_result for each row execute function public.stamp()",
        "trigger stamp on sobot.call_result is not ccsync's; it runs with each write",
    ),
    warns("alter table sobot.chat_result add column theirs text", "column sobot.chat_result.theirs is not ccsync's"),
    warns(
        "alter table sobot.call_result_history add column theirs int not null default 1",
        "column sobot.call_result_history.theirs is not ccsync's",
    ),
    warns("create index theirs on sobot.call_result (agent_name)", "index sobot.theirs on sobot.call_result"),
    warns(
        "create rule also as on update to moor.queue do also select 1",
        "rule also on moor.queue is not ccsync's; it runs with each write",
    ),
];

const OURS: [Change; 20] = [
    fails(
        "alter table sobot.call_result drop column total_score cascade",
        "column sobot.call_result.total_score is missing",
    ),
    fails(
        "alter table sobot.call_result drop column content_hash cascade",
        "column sobot.call_result.content_hash is missing",
    ),
    fails("drop view bi.quality_result cascade", "view bi.quality_result is missing"),
    fails("drop view bi.freshness cascade", "view bi.freshness is missing"),
    fails(
        "create or replace view bi.skill_group_member_history as select * from bi.skill_group_member_history_old limit 0",
        "view bi.skill_group_member_history is not as ccsync made it",
    ),
    fails(
        "alter table sobot.call_result drop constraint call_result_pkey",
        "table sobot.call_result lacks its constraint PRIMARY KEY",
    ),
    fails(
        "alter table sync.quarantine drop constraint quarantine_pkey cascade",
        "table sync.quarantine lacks its constraint PRIMARY KEY",
    ),
    fails(
        "drop function sync.history_months_extend(date)",
        "function sync.history_months_extend(until date) is missing",
    ),
    fails("drop function bi.business_zone() cascade", "function bi.business_zone() is missing"),
    fails(
        "create or replace function sync.history_months_extend(until date) returns integer language sql as 'select 0'",
        "function sync.history_months_extend(until date) is not as ccsync made it",
    ),
    fails("drop table sobot.agent cascade", "table sobot.agent is missing"),
    fails("drop table bi.calendar cascade", "table bi.calendar is missing"),
    fails("drop table sync.certificate cascade", "table sync.certificate is missing"),
    fails("drop sequence sync.fence", "sequence sync.fence is missing"),
    fails("drop schema bi cascade", "schema bi is missing"),
    fails(
        "drop schema bi cascade; alter table sobot.call_result alter column total_score type numeric(4,1)",
        "column sobot.call_result.total_score is numeric(4,1), not numeric",
    ),
    fails("alter table sobot.call_result alter column agent_name set not null", "agent_name is NOT NULL"),
    fails("alter table sobot.call_result alter column extra drop default", "has not the default"),
    fails(
        "alter table sobot.call_result disable trigger user",
        "table sobot.call_result has disabled triggers (note_deleted, note_inserted, note_truncated, note_updated)",
    ),
    warns("drop index sobot.call_result_day", "index sobot.call_result_day on sobot.call_result is missing"),
];

/// The command or statement between backticks.
fn remedy(finding: &Finding) -> String {
    finding.advice().split('`').nth(1).expect("a remedy in backticks").to_owned()
}

#[tokio::test]
async fn what_somebody_added_is_found_and_the_statement_that_is_printed_mends_it() {
    let fresh = fresh_store().await;
    assert_eq!(findings(&fresh).await, []);
    for Change { sql, severity, told } in FOREIGN {
        execute(&fresh, sql).await;
        let found = findings(&fresh).await;
        let finding = found.iter().find(|finding| finding.sentence().contains(told));
        let finding = finding.unwrap_or_else(|| panic!("{sql}: {found:#?}"));
        assert_eq!(finding.severity, severity, "{sql}: {found:#?}");
        let ready = fresh.store.catalogue_ready().await;
        assert_eq!(ready.is_err(), severity == Severity::Fails, "{sql}: {ready:?}");
        if let Err(fault) = ready {
            assert!(fault.message.contains(&finding.sentence()), "{fault}");
        }
        execute(&fresh, &remedy(finding)).await;
        fresh.store.catalogue_ready().await.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
        execute(&fresh, "alter table sobot.call_result drop column if exists theirs").await;
        fresh.store.repair().await.unwrap();
        assert_eq!(findings(&fresh).await, [], "{sql}");
    }
}

#[tokio::test]
async fn what_is_ours_and_was_dropped_or_altered_is_found_and_repaired() {
    let fresh = fresh_store().await;
    execute(
        &fresh,
        "create view bi.skill_group_member_history_old as select * from bi.skill_group_member_history",
    )
    .await;
    for Change { sql, severity, told } in OURS {
        execute(&fresh, sql).await;
        let found = findings(&fresh).await;
        let finding = found.iter().find(|finding| finding.sentence().contains(told));
        let finding = finding.unwrap_or_else(|| panic!("{sql}: {found:#?}"));
        assert_eq!(finding.severity, severity, "{sql}: {found:#?}");
        assert_eq!(remedy(finding), "ccsync migrate --repair", "{sql}");
        let repaired = fresh.store.repair().await.unwrap();
        assert!(repaired.refused.is_empty(), "{sql}: {:#?}", repaired.refused);
        assert_eq!(findings(&fresh).await, [], "{sql}");
    }
    assert_eq!(fresh.count("select count(*) from bi.calendar").await, 9131);
    // A second repair finds nothing to do.
    let repaired = fresh.store.repair().await.unwrap();
    assert!(repaired.mended.is_empty() && repaired.due_again.is_empty(), "{repaired:?}");
}

#[tokio::test]
async fn what_an_operator_may_have_is_no_finding() {
    let fresh = fresh_store().await;
    execute(
        &fresh,
        "create schema reports; create table reports.own (a int primary key);
         create view reports.calls as select * from bi.quality_result; create view bi.own as select 1 as a;
         create function bi.own() returns int language sql return 1; create table sobot.own (a int);
         select sync.business_zone_set('Europe/Berlin')",
    )
    .await;
    assert_eq!(findings(&fresh).await, []);
    fresh.store.partition_histories(at(0)).await.unwrap();
    fresh.store.extend_months(at(24 * 400)).await.unwrap();
    assert_eq!(findings(&fresh).await, []);
}

#[tokio::test]
async fn a_part_of_a_history_without_its_key_or_a_history_without_its_rest_is_repaired() {
    let fresh = fresh_store().await;
    fresh.store.partition_histories(at(0)).await.unwrap();
    for sql in [
        "alter table partition.sobot_call_result_history_2026_01 drop constraint sobot_call_result_history_2026_01_pkey",
        "alter table sobot.call_result_history detach partition partition.sobot_call_result_history_rest",
        "drop table partition.sobot_call_result_history_rest",
    ] {
        execute(&fresh, sql).await;
        let found = findings(&fresh).await;
        assert_eq!(found.len(), 1, "{sql}: {found:#?}");
        assert_eq!(found[0].severity, Severity::Fails);
        let repaired = fresh.store.repair().await.unwrap();
        assert!(repaired.refused.is_empty(), "{sql}: {:#?}", repaired.refused);
        assert_eq!(findings(&fresh).await, [], "{sql}");
    }
}

#[tokio::test]
async fn a_repair_that_stored_rows_forbid_says_what_to_run_first() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(3, 80), 30).await;
    let run = async |sql: &str| execute(&fresh, sql).await;
    run("alter table sobot.call_result drop constraint call_result_pkey;
         insert into sobot.call_result select * from sobot.call_result limit 1")
    .await;
    let first = |repaired: &Repaired| match &repaired.refused[0].0.remedy {
        Remedy::Repair { if_refused: Some(sql), .. } => sql.clone(),
        other => panic!("{other:?}"),
    };
    let refused = fresh.store.repair().await.unwrap();
    assert!(!refused.refused[0].1.contains("call-0"), "no value: {:?}", refused.refused);
    run(&first(&refused)).await;
    assert!(fresh.store.repair().await.unwrap().refused.is_empty());
    assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 3);
    // Rows without their key cannot be kept.
    run("alter table sobot.call_result drop column call_log_jestid cascade").await;
    let refused = fresh.store.repair().await.unwrap();
    run(&first(&refused)).await;
    let repaired = fresh.store.repair().await.unwrap();
    assert!(repaired.refused.is_empty(), "{:#?}", repaired.refused);
    assert_eq!(findings(&fresh).await, []);
    assert_eq!(repaired.due_again.len(), 1, "{repaired:?}");
    let verdict = fresh.value::<String>("select verdict from sync.time_window").await;
    assert_eq!(verdict, "unverified");
}

#[tokio::test]
async fn values_of_a_dropped_column_come_back_with_the_next_read() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(3, 80), 30).await;
    execute(&fresh, "alter table sobot.call_result drop column total_score cascade").await;
    let repaired = fresh.store.repair().await.unwrap();
    let (stream, windows, _) = repaired.due_again[0];
    assert_eq!((stream, windows), (calls().stream, 1));
    let lost = "select count(*) from sobot.call_result where total_score is null";
    assert_eq!(fresh.count(lost).await, 3);
    let counts = fresh.read(&calls(), day(), many_calls(3, 80), 40).await;
    assert_eq!((counts.updated, counts.unchanged), (3, 0));
    assert_eq!(fresh.count(lost).await, 0);
}

#[tokio::test]
async fn past_rows_of_a_table_with_an_operators_column_are_readable_after_a_repair() {
    let fresh = fresh_store().await;
    fresh.read(&calls(), day(), many_calls(3, 80), 30).await;
    fresh.read(&calls(), day(), many_calls(3, 90), 40).await;
    execute(&fresh, "alter table sobot.call_result add column theirs text").await;
    let found = findings(&fresh).await;
    assert!(found.iter().all(|finding| finding.severity == Severity::Warns), "{found:#?}");
    fresh.store.repair().await.unwrap();
    let past = "select count(*) from sobot.call_result_as_of('2026-01-02T12:00:00Z') where total_score = 80";
    assert_eq!(fresh.count(past).await, 3);
    let counts = fresh.read(&calls(), day(), many_calls(3, 70), 50).await;
    assert_eq!(counts.updated, 3);
}

#[tokio::test]
async fn the_comparison_takes_less_than_a_third_of_a_second() {
    let fresh = fresh_store().await;
    findings(&fresh).await;
    let mut best = std::time::Duration::MAX;
    for _ in 0..5 {
        let began = std::time::Instant::now();
        findings(&fresh).await;
        best = best.min(began.elapsed());
    }
    assert!(best.as_millis() < 300, "{best:?}");
}
