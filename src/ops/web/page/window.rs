//! The page of one window, and the way to it.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::domain::proof::window::local_midnight;
use crate::ops::text::formatter::{Formatter, grouped, nothing, verdict, window_state};
use crate::ops::web::page::failure::{alarm_table, failure_card, quarantine_table};
use crate::ops::web::page::frame::{Frame, Mood};
use crate::ops::web::page::table::{section, table, title};
use crate::ops::web::page::work::lease_told;
use crate::report::phrase::{page as label, status as common};
use crate::report::status::calendar::WindowState;
use crate::report::status::window::{CertificateStatus, WindowReport};

/// The way back to `/`.
pub(in crate::ops) const ROOT: &str = "../../../";

/// In place of a window's start, for the whole of a snapshot.
const SNAPSHOT: &str = "snapshot";

/// The page of a window, seen from `/`. A window that begins at midnight is named by its date, as people would.
pub(super) fn way_to(format: &Formatter, source: &str, stream: &str, start: Option<DateTime<Utc>>) -> String {
    let way = format!("window/{}/{stream}/", encoded(source));
    let Some(start) = start else { return way + SNAPSHOT };
    let local = start.with_timezone(&format.zone);
    let name = match local_midnight(local.date_naive(), format.zone) == start {
        true => local.date_naive().to_string(),
        false => start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    };
    way + &name
}

/// What stays as it is in a part of an address, besides letters and digits.
const UNESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A text as a part of an address (RFC 3986).
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, UNESCAPED)
}

/// The start that the last part of a way names: a date (its midnight in the zone), an instant, or `snapshot`.
/// `None` where it is none of them.
pub(in crate::ops) fn window_of(name: &str, zone: Tz) -> Option<Option<DateTime<Utc>>> {
    if name == SNAPSHOT {
        return Some(None);
    }
    let date = name.parse::<NaiveDate>().ok().map(|date| local_midnight(date, zone));
    let instant = || DateTime::parse_from_rfc3339(name).ok().map(|at| at.to_utc());
    date.or_else(instant).filter(|at| (1..=9999).contains(&at.year())).map(Some)
}

pub(super) fn page(report: &WindowReport, format: Formatter) -> String {
    let name = format!("{}/{}", report.key.source, report.key.stream);
    let window = span(report, &format);
    let heading = format.fill(label::WINDOW_TITLE, &[("stream", &name), ("window", &window)]);
    let mood = match report.state {
        WindowState::Failed => Mood::Bad,
        WindowState::Unverified | WindowState::Moving | WindowState::NotYet => Mood::Warn,
        _ => Mood::Good,
    };
    let state = format.phrase(window_state(report.state));
    let frame =
        Frame { format, root: ROOT, mood, title: format!("{heading}: {state}"), home: false, live: true };
    frame.render(html! {
        section.verdict.(mood.class()) id="verdict" aria-labelledby="verdict-h" {
            span.mark aria-hidden="true" { (mood.mark()) }
            div {
                h1 id="verdict-h" { (heading) ": " (state) }
                p.soft { (format.fill(label::AS_OF, &[("at", &format.minute(format.now)), ("zone", format.zone.name())])) }
            }
        }
        @if let Some(failure) = &report.failure {
            (section("failure", format.phrase(label::WHAT_TO_DO), html! {
                ul.todo { li.bad { (failure_card(&format, failure, ROOT)) } }
            }))
        }
        (neighbours(report, &format))
        (section("facts", &title(&format, label::WINDOW), facts(report, &format)))
        (section("rows", format.phrase(label::ITS_ROWS), rows(report, &format)))
        (section("reads", format.phrase(label::READS_HEADING), reads(report, &format)))
        @if !report.quarantine.is_empty() {
            (section("quarantine", format.phrase(common::QUARANTINE), html! {
                div.card { (quarantine_table(&format, &report.quarantine, ROOT)) }
            }))
        }
        @if !report.absence_alarms.is_empty() {
            (section("alarms", format.phrase(common::ABSENCE_ALARMS), html! {
                div.card { (alarm_table(&format, &report.absence_alarms, ROOT)) }
            }))
        }
    })
}

fn span(report: &WindowReport, format: &Formatter) -> String {
    report.window.map_or_else(|| format.phrase(label::SNAPSHOT).to_owned(), |window| format.window(window))
}

/// Ways to the windows before and behind.
fn neighbours(report: &WindowReport, format: &Formatter) -> Markup {
    let ways = [(report.previous, label::PREVIOUS_WINDOW), (report.next, label::NEXT_WINDOW)];
    let key = &report.key;
    html! {
        nav.filter aria-label=(title(format, label::WINDOW)) {
            @for (start, name) in ways {
                @if let Some(start) = start {
                    a href={ (ROOT) (way_to(format, &key.source, key.stream.as_str(), Some(start))) } {
                        (format.phrase(name)) " " (format.minute(start))
                    }
                }
            }
        }
    }
}

/// The SELECT that gives its rows, and the command that compares it with the vendor.
fn rows(report: &WindowReport, format: &Formatter) -> Markup {
    let source = report.key.source.replace('\'', "''");
    let scope = report.window.map_or_else(String::new, |window| {
        format!(
            "\n  and window_start = '{}'",
            window.start.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
        )
    });
    let selects = report.key.stream.tables().iter().map(|table| {
        format!("select * from {}\nwhere source = '{source}'{scope}\n  and deleted_at is null;", table.name)
    });
    let verify = report.window.map(|window| {
        let bound =
            |at: DateTime<Utc>| at.with_timezone(&format.zone).format("%Y-%m-%dT%H:%M:%S").to_string();
        let (from, to) = (bound(window.start), bound(window.end));
        format!("ccsync verify --stream {} --from {from} --to {to}", report.key.stream)
    });
    html! {
        div.card {
            @for command in selects.chain(verify) {
                pre { code { (command) } button.copy type="button" hidden data-copy=(command) { (format.phrase(label::COPY)) } }
            }
        }
    }
}

fn facts(report: &WindowReport, format: &Formatter) -> Markup {
    let total = report.vendor_total.map_or_else(nothing, grouped);
    let shown = |at: Option<DateTime<Utc>>| at.map_or_else(nothing, |at| format.minute(at));
    let facts = [
        (label::ROWS, grouped(report.rows)),
        (label::VENDOR_SAID, total),
        (label::READS, grouped(i64::from(report.reads))),
        (label::FIRST_READ, format.moment(report.first_read_at)),
        (label::LAST_READ, format.moment(report.read_at)),
        (label::COMPLETE, shown(report.complete_to)),
        (label::FINAL, shown(report.final_at)),
        (label::ABSENT, grouped(report.absent_rows)),
        (label::PAGES_KEPT, grouped(report.pages_kept)),
    ];
    html! {
        div.card {
            dl {
                @for (name, value) in facts { div { dt { (format.phrase(name)) } dd { (value) } } }
                div {
                    dt { (format.phrase(label::LEASE)) }
                    dd {
                        @match &report.lease {
                            Some(lease) => (lease_told(format, lease)),
                            None => (format.phrase(label::LEASE_NONE)),
                        }
                    }
                }
            }
        }
    }
}

fn reads(report: &WindowReport, format: &Formatter) -> Markup {
    if report.certificates.is_empty() {
        return html! { p.soft { (format.phrase(label::NONE)) } };
    }
    let headings = [
        (label::READ_NO, false),
        (label::AT, false),
        (common::RUN, false),
        (label::VERDICT, false),
        (common::ROWS, true),
        (label::TOTAL, true),
        (label::PAGES, true),
        (label::REQUESTS, true),
        (label::NEW, true),
        (label::CHANGED, true),
        (label::DELETED, true),
        (label::QUARANTINED, true),
    ];
    let row = |read: &CertificateStatus| {
        let caption = verdict(&read.verdict).map_or(read.verdict.as_str(), |phrase| format.phrase(phrase));
        let class = if read.verdict == "unverified" { "warn" } else { "good" };
        vec![
            html! { (read.read_no) },
            html! { (format.moment(Some(read.read_at))) },
            html! { "#" (read.run_id) },
            html! { span.badge.(class) { (caption) } },
            html! { (grouped(read.rows)) },
            html! { (read.vendor_total.map_or_else(nothing, grouped)) },
            html! { (read.pages) },
            html! { (read.requests) },
            html! { (grouped(read.inserted)) },
            html! { (grouped(read.updated)) },
            html! { (grouped(read.deleted)) },
            html! { (read.quarantined) },
        ]
    };
    let rows = report.certificates.iter().map(row).collect();
    html! { div.card { (table(format, format.phrase(label::READS_HEADING), &headings, rows)) } }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Asia::Shanghai;

    use super::*;
    use crate::report::language::Language;

    #[test]
    fn the_way_to_a_window_leads_back_to_it() {
        let format = Formatter {
            language: Language::En,
            configured: Language::En,
            zone: Shanghai,
            now: DateTime::UNIX_EPOCH,
        };
        for (start, name) in
            [("2026-02-28T16:00:00Z", "2026-03-01"), ("2026-03-01T06:00:00Z", "2026-03-01T06:00:00Z")]
        {
            let start: DateTime<Utc> = start.parse().unwrap();
            let way = way_to(&format, "a b/\u{4e2d}", "moor.queue", Some(start));
            assert_eq!(way, format!("window/a%20b%2F%E4%B8%AD/moor.queue/{name}"));
            assert_eq!(window_of(name, Shanghai), Some(Some(start)));
        }
        assert_eq!(window_of("snapshot", Shanghai), Some(None));
        assert_eq!(window_of("yesterday", Shanghai), None);
    }
}
