//! Assembly: the only place that sees vendors, engine and database at once. Commands, tests and the demo
//! all call [`App::build`]; what differs between them are the [`Overrides`].

mod assembly;
mod background;
mod usecase;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::assembly::database::Database;
pub use self::assembly::embedded::{back_up, export, restore};
pub use self::assembly::liveness::Liveness;
use self::assembly::present::TimeLearned;
use self::assembly::stream::Stream;
use self::assembly::{declaration, stream};
pub use self::background::daemon::DaemonError;
use self::background::feed;
pub use self::background::opening::Opening;
pub use self::background::retention::Expired;
pub use self::usecase::check::{CheckGroup, CheckReport, CheckVerdict, Checked};
pub use self::usecase::forget::ErasureSubject;
pub use self::usecase::plan::{Rereading, StreamPlan};
pub use self::usecase::probe::{PROBE_REQUESTS_MAX, Probed, probed_source};
pub use self::usecase::quarantine::Retried;
pub use self::usecase::source::SourceSummary;
pub use self::usecase::verify::{Repair, Verified};
pub use self::write::action::{ActionError, ActionService, Performed};
pub use self::write::limit::LimitWait;
pub use self::write::roster::{Addition, RosterService};
pub use self::write::roster_apply::{Ending, GroupOutcome, Progress};
use crate::config::Settings;
use crate::domain::fault::Fault;
use crate::domain::proof::run::Trigger;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::vendor::fact::VendorFact;
use crate::domain::vendor::feed::DatabaseWait;
use crate::engine::feed::follower::FeedFollower;
use crate::engine::pass::progress::ProgressTable;
use crate::engine::pass::reader::{PassOrder, PassReport};
use crate::engine::plan::present::TimeWitness;
use crate::engine::port::budget::Budget;
use crate::engine::port::clock::{Clock, SystemClock};
use crate::engine::port::store::Store as _;
use crate::report::alert::Refusal;
use crate::report::status::StreamDeclaration;

/// What tests and the demo replace.
#[derive(Clone)]
pub struct Overrides {
    /// Time. A clock that needs witnesses is the host's: the present is then what database and vendors say.
    pub clock: Arc<dyn Clock>,
    /// The vendors' limits, where they are not the database's: for time that does not run at its pace.
    pub budget: Option<Arc<dyn Budget>>,
    /// The embedded server's cluster is made where there is none.
    pub create_database: bool,
    /// The embedded server ends with this process, however that ends.
    pub stop_database_with_process: bool,
    /// The embedded server waits for the disk at each commit; off only for data that may be lost.
    pub durable: bool,
    /// How long this process had to wait for the operator's database before anything else.
    pub database_wait: Option<DatabaseWait>,
}

impl Default for Overrides {
    fn default() -> Overrides {
        Overrides {
            clock: Arc::new(SystemClock),
            budget: None,
            create_database: true,
            stop_database_with_process: false,
            durable: true,
            database_wait: None,
        }
    }
}

/// The assembled product.
pub struct App {
    settings: Settings,
    overrides: Overrides,
    database: Database,
    streams: Vec<Stream>,
    feeds: Vec<Arc<FeedFollower>>,
    progress: ProgressTable,
    witness: TimeWitness,
    time: TimeLearned,
    built_at: DateTime<Utc>,
    /// When the database was first found away, while it is.
    database_away: Mutex<Option<DateTime<Utc>>>,
    liveness: Liveness,
    /// What was found of the vendors before the start.
    facts: Vec<VendorFact>,
    /// How large passes of this process found their pages to be, as it was kept, and whether more is not to be had.
    page_sizes: Mutex<HashMap<StreamKey, (u32, bool)>>,
    /// Why nothing is read, or nothing of a source, as last looked at.
    refusals: Mutex<Vec<Refusal>>,
}

impl App {
    /// Opens the database (starts the embedded one where no address is configured) and assembles the
    /// streams. Migrates nothing and asks no vendor.
    ///
    /// # Errors
    /// Database faults.
    pub async fn build(settings: Settings, overrides: Overrides) -> Result<App, Fault> {
        let database = Database::open(&settings.database, &overrides).await?;
        // A database that lacks them knows nothing of the vendors yet.
        let facts = database.store.vendor_facts().await.unwrap_or_default();
        App::assemble(settings, overrides, database, facts)
    }

    fn assemble(
        settings: Settings,
        overrides: Overrides,
        database: Database,
        facts: Vec<VendorFact>,
    ) -> Result<App, Fault> {
        let worker = Uuid::new_v4();
        let progress = ProgressTable::default();
        let witness = TimeWitness::new(overrides.clock.clone());
        let overrides = Overrides { clock: witness.clock(), ..overrides };
        let assembled = (&settings, facts.as_slice());
        let streams = stream::assemble(assembled, &database.store, &overrides, &witness, worker, &progress)?;
        let feeds = feed::assemble(assembled, &database.store, (&overrides, &witness), worker)?;
        let built_at = overrides.clock.now();
        let database_away = Mutex::default();
        Ok(App {
            settings,
            overrides,
            database,
            streams,
            feeds,
            progress,
            witness,
            time: TimeLearned::default(),
            built_at,
            database_away,
            liveness: Liveness::default(),
            facts,
            page_sizes: Mutex::default(),
            refusals: Mutex::default(),
        })
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How far the passes of this process have come.
    pub fn progress(&self) -> &ProgressTable {
        &self.progress
    }

    /// The signs of life of [`App::run`].
    pub fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    /// The configuration it was built from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Migrates the database, cuts and distributes its tables where that is configured, claims the sources for the
    /// accounts of the configuration, and tells it which streams there are.
    ///
    /// # Errors
    /// `SourceRefused` where an account does not fit its name; database faults.
    pub async fn prepare(&self) -> Result<(), Fault> {
        self.ask_database_for_time().await;
        self.database.prepare(&self.settings.database, self.overrides.clock.now()).await?;
        self.claim_accounts().await?;
        self.note_privacy_keys().await?;
        let paused = declaration::paused_declarations(&self.settings, self.overrides.clock.now());
        let read = self.streams.iter().map(Stream::declaration);
        let declarations: Vec<StreamDeclaration> =
            read.chain(paused).chain(self.feed_declarations()).collect();
        self.database.store.declare(&declarations).await
    }

    /// One pass over each of the streams chosen (all where none is named), side by side.
    ///
    /// # Errors
    /// Database faults that kept every pass from even beginning.
    pub async fn sync(
        &self,
        chosen: &[StreamChoice],
        stop: &CancellationToken,
    ) -> Result<Vec<PassReport>, Fault> {
        self.learn_time(self.chosen(chosen), stop).await;
        let order = PassOrder::sync(self.overrides.clock.now());
        self.pass(chosen, &order, stop).await
    }

    /// Reads everything between two instants again, or for the first time.
    ///
    /// # Errors
    /// As [`App::sync`].
    pub async fn backfill(
        &self,
        chosen: &[StreamChoice],
        range: TimeWindow,
        stop: &CancellationToken,
    ) -> Result<Vec<PassReport>, Fault> {
        self.learn_time(self.chosen(chosen), stop).await;
        let sync = PassOrder::sync(self.overrides.clock.now());
        let order = PassOrder { trigger: Trigger::Backfill, range: Some(range), ..sync };
        self.pass(chosen, &order, stop).await
    }

    async fn pass(
        &self,
        chosen: &[StreamChoice],
        order: &PassOrder,
        stop: &CancellationToken,
    ) -> Result<Vec<PassReport>, Fault> {
        let passes = self.chosen(chosen).map(|stream| async move {
            let reader = match order.range {
                Some(range) => stream.reader_from(range.start),
                None => stream.reader.clone(),
            };
            // The present of one source may be another's past.
            let order = PassOrder { due_since: reader.clock.now(), ..*order };
            reader.pass(&order, stop).await
        });
        let reports = futures::future::join_all(passes).await;
        self.note_time().await;
        for stream in self.chosen(chosen) {
            self.note_page_size(&stream.reader).await;
        }
        reports.into_iter().collect()
    }

    /// The streams that a command named; all where it named none.
    fn chosen<'a>(&'a self, chosen: &'a [StreamChoice]) -> impl Iterator<Item = &'a Stream> {
        self.streams.iter().filter(move |stream| {
            chosen.is_empty() || chosen.iter().any(|choice| choice.matches(&stream.reader.key))
        })
    }

    /// Names of chosen streams that no source has.
    pub fn unknown_choices<'a>(&self, chosen: &'a [StreamChoice]) -> Vec<&'a StreamChoice> {
        let known =
            |choice: &StreamChoice| self.streams.iter().any(|stream| choice.matches(&stream.reader.key));
        chosen.iter().filter(|choice| !known(choice)).collect()
    }

    /// Closes connections and stops the embedded server, unless another process uses it.
    ///
    /// # Errors
    /// When the embedded server does not stop.
    pub async fn close(self) -> Result<(), Fault> {
        self.database.close().await
    }
}

/// A stream as a person names it: `sobot.call_result` in all sources, or `source/sobot.call_result` in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamChoice {
    source: Option<String>,
    stream: StreamId,
}

impl StreamChoice {
    fn matches(&self, key: &StreamKey) -> bool {
        self.stream == key.stream && self.source.as_ref().is_none_or(|source| *source == key.source)
    }

    /// Which stream.
    pub fn stream(&self) -> StreamId {
        self.stream
    }
}

impl std::fmt::Display for StreamChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{source}/{}", self.stream),
            None => write!(f, "{}", self.stream),
        }
    }
}

impl std::str::FromStr for StreamChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<StreamChoice, String> {
        let (source, stream) = match text.split_once('/') {
            Some((source, stream)) => (Some(source.to_owned()), stream),
            None => (None, text),
        };
        Ok(StreamChoice { source, stream: stream.parse()? })
    }
}
