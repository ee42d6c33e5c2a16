//! What one of Sobot's two endpoints has of its own.

use chrono::{DateTime, Duration, SubsecRound as _, Utc};
use chrono_tz::Asia::Shanghai;

use crate::domain::contract::{FieldContract, JsonType, ObjectContract};
use crate::domain::page::Closing;
use crate::domain::stream::StreamId;
use crate::domain::table::TableShape;
use crate::domain::window::TimeWindow;
use crate::sources::contract::TEXT_OR_NUMBER;
use crate::sources::reading::Names;

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) stream: StreamId,
    /// The last part of the path.
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) closing: Closing,
    pub(super) table: &'static TableShape,
    /// For each of the table's columns, the names under which it may come.
    pub(super) names: &'static [Names],
    /// What the document says of an answer.
    pub(super) answer: ObjectContract,
    /// What the document says of an element.
    pub(super) element: ObjectContract,
    /// `start_datetime` and `end_datetime` for a window.
    pub(super) bounds: fn(TimeWindow) -> (String, String),
    /// The same in the other form that the document shows, where it shows two.
    pub(super) bounds_otherwise: Option<fn(TimeWindow) -> (String, String)>,
}

/// The name of an answer in reports.
pub(super) const ANSWER: &str = "(answer)";

/// `ret_code` is taken before; where there are no elements, `items` may be absent (`docs/vendors.md#sobot-results`).
pub(super) const ITEMS: FieldContract = FieldContract::new(&["items"], &[JsonType::List]).optional();
pub(super) const MESSAGE: FieldContract = FieldContract::new(&["ret_msg"], TEXT_OR_NUMBER).optional();

impl Endpoint {
    pub(super) fn states_totals(&self) -> bool {
        self.closing == Closing::Total
    }
}

/// `yyyy-MM-dd HH:mm:ss` in Beijing time, in which Sobot reads its parameters (`docs/vendors.md#sobot-results`).
pub(super) fn wall_clock(instant: DateTime<Utc>) -> String {
    instant.with_timezone(&Shanghai).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The whole second at or after the instant.
pub(super) fn second_at_or_after(instant: DateTime<Utc>) -> DateTime<Utc> {
    let floor = instant.trunc_subsecs(0);
    if floor < instant { floor + Duration::seconds(1) } else { floor }
}
