//! The effective configuration as text, secrets hidden.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use chrono::SecondsFormat;
use chrono_tz::Tz;
use serde_json::{Map, Value as Json, json};

use crate::config::parse::leaf::show_duration;
use crate::config::parse::secret::HIDDEN;
use crate::config::section::feed::{FeedSettings, TokenForm};
use crate::config::section::log::LogFormat;
use crate::config::section::notify;
use crate::config::settings::{
    Account, ActionBody, EngineSettings, HttpSettings, OpsSettings, PrivacySettings, Settings,
    SourceSettings, StreamSettings,
};
use crate::domain::person::privacy::{CustomFieldPolicy, Privacy};

/// The form of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A configuration file: with the hidden secrets filled in it loads and means the same.
    Toml,
    /// The same tree for machines.
    Json,
}

/// The effective configuration. Secrets appear as `********`, or as the file that they came from.
pub fn render(settings: &Settings, format: Format) -> String {
    let tree = tree(settings);
    match format {
        // The alternate form of a JSON value is its indented text.
        Format::Json => format!("{tree:#}\n"),
        Format::Toml => {
            let mut out = String::new();
            if let Json::Object(root) = &tree {
                table(&mut out, "", root);
            }
            out
        }
    }
}

fn tree(settings: &Settings) -> Json {
    let sources = settings.sources.iter().map(|item| (item.name.clone(), source(item, settings.timezone)));
    json!({
        "timezone": settings.timezone.name(),
        "language": settings.language,
        "database": crate::config::section::database::shown(&settings.database),
        "ops": ops(&settings.ops),
        "http": http(&settings.http),
        "engine": engine(&settings.engine),
        "scheduler": {
            "jitter": length(settings.scheduler.jitter),
            "retention": settings.scheduler.retention,
        },
        "privacy": privacy(&settings.privacy),
        "log": { "format": log_format(settings.log.format), "filter": settings.log.filter },
        "notify": settings.notify.iter().map(|item| (item.name.clone(), notify::shown(item))).collect::<Map<_, _>>(),
        "telemetry": crate::config::section::telemetry::shown(&settings.telemetry),
        "sources": sources.collect::<Map<_, _>>(),
    })
}

fn ops(ops: &OpsSettings) -> Json {
    let out = json!({
        "enabled": ops.enabled,
        "listen": ops.listen.to_string(),
        "public_url": ops.public_url.as_ref().map(url::Url::as_str),
    });
    Json::Object(object(out))
}

fn http(http: &HttpSettings) -> Json {
    json!({
        "connect_timeout": length(http.connect_timeout),
        "read_timeout": length(http.read_timeout),
        "total_timeout": length(http.total_timeout),
        "body_mib_max": http.body_mib_max,
    })
}

fn engine(engine: &EngineSettings) -> Json {
    json!({
        "lease": length(engine.lease),
        "retries": engine.retries,
        "retry_base": length(engine.retry_base),
        "retry_max": length(engine.retry_max),
        "persist_pages_slower_than": length(engine.persist_pages_slower_than),
        "max_concurrent_windows": engine.max_concurrent_windows,
        "rows_mib_max": engine.rows_mib_max,
        "walks_max": engine.walks_max,
        "pages_max": engine.pages_max,
        "window_rows_max": engine.window_rows_max,
        "shutdown_grace": length(engine.shutdown_grace),
    })
}

fn source(source: &SourceSettings, zone: Tz) -> Json {
    let mut out = object(json!({
        "base_url": source.base_url.as_str(),
        "allow_http": source.allow_http,
        "privacy": personal(&source.privacy),
    }));
    let mut set = |key: &str, value: Json| out.insert(key.to_owned(), value);
    match &source.account {
        Account::Sobot { app_id, app_key_file, .. } => {
            set("kind", json!("sobot"));
            set("app_id", json!(app_id));
            hidden(&mut out, "app_key", app_key_file.as_deref());
        }
        Account::Moor { account_id, api_secret_file, actions_per_minute, .. } => {
            set("kind", json!("moor"));
            set("account_id", json!(account_id));
            set("action", json!({ "requests_per_minute": actions_per_minute }));
            hidden(&mut out, "api_secret", api_secret_file.as_deref());
        }
        Account::Workbench { agents, actions_per_minute, action_body } => {
            set("kind", json!("workbench"));
            let body = match action_body {
                ActionBody::Form => "form",
                ActionBody::Json => "json",
            };
            set("action", json!({ "requests_per_minute": actions_per_minute, "body": body }));
            let agents = agents.iter().map(|agent| {
                let mut out = object(json!({ "extno": agent.extno }));
                hidden(&mut out, "access_token", agent.access_token_file.as_deref());
                Json::Object(out)
            });
            set("agents", agents.collect());
            let fields = custom_fields(&source.custom_fields);
            let mut privacy = personal(&source.privacy);
            privacy["custom_fields"] = fields;
            set("privacy", privacy);
        }
    }
    for item in &source.streams {
        let name = item.key.stream.as_str();
        let name = name.split_once('.').map_or(name, |(_, table)| table);
        out.insert(name.to_owned(), stream(item, zone));
    }
    if let Some(item) = &source.feed {
        out.insert("agent_monitor".to_owned(), feed(item));
    }
    Json::Object(out)
}

fn feed(feed: &FeedSettings) -> Json {
    let out = json!({
        "enabled": feed.enabled,
        "token_form": match feed.token_form {
            TokenForm::Bare => "bare",
            TokenForm::AccessToken => "access_token",
        },
        "ping": length(feed.ping),
        "silence": length(feed.silence),
        "reconnect_base": length(feed.reconnect_base),
        "reconnect_max": length(feed.reconnect_max),
        "buffer_messages": feed.buffer_messages,
        "spool_mib_max": feed.spool_mib_max,
        "message_kib_max": feed.message_kib_max,
    });
    let mut out = object(out);
    out.extend(feed.retention.map(|kept| ("retention".to_owned(), json!(length(kept)))));
    Json::Object(out)
}

fn stream(stream: &StreamSettings, zone: Tz) -> Json {
    let mut out = object(json!({
        "enabled": stream.enabled,
        "schedule": stream.schedule,
        "page_size": stream.page_size,
        "requests_per_minute": stream.requests_per_minute,
        "absence_max": stream.absence_max.to_string(),
        "totals": stream.totals.as_str(),
        "result_cap": stream.result_cap.unwrap_or_default(),
        "reread_at_once": stream.reread_at_once,
        "fresh_within": stream.fresh_within.map(length),
        "retention": stream.retention.map(length),
    }));
    if let Some(window) = &stream.window {
        let start = window.start.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, true);
        out.extend(object(json!({
            "start": start,
            "window": length(window.window),
            "lookback": length(window.lookback),
            "settle": length(window.settle),
            "reread_every": window.reread_every.map(length),
            "missed_revisions_max": window.missed_revisions_max.to_string(),
            "reread_requests_per_day": window.reread_requests_per_day,
        })));
    }
    Json::Object(out)
}

pub(in crate::config) fn hidden(out: &mut Map<String, Json>, key: &str, file: Option<&Path>) {
    match file {
        Some(file) => out.insert(format!("{key}_file"), json!(file)),
        None => out.insert(key.to_owned(), json!(HIDDEN)),
    };
}

/// The object without the settings that are not set.
pub(in crate::config) fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

fn length(duration: Duration) -> String {
    show_duration(duration)
}

fn privacy(privacy: &PrivacySettings) -> Json {
    let mut out = object(personal(&privacy.personal));
    out.insert("custom_fields".to_owned(), custom_fields(&privacy.custom_fields));
    if privacy.personal.keys.is_some() {
        hidden(&mut out, "hmac_key", privacy.hmac_key_file.as_deref());
    }
    Json::Object(out)
}

fn personal(privacy: &Privacy) -> Json {
    json!({
        "phone": privacy.phone.as_str(),
        "email": privacy.email.as_str(),
        "name": privacy.name.as_str(),
    })
}

fn custom_fields(policy: &CustomFieldPolicy) -> Json {
    match policy {
        CustomFieldPolicy::Drop => json!("drop"),
        CustomFieldPolicy::Keep => json!("keep"),
        CustomFieldPolicy::Only(names) => json!(names),
    }
}

fn log_format(format: LogFormat) -> &'static str {
    match format {
        LogFormat::Auto => "auto",
        LogFormat::Human => "human",
        LogFormat::Json => "json",
    }
}

/// A table as TOML: its values first, for they would belong to a table that came before them.
fn table(out: &mut String, path: &str, map: &Map<String, Json>) {
    let is_block = |value: &Json| value.is_object() || is_blocks(value);
    for (key, value) in map.iter().filter(|(_, value)| !is_block(value)) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{key} = {}", scalar(value));
    }
    for (key, value) in map.iter().filter(|(_, value)| is_block(value)) {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let (open, close, items) = match value {
            Json::Array(items) => ("[[", "]]", items.as_slice()),
            value => ("[", "]", std::slice::from_ref(value)),
        };
        for item in items.iter().filter_map(Json::as_object) {
            let _ = writeln!(out, "\n{open}{path}{close}");
            table(out, &path, item);
        }
    }
}

fn is_blocks(value: &Json) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Json::is_object))
}

/// JSON's text of a value is TOML's, but for one control character that JSON leaves as it is.
fn scalar(value: &Json) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}
