//! The tables that every installation has, one function each.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use config::Value;

use crate::config::parse::error::Report;
use crate::config::parse::leaf;
use crate::config::parse::reader::Section;
use crate::config::parse::secret;
use crate::config::section::database;
use crate::config::section::log;
use crate::config::section::notify;
use crate::config::section::ops;
use crate::config::section::privacy;
use crate::config::section::source;
use crate::config::section::telemetry;
use crate::config::settings::{EngineSettings, HttpSettings, SchedulerSettings, Settings};
use crate::domain::person::privacy::{CustomFieldPolicy, Privacy};
use crate::report::language::Language;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// What some values can only be understood with.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Context<'a> {
    /// The configured zone, or UTC where that could not be read, so that the rest is still checked.
    pub(in crate::config) zone: Tz,
    /// The present.
    pub(in crate::config) now: DateTime<Utc>,
    /// `[privacy]`: phone, email, name and the keys of tokens.
    pub(in crate::config) personal: &'a Privacy,
    /// `[privacy] custom_fields`
    pub(in crate::config) custom_fields: &'a CustomFieldPolicy,
}

/// Reads everything; `None` where a mistake was noted.
pub(in crate::config) fn settings(tree: &Value, now: DateTime<Utc>, report: &Report) -> Option<Settings> {
    let root = Section::root(tree, report);
    let timezone = root.parse("timezone", leaf::timezone);
    let language = root.choice("language", &Language::ALL.map(|language| (language.as_str(), language)));
    let database = closed(root.section("database"), database::settings);
    let ops = closed(root.section("ops"), ops::settings);
    let http = closed(root.section("http"), http);
    let engine = closed(root.section("engine"), engine);
    let privacy = closed(root.section("privacy"), privacy::settings);
    let log = closed(root.section("log"), log::settings);
    let telemetry = closed(root.section("telemetry"), telemetry::telemetry);
    let scheduler = closed(root.section("scheduler"), |section| {
        let jitter = section.duration("jitter", Duration::ZERO..=HOUR);
        let schedule = |text: &str| leaf::schedule(text, timezone.unwrap_or(Tz::UTC), now);
        let retention = section.parse("retention", schedule);
        let runs_kept = section.duration("runs_kept", 7 * DAY..=3_650 * DAY);
        Some(SchedulerSettings { jitter: jitter?, retention: retention?, runs_kept: runs_kept? })
    });
    let context = Context {
        zone: timezone.unwrap_or(Tz::UTC),
        now,
        personal: privacy.as_ref().map_or(&Privacy::KEEP, |privacy| &privacy.personal),
        custom_fields: privacy.as_ref().map_or(&CustomFieldPolicy::Drop, |privacy| &privacy.custom_fields),
    };
    let defaults = root.section("defaults").into_template();
    let notify = notify::targets(&root, &defaults);
    let sources = source::sources(&root, &defaults, context);
    defaults.close();
    root.close();
    let (effective, secret_files) = report.effective.take();
    Some(Settings {
        timezone: timezone?,
        language: language?,
        database: database?,
        ops: ops?,
        http: http?,
        engine: engine?,
        scheduler: scheduler?,
        privacy: privacy?,
        log: log?,
        notify: notify?,
        telemetry: telemetry?,
        sources: sources?,
        effective,
        secret_files,
    })
}

/// Reads a section and then refuses what is left of it.
pub(in crate::config) fn closed<'a, T>(
    section: Section<'a>,
    read: impl FnOnce(&Section<'a>) -> Option<T>,
) -> Option<T> {
    let value = read(&section);
    section.close();
    value
}

fn http(section: &Section<'_>) -> Option<HttpSettings> {
    let connect_timeout = section.duration("connect_timeout", 10 * MS..=10 * MINUTE);
    let read_timeout = section.duration("read_timeout", 10 * MS..=10 * MINUTE);
    let total_timeout = section.duration("total_timeout", 10 * MS..=HOUR);
    let body_mib_max = section.number("body_mib_max", 1..=1_024);
    let ca_file = section.maybe("ca_file", secret::path);
    Some(HttpSettings {
        connect_timeout: connect_timeout?,
        read_timeout: read_timeout?,
        total_timeout: total_timeout?,
        body_mib_max: body_mib_max?,
        ca_file: ca_file?,
    })
}

fn engine(section: &Section<'_>) -> Option<EngineSettings> {
    let lease = section.duration("lease", SECOND..=10 * MINUTE);
    let retries = section.number("retries", 1..=100);
    let retry_base = section.duration("retry_base", MS..=10 * MINUTE);
    let retry_max = section.duration("retry_max", MS..=HOUR);
    let persist_pages_slower_than = section.duration("persist_pages_slower_than", Duration::ZERO..=HOUR);
    let max_concurrent_windows = section.number("max_concurrent_windows", 1..=64);
    let rows_mib_max = section.number("rows_mib_max", 1..=65536);
    let walks_max = section.number("walks_max", 1..=100);
    let pages_max = section.number("pages_max", 1..=10_000_000);
    let window_rows_max = section.number("window_rows_max", 1..=10_000_000);
    let shutdown_grace = section.duration("shutdown_grace", Duration::ZERO..=10 * MINUTE);
    if let (Some(base), Some(max)) = (retry_base, retry_max)
        && max < base
    {
        let (base, max) = (leaf::show_duration(base), leaf::show_duration(max));
        section.refuse("retry_max", format!("{max} is less than `retry_base`, which is {base}"));
    }
    Some(EngineSettings {
        lease: lease?,
        retries: retries?,
        retry_base: retry_base?,
        retry_max: retry_max?,
        persist_pages_slower_than: persist_pages_slower_than?,
        max_concurrent_windows: max_concurrent_windows?,
        rows_mib_max: rows_mib_max?,
        walks_max: walks_max?,
        pages_max: pages_max?,
        window_rows_max: window_rows_max?,
        shutdown_grace: shutdown_grace?,
    })
}
