//! What runs, what ran, the feeds, and who works.

use chrono::Duration;
use maud::{Markup, html};

use crate::domain::phrase::{Phrase, page as say, status as words};
use crate::domain::status::detail::{GapStatus, LeaseStatus, WorkerStatus};
use crate::domain::status::{FeedAgentStatus, FeedStatus, RunStatus};
use crate::ops::page::overview::View;
use crate::ops::page::table::{section, table};
use crate::ops::telling::{Telling, grouped, outcome, trigger};

/// Leases shown of a worker.
const LEASES_SHOWN: usize = 6;

impl View<'_> {
    pub(super) fn running(&self) -> Markup {
        let telling = &self.telling;
        let heading = telling.say(words::RUNNING_NOW);
        let running: Vec<&RunStatus> =
            self.report.runs.iter().filter(|run| run.finished_at.is_none()).collect();
        if running.is_empty() {
            return section("running", heading, html! { p.soft { (telling.say(say::IDLE)) } });
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
                html! { (telling.took(run)) },
            ]
        };
        let shown = table(telling, heading, &headings, running.iter().map(row).collect());
        section("running", heading, html! { div.card { (shown) } })
    }

    fn progress(&self, run: &RunStatus) -> Markup {
        let telling = &self.telling;
        let Some((done, left)) = self.report.progress(run) else {
            return html! { (number(run.counts.windows)) };
        };
        let told = telling.fill(words::PROGRESS, &[("done", &number(done)), ("left", &number(left))]);
        html! { progress value=(done) max=(done + left) aria-label=(told) {} " " (told) }
    }

    pub(super) fn runs(&self) -> Markup {
        let telling = &self.telling;
        let heading = telling.say(words::LATEST_RUNS);
        if self.report.runs.is_empty() {
            return section("runs", heading, html! { p.soft { (telling.say(say::NONE)) } });
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
                html! { (named(telling, trigger(&run.trigger), &run.trigger)) },
                html! { (telling.second(run.started_at)) },
                html! { (telling.took(run)) },
                outcome_badge(telling, run),
                html! { (telling.changes(run)) },
                html! { span.said { (run.message.as_deref().unwrap_or_default()) } },
            ]
        };
        let shown = table(telling, heading, &headings, self.report.runs.iter().map(row).collect());
        section("runs", heading, html! { div.card { (shown) } })
    }

    pub(super) fn feeds(&self) -> Markup {
        let (report, telling) = (self.report, &self.telling);
        if report.feeds.is_empty() {
            return html! {};
        }
        let content = html! {
            @for feed in &report.feeds { (agents(telling, feed)) }
            @if !report.detail.feed_gaps.is_empty() {
                div.card {
                    h3 { (telling.say(words::GAPS)) }
                    (gaps(telling, &report.detail.feed_gaps))
                }
            }
        };
        section("feeds", telling.say(say::FEEDS), content)
    }

    pub(super) fn workers(&self) -> Markup {
        let telling = &self.telling;
        let heading = telling.say(words::WORKERS);
        if self.report.detail.workers.is_empty() {
            return section("workers", heading, html! { p.soft { (telling.say(say::NONE)) } });
        }
        let headings =
            [(say::WORKER, false), (words::RUN, false), (say::HEARTBEAT, false), (say::HOLDS, false)];
        let row = |worker: &WorkerStatus| {
            let silent = |seconds| {
                let span = telling.span(Duration::seconds(seconds));
                telling.fill(words::AGO, &[("span", &span)])
            };
            let runs: Vec<String> = worker.runs.iter().map(|run| format!("#{run}")).collect();
            vec![
                html! { code { (worker.worker.simple().to_string().get(..8).unwrap_or_default()) } },
                html! { (runs.join(" ")) },
                html! { (worker.silent_seconds.map_or_else(|| telling.say(words::IDLE).to_owned(), silent)) },
                leases(telling, worker),
            ]
        };
        let shown = table(telling, heading, &headings, self.report.detail.workers.iter().map(row).collect());
        section("workers", heading, html! { div.card { (shown) } })
    }
}

fn agents(telling: &Telling, feed: &FeedStatus) -> Markup {
    let headings = [
        (say::AGENT, false),
        (words::CONNECTED, false),
        (words::HEARD_UP_TO, false),
        (words::LAST_MESSAGE, false),
        (words::GAPS_TODAY, false),
    ];
    let row = |agent: &FeedAgentStatus| {
        let never = || telling.say(words::NEVER_CONNECTED).to_owned();
        let span = telling.span(Duration::seconds(agent.gap_seconds_today));
        vec![
            html! { (agent.extno) },
            html! {
                @match agent.connected_since {
                    Some(since) => { span.badge.good { (telling.say(words::WELL)) } " " (telling.moment(Some(since))) }
                    None => { span.badge.bad { (agent.gap_reason.clone().unwrap_or_else(never)) } }
                }
            },
            html! { (telling.ago(agent.seen_to)) },
            html! { (telling.ago(agent.last_message_at)) },
            html! { (agent.gaps_today) @if 0 < agent.gaps_today { " (" (span) ")" } },
        ]
    };
    let shown = table(telling, telling.say(say::FEEDS), &headings, feed.agents.iter().map(row).collect());
    html! { div.card { h3 { (feed.source) " / " (feed.stream) } (shown) } }
}

fn gaps(telling: &Telling, gaps: &[GapStatus]) -> Markup {
    let headings = [
        (words::SOURCE, false),
        (say::AGENT, false),
        (words::SINCE_COLUMN, false),
        (say::UNTIL, false),
        (say::LENGTH, true),
        (say::REASON, false),
    ];
    let row = |gap: &GapStatus| {
        let lasts = || telling.say(words::LASTS).to_owned();
        vec![
            html! { (gap.source) },
            html! { (gap.extno) },
            html! { (telling.second(gap.since)) },
            html! { (gap.until.map_or_else(lasts, |until| telling.second(until))) },
            html! { (telling.span(gap.until.unwrap_or(telling.now) - gap.since)) },
            html! {
                (gap.reason)
                @if let Some(lost) = gap.lost_messages { (telling.comma()) (telling.count(words::LOST, lost)) }
            },
        ]
    };
    table(telling, telling.say(words::GAPS), &headings, gaps.iter().map(row).collect())
}

fn leases(telling: &Telling, worker: &WorkerStatus) -> Markup {
    html! {
        @for lease in worker.leases.iter().take(LEASES_SHOWN) { div { (lease_told(telling, lease)) } }
        @if let Some(more @ 1..) = worker.leases.len().checked_sub(LEASES_SHOWN) {
            div.soft { (telling.fill(words::AND_MORE, &[("n", &more.to_string())])) }
        }
    }
}

/// What is held, and since when.
pub(super) fn lease_told(telling: &Telling, lease: &LeaseStatus) -> Markup {
    let span = telling.span(Duration::seconds(lease.held_seconds));
    html! {
        @if let (Some(source), Some(stream)) = (&lease.source, lease.stream) { (source) "/" (stream) " " }
        (telling.lease_scope(lease)) " "
        span.soft {
            @if lease.ends_in_seconds < 0 { (telling.say(words::ENDED)) }
            @else { (telling.fill(words::HELD, &[("span", &span)])) }
        }
    }
}

fn outcome_badge(telling: &Telling, run: &RunStatus) -> Markup {
    let class = match run.outcome.as_str() {
        "succeeded" => "good",
        "failed" => "bad",
        "running" | "cancelled" => "idle",
        _ => "warn",
    };
    html! { span.badge.(class) { (named(telling, outcome(&run.outcome), &run.outcome)) } }
}

fn named(telling: &Telling, phrase: Option<Phrase>, name: &str) -> String {
    phrase.map_or_else(|| name.to_owned(), |phrase| telling.say(phrase).to_owned())
}

fn number(count: u64) -> String {
    grouped(i64::try_from(count).unwrap_or(i64::MAX))
}
