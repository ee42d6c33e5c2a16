//! What runs, what ran, the feeds, and who works.

use chrono::Duration;
use maud::{Markup, html};

use crate::domain::row::text::one_line;
use crate::ops::text::formatter::{Formatter, grouped, outcome, trigger};
use crate::ops::web::page::overview::View;
use crate::ops::web::page::table::{section, table};
use crate::report::phrase::{Phrase, page as label, status as common};
use crate::report::status::detail::{GapStatus, LeaseStatus, PastAlert, WorkerStatus};
use crate::report::status::{FeedAgentStatus, FeedStatus, RunStatus};

/// Leases shown of a worker.
const LEASES_SHOWN: usize = 6;

impl View<'_> {
    pub(super) fn running(&self) -> Markup {
        let format = &self.format;
        let heading = format.phrase(common::RUNNING_NOW);
        let running: Vec<&RunStatus> =
            self.report.runs.iter().filter(|run| run.finished_at.is_none()).collect();
        if running.is_empty() {
            return section("running", heading, html! { p.soft { (format.phrase(label::IDLE)) } });
        }
        let headings = [
            (common::RUN, false),
            (common::STREAM, false),
            (common::WINDOWS_READ_COLUMN, false),
            (common::ROWS, true),
            (label::REQUESTS, true),
            (common::TOOK, true),
        ];
        let row = |run: &&RunStatus| {
            vec![
                html! { "#" (run.id) },
                html! { (run.source) "/" (run.stream) },
                self.progress(run),
                html! { (number(run.counts.rows_read)) },
                html! { (number(run.counts.requests)) },
                html! { (format.took(run)) },
            ]
        };
        let shown = table(format, heading, &headings, running.iter().map(row).collect());
        section("running", heading, html! { div.card { (shown) } })
    }

    fn progress(&self, run: &RunStatus) -> Markup {
        let format = &self.format;
        let Some((done, left)) = self.report.progress(run) else {
            return html! { (number(run.counts.windows)) };
        };
        let mut caption = format.fill(common::PROGRESS, &[("done", &number(done)), ("left", &number(left))]);
        if let Some(span) = self.report.time_left(run).map(|left| format.span(left)) {
            caption.push_str(format.comma());
            caption.push_str(&format.fill(common::TIME_LEFT, &[("span", &span)]));
        }
        html! { progress value=(done) max=(done + left) aria-label=(caption) {} " " (caption) }
    }

    pub(super) fn runs(&self) -> Markup {
        let format = &self.format;
        let heading = format.phrase(common::LATEST_RUNS);
        if self.report.runs.is_empty() {
            return section("runs", heading, html! { p.soft { (format.phrase(label::NONE)) } });
        }
        let headings = [
            (common::RUN, false),
            (common::STREAM, false),
            (common::TRIGGER, false),
            (common::STARTED, false),
            (common::TOOK, true),
            (common::OUTCOME, false),
            (common::CHANGES, false),
            (label::MESSAGE, false),
        ];
        let row = |run: &RunStatus| {
            vec![
                html! { "#" (run.id) },
                html! { (run.source) "/" (run.stream) },
                html! { (named(format, trigger(&run.trigger), &run.trigger)) },
                html! { (format.second(run.started_at)) },
                html! { (format.took(run)) },
                outcome_badge(format, run),
                html! { (format.changes(run)) },
                html! { span.message { bdi { (one_line(run.message.as_deref().unwrap_or_default())) } } },
            ]
        };
        let shown = table(format, heading, &headings, self.report.runs.iter().map(row).collect());
        section("runs", heading, html! { div.card { (shown) } })
    }

    pub(super) fn alert_history(&self) -> Markup {
        let format = &self.format;
        let (heading, history) = (format.phrase(label::ALERT_HISTORY), &self.report.detail.alert_history);
        if history.is_empty() {
            return section("history", heading, html! { p.soft { (format.phrase(label::NONE)) } });
        }
        let headings = [
            (common::SINCE_COLUMN, false),
            (label::CLEARED, false),
            (label::ALERT, false),
            (common::STREAM, false),
            (label::MESSAGE, false),
        ];
        let row = |alert: &PastAlert| {
            let lasts = || format.phrase(common::LASTS).to_owned();
            let whose = [alert.source.as_deref(), alert.stream.as_deref()];
            vec![
                html! { (format.second(alert.raised_at)) },
                html! { (alert.cleared_at.map_or_else(lasts, |at| format.second(at))) },
                html! { (format.phrase(alert.kind.title())) },
                html! { (whose.into_iter().flatten().collect::<Vec<_>>().join("/")) },
                html! { span.message { bdi { (one_line(&alert.message)) } } },
            ]
        };
        let shown = table(format, heading, &headings, history.iter().map(row).collect());
        section("history", heading, html! { div.card { (shown) } })
    }

    pub(super) fn feeds(&self) -> Markup {
        let (report, format) = (self.report, &self.format);
        if report.feeds.is_empty() {
            return html! {};
        }
        let content = html! {
            @for feed in &report.feeds { (agents(format, feed)) }
            @if !report.detail.feed_gaps.is_empty() {
                div.card {
                    h3 { (format.phrase(common::GAPS)) }
                    (gaps(format, &report.detail.feed_gaps))
                }
            }
        };
        section("feeds", format.phrase(label::FEEDS), content)
    }

    pub(super) fn workers(&self) -> Markup {
        let format = &self.format;
        let heading = format.phrase(common::WORKERS);
        if self.report.detail.workers.is_empty() {
            return section("workers", heading, html! { p.soft { (format.phrase(label::NONE)) } });
        }
        let headings =
            [(label::WORKER, false), (common::RUN, false), (label::HEARTBEAT, false), (label::HOLDS, false)];
        let row = |worker: &WorkerStatus| {
            let silent = |seconds| {
                let span = format.span(Duration::seconds(seconds));
                format.fill(common::AGO, &[("span", &span)])
            };
            let runs: Vec<String> = worker.runs.iter().map(|run| format!("#{run}")).collect();
            vec![
                html! { code { (worker.worker.simple().to_string().get(..8).unwrap_or_default()) } },
                html! { (runs.join(" ")) },
                html! { (worker.silent_seconds.map_or_else(|| format.phrase(common::IDLE).to_owned(), silent)) },
                leases(format, worker),
            ]
        };
        let shown = table(format, heading, &headings, self.report.detail.workers.iter().map(row).collect());
        section("workers", heading, html! { div.card { (shown) } })
    }
}

fn agents(format: &Formatter, feed: &FeedStatus) -> Markup {
    let headings = [
        (label::AGENT, false),
        (common::CONNECTED, false),
        (common::HEARD_UP_TO, false),
        (common::LAST_MESSAGE, false),
        (common::GAPS_TODAY, false),
    ];
    let row = |agent: &FeedAgentStatus| {
        let never = || format.phrase(common::NEVER_CONNECTED).to_owned();
        let span = format.span(Duration::seconds(agent.gap_seconds_today));
        vec![
            html! { (agent.extno) },
            html! {
                @match agent.connected_since {
                    Some(since) => { span.badge.good { (format.phrase(common::WELL)) } " " (format.moment(Some(since))) }
                    None => { span.badge.bad { bdi { (agent.reason(format.language).unwrap_or_else(never)) } } }
                }
            },
            html! { (format.ago(agent.seen_to)) },
            html! { (format.ago(agent.last_message_at)) },
            html! { (agent.gaps_today) @if 0 < agent.gaps_today { " (" (span) ")" } },
        ]
    };
    let shown = table(format, format.phrase(label::FEEDS), &headings, feed.agents.iter().map(row).collect());
    html! { div.card { h3 { (feed.source) " / " (feed.stream) } (shown) } }
}

fn gaps(format: &Formatter, gaps: &[GapStatus]) -> Markup {
    let headings = [
        (common::SOURCE, false),
        (label::AGENT, false),
        (common::SINCE_COLUMN, false),
        (label::UNTIL, false),
        (label::LENGTH, true),
        (label::REASON, false),
    ];
    let row = |gap: &GapStatus| {
        let lasts = || format.phrase(common::LASTS).to_owned();
        vec![
            html! { (gap.source) },
            html! { (gap.extno) },
            html! { (format.second(gap.since)) },
            html! { (gap.until.map_or_else(lasts, |until| format.second(until))) },
            html! { (format.span(gap.until.unwrap_or(format.now) - gap.since)) },
            html! {
                bdi { (one_line(&gap.reason)) }
                @if let Some(lost) = gap.lost_messages { (format.comma()) (format.count(common::LOST, lost)) }
            },
        ]
    };
    table(format, format.phrase(common::GAPS), &headings, gaps.iter().map(row).collect())
}

fn leases(format: &Formatter, worker: &WorkerStatus) -> Markup {
    html! {
        @for lease in worker.leases.iter().take(LEASES_SHOWN) { div { (lease_told(format, lease)) } }
        @if let Some(more @ 1..) = worker.leases.len().checked_sub(LEASES_SHOWN) {
            div.soft { (format.fill(common::AND_MORE, &[("n", &more.to_string())])) }
        }
    }
}

/// What is held, and since when.
pub(super) fn lease_told(format: &Formatter, lease: &LeaseStatus) -> Markup {
    let span = format.span(Duration::seconds(lease.held_seconds));
    html! {
        @if let (Some(source), Some(stream)) = (&lease.source, lease.stream) { (source) "/" (stream) " " }
        (format.lease_scope(lease)) " "
        span.soft {
            @if lease.ends_in_seconds < 0 { (format.phrase(common::ENDED)) }
            @else { (format.fill(common::HELD, &[("span", &span)])) }
        }
    }
}

fn outcome_badge(format: &Formatter, run: &RunStatus) -> Markup {
    let class = match run.outcome.as_str() {
        "succeeded" => "good",
        "failed" => "bad",
        "running" | "cancelled" => "idle",
        _ => "warn",
    };
    html! { span.badge.(class) { (named(format, outcome(&run.outcome), &run.outcome)) } }
}

fn named(format: &Formatter, phrase: Option<Phrase>, name: &str) -> String {
    phrase.map_or_else(|| name.to_owned(), |phrase| format.phrase(phrase).to_owned())
}

fn number(count: u64) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}
