//! Agents and skill groups, and how 7moor writes them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{MemoryTime, NameMatch};
use crate::vendor::departure::depart_group;
use crate::vendor::inspection::Person;
use crate::vendor::time::beijing_text;

/// One agent, as a rule known to both vendors.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) number: String,
    pub(crate) person: Arc<Person>,
    /// What 7moor calls them.
    pub(crate) nickname: String,
    pub(crate) phone: String,
    pub(crate) pc_claims: bool,
    pub(crate) mobile_claims: bool,
}

/// A place in a group: which agent, and the priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) agent: usize,
    pub(crate) priority: i64,
}

/// One skill group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) exten: String,
    pub(crate) display_name: String,
    pub(crate) assign_rule: String,
    pub(crate) is_memory: bool,
    pub(crate) memory_time: String,
    pub(crate) updated_ms: i64,
    pub(crate) update_agent: String,
    pub(crate) seats: Vec<Seat>,
}

/// The strategies 7moor has; the first is its default.
pub(crate) const ASSIGN_RULES: [&str; 4] = ["random", "queue", "least", "priority"];

/// The minutes a memory may last.
pub(crate) const MEMORY_TIMES: [&str; 4] = ["120", "1440", "10080", "43200"];

impl Group {
    /// Whether a `displayName` filter lets it through.
    pub(crate) fn is_named(&self, name: &str, how: NameMatch) -> bool {
        match how {
            NameMatch::Exact => self.display_name == name,
            NameMatch::Substring => self.display_name.contains(name),
        }
    }

    /// The group as `queueQueue` lists it.
    pub(crate) fn to_queue(&self, agents: &[Agent], switches: &Switches) -> Value {
        let members = self.members(agents, |seat, agent| {
            json!({
                "agentNumber": agent.number,
                "agentName": agent.nickname,
                "priority": seat.priority.to_string(),
            })
        });
        let mut row = Map::new();
        row.insert("displayName".into(), self.display_name.as_str().into());
        row.insert("exten".into(), self.exten.as_str().into());
        row.insert("assignRule".into(), self.assign_rule.as_str().into());
        row.insert("isMemory".into(), self.is_memory.into());
        if self.is_memory {
            row.insert("memoryTime".into(), self.memory_time.as_str().into());
        } else if switches.moor_memory_time == MemoryTime::Always {
            row.insert("memoryTime".into(), "".into());
        }
        row.insert("updateTime".into(), beijing_text(self.updated_ms).into());
        row.insert("updateAgent".into(), self.update_agent.as_str().into());
        row.insert("assignMembers".into(), members);
        depart_group(&mut row, switches.moor_schema);
        Value::Object(row)
    }

    /// The group as `queueQueueAgentClaimStatus` lists it.
    pub(crate) fn to_claims(&self, agents: &[Agent], switches: &Switches) -> Value {
        let members = self.members(agents, |seat, agent| {
            json!({
                "agentNumber": agent.number,
                "agentName": agent.nickname,
                "pcAutoClaim": agent.pc_claims,
                "mobileAutoClaim": agent.mobile_claims,
                "priority": seat.priority.to_string(),
                "phone": agent.phone,
            })
        });
        let mut row = Map::new();
        row.insert("displayName".into(), self.display_name.as_str().into());
        row.insert("exten".into(), self.exten.as_str().into());
        row.insert("assignRule".into(), self.assign_rule.as_str().into());
        row.insert("assignMembers".into(), members);
        depart_group(&mut row, switches.moor_schema);
        Value::Object(row)
    }

    fn members(&self, agents: &[Agent], write: impl Fn(&Seat, &Agent) -> Value) -> Value {
        self.seats.iter().filter_map(|seat| Some(write(seat, agents.get(seat.agent)?))).collect()
    }
}
