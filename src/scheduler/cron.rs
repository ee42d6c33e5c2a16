//! Cron expressions and their ticks. The only user of croner.
//!
//! The expressions are read exactly as tokio-cron-scheduler reads them. The ticks are not left to croner:
//! it starts each search from a local time and so cannot tell the first 01:30 of an autumn night from the
//! second. Here croner counts in plain local time, where no hour is missing or doubled, and the mapping to
//! instants is ours: a fixed time within the missing hour ticks when that hour is over, and one within the
//! doubled hour ticks once, the first time; a repeating one ticks in each hour that there is.

use chrono::{DateTime, Duration, NaiveDateTime, Offset as _, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds};
use croner::{Cron, JobType};

/// No zone has moved its clocks by more than this at once in the time we deal with.
const SHIFT_MAX: Duration = Duration::hours(4);

/// Ticks that are looked at one by one for the longest pause: enough for whatever repeats within an hour.
const PAUSE_TICKS: usize = 62;

/// How far apart it is looked for after that: not a whole hour, so that each part of an hour is met.
const PAUSE_STEP: Duration = Duration::minutes(50);

/// How far ahead it is looked for at least: nights and week-ends are pauses.
const PAUSE_LOOKAHEAD: Duration = Duration::days(8);

/// A parsed expression in its time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct CronSchedule {
    expression: String,
    cron: Cron,
    zone: Tz,
}

/// An expression that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{expression}` is not a schedule: {reason}")]
pub struct CronError {
    /// As it was given.
    pub expression: String,
    /// Why not.
    pub reason: String,
}

impl CronSchedule {
    /// Reads an expression of six fields: second, minute, hour, day of month, month, day of week. Where
    /// both days are restricted, both must match.
    ///
    /// # Errors
    /// When it is no such expression, or one that never comes.
    pub fn parse(expression: &str, zone: Tz) -> Result<CronSchedule, CronError> {
        let refuse = |reason: String| CronError { expression: expression.to_owned(), reason };
        let fields = expression.split_whitespace().count();
        if fields != 6 {
            return Err(refuse(format!(
                "it has {fields} fields instead of six: second minute hour day month weekday"
            )));
        }
        // croner takes an empty place for nothing, and would look for a second that is in an empty list for minutes.
        if let Some(field) = expression.split_whitespace().find(|field| field.split(',').any(str::is_empty)) {
            return Err(refuse(format!("the list {field:?} has an empty place")));
        }
        // The same settings as in tokio-cron-scheduler's `Job::new_async_tz`.
        let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
        let cron = parser.parse(expression).map_err(|error| refuse(error.to_string()))?;
        // 30 February parses; the search shows that it never comes.
        if cron.find_next_occurrence(&DateTime::<Utc>::UNIX_EPOCH, true).is_err() {
            return Err(refuse("no day matches it".to_owned()));
        }
        Ok(CronSchedule { expression: expression.trim().to_owned(), cron, zone })
    }

    /// As it was given.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Its time zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The latest tick at or before `now`.
    pub fn last_tick(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut local = self.local(now) + self.shift_near(now);
        let mut inclusive = true;
        let mut best: Option<DateTime<Utc>> = None;
        loop {
            let Ok(found) = self.cron.find_previous_occurrence(&local.and_utc(), inclusive) else {
                return best;
            };
            local = naive(found);
            inclusive = false;
            best = best.max(self.instants(local).filter(|tick| *tick <= now).max());
            if let Some(best) = best
                && local < self.local(best) - self.shift_near(best)
            {
                return Some(best);
            }
        }
    }

    /// The first tick after `now`.
    pub fn next_tick(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut local = self.local(now) - self.shift_near(now);
        let mut inclusive = true;
        let mut best: Option<DateTime<Utc>> = None;
        loop {
            let Ok(found) = self.cron.find_next_occurrence(&local.and_utc(), inclusive) else { return best };
            local = naive(found);
            inclusive = false;
            best = best.into_iter().chain(self.instants(local).filter(|tick| *tick > now)).min();
            if let Some(best) = best
                && local >= self.local(best) + self.shift_near(best)
            {
                return Some(best);
            }
        }
    }

    /// The longest pause between two ticks that is to be expected from `now` on: of the next ticks, and here and there
    /// in the coming week. Zero where it ticks no more.
    pub fn longest_pause(&self, now: DateTime<Utc>) -> Duration {
        let (mut at, mut longest) = (now, Duration::zero());
        let week = now + PAUSE_LOOKAHEAD;
        for _ in 0..PAUSE_TICKS {
            let Some(next) = self.next_tick(at) else { return longest };
            // Before the first tick it may have paused since any time.
            longest = if at == now { longest } else { longest.max(next - at) };
            at = next;
        }
        while at < week {
            let pause = self.last_tick(at).zip(self.next_tick(at)).map(|(last, next)| next - last);
            longest = longest.max(pause.unwrap_or_default());
            at += PAUSE_STEP;
        }
        longest
    }

    /// How many ticks there are after `after` and up to `until`, counted up to `limit`.
    pub fn ticks_between(&self, after: DateTime<Utc>, until: DateTime<Utc>, limit: u64) -> u64 {
        let mut count = 0;
        let mut at = after;
        while count < limit {
            match self.next_tick(at) {
                Some(tick) if tick <= until => at = tick,
                _ => break,
            }
            count += 1;
        }
        count
    }

    /// Seconds east of UTC at this instant.
    pub(super) fn offset(&self, at: DateTime<Utc>) -> i32 {
        self.zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
    }

    /// The local time, cut to whole seconds: croner carries fractions along.
    fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        naive(at.with_timezone(&self.zone))
    }

    /// By how much the clocks move around this instant; zero on most days.
    fn shift_near(&self, at: DateTime<Utc>) -> Duration {
        let shift = self.offset(at + SHIFT_MAX) - self.offset(at - SHIFT_MAX);
        Duration::seconds(i64::from(shift.abs()))
    }

    /// The instants at which a tick of this local time comes.
    fn instants(&self, local: NaiveDateTime) -> impl Iterator<Item = DateTime<Utc>> {
        let fixed = self.cron.determine_job_type() == JobType::FixedTime;
        let (first, second) = match self.zone.from_local_datetime(&local) {
            chrono::LocalResult::Single(tick) => (Some(tick), None),
            chrono::LocalResult::Ambiguous(first, second) => (Some(first), (!fixed).then_some(second)),
            chrono::LocalResult::None => (fixed.then(|| self.after_gap(local)).flatten(), None),
        };
        first.into_iter().chain(second).map(|tick| tick.to_utc())
    }

    /// The end of the missing hour that holds this local time.
    fn after_gap(&self, local: NaiveDateTime) -> Option<DateTime<Tz>> {
        let before =
            self.zone.offset_from_utc_datetime(&(local - Duration::hours(24))).fix().local_minus_utc();
        // With the offset from before the change, the local time names an instant after it; the change
        // itself is the first instant with the new offset.
        let late = (local - Duration::seconds(i64::from(before))).and_utc();
        let (mut old, mut new) = ((late - SHIFT_MAX).timestamp(), late.timestamp());
        while new - old > 1 {
            let middle = old + (new - old) / 2;
            let same = self.offset(DateTime::from_timestamp(middle, 0)?) == before;
            if same { old = middle } else { new = middle }
        }
        Some(DateTime::from_timestamp(new, 0)?.with_timezone(&self.zone))
    }
}

fn naive<Z: chrono::TimeZone>(at: DateTime<Z>) -> NaiveDateTime {
    let local = at.naive_local();
    local.with_nanosecond(0).unwrap_or(local)
}

#[cfg(test)]
mod tests;
