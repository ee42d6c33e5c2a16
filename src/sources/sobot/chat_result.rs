//! Inspected chats (`docs/vendors.md#sobot-results`): nothing states a total, an empty page is the end.

use chrono::{Duration, NaiveTime};
use chrono_tz::Asia::Shanghai;

use crate::domain::contract::ObjectContract;
use crate::domain::page::Closing;
use crate::domain::stream::StreamId;
use crate::domain::table::SOBOT_CHAT_RESULT;
use crate::domain::window::{TimeWindow, local_midnight};
use crate::sources::contract::texts_or_numbers;
use crate::sources::reading::Names;
use crate::sources::sobot::endpoint::{ANSWER, Endpoint, ITEMS, MESSAGE, wall_clock};

/// The second names are those of the endpoint's older twin (`docs/vendors.md#sobot-results`).
const NAMES: [Names; 15] = [
    &["cid"],
    &["schemeid"],
    &["agentid", "staffid"],
    &["agent_name", "staff_name"],
    &["agent_email", "email"],
    &["chat_start_datetime", "chat_start_time"],
    &["update_datetime", "update_time"],
    &["total_score"],
    &["standard_total_score"],
    &["add_total_score"],
    &["minus_total_score"],
    &["quality_score"],
    &["standard_quality_score"],
    &["add_quality_score"],
    &["minus_quality_score"],
];

pub(super) static CHAT_RESULT: Endpoint = Endpoint {
    stream: StreamId::SobotChatResult,
    name: "chat_result",
    path: "/api/interceptor/5/quality/chat_result",
    closing: Closing::EmptyPage,
    table: &SOBOT_CHAT_RESULT,
    names: &NAMES,
    answer: ObjectContract { path: ANSWER, fields: &[ITEMS, MESSAGE] },
    element: ObjectContract { path: "", fields: &texts_or_numbers(NAMES) },
    bounds,
    bounds_otherwise: Some(bounds_as_dates),
};

/// Whole Beijing days around the window. The document's table shows a date, its curl a date with a time:
/// a midnight is the same under both, and the next midnight covers the last day whether the vendor counts
/// the end in or not.
fn bounds(window: TimeWindow) -> (String, String) {
    let first = window.start.with_timezone(&Shanghai).date_naive();
    let end = window.end.with_timezone(&Shanghai);
    let beyond = if end.time() == NaiveTime::MIN { Duration::zero() } else { Duration::days(1) };
    let midnight = |date| wall_clock(local_midnight(date, Shanghai));
    (midnight(first), midnight(end.date_naive() + beyond))
}

/// The same days as the document's table writes them. A vendor that counts the last date in answers a day
/// too much, which the key makes harmless.
fn bounds_as_dates(window: TimeWindow) -> (String, String) {
    let (start, end) = bounds(window);
    let date = |midnight: String| midnight.chars().take_while(|letter| *letter != ' ').collect();
    (date(start), date(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_window_is_rounded_outward_to_whole_beijing_days() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let ask = |start: &str, end: &str| bounds(TimeWindow::new(at(start), at(end)).unwrap());
        let day = ("2026-01-01 00:00:00".to_owned(), "2026-01-02 00:00:00".to_owned());
        assert_eq!(ask("2026-01-01T00:00:00+08:00", "2026-01-02T00:00:00+08:00"), day);
        assert_eq!(ask("2026-01-01T10:00:00+08:00", "2026-01-01T11:00:00+08:00"), day);
        assert_eq!(
            ask("2026-01-01T23:59:59+08:00", "2026-01-02T00:00:00.001+08:00"),
            ("2026-01-01 00:00:00".into(), "2026-01-03 00:00:00".into())
        );
    }
}
