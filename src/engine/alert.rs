//! Which conditions stand: from the status, and from what the process sees around it. Pure, so that daemon, page,
//! metrics and command agree.

use std::cmp::Reverse;

use chrono::{DateTime, Duration, Utc};

use crate::domain::fault::FaultKind;
use crate::domain::proof::window::{TimeWindow, minute};
use crate::domain::source::UnconfiguredSource;
use crate::domain::stream::{StreamId, StreamKey};
use crate::engine::plan::present::CLOCK_TOLERANCE;
use crate::report::alert::{
    Alert, AlertKind, Contradiction, DiskSpace, Refusal, StreamWatch, Surroundings, UNHEARD_MAX,
    WholeQuarantine,
};
use crate::report::language::{Language, Locale};
use crate::report::phrase::status::span;
use crate::report::phrase::{Localized, alert as label, status};
use crate::report::status::{FeedStatus, StatusReport, StreamFailure, StreamStatus};

/// So many ticks in a row may pass before somebody should look: a pass may take longer than the schedule allows
/// once in a while.
const TICKS_MISSED_MAX: u64 = 2;

/// Agents that a message names.
const AGENTS_NAMED: usize = 3;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Every condition that stands, the most urgent first.
pub fn alerts(report: &StatusReport, surroundings: &Surroundings, locale: Locale) -> Vec<Alert> {
    let (now, language) = (report.generated_at, locale.language);
    let mut alerts = of_process(surroundings, locale);
    for stream in &report.streams {
        let of_stream = OfStream { key: (&stream.source, stream.stream), locale };
        alerts.extend(of_stream.all(stream, now));
    }
    for feed in &report.feeds {
        let of_stream = OfStream { key: (&feed.source, feed.stream), locale };
        alerts.extend(of_stream.unheard(feed, now));
        alerts.extend(of_stream.quarantine(feed.quarantined, None, now));
    }
    alerts.extend(report.unconfigured.iter().map(|source| unconfigured(source, now, language)));
    sorted(alerts)
}

/// Rows that nobody here reads.
fn unconfigured(source: &UnconfiguredSource, now: DateTime<Utc>, language: Language) -> Alert {
    let localized = Localized::each(|language| {
        let ago = span(now - source.read_at, language);
        label::UNCONFIGURED.fill(language, &[("source", &source.source), ("span", &ago)])
    });
    let (since, source) = (Some(source.read_at), Some(source.source.clone()));
    Alert { source, since, ..Alert::new(AlertKind::SourceUnconfigured, language, localized) }
}

/// What stands while the status cannot be read: `fault` is of which kind and what was said, `since` when it could be
/// read last.
pub fn without_database(
    fault: (FaultKind, &str),
    since: Option<DateTime<Utc>>,
    surroundings: &Surroundings,
    locale: Locale,
) -> Vec<Alert> {
    let mut alerts = of_process(surroundings, locale);
    let away = database_away(fault, since, locale.language);
    // What the process knows of it already says more.
    if !alerts.iter().any(|alert| alert.kind == away.kind) {
        alerts.push(away);
    }
    sorted(alerts)
}

/// That the database does not answer, or refuses to: what was said of it, and since when.
pub fn database_away(
    (kind, message): (FaultKind, &str),
    since: Option<DateTime<Utc>>,
    language: Language,
) -> Alert {
    let localized = Localized::each(|language| label::DATABASE_AWAY.fill(language, &[("said", message)]));
    Alert { since, ..Alert::new(away(kind), language, localized) }
}

/// What it is called that the status could not be read.
pub const fn away(kind: FaultKind) -> AlertKind {
    match kind {
        FaultKind::DatabaseRefused => AlertKind::DatabaseRefused,
        _ => AlertKind::DatabaseUnreachable,
    }
}

/// That nothing is read, or nothing of a source.
fn refused(refusal: &Refusal, language: Language) -> Alert {
    let Refusal { kind, source, since, message, remedy } = refusal;
    let localized = Localized::each(|_| match source {
        Some(source) => format!("{source}: {message}"),
        None => message.clone(),
    });
    let remedy = remedy.text(language).to_owned();
    Alert { source: source.clone(), since: *since, remedy, ..Alert::new(*kind, language, localized) }
}

fn sorted(mut alerts: Vec<Alert>) -> Vec<Alert> {
    alerts.sort_by(|left, right| {
        let place = |alert: &Alert| (Reverse(alert.severity), alert.kind);
        (place(left), &left.source, left.stream).cmp(&(place(right), &right.source, right.stream))
    });
    alerts
}

fn of_process(surroundings: &Surroundings, locale: Locale) -> Vec<Alert> {
    let language = locale.language;
    let mut alerts: Vec<Alert> =
        surroundings.refusals.iter().map(|refusal| refused(refusal, language)).collect();
    if let Some(disk) = surroundings.disk.as_ref().filter(|disk| disk.free_bytes < least_free_space(disk)) {
        let (free, size) = ((disk.free_bytes / MIB).to_string(), (disk.size_bytes / MIB).to_string());
        let values = [("free", free.as_str()), ("size", &size), ("directory", &disk.directory)];
        let localized = Localized::each(|language| label::DISK_ROOM.fill(language, &values));
        alerts.push(Alert::new(AlertKind::DiskFilling, language, localized));
    }
    alerts.extend(of_clocks(surroundings, language));
    for spool in surroundings.spools.iter().filter(|spool| spool.bytes_max / 2 < spool.bytes) {
        let (bytes, bytes_max) = ((spool.bytes / MIB).to_string(), (spool.bytes_max / MIB).to_string());
        let StreamKey { source, stream } = &spool.key;
        let of_stream = OfStream { key: (source, *stream), locale };
        alerts.push(of_stream.alert(AlertKind::SpoolFilling, |language| {
            label::SPOOLED.fill(language, &[("bytes", &bytes), ("bytes_max", &bytes_max)])
        }));
    }
    alerts
}

/// Clocks that differ by more than a minute, far below the five after which a signature is refused.
fn of_clocks(surroundings: &Surroundings, language: Language) -> Vec<Alert> {
    let is_off = |ahead: Duration| CLOCK_TOLERANCE < ahead.abs();
    let mut alerts = Vec::new();
    let database = surroundings.database_skew;
    if let Some(ahead) = database.filter(|ahead| is_off(*ahead)) {
        let way = if ahead < Duration::zero() { label::CLOCK_AHEAD } else { label::CLOCK_BEHIND };
        let localized = Localized::each(|language| {
            let apart = span(ahead.abs(), language);
            way.fill(language, &[("span", &apart), ("source", label::THE_DATABASE.text(language))])
        });
        alerts.push(Alert::new(AlertKind::ClockOff, language, localized));
    }
    let off = surroundings.clock_skews.iter().filter(|skew| skew.stands_still || is_off(skew.ahead));
    for skew in off {
        // Where database and host agree, it is the vendor's clock that is wrong.
        let of_vendor = database.is_some_and(|ahead| !is_off(ahead));
        let way = match (skew.stands_still, of_vendor, skew.ahead < Duration::zero()) {
            (true, ..) => label::CLOCK_STANDS_STILL,
            (_, true, true) => label::VENDOR_BEHIND,
            (_, true, false) => label::VENDOR_AHEAD,
            (_, false, true) => label::CLOCK_AHEAD,
            (_, false, false) => label::CLOCK_BEHIND,
        };
        let localized = Localized::each(|language| {
            let apart = span(skew.ahead.abs(), language);
            way.fill(language, &[("span", &apart), ("source", &skew.source)])
        });
        let source = Some(skew.source.clone());
        alerts.push(Alert { source, ..Alert::new(AlertKind::ClockOff, language, localized) });
    }
    alerts
}

/// Whether windows from before the stream was wanted are still to read, and are being read: the last one was read within
/// the time that is promised.
fn is_first_load(
    stream: &StreamStatus,
    complete_to: DateTime<Utc>,
    promised: Duration,
    now: DateTime<Utc>,
) -> bool {
    let is_older = stream.watch.wanted_since.is_some_and(|wanted| complete_to < wanted);
    let goes_on = stream.last_read_at.is_some_and(|read| now - read <= promised);
    is_older && goes_on && 0 < stream.detail.calendar.unread && stream.failure.is_none()
}

/// A twentieth of the disk, at least 1 and at most 10 GiB; of a small disk a tenth.
fn least_free_space(disk: &DiskSpace) -> u64 {
    (disk.size_bytes / 20).clamp(GIB, 10 * GIB).min(disk.size_bytes / 10)
}

/// What can be the matter with one stream.
struct OfStream<'a> {
    key: (&'a str, StreamId),
    locale: Locale,
}

impl OfStream<'_> {
    fn alert(&self, kind: AlertKind, format: impl Fn(Language) -> String) -> Alert {
        let (source, stream) = self.key;
        let localized = Localized::each(|language| format!("{source}/{stream}: {}", format(language)));
        let alert = Alert::new(kind, self.locale.language, localized);
        Alert { source: Some(source.to_owned()), stream: Some(stream), ..alert }
    }

    /// A window as people call it.
    fn scope(&self, window: Option<TimeWindow>, language: Language) -> String {
        match window {
            Some(window) => window.in_zone(self.locale.zone),
            None => status::THE_SNAPSHOT.text(language).to_owned(),
        }
    }

    fn all(&self, stream: &StreamStatus, now: DateTime<Utc>) -> impl Iterator<Item = Alert> {
        let watch = &stream.watch;
        // Nothing of a paused stream is expected; what waits for a person stands all the same.
        let read = !stream.paused;
        let found = [
            stream.failure.as_ref().filter(|_| read).map(|failure| self.failing(failure, now)),
            watch.contradiction.as_ref().filter(|_| read).map(|found| self.contradicted(found, now)),
            read.then(|| self.stale(stream, now)).flatten(),
            read.then(|| self.ticks(watch, now)).flatten(),
            read.then(|| self.unsettled(watch)).flatten(),
            read.then(|| self.budget(watch)).flatten(),
            watch.quarantined_whole.as_ref().map(|whole| self.quarantined_whole(whole)),
            self.quarantine(stream.quarantined, Some(watch), now),
            self.absence(stream.absence_alarms),
            self.drift(stream),
        ];
        found.into_iter().flatten()
    }

    fn failing(&self, failure: &StreamFailure, now: DateTime<Utc>) -> Alert {
        let contested = failure.kind == FaultKind::TokenContested.as_str();
        let kind = if contested { AlertKind::TokenContested } else { AlertKind::StreamFailing };
        let attempts = failure.attempts.to_string();
        // The message names the stream too, for the ledger's sake.
        let own = format!("{}/{}: ", self.key.0, self.key.1);
        let seen = failure.message.strip_prefix(&own).unwrap_or(&failure.message);
        let alert = self.alert(kind, |language| {
            let times = match failure.attempts {
                1 => status::ONCE.text(language).to_owned(),
                _ => status::TIMES.fill(language, &[("n", &attempts)]),
            };
            let values = [
                ("times", times.as_str()),
                ("scope", &self.scope(failure.window, language)),
                ("n", &failure.scopes.to_string()),
                ("last", &span(now - failure.at, language)),
                ("kind", &failure.kind),
                ("said", seen),
            ];
            let phrase = match (failure.window, failure.scopes) {
                (None, _) => label::FAILED,
                (Some(_), ..=1) => label::FAILED_SCOPE,
                (Some(_), _) => label::FAILED_SCOPES,
            };
            phrase.fill(language, &values)
        });
        let alert = Alert { since: Some(failure.since), ..alert };
        if failure.remedy.is_empty() { alert } else { Alert { remedy: failure.remedy.clone(), ..alert } }
    }

    fn contradicted(&self, found: &Contradiction, now: DateTime<Utc>) -> Alert {
        let count = found.scopes.to_string();
        let alert = self.alert(AlertKind::TotalDiffers, |language| {
            let sentence = found.reason.sentence(found.rows, found.vendor_total, language);
            let last = span(now - found.read_at, language);
            let scope = self.scope(found.window, language);
            let values = [("n", count.as_str()), ("scope", &scope), ("sentence", &sentence), ("last", &last)];
            let phrase = if found.scopes == 1 { label::CONTRADICTED } else { label::CONTRADICTED_SCOPES };
            phrase.fill(language, &values)
        });
        Alert { remedy: found.reason.remedy().text(self.locale.language).to_owned(), ..alert }
    }

    /// A stream that was never read is behind no promise yet: it fails, or its ticks are missed. Nor is one whose first load
    /// goes on: it is behind by what ended before it was wanted.
    fn stale(&self, stream: &StreamStatus, now: DateTime<Utc>) -> Option<Alert> {
        let promised = Duration::seconds(stream.watch.fresh_within_seconds?);
        stream.last_read_at?;
        let complete_to = stream.complete_to.or(stream.complete_from)?;
        let since = complete_to.checked_add_signed(promised).filter(|since| *since < now)?;
        if is_first_load(stream, complete_to, promised, now) {
            return None;
        }
        let alert = self.alert(AlertKind::DataStale, |language| {
            let (age, promised) = (span(now - complete_to, language), span(promised, language));
            let phrase =
                if stream.complete_to.is_some() { label::COMPLETE_TO } else { label::NOTHING_COMPLETE };
            phrase.fill(language, &[("age", &age), ("promised", &promised)])
        });
        Some(Alert { since: Some(since), ..alert })
    }

    fn ticks(&self, watch: &StreamWatch, now: DateTime<Utc>) -> Option<Alert> {
        let missed = watch.ticks_missed;
        if missed <= TICKS_MISSED_MAX {
            return None;
        }
        let count = missed.to_string();
        let alert = self.alert(AlertKind::TicksMissed, |language| match watch.last_run_at {
            None => label::NEVER_BEGAN.fill(language, &[("n", &count)]),
            Some(at) => {
                let last = span(now - at, language);
                label::NOT_BEGUN.fill(language, &[("n", &count), ("last", &last)])
            }
        });
        Some(Alert { since: watch.last_run_at, ..alert })
    }

    /// Windows that are closed and do not come to rest.
    fn unsettled(&self, watch: &StreamWatch) -> Option<Alert> {
        let from = watch.unsettled_from.filter(|_| 0 < watch.windows_unsettled)?;
        let (count, at) = (watch.windows_unsettled.to_string(), minute(from, self.locale.zone));
        let values = [("n", count.as_str()), ("from", &at)];
        Some(self.alert(AlertKind::WindowUnverified, |language| label::UNSETTLED.fill(language, &values)))
    }

    /// Used up where the next window would not fit; none was ever asked for where it is zero.
    fn budget(&self, watch: &StreamWatch) -> Option<Alert> {
        let limit = i64::from(watch.reread_requests_per_day.filter(|limit| 0 < *limit)?);
        let spent = watch.reread_requests_today;
        if spent == 0 || spent.saturating_add(watch.requests_per_window.max(1)) <= limit {
            return None;
        }
        let (spent, limit) = (spent.to_string(), limit.to_string());
        Some(self.alert(AlertKind::BudgetExhausted, |language| {
            label::SPENT.fill(language, &[("spent", &spent), ("limit", &limit)])
        }))
    }

    fn quarantine(&self, open: i64, watch: Option<&StreamWatch>, now: DateTime<Utc>) -> Option<Alert> {
        if open <= 0 {
            return None;
        }
        let since = watch.and_then(|watch| watch.quarantined_since);
        let count = open.to_string();
        let alert = self.alert(AlertKind::QuarantineGrowing, |language| match (watch, since) {
            (Some(watch), Some(since)) => {
                let (lately, age) = (watch.quarantined_lately.to_string(), span(now - since, language));
                label::ASIDE_LATELY.fill(language, &[("n", &count), ("lately", &lately), ("age", &age)])
            }
            _ => label::ASIDE.fill(language, &[("n", &count)]),
        });
        Some(Alert { since, ..alert })
    }

    /// What came readable of these windows is nothing.
    fn quarantined_whole(&self, whole: &WholeQuarantine) -> Alert {
        let (count, records) = (whole.scopes.to_string(), whole.records.to_string());
        let format = |language| {
            let scope = self.scope(whole.window, language);
            let values = [("n", count.as_str()), ("records", &records), ("scope", &scope)];
            label::QUARANTINED_WHOLE.fill(language, &values)
        };
        Alert { since: Some(whole.since), ..self.alert(AlertKind::WindowQuarantined, format) }
    }

    fn absence(&self, open: i64) -> Option<Alert> {
        let count = open.to_string();
        let format = |language| label::ABSENT_IN_MASSES.fill(language, &[("n", &count)]);
        (0 < open).then(|| self.alert(AlertKind::AbsenceAlarm, format))
    }

    fn drift(&self, stream: &StreamStatus) -> Option<Alert> {
        let (newest, oldest) = (stream.drifts.first()?, stream.drifts.last()?);
        let count = stream.drifts.len().to_string();
        let alert = self.alert(AlertKind::SchemaDrift, |language| {
            label::DEPARTED.fill(language, &[("n", &count), ("last", &newest.drift.sentence(language))])
        });
        Some(Alert { since: Some(oldest.first_seen_at), ..alert })
    }

    fn unheard(&self, feed: &FeedStatus, now: DateTime<Utc>) -> Option<Alert> {
        // Who was never heard had no time yet, where the feed is new.
        let is_heard = |seen_to: Option<DateTime<Utc>>| {
            seen_to.or(feed.wanted_since).is_some_and(|at| now - UNHEARD_MAX < at)
        };
        let unheard: Vec<_> = feed.agents.iter().filter(|agent| !is_heard(agent.seen_to)).collect();
        if unheard.is_empty() {
            return None;
        }
        let (count, all) = (unheard.len().to_string(), feed.agents.len().to_string());
        let alert = self.alert(AlertKind::FeedUnheard, |language| {
            let named = unheard.iter().take(AGENTS_NAMED).map(|agent| {
                let unheard = match agent.seen_to {
                    Some(at) => label::UNHEARD_FOR.fill(language, &[("span", &span(now - at, language))]),
                    None => label::NEVER_HEARD.text(language).to_owned(),
                };
                let reason = agent.failure_kind.as_ref().and_then(|_| agent.reason(language));
                let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
                format!("{} ({unheard}{reason})", agent.extno)
            });
            let named = named.collect::<Vec<_>>().join(", ");
            let phrase =
                if AGENTS_NAMED < unheard.len() { label::UNHEARD_AND_OTHERS } else { label::UNHEARD };
            phrase.fill(language, &[("n", &count), ("all", &all), ("agents", &named)])
        });
        let since = unheard.iter().filter_map(|agent| agent.seen_to).min();
        Some(Alert { since, ..alert })
    }
}

#[cfg(test)]
mod tests;
