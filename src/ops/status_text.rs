//! The status for a terminal: what `ccsync status` prints, and what the page shows.

use std::fmt::Write as _;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

use crate::domain::status::{RunStatus, StatusReport, StreamStatus};
use crate::domain::stream::StreamKind;
use crate::domain::text::{one_line, span};
use crate::ops::text_table::{self, Column};

mod feed;

/// Runs shown; the report may hold more.
const RUNS_SHOWN: usize = 10;

/// Departures from the documents shown of a stream; the report may hold more.
const DRIFTS_SHOWN: usize = 5;

/// A windowed stream whose data ends this long before its last read has older windows still to read.
const BEHIND: Duration = Duration::hours(6);

/// The report as text, with instants in `zone`. Lines are kept within `width` where that is possible: the
/// columns that say least are left out, and messages are wrapped.
pub fn render(report: &StatusReport, zone: Tz, width: Option<usize>) -> String {
    let verdict = if report.healthy { "healthy" } else { "needs attention" };
    // The zone's name, since CST is three zones.
    let at = report.generated_at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S");
    let mut text = format!("ccsync {}, {at} {zone}: {verdict}\n\n", report.version);
    if report.streams.is_empty() && report.feeds.is_empty() {
        text.push_str("No stream is configured.\n");
    }
    if !report.streams.is_empty() {
        text.push_str(&streams(report, zone, width));
    }
    if !report.feeds.is_empty() {
        text.push_str(if report.streams.is_empty() { "" } else { "\n" });
        text.push_str(&feed::feeds(report, zone, width));
    }
    failures(&mut text, report, zone, width.unwrap_or(100));
    drifts(&mut text, report, width.unwrap_or(100));
    if report.quarantine_open > 0 {
        let _ = writeln!(
            text,
            "\n{} records are set aside; see `ccsync quarantine list`.",
            grouped(report.quarantine_open)
        );
    }
    if report.absence_alarms_open > 0 {
        let _ = writeln!(
            text,
            "\nAlarms over missing rows: {}; see `ccsync absence list`.",
            grouped(report.absence_alarms_open)
        );
    }
    if !report.runs.is_empty() {
        text.push_str("\nLatest runs\n");
        text.push_str(&runs(report, zone, width));
    }
    text
}

/// One word or two for a stream's state.
pub fn state_word(stream: &StreamStatus) -> &'static str {
    let behind = |read: DateTime<Utc>| stream.complete_to.is_none_or(|to| read - to > BEHIND);
    match stream.last_read_at {
        _ if stream.failure.is_some() => "failing",
        None => "never read",
        Some(read) if stream.kind == StreamKind::Windowed && behind(read) => "catching up",
        Some(_) => "ok",
    }
}

fn streams(report: &StatusReport, zone: Tz, width: Option<usize>) -> String {
    let now = report.generated_at;
    let all = || report.streams.iter();
    let number = |value: fn(&StreamStatus) -> i64| all().map(move |stream| grouped(value(stream)));
    let mut columns = vec![
        Column::left("SOURCE", all().map(|stream| one_line(&stream.source))),
        Column::left("STREAM", all().map(|stream| stream.stream.to_string())),
        Column::left("STATE", all().map(|stream| state_word(stream).to_owned())),
        Column::left("COMPLETE UP TO", all().map(|stream| moment(stream.complete_to, now, zone))),
        Column::left("FINAL UP TO", all().map(|stream| date(stream.final_to, zone))),
        Column::right("ROWS", number(|stream| stream.rows)),
        Column::right("COMPLETE", number(|stream| stream.windows.complete)),
        Column::right("OPEN", number(|stream| stream.windows.open)),
        Column::right("FAILED", number(|stream| stream.windows.failed)),
        Column::right("UNVERIFIED", number(|stream| stream.windows.unverified)),
        Column::left("LAST READ", all().map(|stream| ago(stream.last_read_at, now))),
        Column::left("NEXT", all().map(|stream| ahead(stream.next_tick, now))),
    ];
    if all().all(|stream| stream.next_tick.is_none()) {
        columns.retain(|column| column.title != "NEXT");
    }
    let dispensable =
        ["NEXT", "OPEN", "COMPLETE", "LAST READ", "ROWS", "FINAL UP TO", "FAILED", "UNVERIFIED"];
    narrow(&mut columns, width, &dispensable);
    text_table::render(&columns)
}

fn failures(text: &mut String, report: &StatusReport, zone: Tz, width: usize) {
    let failing = report.streams.iter().filter_map(|stream| Some((stream, stream.failure.as_ref()?)));
    for (index, (stream, failure)) in failing.enumerate() {
        text.push_str(if index == 0 { "\nFailures\n" } else { "" });
        let scope =
            if failure.scope.is_empty() { String::new() } else { format!(" {}", one_line(&failure.scope)) };
        let times =
            if failure.attempts == 1 { "once".to_owned() } else { format!("{} times", failure.attempts) };
        let at = moment(Some(failure.at), report.generated_at, zone);
        let _ = writeln!(text, "{}/{}{scope}", one_line(&stream.source), stream.stream);
        wrap(text, &format!("failed {times}, last {at}"), width);
        wrap(text, &format!("{}: {}", failure.kind, one_line(&failure.message)), width);
        if !failure.cure.is_empty() {
            wrap(text, &format!("cure: {}", one_line(&failure.cure)), width);
        }
    }
}

fn drifts(text: &mut String, report: &StatusReport, width: usize) {
    let drifting = report.streams.iter().filter(|stream| !stream.drifts.is_empty());
    for (index, stream) in drifting.enumerate() {
        text.push_str(if index == 0 {
            "\nDepartures from the vendor's documents, last 7 days\n"
        } else {
            ""
        });
        let _ = writeln!(text, "{}/{}", one_line(&stream.source), stream.stream);
        for entry in stream.drifts.iter().take(DRIFTS_SHOWN) {
            wrap(text, &format!("{}; {}", one_line(&entry.sentence), entry.cure), width);
        }
        if DRIFTS_SHOWN < stream.drifts.len() {
            let more = stream.drifts.len() - DRIFTS_SHOWN;
            wrap(text, &format!("and {more} more; see `ccsync contract`"), width);
        }
    }
}

fn runs(report: &StatusReport, zone: Tz, width: Option<usize>) -> String {
    let all = || report.runs.iter().take(RUNS_SHOWN);
    let started = |run: &RunStatus| run.started_at.with_timezone(&zone).format("%m-%d %H:%M:%S").to_string();
    let took = |run: &RunStatus| span(run.finished_at.unwrap_or(report.generated_at) - run.started_at);
    let mut columns = vec![
        Column::right("RUN", all().map(|run| run.id.to_string())),
        Column::left("STREAM", all().map(|run| format!("{}/{}", one_line(&run.source), run.stream))),
        Column::left("TRIGGER", all().map(|run| run.trigger.clone())),
        Column::left("STARTED", all().map(started)),
        Column::right("TOOK", all().map(took)),
        Column::left("OUTCOME", all().map(|run| run.outcome.clone())),
        Column::left("CHANGED", all().map(changes)),
    ];
    narrow(&mut columns, width, &["TRIGGER", "TOOK", "RUN", "CHANGED"]);
    text_table::render(&columns)
}

/// Leaves columns out, in this order, until the table fits.
fn narrow(columns: &mut Vec<Column>, width: Option<usize>, expendable: &[&str]) {
    for title in expendable {
        if width.is_none_or(|width| text_table::width(columns) <= width) {
            return;
        }
        columns.retain(|column| column.title != *title);
    }
}

fn changes(run: &RunStatus) -> String {
    let counts = run.counts;
    let parts = [
        (counts.inserted, "new"),
        (counts.updated, "changed"),
        (counts.deleted, "deleted"),
        (counts.quarantined, "set aside"),
    ];
    let told = parts.iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = told.map(|(count, what)| format!("{count} {what}")).collect();
    if !told.is_empty() {
        told.join(", ")
    } else if run.finished_at.is_some() {
        "nothing".to_owned()
    } else {
        "-".to_owned()
    }
}

fn moment(at: Option<DateTime<Utc>>, now: DateTime<Utc>, zone: Tz) -> String {
    let Some(at) = at else { return "-".to_owned() };
    format!("{} ({})", at.with_timezone(&zone).format("%Y-%m-%d %H:%M"), ago(Some(at), now))
}

fn date(at: Option<DateTime<Utc>>, zone: Tz) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.with_timezone(&zone).format("%Y-%m-%d").to_string())
}

fn ago(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| format!("{} ago", span(now - at)))
}

fn ahead(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| format!("in {}", span(at - now)))
}

/// 1234567 as 1,234,567.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Appends words in lines of this width, indented.
fn wrap(text: &mut String, words: &str, width: usize) {
    let mut line = String::from(" ");
    for word in words.split_whitespace() {
        if line.trim().chars().count() > 0 && line.chars().count() + 1 + word.chars().count() > width {
            text.push_str(&line);
            text.push('\n');
            line = String::from("   ");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

#[cfg(test)]
mod tests;
