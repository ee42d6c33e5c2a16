//! Databases that are away, refuse, or are not ours: one clear error each, in time, and nothing touched.

use std::time::Duration;

use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::support::db::TestDb;
use crate::support::process::{Ended, Setup, recent_world};

const URL: &str = "CCSYNC__DATABASE__URL";

macro_rules! told {
    ($ended:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => [
            (r"ccsync_test_\w+", "DATABASE"),
            (r"127\.0\.0\.1:\d+", "HOST"),
            (r"localhost:\d+", "HOST"),
        ] }, { insta::assert_snapshot!($ended.talk(), @$snapshot) })
    };
}

/// Each command that needs the database says the same, with the same code, in time.
async fn refused(setup: &Setup, commands: &[&str]) -> Ended {
    let mut last: Option<Ended> = None;
    for command in commands {
        let ended = setup.run(&[command]).await.expect(1);
        assert!(ended.took < Duration::from_secs(30), "{command}: {:?}", ended.took);
        assert_eq!(ended.stdout, "", "{command}");
        if let Some(last) = &last {
            assert_eq!(last.talk(), ended.talk(), "{command}");
        }
        last = Some(ended);
    }
    assert_eq!(setup.simulator.journal().requests(), 0, "no vendor is asked where nothing can be kept");
    last.unwrap()
}

fn changed(url: &str, change: impl FnOnce(&mut Url)) -> String {
    let mut url = Url::parse(url).unwrap();
    change(&mut url);
    url.into()
}

async fn execute(pool: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(pool).await.unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_told() {
    let setup =
        Setup::new(recent_world(), "").await.with(URL, "postgres://ccsync:pa55word@127.0.0.1:1/ccsync");
    let ended = refused(&setup, &["sync", "status", "plan", "migrate"]).await;
    told!(ended, @r#"
    error: connecting to PostgreSQL at HOST, database `ccsync`, user `ccsync`: nobody listens there (Connection refused (os error 111))
    hint: check that PostgreSQL runs and that database.url is right; what vendors can be asked for again is not lost; see docs/runbook.md#database_unreachable
    "#);
    assert!(!ended.stderr.contains("pa55word"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_database_port_that_never_answers_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://ccsync:pa55word@{}/ccsync", listener.local_addr().unwrap());
    let setup = Setup::new(recent_world(), "").await.with(URL, &url);
    let ended = refused(&setup, &["sync"]).await;
    told!(ended, @r#"
    error: connecting to PostgreSQL at HOST, database `ccsync`, user `ccsync`: no answer within 5 s; is the server up, and does a firewall stand between?
    hint: check that PostgreSQL runs and that database.url is right; what vendors can be asked for again is not lost; see docs/runbook.md#database_unreachable
    "#);
}

#[tokio::test]
async fn a_wrong_database_password_is_told() {
    let setup = Setup::new(recent_world(), "").await;
    let url = changed(setup.db.url(), |url| url.set_password(Some("pa55word")).unwrap());
    let setup = setup.with(URL, &url);
    let ended = refused(&setup, &["sync"]).await;
    told!(ended, @r#"
    error: connecting to PostgreSQL at HOST, database `DATABASE`, user `ccsync`: PostgreSQL says: password authentication failed for user "ccsync" (SQLSTATE 28P01); check user and password in `database.url`, and pg_hba.conf on the server
    hint: see docs/runbook.md#database_refused
    "#);
    assert!(!ended.stderr.contains("pa55word"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_told() {
    let setup = Setup::new(recent_world(), "").await;
    let url = changed(setup.db.url(), |url| url.set_path("nosuch"));
    let ended = refused(&setup.with(URL, &url), &["sync"]).await;
    told!(ended, @r#"
    error: connecting to PostgreSQL at HOST, database `nosuch`, user `ccsync`: PostgreSQL says: database "nosuch" does not exist (SQLSTATE 3D000); create the database, or correct its name in `database.url`
    hint: see docs/runbook.md#database_refused
    "#);
}

#[tokio::test]
async fn a_database_that_is_somebody_elses_is_left_as_it_is() {
    let foreign = TestDb::empty().await;
    let pool = foreign.pool().await;
    execute(pool, "create schema sobot; create table sobot.call_result (theirs int)").await;
    let setup = Setup::new(recent_world(), "").await.with(URL, foreign.url());
    let ended = refused(&setup, &["sync", "migrate", "run"]).await;
    told!(ended, @"
    error: PostgreSQL at HOST, database `DATABASE`, user `ccsync` holds `sobot.call_result`, which ccsync did not create: give ccsync a database of its own, or rename that schema; nothing was changed
    hint: see docs/runbook.md#database_refused
    ");
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_schema || '.' || table_name from information_schema.tables
         where table_schema not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(tables, ["sobot.call_result"]);
}

#[tokio::test]
async fn a_schema_sync_that_somebody_else_made_is_left_as_it_is() {
    let foreign = TestDb::empty().await;
    execute(foreign.pool().await, "create schema sync; create table sync.run (theirs int)").await;
    let setup = Setup::new(recent_world(), "").await.with(URL, foreign.url());
    let ended = refused(&setup, &["sync", "migrate"]).await;
    told!(ended, @"
    error: PostgreSQL at HOST, database `DATABASE`, user `ccsync` holds `sync.run`, which ccsync did not create: give ccsync a database of its own, or rename that schema; nothing was changed
    hint: see docs/runbook.md#database_refused
    ");
}

#[tokio::test]
async fn a_schema_of_a_newer_ccsync_is_left_as_it_is() {
    let setup = Setup::new(recent_world(), "").await;
    execute(
        setup.db.pool().await,
        "insert into sync.migration (version, description, success, checksum, execution_time)
         values (20990101000000, 'of tomorrow', true, '', 0)",
    )
    .await;
    let ended = refused(&setup, &["sync", "run"]).await;
    told!(ended, @"
    error: migrating the database: PostgreSQL at HOST, database `DATABASE`, user `ccsync` has migration 20990101000000, which this ccsync 0.1.0 does not know: a newer one migrated it; use that one
    hint: see docs/runbook.md#database_refused
    ");
    let ended = refused(&setup, &["status", "plan", "migrate"]).await;
    told!(ended, @"
    error: looking at the schema: PostgreSQL at HOST, database `DATABASE`, user `ccsync` has migration 20990101000000, which this ccsync 0.1.0 does not know: a newer one migrated it; use that one
    hint: see docs/runbook.md#database_refused
    ");
}

#[tokio::test]
async fn settings_of_the_role_that_change_output_or_parsing_change_nothing() {
    let setup = Setup::new(recent_world(), "").await;
    let pool = setup.db.pool().await;
    let database: String = sqlx::query_scalar("select current_database()").fetch_one(pool).await.unwrap();
    for setting in [
        "quote_all_identifiers = on",
        "default_transaction_read_only = on",
        "default_transaction_deferrable = on",
        "default_transaction_isolation = 'serializable'",
        "datestyle = 'German, DMY'",
        "intervalstyle = 'sql_standard'",
        "timezone = 'America/St_Johns'",
        "bytea_output = escape",
        "extra_float_digits = -15",
        "standard_conforming_strings = off",
        "escape_string_warning = on",
        "backslash_quote = off",
        "transform_null_equals = on",
        "array_nulls = off",
        "xmloption = document",
        "lc_numeric = 'C'",
        "lc_monetary = 'C'",
        "search_path = 'nosuch'",
        "client_min_messages = debug5",
        "statement_timeout = '1s'",
        "lock_timeout = 1",
        "idle_in_transaction_session_timeout = 1",
        "idle_session_timeout = 100",
        "enable_hashagg = off",
        "enable_nestloop = off",
        "plan_cache_mode = force_generic_plan",
        "check_function_bodies = off",
        "row_security = off",
        "gin_fuzzy_search_limit = 1",
        "from_collapse_limit = 1",
        "join_collapse_limit = 1",
        "max_parallel_workers_per_gather = 0",
        "jit = on",
        "jit_above_cost = 0",
        "debug_parallel_query = on",
    ] {
        let sql = format!("set transaction read write; alter database \"{database}\" set {setting}");
        let set = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(pool).await;
        // Not every server has each.
        assert!(set.is_ok() || setting.starts_with("debug_parallel_query"), "{setting}: {set:?}");
    }
    for command in ["migrate", "sync", "check", "verify", "status"] {
        setup.run(&[command]).await.expect(0);
    }
    setup.run(&["sync"]).await.expect(0);
    let reset = format!("set transaction read write; alter database \"{database}\" reset all");
    sqlx::raw_sql(sqlx::AssertSqlSafe(reset)).execute(pool).await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_not_taken_is_a_mistake_of_the_configuration_and_says_what_to_write() {
    let setup = Setup::new(recent_world(), "").await;
    for (more, told) in [
        ("?sslmod=require", "did you mean `sslmode`?"),
        ("?channel_binding=require", "leave it out"),
        ("?target_session_attrs=standby", "leave it out"),
        ("?host=127.0.0.1,127.0.0.2", "several hosts"),
    ] {
        let url = format!("{}{more}", setup.db.url());
        let ended = setup.workspace.command(&["status"]).env(URL, url).output().await.unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code() == Some(2) && said.contains(told), "{more}: {said}");
    }
}

#[tokio::test]
async fn what_a_trigger_says_is_scrubbed_wherever_it_is_told() {
    let setup = Setup::new(recent_world(), "").await;
    let pool = setup.db.pool().await;
    execute(
        pool,
        "create function public.say() returns trigger language plpgsql as
         $$ begin raise exception 'no % <zhang.san@example.com> 15711356914', new.agentid; end $$;
         create trigger say after insert on sobot.call_result for each row execute function public.say()",
    )
    .await;
    let ended = setup.run(&["sync", "sobot.call_result"]).await.expect(1);
    let stored = "select concat((select string_agg(w::text, '') from sync.time_window w),
        (select string_agg(r::text, '') from sync.run r))";
    let stored: String = sqlx::query_scalar(stored).fetch_one(pool).await.unwrap();
    for said in [&ended.stderr, &ended.stdout, &stored, &setup.run(&["status"]).await.stdout] {
        assert!(!said.contains("15711356914") && !said.contains("zhang.san@"), "{said}");
    }
    assert!(ended.talk().contains("157****6914"), "{}", ended.stderr);
}

/// A pooler as PgBouncer is with its defaults: it passes everything on but parameters of the start that it does not know.
async fn pooler(behind: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pooled(client, behind.clone()));
        }
    });
    address.to_string()
}

async fn pooled(mut client: TcpStream, behind: String) {
    const KNOWN: [&str; 7] = [
        "user",
        "database",
        "client_encoding",
        "DateStyle",
        "TimeZone",
        "application_name",
        "standard_conforming_strings",
    ];
    loop {
        let length = client.read_u32().await.unwrap();
        let mut start = vec![0; length as usize - 4];
        client.read_exact(&mut start).await.unwrap();
        // A question for TLS: no.
        if start == 80_877_103_u32.to_be_bytes() {
            client.write_all(b"N").await.unwrap();
            continue;
        }
        let words: Vec<&str> =
            start[4..].split(|byte| *byte == 0).map(|word| std::str::from_utf8(word).unwrap()).collect();
        let unknown = words.chunks(2).find(|pair| !pair[0].is_empty() && !KNOWN.contains(&pair[0]));
        if let Some(unknown) = unknown {
            let text = format!("SFATAL\0C08P01\0Munsupported startup parameter: {}\0\0", unknown[0]);
            client.write_all(b"E").await.unwrap();
            client.write_u32(text.len() as u32 + 4).await.unwrap();
            client.write_all(text.as_bytes()).await.unwrap();
            return;
        }
        let mut server = TcpStream::connect(&behind).await.unwrap();
        server.write_u32(length).await.unwrap();
        server.write_all(&start).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        return;
    }
}

#[tokio::test]
async fn a_pooler_in_session_mode_with_its_defaults_may_stand_between() {
    let setup = Setup::new(recent_world(), "").await;
    let server = Url::parse(setup.db.url()).unwrap();
    let pooler = pooler(format!("{}:{}", server.host_str().unwrap(), server.port().unwrap())).await;
    let (host, port) = pooler.split_once(':').unwrap();
    let url = changed(setup.db.url(), |url| {
        url.set_host(Some(host)).unwrap();
        url.set_port(Some(port.parse().unwrap())).unwrap();
    });
    let setup = setup.with(URL, &url);
    for command in ["migrate", "sync", "check", "verify", "status", "sync"] {
        setup.run(&[command]).await.expect(0);
    }
    let setup = setup.with(URL, &format!("{url}?options=-c%20work_mem%3D4MB"));
    let said = setup.run(&["status"]).await.expect(1).stderr;
    assert!(said.contains("unsupported startup parameter: options") && said.contains("a pooler"), "{said}");
}

#[tokio::test]
async fn a_failure_of_tls_names_mode_and_file() {
    let setup = Setup::new(recent_world(), "").await;
    let nowhere = setup.workspace.path().join("nowhere.pem");
    let url = changed(setup.db.url(), |url| {
        url.query_pairs_mut()
            .append_pair("sslmode", "verify-full")
            .append_pair("sslrootcert", nowhere.to_str().unwrap());
    });
    let said = setup.with(URL, &url).run(&["status"]).await.expect(1).stderr;
    for told in ["by TLS", "sslmode verify-full", nowhere.to_str().unwrap()] {
        assert!(said.contains(told), "{told}: {said}");
    }
}
