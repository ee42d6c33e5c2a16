//! Which conditions stand: from the status, and from what the process sees around it. Pure, so that daemon, page,
//! metrics and command agree.

use chrono::{DateTime, Duration, Utc};

use crate::domain::alert::{Alert, AlertKind, DiskRoom, Severity, StreamWatch, Surroundings, UNHEARD_MAX};
use crate::domain::fault::FaultKind;
use crate::domain::language::Language;
use crate::domain::status::{FeedStatus, StatusReport, StreamFailure, StreamStatus};
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::text::span;

/// A clock may be off by so much: far below the five minutes after which a signature is refused.
const CLOCK_MAX: Duration = Duration::seconds(60);

/// So many ticks in a row may pass before somebody should look: a pass may take longer than the schedule allows
/// once in a while.
const TICKS_MISSED_MAX: u64 = 2;

/// Agents that a message names.
const AGENTS_NAMED: usize = 3;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Every condition that stands, the most urgent first.
pub fn alerts(report: &StatusReport, surroundings: &Surroundings, language: Language) -> Vec<Alert> {
    let now = report.generated_at;
    let mut alerts = of_process(surroundings, language);
    for stream in &report.streams {
        let of_stream = OfStream { key: (&stream.source, stream.stream), language };
        alerts.extend(of_stream.all(stream, now));
    }
    for feed in &report.feeds {
        let of_stream = OfStream { key: (&feed.source, feed.stream), language };
        alerts.extend(of_stream.unheard(feed, now));
        alerts.extend(of_stream.quarantine(feed.quarantined, None, now));
    }
    sorted(alerts)
}

/// What stands while the database does not answer: `message` is what was said, `since` when it answered last.
pub fn without_database(
    message: &str,
    since: Option<DateTime<Utc>>,
    surroundings: &Surroundings,
    language: Language,
) -> Vec<Alert> {
    let mut alerts = of_process(surroundings, language);
    alerts.push(Alert {
        since,
        ..bare(AlertKind::DatabaseUnreachable, language, format!("the database cannot be read: {message}"))
    });
    sorted(alerts)
}

/// Whether none of these says that data is missing or will be soon.
pub fn is_well(alerts: &[Alert]) -> bool {
    alerts.iter().all(|alert| alert.severity < Severity::Critical)
}

fn sorted(mut alerts: Vec<Alert>) -> Vec<Alert> {
    alerts.sort_by(|left, right| {
        (left.kind, &left.source, left.stream).cmp(&(right.kind, &right.source, right.stream))
    });
    alerts
}

fn bare(kind: AlertKind, language: Language, message: String) -> Alert {
    Alert {
        kind,
        severity: kind.severity(),
        source: None,
        stream: None,
        since: None,
        message,
        cure: kind.cure().text(language).to_owned(),
    }
}

fn of_process(surroundings: &Surroundings, language: Language) -> Vec<Alert> {
    let mut alerts = Vec::new();
    if let Some(disk) = surroundings.disk.as_ref().filter(|disk| disk.free_bytes < least_room(disk)) {
        let (free, size) = (disk.free_bytes / MIB, disk.size_bytes / MIB);
        let message = format!("{free} MiB of {size} MiB are free on the disk of {}", disk.directory);
        alerts.push(bare(AlertKind::DiskFilling, language, message));
    }
    for skew in surroundings.clock_skews.iter().filter(|skew| CLOCK_MAX < skew.ahead.abs()) {
        let way = if skew.ahead < Duration::zero() { "ahead of" } else { "behind" };
        let apart = span(skew.ahead.abs());
        let message = format!("this host's clock is at least {apart} {way} that of {}", skew.source);
        alerts.push(Alert {
            source: Some(skew.source.clone()),
            ..bare(AlertKind::ClockOff, language, message)
        });
    }
    for spool in surroundings.spools.iter().filter(|spool| spool.bytes_max / 2 < spool.bytes) {
        let (bytes, bytes_max) = (spool.bytes / MIB, spool.bytes_max / MIB);
        let StreamKey { source, stream } = &spool.key;
        let message =
            format!("{bytes} MiB of events wait on disk for the database; there is room for {bytes_max} MiB");
        let alert = OfStream { key: (source, *stream), language }.alert(AlertKind::SpoolFilling, message);
        alerts.push(alert);
    }
    alerts
}

/// A twentieth of the disk, at least 1 and at most 10 GiB; of a small disk a tenth.
fn least_room(disk: &DiskRoom) -> u64 {
    (disk.size_bytes / 20).clamp(GIB, 10 * GIB).min(disk.size_bytes / 10)
}

/// What can be the matter with one stream.
struct OfStream<'a> {
    key: (&'a str, StreamId),
    language: Language,
}

impl OfStream<'_> {
    fn alert(&self, kind: AlertKind, message: String) -> Alert {
        let (source, stream) = self.key;
        Alert {
            source: Some(source.to_owned()),
            stream: Some(stream),
            ..bare(kind, self.language, format!("{source}/{stream}: {message}"))
        }
    }

    fn all(&self, stream: &StreamStatus, now: DateTime<Utc>) -> impl Iterator<Item = Alert> {
        let watch = &stream.watch;
        let found = [
            stream.failure.as_ref().map(|failure| self.failing(failure, now)),
            self.stale(stream, now),
            self.ticks(watch, now),
            self.budget(watch),
            self.quarantine(stream.quarantined, Some(watch), now),
            self.absence(stream.absence_alarms),
            self.drift(stream),
        ];
        found.into_iter().flatten()
    }

    fn failing(&self, failure: &StreamFailure, now: DateTime<Utc>) -> Alert {
        let contested = failure.kind == FaultKind::TokenContested.as_str();
        let kind = if contested { AlertKind::TokenContested } else { AlertKind::StreamFailing };
        let scope = if failure.scope.is_empty() { String::new() } else { format!(" {}", failure.scope) };
        let times = match failure.attempts {
            1 => "once".to_owned(),
            attempts => format!("{attempts} times"),
        };
        let last = span(now - failure.at);
        let message =
            format!("failed {times}{scope}, last {last} ago ({}): {}", failure.kind, failure.message);
        let alert = self.alert(kind, message);
        if failure.cure.is_empty() { alert } else { Alert { cure: failure.cure.clone(), ..alert } }
    }

    /// A stream that was never read is behind no promise yet: it fails, or its ticks are missed.
    fn stale(&self, stream: &StreamStatus, now: DateTime<Utc>) -> Option<Alert> {
        let promised = Duration::seconds(stream.watch.fresh_within_seconds?);
        stream.last_read_at?;
        let complete_to = stream.complete_to.or(stream.complete_from)?;
        let since = complete_to.checked_add_signed(promised).filter(|since| *since < now)?;
        let (age, promised) = (span(now - complete_to), span(promised));
        let message = format!("complete up to {age} ago, promised is {promised}");
        Some(Alert { since: Some(since), ..self.alert(AlertKind::DataStale, message) })
    }

    fn ticks(&self, watch: &StreamWatch, now: DateTime<Utc>) -> Option<Alert> {
        let missed = watch.ticks_missed;
        if missed <= TICKS_MISSED_MAX {
            return None;
        }
        let last = watch.last_run_at.map_or_else(
            || "no run ever began".to_owned(),
            |at| format!("the last run began {} ago", span(now - at)),
        );
        let message = format!("{missed} ticks passed and no run began; {last}");
        Some(Alert { since: watch.last_run_at, ..self.alert(AlertKind::TicksMissed, message) })
    }

    /// Used up where the next window would not fit; none was ever asked for where it is zero.
    fn budget(&self, watch: &StreamWatch) -> Option<Alert> {
        let limit = i64::from(watch.reread_requests_per_day.filter(|limit| 0 < *limit)?);
        let spent = watch.reread_requests_today;
        if spent == 0 || spent.saturating_add(watch.requests_per_window.max(1)) <= limit {
            return None;
        }
        let message = format!("{spent} of today's {limit} requests for second looks are spent");
        Some(self.alert(AlertKind::BudgetExhausted, message))
    }

    fn quarantine(&self, open: i64, watch: Option<&StreamWatch>, now: DateTime<Utc>) -> Option<Alert> {
        if open <= 0 {
            return None;
        }
        let since = watch.and_then(|watch| watch.quarantined_since);
        let age = match (watch, since) {
            (Some(watch), Some(since)) => {
                let age = span(now - since);
                format!("; {} of them came within a day, the first {age} ago", watch.quarantined_lately)
            }
            _ => String::new(),
        };
        let message = format!("records set aside and not yet dealt with: {open}{age}");
        Some(Alert { since, ..self.alert(AlertKind::QuarantineGrowing, message) })
    }

    fn absence(&self, open: i64) -> Option<Alert> {
        let message =
            format!("alarms over rows that vanished in masses: {open}; none of them is marked deleted");
        (0 < open).then(|| self.alert(AlertKind::AbsenceAlarm, message))
    }

    fn drift(&self, stream: &StreamStatus) -> Option<Alert> {
        let (newest, oldest) = (stream.drifts.first()?, stream.drifts.last()?);
        let count = stream.drifts.len();
        let message =
            format!("departures from the vendor's documents in 7 days: {count}, last: {}", newest.sentence);
        Some(Alert { since: Some(oldest.first_seen_at), ..self.alert(AlertKind::ContractDrift, message) })
    }

    fn unheard(&self, feed: &FeedStatus, now: DateTime<Utc>) -> Option<Alert> {
        let is_heard = |seen_to: Option<DateTime<Utc>>| seen_to.is_some_and(|at| now - UNHEARD_MAX < at);
        let unheard: Vec<_> = feed.agents.iter().filter(|agent| !is_heard(agent.seen_to)).collect();
        if unheard.is_empty() {
            return None;
        }
        let named = unheard.iter().take(AGENTS_NAMED).map(|agent| match agent.seen_to {
            Some(at) => format!("{} (for {})", agent.extno, span(now - at)),
            None => format!("{} (never yet)", agent.extno),
        });
        let named = named.collect::<Vec<_>>().join(", ");
        let more = if AGENTS_NAMED < unheard.len() { ", and others" } else { "" };
        let (count, all) = (unheard.len(), feed.agents.len());
        let message = format!("not heard are {count} of {all} agents: {named}{more}");
        let since = unheard.iter().filter_map(|agent| agent.seen_to).min();
        Some(Alert { since, ..self.alert(AlertKind::FeedUnheard, message) })
    }
}

#[cfg(test)]
mod tests;
