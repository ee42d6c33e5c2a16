//! Sobot, inspected calls (`docs/vendors.md#sobot-results`): each page states the total. Calls carry no result id; call
//! and agent together are the key.

use chrono::{DateTime, Duration, SubsecRound as _, Utc};
use chrono_tz::Asia::Shanghai;

use super::StreamId;
use super::spec::{StreamSpec, documented};
use crate::domain::person::privacy::Personal;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::table::{TableShape, instant, numeric, text};
use crate::domain::vendor::schema::ObjectSchema;

impl StreamId {
    /// Sobot, inspected calls.
    pub const SOBOT_CALL_RESULT: StreamId = StreamId(&SPEC);
}

static SPEC: StreamSpec = StreamSpec {
    name: "sobot.call_result",
    path: "/api/interceptor/5/quality/call_result",
    bounds: &[bounds],
    is_splittable: true,
    element: ObjectSchema { path: "", fields: &documented::<14>(SOBOT_CALL_RESULT.columns, false, &[]) },
    tables: &[&SOBOT_CALL_RESULT],
    ..StreamSpec::WINDOWED
};

/// Inspected calls.
#[rustfmt::skip]
pub static SOBOT_CALL_RESULT: TableShape = TableShape::new("sobot.call_result", "Inspected calls, one row per call and agent, current version (Sobot 2.2 call_result). Earlier versions: sobot.call_result_history.", &[
    text("call_log_jestid", "Id of the call (通话id).").key(),
    text("agentid", "Id of the agent (坐席id).").key(),
    text("agent_name", "Name of the agent (坐席名称).").personal(Personal::Name),
    text("agent_email", "E-mail address of the agent (坐席邮箱).").personal(Personal::Email),
    instant("call_start_datetime", "When the call began (通话开始时间)."),
    instant("quality_datetime", "When the call was inspected last (质检时间; the vendor also calls it qualify_time).").from(&["quality_datetime", "qualify_time"]).version(),
    numeric("total_score_max", "Highest total score of the inspection form, in points (质检满分), as sent by the vendor."),
    numeric("standard_score_max", "Highest standard score, in points (质检标准分满分), as sent by the vendor."),
    numeric("pulse_max", "Most bonus points that can be given (质检加分项满分), as sent by the vendor."),
    numeric("minus_max", "Most points that can be taken off (质检减分项满分), as sent by the vendor; its sign is the vendor's."),
    numeric("total_score", "Total score, in points (质检得分), as sent by the vendor; may exceed its maximum."),
    numeric("standard_score", "Standard score, in points (质检标准分得分), as sent by the vendor; may exceed its maximum."),
    numeric("pulse", "Bonus points (质检加分项得分), as sent by the vendor; may exceed their maximum."),
    numeric("minus", "Points taken off (质检减分项得分), as sent by the vendor; their sign is the vendor's."),
]);

/// The window's own ends, rounded outward to whole seconds. Where the vendor counts the end in, it answers
/// a second too much, which the key makes harmless; where it does not, exactly the window.
fn bounds(window: TimeWindow) -> (String, String) {
    (wall_clock(window.start), wall_clock(second_at_or_after(window.end)))
}

/// `yyyy-MM-dd HH:mm:ss` in Beijing time, in which Sobot reads its parameters (`docs/vendors.md#sobot-results`).
pub(super) fn wall_clock(instant: DateTime<Utc>) -> String {
    instant.with_timezone(&Shanghai).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The whole second at or after the instant.
fn second_at_or_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    let floor = instant.trunc_subsecs(0);
    if floor < instant { floor + Duration::seconds(1) } else { floor }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_window_is_asked_for_in_beijing_time_and_rounded_outward_to_seconds() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let ask = |start: &str, end: &str| bounds(TimeWindow::new(at(start), at(end)).unwrap());
        assert_eq!(
            ask("2025-12-31T16:00:00Z", "2026-01-01T16:00:00Z"),
            ("2026-01-01 00:00:00".into(), "2026-01-02 00:00:00".into())
        );
        assert_eq!(
            ask("2026-01-01T00:00:00.900Z", "2026-01-01T00:00:01.001Z"),
            ("2026-01-01 08:00:00".into(), "2026-01-01 08:00:02".into())
        );
    }
}
