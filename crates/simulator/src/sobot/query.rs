//! The parameters of a quality query.

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime};
use url::form_urlencoded;

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{Bounds, ChatDates, ParameterCodes, Span, WindowEnd};
use crate::vendor::inspection::Channel;
use crate::vendor::time::{beijing_day_ms, beijing_ms};

const DAY_MS: i64 = 86_400_000;
const BEIJING_MS: i64 = 8 * 3_600_000;

/// A query string. A space may be `%20` or `+`.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(raw: Option<&str>) -> Self {
        Self(form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// A count from 1; `default` when it is missing or unreadable, as at other
    /// endpoints of the same platform.
    pub(super) fn count(&self, name: &str, default: u64) -> u64 {
        self.get(name).and_then(|text| text.parse().ok()).filter(|n| *n > 0).unwrap_or(default)
    }
}

/// One end of a window as it was written.
#[derive(Clone, Copy)]
enum Bound {
    Day(NaiveDate),
    Second(NaiveDateTime),
}

impl Bound {
    fn parse(text: &str) -> Option<Self> {
        let second = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").map(Self::Second);
        second.or_else(|_| NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Self::Day)).ok()
    }

    fn start_ms(self) -> i64 {
        match self {
            Self::Day(day) => beijing_day_ms(day),
            Self::Second(second) => beijing_ms(second),
        }
    }

    /// The first instant that is outside, when this is the end.
    fn end_ms(self, end: WindowEnd) -> i64 {
        let start = self.start_ms();
        match (end, self) {
            (WindowEnd::Inclusive, Self::Day(_)) => start.saturating_add(DAY_MS),
            (WindowEnd::Inclusive, Self::Second(_)) => start.saturating_add(1_000),
            (WindowEnd::Exclusive, _) => start,
            (WindowEnd::InclusiveInstant, _) => start.saturating_add(1),
        }
    }
}

/// The window of a query in half-open instants, or the code that refuses it.
pub(super) fn window(
    query: &Query,
    channel: Channel,
    switches: &Switches,
) -> Result<Range<i64>, &'static str> {
    read_window(query, channel, switches).map_err(|code| match switches.sobot_parameter_codes {
        ParameterCodes::Ticket => code,
        ParameterCodes::Unknown => "999999",
    })
}

fn read_window(query: &Query, channel: Channel, switches: &Switches) -> Result<Range<i64>, &'static str> {
    let present = |name| query.get(name).filter(|text: &&str| !text.is_empty());
    let start = present("start_datetime").ok_or("400001")?;
    let end = present("end_datetime").ok_or("400004")?;
    if channel == Channel::Call && present("page_no").is_none() {
        return Err("400004");
    }
    let read = |text| Bound::parse(text).filter(|bound| takes(*bound, channel, switches)).ok_or("400005");
    let (start, end) = (read(start)?, read(end)?);
    let (start_ms, written_end_ms) = (start.start_ms(), end.start_ms());
    if written_end_ms < start_ms {
        return Err("400002");
    }
    if switches.sobot_span == Span::Limit31d && written_end_ms.saturating_sub(start_ms) > 31 * DAY_MS {
        return Err("400003");
    }
    if channel == Channel::Call && switches.sobot_call_bounds == Bounds::Day {
        let end_ms = midnight_before(written_end_ms.saturating_add(DAY_MS - 1));
        return Ok(midnight_before(start_ms)..end_ms);
    }
    Ok(start_ms..end.end_ms(switches.sobot_end))
}

/// The last midnight in Beijing that is not after an instant.
fn midnight_before(ms: i64) -> i64 {
    ms - (ms + BEIJING_MS).rem_euclid(DAY_MS)
}

fn takes(bound: Bound, channel: Channel, switches: &Switches) -> bool {
    match (channel, bound, switches.sobot_chat_dates) {
        (Channel::Call, Bound::Second(_), _) => true,
        (Channel::Call, Bound::Day(_), _) => false,
        (Channel::Chat, Bound::Day(_), dates) => dates != ChatDates::DatetimeOnly,
        (Channel::Chat, Bound::Second(_), dates) => dates != ChatDates::DateOnly,
    }
}
