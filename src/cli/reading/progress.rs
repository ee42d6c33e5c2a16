//! Progress of long work: bars on a terminal, log lines elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use ccsync::domain::row::text::counted;
use ccsync::domain::stream::StreamKey;
use ccsync::engine::pass::progress::{Pace, Progress, ProgressTable};
use ccsync::engine::port::clock::{Clock as _, SystemClock};
use ccsync::ops::text::terminal::{self, Drawing};
use ccsync::telemetry::event;

/// How often bars are drawn anew.
const FRAME: Duration = Duration::from_millis(200);
/// How often a line tells it where there is no terminal.
const LINE: Duration = Duration::from_secs(30);

const BAR: &str = "{prefix} {wide_bar} {pos}/{len} windows  {msg}";

/// Does `work` and meanwhile shows how far it has come, unless `quiet`.
pub(in crate::cli) async fn watched<Answer>(
    table: &ProgressTable,
    quiet: bool,
    work: impl Future<Output = Answer>,
) -> Answer {
    if quiet {
        return work.await;
    }
    tokio::pin!(work);
    let mut show = Show::new(terminal::draws(&std::io::stderr()));
    loop {
        tokio::select! {
            biased;
            answer = &mut work => return answer,
            () = SystemClock.sleep(show.pause()) => show.print(&table.all(), SystemClock.now()),
        }
    }
}

enum Show {
    Bars(Bars),
    Lines { began: DateTime<Utc> },
}

impl Show {
    fn new(terminal: bool) -> Show {
        let began = SystemClock.now();
        if terminal { Show::Bars(Bars::new(began)) } else { Show::Lines { began } }
    }

    fn pause(&self) -> Duration {
        match self {
            Show::Bars(_) => FRAME,
            Show::Lines { .. } => LINE,
        }
    }

    fn print(&mut self, streams: &[(StreamKey, Progress)], now: DateTime<Utc>) {
        match self {
            Show::Bars(bars) => bars.draw(streams, now),
            Show::Lines { began } => {
                let under_way = streams.iter().filter(|(_, progress)| 0 < progress.windows_left);
                under_way.for_each(|(key, progress)| log(key, progress, now - *began));
            }
        }
    }
}

fn log(key: &StreamKey, progress: &Progress, elapsed: chrono::Duration) {
    let Progress { windows, windows_left, rows } = *progress;
    let Pace { rate, left } = progress.pace(elapsed);
    event::WorkProgressed { key, windows, windows_left, rows, rate, left }.emit();
}

/// A bar for each stream, below the log's lines. They go away with this.
struct Bars {
    began: DateTime<Utc>,
    all: MultiProgress,
    bars: BTreeMap<StreamKey, ProgressBar>,
    _drawing: Drawing,
}

impl Bars {
    fn new(began: DateTime<Utc>) -> Bars {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let curtain = all.clone();
        let drawing = Drawing::begin(move |line| curtain.suspend(line));
        Bars { began, all, bars: BTreeMap::new(), _drawing: drawing }
    }

    fn draw(&mut self, streams: &[(StreamKey, Progress)], now: DateTime<Utc>) {
        let width = streams.iter().map(|(key, _)| key.to_string().len()).max().unwrap_or_default();
        for (key, progress) in streams {
            let due = progress.windows + progress.windows_left;
            let message = message(progress, now - self.began);
            let prefix = format!("{key:<width$}", key = key.to_string());
            // What it shows is complete before it is drawn for the first time.
            let bar = self.bars.entry(key.clone()).or_insert_with(|| {
                let style =
                    ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar = ProgressBar::with_draw_target(Some(due), ProgressDrawTarget::hidden());
                let bar = bar.with_style(style.progress_chars("=> ")).with_message(message.clone());
                self.all.add(bar.with_prefix(prefix.clone()))
            });
            bar.set_prefix(prefix);
            bar.set_length(due);
            bar.set_position(progress.windows);
            bar.set_message(message);
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // A terminal that went away needs no cleaning.
        let _ = self.all.clear();
    }
}

fn message(progress: &Progress, elapsed: chrono::Duration) -> String {
    let rows = counted(progress.rows, "row");
    if progress.windows_left == 0 {
        return rows;
    }
    let Pace { rate, left } = progress.pace(elapsed);
    match left {
        Some(left) => format!("{rows}  {rate} rows/s  {} left", short(left)),
        None => rows,
    }
}

/// `9 s`, `12 min`, `3 h 05 min`.
fn short(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..=99 => format!("{seconds} s"),
        seconds @ 100..=5999 => format!("{} min", seconds / 60),
        seconds => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_goes_by_the_pace_so_far() {
        let progress = |windows, windows_left| Progress { windows, windows_left, rows: 5000 };
        let after = chrono::Duration::seconds(10);
        assert_eq!(message(&progress(0, 40), after), "5000 rows");
        assert_eq!(message(&progress(10, 40), after), "5000 rows  500 rows/s  40 s left");
        assert_eq!(message(&progress(10, 40_000), after), "5000 rows  500 rows/s  11 h 06 min left");
        assert_eq!(message(&progress(10, 0), after), "5000 rows");
    }
}
