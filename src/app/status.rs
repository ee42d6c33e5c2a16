//! What only the assembled product can say of a stream.

use chrono::{DateTime, Utc};

use crate::app::stream::Stream;
use crate::domain::status::calendar::WINDOWS_LISTED;
use crate::domain::status::detail::StreamDetail;
use crate::engine::reader::ReadPolicy;

impl Stream {
    /// Adds what only the configuration knows: windows wanted and never read, and what may be spent.
    pub(super) fn complete(&self, detail: &mut StreamDetail, limits: &[(String, i64)], now: DateTime<Utc>) {
        let key = &self.reader.budget_key;
        detail.budget.requests_per_minute = Some(key.per_minute);
        let limit = limits.iter().find(|(name, _)| *name == key.name);
        detail.budget.next_request_ms = limit.map(|(_, wait)| *wait);
        let ReadPolicy::Windows(policy) = &self.reader.policy else { return };
        detail.budget.rereads_per_day = policy.reread_requests_per_day;
        let from = policy.wanted_from(now);
        detail.calendar.fill(&policy.grid.newest_cells(from, now, WINDOWS_LISTED));
        let step = policy.grid.step().num_seconds();
        let uncovered = (now - from).num_seconds() - detail.calendar.covered_seconds;
        // A window that began a moment ago counts as one.
        detail.calendar.unread = (uncovered + step - 1).max(0) / step;
    }
}
