//! Each stream: its windows one by one, and its charts.

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, Utc};
use maud::{Markup, html};

use crate::domain::page::Totals;
use crate::domain::phrase::{page as say, status as words, verdict};
use crate::domain::status::StreamStatus;
use crate::domain::status::calendar::{WindowState, WindowStatus};
use crate::domain::stream::StreamKind;
use crate::ops::page::chart;
use crate::ops::page::overview::{View, state_badge};
use crate::ops::page::table::section;
use crate::ops::page::window::way_to;
use crate::ops::telling::{Telling, grouped, window_state};

impl View<'_> {
    pub(super) fn streams(&self) -> Markup {
        let telling = &self.telling;
        if self.report.streams.is_empty() {
            return html! {};
        }
        let content = html! {
            ul.key aria-label=(telling.say(say::LEGEND)) {
                @for state in WindowState::ALL {
                    li { span.(class(state)) aria-hidden="true" {} (telling.say(window_state(state))) }
                }
            }
            @for (index, stream) in self.report.streams.iter().enumerate() { (self.stream(index, stream)) }
        };
        section("streams", telling.say(say::STREAMS), content)
    }

    fn stream(&self, index: usize, stream: &StreamStatus) -> Markup {
        let telling = &self.telling;
        html! {
            article.card id={ "s" (index) } aria-labelledby={ "s" (index) "-h" } {
                div.head {
                    h3 id={ "s" (index) "-h" } { (stream.source) " / " (stream.stream) }
                    (state_badge(telling, stream))
                    span.soft { (self.facts(stream).join(" \u{b7} ")) }
                }
                div.grid.one[stream.kind == StreamKind::Snapshot] {
                    (calendar(telling, stream))
                    (chart::charts(telling, stream))
                }
            }
        }
    }

    /// What is known of it in figures.
    fn facts(&self, stream: &StreamStatus) -> Vec<String> {
        let telling = &self.telling;
        let mut facts = vec![telling.count(words::ROWS_READ, stream.rows)];
        let tally = &stream.windows;
        facts.extend(
            stream.final_to.map(|at| telling.fill(say::FINAL_TO, &[("at", &telling.date(Some(at)))])),
        );
        if stream.kind == StreamKind::Windowed {
            facts.push(telling.count(say::WINDOWS_COMPLETE, tally.complete));
        }
        if 0 < tally.provisional {
            facts.push(telling.count(say::OF_THEM_PROVISIONAL, tally.provisional));
        }
        if 0 < stream.changed_after_final {
            facts.push(telling.count(say::CHANGED_AFTER_FINAL, stream.changed_after_final));
        }
        for (number, state) in [
            (tally.unverified - tally.moving, WindowState::Unverified),
            (tally.moving, WindowState::Moving),
            (tally.open - tally.moving, WindowState::Open),
            (tally.failed, WindowState::Failed),
            (stream.detail.calendar.unread, WindowState::NotYet),
        ] {
            if 0 < number {
                facts.push(format!("{} {}", grouped(number), telling.say(window_state(state))));
            }
        }
        if stream.watch.totals == Totals::Ignore {
            facts.push(telling.say(verdict::TOTALS_IGNORED).to_owned());
        }
        facts.push(format!("{} {}", telling.say(say::SCHEDULE), stream.schedule));
        facts.extend(telling.budget(stream));
        facts
    }
}

/// One cell a window, a line a month, or a day where windows are short.
fn calendar(telling: &Telling, stream: &StreamStatus) -> Markup {
    let name = format!("{}/{}", stream.source, stream.stream);
    if stream.kind == StreamKind::Snapshot {
        let way = way_to(telling, &stream.source, stream.stream.as_str(), None);
        return html! {
            p {
                (telling.say(say::SNAPSHOT)) ": "
                @if stream.last_read_at.is_some() {
                    a href={ "./" (way) } { (telling.fill(say::SNAPSHOT_LINK, &[("stream", &name)])) }
                } @else { (telling.say(words::NEVER_READ)) }
            }
        };
    }
    let windows = &stream.detail.calendar.windows;
    let lines = Lines::of(windows);
    let line = |known: &WindowStatus| lines.line(telling, known.window.start);
    html! {
        div {
            div.cal role="group" aria-label=(telling.fill(say::CALENDAR, &[("stream", &name)])) {
                @for (index, same) in windows.chunk_by(|left, right| line(left) == line(right)).enumerate() {
                    div {
                        h4 { (lines.label(telling, same)) }
                        @if index == 0 { @for _ in 0..lines.blanks(telling, windows) { b {} } }
                        @for known in same { (cell(telling, stream, &lines, known)) }
                    }
                }
            }
            @if 0 < stream.detail.calendar.older {
                p.soft { (telling.count(say::OLDER_WINDOWS, stream.detail.calendar.older)) }
            }
        }
    }
}

fn cell(telling: &Telling, stream: &StreamStatus, lines: &Lines, known: &WindowStatus) -> Markup {
    let (at, state) = (lines.place(telling, known.window.start), telling.say(window_state(known.state)));
    if known.state == WindowState::NotYet {
        return html! { i.n title=(telling.fill(say::CELL_NOT_YET, &[("at", &at), ("state", state)])) {} };
    }
    let told = telling.fill(say::CELL, &[("at", &at), ("state", state), ("n", &grouped(known.rows))]);
    let way = way_to(telling, &stream.source, stream.stream.as_str(), Some(known.window.start));
    html! { a.(class(known.state)) href=(way) title=(told) {} }
}

/// How the windows of a calendar are put into lines.
enum Lines {
    Months,
    Days,
}

impl Lines {
    /// By the usual length of the windows.
    fn of(windows: &[WindowStatus]) -> Lines {
        let mut lengths: Vec<Duration> =
            windows.iter().map(|known| known.window.end - known.window.start).collect();
        lengths.sort_unstable();
        match lengths.get(lengths.len() / 2) {
            Some(length) if *length < Duration::hours(20) => Lines::Days,
            _ => Lines::Months,
        }
    }

    /// What all windows of a line have in common.
    fn line(&self, telling: &Telling, start: DateTime<Utc>) -> NaiveDate {
        let date = start.with_timezone(&telling.zone).date_naive();
        match self {
            Lines::Months => date.with_day(1).unwrap_or(date),
            Lines::Days => date,
        }
    }

    fn label(&self, telling: &Telling, windows: &[WindowStatus]) -> String {
        let first = windows.first().map(|known| self.line(telling, known.window.start)).unwrap_or_default();
        match self {
            Lines::Months => first.format("%Y-%m").to_string(),
            Lines::Days => first.format("%m-%d").to_string(),
        }
    }

    /// Places before the first window of the first line, so that the same day of each month stands below the
    /// other.
    fn blanks(&self, telling: &Telling, windows: &[WindowStatus]) -> u32 {
        let daily = |known: &WindowStatus| known.window.end - known.window.start == Duration::days(1);
        match (self, windows.first().filter(|first| daily(first))) {
            (Lines::Months, Some(first)) => first.window.start.with_timezone(&telling.zone).day0(),
            _ => 0,
        }
    }

    /// A window as its cell is called.
    fn place(&self, telling: &Telling, start: DateTime<Utc>) -> String {
        let local = start.with_timezone(&telling.zone);
        match self {
            Lines::Months if local.time() == chrono::NaiveTime::MIN => local.format("%Y-%m-%d").to_string(),
            _ => local.format("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

/// The style sheet's name for a state; it adds the letter.
pub(super) const fn class(state: WindowState) -> &'static str {
    match state {
        WindowState::Proven => "p",
        WindowState::Stable => "s",
        WindowState::Provisional => "v",
        WindowState::Unverified => "u",
        WindowState::Failed => "f",
        WindowState::Open => "o",
        WindowState::Moving => "m",
        WindowState::NotYet => "n",
    }
}
