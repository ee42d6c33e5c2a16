//! Sobot, inspected chats (`docs/vendors.md#sobot-results`): nothing states a total, an empty page is the end.

use std::time::Duration;

use chrono::NaiveTime;
use chrono_tz::Asia::Shanghai;

use super::StreamId;
use super::sobot_call_result::wall_clock;
use super::spec::{StreamSpec, documented};
use crate::domain::person::privacy::Personal;
use crate::domain::proof::window::{TimeWindow, local_midnight};
use crate::domain::row::table::{TableShape, instant, numeric, text};
use crate::domain::vendor::page::Closing;
use crate::domain::vendor::schema::ObjectSchema;

impl StreamId {
    /// Sobot, inspected chats.
    pub const SOBOT_CHAT_RESULT: StreamId = StreamId(&SPEC);
}

static SPEC: StreamSpec = StreamSpec {
    name: "sobot.chat_result",
    path: "/api/interceptor/5/quality/chat_result",
    closing: Closing::EmptyPage,
    bounds: &[bounds, bounds_as_dates],
    // Chats are asked for by the vendor's day: the halves of a window would be read as large as the whole.
    grain: Some(Duration::from_secs(24 * 60 * 60)),
    page_size_max: 10_000,
    element: ObjectSchema { path: "", fields: &documented::<15>(SOBOT_CHAT_RESULT.columns, false, &[]) },
    tables: &[&SOBOT_CHAT_RESULT],
    ..StreamSpec::WINDOWED
};

/// The second names are those of the endpoint's older twin (`docs/vendors.md#sobot-results`).
/// Inspected chats.
#[rustfmt::skip]
pub static SOBOT_CHAT_RESULT: TableShape = TableShape::new("sobot.chat_result", "Inspected chats, one row per chat, inspection scheme and agent, current version (Sobot 2.3 chat_result). Earlier versions: sobot.chat_result_history.", &[
    text("cid", "Id of the chat (会话id).").key(),
    text("schemeid", "Id of the inspection scheme (质检方案id).").key(),
    text("agentid", "Id of the agent (坐席id).").from(&["agentid", "staffid"]).key(),
    text("agent_name", "Name of the agent (坐席姓名).").from(&["agent_name", "staff_name"]).personal(Personal::Name),
    text("agent_email", "E-mail address of the agent (坐席邮箱).").from(&["agent_email", "email"]).personal(Personal::Email),
    instant("chat_start_datetime", "When the chat began (会话开始时间).").from(&["chat_start_datetime", "chat_start_time"]),
    instant("update_datetime", "When the chat was inspected last (质检时间).").from(&["update_datetime", "update_time"]).version(),
    numeric("total_score", "Highest total score of the scheme, in points (质检方案满分), as sent by the vendor. The score itself is quality_score."),
    numeric("standard_total_score", "Highest standard score, in points (质检标准分满分), as sent by the vendor."),
    numeric("add_total_score", "Most bonus points that can be given (质检加分项满分), as sent by the vendor."),
    numeric("minus_total_score", "Most points that can be taken off (质检减分项满分), as sent by the vendor; usually negative."),
    numeric("quality_score", "Total score, in points (质检得分), as sent by the vendor; may exceed its maximum."),
    numeric("standard_quality_score", "Standard score, in points (质检标准分得分), as sent by the vendor; may exceed its maximum."),
    numeric("add_quality_score", "Bonus points (质检加分项得分), as sent by the vendor; may exceed their maximum."),
    numeric("minus_quality_score", "Points taken off (质检减分项得分), as sent by the vendor; usually negative."),
]);

/// Whole Beijing days around the window. The document's table shows a date, its curl a date with a time:
/// a midnight is the same under both, and the next midnight covers the last day whether the vendor counts
/// the end in or not.
fn bounds(window: TimeWindow) -> (String, String) {
    let first = window.start.with_timezone(&Shanghai).date_naive();
    let end = window.end.with_timezone(&Shanghai);
    let beyond =
        if end.time() == NaiveTime::MIN { chrono::Duration::zero() } else { chrono::Duration::days(1) };
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
