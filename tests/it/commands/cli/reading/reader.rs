//! What analysts are given: the data dictionary and the role that reads.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::support::analyst;
use crate::support::db::TestDb;
use crate::support::process::{Setup, Workspace, recent_world};

/// Where the dictionary is kept; `CCSYNC_WRITE_DOCS=1` writes it anew.
const DICTIONARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/data-dictionary.md");

/// What the dbt project has of it.
const DBT_SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/integrations/dbt/models/sources.yml");

async fn can(connection: &mut PgConnection, sql: &str) -> bool {
    match sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await {
        Ok(_) => true,
        Err(error) => {
            let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
            // Not allowed; or a view that nobody can write to.
            assert!(matches!(code.as_deref(), Some("42501" | "55000")), "{sql}: {error}");
            false
        }
    }
}

#[tokio::test]
async fn the_data_dictionary_in_the_documents_is_what_the_database_says() {
    let setup = Setup::new(recent_world(), "").await;
    for (kept, arguments) in [(DICTIONARY, vec!["schema"]), (DBT_SOURCES, vec!["schema", "--format", "dbt"])]
    {
        let told = setup.run(&arguments).await.expect(0).stdout;
        if std::env::var_os("CCSYNC_WRITE_DOCS").is_some() {
            std::fs::write(kept, &told).unwrap();
        }
        let old = std::fs::read_to_string(kept).unwrap_or_default() != told;
        assert!(!old, "{kept} is old: CCSYNC_WRITE_DOCS=1 cargo test --test it data_dictionary");
    }
    let json = setup.run(&["schema", "--json"]).await.expect(0).json();
    let schemas: Vec<&str> =
        json.as_array().unwrap().iter().map(|schema| schema["name"].as_str().unwrap()).collect();
    assert_eq!(schemas, ["bi", "moor", "sobot", "workbench"]);
    let dbt = setup.run(&["schema", "--format", "dbt"]).await.expect(0).stdout;
    for part in [
        "version: 2\n",
        "  - name: sobot\n",
        "      - name: call_result\n",
        "          - name: total_score\n",
    ] {
        assert!(dbt.contains(part), "{part}");
    }
}

#[tokio::test]
async fn members_of_a_group_on_a_past_day_are_one_select_away() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync", "moor.queue", "moor.agent_claim_status"]).await.expect(0);
    let pool = setup.db.pool().await;
    let count = async |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(pool).await.unwrap();
    let members = count("select count(*) from moor.queue_member").await;
    assert!(members > 0);
    assert_eq!(count("select count(*) from bi.skill_group_member where at_desk is not null").await, members);
    let then: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select clock_timestamp()").fetch_one(pool).await.unwrap();
    let kind = ccsync_simulator::ChangeKind::GroupRemoved;
    setup.simulator.mutate(ccsync_simulator::Change::Random { kind }).unwrap();
    setup.run(&["sync", "moor.queue"]).await.expect(0);
    assert!(count("select count(*) from bi.skill_group_member").await < members, "a group is gone");
    let past: i64 = sqlx::query_scalar(
        "select count(*) from bi.skill_group_member_history
         where valid_from <= $1 and (valid_to is null or $1 < valid_to)",
    )
    .bind(then)
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!(past, members);
}

#[tokio::test]
async fn without_the_right_to_make_roles_grant_prints_what_an_administrator_has_to_run_and_that_is_enough() {
    let db = TestDb::create().await;
    let pool = db.pool().await;
    let (ours, login) = (analyst::login(), analyst::login());
    // A member of the owner owns what the owner owns, and may make no roles.
    for sql in [
        format!("create role {ours} login password 'ours'"),
        format!("grant {} to {ours}", db.options().get_username()),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap();
    }
    let mut url = url::Url::parse(db.url()).unwrap();
    url.set_username(&ours).unwrap();
    url.set_password(Some("ours")).unwrap();
    // No source is configured: analysts come before or after.
    let workspace = Workspace::new(&format!("[database]\nurl = \"{url}\"\n"));
    let arguments = ["grant", "bi-reader", "--login", &login];
    let refused = workspace.run(&arguments).await.expect(1).stderr;
    let (_, rest) = refused.split_once("have an administrator run `").unwrap_or_else(|| panic!("{refused}"));
    let (statements, _) = rest.split_once('`').unwrap();
    assert!(statements.contains(&format!("grant bi_reader to {login};")), "{statements}");
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(pool).await.unwrap();
    workspace.run(&arguments).await.expect(0);
    let limit: Vec<String> = sqlx::query_scalar("select rolconfig::text from pg_roles where rolname = $1")
        .bind(&login)
        .fetch_all(pool)
        .await
        .unwrap();
    assert!(limit[0].contains("statement_timeout=2min"), "{limit:?}");
    analyst::forget(pool, &login).await;
    sqlx::query(AssertSqlSafe(format!("drop role {ours}"))).execute(pool).await.unwrap();
}

#[tokio::test]
async fn an_analyst_reads_every_relation_meant_for_analysts_and_nothing_of_the_ledger() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let login = analyst::login();
    let password = setup.workspace.write("password", &format!("{}\n", analyst::PASSWORD));
    let granted = setup
        .run(&["grant", "bi-reader", "--login", &login, "--password-file", password.to_str().unwrap()])
        .await
        .expect(0);
    assert!(granted.stdout.contains("a new login"), "{}", granted.stdout);
    let again = setup.run(&["grant", "bi-reader", "--login", &login]).await.expect(0);
    assert!(!again.stdout.contains("a new login"), "{}", again.stdout);

    let pool = setup.db.pool().await;
    let relations: Vec<(String, bool)> = sqlx::query_as(
        "select format('%I.%I', n.nspname, c.relname), n.nspname <> 'sync' from pg_class c
         join pg_namespace n on n.oid = c.relnamespace
         where n.nspname in ('bi', 'moor', 'sobot', 'workbench', 'sync') and c.relkind in ('r', 'p', 'v', 'm')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut analyst = analyst::connect(&setup.db, &login).await;
    for (relation, readable) in &relations {
        assert_eq!(
            can(&mut analyst, &format!("select * from {relation} limit 1")).await,
            *readable,
            "{relation}"
        );
        assert!(!can(&mut analyst, &format!("delete from {relation}")).await, "{relation} is written to");
    }
    assert!(can(&mut analyst, "select * from sobot.call_result_as_of(now()) limit 1").await);
    assert!(!can(&mut analyst, "create table sobot.mine ()").await);

    // A relation that a later migration brings is readable after it.
    sqlx::query("create view bi.later as select 1 as one").execute(pool).await.unwrap();
    assert!(!can(&mut analyst, "select * from bi.later").await);
    setup.run(&["migrate"]).await.expect(0);
    assert!(can(&mut analyst, "select * from bi.later").await);
    drop(analyst);
    analyst::forget(pool, &login).await;
    let itself = setup.run(&["grant", "bi-reader", "--login", "bi_reader"]).await.expect(1);
    assert!(itself.stderr.contains("a login of its own"), "{}", itself.stderr);
}
