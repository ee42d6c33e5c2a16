//! The state of everything, with what only the assembled process knows of it.

use chrono::{DateTime, Utc};

use crate::app::App;
use crate::app::stream::Stream;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::language::Language;
use crate::domain::status::{StatusReport, StreamStatus};
use crate::engine::port::store::StatusRead as _;

impl App {
    /// The state of everything, with cures.
    ///
    /// # Errors
    /// Database faults.
    pub async fn status(&self) -> Result<StatusReport, Fault> {
        let report = self.database.store.status(self.seams.clock.now()).await?;
        Ok(self.enrich(report, false))
    }

    pub(super) fn enrich(&self, report: StatusReport, scheduled: bool) -> StatusReport {
        let now = scheduled.then(|| self.seams.clock.now());
        let mut report = enrich(report, &self.streams, self.settings.language, now);
        let unheard = self.unheard(&report.feeds);
        report.healthy &= unheard.is_empty();
        report.feeds.extend(unheard);
        report.feeds.sort_by(|left, right| left.source.cmp(&right.source));
        self.with_alerts(report, scheduled)
    }
}

/// Cures by kind of fault, next ticks where a scheduler runs, and the streams that the database has not been
/// told of yet.
fn enrich(
    mut report: StatusReport,
    streams: &[Stream],
    language: Language,
    now: Option<DateTime<Utc>>,
) -> StatusReport {
    for stream in streams {
        let key = &stream.reader.key;
        let is_same = |status: &StreamStatus| status.source == key.source && status.stream == key.stream;
        if !report.streams.iter().any(is_same) {
            report.streams.push(stream.never_read());
            report.healthy = false;
        }
    }
    report.streams.sort_by(|left, right| (&left.source, left.stream).cmp(&(&right.source, right.stream)));
    for status in &mut report.streams {
        if let Some(failure) = &mut status.failure {
            failure.cure =
                FaultKind::from_name(&failure.kind).map_or("", |kind| kind.cure().text(language)).to_owned();
        }
        let stream = streams.iter().find(|stream| {
            stream.reader.key.source == status.source && stream.reader.key.stream == status.stream
        });
        status.next_tick = stream.zip(now).and_then(|(stream, now)| stream.schedule.next_tick(now));
        if let Some(stream) = stream {
            stream.complete(&mut status.detail, &report.detail.limits, report.generated_at);
        }
    }
    report
}
