//! `[sources.NAME]`, with `[defaults.KIND]` behind each.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::config::parse::leaf::{self, PlainHttp};
use crate::config::parse::name::{NAME_RULE, is_name};
use crate::config::parse::read::{Context, closed};
use crate::config::parse::reader::Section;
use crate::config::parse::secret;
use crate::config::section::feed::feed;
use crate::config::section::privacy;
use crate::config::settings::{
    Account, ActionBody, AgentSettings, SourceSettings, StreamSettings, WindowSettings,
};
use crate::domain::proof::window::local_midnight;
use crate::domain::stream::{StreamId, StreamKey, StreamKind};
use crate::domain::vendor::page::Totals;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

const TOTALS: [(&str, Totals); 2] = [("trust", Totals::Trust), ("ignore", Totals::Ignore)];

/// How far back a stream begins that does not say where.
const START_DAYS_BACK: i64 = 31;

/// The vendors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Kind {
    Sobot,
    Moor,
    Workbench,
}

/// The vendors, by the words that name them.
pub(in crate::config) const KINDS: [(&str, Kind); 3] =
    [("sobot", Kind::Sobot), ("moor", Kind::Moor), ("workbench", Kind::Workbench)];

impl Kind {
    /// The streams of this kind's sources.
    fn streams(self) -> impl Iterator<Item = StreamId> {
        let name = KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name);
        StreamId::of_vendor(name)
    }
}

/// Reads the defaults of each kind, and then every source.
pub(in crate::config) fn sources(
    root: &Section<'_>,
    defaults: &Section<'_>,
    context: Context<'_>,
) -> Option<Vec<SourceSettings>> {
    for (name, kind) in KINDS {
        closed(defaults.section(name), |section| source(section, name, kind, context));
    }

    let sources = root.section("sources");
    let read = |name: String| {
        let section = sources.section(&name);
        if !section.exists() {
            return None;
        }
        if !is_name(&name) {
            sources.refuse(&name, NAME_RULE);
        }
        let kind = section.choice("kind", &KINDS)?;
        let defaults =
            KINDS.iter().find(|(_, other)| *other == kind).map(|(name, _)| defaults.section(name))?;
        closed(section.or(&defaults), |section| {
            section.has("kind");
            source(section, &name, kind, context)
        })
    };
    let read: Vec<_> = sources.names().into_iter().map(read).collect();
    read.into_iter().collect()
}

fn source(section: &Section<'_>, name: &str, kind: Kind, context: Context<'_>) -> Option<SourceSettings> {
    let allow_http = section.boolean("allow_http");
    let plain = match (allow_http, kind) {
        // Where the setting could not be read, one mistake is enough.
        (Some(true) | None, _) => PlainHttp::Allowed,
        // Its document gives an address in a private network, and its vendor knows http alone.
        (Some(false), Kind::Workbench) => PlainHttp::PrivateNetwork,
        (Some(false), _) => PlainHttp::Loopback,
    };
    let base_url = section.parse("base_url", |text| leaf::base_url(text, plain));
    let privacy = closed(section.section("privacy"), |section| {
        let personal = privacy::of_source(section, context.personal);
        let custom_fields = match kind {
            Kind::Workbench => section.maybe("custom_fields", privacy::custom_fields),
            Kind::Sobot | Kind::Moor => Some(None),
        };
        Some((personal?, custom_fields?))
    });
    let account = account(section, kind);
    let streams = streams(section, name, kind, context);
    let feed = match kind.streams().find(|stream| stream.kind() == StreamKind::Feed) {
        Some(stream) => {
            let key = StreamKey { source: name.to_owned(), stream };
            closed(section.section(stream.stem()), |section| feed(section, key)).map(Some)
        }
        None => Some(None),
    };
    let (privacy, custom_fields) = privacy?;
    Some(SourceSettings {
        name: name.to_owned(),
        base_url: base_url?,
        allow_http: allow_http?,
        privacy,
        account: account?,
        custom_fields: custom_fields.unwrap_or_else(|| context.custom_fields.clone()),
        streams: streams?,
        feed: feed?,
    })
}

fn account(section: &Section<'_>, kind: Kind) -> Option<Account> {
    match kind {
        Kind::Sobot => {
            let app_id = section.text("app_id");
            let app_key = secret::required(section, "app_key")?.credential();
            Some(Account::Sobot { app_id: app_id?, app_key })
        }
        Kind::Moor => {
            let account_id = section.text("account_id");
            let secret = secret::required(section, "api_secret");
            let actions_per_minute =
                closed(section.section("action"), |action| action.number("requests_per_minute", 1..=20));
            Some(Account::Moor {
                account_id: account_id?,
                api_secret: secret?.credential(),
                actions_per_minute: actions_per_minute?,
            })
        }
        Kind::Workbench => {
            let agents = agents(section);
            let action = closed(section.section("action"), |action| {
                let per_minute = action.number("requests_per_minute", 1..=600);
                let body = action.choice("body", &[("form", ActionBody::Form), ("json", ActionBody::Json)]);
                let characters = action.number("sms_characters_max", 1..=10_000);
                Some((per_minute?, body?, characters?))
            });
            let (actions_per_minute, action_body, sms_characters_max) = action?;
            Some(Account::Workbench { agents: agents?, actions_per_minute, action_body, sms_characters_max })
        }
    }
}

fn agents(section: &Section<'_>) -> Option<Vec<AgentSettings>> {
    let mut seen = BTreeSet::new();
    let mut read = |element: Option<Section<'_>>| {
        closed(element?, |agent| {
            let extno = agent.text("extno");
            let token = secret::required(agent, "access_token");
            let extno = extno?;
            if extno.is_empty()
                || extno.contains(|letter: char| letter.is_control() || letter.is_whitespace())
            {
                agent.refuse(
                    "extno",
                    "the agent's number holds a blank or a control character, or nothing".to_owned(),
                );
            }
            if !seen.insert(extno.clone()) {
                agent.refuse("extno", format!("{extno} is there twice: one block per agent"));
            }
            Some(AgentSettings { extno, access_token: token?.credential() })
        })
    };
    let read: Vec<_> = section.list("agents").into_iter().map(&mut read).collect();
    read.into_iter().collect()
}

fn streams(
    section: &Section<'_>,
    name: &str,
    kind: Kind,
    context: Context<'_>,
) -> Option<Vec<StreamSettings>> {
    // A stream without a start begins where its sibling does.
    let mut windowed = kind.streams().filter(|stream| stream.kind() == StreamKind::Windowed);
    let given = windowed.find_map(|stream| start(&section.section(stream.stem()), context)?);
    let fallback = given.unwrap_or_else(|| {
        let day = context.now.with_timezone(&context.zone) - chrono::Duration::days(START_DAYS_BACK);
        local_midnight(day.date_naive(), context.zone)
    });
    let read = |id: StreamId| {
        let key = StreamKey { source: name.to_owned(), stream: id };
        closed(section.section(id.stem()), |section| stream(section, key, fallback, context))
    };
    let read: Vec<_> = kind.streams().filter(|stream| stream.kind() != StreamKind::Feed).map(read).collect();
    read.into_iter().collect()
}

fn start(section: &Section<'_>, context: Context<'_>) -> Option<Option<DateTime<Utc>>> {
    let read = |text: &str| leaf::start(text, context.zone, context.now);
    section.maybe("start", |section, key| section.parse(key, read))
}

fn stream(
    section: &Section<'_>,
    key: StreamKey,
    fallback: DateTime<Utc>,
    context: Context<'_>,
) -> Option<StreamSettings> {
    let (page_max, requests_max) = (key.stream.page_size_max, key.stream.requests_per_minute_max);
    let enabled = section.boolean("enabled");
    let schedule = section.parse("schedule", |text| leaf::schedule(text, context.zone, context.now));
    let page_size = section.number("page_size", 1..=page_max.into());
    let requests_per_minute = section.number("requests_per_minute", 1..=requests_max.into());
    let absence_max = section.parse("absence_max", str::parse);
    let totals = section.choice("totals", &TOTALS);
    let result_cap = section.number("result_cap", 0..=1_000_000_000);
    let reread_at_once = section.boolean("reread_at_once");
    let window = match key.stream.kind() {
        StreamKind::Snapshot | StreamKind::Feed => Some(None),
        StreamKind::Windowed => window(section, key.stream, fallback, context).map(Some),
    };
    let fresh_within =
        section.maybe("fresh_within", |section, key| section.duration(key, MINUTE..=366 * DAY));
    let retention = retention(section);
    if let (Some(Some(kept)), Some(Some(window))) = (retention, &window)
        && kept <= window.lookback
    {
        let (kept, lookback) = (leaf::show_duration(kept), leaf::show_duration(window.lookback));
        section.refuse("retention", format!("{kept} is not more than `lookback`, which is {lookback}"));
    }
    Some(StreamSettings {
        key,
        enabled: enabled?,
        schedule: schedule?,
        page_size: page_size?,
        page_size_is_given: section.is_given("page_size"),
        requests_per_minute: requests_per_minute?,
        absence_max: absence_max?,
        totals: totals?,
        result_cap: result_cap.map(|cap: u32| (0 < cap).then_some(u64::from(cap)))?,
        result_cap_is_given: section.is_given("result_cap"),
        reread_at_once: reread_at_once?,
        fresh_within: fresh_within?,
        retention: retention?,
        window: window?,
    })
}

/// How long rows are kept; without it, for ever.
pub(in crate::config) fn retention(section: &Section<'_>) -> Option<Option<Duration>> {
    let kept = |section: &Section<'_>, key: &str| section.duration(key, DAY..=36_500 * DAY);
    section.maybe("retention", kept)
}

fn window(
    section: &Section<'_>,
    stream: StreamId,
    fallback: DateTime<Utc>,
    context: Context<'_>,
) -> Option<WindowSettings> {
    let start = start(section, context).map(|given| given.unwrap_or(fallback));
    if let Some(start) = start {
        section
            .note("start", start.with_timezone(&context.zone).to_rfc3339_opts(SecondsFormat::AutoSi, true));
    }
    let window = section.duration("window", MINUTE..=31 * DAY);
    if let (Some(length), Some(grain)) = (window, stream.grain)
        && length.as_secs() % grain.as_secs() != 0
    {
        let (length, grain) = (leaf::show_duration(length), leaf::show_duration(grain));
        section.refuse("window", format!("{length} is no multiple of {grain}: the vendor takes whole days"));
    }
    let lookback = section.duration("lookback", Duration::ZERO..=3_650 * DAY);
    let settle = section.duration("settle", Duration::ZERO..=31 * DAY);
    let every = |section: &Section<'_>, key: &str| section.duration(key, SECOND..=366 * DAY);
    let reread_every = section.maybe("reread_every", every);
    let missed_revisions_max = section.parse("missed_revisions_max", str::parse);
    let per_day = |section: &Section<'_>, key: &str| section.number(key, 0..=1_000_000_000);
    let reread_requests_per_day = section.maybe("reread_requests_per_day", per_day);
    Some(WindowSettings {
        start: start?,
        window: window?,
        lookback: lookback?,
        settle: settle?,
        reread_every: reread_every?,
        missed_revisions_max: missed_revisions_max?,
        reread_requests_per_day: reread_requests_per_day?,
    })
}
