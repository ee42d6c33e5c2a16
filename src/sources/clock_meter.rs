//! The vendors' clocks, by the `Date` header of their answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};

use crate::domain::alert::ClockSkew;
use crate::engine::port::clock::Clock;

/// Answers that are remembered of each source. Fewer say nothing: a cache on the way may answer with the date of
/// another day.
const ANSWERS: usize = 3;

/// Compares clocks. Clones share what they measured.
///
/// An answer was dated between its request and its arrival, and the header's second may have been over or have just
/// begun. What is left outside of that is by how much the clocks differ at least: a slow answer makes it less and never
/// more. Of the last answers the least counts.
#[derive(Clone)]
pub struct ClockMeter {
    clock: Arc<dyn Clock>,
    answers: Arc<Mutex<BTreeMap<String, VecDeque<Duration>>>>,
}

impl ClockMeter {
    /// Compares with this clock.
    pub fn new(clock: Arc<dyn Clock>) -> ClockMeter {
        ClockMeter { clock, answers: Arc::default() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Takes an answer of `source` into account that was asked for at `sent`, has just come, and says that it is of
    /// `date`.
    pub(super) fn answered(&self, source: &str, sent: DateTime<Utc>, date: DateTime<Utc>) {
        let ahead = apart(sent, self.clock.now(), date);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let last = answers.entry(source.to_owned()).or_default();
        last.push_back(ahead);
        if ANSWERS < last.len() {
            last.pop_front();
        }
    }

    /// By how much the clock of this source differs at least, however few its answers; `None` without any.
    pub fn least(&self, source: &str) -> Option<Duration> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(source)?.iter().copied().min_by_key(Duration::abs)
    }

    /// By how much the clock of each source differs at least.
    pub fn skews(&self) -> Vec<ClockSkew> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = answers.iter().filter(|(_, last)| last.len() == ANSWERS);
        let skew = |(source, last): (&String, &VecDeque<Duration>)| {
            let ahead = last.iter().copied().min_by_key(Duration::abs).unwrap_or_default();
            ClockSkew { source: source.clone(), ahead }
        };
        measured.map(skew).collect()
    }
}

/// By how much the clock that said `date` is ahead at least; negative: behind.
fn apart(sent: DateTime<Utc>, received: DateTime<Utc>, date: DateTime<Utc>) -> Duration {
    let (least, most) = (date - received, date + Duration::seconds(1) - sent);
    if Duration::zero() < least {
        least
    } else if most < Duration::zero() {
        most
    } else {
        Duration::zero()
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::port::clock::SystemClock;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_323_200 + seconds, 0).unwrap()
    }

    #[test]
    fn a_slow_answer_makes_a_difference_smaller_and_never_larger() {
        for (took, date, seconds) in [
            (0, 0, 0),
            (0, 600, 600),
            (0, -600, -599),
            // Dated when the request came, or when the answer left.
            (50, 0, 0),
            (50, 50, 0),
            (50, 600, 550),
            (50, -600, -599),
            (700, 600, 0),
        ] {
            let found = apart(at(0), at(took), at(date));
            assert_eq!(found.num_seconds(), seconds, "took {took} s, dated {date} s");
        }
    }

    #[test]
    fn a_single_strange_answer_is_no_skew_and_a_single_good_one_ends_it() {
        let meter = ClockMeter::new(Arc::new(SystemClock));
        let answer = |off: i64| meter.answered("sobot", meter.now(), meter.now() + Duration::seconds(off));
        let seconds = || meter.skews().first().map(|skew| skew.ahead.num_seconds());
        answer(-86_400);
        answer(-86_400);
        assert_eq!(seconds(), None, "too few to say");
        answer(-86_400);
        assert!(seconds().is_some_and(|off| off < -86_000));
        answer(0);
        assert_eq!(seconds(), Some(0));
        for _ in 0..ANSWERS {
            answer(-600);
        }
        assert!(seconds().is_some_and(|off| (-600..-590).contains(&off)), "{:?}", seconds());
    }
}
