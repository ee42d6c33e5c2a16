//! The live feeds.

use chrono::Duration;

use crate::domain::row::text::one_line;
use crate::ops::text::formatter::grouped;
use crate::ops::text::status_text::Sheet;
use crate::ops::text::text_table::Column;
use crate::report::phrase::status as label;
use crate::report::status::FeedStatus;

/// Agents without a connection that are named; the others are counted.
const NAMED: usize = 8;

impl Sheet<'_> {
    /// One line for each feed, and the agents that are not heard.
    pub(super) fn feeds(&mut self) {
        let report = self.report;
        if report.feeds.is_empty() {
            return;
        }
        if !report.streams.is_empty() {
            self.text.push('\n');
        }
        let (format, all) = (self.format, || report.feeds.iter());
        let title = |phrase| format.phrase(phrase);
        let connected = |feed: &FeedStatus| {
            let (connected, agents) = (connected(feed).to_string(), feed.agents.len().to_string());
            format.fill(label::CONNECTED_OF, &[("n", &connected), ("all", &agents)])
        };
        // Null comes first, but an agent without a connection says nothing of those with one.
        let since = |feed: &FeedStatus| feed.agents.iter().filter_map(|agent| agent.connected_since).min();
        let heard = |feed: &FeedStatus| feed.agents.iter().map(|agent| agent.seen_to).min().flatten();
        let gaps = |feed: &FeedStatus| {
            let (count, seconds) = gaps_today(feed);
            match count {
                0 => "0".to_owned(),
                _ => format!("{} ({})", grouped(count), format.span(Duration::seconds(seconds))),
            }
        };
        let columns = vec![
            Column::left(title(label::SOURCE), all().map(|feed| one_line(&feed.source))),
            Column::left(title(label::FEED_COLUMN), all().map(|feed| feed.stream.to_string())),
            Column::left(title(label::CONNECTED), all().map(connected)),
            Column::left(title(label::SINCE_COLUMN), all().map(|feed| format.moment(since(feed)))),
            Column::left(title(label::HEARD_UP_TO), all().map(|feed| format.ago(heard(feed)))),
            Column::left(title(label::LAST_MESSAGE), all().map(|feed| format.ago(feed.last_message_at))),
            Column::left(title(label::GAPS_TODAY), all().map(gaps)),
        ];
        self.table(columns, &[label::SINCE_COLUMN, label::HEARD_UP_TO, label::LAST_MESSAGE]);
        all().for_each(|feed| self.unheard(feed));
    }

    fn unheard(&mut self, feed: &FeedStatus) {
        let missing = feed.agents.iter().filter(|agent| agent.connected_since.is_none());
        let missing: Vec<String> = missing
            .map(|agent| {
                let never = || self.phrase(label::NEVER_CONNECTED).to_owned();
                let reason = agent.reason(self.format.language).unwrap_or_else(never);
                format!("{} ({reason})", one_line(&agent.extno))
            })
            .collect();
        if missing.is_empty() {
            return;
        }
        let mut named = missing[..missing.len().min(NAMED)].join(self.format.comma());
        if let Some(more @ 1..) = missing.len().checked_sub(NAMED) {
            named.push(' ');
            named.push_str(&self.format.fill(label::AND_MORE, &[("n", &more.to_string())]));
        }
        let source = one_line(&feed.source);
        self.wrap(&self.format.fill(label::NOT_HEARD, &[("source", &source), ("agents", &named)]));
    }
}

fn connected(feed: &FeedStatus) -> usize {
    feed.agents.iter().filter(|agent| agent.connected_since.is_some()).count()
}

/// How many gaps touch the day, and their length in seconds.
fn gaps_today(feed: &FeedStatus) -> (i64, i64) {
    let count = feed.agents.iter().map(|agent| agent.gaps_today).sum();
    (count, feed.agents.iter().map(|agent| agent.gap_seconds_today).sum())
}
