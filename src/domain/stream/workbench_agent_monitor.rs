//! Call system, what happens at each agent's workbench (`docs/vendors.md#call-system`, agent/monitor).

use super::StreamId;
use super::spec::{EventTable, StreamSpec};

impl StreamId {
    /// Call system, what happens at each agent's workbench.
    pub const WORKBENCH_AGENT_MONITOR: StreamId = StreamId(&SPEC);
}

static SPEC: StreamSpec = StreamSpec {
    name: "workbench.agent_monitor",
    path: "/agent/monitor",
    event_tables: &[
        EventTable {
            name: "workbench.call_popup",
            age: "received_at",
            is_counted: true,
            history_key: &["session_id"],
        },
        EventTable { name: "workbench.announcement", age: "received_at", is_counted: true, history_key: &[] },
        EventTable { name: "workbench.agent_status", age: "until", is_counted: true, history_key: &[] },
        EventTable { name: "workbench.feed_gap", age: "until", is_counted: false, history_key: &[] },
    ],
    ..StreamSpec::FEED
};
