//! The live feeds.

use std::fmt::Write as _;

use chrono::Duration;
use chrono_tz::Tz;

use super::{ago, grouped, moment, narrow, span, wrap};
use crate::domain::status::{FeedStatus, StatusReport};
use crate::domain::text::one_line;
use crate::ops::text_table::{self, Column};

/// Agents without a connection that are named; the others are counted.
const NAMED: usize = 8;

/// One line for each feed, and the agents that are not heard.
pub(super) fn feeds(report: &StatusReport, zone: Tz, width: Option<usize>) -> String {
    let now = report.generated_at;
    let all = || report.feeds.iter();
    let connected = |feed: &FeedStatus| {
        let connected = feed.agents.iter().filter(|agent| agent.connected_since.is_some()).count();
        format!("{connected} of {}", feed.agents.len())
    };
    // Null comes first, but an agent without a connection says nothing of those with one.
    let since = |feed: &FeedStatus| feed.agents.iter().filter_map(|agent| agent.connected_since).min();
    let heard = |feed: &FeedStatus| feed.agents.iter().map(|agent| agent.seen_to).min().flatten();
    let gaps = |feed: &FeedStatus| {
        let count: i64 = feed.agents.iter().map(|agent| agent.gaps_today).sum();
        let seconds: i64 = feed.agents.iter().map(|agent| agent.gap_seconds_today).sum();
        if count == 0 {
            "0".to_owned()
        } else {
            format!("{} ({})", grouped(count), span(Duration::seconds(seconds)))
        }
    };
    let mut columns = vec![
        Column::left("SOURCE", all().map(|feed| one_line(&feed.source))),
        Column::left("FEED", all().map(|feed| feed.stream.to_string())),
        Column::left("CONNECTED", all().map(connected)),
        Column::left("SINCE", all().map(|feed| moment(since(feed), now, zone))),
        Column::left("HEARD UP TO", all().map(|feed| ago(heard(feed), now))),
        Column::left("LAST MESSAGE", all().map(|feed| ago(feed.last_message_at, now))),
        Column::left("GAPS TODAY", all().map(gaps)),
    ];
    narrow(&mut columns, width, &["SINCE", "HEARD UP TO", "LAST MESSAGE"]);
    let mut text = text_table::render(&columns);
    for feed in all() {
        let missing = feed.agents.iter().filter(|agent| agent.connected_since.is_none());
        let missing: Vec<String> = missing
            .map(|agent| match &agent.gap_reason {
                Some(reason) => format!("{} ({})", one_line(&agent.extno), one_line(reason)),
                None => format!("{} (never connected)", one_line(&agent.extno)),
            })
            .collect();
        if missing.is_empty() {
            continue;
        }
        let mut named = missing.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        if NAMED < missing.len() {
            // Writing to a String cannot fail.
            let _ = write!(named, " and {} more", missing.len() - NAMED);
        }
        wrap(&mut text, &format!("{}: not heard: {named}", one_line(&feed.source)), width.unwrap_or(100));
    }
    text
}
