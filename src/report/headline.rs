//! The answer to the first look: who fails and why, and whether yesterday's figures may be used. One for page and
//! terminal.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::domain::fault::FaultKind;
use crate::domain::proof::window::{local_midnight, minute};
use crate::report::alert::{Alert, AlertKind, Severity};
use crate::report::language::Language;
use crate::report::phrase::{Phrase, headline as label};
use crate::report::status::{StatusReport, StreamFailure, StreamStatus};

/// Causes that a headline names.
const NAMED: usize = 2;

/// Streams that a sentence names.
const STREAMS_NAMED: usize = 3;

/// Alerts of one source with one cause: what one remedy mends.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertGroup<'a> {
    /// At least one, of one kind and source.
    pub alerts: Vec<&'a Alert>,
    /// The fault, where they tell of streams that fail.
    pub fault: Option<FaultKind>,
}

impl<'a> AlertGroup<'a> {
    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Warning)
    }

    /// Since when the first of them stands, where one is known.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        self.alerts.iter().filter_map(|alert| alert.since).min()
    }

    /// Whose they are: `source/stream` of a single stream, else the source; empty where it is the process's.
    pub fn who(&self) -> String {
        let Some(first) = self.alerts.first() else { return String::new() };
        match (&first.source, first.stream) {
            (Some(source), Some(stream)) if self.alerts.len() == 1 => format!("{source}/{stream}"),
            (Some(source), _) => source.clone(),
            (None, Some(stream)) => stream.to_string(),
            (None, None) => String::new(),
        }
    }

    /// What is the matter, in a few words.
    pub fn cause(&self) -> Phrase {
        let kind = self.alerts.first().map(|alert| alert.kind);
        match (self.fault, kind) {
            (Some(fault), _) => fault.title(),
            (None, Some(kind)) => kind.title(),
            (None, None) => label::ALL_WELL,
        }
    }

    fn named(&self, language: Language) -> String {
        let (who, cause) = (self.who(), self.cause().text(language));
        match who.is_empty() {
            true => cause.to_owned(),
            false => label::CAUSE.fill(language, &[("who", &who), ("cause", cause)]),
        }
    }

    fn is_of(&self, alert: &Alert, fault: Option<FaultKind>) -> bool {
        let same = |first: &Alert| (first.kind, &first.source) == (alert.kind, &alert.source);
        self.fault == fault && alert.source.is_some() && self.alerts.first().is_some_and(|first| same(first))
    }
}

impl StatusReport {
    /// The alerts in the order of their urgency, those of one source with one cause together.
    pub fn alert_groups(&self) -> Vec<AlertGroup<'_>> {
        let mut groups: Vec<AlertGroup<'_>> = Vec::new();
        for alert in &self.alerts {
            let failure = self.failure_of(alert);
            let fault = failure.and_then(|failure| FaultKind::from_name(&failure.kind));
            match groups.iter_mut().find(|group| group.is_of(alert, fault)) {
                Some(group) => group.alerts.push(alert),
                None => groups.push(AlertGroup { alerts: vec![alert], fault }),
            }
        }
        groups
    }

    /// Of an alert about a stream that fails, the failure.
    pub fn failure_of(&self, alert: &Alert) -> Option<&StreamFailure> {
        let (source, stream) = (alert.source.as_ref()?, alert.stream?);
        let failing = self.streams.iter().find(|known| known.source == *source && known.stream == stream)?;
        let tells = matches!(alert.kind, AlertKind::StreamFailing | AlertKind::TokenContested);
        failing.failure.as_ref().filter(|_| tells)
    }

    /// How things stand, in a sentence.
    pub fn headline(&self, language: Language) -> String {
        let groups = self.alert_groups();
        let Some(first) = groups.first() else {
            let phrase = if self.healthy { label::ALL_WELL } else { label::NOT_READ_YET };
            return phrase.text(language).to_owned();
        };
        let fails = first.fault.is_some();
        let alike = groups.iter().filter(|group| group.fault.is_some() == fails);
        let named: Vec<String> = alike.take(NAMED).map(|group| group.named(language)).collect();
        let more = (groups.len() - named.len()).to_string();
        let what = named.join(label::SEMICOLON.text(language));
        let failing = self.streams.iter().filter(|stream| !stream.paused && stream.failure.is_some()).count();
        let (failing, all) = (failing.to_string(), self.streams.len().to_string());
        let phrase = match (first.severity(), fails) {
            (Severity::Critical, true) => label::STREAMS_FAILING,
            (Severity::Critical, false) => label::ATTENTION,
            // A person has to decide.
            (Severity::Warning, _) if !self.healthy => label::ATTENTION,
            (Severity::Warning, _) => label::WORTH_A_LOOK,
        };
        let mut text = phrase.fill(language, &[("n", &failing), ("all", &all), ("what", &what)]);
        if more != "0" {
            text.push_str(&label::AND_MORE.fill(language, &[("n", &more)]));
        }
        text
    }

    /// Whether the figures of yesterday, by `zone`'s calendar, may be used; `None` where no stream is read in windows.
    pub fn yesterday(&self, zone: Tz, language: Language) -> Option<String> {
        let today = self.generated_at.with_timezone(&zone).date_naive();
        let (end, date) = (local_midnight(today, zone), (today - Duration::days(1)).to_string());
        let windowed: Vec<&StreamStatus> = self.windowed().collect();
        let reaches = |to: Option<DateTime<Utc>>| to.is_some_and(|to| end <= to);
        let missing: Vec<&&StreamStatus> =
            windowed.iter().filter(|stream| !reaches(stream.complete_to)).collect();
        if windowed.is_empty() {
            return None;
        }
        if missing.is_empty() {
            let all_final = windowed.iter().all(|stream| reaches(stream.final_to));
            let phrase = if all_final { label::YESTERDAY_FINAL } else { label::YESTERDAY_COMPLETE };
            return Some(phrase.fill(language, &[("date", &date)]));
        }
        let mut names: Vec<String> = missing
            .iter()
            .take(STREAMS_NAMED)
            .map(|stream| match stream.complete_to {
                Some(to) => label::UP_TO.fill(language, &[("who", &name(stream)), ("to", &minute(to, zone))]),
                None => label::NOTHING_YET.fill(language, &[("who", &name(stream))]),
            })
            .collect();
        if STREAMS_NAMED < missing.len() {
            let more = (missing.len() - STREAMS_NAMED).to_string();
            names.push(label::OTHERS.fill(language, &[("n", &more)]));
        }
        let names = names.join(label::SEMICOLON.text(language));
        Some(label::YESTERDAY_MISSING.fill(language, &[("date", &date), ("names", &names)]))
    }
}

fn name(stream: &StreamStatus) -> String {
    format!("{}/{}", stream.source, stream.stream)
}
