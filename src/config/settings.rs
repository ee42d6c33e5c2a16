//! What a configuration says, typed, checked and complete.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use url::Url;

use crate::config::parse::error::{ConfigError, ConfigErrors};
use crate::config::section::database::DatabaseSettings;
use crate::config::section::feed::FeedSettings;
use crate::config::section::log::LogSettings;
use crate::config::section::notify::NotifySettings;
use crate::config::section::ops::OpsSettings;
use crate::config::section::telemetry::TelemetrySettings;
use crate::domain::person::privacy::{CustomFieldPolicy, Privacy};
use crate::domain::row::share::Share;
use crate::domain::stream::StreamKey;
use crate::domain::vendor::page::Totals;
use crate::report::language::Language;
use crate::sources::credential::Credential;

/// The whole configuration. `config/default.toml` explains each setting.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The zone of business days, schedules and dates without an offset.
    pub timezone: Tz,
    /// In which people are spoken to.
    pub language: Language,
    /// Where rows are kept.
    pub database: DatabaseSettings,
    /// The status page, health checks and metrics.
    pub ops: OpsSettings,
    /// Timeout with vendors.
    pub http: HttpSettings,
    /// Limits of reading.
    pub engine: EngineSettings,
    /// When reading begins.
    pub scheduler: SchedulerSettings,
    /// What becomes of phone numbers, where a source does not say otherwise.
    pub privacy: PrivacySettings,
    /// What is logged and how.
    pub log: LogSettings,
    /// Who is told when something is the matter, by name.
    pub notify: Vec<NotifySettings>,
    /// Where traces go.
    pub telemetry: TelemetrySettings,
    /// The vendor accounts, by name.
    pub sources: Vec<SourceSettings>,
    /// All settings as they were read, without secrets.
    pub effective: serde_json::Value,
    /// The files that secrets were read from.
    pub secret_files: BTreeSet<PathBuf>,
}

/// `[http]`
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// To connect.
    pub connect_timeout: Duration,
    /// Between two pieces of an answer.
    pub read_timeout: Duration,
    /// For a request as a whole.
    pub total_timeout: Duration,
    /// Largest answer, in MiB.
    pub body_mib_max: u32,
    /// Certificates of authorities that are trusted beside the host's.
    pub ca_file: Option<PathBuf>,
}

/// `[engine]`
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// How long a worker owns a window without a sign of life.
    pub lease: Duration,
    /// Tries of one request, the first one counted.
    pub retries: u32,
    /// Wait before the second try.
    pub retry_base: Duration,
    /// Longest wait between two tries.
    pub retry_max: Duration,
    /// A page that took longer than this to get is kept until its read is committed.
    pub persist_pages_slower_than: Duration,
    /// Windows of one stream that are read at the same time.
    pub max_concurrent_windows: usize,
    /// MiB of rows that are read and not committed yet.
    pub rows_mib_max: u32,
    /// Reads of one window that keeps changing.
    pub walks_max: u32,
    /// Pages of one read of one window.
    pub pages_max: u32,
    /// Rows of one window.
    pub window_rows_max: u32,
    /// For work in progress when the service stops.
    pub shutdown_grace: Duration,
}

/// `[scheduler]`
#[derive(Debug, Clone)]
pub struct SchedulerSettings {
    /// Longest random delay of a tick.
    pub jitter: Duration,
    /// When what is older than a stream's retention is removed: a cron expression of six fields, known to be valid.
    pub retention: String,
    /// How long the records of passes are kept.
    pub runs_kept: Duration,
}

/// `[privacy]`
#[derive(Debug, Clone)]
pub struct PrivacySettings {
    /// Phone numbers, addresses and names.
    pub personal: Privacy,
    /// Custom fields of customers.
    pub custom_fields: CustomFieldPolicy,
}

/// `[sources.NAME]`: one vendor account.
#[derive(Debug, Clone)]
pub struct SourceSettings {
    /// The operator's name for it.
    pub name: String,
    /// Address of the vendor, perhaps with a path.
    pub base_url: Url,
    /// Whether plain http is allowed to any host.
    pub allow_http: bool,
    /// Phone numbers, addresses and names of this source.
    pub privacy: Privacy,
    /// Which vendor, and the credentials there.
    pub account: Account,
    /// Custom fields of this source's customers.
    pub custom_fields: CustomFieldPolicy,
    /// Every stream of the vendor that is read, those that are not enabled too.
    pub streams: Vec<StreamSettings>,
    /// Its live feed, where it has one.
    pub feed: Option<FeedSettings>,
}

/// `kind`, and what belongs to it.
#[derive(Debug, Clone)]
pub enum Account {
    /// Sobot 智齿.
    Sobot {
        /// The account. Sources with the same address and account share one token and one budget.
        app_id: String,
        /// Its key.
        app_key: Credential,
    },
    /// 7moor 容联七陌.
    Moor {
        /// The account.
        account_id: String,
        /// Its secret.
        api_secret: Credential,
        /// Writes to each endpoint, per minute.
        actions_per_minute: u32,
    },
    /// The call system's workbench.
    Workbench {
        /// The agents whose monitor is to be followed.
        agents: Vec<AgentSettings>,
        /// Actions of each kind, per minute.
        actions_per_minute: u32,
        /// How the fields of an action are sent.
        action_body: ActionBody,
        /// Characters of a short message at most.
        sms_characters_max: usize,
    },
}

/// How the fields of an action are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionBody {
    /// Percent-encoded pairs.
    Form,
    /// A JSON object.
    Json,
}

/// `[[sources.NAME.agents]]`
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// Extension number, unique within the source.
    pub extno: String,
    /// The agent's token.
    pub access_token: Credential,
}

/// One stream of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    /// Which stream.
    pub key: StreamKey,
    /// Whether it is read.
    pub enabled: bool,
    /// Cron expression of six fields, seconds first, in the settings' zone; known to be valid.
    pub schedule: String,
    /// Rows asked for per page.
    pub page_size: u32,
    /// Whether the operator says so; else what was found of the account rules.
    pub page_size_is_given: bool,
    /// Requests per minute.
    pub requests_per_minute: u32,
    /// Share of a window or snapshot that may vanish at once.
    pub absence_max: Share,
    /// What the totals that the vendor states are worth.
    pub totals: Totals,
    /// Elements that the endpoint states or lists at most, whatever there are; `None`: no such bound is known.
    pub result_cap: Option<u64>,
    /// As `page_size_is_given`.
    pub result_cap_is_given: bool,
    /// Where no total is stated, a window is read a second time in the same pass.
    pub reread_at_once: bool,
    /// Data may be this old before an alert is raised; `None`: by the schedule.
    pub fresh_within: Option<Duration>,
    /// What is older is removed; `None`: nothing ever.
    pub retention: Option<Duration>,
    /// For windowed streams.
    pub window: Option<WindowSettings>,
}

/// How a windowed stream is cut and read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSettings {
    /// The first instant wanted.
    pub start: DateTime<Utc>,
    /// Length of a window.
    pub window: Duration,
    /// How far back windows are read again.
    pub lookback: Duration,
    /// How long a window may still change after its end.
    pub settle: Duration,
    /// Least time between two reads of a window that ended more than a day ago; `None`: every tick.
    pub reread_every: Option<Duration>,
    /// Share of all late and revised results that may come after a window's last read.
    pub missed_revisions_max: Share,
    /// Requests that rereads may cost in one business day; `None`: any number.
    pub reread_requests_per_day: Option<u32>,
}

impl Settings {
    /// The feeds that are followed, each with its source.
    pub fn feeds(&self) -> impl Iterator<Item = (&SourceSettings, &FeedSettings)> {
        let all = self.sources.iter().filter_map(|source| Some((source, source.feed.as_ref()?)));
        all.filter(|(_, feed)| feed.enabled)
    }

    /// The streams that are read, of all sources.
    pub fn streams(&self) -> Vec<StreamSettings> {
        let all = self.sources.iter().flat_map(|source| &source.streams);
        all.filter(|stream| stream.enabled).cloned().collect()
    }

    /// The source of this name.
    pub fn source(&self, name: &str) -> Option<&SourceSettings> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// For the commands that make no sense without a vendor.
    ///
    /// # Errors
    /// Where no source is configured.
    pub fn require_sources(&self) -> Result<(), ConfigErrors> {
        if !self.sources.is_empty() {
            return Ok(());
        }
        let message = "none is configured: add a table [sources.NAME] with kind, base_url and credentials";
        Err(ConfigError { key: "sources".to_owned(), message: message.to_owned(), origin: None }.into())
    }
}
