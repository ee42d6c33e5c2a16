//! What mends the differences between the tables and a vendor. Each remedy names a command that works as printed.

use std::collections::HashSet;

use chrono::{DateTime, Duration, SecondsFormat, Utc};

use super::order::{Verification, scope_of};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::absence::{AbsenceAlarm, AbsenceCase};
use crate::domain::proof::certificate::UnverifiedReason;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::{StreamKey, StreamKind};
use crate::engine::pass::reader::{PassOrder, ReadPolicy, StreamReader};
use crate::engine::pass::scope_text;
use crate::engine::port::compare::{Compare, Difference, DifferenceKind};
use crate::engine::port::store::{Failure, ReadRecord, Scope};
use crate::report::language::Language;
use crate::report::phrase::status::span;

const SYNC: &str = "`ccsync sync` brings what was never read and what is newer than our last reads";
const REPAIR: &str = "`ccsync verify --repair` reads these windows again and writes what the vendor says; \
                      `ccsync explain KEY` tells where a row came from";
const QUARANTINE: &str = "rows are not marked deleted while records of their window cannot be read: see \
                          `ccsync quarantine list`; after an update of ccsync `ccsync quarantine retry --all`";
const NO_WINDOW: &str = "rows lie in no window that was ever read: `ccsync backfill --stream STREAM --from DATE --to DATE` \
                         reads their time";

const BEFORE_START: &str =
    "a window before `start` stays unverified, and no pass reads it: `ccsync verify --repair` reads it again";

/// What decides which remedy helps, besides the differences themselves.
pub(super) struct Circumstances<'a> {
    key: &'a StreamKey,
    ledger: &'a [ReadRecord],
    /// What `ccsync sync` would read now.
    due: HashSet<Scope>,
    alarms: Vec<AbsenceCase>,
    unreadable: HashSet<Scope>,
    /// Least time between the two reads that miss a row; zero for snapshots.
    settle: Duration,
    now: DateTime<Utc>,
    /// The first instant wanted, where it is read in windows.
    start: Option<DateTime<Utc>>,
}

/// Each remedy once, in the order in which they were found.
#[derive(Default)]
struct Remedies(Vec<String>);

impl Remedies {
    fn add(&mut self, remedy: impl Into<String>) {
        let remedy = remedy.into();
        if !self.0.contains(&remedy) {
            self.0.push(remedy);
        }
    }
}

impl<'a> Circumstances<'a> {
    /// As the ledger has them; `unreadable`: scopes in which records came that cannot be read.
    pub(super) async fn of(
        reader: &'a StreamReader,
        tables: &dyn Compare,
        ledger: &'a [ReadRecord],
        unreadable: HashSet<Scope>,
    ) -> Result<Circumstances<'a>, Fault> {
        let (key, now) = (&reader.key, reader.clock.now());
        let due = reader.due_by(ledger, &reader.learned().await?, &PassOrder::sync(now));
        let (settle, start) = match &reader.policy {
            ReadPolicy::Windows(policy) => (policy.settle, Some(policy.start)),
            ReadPolicy::Snapshot => (Duration::zero(), None),
        };
        Ok(Circumstances {
            key,
            ledger,
            due: due.iter().map(|due| due.scope).collect(),
            alarms: tables.open_alarms(key).await?,
            unreadable,
            settle,
            now,
            start,
        })
    }

    /// What mends these differences, one after another.
    pub(super) fn remedies(&self, verification: &Verification) -> Vec<String> {
        let mut remedies = Remedies::default();
        for scope in &verification.unverified {
            let reason = scope.reason.unwrap_or(UnverifiedReason::ReadsDiffer);
            let is_planned = !self.is_before_start(&scope.scope);
            remedies.add(if is_planned { reason.remedy().english() } else { BEFORE_START });
        }
        self.failing(verification, &mut remedies);
        self.unread(verification, &mut remedies);
        let unverified: HashSet<&str> =
            verification.unverified.iter().map(|scope| scope.scope.as_str()).collect();
        for difference in &verification.differences {
            let is_unverified = unverified.contains(scope_text(scope(difference)).as_str());
            match (difference.kind, self.alarm(difference)) {
                (DifferenceKind::Extra, Some(alarm)) => remedies.add(decision(alarm)),
                // No command reads it before that is mended.
                _ if self.is_failing(difference) => {}
                (DifferenceKind::Extra, None) if is_unverified => {}
                (DifferenceKind::Extra, None) => remedies.add(self.of_extra(difference)),
                (DifferenceKind::Missing | DifferenceKind::Stale, _) => {
                    remedies.add(self.of_content(difference));
                }
            }
        }
        remedies.0
    }

    fn is_before_start(&self, scope: &str) -> bool {
        let windows = self.ledger.iter().filter_map(|record| record.window);
        let mut before = windows.filter(|window| self.start.is_some_and(|start| window.end <= start));
        before.any(|window| scope_text(Scope::Window(window)) == scope)
    }

    /// The reads whose last attempt failed, where something of theirs is missing: one remedy for each reason.
    fn failing(&self, verification: &Verification, remedies: &mut Remedies) {
        let is_missed = |record: &&ReadRecord| {
            let scope = scope_of(record);
            let is_unread = match record.window {
                Some(window) => verification.unread.iter().any(|unread| unread.overlaps(&window)),
                None => verification.never_read,
            };
            is_unread && record.read_at.is_none() || differs(verification, scope)
        };
        let failing: Vec<(&ReadRecord, &Failure)> = self
            .ledger
            .iter()
            .filter(is_missed)
            .filter_map(|record| Some((record, record.failure.as_ref()?)))
            .collect();
        let mut listed: Vec<&str> = Vec::new();
        for (record, failure) in &failing {
            if listed.contains(&failure.message.as_str()) {
                continue;
            }
            listed.push(&failure.message);
            let same = failing.iter().filter(|(_, other)| other.message == failure.message).count();
            let more = if same > 1 { format!(" (and {} more)", same - 1) } else { String::new() };
            let own = format!("{}: ", self.key);
            let message = failure.message.strip_prefix(&own).unwrap_or(&failure.message);
            let advice = FaultKind::from_name(&failure.kind)
                .map_or_else(String::new, |kind| format!("; {}", kind.advice(Language::En)));
            remedies.add(format!(
                "{}{more} could not be read at {}: {message}{advice}; then `ccsync sync`",
                scope_text(scope_of(record)),
                second(failure.at),
            ));
        }
    }

    /// What was never read and did not fail either.
    fn unread(&self, verification: &Verification, remedies: &mut Remedies) {
        let failed = || self.ledger.iter().filter(|record| record.failure.is_some());
        let windows: Vec<TimeWindow> = failed().filter_map(|record| record.window).collect();
        let is_untried = |unread: &TimeWindow| !unread.subtract(&windows).is_empty();
        let is_snapshot_untried = verification.never_read && failed().next().is_none();
        if is_snapshot_untried || verification.unread.iter().any(is_untried) {
            remedies.add(SYNC);
        }
    }

    /// Of a row that is missing or whose content differs.
    fn of_content(&self, difference: &Difference) -> String {
        let is_brought = difference.newer && self.due.contains(&scope(difference));
        if is_brought { SYNC } else { REPAIR }.to_owned()
    }

    /// Of a row that the vendor does not return.
    fn of_extra(&self, difference: &Difference) -> String {
        let scope = scope(difference);
        if self.unreadable.contains(&scope) {
            return QUARANTINE.to_owned();
        }
        if scope == Scope::Snapshot && self.key.stream.kind() != StreamKind::Snapshot {
            return NO_WINDOW.to_owned();
        }
        let command = if self.due.contains(&scope) { "ccsync sync" } else { "ccsync verify --repair" };
        match difference.absent_since.map(|since| since + self.settle) {
            Some(at) if self.now < at => format!(
                "the vendor no longer returns some rows: a read after {} decides whether they are deleted; run \
                 `{command}` then",
                second(at)
            ),
            None if !self.settle.is_zero() => format!(
                "the vendor no longer returns some rows: `{command}` notes that they are absent, and the same \
                 command, {} later, marks them deleted if they still are",
                span(self.settle, Language::En)
            ),
            _ => format!(
                "the vendor no longer returns some rows: `{command}` decides whether they are deleted"
            ),
        }
    }

    /// The alarm because of which a row is not marked deleted.
    fn alarm(&self, difference: &Difference) -> Option<&AbsenceAlarm> {
        let is_of =
            |alarm: &&AbsenceAlarm| alarm.table == difference.table && alarm.window == difference.window;
        self.alarms.iter().map(|case| &case.alarm).find(is_of)
    }

    /// Whether a failure keeps the difference from being mended by a read.
    fn is_failing(&self, difference: &Difference) -> bool {
        let record = self.ledger.iter().find(|record| scope_of(record) == scope(difference));
        record.is_some_and(|record| record.failure.is_some())
    }
}

fn decision(alarm: &AbsenceAlarm) -> String {
    format!(
        "more rows than absence_max are missing at once, and none is marked deleted: where the vendor says that they \
         are gone, `ccsync absence accept {}`; `ccsync absence list` shows them",
        alarm.id
    )
}

fn scope(difference: &Difference) -> Scope {
    difference.window.map_or(Scope::Snapshot, Scope::Window)
}

fn differs(verification: &Verification, of: Scope) -> bool {
    verification.differences.iter().any(|difference| scope(difference) == of)
}

fn second(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true)
}
