//! What the answers themselves look like: envelope, fields, statuses, dates.

use chrono::Duration;
use serde_json::Value as Json;

use super::prober::Prober;
use crate::domain::vendor::drift::{DriftKind, SchemaDrift};
use crate::domain::vendor::fact::Question;
use crate::domain::vendor::observation::Observation;
use crate::engine::plan::present::CLOCK_TOLERANCE;

/// Fields that are named in a sentence.
const NAMED: usize = 6;

/// Where lists of elements were met, with the way that tells of it.
const PLACES: [(&str, &str); 4] =
    [("/items", "items"), ("/data/list", "nested"), ("/data", "flat"), ("/list", "root")];

impl Prober<'_> {
    /// The envelope of the last answer, and how its elements kept to the document.
    pub(super) fn fields(&mut self, observation: Observation) {
        let text = self.answers.last().map(|answer| answer.text.clone()).unwrap_or_default();
        let Ok(body) = serde_json::from_str::<Json>(&text) else { return };
        let place = PLACES.into_iter().find_map(|(way, name)| Some((name, body.pointer(way)?.as_array()?)));
        let Some((envelope, elements)) = place else { return };
        let code = ["ret_code", "code", "success"].into_iter().find(|name| body.get(name).is_some());
        self.found(
            Question::Envelope,
            envelope,
            format!("success is told by {}", code.unwrap_or("no field")),
        );
        let mut departures: Vec<String> = observation.into_drifts().iter().map(departure).collect();
        departures.extend(self.second_names(elements));
        departures.sort();
        departures.dedup();
        let named = departures.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if departures.is_empty() {
            self.found(Question::Fields, "as_documented", format!("in {} elements", elements.len()));
        } else {
            let more = departures.len().saturating_sub(NAMED);
            let more = if 0 < more { format!(" and {more} more") } else { String::new() };
            self.found(Question::Fields, "differ", format!("{named}{more}"));
        }
    }

    /// Columns that are filled by another than their first documented name.
    fn second_names(&self, elements: &[Json]) -> Vec<String> {
        let has = |name: &str| elements.iter().any(|element| element.get(name).is_some());
        let columns =
            self.stream().tables.iter().flat_map(|table| table.columns).filter(|column| !column.is_of_parent);
        let others = columns.filter_map(|column| column.names().split_first());
        let found = others.filter(|(first, _)| !has(first)).flat_map(|(first, names)| {
            names.iter().filter(|name| has(name)).map(move |name| format!("{name} for {first}"))
        });
        found.collect()
    }

    /// The statuses of the refusals that were met.
    pub(super) fn error_status(&mut self) {
        let mut statuses = std::mem::take(&mut self.refusals);
        statuses.sort_unstable();
        statuses.dedup();
        let named = statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        match statuses.is_empty() {
            true => self.unknown(Question::ErrorStatus, "nothing was refused"),
            false => self.found(Question::ErrorStatus, named, "of the requests that were refused"),
        }
    }

    /// How the vendor's clock differs from this host's, by all answers.
    pub(super) fn vendor_clock(&mut self) {
        let dates: Vec<_> = self.seen.iter().filter_map(|(date, came)| Some(((*date)?, *came))).collect();
        let mut ahead: Vec<Duration> = dates.iter().map(|(date, came)| *date - *came).collect();
        if ahead.is_empty() {
            self.found(Question::Clock, "absent", "no answer has a Date");
            return;
        }
        let stands = dates.windows(2).all(|pair| pair[0].0 == pair[1].0)
            && dates
                .last()
                .zip(dates.first())
                .is_some_and(|(last, first)| Duration::seconds(2) < last.1 - first.1);
        ahead.sort();
        let middle = ahead[ahead.len() / 2];
        let strange = ahead.iter().filter(|other| CLOCK_TOLERANCE < (**other - middle).abs()).count();
        let seen = format!(
            "its Date is {} s from this host's clock, the middle of {} answers",
            middle.num_seconds(),
            ahead.len()
        );
        let name = match () {
            () if stands => "stands_still",
            () if 0 < strange => "irregular",
            () if middle.abs() <= CLOCK_TOLERANCE => "right",
            () if middle < Duration::zero() => "behind",
            () => "ahead",
        };
        self.found(Question::Clock, name, seen);
    }
}

fn departure(drift: &SchemaDrift) -> String {
    let how = match drift.kind {
        DriftKind::NewField => "new",
        DriftKind::ChangedType => "of another type",
        DriftKind::UnknownCode => "with an unknown code",
        DriftKind::MissingField => "missing",
        kind => kind.as_str(),
    };
    format!("{} {how}", drift.field)
}
