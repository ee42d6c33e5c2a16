//! Vendors that refuse, are away, never answer or answer nonsense: one clear error each, in time.

use std::time::Duration;

use ccsync_simulator::{Endpoint, Fault, Step};
use tokio::net::TcpListener;

use crate::reads::sources::support::{Reply, Vendor};
use crate::support::port::free_address;
use crate::support::process::{Ended, Setup, recent_world};
use crate::whole::system::truth;

/// Not the contract's ten seconds, which `engine::fetch` keeps on an injected clock: here a busy machine
/// has its say too. Without a bound on the silence it would take minutes.
const IN_TIME: Duration = Duration::from_secs(40);

/// What differs from run to run.
const FILTERS: [(&str, &str); 6] = [
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r"\[?\d{4}-\d\d-\d\dT[^ )]*( \.\. |, |/)\d{4}-\d\d-\d\dT[^ ):]*(:\d\d)*Z?\)?", "WINDOW"),
    (r"and \d+ more", "and N more"),
    (r"requests \d+", "requests N"),
    (r"windows \d+", "windows N"),
];

macro_rules! told {
    ($text:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => FILTERS }, { insta::assert_snapshot!($text, @$snapshot) })
    };
}

/// A setup whose first sync went well, so that there is something to lose.
async fn setup() -> Setup {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    // A token that lives on hides for a day that its account no longer gets a new one.
    sqlx::query("delete from sync.token").execute(setup.db.pool().await).await.unwrap();
    setup
}

/// Runs `sync`, which must change nothing, in time.
async fn harmless(setup: &Setup, arguments: &[&str], code: i32) -> Ended {
    let pool = setup.db.pool().await;
    let mark = truth::fact_tables_mark(pool).await;
    let ended = setup.run(arguments).await.expect(code);
    assert!(ended.took < IN_TIME, "{:?}: {}", ended.took, ended.stderr);
    assert_eq!(truth::fact_tables_mark(pool).await, mark, "the fact tables changed");
    ended
}

/// Accepts connections and never answers.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    format!("http://{address}")
}

/// Answers every request like this.
async fn answering(answer: impl axum::response::IntoResponse + Clone + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback(move || async move { answer });
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

const SOBOT_URL: &str = "CCSYNC__SOURCES__SOBOT__BASE_URL";
const MOOR_URL: &str = "CCSYNC__SOURCES__MOOR__BASE_URL";

#[tokio::test]
async fn a_wrong_app_key_is_named_and_the_other_vendor_is_still_read() {
    let setup = setup().await.with("CCSYNC__SOURCES__SOBOT__APP_KEY", "wrong");
    let ended = harmless(&setup, &["sync"], 3).await;
    told!(ended.talk(), @r#"
    error: sobot/sobot.call_result WINDOW: GET /api/get_token: the vendor answered code “900003” “signature错误”, HTTP 200
    hint: check account and secret of the source (and this host's clock) with `ccsync check`; see docs/runbook.md#credentials_refused
    error: sobot/sobot.chat_result WINDOW: GET /api/get_token: the vendor answered code “900003” “signature错误”, HTTP 200
    hint: check account and secret of the source (and this host's clock) with `ccsync check`; see docs/runbook.md#credentials_refused
    "#);
    let alone = harmless(&setup, &["sync", "sobot.call_result"], 1).await;
    told!(alone.stdout, @"sobot/sobot.call_result: failed; windows N, requests N; rows new 0, changed 0, unchanged 0, deleted 0");
}

#[tokio::test]
async fn an_unknown_account_under_a_name_that_has_rows_is_refused_before_anything_is_asked() {
    for (variable, unknown) in
        [("CCSYNC__SOURCES__SOBOT__APP_ID", "nobody"), ("CCSYNC__SOURCES__MOOR__ACCOUNT_ID", "N00000000009")]
    {
        let setup = setup().await.with(variable, unknown);
        let asked = setup.simulator.journal().log.len();
        let told = harmless(&setup, &["sync"], 2).await.talk();
        assert!(told.contains(unknown) && told.contains("source purge"), "{told}");
        assert_eq!(setup.simulator.journal().log.len(), asked, "{told}");
    }
}

#[tokio::test]
async fn a_wrong_moor_secret_is_named() {
    let setup = setup().await.with("CCSYNC__SOURCES__MOOR__API_SECRET", "wrong");
    let ended = harmless(&setup, &["sync", "moor.queue"], 1).await;
    told!(ended.talk(), @r#"
    error: moor/moor.queue snapshot: POST /v20210827/webChat/queueQueue/N00000000000: the vendor answered code “403” “Authorization parameters error”, HTTP 200; signatures are valid for 5 minutes: our clock says TIME Beijing time, the answer's Date header says TIME (0 s apart); check account, secret and clock
    hint: check account and secret of the source (and this host's clock) with `ccsync check`; see docs/runbook.md#credentials_refused
    "#);
}

#[tokio::test]
async fn a_vendor_that_cannot_be_reached_is_told_and_not_waited_for() {
    let setup = setup().await.with(SOBOT_URL, "http://127.0.0.1:1").with(MOOR_URL, "http://127.0.0.1:1");
    let ended = harmless(&setup, &["sync"], 1).await;
    told!(ended.talk(), @r#"
    error: moor/moor.queue snapshot: POST /v20210827/webChat/queueQueue/N00000000000: no answer from HOST, no connection: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    error: moor/moor.agent_claim_status snapshot: POST /v20210827/webChat/queueQueueAgentClaimStatus/N00000000000: no answer from HOST, no connection: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    error: sobot/sobot.call_result WINDOW: GET /api/get_token: no answer from HOST, no connection: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    error: sobot/sobot.chat_result WINDOW: GET /api/get_token: no answer from HOST, no connection: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    "#);
}

#[tokio::test]
async fn a_vendor_that_never_answers_is_told_and_not_waited_for() {
    let silent = silent().await;
    let setup = setup().await.with(SOBOT_URL, &silent).with(MOOR_URL, &silent);
    let ended = harmless(&setup, &["sync"], 1).await;
    told!(ended.talk(), @r#"
    error: moor/moor.queue snapshot: POST /v20210827/webChat/queueQueue/N00000000000: no answer from HOST, out of time (the limits are http.read_timeout and http.total_timeout): error sending request: operation timed out
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    error: moor/moor.agent_claim_status snapshot: POST /v20210827/webChat/queueQueueAgentClaimStatus/N00000000000: no answer from HOST, out of time (the limits are http.read_timeout and http.total_timeout): error sending request: operation timed out
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    error: sobot/sobot.call_result WINDOW: GET /api/get_token: no answer from HOST, out of time (the limits are http.read_timeout and http.total_timeout): error sending request: operation timed out
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    error: sobot/sobot.chat_result WINDOW: GET /api/get_token: no answer from HOST, out of time (the limits are http.read_timeout and http.total_timeout): error sending request: operation timed out
    hint: check base_url, DNS, firewall and proxy between this host and the vendor; nothing is lost, it goes on when the vendor answers; see docs/runbook.md#unreachable
    "#);
}

#[tokio::test]
async fn a_login_page_in_the_vendors_place_is_told_and_not_waited_for() {
    let page = answering(axum::response::Html("<html>Please log in.</html>")).await;
    let setup = setup().await.with(SOBOT_URL, &page).with(MOOR_URL, &page);
    let ended = harmless(&setup, &["sync"], 1).await;
    told!(ended.talk(), @r#"
    error: moor/moor.queue snapshot: POST /v20210827/webChat/queueQueue/N00000000000: expected JSON with a code or success, got an HTML page of 27 bytes, HTTP 200
    hint: check that base_url is the API's address and that no proxy or login page answers in its place; see docs/runbook.md#malformed
    error: moor/moor.agent_claim_status snapshot: POST /v20210827/webChat/queueQueueAgentClaimStatus/N00000000000: expected JSON with a code or success, got an HTML page of 27 bytes, HTTP 200
    hint: check that base_url is the API's address and that no proxy or login page answers in its place; see docs/runbook.md#malformed
    error: sobot/sobot.call_result WINDOW: GET /api/get_token: expected JSON with a ret_code, got an HTML page of 27 bytes, HTTP 200
    hint: check that base_url is the API's address and that no proxy or login page answers in its place; see docs/runbook.md#malformed
    error: sobot/sobot.chat_result WINDOW: GET /api/get_token: expected JSON with a ret_code, got an HTML page of 27 bytes, HTTP 200
    hint: check that base_url is the API's address and that no proxy or login page answers in its place; see docs/runbook.md#malformed
    "#);
}

#[tokio::test]
async fn an_address_that_points_elsewhere_is_told_and_not_waited_for() {
    let elsewhere = answering(axum::response::Redirect::temporary("https://www.example.com/")).await;
    let setup = setup().await.with(SOBOT_URL, &elsewhere);
    let ended = harmless(&setup, &["sync", "sobot.call_result"], 1).await;
    told!(ended.talk(), @r#"
    error: sobot/sobot.call_result WINDOW: GET /api/get_token: the answer points to host www.example.com, HTTP 307; redirects are not followed
    hint: set base_url to the address that the vendor gave you; credentials never follow a redirect; see docs/runbook.md#redirect_refused
    "#);
}

#[tokio::test]
async fn of_several_sources_one_that_fails_makes_it_a_part_and_the_other_is_read_whole() {
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__SOURCES__MOOR__API_SECRET", "wrong");
    let ended = setup.run(&["sync"]).await.expect(3);
    told!(ended.stdout, @r#"
    moor/moor.queue: failed; windows N, requests N; rows new 0, changed 0, unchanged 0, deleted 0
    moor/moor.agent_claim_status: failed; windows N, requests N; rows new 0, changed 0, unchanged 0, deleted 0
    sobot/sobot.call_result: succeeded; windows N, requests N; rows new 150, changed 0, unchanged 0, deleted 0
    sobot/sobot.chat_result: succeeded; windows N, requests N; rows new 150, changed 0, unchanged 0, deleted 0
    "#);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_quarantined_and_makes_it_a_part() {
    let setup = Setup::new(recent_world(), "").await;
    setup.simulator.script(Endpoint::MoorQueue, [Step::from(Fault::MalformedRecord)]);
    let ended = setup.run(&["sync", "moor.queue"]).await.expect(3);
    told!(ended.stdout, @"moor/moor.queue: partial; windows N, requests N; rows new 25, changed 0, unchanged 0, deleted 0, quarantined 1");
    told!(ended.talk(), @"warning: moor/moor.queue: 1 record quarantined; see `ccsync quarantine list` and docs/runbook.md#quarantine_growing");
    let status = setup.run(&["status", "--json"]).await.expect(0).json();
    assert_eq!(status["quarantine_open"], 1, "{status}");
}

/// What `sync` says of a vendor that is reached through this proxy alone.
async fn through_proxy(vendor: &str, proxy: &str) -> Ended {
    let setup = Setup::new(recent_world(), "").await.with("CCSYNC__SOURCES__SOBOT__BASE_URL", vendor);
    let setup = setup.with("CCSYNC__SOURCES__SOBOT__ALLOW_HTTP", "true");
    let variables = [("HTTP_PROXY", proxy), ("HTTPS_PROXY", proxy), ("CCSYNC__ENGINE__RETRIES", "1")];
    let setup = variables.into_iter().fold(setup, |setup, (name, value)| setup.with(name, value));
    setup.run(&["sync", "sobot.call_result"]).await.expect(1)
}

#[tokio::test]
async fn a_failure_on_the_way_names_host_and_proxy_and_not_its_password() {
    let nobody = free_address();
    for (vendor, host) in [
        ("http://vendor.example", "vendor.example:80"),
        ("https://vendor.example:8443", "vendor.example:8443"),
    ] {
        let ended = through_proxy(vendor, &format!("http://user:s3cret@{nobody}")).await;
        let told = format!("no answer from {host} through the proxy {nobody}, no connection");
        assert!(ended.talk().contains(&told), "{}", ended.stderr);
        assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_is_told_as_that() {
    let proxy = Vendor::start().await;
    proxy.rule(|_| Some(Reply::status(407, "<html>login</html>")));
    let ended = through_proxy("http://vendor.example", proxy.base.as_str()).await;
    let address = proxy.base.as_str().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let told = format!("the proxy {address} wants a login, HTTP 407");
    assert!(ended.talk().contains(&told), "{}", ended.stderr);
}
