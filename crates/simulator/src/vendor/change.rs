//! Changes to the vendors' data, chosen or by chance.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::{Rescoring, UpdateTime};
use crate::vendor::change_rate::ChangeKind;
use crate::vendor::data;
use crate::vendor::inspection::Channel;
use crate::vendor::roster::{Group, Seat};
use crate::vendor::world::World;

/// A change to make. In JSON: `{"change": "delete", "channel": "call", "id": "…"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A new inspection. What `fields` (in the vendor's names) does not say is
    /// made up; what it says and cannot be read is sent as it is. The keys in
    /// `omit` are not sent.
    Insert {
        /// Calls or chats.
        channel: Channel,
        /// Values, in the vendor's names.
        #[serde(default)]
        fields: Map<String, Value>,
        /// Keys left out.
        #[serde(default)]
        omit: Vec<String>,
    },
    /// A second inspection, in place or as an extra row as the switch says.
    Rescore {
        /// Calls or chats.
        channel: Channel,
        /// Which.
        id: String,
        /// Whose, where an id has several.
        #[serde(default)]
        agentid: Option<String>,
        /// Values; scores are made up and the quality time is now without.
        #[serde(default)]
        fields: Map<String, Value>,
    },
    /// The vendor no longer reports an inspection.
    Delete {
        /// Calls or chats.
        channel: Channel,
        /// Which.
        id: String,
        /// Whose, where an id has several.
        #[serde(default)]
        agentid: Option<String>,
    },
    /// Many inspections at once, of contacts and with quality times within one second.
    Crowd {
        /// Calls or chats.
        channel: Channel,
        /// How many.
        count: usize,
        /// The second, as milliseconds since 1970.
        at_ms: i64,
    },
    /// An agent leaves a group, enters one, or both.
    MoveAgent {
        /// The agent.
        agent_number: String,
        /// The exten of the group left.
        #[serde(default)]
        from: Option<String>,
        /// The exten of the group entered.
        #[serde(default)]
        to: Option<String>,
    },
    /// An agent's claims, of all their groups.
    SetClaim {
        /// The agent.
        agent_number: String,
        /// On the computer; unchanged without.
        #[serde(default)]
        pc: Option<bool>,
        /// On the telephone; unchanged without.
        #[serde(default)]
        mobile: Option<bool>,
    },
    /// A new group.
    AddGroup {
        /// Its name.
        display_name: String,
        /// The numbers of its agents; unknown ones are skipped.
        #[serde(default)]
        agent_numbers: Vec<String>,
    },
    /// A group vanishes.
    RemoveGroup {
        /// Which.
        exten: String,
    },
    /// Something of this kind, by chance.
    Random {
        /// The kind.
        kind: ChangeKind,
    },
}

impl World {
    /// Makes a change; the id of what was changed.
    pub(crate) fn apply(
        &mut self,
        change: Change,
        switches: &Switches,
        now_ms: i64,
    ) -> Result<String, String> {
        match change {
            Change::Insert { channel, fields, omit } => {
                let contact_ms = now_ms - self.rng.between(0, 3 * 86_400_000);
                let mut row = data::inspection(&mut self.rng, channel, &self.agents, contact_ms, now_ms);
                row.odd = false;
                row.apply(channel, &fields);
                row.omit = omit;
                let id = row.id.to_string();
                self.page_index_mut(channel).insert(row);
                Ok(id)
            }
            Change::Crowd { channel, count, at_ms } => {
                for _ in 0..count {
                    let at = at_ms.saturating_add(self.rng.between(0, 1_000));
                    let row = data::inspection(&mut self.rng, channel, &self.agents, at, at);
                    self.page_index_mut(channel).insert(row);
                }
                Ok(count.to_string())
            }
            Change::Rescore { channel, id, agentid, fields } => {
                let index = self.find(channel, &id, agentid.as_deref())?;
                self.rescore_at(channel, index, Some(&fields), switches, now_ms)
            }
            Change::Delete { channel, id, agentid } => {
                let index = self.find(channel, &id, agentid.as_deref())?;
                self.page_index_mut(channel).remove(index);
                Ok(id)
            }
            Change::MoveAgent { agent_number, from, to } => {
                self.move_agent(&agent_number, from.as_deref(), to.as_deref(), switches, now_ms)
            }
            Change::SetClaim { agent_number, pc, mobile } => {
                let agent = self.agent(&agent_number)?;
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.pc_claims = pc.unwrap_or(agent.pc_claims);
                    agent.mobile_claims = mobile.unwrap_or(agent.mobile_claims);
                }
                Ok(agent_number)
            }
            Change::AddGroup { display_name, agent_numbers } => {
                let found = agent_numbers.iter().filter_map(|number| self.agent(number).ok());
                let seats = found.map(|agent| Seat { agent, priority: 0 }).collect();
                let mut group = data::group(&mut self.rng, 0, self.agents.len(), now_ms);
                group.display_name = display_name;
                group.seats = seats;
                Ok(self.add_group(group))
            }
            Change::RemoveGroup { exten } => {
                let index = self.group(&exten)?;
                self.groups.remove(index);
                Ok(exten)
            }
            Change::Random { kind } => self.change_randomly(kind, switches, now_ms),
        }
    }

    fn find(&self, channel: Channel, id: &str, agentid: Option<&str>) -> Result<usize, String> {
        self.page_index(channel)
            .find(id, agentid)
            .ok_or_else(|| format!("no {channel:?} inspection has the id `{id}`"))
    }

    pub(crate) fn agent(&self, number: &str) -> Result<usize, String> {
        let found = self.agents.iter().position(|agent| agent.number == number);
        found.ok_or_else(|| format!("no agent has the number `{number}`"))
    }

    pub(crate) fn group(&self, exten: &str) -> Result<usize, String> {
        let found = self.groups.iter().position(|group| group.exten == exten);
        found.ok_or_else(|| format!("no group has the exten `{exten}`"))
    }

    /// Files a group under the next exten.
    pub(crate) fn add_group(&mut self, mut group: Group) -> String {
        group.exten = self.next_exten.to_string();
        self.next_exten += 1;
        let exten = group.exten.clone();
        self.groups_ever.insert(exten.clone());
        self.groups.push(group);
        exten
    }

    /// Inspects a row again. Without `fields` all is made up.
    pub(crate) fn rescore_at(
        &mut self,
        channel: Channel,
        index: usize,
        fields: Option<&Map<String, Value>>,
        switches: &Switches,
        now_ms: i64,
    ) -> Result<String, String> {
        let Some(mut row) = self.page_index(channel).row(index).cloned() else {
            return Err(format!("there is no row {index}"));
        };
        (row.max, row.got) = data::scores(&mut self.rng, channel);
        // Later than before even where a test's clock stands still.
        row.quality_ms = now_ms.max(row.quality_ms.saturating_add(1_000));
        if let Some(fields) = fields {
            row.apply(channel, fields);
        }
        let id = row.id.to_string();
        let page_index = self.page_index_mut(channel);
        match switches.sobot_rescoring {
            Rescoring::InPlace => page_index.change(index, |old| *old = row),
            Rescoring::ExtraRow => page_index.insert(row),
        }
        Ok(id)
    }

    pub(crate) fn move_agent(
        &mut self,
        number: &str,
        from: Option<&str>,
        to: Option<&str>,
        switches: &Switches,
        now_ms: i64,
    ) -> Result<String, String> {
        let agent = self.agent(number)?;
        let from = from.map(|exten| self.group(exten)).transpose()?;
        let to = to.map(|exten| self.group(exten)).transpose()?;
        let updated = |group: &mut Group| {
            if switches.moor_update_time == UpdateTime::Moves {
                group.updated_ms = now_ms;
            }
        };
        if let Some(group) = from.and_then(|index| self.groups.get_mut(index)) {
            group.seats.retain(|seat| seat.agent != agent);
            updated(group);
        }
        if let Some(group) = to.and_then(|index| self.groups.get_mut(index)) {
            if group.seats.iter().all(|seat| seat.agent != agent) {
                group.seats.push(Seat { agent, priority: 0 });
            }
            updated(group);
        }
        Ok(number.to_owned())
    }
}
