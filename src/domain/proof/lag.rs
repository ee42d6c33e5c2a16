//! How late results come and change: what re-reads of windows found, by the age of the window at which it
//! happened, and the curve that is fitted to it.
//!
//! An age is the time since a window's end. A re-read is an observation: between the age at the read before
//! and the age now, so many of the window's rows were new, changed or gone. Where a change carries its own
//! time (the vendor's time of inspection) its age is known; the others are spread over the time between the
//! two reads, which errs to the late side. What is kept is sums per stretch of age, so any number of reads
//! takes the same room.

use chrono::Duration;
use serde::Serialize;

/// Ages in hours at which the stretches begin; the last one goes on to `AGE_MAX`.
pub const AGES: [i64; 34] = [
    0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 48, 60, 72, 96, 120, 144, 168, 216, 264, 336, 408, 504, 600, 744,
    912, 1_080, 1_440, 1_800, 2_160, 2_880, 4_320, 8_760, 17_520,
];
/// Ten years, the longest look-back, in hours.
const AGE_MAX: i64 = 87_600;
/// Windows that must have passed through a stretch of age before the curve is believed there: of days, two
/// weeks, so that no weekday is over-represented.
const WINDOWS_MIN: f64 = 14.0;
/// Rows that must have.
const ROWS_MIN: f64 = 500.0;
/// One-sided 95 %.
const CONFIDENCE: f64 = 1.645;

/// One stretch of age.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LagBin {
    /// Rows that were new, changed or gone.
    pub changes: f64,
    /// Rows that passed through the whole stretch under observation.
    pub rows: f64,
    /// Windows that did.
    pub windows: f64,
}

/// A point of the curve as people are shown it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LagPoint {
    /// Age of a window in hours.
    pub age_hours: i64,
    /// Share of all its late and changed results that had come by then, 0 to 1.
    pub share: f64,
}

/// What one re-read of a complete window showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Reread {
    /// Age at the read before.
    pub from: Duration,
    /// Age now.
    pub to: Duration,
    /// Rows that the window had.
    pub rows: u64,
    /// Ages of the changes that carry their own time.
    pub dated: Vec<Duration>,
    /// Changes that do not.
    pub undated: u64,
}

/// Sums of what re-reads showed, one [`LagBin`] for each of [`AGES`].
#[derive(Debug, Clone, PartialEq)]
pub struct LagTable {
    /// In the order of [`AGES`].
    pub bins: [LagBin; AGES.len()],
}

impl Default for LagTable {
    fn default() -> LagTable {
        LagTable { bins: [LagBin::default(); AGES.len()] }
    }
}

fn hours(age: Duration) -> f64 {
    age.num_seconds() as f64 / 3_600.0
}

/// Begin and end of a stretch, in hours.
fn stretch(index: usize) -> (f64, f64) {
    let end = AGES.get(index + 1).copied().unwrap_or(AGE_MAX);
    (AGES[index] as f64, end as f64)
}

/// Which part of the stretch lies between two ages, 0 to 1.
fn share_between(index: usize, from: f64, to: f64) -> f64 {
    let (begin, end) = stretch(index);
    ((to.min(end) - from.max(begin)) / (end - begin)).clamp(0.0, 1.0)
}

impl LagTable {
    /// Adds what one re-read showed.
    pub fn observe(&mut self, reread: &Reread) {
        let (from, to) = (hours(reread.from).max(0.0), hours(reread.to));
        if to <= from {
            return;
        }
        let inside = |age: &&Duration| from < hours(**age) && hours(**age) <= to;
        let dated: Vec<f64> = reread.dated.iter().filter(inside).map(|age| hours(*age)).collect();
        // A time outside the interval is not that of the change.
        let spread = reread.undated as f64 + (reread.dated.len() - dated.len()) as f64;
        for (index, bin) in self.bins.iter_mut().enumerate() {
            let part = share_between(index, from, to);
            let (begin, end) = stretch(index);
            bin.windows += part;
            bin.rows += part * reread.rows as f64;
            bin.changes += dated.iter().filter(|age| begin < **age && **age <= end).count() as f64;
            bin.changes += spread * part * (end - begin) / (to - from);
        }
    }

    /// Adds other sums.
    pub fn add(&mut self, other: &LagTable) {
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.changes += other.changes;
            bin.rows += other.rows;
            bin.windows += other.windows;
        }
    }

    /// Which share of what was seen had come by the end of each stretch, as far as windows were watched;
    /// nothing where nothing came late.
    pub fn shares(&self) -> Vec<LagPoint> {
        let watched = || self.bins.iter().enumerate().filter(|(_, bin)| 0.0 < bin.rows);
        let total: f64 = watched().map(|(_, bin)| bin.changes / bin.rows).sum();
        if total <= 0.0 {
            return Vec::new();
        }
        let mut come = 0.0;
        let point = |(index, bin): (usize, &LagBin)| {
            come += bin.changes / bin.rows;
            LagPoint { age_hours: stretch(index).1 as i64, share: come / total }
        };
        watched().map(point).collect()
    }

    /// The curve up to the age `limit`, or as far as enough was seen; `None` where that is nowhere.
    pub fn curve(&self, limit: Duration) -> Option<LagCurve> {
        let limit = hours(limit);
        let mut steps: Vec<Step> = Vec::new();
        for (index, bin) in self.bins.iter().enumerate() {
            let (begin, end) = stretch(index);
            // A stretch that the limit cuts was seen as far as the limit.
            let part = share_between(index, 0.0, limit);
            let seen = WINDOWS_MIN * part <= bin.windows && ROWS_MIN * part <= bin.rows;
            // Before the first read of a complete window there is nothing to be seen.
            match (limit <= begin, seen, steps.is_empty()) {
                (true, ..) | (false, false, false) => break,
                (false, false, true) => continue,
                (false, true, _) => {}
            }
            steps.push(Step { begin, end: end.min(limit), changes: bin.changes, rows: bin.rows / part });
        }
        let known = steps.last()?.end;
        let changes = steps.iter().map(|step| step.changes).sum();
        let rows = steps.iter().map(|step| step.rows).fold(f64::INFINITY, f64::min);
        let mut curve = LagCurve { steps, known, tail: Vec::new(), changes, rows };
        if limit <= known {
            curve.tail = curve.tail_by_age();
        }
        Some(curve)
    }
}

/// One stretch of a curve; ages in hours.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    begin: f64,
    end: f64,
    changes: f64,
    rows: f64,
}

impl Step {
    /// The part of it that lies after an age, 0 to 1.
    fn part(&self, from: f64, to: f64) -> f64 {
        ((to.min(self.end) - from.max(self.begin)) / (self.end - self.begin)).clamp(0.0, 1.0)
    }
}

/// Expected changes per row, by age: the complement of a survival curve, times the changes of a row's life.
#[derive(Debug, Clone, PartialEq)]
pub struct LagCurve {
    steps: Vec<Step>,
    known: f64,
    /// Ages with the upper limit of what is still to come after them, falling; empty where not enough was
    /// seen of the whole look-back.
    tail: Vec<(Duration, f64)>,
    /// Changes that it rests on.
    pub changes: f64,
    /// Rows that were watched through every age, at least.
    pub rows: f64,
}

impl LagCurve {
    /// Whether enough was seen up to this age.
    pub fn knows(&self, age: Duration) -> bool {
        hours(age) <= self.known
    }

    /// Expected changes of one row between two ages.
    pub fn between(&self, from: Duration, to: Duration) -> f64 {
        let (from, to) = (hours(from), hours(to));
        self.steps.iter().map(|step| step.changes / step.rows * step.part(from, to)).sum()
    }

    /// Expected changes of one row in all.
    pub fn total(&self) -> f64 {
        self.steps.iter().map(|step| step.changes / step.rows).sum()
    }

    /// Upper 95 % limit of the expected changes of one row after an age.
    pub fn after_at_most(&self, age: Duration) -> f64 {
        let age = hours(age);
        let (mut mean, mut changes, mut weight) = (0.0, 0.0, 0.0_f64);
        for step in &self.steps {
            let part = step.part(age, self.known);
            mean += step.changes / step.rows * part;
            changes += step.changes * part;
            if 0.0 < part {
                weight = weight.max(1.0 / step.rows);
            }
        }
        mean + weight * (upper_limit(changes) - changes)
    }

    /// The earliest age after which, with 95 % confidence, a window of `rows` rows changes with a
    /// probability of at most `change_max`, and at most the share `missed_max` of all changes is still to
    /// come. `None` where that is not known of any age before the limit.
    pub fn closing_age(&self, rows: u64, missed_max: f64, change_max: f64) -> Option<Duration> {
        let allowed = (missed_max * self.total()).min(change_max / (rows.max(1) as f64));
        let first = self.tail.partition_point(|(_, still)| allowed < *still);
        self.tail.get(first).map(|(age, _)| *age)
    }

    fn tail_by_age(&self) -> Vec<(Duration, f64)> {
        let ages = self.steps.iter().flat_map(|step| {
            // The curve is straight within a stretch; a finer look would be a guess.
            [0.0, 0.25, 0.5, 0.75].map(|part| step.begin + part * (step.end - step.begin))
        });
        ages.map(|age| Duration::seconds((age * 3_600.0) as i64))
            .map(|age| (age, self.after_at_most(age)))
            .collect()
    }
}

/// Upper 95 % limit of the mean of a Poisson count (Gehrels, Astrophysical Journal 303, 1986, equation 7).
fn upper_limit(count: f64) -> f64 {
    count + CONFIDENCE * (count + 0.75).sqrt() + (CONFIDENCE * CONFIDENCE + 3.0) / 4.0
}

#[cfg(test)]
mod tests;
