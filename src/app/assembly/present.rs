//! Before the ledger is asked what is due, it must be known what time it is: a host may be days ahead.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as StdDuration;

use chrono::{DateTime, Duration, Utc};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::app::assembly::stream::Stream;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKind;
use crate::domain::vendor::page::PageRequest;
use crate::engine::plan::present::CLOCK_TOLERANCE;
use crate::telemetry::event;

/// Requests after which a vendor's clock is known or cannot be.
const QUESTIONS: u32 = 3;

/// Rows are removed by no clock that is further ahead of the last vendor's date than this.
const REMOVAL_AHEAD: Duration = Duration::days(1);

/// No lease of ours is shorter than it may be, whatever another process configured.
const TERM_MIN: StdDuration = StdDuration::from_secs(600);

/// The database's clock among those of the sources, none of which has an empty name.
const DATABASE: &str = "";

/// What this process did to learn the time.
#[derive(Default)]
pub(in crate::app) struct TimeLearned {
    /// What earlier processes heard was read.
    recalled: AtomicBool,
    /// One stream of a source asks for all of that source.
    asking: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Differences that the log tells of already, by source.
    reported: Mutex<BTreeMap<String, Duration>>,
}

impl App {
    /// Whether the database runs on a clock that is not this host's by construction.
    fn database_has_its_clock(&self) -> bool {
        self.settings.database.url.is_some()
    }

    /// Asks the database for the time, where that is not this host's anyway. One that is away says nothing.
    pub(in crate::app) async fn ask_database_for_time(&self) {
        if !self.witness.is_needed() || !self.database_has_its_clock() {
            return;
        }
        let sent = self.witness.reading();
        if let Ok(clock) = self.database.store.clock().await {
            self.witness.database_said(sent, clock);
        }
    }

    /// The same, with what earlier processes have heard of the vendors' clocks: enough to say how the clocks are.
    pub(in crate::app) async fn recall_time(&self) {
        self.ask_database_for_time().await;
        if !self.witness.is_needed() || self.time.recalled.load(Ordering::Relaxed) {
            return;
        }
        if let Ok(dates) = self.database.store.vendor_dates().await {
            self.time.recalled.store(true, Ordering::Relaxed);
            dates.iter().for_each(|(source, date)| self.witness.remember(source, *date));
        }
    }

    /// Learns what time it is before these streams are read, and takes back what their ledger knows of the future. Where
    /// the database shares the host's clock, the vendor is asked for one element, up to three times.
    pub(in crate::app) async fn learn_time(
        &self,
        streams: impl IntoIterator<Item = &Stream>,
        stop: &CancellationToken,
    ) {
        if !self.witness.is_needed() {
            return;
        }
        self.recall_time().await;
        self.end_terms_ahead().await;
        let learned = streams.into_iter().map(|stream| async move {
            if !self.witness.is_confirmed(&stream.reader.key.source) {
                self.ask_vendor_for_time(stream).await;
            }
            self.report_clocks();
            self.mend_ahead(stream).await;
        });
        tokio::select! {
            () = stop.cancelled() => {}
            _ = futures::future::join_all(learned) => {}
        }
    }

    /// Asks the vendors of windows for the time, whatever the database says of it: a pass hears it with its first answers,
    /// and asks for nothing later. One that does not answer says nothing.
    pub(in crate::app) async fn ask_vendors_for_time(
        &self,
        streams: impl IntoIterator<Item = &Stream>,
        stop: &CancellationToken,
    ) {
        if !self.witness.is_needed() {
            return;
        }
        let is_windowed = |stream: &&Stream| stream.reader.key.stream.kind() == StreamKind::Windowed;
        let heard = streams.into_iter().filter(is_windowed).map(|stream| self.ask_vendor_for_time(stream));
        tokio::select! {
            () = stop.cancelled() => {}
            _ = futures::future::join_all(heard) => {}
        }
    }

    /// Where the database's clock was set back, leases and pauses of before would last as long as it was ahead.
    async fn end_terms_ahead(&self) {
        let longest = self.settings.engine.lease * 2 + TERM_MIN;
        // A database that is away is told by what comes next.
        let _ = self.database.store.end_terms_ahead(longest).await;
    }

    async fn ask_vendor_for_time(&self, stream: &Stream) {
        let source = &stream.reader.key.source;
        let asking = {
            let mut asking = self.time.asking.lock().unwrap_or_else(PoisonError::into_inner);
            asking.entry(source.clone()).or_default().clone()
        };
        let _one_at_a_time = asking.lock().await;
        for _ in 0..QUESTIONS {
            if self.witness.knows_vendor_time(source) || !self.ask_vendor_once(stream).await {
                return;
            }
        }
    }

    /// Whether an answer came that says when it is of. Its page is of no interest, and a refusal is an answer too.
    async fn ask_vendor_once(&self, stream: &Stream) -> bool {
        let reader = &stream.reader;
        let now = reader.clock.now();
        let window = match reader.key.stream.kind() {
            StreamKind::Windowed => TimeWindow::new(now - Duration::days(1), now),
            StreamKind::Snapshot | StreamKind::Feed => None,
        };
        if reader.budget.acquire(&reader.budget_key, reader.clock.as_ref()).await.is_err() {
            return false;
        }
        let _ = reader.source.fetch(&PageRequest { window, page_no: 1, page_size: 1 }).await;
        self.witness.least(&reader.key.source).is_some()
    }

    async fn mend_ahead(&self, stream: &Stream) {
        let reader = &stream.reader;
        if !self.witness.is_confirmed(&reader.key.source) {
            return;
        }
        let (now, own_clock) = (reader.clock.now(), self.database_has_its_clock());
        match self.database.store.mend_ahead(&reader.key, now, own_clock).await {
            Ok(0) => {}
            Ok(entries) => event::LedgerMended { key: &reader.key, entries, now }.emit(),
            // The pass meets the same, and says so.
            Err(_) => {}
        }
    }

    /// Keeps what the vendors' answers said of the time, and tells of clocks that differ.
    pub(in crate::app) async fn note_time(&self) {
        if !self.witness.is_needed() {
            return;
        }
        self.end_terms_ahead().await;
        for source in self.witness.heard_sources() {
            self.note_time_of(&source).await;
        }
    }

    /// The same of one source, after a pass over it.
    pub(in crate::app) async fn note_time_of(&self, source: &str) {
        if !self.witness.is_needed() {
            return;
        }
        self.report_clocks();
        let Some((date, age, stands_still)) = self.witness.date_of(source) else { return };
        // What cannot be kept is heard again with the next answer.
        let _ = self.database.store.keep_vendor_date(source, date, age, stands_still).await;
    }

    /// One line for each difference that is new.
    fn report_clocks(&self) {
        let database = self.witness.database_skew().map(|ahead| (DATABASE.to_owned(), ahead, false));
        let vendors =
            self.witness.skews().into_iter().map(|skew| (skew.source, skew.ahead, skew.stands_still));
        let mut reported = self.time.reported.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, ahead, stands_still) in database.into_iter().chain(vendors) {
            if !stands_still && ahead.abs() <= CLOCK_TOLERANCE {
                reported.remove(&source);
                continue;
            }
            let known = reported.get(&source).is_some_and(|known| (ahead - *known).abs() <= CLOCK_TOLERANCE);
            if !known {
                let whose = Some(source.as_str()).filter(|source| *source != DATABASE);
                event::ClockOff { source: whose, ahead, stands_still }.emit();
                reported.insert(source, ahead);
            }
        }
    }

    /// The instant by which rows have expired: no clock that may be ahead decides what is removed.
    pub(in crate::app) async fn removal_time(&self) -> DateTime<Utc> {
        self.recall_time().await;
        let now = self.witness.earliest();
        if !self.witness.is_needed() {
            return now;
        }
        let dates = self.database.store.vendor_dates().await.unwrap_or_default();
        let last = dates.iter().map(|(_, heard)| heard.date).max();
        last.and_then(|last| last.checked_add_signed(REMOVAL_AHEAD)).map_or(now, |bound| now.min(bound))
    }
}
