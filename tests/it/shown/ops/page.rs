//! The page: what it says, in which language, and what a browser may do with it.

use std::sync::Arc;

use base64::Engine as _;
use ccsync::app::App;
use ccsync::ops::text::status_text::{self, View};
use ccsync::ops::web::readiness::Readiness;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::support::harness::{TestApp, small_world};

/// The server of an assembled product.
struct Workspace {
    test: TestApp,
    url: String,
    client: reqwest::Client,
    _stop: tokio_util::sync::DropGuard,
}

impl Workspace {
    async fn start() -> Workspace {
        let test = TestApp::start(small_world()).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stop = CancellationToken::new();
        let state = App::ops_state(&Arc::clone(&test.app), Readiness::new());
        let server = OpsServer::start(listener, state, stop.clone()).unwrap();
        let client = crate::support::http::client();
        Workspace { test, url: format!("http://{}", server.address()), client, _stop: stop.drop_guard() }
    }

    async fn get(&self, way: &str) -> (StatusCode, String) {
        let response = self.client.get(format!("{}{way}", self.url)).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }
}

fn failure(message: &str) -> StreamFailure {
    StreamFailure {
        scope: String::new(),
        window: None,
        at: Utc::now(),
        kind: "malformed".into(),
        message: message.into(),
        remedy: String::new(),
        attempts: 1,
        scopes: 1,
        since: Utc::now(),
    }
}

#[tokio::test]
async fn no_markup_of_others_reaches_the_page() {
    let ops = Ops::start().await;
    *ops.script.failure.lock().unwrap() = Some(failure(MARKUP));
    let (status, page) = ops.get("/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("answers cannot be read") && page.contains("sobot.call_result"), "{page}");
    assert!(page.contains("2026-03-01 08:00"), "instants are shown in the zone: {page}");
    assert!(page.contains("&lt;script&gt;alert(") && page.matches("<script").count() == 1, "{page}");
    assert!(page.contains("so&quot;bot") && !page.contains("so\"bot"), "{page}");
}

#[tokio::test]
async fn only_its_own_style_and_script_may_run() {
    let ops = Ops::start().await;
    let response = ops.send(Method::GET, "/").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = response.text().await.unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let (text, _) = rest.split_once(&format!("</{tag}>")).unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{policy}");
    }
    for inline in [" style=", " onclick=", " onload="] {
        assert!(!page.contains(inline), "{inline} would not be heeded");
    }
    for elsewhere in ["http://", "https://"] {
        // A namespace is a name and no address.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[tokio::test]
async fn a_browser_is_answered_in_its_language_and_a_link_changes_it_for_good() {
    let ops = Ops::start().await;
    let url = format!("http://{}/", ops.server.address());
    let page = async |url: &str, name: &str, value: &str| {
        let response = ops.client.get(url).header(name, value).send().await.unwrap();
        assert_eq!(response.headers()["vary"], "Accept-Language, Cookie");
        let cookie = response.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
        (response.text().await.unwrap(), cookie)
    };
    let (chinese, cookie) = page(&url, "accept-language", "zh-CN,zh;q=0.9,en;q=0.8").await;
    assert!(chinese.contains("<html lang=\"zh-CN\"") && chinese.contains("数据完整至何时"), "{chinese}");
    assert_eq!(cookie, None);
    let (english, _) = page(&url, "accept-language", "fr").await;
    assert!(english.contains("<html lang=\"en\""), "the configured one: {english}");
    let (_, cookie) = page(&format!("{url}?lang=zh-CN"), "accept-language", "en").await;
    let cookie = cookie.unwrap();
    let (kept, _) = page(&url, "cookie", cookie.split(';').next().unwrap()).await;
    assert!(kept.contains("<html lang=\"zh-CN\""), "{kept}");
}

#[tokio::test]
async fn without_the_database_every_page_says_so() {
    let ops = Ops::start().await;
    ops.script.down.store(true, Ordering::SeqCst);
    for way in ["/", "/window/a/sobot.call_result/2026-03-01"] {
        let (status, page) = ops.get(way).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{way}");
        assert!(page.contains("connection refused") && page.contains("PostgreSQL"), "{page}");
    }
    let (status, body) = ops.get_json("/api/window/a/sobot.call_result/2026-03-01").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["error"], "database cannot be read: connection refused");
}

#[tokio::test]
async fn page_json_and_terminal_agree() {
    let workspace = Workspace::start().await;
    workspace.test.sync().await;
    let (_, page) = workspace.get("/").await;
    let (status, text) = workspace.get("/api/status").await;
    assert_eq!(status, StatusCode::OK);
    let json: Value = serde_json::from_str(&text).unwrap();
    let report = workspace.test.app.status().await.unwrap();
    let terminal = status_text::render(&report, &View::plain(chrono_tz::Asia::Shanghai));
    let calls =
        &json["streams"].as_array().unwrap().iter().find(|of| of["stream"] == "sobot.call_result").unwrap();
    let windows = calls["calendar"]["windows"].as_array().unwrap();
    // Seven days of the world and today, of which nothing is missing.
    assert_eq!((windows.len(), &calls["calendar"]["unread"]), (8, &json!(0)), "{calls}");
    let cells: i64 = windows.iter().map(|window| window["rows"].as_i64().unwrap()).sum();
    assert_eq!(calls["rows"], cells);
    let days = calls["days"].as_array().unwrap();
    let run =
        json["runs"].as_array().unwrap().iter().find(|run| run["stream"] == "sobot.call_result").unwrap();
    assert_eq!((days.len(), &days[29]["requests"]), (30, &run["counts"]["requests"]), "{days:?}");
    assert_eq!(days[29]["changes"], run["counts"]["inserted"]);
    assert_eq!(calls["budget"]["requests_per_minute"], 60_000);
    for told in [&page, &terminal] {
        for figure in [format!("#{}", run["id"]), calls["rows"].to_string()] {
            assert!(told.contains(figure.trim_start_matches('#')), "no {figure} in\n{told}");
        }
    }
    assert!(page.contains("60,000"), "what may be asked in a minute");
    let complete = report.streams.iter().find_map(|stream| stream.final_to.or(stream.complete_to)).unwrap();
    let day = complete.with_timezone(&chrono_tz::Asia::Shanghai).format("%Y-%m-%d").to_string();
    assert!(page.contains(&day) && terminal.contains(&day), "{day}");
    let strip: String = terminal.lines().filter(|line| line.contains("2026-03-01  ")).collect();
    assert_eq!(strip.matches(['P', 'S', 'p', '?']).count(), 14, "{terminal}");
}

#[tokio::test]
async fn a_cell_leads_to_the_reads_of_its_window() {
    let workspace = Workspace::start().await;
    workspace.test.sync().await;
    workspace.test.sync().await;
    let (_, page) = workspace.get("/").await;
    let (way, _) =
        page.split_once("href=\"window/sobot/sobot.call_result/").unwrap().1.split_once('"').unwrap();
    assert_eq!(way, "2026-03-01");
    let (status, shown) = workspace.get(&format!("/window/sobot/sobot.call_result/{way}")).await;
    assert_eq!(status, StatusCode::OK);
    let (_, text) = workspace.get(&format!("/api/window/sobot/sobot.call_result/{way}")).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    let reads = json["certificates"].as_array().unwrap();
    assert_eq!((reads.len(), &json["reads"]), (2, &json!(2)), "{json}");
    assert_eq!((&reads[1]["inserted"], &reads[0]["inserted"]), (&json["rows"], &json!(0)), "{json}");
    assert_eq!(json["vendor_total"], json["rows"]);
    assert!(shown.contains(&format!("<dd>{}</dd>", json["rows"])), "{shown}");
    assert_eq!(json["window"]["start"], "2026-02-28T16:00:00Z");
    let (status, snapshot) = workspace.get("/window/moor/moor.queue/snapshot").await;
    assert_eq!(
        (status, snapshot.contains("moor/moor.queue, Snapshot")),
        (StatusCode::OK, true),
        "{snapshot}"
    );
    for unknown in [
        "/window/sobot/sobot.call_result/2025-01-01",
        "/window/sobot/sobot.call_result/snapshot",
        "/window/sobot/sobot.call_result/now",
        "/window/nobody/sobot.call_result/2026-03-01",
        "/window/sobot/sobot.calls/2026-03-01",
        "/window",
    ] {
        let (status, page) = workspace.get(unknown).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{unknown}");
        assert!(page.contains("There is no such page") && page.contains("<style>"), "{unknown}: {page}");
    }
    let (status, text) = workspace.get("/api/window/sobot/sobot.call_result/2025-01-01").await;
    assert!(status == StatusCode::NOT_FOUND && text.contains("error"), "{text}");
}

#[tokio::test]
async fn a_window_tells_its_failure_quarantine_and_lease_but_no_payload() {
    let workspace = Workspace::start().await;
    workspace.test.sync().await;
    let fill = r#"
        update sync.time_window set failed_at = read_at, failure_kind = 'rate_limited', failed_attempts = 2,
            failure_message = 'slow down' where stream = 'sobot.call_result' and window_start = '2026-03-02 00:00+08';
        insert into sync.quarantine (source, stream, payload, payload_hash, reason, window_start, window_end, run_id,
            first_seen_at, last_seen_at)
        values ('sobot', 'sobot.call_result', 'a whole record', md5('a')::uuid, 'no number',
            '2026-03-02 00:00+08', '2026-03-03 00:00+08', 1, now(), now());
        insert into sync.lease values ('sobot/sobot.call_result [2026-03-01T16:00:00Z, 2026-03-02T16:00:00Z)',
            gen_random_uuid(), 1, now() - interval '1 minute', now() + interval '1 hour'),
            ('token/sobot:demo-app@host', gen_random_uuid(), 2, now(), now() + interval '1 hour');
    "#;
    sqlx::raw_sql(fill).execute(workspace.test.pool().await).await.unwrap();
    let way = "window/sobot/sobot.call_result/2026-03-02";
    let (_, page) = workspace.get(&format!("/{way}")).await;
    let (_, json) = workspace.get(&format!("/api/{way}")).await;
    let (_, status) = workspace.get("/api/status").await;
    let (_, home) = workspace.get("/").await;
    for told in [&page, &json] {
        for word in ["slow down", "lower requests_per_minute", "no number"] {
            assert!(told.contains(word), "no {word} in {told}");
        }
    }
    assert!(page.contains("held for") && json.contains("\"held_seconds\":6"), "{json}");
    assert!(home.contains("no number") && home.contains(&format!("href=\"./{way}\"")), "{home}");
    assert_eq!(serde_json::from_str::<Value>(&status).unwrap()["workers"].as_array().unwrap().len(), 2);
    for told in [page, json, status, home] {
        assert!(!told.contains("a whole record") && !told.contains("demo-app"), "{told}");
    }
}

#[tokio::test]
async fn the_page_is_sent_compressed_and_not_again_where_it_says_nothing_new() {
    let ops = Ops::start().await;
    let url = format!("http://{}/", ops.server.address());
    let client = crate::support::http::raw_client();
    let ask = async |name: &str, value: &str| client.get(&url).header(name, value).send().await.unwrap();
    let packed = ask("accept-encoding", "gzip").await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let tag = packed.headers()["etag"].to_str().unwrap().to_owned();
    let same = ask("if-none-match", &tag).await;
    // A minute may have ended in between.
    if same.status() != StatusCode::NOT_MODIFIED {
        let tag = same.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(ask("if-none-match", &tag).await.status(), StatusCode::NOT_MODIFIED);
    }
    *ops.script.failure.lock().unwrap() = Some(failure("news"));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let news = ask("if-none-match", &tag).await;
    assert_eq!(news.status(), StatusCode::OK);
    assert!(news.text().await.unwrap().contains("news"));
}

#[tokio::test]
async fn the_runbook_is_served_in_both_languages_and_every_remedy_leads_to_its_entry() {
    let ops = Ops::start().await;
    *ops.script.failure.lock().unwrap() = Some(failure("no"));
    let (_, page) = ops.get("/").await;
    for (language, word) in [("en", "What it means"), ("zh-CN", "含义")] {
        let (status, runbook) = ops.get(&format!("/runbook?lang={language}")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(runbook.contains(word), "{runbook}");
        for kind in ccsync::report::alert::AlertKind::ALL {
            assert!(runbook.contains(&format!("id=\"{}\"", kind.as_str())), "{}", kind.as_str());
        }
        for kind in FaultKind::ALL {
            assert!(runbook.contains(&format!("id=\"{}\"", kind.as_str())), "{}", kind.as_str());
        }
        let entries = page.split("href=\"./runbook#").skip(1).map(|rest| rest.split('"').next().unwrap());
        let entries: Vec<&str> = entries.collect();
        assert!(entries.contains(&"malformed"), "{entries:?}");
        for entry in entries {
            assert!(runbook.contains(&format!("id=\"{entry}\"")), "{entry}");
        }
    }
}

#[tokio::test]
async fn the_page_shows_the_streams_of_a_source_or_a_state_alone() {
    let workspace = Workspace::start().await;
    workspace.test.sync().await;
    let cards = async |way: &str| {
        let (status, page) = workspace.get(way).await;
        assert_eq!(status, StatusCode::OK, "{way}");
        page.matches("<article class=\"card\"").count()
    };
    assert_eq!(cards("/").await, 4);
    assert_eq!(cards("/?source=moor").await, 2);
    assert_eq!(cards("/?source=moor&state=ok").await, 2);
    assert_eq!(cards("/?state=failing").await, 0);
    assert_eq!(cards("/?source=nobody").await, 0);
}

#[tokio::test]
async fn a_window_leads_to_its_neighbours_and_to_its_rows() {
    let workspace = Workspace::start().await;
    workspace.test.sync().await;
    let pool = workspace.test.db.pool().await;
    let (start, rows): (DateTime<Utc>, i64) = sqlx::query_as(
        "select window_start, rows from sync.time_window where stream = 'sobot.call_result' and 0 < rows
         and exists (select from sobot.call_result c where c.window_start = time_window.window_start)
         order by window_start offset 1 limit 1",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    let way = start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let (status, page) = workspace.get(&format!("/window/sobot/sobot.call_result/{way}?lang=en")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("previous window") && page.contains("next window"), "{page}");
    let (_, select) = page.split_once("<code>select").unwrap();
    let select = format!(
        "select{}",
        select.split("</code>").next().unwrap().replace("&#39;", "'").replace("&#x27;", "'")
    );
    let given = sqlx::query(sqlx::AssertSqlSafe(select.trim_end_matches(';').to_owned()))
        .fetch_all(pool)
        .await
        .unwrap();
    assert!(!given.is_empty() && given.len() as i64 <= rows, "{select}: {} of {rows}", given.len());
}
