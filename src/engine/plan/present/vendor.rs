//! What the answers of one source say of the time.

use std::collections::VecDeque;
use std::time::Duration as StdDuration;

use chrono::{DateTime, Duration, Utc};

use super::{CLOCK_TOLERANCE, NOISE, Reading, State, VendorDate};

/// Answers whose middle counts. One of them may be of another day, as a cache on the way gives it.
const ANSWERS: usize = 3;

/// After this long a `Date` must have moved on.
const MOVES_WITHIN: StdDuration = StdDuration::from_secs(60);

/// Two dates that lie no further apart are one that stands still, where the database's clock moved on.
const STANDS: Duration = Duration::seconds(5);

#[derive(Debug, Clone, Copy)]
struct Answer {
    sent: Reading,
    received: Reading,
    date: DateTime<Utc>,
}

/// The clock of one source.
#[derive(Debug, Default)]
pub(super) struct VendorClock {
    answers: VecDeque<Answer>,
    /// A later answer is held against it, to see whether the header moves.
    mark: Option<Answer>,
    stands_still: bool,
    /// What an earlier process has heard.
    pub(super) before: Option<VendorDate>,
    /// By how much the present is ahead of the reference; `None` while nothing can be said.
    pub(super) shift: Option<Duration>,
    /// By how much the vendor's own clock is ahead of the reference.
    pub(super) own: Option<Duration>,
}

impl VendorClock {
    pub(super) fn add(&mut self, sent: Reading, received: Reading, date: DateTime<Utc>) {
        let answer = Answer { sent, received, date };
        self.answers.push_back(answer);
        if ANSWERS < self.answers.len() {
            self.answers.pop_front();
        }
        let mark = *self.mark.get_or_insert(answer);
        let passed = received.monotonic.saturating_sub(mark.received.monotonic);
        if MOVES_WITHIN <= passed {
            let passed = Duration::from_std(passed).unwrap_or(Duration::MAX);
            self.stands_still = date - mark.date < passed / 2;
            self.mark = Some(answer);
        }
    }

    /// The `Date` that counts, and when it came; `None` before that is sure.
    pub(super) fn date(&self, state: &State) -> Option<(DateTime<Utc>, StdDuration)> {
        let mut answers: Vec<_> = self.answers.iter().map(|answer| (state.ahead(answer), answer)).collect();
        answers.sort_by_key(|(ahead, _)| *ahead);
        let found = match answers.len() == ANSWERS {
            true => answers.get(ANSWERS / 2),
            false => answers.iter().find(|(ahead, _)| self.stands_still || agrees(*ahead)),
        };
        found.map(|(_, answer)| (answer.date, answer.received.monotonic))
    }

    pub(super) fn stands_still(&self) -> bool {
        match self.answers.is_empty() {
            true => self.before.is_some_and(|before| before.stands_still),
            false => self.stands_still,
        }
    }

    /// By how much each answer is ahead of the reference at least, the least first.
    fn ahead(&self, state: &State) -> Vec<Duration> {
        let mut ahead: Vec<_> = self.answers.iter().map(|answer| state.ahead(answer)).collect();
        ahead.sort();
        ahead
    }

    /// Whether no further answer would say more.
    pub(super) fn is_sure(&self, state: &State) -> bool {
        let mut ahead = self.answers.iter().map(|answer| state.ahead(answer));
        self.answers.len() == ANSWERS || self.stands_still || ahead.any(agrees)
    }

    pub(super) fn settle(&mut self, state: &State) {
        self.hold_against_before(state);
        let ahead = self.ahead(state);
        let middle = ahead.get(ahead.len().saturating_sub(1) / 2).copied();
        let Some(middle) = middle.filter(|_| !self.stands_still) else {
            (self.shift, self.own) = (None, None);
            return;
        };
        let earlier = middle.min(Duration::zero());
        let shift = match (ahead.len() == ANSWERS, state.database) {
            (true, None) => middle,
            (true, Some(_)) => earlier,
            // Too few to tell a right one from a strange one. Where the database is a witness one that is strange must
            // not hold the present back; else none may claim too much.
            (false, Some(_)) => ahead.last().copied().unwrap_or_default().min(Duration::zero()),
            (false, None) => ahead.first().copied().unwrap_or_default().min(Duration::zero()),
        };
        self.shift = Some(held(self.shift, shift));
        self.own = Some(held(self.own, middle));
    }

    /// A header that says what it said to an earlier process, although the database's clock moved on, stands still.
    fn hold_against_before(&mut self, state: &State) {
        let (Some(before), Some(last), Some(_)) = (self.before, self.answers.back(), state.database) else {
            return;
        };
        let passed = state.reference(last.received) - before.answered_at;
        let moves_within = Duration::from_std(MOVES_WITHIN).unwrap_or(Duration::MAX);
        if moves_within <= passed {
            self.stands_still |= (last.date - before.date).abs() <= STANDS;
        }
    }

    /// By how much it differs at least from the host's clock, however few the answers.
    pub(super) fn least(&self) -> Option<Duration> {
        let ahead = |answer: &Answer| apart(answer.sent.host, answer.received.host, answer.date);
        self.answers.iter().map(ahead).min_by_key(Duration::abs)
    }

    /// The same where it is sure; else what an earlier process has found, if the database knows the host's clock.
    pub(super) fn skew(&self, database: Option<Duration>) -> Option<Duration> {
        let least = self.least();
        if self.answers.len() == ANSWERS || least.is_some_and(agrees) {
            return least;
        }
        let before = self.before?;
        Some(before.date - before.answered_at + database.unwrap_or_default())
    }
}

impl State {
    /// By how much an answer is ahead of the reference. Where it is behind, its second has just begun: the present
    /// shall not be later than the truth.
    fn ahead(&self, answer: &Answer) -> Duration {
        let ahead = apart(self.reference(answer.sent), self.reference(answer.received), answer.date);
        if ahead < Duration::zero() { ahead - Duration::seconds(1) } else { ahead }
    }
}

fn agrees(ahead: Duration) -> bool {
    ahead.abs() <= CLOCK_TOLERANCE
}

fn held(known: Option<Duration>, found: Duration) -> Duration {
    known.filter(|known| (*known - found).abs() <= NOISE).unwrap_or(found)
}

/// By how much the clock that said `date` is ahead at least; negative: behind. An answer was dated between its request
/// and its arrival, and the header's second may have been over or have just begun. What is left outside of that is by
/// how much the clocks differ at least: a slow answer makes it less and never more.
pub(super) fn apart(sent: DateTime<Utc>, received: DateTime<Utc>, date: DateTime<Utc>) -> Duration {
    let (least, most) = (date - received, date + Duration::seconds(1) - sent);
    if Duration::zero() < least {
        least
    } else if most < Duration::zero() {
        most
    } else {
        Duration::zero()
    }
}
