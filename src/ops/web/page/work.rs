//! What runs, what ran, the feeds, and who works.

use chrono::Duration;
use maud::{Markup, html};

use crate::ops::text::formatter::{Formatter, grouped, outcome, trigger};
use crate::ops::web::page::overview::View;
use crate::ops::web::page::table::{section, table};
use crate::report::phrase::{Phrase, page as say, status as words};
use crate::report::status::detail::{GapStatus, LeaseStatus, WorkerStatus};
use crate::report::status::{FeedAgentStatus, FeedStatus, RunStatus};

/// Leases shown of a worker.
const LEASES_SHOWN: usize = 6;

impl View<'_> {
    pub(super) fn running(&self) -> Markup {
        let format = &self.format;
        let heading = format.phrase(words::RUNNING_NOW);
        let running: Vec<&RunStatus> =
            self.report.runs.iter().filter(|run| run.finished_at.is_none()).collect();
        if running.is_empty() {
            return section("running", heading, html! { p.soft { (format.phrase(say::IDLE)) } });
        }
        let headings = [
            (words::RUN, false),
            (words::STREAM, false),
            (words::WINDOWS_READ_COLUMN, false),
            (words::ROWS, true),
            (say::REQUESTS, true),
            (words::TOOK, true),
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
        let told = format.fill(words::PROGRESS, &[("done", &number(done)), ("left", &number(left))]);
        html! { progress value=(done) max=(done + left) aria-label=(told) {} " " (told) }
    }

    pub(super) fn runs(&self) -> Markup {
        let format = &self.format;
        let heading = format.phrase(words::LATEST_RUNS);
        if self.report.runs.is_empty() {
            return section("runs", heading, html! { p.soft { (format.phrase(say::NONE)) } });
        }
        let headings = [
            (words::RUN, false),
            (words::STREAM, false),
            (words::TRIGGER, false),
            (words::STARTED, false),
            (words::TOOK, true),
            (words::OUTCOME, false),
            (words::CHANGES, false),
            (say::MESSAGE, false),
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
                html! { span.said { (run.message.as_deref().unwrap_or_default()) } },
            ]
        };
        let shown = table(format, heading, &headings, self.report.runs.iter().map(row).collect());
        section("runs", heading, html! { div.card { (shown) } })
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
                    h3 { (format.phrase(words::GAPS)) }
                    (gaps(format, &report.detail.feed_gaps))
                }
            }
        };
        section("feeds", format.phrase(say::FEEDS), content)
    }

    pub(super) fn workers(&self) -> Markup {
        let format = &self.format;
        let heading = format.phrase(words::WORKERS);
        if self.report.detail.workers.is_empty() {
            return section("workers", heading, html! { p.soft { (format.phrase(say::NONE)) } });
        }
        let headings =
            [(say::WORKER, false), (words::RUN, false), (say::HEARTBEAT, false), (say::HOLDS, false)];
        let row = |worker: &WorkerStatus| {
            let silent = |seconds| {
                let span = format.span(Duration::seconds(seconds));
                format.fill(words::AGO, &[("span", &span)])
            };
            let runs: Vec<String> = worker.runs.iter().map(|run| format!("#{run}")).collect();
            vec![
                html! { code { (worker.worker.simple().to_string().get(..8).unwrap_or_default()) } },
                html! { (runs.join(" ")) },
                html! { (worker.silent_seconds.map_or_else(|| format.phrase(words::IDLE).to_owned(), silent)) },
                leases(format, worker),
            ]
        };
        let shown = table(format, heading, &headings, self.report.detail.workers.iter().map(row).collect());
        section("workers", heading, html! { div.card { (shown) } })
    }
}

fn agents(format: &Formatter, feed: &FeedStatus) -> Markup {
    let headings = [
        (say::AGENT, false),
        (words::CONNECTED, false),
        (words::HEARD_UP_TO, false),
        (words::LAST_MESSAGE, false),
        (words::GAPS_TODAY, false),
    ];
    let row = |agent: &FeedAgentStatus| {
        let never = || format.phrase(words::NEVER_CONNECTED).to_owned();
        let span = format.span(Duration::seconds(agent.gap_seconds_today));
        vec![
            html! { (agent.extno) },
            html! {
                @match agent.connected_since {
                    Some(since) => { span.badge.good { (format.phrase(words::WELL)) } " " (format.moment(Some(since))) }
                    None => { span.badge.bad { (agent.gap_reason.clone().unwrap_or_else(never)) } }
                }
            },
            html! { (format.ago(agent.seen_to)) },
            html! { (format.ago(agent.last_message_at)) },
            html! { (agent.gaps_today) @if 0 < agent.gaps_today { " (" (span) ")" } },
        ]
    };
    let shown = table(format, format.phrase(say::FEEDS), &headings, feed.agents.iter().map(row).collect());
    html! { div.card { h3 { (feed.source) " / " (feed.stream) } (shown) } }
}

fn gaps(format: &Formatter, gaps: &[GapStatus]) -> Markup {
    let headings = [
        (words::SOURCE, false),
        (say::AGENT, false),
        (words::SINCE_COLUMN, false),
        (say::UNTIL, false),
        (say::LENGTH, true),
        (say::REASON, false),
    ];
    let row = |gap: &GapStatus| {
        let lasts = || format.phrase(words::LASTS).to_owned();
        vec![
            html! { (gap.source) },
            html! { (gap.extno) },
            html! { (format.second(gap.since)) },
            html! { (gap.until.map_or_else(lasts, |until| format.second(until))) },
            html! { (format.span(gap.until.unwrap_or(format.now) - gap.since)) },
            html! {
                (gap.reason)
                @if let Some(lost) = gap.lost_messages { (format.comma()) (format.count(words::LOST, lost)) }
            },
        ]
    };
    table(format, format.phrase(words::GAPS), &headings, gaps.iter().map(row).collect())
}

fn leases(format: &Formatter, worker: &WorkerStatus) -> Markup {
    html! {
        @for lease in worker.leases.iter().take(LEASES_SHOWN) { div { (lease_told(format, lease)) } }
        @if let Some(more @ 1..) = worker.leases.len().checked_sub(LEASES_SHOWN) {
            div.soft { (format.fill(words::AND_MORE, &[("n", &more.to_string())])) }
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
            @if lease.ends_in_seconds < 0 { (format.phrase(words::ENDED)) }
            @else { (format.fill(words::HELD, &[("span", &span)])) }
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
