//! Agents and skill groups, and how 7moor writes them.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::departure::depart_group;
use super::inspection::Person;
use super::switchboard::Switches;
use super::switches::{MemoryTime, NameMatch};
use super::time::beijing_text;

/// One agent, as a rule known to both vendors.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) number: String,
    pub(super) person: Arc<Person>,
    /// What 7moor calls them.
    pub(super) nickname: String,
    pub(super) phone: String,
    pub(super) pc_claims: bool,
    pub(super) mobile_claims: bool,
}

/// A place in a group: which agent, and the priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) agent: usize,
    pub(super) priority: i64,
}

/// One skill group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) exten: String,
    pub(super) display_name: String,
    pub(super) assign_rule: String,
    pub(super) is_memory: bool,
    pub(super) memory_time: String,
    pub(super) updated_ms: i64,
    pub(super) update_agent: String,
    pub(super) seats: Vec<Seat>,
}

/// The strategies 7moor has; the first is its default.
pub(super) const ASSIGN_RULES: [&str; 4] = ["random", "queue", "least", "priority"];

/// The minutes a memory may last.
pub(super) const MEMORY_TIMES: [&str; 4] = ["120", "1440", "10080", "43200"];

impl Group {
    /// Whether a `displayName` filter lets it through.
    pub(super) fn is_named(&self, name: &str, how: NameMatch) -> bool {
        match how {
            NameMatch::Exact => self.display_name == name,
            NameMatch::Substring => self.display_name.contains(name),
        }
    }

    /// The group as `queueQueue` lists it.
    pub(super) fn to_queue(&self, agents: &[Agent], switches: &Switches) -> Value {
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
        depart_group(&mut row, switches.moor_contract);
        Value::Object(row)
    }

    /// The group as `queueQueueAgentClaimStatus` lists it.
    pub(super) fn to_claims(&self, agents: &[Agent], switches: &Switches) -> Value {
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
        depart_group(&mut row, switches.moor_contract);
        Value::Object(row)
    }

    fn members(&self, agents: &[Agent], write: impl Fn(&Seat, &Agent) -> Value) -> Value {
        self.seats.iter().filter_map(|seat| Some(write(seat, agents.get(seat.agent)?))).collect()
    }
}
