//! From a configured stream to one that can be read.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::app::Seams;
use crate::config::{Account, EngineSettings, Settings, SourceSettings, StreamSettings, WindowSettings};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::forgotten::ForgottenBoard;
use crate::domain::status::detail::StreamDetail;
use crate::domain::status::{StreamDeclaration, StreamStatus, WindowTally};
use crate::domain::stream::StreamId;
use crate::domain::window::WindowGrid;
use crate::engine::fetch::RetryConfig;
use crate::engine::forgetting::Forgetful;
use crate::engine::planner::WindowPolicy;
use crate::engine::port::budget::{Budget, BudgetKey};
use crate::engine::port::clock::Clock;
use crate::engine::port::source::Source;
use crate::engine::port::token::TokenVault;
use crate::engine::reader::{PassConfig, ReadPolicy, StreamReader};
use crate::engine::walk::WalkConfig;
use crate::scheduler::cron::CronSchedule;
use crate::sources::http::{HttpClient, HttpConfig};
use crate::sources::moor::{MoorAccount, MoorConfig, MoorLimits};
use crate::sources::sobot::{SobotAccount, SobotConfig};
use crate::store::PgStore;

/// How long a vendor that never answered is tried before a pass gives up.
const FIRST_CONTACT: std::time::Duration = std::time::Duration::from_secs(4);

/// The largest page of calls that the configuration allows.
const CALL_PAGE_MAX: u32 = 1_000;

/// A stream with its schedule.
pub(super) struct Stream {
    pub(super) reader: Arc<StreamReader>,
    pub(super) schedule: CronSchedule,
    /// How long rows are kept.
    pub(super) retention: Option<Duration>,
    window: Option<WindowSettings>,
    zone: Tz,
}

impl Stream {
    pub(super) fn declaration(&self) -> StreamDeclaration {
        StreamDeclaration {
            key: self.reader.key.clone(),
            // Older windows are not read any more: complete from there on is all that can be said.
            start: self
                .window
                .as_ref()
                .map(|window| self.reader.cut().map_or(window.start, |cut| cut.max(window.start))),
            schedule: self.schedule.expression().to_owned(),
            timezone: self.zone,
        }
    }

    /// What there is to say of it before it was ever read.
    pub(super) fn never_read(&self) -> StreamStatus {
        let StreamDeclaration { key, start, schedule, .. } = self.declaration();
        StreamStatus {
            kind: key.stream.kind(),
            source: key.source,
            stream: key.stream,
            complete_from: start,
            complete_to: None,
            final_to: None,
            rows: 0,
            windows: WindowTally::default(),
            last_read_at: None,
            quarantined: 0,
            absence_alarms: 0,
            drifts: Vec::new(),
            failure: None,
            schedule,
            next_tick: None,
            detail: StreamDetail::default(),
        }
    }

    /// The stream with a grid that begins at `start`, for a backfill from before the configured start.
    pub(super) fn reader_from(&self, start: DateTime<Utc>) -> Arc<StreamReader> {
        let Some(window) = self.window.as_ref().filter(|window| start < window.start) else {
            return self.reader.clone();
        };
        let window = WindowSettings { start, ..window.clone() };
        let policy = ReadPolicy::Windows(window_policy(&window, self.retention, self.zone));
        Arc::new(self.reader.with_policy(policy))
    }
}

/// The vendors' side of a stream, by which [`assemble`] and `check` reach it.
pub(super) struct Endpoint {
    pub(super) source: Arc<dyn Source>,
    pub(super) budget: BudgetKey,
    pub(super) settings: StreamSettings,
}

/// Every enabled stream of every source, ready to be read.
pub(super) fn assemble(
    settings: &Settings,
    store: &PgStore,
    seams: &Seams,
    worker: Uuid,
) -> Result<Vec<Stream>, Fault> {
    let store = Arc::new(store.clone());
    let budget = seams.budget.clone().unwrap_or_else(|| store.clone());
    let board = store.board().clone();
    let shared = Shared { vault: store.clone(), budget, clock: seams.clock.clone(), board };
    endpoints(settings, &shared)?
        .into_iter()
        .map(|Endpoint { source, budget, settings: stream }| {
            let zone = settings.timezone;
            let schedule = CronSchedule::parse(&stream.schedule, zone).map_err(|error| {
                Fault::new(FaultKind::RequestRefused, stream.key.to_string()).with_cause(error)
            })?;
            let retention = stream.retention.map(length);
            let policy = match &stream.window {
                Some(window) => ReadPolicy::Windows(window_policy(window, retention, zone)),
                None => ReadPolicy::Snapshot,
            };
            let reader = StreamReader {
                key: stream.key.clone(),
                source: Arc::new(Forgetful {
                    inner: source,
                    source: stream.key.source.clone(),
                    board: shared.board.clone(),
                }),
                store: store.clone(),
                budget: shared.budget.clone(),
                budget_key: budget,
                clock: shared.clock.clone(),
                worker,
                policy,
                page_log: Some(store.clone()),
                config: pass_config(&settings.engine, &stream),
            };
            Ok(Stream { reader: Arc::new(reader), schedule, retention, window: stream.window, zone })
        })
        .collect()
}

/// What accounts are shared through: tokens and limits live beyond the process, time does not.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) vault: Arc<dyn TokenVault>,
    pub(super) budget: Arc<dyn Budget>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) board: ForgottenBoard,
}

/// The client with which all vendors are read.
pub(super) fn http_client(settings: &Settings) -> Result<HttpClient, Fault> {
    HttpClient::new(&http_config(settings))
}

/// The limits of every request.
pub(super) fn http_config(settings: &Settings) -> HttpConfig {
    HttpConfig {
        connect_timeout: settings.http.connect_timeout,
        read_timeout: settings.http.read_timeout,
        total_timeout: settings.http.total_timeout,
        body_bytes_max: settings.http.body_mib_max as usize * 1024 * 1024,
        ..HttpConfig::default()
    }
}

/// The vendors' side of every enabled stream.
pub(super) fn endpoints(settings: &Settings, shared: &Shared) -> Result<Vec<Endpoint>, Fault> {
    let http = http_client(settings)?;
    Ok(settings.sources.iter().flat_map(|source| account_endpoints(source, &http, shared)).collect())
}

/// The 7moor account of a source, if it is one.
pub(super) fn moor_config(source: &SourceSettings) -> Option<MoorConfig> {
    let Account::Moor { account_id, api_secret, .. } = &source.account else { return None };
    Some(MoorConfig {
        source: source.name.clone(),
        base_url: source.base_url.clone(),
        account_id: account_id.clone(),
        api_secret: api_secret.clone(),
        privacy: source.privacy.clone(),
    })
}

/// The account's limits of reading.
pub(super) fn moor_limits(source: &SourceSettings, budget: Arc<dyn Budget>) -> MoorLimits {
    let per_minute = |id| {
        let stream = source.streams.iter().find(|stream| stream.key.stream == id);
        stream.map_or(1, |stream| stream.requests_per_minute)
    };
    MoorLimits {
        budget,
        queue_per_minute: per_minute(StreamId::MoorQueue),
        agent_claim_status_per_minute: per_minute(StreamId::MoorAgentClaimStatus),
    }
}

/// One account object for all streams of a source: they share its token.
fn account_endpoints(source: &SourceSettings, http: &HttpClient, shared: &Shared) -> Vec<Endpoint> {
    let enabled = source.streams.iter().filter(|stream| stream.enabled);
    match &source.account {
        Account::Sobot { app_id, app_key, .. } => {
            let config = SobotConfig {
                source: source.name.clone(),
                base_url: source.base_url.clone(),
                app_id: app_id.clone(),
                app_key: app_key.clone(),
                privacy: source.privacy.forgetting(&shared.board, &source.name),
            };
            let account = SobotAccount::new(config, http.clone(), shared.vault.clone(), shared.clock.clone());
            let endpoint = |stream: &StreamSettings| Endpoint {
                source: match stream.key.stream {
                    StreamId::SobotChatResult => account.chat_result(),
                    _ => account.call_result(),
                },
                budget: BudgetKey {
                    name: account.budget_name(stream.key.stream),
                    per_minute: stream.requests_per_minute,
                },
                settings: stream.clone(),
            };
            enabled.map(endpoint).collect()
        }
        Account::Moor { .. } => {
            let Some(config) = moor_config(source) else { return Vec::new() };
            let privacy = source.privacy.forgetting(&shared.board, &source.name);
            let config = MoorConfig { privacy, ..config };
            let limits = moor_limits(source, shared.budget.clone());
            let account = MoorAccount::new(config, http.clone(), limits, shared.clock.clone());
            let endpoint = |stream: &StreamSettings| Endpoint {
                source: match stream.key.stream {
                    StreamId::MoorQueue => account.queue(),
                    _ => account.agent_claim_status(),
                },
                budget: account.budget_key(stream.key.stream),
                settings: stream.clone(),
            };
            enabled.map(endpoint).collect()
        }
        // A live feed has no pages; see `app/feed`.
        Account::Workbench { .. } => Vec::new(),
    }
}

fn length(length: std::time::Duration) -> Duration {
    Duration::from_std(length).unwrap_or(Duration::MAX)
}

fn window_policy(window: &WindowSettings, retention: Option<Duration>, zone: Tz) -> WindowPolicy {
    let origin = window.start.with_timezone(&zone).date_naive();
    WindowPolicy {
        start: window.start,
        grid: WindowGrid::new(origin, length(window.window), zone),
        lookback: length(window.lookback),
        settle: length(window.settle),
        reread_every: window.reread_every.map(length),
        missed_revisions_max: window.missed_revisions_max.as_f64(),
        reread_requests_per_day: window.reread_requests_per_day.map(u64::from),
        retention,
    }
}

pub(super) fn pass_config(engine: &EngineSettings, stream: &StreamSettings) -> PassConfig {
    // A chat window asks for whole days, so its halves would be read as large as the whole.
    let splits = stream.key.stream == StreamId::SobotCallResult;
    PassConfig {
        lease: engine.lease,
        retry: RetryConfig {
            tries_max: engine.retries,
            base: engine.retry_base,
            max: engine.retry_max,
            first_contact: FIRST_CONTACT,
        },
        walk: WalkConfig {
            page_size: stream.page_size,
            page_size_max: if splits { CALL_PAGE_MAX } else { stream.page_size },
            pages_max: engine.pages_max,
            rows_max: splits.then_some(u64::from(engine.window_rows_max)),
            doubles: false,
            follow: false,
        },
        walks_max: engine.walks_max,
        keep_pages_over: engine.keep_pages_over,
        absence_max: stream.absence_max,
    }
}
