//! Inspected calls (`docs/vendors.md#sobot-results`): each page states the total.

use crate::domain::contract::{FieldContract, ObjectContract};
use crate::domain::page::Closing;
use crate::domain::stream::StreamId;
use crate::domain::table::SOBOT_CALL_RESULT;
use crate::domain::window::TimeWindow;
use crate::sources::contract::{TEXT_OR_NUMBER, texts_or_numbers};
use crate::sources::reading::Names;
use crate::sources::sobot::endpoint::{ANSWER, Endpoint, ITEMS, MESSAGE, second_at_or_after, wall_clock};

/// For each column the names under which it comes. All are documented as required texts.
const NAMES: [Names; 14] = [
    &["call_log_jestid"],
    &["agentid"],
    &["agent_name"],
    &["agent_email"],
    &["call_start_datetime"],
    // The document's table has the first name, its sample the second.
    &["quality_datetime", "qualify_time"],
    &["total_score_max"],
    &["standard_score_max"],
    &["pulse_max"],
    &["minus_max"],
    &["total_score"],
    &["standard_score"],
    &["pulse"],
    &["minus"],
];

pub(super) static CALL_RESULT: Endpoint = Endpoint {
    stream: StreamId::SobotCallResult,
    name: "call_result",
    path: "/api/interceptor/5/quality/call_result",
    closing: Closing::Total,
    table: &SOBOT_CALL_RESULT,
    names: &NAMES,
    answer: ObjectContract {
        path: ANSWER,
        fields: &[
            ITEMS,
            FieldContract::new(&["page_count"], TEXT_OR_NUMBER),
            FieldContract::new(&["page_no"], TEXT_OR_NUMBER),
            FieldContract::new(&["page_size"], TEXT_OR_NUMBER),
            MESSAGE,
            FieldContract::new(&["total_count"], TEXT_OR_NUMBER),
        ],
    },
    element: ObjectContract { path: "", fields: &texts_or_numbers(NAMES) },
    bounds,
    bounds_otherwise: None,
};

/// The window's own ends, rounded outward to whole seconds. Where the vendor counts the end in, it answers
/// a second too much, which the key makes harmless; where it does not, exactly the window.
fn bounds(window: TimeWindow) -> (String, String) {
    (wall_clock(window.start), wall_clock(second_at_or_after(window.end)))
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
