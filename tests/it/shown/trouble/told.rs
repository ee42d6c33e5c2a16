//! What was said of a trouble, without what differs from run to run.

use std::collections::BTreeSet;
use std::sync::Arc;

use ccsync::app::App;
use ccsync::ops::web::readiness::Readiness;
use ccsync::ops::web::server::OpsServer;
use ccsync::report::alert::AlertKind;
use ccsync::report::language::Language;
use regex::Regex;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::inject::Trouble;
use crate::support::process::Ended;

/// What each place said.
pub struct Told {
    pub exit: i32,
    pub page: Vec<String>,
    pub status: Vec<String>,
    pub log: Vec<String>,
    pub metrics: Vec<String>,
    pub alerts: Vec<String>,
}

/// So many letters of a message are ours.
const OWN_WORDS: usize = 20;

/// What differs from run to run.
const UNSTABLE: [&str; 8] = [
    r"\d{4}-\d\d-\d\dT[^ ;)]*( \.\. |, |/)\d{4}-\d\d-\d\dT[^ ;:)]*(:\d\d)*Z?",
    r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?",
    r"127\.0\.0\.1:\d+",
    r"\(\d+ s apart\)",
    r"\d+(\.\d+)? ms\b",
    r"number \d+",
    r"connection \d+",
    r"window \[?…",
];

fn stable(text: &str) -> String {
    UNSTABLE.iter().fold(text.trim().to_owned(), |text, pattern| {
        Regex::new(pattern).unwrap().replace_all(&text, "…").into_owned()
    })
}

/// Of a page, the text between tags.
fn plain(markup: &str) -> String {
    let text = Regex::new("<[^>]*>").unwrap().replace_all(markup, "").into_owned();
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn all(markup: &str, pattern: &str) -> Vec<String> {
    let found = Regex::new(pattern).unwrap();
    found.captures_iter(markup).map(|found| stable(&plain(&found[1]))).collect()
}

impl Told {
    /// Asks everybody.
    pub async fn hear(trouble: Trouble, app: &Arc<App>, synced: &Ended, status: &Ended) -> Told {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stop = CancellationToken::new();
        let server = OpsServer::start(listener, app.ops_state(Readiness::new()), stop.clone()).unwrap();
        let client = crate::support::http::client();
        let get = async |way: &str, language: &str| {
            let url = format!("http://{}{way}", server.address());
            let request = client.get(url).header("accept-language", language);
            request.send().await.unwrap().text().await.unwrap()
        };
        let english = get("/", "en").await;
        let chinese = get("/", "zh-CN").await;
        let api: Value = serde_json::from_str(&get("/api/status", "en").await).unwrap();
        let metrics = get("/metrics", "en").await;
        stop.cancel();
        let alerts = api["alerts"].as_array().unwrap();
        let kind = |alert: &Value| AlertKind::from_name(alert["kind"].as_str().unwrap()).unwrap();
        let kinds: BTreeSet<AlertKind> = alerts.iter().map(kind).collect();
        for alert in alerts.iter().filter(|_| trouble != Trouble::DatabaseDown) {
            let (kind, message) = (kind(alert), alert["message"].as_str().unwrap());
            // A stream that fails is told by its fault.
            let fails = matches!(kind, AlertKind::StreamFailing | AlertKind::TokenContested);
            let title = kind.title().text(Language::ZhCn);
            assert!(fails || chinese.contains(title), "{trouble:?}: {title}");
            // Behind whose it is; the vendor's own words come later.
            let own = message.split_once(": ").map_or(message, |(_, own)| own);
            let own: String = own.chars().take(OWN_WORDS).collect();
            assert!(english.contains(&own) && !chinese.contains(&own), "{trouble:?} {own}");
        }
        Told {
            exit: synced.code.unwrap(),
            page: page(&english),
            status: of_status(status),
            log: log(&synced.stderr),
            metrics: samples(&metrics),
            alerts: kinds.into_iter().map(|kind| kind.as_str().to_owned()).collect(),
        }
    }
}

/// The verdict, and what there is to do, each by its title.
fn page(markup: &str) -> Vec<String> {
    let mut told: Vec<String> =
        all(markup, "(?s)<h1[^>]*>(.*?)</h1>").into_iter().map(|verdict| format!("**{verdict}**")).collect();
    let list = Regex::new(r#"(?s)<ul class="todo">.*?</ul>"#).unwrap();
    if let Some(list) = list.find(markup) {
        told.extend(all(list.as_str(), r#"(?s)<li class="(?:bad|warn)"><b>(.*?)</b>"#));
    }
    told
}

/// The alerts by their titles, or why there is no status.
fn of_status(ended: &Ended) -> Vec<String> {
    if ended.code != Some(0) {
        let error = ended.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
        return vec![format!("exit {}", ended.code.unwrap()), stable(error)];
    }
    let marked = ended.stdout.lines().filter(|line| line.starts_with("! ") || line.starts_with("* "));
    marked.map(|line| stable(line.split(", since ").next().unwrap())).collect()
}

/// The distinct lines of the highest level that is a warning or an error; else what was said to the person.
fn log(stderr: &str) -> Vec<String> {
    let lines: Vec<Value> = stderr
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for level in ["ERROR", "WARN"] {
        let of_level = lines.iter().filter(|line| line["level"] == level);
        let told: BTreeSet<String> =
            of_level.map(|line| format!("{level} {}", stable(line["message"].as_str().unwrap()))).collect();
        if !told.is_empty() {
            return told.into_iter().collect();
        }
    }
    let talk = stderr.lines().filter(|line| line.starts_with("error: ") || line.starts_with("hint: "));
    talk.map(|line| format!("*stderr* {}", stable(line))).collect()
}

/// The samples of what stands, and of a database that is away.
fn samples(metrics: &str) -> Vec<String> {
    let tells = |line: &&str| line.starts_with("ccsync_alert{") || *line == "ccsync_up 0";
    metrics.lines().filter(tells).map(str::to_owned).collect()
}
