//! Which conditions stand, with all that only the assembled process knows.

use std::collections::HashMap;
use std::sync::PoisonError;

use chrono::{DateTime, Duration, Utc};

use crate::app::App;
use crate::app::assembly::stream::{Stream, by_name};
use crate::domain::fault::FaultKind;
use crate::engine::alert;
use crate::report::alert::{Alert, SpoolFill, Surroundings, is_well};
use crate::report::language::Locale;
use crate::report::status::{StatusReport, StreamStatus};
use crate::spool;

/// Data may be older than a schedule's longest pause by this factor: two passes may fail.
const PAUSES: i32 = 3;

/// Data may always be this old, however often it is read.
const FRESH_MIN: Duration = Duration::minutes(10);

/// A tick may be on its way for so long, beyond its delay.
const TICK_GRACE: Duration = Duration::minutes(1);

/// More missed ticks are not told apart.
const TICKS_MAX: u64 = 1_000;

impl App {
    fn locale(&self) -> Locale {
        Locale { language: self.settings.language, zone: self.settings.timezone }
    }

    /// What this process sees around it, without the database.
    pub fn surroundings(&self) -> Surroundings {
        let data_dir = &self.settings.database.data_dir;
        // With a database elsewhere and no feed, nothing is written there.
        let writes = self.settings.database.url.is_none() || !self.feeds.is_empty();
        let spools = self.settings.feeds().filter_map(|(source, feed)| {
            let bytes = spool::waiting(&data_dir.join("feed").join(&source.name)).ok()?;
            Some(SpoolFill { key: feed.key.clone(), bytes, bytes_max: u64::from(feed.spool_mib_max) << 20 })
        });
        Surroundings {
            clock_skews: self.witness.skews(),
            database_skew: self.witness.database_skew(),
            disk: writes.then(|| spool::free_space(data_dir).ok()).flatten(),
            spools: spools.collect(),
            refusals: self.refusals(),
        }
    }

    /// What stands while the status cannot be read: for which fault, and what was said.
    pub fn alerts_without_database(&self, fault: (FaultKind, &str)) -> Vec<Alert> {
        let since = *self.database_away.lock().unwrap_or_else(PoisonError::into_inner);
        alert::without_database(fault, since, &self.surroundings(), self.locale())
    }

    /// Whether the database has just answered.
    pub(in crate::app) fn note_database(&self, answers: bool) {
        let mut away = self.database_away.lock().unwrap_or_else(PoisonError::into_inner);
        *away = if answers { None } else { away.or_else(|| Some(self.overrides.clock.now())) };
    }

    /// The report with what was promised of each stream, and with what stands.
    pub(in crate::app) fn with_alerts(&self, mut report: StatusReport, scheduled: bool) -> StatusReport {
        let now = report.generated_at;
        let streams = by_name(&self.streams);
        let delay = Duration::from_std(self.delay().longest()).unwrap_or_default();
        let until = now - TICK_GRACE - delay;
        let mut last_ticks = HashMap::new();
        for status in &mut report.streams {
            let stream = streams.get(&(status.source.as_str(), status.stream)).copied();
            if let Some(stream) = stream {
                self.promise(stream, status, now);
                // Of a stream that never ran, the scheduler of this process can say since when it should have.
                let since = status.watch.last_run_at.or(scheduled.then_some(self.built_at));
                // Schedules are asked once for all streams that have the same.
                let schedule = &stream.schedule;
                let last =
                    *last_ticks.entry(schedule.expression()).or_insert_with(|| schedule.last_tick(until));
                if let Some(since) = since.filter(|since| last.is_some_and(|last| *since < last)) {
                    status.watch.ticks_missed = schedule.ticks_between(since, until, TICKS_MAX);
                }
            }
        }
        report.alerts = alert::alerts(&report, &self.surroundings(), self.locale());
        report.healthy &= is_well(&report.alerts);
        report
    }

    fn promise(&self, stream: &Stream, status: &mut StreamStatus, now: DateTime<Utc>) {
        let watch = &mut status.watch;
        watch.fresh_within_seconds = Some(stream.promised(now).num_seconds());
        watch.totals = stream.reader.config.walk.totals;
        watch.reread_requests_per_day = stream.reread_requests_per_day();
    }
}

impl Stream {
    /// How old its data may be: as configured, or by its schedule.
    fn promised(&self, now: DateTime<Utc>) -> Duration {
        self.fresh_within.unwrap_or_else(|| {
            let pauses = *self.pause.get_or_init(|| self.schedule.longest_pause(now)) * PAUSES;
            pauses.max(FRESH_MIN).checked_add(&self.settle()).unwrap_or(Duration::MAX)
        })
    }
}
