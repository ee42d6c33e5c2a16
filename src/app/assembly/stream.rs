//! From a configured stream to one that can be read.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::app::Overrides;
use crate::app::assembly::declaration::declaration;
use crate::app::assembly::policy::{pass_config, window_policy};
use crate::app::usecase::probe;
use crate::config::{Account, Settings, SourceSettings, StreamSettings, WindowSettings};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::ErasureList;
use crate::domain::stream::StreamId;
use crate::domain::vendor::fact::VendorFact;
use crate::engine::forgetting::ErasureFilter;
use crate::engine::pass::progress::ProgressTable;
use crate::engine::pass::reader::{ReadPolicy, StreamReader};
use crate::engine::plan::present::TimeWitness;
use crate::engine::port::budget::{Budget, BudgetKey};
use crate::engine::port::source::Source;
use crate::engine::port::token::TokenVault;
use crate::engine::read::row_buffer::RowBuffer;
use crate::report::alert::StreamWatch;
use crate::report::status::detail::StreamDetail;
use crate::report::status::{StreamDeclaration, StreamStatus, WindowTally};
use crate::scheduler::cron::CronSchedule;
use crate::sources::http::{HttpClient, HttpConfig};
use crate::sources::moor::{MoorAccount, MoorConfig, MoorLimits};
use crate::sources::sobot::{SobotAccount, SobotConfig};
use crate::store::PgStore;

/// A stream with its schedule.
pub(in crate::app) struct Stream {
    pub(in crate::app) reader: Arc<StreamReader>,
    pub(in crate::app) schedule: CronSchedule,
    /// How long rows are kept.
    pub(in crate::app) retention: Option<Duration>,
    /// How old its data may be, where that is configured.
    pub(in crate::app) fresh_within: Option<Duration>,
    /// The longest pause of its schedule, once it is known; found out once for all that have the same.
    pub(in crate::app) pause: Arc<OnceLock<Duration>>,
    window: Option<WindowSettings>,
    zone: Tz,
}

impl Stream {
    pub(in crate::app) fn declaration(&self) -> StreamDeclaration {
        let schedule = self.schedule.expression().to_owned();
        let timezone = self.zone;
        declaration(self.reader.key.clone(), self.window.as_ref(), self.reader.cut(), schedule, timezone)
    }

    /// How long a window may still change after its end.
    pub(in crate::app) fn settle(&self) -> Duration {
        self.window.as_ref().map_or(Duration::zero(), |window| length(window.settle))
    }

    /// Requests that rereads may cost in a business day.
    pub(in crate::app) fn reread_requests_per_day(&self) -> Option<u32> {
        self.window.as_ref()?.reread_requests_per_day
    }

    /// What there is to say of it before it was ever read.
    pub(in crate::app) fn never_read(&self) -> StreamStatus {
        let StreamDeclaration { key, start, schedule, .. } = self.declaration();
        StreamStatus {
            kind: key.stream.kind(),
            source: key.source,
            stream: key.stream,
            complete_from: start,
            complete_to: None,
            final_to: None,
            reach_seconds: None,
            changed_after_final: 0,
            paused: false,
            rows: 0,
            windows: WindowTally::default(),
            last_read_at: None,
            quarantined: 0,
            absence_alarms: 0,
            drifts: Vec::new(),
            failure: None,
            schedule,
            next_tick: None,
            watch: StreamWatch::default(),
            detail: StreamDetail::default(),
        }
    }

    /// The stream with a grid that begins at `start`, for a backfill from before the configured start.
    pub(in crate::app) fn reader_from(&self, start: DateTime<Utc>) -> Arc<StreamReader> {
        let Some(window) = self.window.as_ref().filter(|window| start < window.start) else {
            return self.reader.clone();
        };
        let window = WindowSettings { start, ..window.clone() };
        let policy =
            ReadPolicy::Windows(window_policy(self.reader.key.stream, &window, self.retention, self.zone));
        Arc::new(self.reader.with_policy(policy))
    }
}

/// The streams by source and name.
pub(in crate::app) fn by_name(streams: &[Stream]) -> HashMap<(&str, StreamId), &Stream> {
    let named = |stream| (name_of(stream), stream);
    streams.iter().map(named).collect()
}

fn name_of(stream: &Stream) -> (&str, StreamId) {
    let key = &stream.reader.key;
    (&key.source, key.stream)
}

/// The vendors' side of a stream, by which [`assemble`] and `check` reach it.
pub(in crate::app) struct Endpoint {
    pub(in crate::app) source: Arc<dyn Source>,
    pub(in crate::app) budget: BudgetKey,
    pub(in crate::app) settings: StreamSettings,
}

/// Every enabled stream of every source, ready to be read.
pub(in crate::app) fn assemble(
    (settings, facts): (&Settings, &[VendorFact]),
    store: &PgStore,
    overrides: &Overrides,
    witness: &TimeWitness,
    worker: Uuid,
    progress: &ProgressTable,
) -> Result<Vec<Stream>, Fault> {
    let store = Arc::new(store.clone());
    let shared = Shared::through(&store, overrides, witness);
    let http = http_client(settings)?.measuring(witness);
    let row_buffer = RowBuffer::new(u64::from(settings.engine.rows_mib_max) << 20);
    let mut pauses: HashMap<String, Arc<OnceLock<Duration>>> = HashMap::new();
    endpoints(settings, &http, &shared)
        .into_iter()
        .map(|mut endpoint| {
            let page_size = probe::page_size(facts, &endpoint.settings, overrides.clock.now());
            // Whatever is read beside passes, as by `verify`, is asked for in pages of this size too.
            endpoint.settings.page_size = page_size.now();
            probe::apply(facts, &mut endpoint);
            let Endpoint { source, budget, settings: stream } = endpoint;
            let zone = settings.timezone;
            let schedule = CronSchedule::parse(&stream.schedule, zone).map_err(|error| {
                let setting = format!("{}: schedule", stream.key);
                Fault::new(FaultKind::Misconfigured, setting).with_cause(error)
            })?;
            let retention = stream.retention.map(length);
            let policy = match &stream.window {
                Some(window) => {
                    ReadPolicy::Windows(window_policy(stream.key.stream, window, retention, zone))
                }
                None => ReadPolicy::Snapshot,
            };
            let reader = StreamReader {
                key: stream.key.clone(),
                source: Arc::new(ErasureFilter {
                    inner: source,
                    source: stream.key.source.clone(),
                    erasures: shared.erasures.clone(),
                }),
                store: store.clone(),
                budget: shared.budget.clone(),
                budget_key: budget,
                clock: witness.clock_of(&stream.key.source),
                worker,
                policy,
                page_log: Some(store.clone()),
                page_size,
                row_buffer: row_buffer.clone(),
                progress: progress.clone(),
                config: pass_config(&settings.engine, &stream),
            };
            let fresh_within = stream.fresh_within.map(length);
            let pause = pauses.entry(stream.schedule).or_default().clone();
            let (reader, window) = (Arc::new(reader), stream.window);
            Ok(Stream { reader, schedule, retention, fresh_within, pause, window, zone })
        })
        .collect()
}

/// What accounts are shared through: tokens and limits live beyond the process, time does not.
#[derive(Clone)]
pub(in crate::app) struct Shared {
    pub(in crate::app) vault: Arc<dyn TokenVault>,
    pub(in crate::app) budget: Arc<dyn Budget>,
    pub(in crate::app) witness: TimeWitness,
    pub(in crate::app) erasures: ErasureList,
}

impl Shared {
    /// By way of the database.
    pub(in crate::app) fn through(
        store: &Arc<PgStore>,
        overrides: &Overrides,
        witness: &TimeWitness,
    ) -> Shared {
        Shared {
            vault: store.clone(),
            budget: overrides.budget.clone().unwrap_or_else(|| store.clone()),
            witness: witness.clone(),
            erasures: store.erasures().clone(),
        }
    }
}

/// The client with which all vendors are read.
pub(in crate::app) fn http_client(settings: &Settings) -> Result<HttpClient, Fault> {
    HttpClient::new(&http_config(settings))
}

/// The limits of every request.
pub(in crate::app) fn http_config(settings: &Settings) -> HttpConfig {
    HttpConfig {
        connect_timeout: settings.http.connect_timeout,
        read_timeout: settings.http.read_timeout,
        total_timeout: settings.http.total_timeout,
        body_bytes_max: settings.http.body_mib_max as usize * 1024 * 1024,
        page_bytes_max: u64::from(settings.engine.rows_mib_max) << 20,
        ca_file: settings.http.ca_file.clone(),
        ..HttpConfig::default()
    }
}

/// The vendors' side of every enabled stream.
fn endpoints(settings: &Settings, http: &HttpClient, shared: &Shared) -> Vec<Endpoint> {
    settings.sources.iter().flat_map(|source| account_endpoints(source, http, shared)).collect()
}

/// The 7moor account of a source, if it is one.
pub(in crate::app) fn moor_config(source: &SourceSettings) -> Option<MoorConfig> {
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
pub(in crate::app) fn moor_limits(source: &SourceSettings, budget: Arc<dyn Budget>) -> MoorLimits {
    let limit = |stream: &StreamSettings| (stream.key.stream, stream.requests_per_minute);
    MoorLimits { budget, per_minute: source.streams.iter().map(limit).collect() }
}

/// The Sobot account of a source, if it is one.
pub(in crate::app) fn sobot_account(
    source: &SourceSettings,
    http: &HttpClient,
    shared: &Shared,
) -> Option<SobotAccount> {
    let Account::Sobot { app_id, app_key, .. } = &source.account else { return None };
    let config = SobotConfig {
        source: source.name.clone(),
        base_url: source.base_url.clone(),
        app_id: app_id.clone(),
        app_key: app_key.clone(),
        privacy: source.privacy.forgetting(&shared.erasures, &source.name),
    };
    Some(SobotAccount::new(
        config,
        http.clone(),
        shared.vault.clone(),
        shared.witness.signing_clock(&source.name),
    ))
}

/// One account object for all streams of a source: they share its token.
pub(in crate::app) fn account_endpoints(
    source: &SourceSettings,
    http: &HttpClient,
    shared: &Shared,
) -> Vec<Endpoint> {
    let enabled = source.streams.iter().filter(|stream| stream.enabled);
    match &source.account {
        Account::Sobot { .. } => {
            let Some(account) = sobot_account(source, http, shared) else { return Vec::new() };
            let endpoint = |stream: &StreamSettings| Endpoint {
                source: account.stream(stream.key.stream),
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
            let privacy = source.privacy.forgetting(&shared.erasures, &source.name);
            let config = MoorConfig { privacy, ..config };
            let limits = moor_limits(source, shared.budget.clone());
            let account =
                MoorAccount::new(config, http.clone(), limits, shared.witness.signing_clock(&source.name));
            let endpoint = |stream: &StreamSettings| Endpoint {
                source: account.stream(stream.key.stream),
                budget: account.budget_key(stream.key.stream),
                settings: stream.clone(),
            };
            enabled.map(endpoint).collect()
        }
        // A live feed has no pages; see `app/background/feed`.
        Account::Workbench { .. } => Vec::new(),
    }
}

pub(in crate::app) fn length(length: std::time::Duration) -> Duration {
    Duration::from_std(length).unwrap_or(Duration::MAX)
}
