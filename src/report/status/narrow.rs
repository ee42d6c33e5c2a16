//! The status of one source.

use crate::report::alert::is_well;
use crate::report::status::{StatusReport, StreamStatus};

impl StatusReport {
    /// What concerns one source, and the alerts that concern all; `None` where nothing is configured or stored under that
    /// name.
    pub fn of_source(&self, source: &str) -> Option<StatusReport> {
        let mut report = self.clone();
        report.streams.retain(|stream| stream.source == source);
        report.feeds.retain(|feed| feed.source == source);
        report.unconfigured.retain(|known| known.source == source);
        if report.streams.is_empty() && report.feeds.is_empty() && report.unconfigured.is_empty() {
            return None;
        }
        report.runs.retain(|run| run.source == source);
        report.alerts.retain(|alert| alert.source.as_ref().is_none_or(|of| of == source));
        let detail = &mut report.detail;
        detail.quarantine.retain(|record| record.source == source);
        detail.absence_alarms.retain(|alarm| alarm.source == source);
        detail.feed_gaps.retain(|gap| gap.source == source);
        detail.open_questions.retain(|open| open.key.source == source);
        detail.alert_history.retain(|past| past.source.as_ref().is_none_or(|of| of == source));
        for worker in &mut detail.workers {
            worker.leases.retain(|lease| lease.source.as_deref() == Some(source));
            worker.runs.retain(|id| report.runs.iter().any(|run| run.id == *id));
        }
        detail.workers.retain(|worker| !worker.leases.is_empty() || !worker.runs.is_empty());
        report.quarantine_open = report.streams.iter().map(|stream| stream.quarantined).sum::<i64>()
            + report.feeds.iter().map(|feed| feed.quarantined).sum::<i64>();
        report.absence_alarms_open = report.streams.iter().map(|stream| stream.absence_alarms).sum();
        report.healthy = report.absence_alarms_open == 0
            && is_well(&report.alerts)
            && report.streams.iter().all(StreamStatus::is_well);
        Some(report)
    }
}
