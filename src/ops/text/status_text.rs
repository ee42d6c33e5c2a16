//! The status for a terminal: what `ccsync status` prints.

use chrono_tz::Tz;

use crate::domain::row::text::one_line;
use crate::domain::vendor::page::Totals;
use crate::ops::text::formatter::{Formatter, grouped, part_name, stream_state};
use crate::ops::text::text_table::{self, Colour, Column};
use crate::report::language::Language;
use crate::report::phrase::{Phrase, page, status as label, verdict};
use crate::report::status::{StatusReport, StreamState, StreamStatus};

mod calendar;
mod failure;
mod feed;
mod work;

/// For whom it is rendered.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Zone in which instants are shown.
    pub zone: Tz,
    /// Language, the configured one.
    pub language: Language,
    /// Columns of the terminal; `None`: lines may be of any length.
    pub width: Option<usize>,
    /// Whether colours may be used. Nothing is told by colour alone.
    pub colour: bool,
}

impl View {
    /// English, of any length, without colour.
    pub fn plain(zone: Tz) -> View {
        View { zone, language: Language::En, width: None, colour: false }
    }
}

/// What is rendered, and for whom.
struct Sheet<'a> {
    report: &'a StatusReport,
    format: Formatter,
    view: View,
    text: String,
}

/// The report as text. Lines are kept within the width where that is possible: the columns that say least are
/// left out, and messages are wrapped.
pub fn render(report: &StatusReport, view: &View) -> String {
    let format = Formatter {
        language: view.language,
        configured: view.language,
        zone: view.zone,
        now: report.generated_at,
    };
    let mut sheet = Sheet { report, format, view: *view, text: String::new() };
    sheet.head();
    sheet.streams();
    sheet.feeds();
    sheet.alerts();
    sheet.running();
    sheet.calendars();
    sheet.drifts();
    sheet.quarantine();
    sheet.alarms();
    sheet.gaps();
    sheet.budgets();
    sheet.open_questions();
    sheet.workers();
    sheet.runs();
    sheet.text
}

impl Sheet<'_> {
    fn phrase(&self, phrase: Phrase) -> &'static str {
        self.format.phrase(phrase)
    }

    fn paint(&self, colour: Colour, text: &str) -> String {
        if self.view.colour { colour.paint(text) } else { text.to_owned() }
    }

    /// Messages are wrapped even where nobody says how wide the paper is.
    fn wrap(&mut self, words: &str) {
        text_table::wrap(&mut self.text, words, self.view.width.unwrap_or(100));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, phrase: Phrase) {
        let heading = self.paint(Colour::Bold, self.phrase(phrase));
        self.line(&format!("\n{heading}"));
    }

    /// The table, without the columns that have no room, the least important first.
    fn table(&mut self, mut columns: Vec<Column>, expendable: &[Phrase]) {
        let expendable: Vec<_> = expendable.iter().map(|phrase| self.phrase(*phrase)).collect();
        text_table::narrow(&mut columns, self.view.width, &expendable);
        if !self.view.colour {
            columns.iter_mut().for_each(|column| column.colours.clear());
        }
        self.text.push_str(&text_table::render(&columns));
    }

    fn head(&mut self) {
        let (verdict, colour) = match self.report.healthy {
            true => (label::HEALTHY, Colour::Green),
            false => (label::NEEDS_ATTENTION, Colour::Red),
        };
        let verdict = self.paint(colour, self.phrase(verdict));
        let zone = self.view.zone;
        // The zone's name, since CST is three zones.
        let at = self.report.generated_at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S");
        self.line(&format!("ccsync {}, {at} {zone}: {verdict}", self.report.version));
        if !self.report.healthy || !self.report.alerts.is_empty() {
            self.wrap(&self.report.headline(self.view.language));
        }
        if let Some(sentence) = self.report.yesterday(zone, self.view.language) {
            self.wrap(&sentence);
        }
        for missing in &self.report.missing {
            let part = self.phrase(part_name(missing.part));
            self.wrap(&self.format.fill(page::PART_MISSING, &[("part", part), ("why", &missing.why)]));
        }
    }

    fn streams(&mut self) {
        let report = self.report;
        self.text.push('\n');
        if report.streams.is_empty() && report.feeds.is_empty() {
            self.line(self.phrase(label::NO_STREAM));
        }
        if report.streams.is_empty() {
            return;
        }
        let (format, all) = (self.format, || report.streams.iter());
        let number = |value: fn(&StreamStatus) -> i64| all().map(move |stream| grouped(value(stream)));
        let title = |phrase| format.phrase(phrase);
        let state = |stream: &StreamStatus| format.phrase(stream_state(stream.state())).to_owned();
        let mut columns = vec![
            Column::left(title(label::SOURCE), all().map(|stream| one_line(&stream.source))),
            Column::left(title(label::STREAM), all().map(|stream| stream.stream.to_string())),
            Column::left(title(label::STATE), all().map(state)).coloured(all().map(colour_of)),
            Column::left(title(label::COMPLETE_UP_TO), all().map(|stream| format.moment(stream.complete_to))),
            Column::left(title(label::FINAL_UP_TO), all().map(|stream| format.date(stream.final_to))),
            Column::right(title(label::ROWS), number(|stream| stream.rows)),
            Column::right(title(label::COMPLETE), number(|stream| stream.windows.complete)),
            Column::right(title(label::OPEN_COLUMN), number(|stream| stream.windows.open)),
            Column::right(title(label::FAILED_COLUMN), number(|stream| stream.windows.failed)),
            Column::right(title(label::UNVERIFIED_COLUMN), number(|stream| stream.windows.unverified)),
            Column::left(title(label::LAST_READ), all().map(|stream| format.ago(stream.last_read_at))),
            Column::left(title(label::NEXT), all().map(|stream| format.ahead(stream.next_tick))),
        ];
        if all().all(|stream| stream.next_tick.is_none()) {
            columns.pop();
        }
        let expendable = [
            label::NEXT,
            label::OPEN_COLUMN,
            label::COMPLETE,
            label::LAST_READ,
            label::ROWS,
            label::FINAL_UP_TO,
            label::FAILED_COLUMN,
            label::UNVERIFIED_COLUMN,
        ];
        self.table(columns, &expendable);
        for stream in report.streams.iter().filter(|stream| stream.watch.totals == Totals::Ignore) {
            let name = format!("{}/{}", one_line(&stream.source), stream.stream);
            self.line(&format!("{name}: {}", self.phrase(verdict::TOTALS_IGNORED)));
        }
    }
}

fn colour_of(stream: &StreamStatus) -> Option<Colour> {
    Some(match stream.state() {
        StreamState::Well => Colour::Green,
        StreamState::Failing => Colour::Red,
        StreamState::NeverRead
        | StreamState::Unverified
        | StreamState::CatchingUp
        | StreamState::Quarantined
        | StreamState::Paused => Colour::Yellow,
    })
}

#[cfg(test)]
mod tests;
