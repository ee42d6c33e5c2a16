//! What time it is, where the host's clock may be wrong.
//!
//! The present is the earlier of the database's clock and the vendor's, which its answers' `Date` headers tell. An
//! embedded database shares the host's clock and says nothing new: there the vendor alone is witness. Between two
//! testimonies time is counted by the monotonic clock, so that a host whose clock is set moves nothing.

mod vendor;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};

use self::vendor::VendorClock;
use crate::engine::port::clock::Clock;
use crate::report::alert::ClockSkew;

/// Clocks agree while they differ by no more than this.
pub const CLOCK_TOLERANCE: Duration = Duration::seconds(60);

/// A `Date` has whole seconds: what moves a difference by less than this is noise.
const NOISE: Duration = Duration::seconds(2);

/// The host's clock was set, or the host slept, where it moved by this much more or less than the monotonic clock.
const STEP: Duration = Duration::seconds(10);

/// Both clocks of the host at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    host: DateTime<Utc>,
    monotonic: StdDuration,
}

/// What an earlier process has heard of a vendor's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VendorDate {
    /// The `Date` of an answer.
    pub date: DateTime<Utc>,
    /// When that answer came, by the database's clock.
    pub answered_at: DateTime<Utc>,
    /// The header was found to stand still.
    pub stands_still: bool,
}

/// Knows what time it is. Clones share what they know.
///
/// Where the clock that it is made with needs no witness (tests inject one clock for everything), that clock is the
/// present, and differences are only measured.
#[derive(Clone)]
pub struct TimeWitness(Arc<Inner>);

struct Inner {
    host: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// What is known.
struct State {
    /// From here on time is counted by the monotonic clock.
    anchor: Reading,
    /// By how much the database's clock is ahead of the host's; `None` where it says nothing of its own.
    database: Option<Duration>,
    vendors: BTreeMap<String, VendorClock>,
}

impl TimeWitness {
    /// Around the host's clock.
    pub fn new(host: Arc<dyn Clock>) -> TimeWitness {
        let anchor = Reading { host: host.now(), monotonic: host.monotonic() };
        let state = State { anchor, database: None, vendors: BTreeMap::new() };
        TimeWitness(Arc::new(Inner { host, state: Mutex::new(state) }))
    }

    /// Whether anything must be asked before the time is known.
    pub fn is_needed(&self) -> bool {
        self.0.host.needs_witness()
    }

    /// Both clocks now: to be taken before somebody is asked for the time.
    pub fn reading(&self) -> Reading {
        Reading { host: self.0.host.now(), monotonic: self.0.host.monotonic() }
    }

    /// The host's clock, right or wrong: what others are compared with.
    pub fn host_now(&self) -> DateTime<Utc> {
        self.0.host.now()
    }

    /// The state; what was known is given up where the host's clock was set or the host slept since.
    fn state(&self) -> (MutexGuard<'_, State>, Reading) {
        let now = self.reading();
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        if STEP < (now.host - state.at(now)).abs() {
            *state = State { anchor: now, database: None, vendors: BTreeMap::new() };
        }
        (state, now)
    }

    /// An answer of `source`, asked for at `sent`, has just come and says that it is of `date`.
    pub fn answered(&self, source: &str, sent: Reading, date: DateTime<Utc>) {
        let (mut state, now) = self.state();
        state.vendors.entry(source.to_owned()).or_default().add(sent, now, date);
        state.settle();
    }

    /// The database, asked at `sent`, has just said that it is `clock`. Not of a database that shares the host's clock.
    pub fn database_said(&self, sent: Reading, clock: DateTime<Utc>) {
        let (mut state, now) = self.state();
        let (earliest, latest) = (clock - state.at(now), clock - state.at(sent));
        let known = state.database.unwrap_or_default();
        // Held while it explains what was seen, so that the present does not tremble.
        state.database =
            Some(if earliest - NOISE <= known && known <= latest + NOISE { known } else { earliest });
        state.settle();
    }

    /// What an earlier process has heard of the clock of `source`.
    pub fn remember(&self, source: &str, before: VendorDate) {
        let (mut state, _) = self.state();
        state.vendors.entry(source.to_owned()).or_default().before = Some(before);
    }

    /// The sources that answered this process.
    pub fn heard_sources(&self) -> Vec<String> {
        self.state().0.vendors.keys().cloned().collect()
    }

    /// The `Date` of a source, how long ago that came, and whether it stands still.
    pub fn date_of(&self, source: &str) -> Option<(DateTime<Utc>, StdDuration, bool)> {
        let (state, now) = self.state();
        let vendor = state.vendors.get(source)?;
        let (date, received) = vendor.date(&state)?;
        Some((date, now.monotonic.saturating_sub(received), vendor.stands_still()))
    }

    /// Whether somebody else than the host has said what time it is for `source`, as surely as can be had: the
    /// database, three answers of the vendor, or one that agrees with the host.
    pub fn is_confirmed(&self, source: &str) -> bool {
        if !self.is_needed() {
            return true;
        }
        let (state, _) = self.state();
        state.database.is_some() || state.vendors.get(source).is_some_and(|vendor| vendor.is_sure(&state))
    }

    /// Whether no further answer of `source` would say more of the time.
    pub fn knows_vendor_time(&self, source: &str) -> bool {
        let (state, _) = self.state();
        state.vendors.get(source).is_some_and(|vendor| vendor.is_sure(&state))
    }

    /// The present for what is read from `source`.
    pub fn clock_of(&self, source: &str) -> Arc<dyn Clock> {
        self.a_clock(View::Of(source.to_owned()))
    }

    /// The best guess of the time, by which the vendor judges signatures: the database's, else the vendor's own.
    pub fn signing_clock(&self, source: &str) -> Arc<dyn Clock> {
        self.a_clock(View::Signed(source.to_owned()))
    }

    /// The present for what is no source's own.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.a_clock(View::All)
    }

    fn a_clock(&self, view: View) -> Arc<dyn Clock> {
        match self.is_needed() {
            true => Arc::new(PresentClock { witness: self.clone(), view }),
            false => self.0.host.clone(),
        }
    }

    /// The earliest instant that anybody takes for the present: nothing is removed by a later one.
    pub fn earliest(&self) -> DateTime<Utc> {
        if !self.is_needed() {
            return self.0.host.now();
        }
        let (state, now) = self.state();
        let least = state.vendors.values().filter_map(|vendor| vendor.shift).min().unwrap_or_default();
        state.reference(now) + least.min(Duration::zero())
    }

    /// By how much the database's clock is ahead of the host's; `None` where it has not said so.
    pub fn database_skew(&self) -> Option<Duration> {
        self.state().0.database
    }

    /// By how much the clock of this source differs at least from the host's, however few its answers.
    pub fn least(&self, source: &str) -> Option<Duration> {
        self.state().0.vendors.get(source)?.least()
    }

    /// By how much the clock of each source differs at least from the host's.
    pub fn skews(&self) -> Vec<ClockSkew> {
        let (state, _) = self.state();
        let skew = |(source, vendor): (&String, &VendorClock)| {
            let (source, stands_still) = (source.clone(), vendor.stands_still());
            Some(ClockSkew { source, ahead: vendor.skew(state.database)?, stands_still })
        };
        state.vendors.iter().filter_map(skew).collect()
    }
}

impl State {
    /// The host's time at a moment, counted from the anchor.
    fn at(&self, moment: Reading) -> DateTime<Utc> {
        let passed = Duration::from_std(moment.monotonic.abs_diff(self.anchor.monotonic)).unwrap_or_default();
        match self.anchor.monotonic <= moment.monotonic {
            true => self.anchor.host + passed,
            false => self.anchor.host - passed,
        }
    }

    /// The same by the database's clock, where it has said something.
    fn reference(&self, moment: Reading) -> DateTime<Utc> {
        self.at(moment) + self.database.unwrap_or_default()
    }

    /// Draws the conclusions of what was heard. A conclusion is held while it explains what comes.
    fn settle(&mut self) {
        let mut vendors = std::mem::take(&mut self.vendors);
        for vendor in vendors.values_mut() {
            vendor.settle(self);
        }
        self.vendors = vendors;
    }

    fn present(&self, view: &View, now: Reading) -> DateTime<Utc> {
        let shift = match view {
            // A vendor may date its answers wrongly and judge by a right clock: the database's is the better guess.
            View::Signed(_) if self.database.is_some() => None,
            View::Signed(source) => {
                let vendor = self.vendors.get(source);
                vendor.and_then(|vendor| vendor.own).or_else(|| self.others())
            }
            View::Of(source) => {
                let vendor = self.vendors.get(source);
                vendor.and_then(|vendor| vendor.shift).or_else(|| self.others())
            }
            View::All => self.others(),
        };
        self.reference(now) + shift.unwrap_or_default()
    }

    /// The present as all sources have it: the database's, else the middle of what they say.
    fn others(&self) -> Option<Duration> {
        if self.database.is_some() {
            return None;
        }
        let mut shifts: Vec<_> = self.vendors.values().filter_map(|vendor| vendor.shift).collect();
        shifts.sort();
        shifts.get(shifts.len().saturating_sub(1) / 2).copied()
    }
}

/// Whose time a clock shows.
enum View {
    All,
    Of(String),
    Signed(String),
}

/// The host's clock, set right by the witnesses.
struct PresentClock {
    witness: TimeWitness,
    view: View,
}

#[async_trait]
impl Clock for PresentClock {
    fn now(&self) -> DateTime<Utc> {
        let (state, now) = self.witness.state();
        state.present(&self.view, now)
    }

    fn monotonic(&self) -> StdDuration {
        self.witness.0.host.monotonic()
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        if let Ok(length) = (until - self.now()).to_std() {
            self.sleep(length).await;
        }
    }

    async fn sleep(&self, length: StdDuration) {
        self.witness.0.host.sleep(length).await;
    }
}

#[cfg(test)]
mod tests;
