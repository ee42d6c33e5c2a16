//! `ccsync check`: each thing with a verdict and a remedy, and on after a failure.

use std::os::unix::fs::PermissionsExt as _;

use ccsync::app::{App, CheckVerdict, Overrides};
use ccsync::engine::port::clock::{Clock, SystemClock};
use ccsync_simulator::Endpoint;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use tokio::net::TcpListener;

use crate::support::db::TestDb;
use crate::support::process::{Ended, Setup, configuration, first_day, recent_world};

/// What differs from run to run and from machine to machine.
const FILTERS: [(&str, &str); 8] = [
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r"PostgreSQL \d+\.\d+", "PostgreSQL N"),
    (r"database `ccsync_test_\w+`", "database `DATABASE`"),
    (r"UTC[+-]\d\d:\d\d", "UTC+N"),
    (r"\d+(\.\d)? [MG]B", "N MB"),
    (r"\d+ records?", "N records"),
    (r"sessions default to [\w/]+", "sessions default to ZONE"),
    (r"/\S+/ccsync.toml", "ccsync.toml"),
];

macro_rules! told {
    ($text:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => FILTERS }, { insta::assert_snapshot!($text, @$snapshot) })
    };
}

const SOBOT_URL: &str = "CCSYNC__SOURCES__SOBOT__BASE_URL";
const MOOR_URL: &str = "CCSYNC__SOURCES__MOOR__BASE_URL";
const DATABASE_URL: &str = "CCSYNC__DATABASE__URL";

/// The check of this subject.
fn of<'a>(report: &'a Value, subject: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["subject"] == subject).unwrap_or_else(|| panic!("{subject}: {report}"))
}

/// Configuration and host are the same in most tests; what is told of the database and the vendors.
fn from_database_on(ended: &Ended) -> &str {
    &ended.stdout[ended.stdout.find("Database").unwrap()..]
}

fn close(setup: &Setup) {
    let file = setup.workspace.path().join("ccsync.toml");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn check_tells_all_that_is_well() {
    let setup = Setup::limited(recent_world(), "").await;
    close(&setup);
    let check = setup.run(&["check"]).await.expect(0);
    told!(check.stdout, @r#"
    Configuration
      ok       sources                       sources moor, sobot; streams 4, feeds 0
      ok       secrets                       ccsync.toml is closed to other users

    This host
      ok       time zone                     days, schedules and dates follow Asia/Shanghai; this host's clock shows UTC+N, which does not matter
      ok       disk                          nothing is kept on it: the database is elsewhere, and no feed is followed
      ok       ops.listen                    takes any free port

    Database
      ok       connection                    PostgreSQL N at HOST, database `DATABASE`, user `ccsync`
      ok       rights                        our user may create schemas; the role bi_reader is there
      ok       clock                         agrees with the database's within 10 s
      ok       time zone                     business days follow Asia/Shanghai; sessions default to ZONE
      ok       size                          N MB
      ok       schema                        up to date
      ok       catalogue                     as the migrations made it
      ok       accounts                      2 sources, each under the name of its rows

    Vendors
      ok       moor/moor.queue               answers; N records
      ok       moor/moor.agent_claim_status  answers; N records
      ok       moor questions                not known of the account: page_size, total, depth, behind_end, envelope, fields, error_status, clock, claim_filter; `ccsync probe --source moor` asks
      ok       moor clock                    agrees with the vendor's within 10 s
      ok       sobot credentials             the vendor gave a new token for them
      ok       sobot/sobot.call_result       answers; N records
      ok       sobot/sobot.chat_result       answers
      ok       sobot questions               not known of the account: filter_time, time_of_day, window_end, date_form, window_span, page_size, total, total_cap, depth, behind_end, envelope, fields, error_status, clock; `ccsync probe --source sobot` asks
      ok       sobot clock                   agrees with the vendor's within 10 s

    22 ok
    "#);
    assert_eq!(check.talk(), "");
    let json = setup.run(&["doctor", "--json"]).await.expect(0).json();
    assert!(json["checks"].as_array().unwrap().iter().all(|check| check["ok"] == true), "{json}");
}

#[tokio::test]
async fn a_wrong_key_is_found_though_a_good_token_still_lives_and_what_needs_it_is_skipped() {
    let setup = Setup::limited(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    let setup = setup.with("CCSYNC__SOURCES__SOBOT__APP_KEY", "wrong").with(MOOR_URL, "http://127.0.0.1:1");
    let ended = setup.run(&["check"]).await.expect(1);
    told!(from_database_on(&ended), @r#"
    Database
      ok       connection                    PostgreSQL N at HOST, database `DATABASE`, user `ccsync`
      ok       rights                        our user may create schemas; the role bi_reader is there
      ok       clock                         agrees with the database's within 10 s
      ok       time zone                     business days follow Asia/Shanghai; sessions default to ZONE
      ok       size                          N MB
      ok       schema                        up to date
      ok       catalogue                     as the migrations made it
      ok       accounts                      2 sources, each under the name of its rows

    Vendors
      FAILED   moor/moor.queue               POST /v20210827/webChat/queueQueue/N00000000000: no answer from HOST, no connection: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
                                             hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
      FAILED   moor/moor.agent_claim_status  POST /v20210827/webChat/queueQueueAgentClaimStatus/N00000000000: no answer from HOST, no connection: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
                                             hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
      FAILED   sobot credentials             GET /api/get_token: the vendor answered code “900003” “signature错误”, HTTP 200
                                             hint: correct account and secret of this source; `base_url` must be the account's data centre, and this host's clock right; see docs/runbook.md#credentials_refused
      skipped  sobot/sobot.call_result       needs the credentials, which failed
      skipped  sobot/sobot.chat_result       needs the credentials, which failed
      ok       sobot clock                   agrees with the vendor's within 10 s

    3 failed, 1 with a warning, 2 skipped, 13 ok
    "#);
    let json = setup.run(&["check", "--json"]).await.expect(1).json();
    assert_eq!(of(&json, "sobot credentials")["verdict"], "failed");
    assert_eq!(of(&json, "sobot/sobot.call_result")["verdict"], "skipped");
    assert_eq!(of(&json, "sobot/sobot.call_result")["ok"], false, "what was skipped never looks well");
    let failed = json["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "failed");
    assert!(failed.into_iter().all(|check| check["remedy"].is_string()), "{json}");
}

#[tokio::test]
async fn the_new_token_of_a_check_is_everybodys_and_nobody_has_to_ask_for_another() {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    assert_eq!(setup.simulator.journal().tokens_issued, 1);
    setup.run(&["check"]).await.expect(0);
    assert_eq!(setup.simulator.journal().tokens_issued, 2);
    let asked = setup.simulator.journal().counts(Endpoint::SobotToken).requests;
    setup.run(&["sync"]).await.expect(0);
    assert_eq!(setup.simulator.journal().counts(Endpoint::SobotToken).requests, asked);
}

#[tokio::test]
async fn a_vendor_that_never_answers_and_a_login_page_are_told_and_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let page = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let login = format!("http://{}", page.local_addr().unwrap());
    let html = async || axum::response::Html("<html>Please log in.</html>");
    tokio::spawn(async move { axum::serve(page, axum::Router::new().fallback(html)).await });
    let setup = Setup::limited(recent_world(), "").await.with(SOBOT_URL, &silent).with(MOOR_URL, &login);
    let ended = setup.run(&["check"]).await.expect(1);
    assert!(ended.took < std::time::Duration::from_secs(50), "{:?}", ended.took);
    told!(&ended.stdout[ended.stdout.find("Vendors").unwrap()..], @r#"
    Vendors
      FAILED   moor/moor.queue               POST /v20210827/webChat/queueQueue/N00000000000: expected JSON with a code or success, got an HTML page of 27 bytes, HTTP 200
                                             hint: check that base_url is the API's address and that no proxy or login page answers in its place; see docs/runbook.md#malformed
      FAILED   moor/moor.agent_claim_status  POST /v20210827/webChat/queueQueueAgentClaimStatus/N00000000000: expected JSON with a code or success, got an HTML page of 27 bytes, HTTP 200
                                             hint: check that base_url is the API's address and that no proxy or login page answers in its place; see docs/runbook.md#malformed
      ok       moor clock                    agrees with the vendor's within 10 s
      FAILED   sobot credentials             GET /api/get_token: no answer from HOST, out of time (the limits are http.read_timeout and http.total_timeout): error sending request: operation timed out
                                             hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
      skipped  sobot/sobot.call_result       needs the credentials, which failed
      skipped  sobot/sobot.chat_result       needs the credentials, which failed

    3 failed, 1 with a warning, 2 skipped, 13 ok
    "#);
}

#[tokio::test]
async fn without_the_database_the_rest_is_still_looked_at() {
    let setup =
        Setup::new(recent_world(), "").await.with(DATABASE_URL, "postgres://ccsync@127.0.0.1:1/ccsync");
    let ended = setup.run(&["check"]).await.expect(1);
    told!(from_database_on(&ended), @r#"
    Database
      FAILED   connection                    connecting to PostgreSQL at HOST, database `ccsync`, user `ccsync`: nobody listens there (Connection refused (os error 111))
                                             hint: check that PostgreSQL runs and that database.url is right; what vendors can be asked for again is not lost; see docs/runbook.md#database_unreachable
      skipped  rights                        needs the connection, which failed
      skipped  clock                         needs the connection, which failed
      skipped  time zone                     needs the connection, which failed
      skipped  size                          needs the connection, which failed
      skipped  schema                        needs the connection, which failed
      skipped  accounts                      needs a database whose schema is up to date

    Vendors
      ok       moor/moor.queue               answers; N records
      ok       moor/moor.agent_claim_status  answers; N records
      ok       moor clock                    agrees with the vendor's within 10 s
      ok       sobot credentials             the vendor gave a new token for them
      ok       sobot/sobot.call_result       answers; N records
      ok       sobot/sobot.chat_result       answers
      ok       sobot clock                   agrees with the vendor's within 10 s

    1 failed, 1 with a warning, 6 skipped, 11 ok
    "#);
}

#[tokio::test]
async fn a_schema_of_a_newer_ccsync_fails_and_pending_migrations_do_not() {
    let setup = Setup::new(recent_world(), "").await;
    let newer = "insert into sync.migration (version, description, success, checksum, execution_time)
         values (20990101000000, 'of tomorrow', true, '', 0)";
    sqlx::raw_sql(newer).execute(setup.db.pool().await).await.unwrap();
    let json = setup.run(&["check", "--json"]).await.expect(1).json();
    assert_eq!(of(&json, "schema")["verdict"], "failed");
    assert!(of(&json, "schema")["detail"].as_str().unwrap().contains("20990101000000"), "{json}");
    assert_eq!(of(&json, "moor/moor.queue")["verdict"], "ok");
    let empty = TestDb::empty().await;
    let json = setup.with(DATABASE_URL, empty.url()).run(&["check", "--json"]).await.expect(0).json();
    let detail = of(&json, "schema")["detail"].as_str().unwrap();
    assert!(
        detail.ends_with(
            "migrations are pending; `run` and `sync` apply them, `ccsync migrate --plan` shows them"
        ),
        "{detail}"
    );
    let schemas: i64 =
        sqlx::query_scalar("select count(*) from pg_namespace where nspname in ('sync', 'bi')")
            .fetch_one(empty.pool().await)
            .await
            .unwrap();
    assert_eq!(schemas, 0, "a check touches nothing");
}

#[tokio::test]
async fn a_login_that_may_make_no_schema_is_told_before_the_first_migration_fails() {
    let setup = Setup::new(recent_world(), "").await;
    let empty = TestDb::empty().await;
    let role = format!("guest_{}", uuid::Uuid::new_v4().simple());
    let run =
        async |sql: String| sqlx::raw_sql(AssertSqlSafe(sql)).execute(empty.pool().await).await.unwrap();
    run(format!("create role {role} login password 'guest'")).await;
    let mut url = url::Url::parse(empty.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some("guest")).unwrap();
    let json = setup.with(DATABASE_URL, url.as_str()).run(&["check", "--json"]).await.expect(1).json();
    run(format!("drop role {role}")).await;
    let rights = of(&json, "rights");
    assert_eq!(
        (&rights["verdict"], &rights["detail"]),
        (&Value::from("failed"), &Value::from("our user may not create schemas in this database"))
    );
}

#[tokio::test]
async fn a_zone_that_differs_from_the_stored_days_and_one_that_is_not_known_are_told() {
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__TIMEZONE", "Europe/Berlin");
    let json = setup.run(&["check", "--json"]).await.expect(0).json();
    let zones: Vec<&Value> =
        json["checks"].as_array().unwrap().iter().filter(|check| check["subject"] == "time zone").collect();
    assert_eq!(zones[1]["verdict"], "warning");
    assert_eq!(
        zones[1]["detail"],
        "business days are stored by Asia/Shanghai, `timezone` says Europe/Berlin"
    );
}

#[tokio::test]
async fn a_secret_that_everybody_can_read_is_told() {
    let setup = Setup::new(recent_world(), "").await;
    let json = setup.run(&["check", "--json"]).await.expect(0).json();
    assert_eq!(of(&json, "secrets")["verdict"], "warning", "{json}");
    assert!(of(&json, "secrets")["remedy"].as_str().unwrap().starts_with("chmod o-r "), "{json}");
    close(&setup);
    let json = setup.run(&["check", "--json"]).await.expect(0).json();
    assert_eq!(of(&json, "secrets")["verdict"], "ok", "{json}");
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_told_and_our_own_is_well() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__OPS__LISTEN", &address);
    let json = setup.run(&["check", "--json"]).await.expect(1).json();
    assert_eq!(of(&json, "ops.listen")["verdict"], "failed", "{json}");
    drop(held);
    let daemon = setup.workspace.start(&["run"]);
    let url = format!("http://{address}/readyz");
    let ready = async || match crate::support::http::get(&url).await {
        Ok(answer) if answer.status().is_success() => Ok(()),
        other => Err(format!("{other:?}")),
    };
    crate::support::harness::eventually(std::time::Duration::from_secs(40), ready).await;
    let json = setup.run(&["check", "--json"]).await.expect(0).json();
    assert_eq!(of(&json, "ops.listen")["detail"], format!("a running ccsync serves on {address}"));
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}

/// A clock that is wrong.
struct Off(chrono::Duration);

#[async_trait::async_trait]
impl Clock for Off {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.0
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        SystemClock.sleep_until(until - self.0).await;
    }
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_is_told_against_the_database_and_each_vendor() {
    let setup = Setup::new(recent_world(), "").await;
    let database = format!("url = \"{}\"", setup.db.url());
    let text = configuration(&setup.simulator.base_url(), &database, &first_day().to_string());
    let file = setup.workspace.write("same.toml", &text);
    let settings = ccsync::config::load(Some(&file), [], Utc::now()).unwrap();
    let clock = std::sync::Arc::new(Off(chrono::Duration::minutes(-10)));
    let overrides = Overrides { clock, ..Overrides::default() };
    let report = App::check(&settings, None, &overrides).await;
    for (subject, whose) in
        [("clock", "the database's"), ("sobot clock", "the vendor's"), ("moor clock", "the vendor's")]
    {
        let check = report.checks.iter().find(|check| check.subject == subject).unwrap();
        assert_eq!(check.verdict, CheckVerdict::Failed, "{check:?}");
        let told = [
            format!("this host's clock is 10 min behind {whose}"),
            format!("this host's clock is 9 min behind {whose}"),
        ];
        assert!(told.contains(&check.detail), "{check:?}");
    }
}
