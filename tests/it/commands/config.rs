//! Configuration, from the outside: texts and variables in, settings or mistakes out.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like the tests themselves")]

mod mistakes;
mod secrets;
mod variables;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use ccsync::config::{Account, ConfigErrors, LogFormat, Origin, Settings, load};
use ccsync::domain::person::privacy::Policy;
use ccsync::domain::stream::StreamId;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use tempfile::NamedTempFile;

const CONTRACT: &str = r#"
timezone = "Asia/Shanghai"

[database]
url = "postgres://ccsync@db/ccsync"        # absent: an embedded PostgreSQL of its own, under data_dir
data_dir = "data"

[ops]
listen = "127.0.0.1:8080"

[sources.sobot]                             # the table's name is the source's name
kind = "sobot"
base_url = "https://www.sobot.com"
app_id = "…"
app_key = "…"
[sources.sobot.call_result]
schedule = "0 */10 * * * *"                 # six fields, seconds first, in `timezone`
start = "2026-01-01"                        # the first instant wanted
window = "1d"
lookback = "31d"
page_size = 50
[sources.sobot.chat_result]
page_size = 1000

[sources.moor]
kind = "moor"
base_url = "https://openapis.7moor.com"
account_id = "N00000000000"
api_secret = "…"
[sources.moor.queue]
schedule = "0 0 * * * *"
page_size = 100
requests_per_minute = 18
[sources.moor.agent_claim_status]
schedule = "0 */5 * * * *"
requests_per_minute = 90

[sources.workbench]
kind = "workbench"
base_url = "http://10.0.0.8"
[[sources.workbench.agents]]
extno = "1001"
access_token = "…"
"#;

/// A Sobot source with three of its keys left to the test.
const SOBOT: &str = "[sources.s]\nkind = \"sobot\"\nbase_url = \"https://www.sobot.com\"\napp_id = \"1\"\n";

fn now() -> DateTime<Utc> {
    at("2026-06-15T04:00:00Z")
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Settings, ConfigErrors> {
    let file = file(text);
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut result = load(Some(file.path()), variables, now());
    if let Err(errors) = &mut result {
        for error in &mut errors.0 {
            if matches!(error.origin, Some(Origin::File(_))) {
                error.origin = Some(Origin::File("ccsync.toml".to_owned()));
            }
        }
    }
    result
}

fn settings(text: &str) -> Settings {
    load_with(text, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn mistakes(text: &str) -> String {
    load_with(text, &[]).unwrap_err().to_string()
}

fn sobot_key(settings: &Settings, source: &str) -> String {
    match &settings.source(source).unwrap().account {
        Account::Sobot { app_key, .. } => app_key.current().expose_secret().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_contracts_example_loads_with_what_it_says() {
    let settings = settings(CONTRACT);
    assert_eq!(settings.timezone, chrono_tz::Asia::Shanghai);
    assert_eq!(settings.database.url.as_ref().unwrap().expose_secret(), "postgres://ccsync@db/ccsync");
    assert_eq!(settings.database.data_dir, std::env::temp_dir().join("data"), "beside the file");
    assert_eq!(settings.ops.listen.to_string(), "127.0.0.1:8080");
    let streams = settings.streams();
    let stream = |id: StreamId| streams.iter().find(|stream| stream.key.stream == id).unwrap();

    let calls = stream(StreamId::SOBOT_CALL_RESULT);
    assert_eq!((calls.key.source.as_str(), calls.page_size, calls.requests_per_minute), ("sobot", 50, 600));
    assert_eq!(calls.schedule, "0 */10 * * * *");
    let window = calls.window.as_ref().unwrap();
    assert_eq!(window.start, at("2026-01-01T00:00:00+08:00"));
    assert_eq!(window.window, Duration::from_secs(86_400));
    assert_eq!(window.lookback, Duration::from_secs(31 * 86_400));
    assert_eq!((window.settle, window.reread_every), (Duration::from_secs(600), None));

    let chats = stream(StreamId::SOBOT_CHAT_RESULT);
    assert_eq!(chats.page_size, 1000);
    assert_eq!(chats.window.as_ref().unwrap().start, window.start, "a stream begins where its sibling does");

    let queue = stream(StreamId::MOOR_QUEUE);
    assert_eq!(
        (queue.schedule.as_str(), queue.page_size, queue.requests_per_minute),
        ("0 0 * * * *", 100, 18)
    );
    let claims = stream(StreamId::MOOR_AGENT_CLAIM_STATUS);
    assert_eq!((claims.page_size, claims.requests_per_minute, &claims.window), (100, 90, &None));

    let Account::Workbench { agents, .. } = &settings.source("workbench").unwrap().account else { panic!() };
    assert_eq!((agents.len(), agents[0].extno.as_str()), (1, "1001"));
    assert_eq!(agents[0].access_token.current().expose_secret(), "…");
}

#[test]
fn the_example_loads_and_so_does_nothing_at_all() {
    let example = settings(include_str!("../../../config/example.toml"));
    assert_eq!(example.streams().len(), 4);
    assert!(example.require_sources().is_ok());

    let bare = load(None, [], now()).unwrap();
    assert!(bare.database.url.is_none() && bare.database.fetch);
    assert_eq!((bare.database.port, bare.database.pool_size, bare.http.body_mib_max), (0, 8, 64));
    assert_eq!((bare.engine.retries, bare.engine.retry_base), (8, Duration::from_millis(250)));
    assert_eq!((bare.log.format, bare.privacy.personal.phone), (LogFormat::Auto, Policy::Mask));
    assert!(bare.require_sources().unwrap_err().to_string().starts_with("sources: none is configured"));
}

/// The text with every named file of a secret replaced by one that is there.
fn with_secrets(text: &str, secret: &Path) -> String {
    let line = |line: &str| match line.split_once(" = ") {
        Some((key, _)) if key.ends_with("_file") => format!("{key} = {secret:?}"),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_deployed_loads_once_its_secrets_are_there() {
    let uncommented = include_str!("../../../deploy/debian/ccsync.toml").lines().map(|line| {
        let setting = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') && !rest.is_empty());
        setting.unwrap_or(line)
    });
    for text in [
        include_str!("../../../deploy/kubernetes/ccsync.toml").to_owned(),
        uncommented.collect::<Vec<_>>().join("\n"),
        include_str!("../../../config/compose.toml").to_owned(),
        include_str!("../../../config/compose-demo.toml").to_owned(),
    ] {
        let secret = file("https://hooks.example.com/x");
        let settings = settings(&with_secrets(&text, secret.path()));
        assert!(settings.database.url.is_some() && settings.streams().len() == 4, "{text}");
    }
}

#[test]
fn a_start_may_be_a_toml_date_and_counts_for_the_sibling_both_ways() {
    for (text, start) in [
        ("2026-01-01", "2026-01-01T00:00:00+08:00"),
        ("2026-01-01T06:00:00", "2026-01-01T06:00:00+08:00"),
        ("2026-01-01T06:00:00Z", "2026-01-01T14:00:00+08:00"),
    ] {
        let settings = settings(&format!("{SOBOT}app_key = 7\n[sources.s.chat_result]\nstart = {text}\n"));
        for stream in settings.streams() {
            assert_eq!(stream.window.unwrap().start, at(start), "{text}");
        }
        assert_eq!(sobot_key(&settings, "s"), "7", "a number is taken as its digits");
    }
}

#[test]
fn a_setting_of_a_stream_that_stands_beside_it_is_told_where_it_belongs() {
    let wrong = mistakes(&format!("{SOBOT}start = \"2026-05-01\"\n"));
    assert!(
        wrong.contains("sources.s.start: unknown key; did you mean `sources.s.call_result.start`?"),
        "{wrong}"
    );
}

#[test]
fn defaults_count_for_every_source_of_their_kind_and_yield_to_the_source() {
    let two = format!(
        "[defaults.sobot]\napp_key = \"shared\"\n[defaults.sobot.call_result]\nlookback = \"7d\"\nreread_every = \"6h\"\n\
         {SOBOT}{}[sources.t.call_result]\nlookback = \"2d\"\n",
        SOBOT.replace("[sources.s]", "[sources.t]")
    );
    let settings = settings(&two);
    let lookback =
        |source: &str| settings.source(source).unwrap().streams[0].window.as_ref().unwrap().lookback;
    assert_eq!(lookback("s"), Duration::from_secs(7 * 86_400));
    assert_eq!(lookback("t"), Duration::from_secs(2 * 86_400));
    assert_eq!(sobot_key(&settings, "t"), "shared");
    let window = settings.source("s").unwrap().streams[0].window.clone().unwrap();
    assert_eq!(window.reread_every, Some(Duration::from_secs(6 * 3600)));
    assert_eq!(window.start, at("2026-05-15T00:00:00+08:00"), "31 days before now, at midnight");

    let wrong = mistakes(&two.replace("\"7d\"", "7").replace("\"6h\"", "\"6h\"\nlokback = \"1d\""));
    assert_eq!(wrong.lines().count(), 2, "once each, not once per source: {wrong}");
    assert!(
        wrong.contains("defaults.sobot.call_result.lokback: unknown key; did you mean `lookback`?"),
        "{wrong}"
    );
}
