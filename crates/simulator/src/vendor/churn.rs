//! Changes by chance, as a living contact centre makes them.

use crate::disturbance::switchboard::Switches;
use crate::vendor::change_rate::ChangeKind;
use crate::vendor::data;
use crate::vendor::inspection::Channel;
use crate::vendor::world::World;

impl World {
    pub(crate) fn change_randomly(
        &mut self,
        kind: ChangeKind,
        switches: &Switches,
        now_ms: i64,
    ) -> Result<String, String> {
        let channel = if self.rng.chance(0.5) { Channel::Call } else { Channel::Chat };
        match kind {
            ChangeKind::NewResult => {
                let lag = data::lagged(&mut self.rng, 0, i64::MAX);
                let row = data::inspection(&mut self.rng, channel, &self.agents, now_ms - lag, now_ms);
                let id = row.id.to_string();
                self.page_index_mut(channel).insert(row);
                Ok(id)
            }
            ChangeKind::Rescored => {
                let index = self.random_row(channel)?;
                self.rescore_at(channel, index, None, switches, now_ms)
            }
            ChangeKind::Deleted => {
                let index = self.random_row(channel)?;
                self.page_index_mut(channel).remove(index);
                Ok(self.page_index(channel).row(index).map(|row| row.id.to_string()).unwrap_or_default())
            }
            ChangeKind::AgentMoved => self.move_random_agent(switches, now_ms),
            ChangeKind::ClaimFlipped => {
                let index = self.rng.index(self.agents.len());
                let on_pc = self.rng.chance(0.6);
                let agent = self.agents.get_mut(index).ok_or("there are no agents")?;
                let claim = if on_pc { &mut agent.pc_claims } else { &mut agent.mobile_claims };
                *claim = !*claim;
                Ok(agent.number.clone())
            }
            ChangeKind::GroupAdded => self.add_random_group(now_ms),
            ChangeKind::GroupRemoved => self.remove_random_group(),
        }
    }

    fn random_row(&mut self, channel: Channel) -> Result<usize, String> {
        let n = self.rng.index(self.page_index(channel).len());
        self.page_index(channel).nth(n).ok_or_else(|| format!("there are no {channel:?} inspections"))
    }

    pub(crate) fn move_random_agent(&mut self, switches: &Switches, now_ms: i64) -> Result<String, String> {
        let from = self.rng.index(self.groups.len());
        let to = self.rng.index(self.groups.len());
        let anyone = self.rng.index(self.agents.len());
        let left = self.groups.get(from).ok_or("there are no groups")?;
        let agent = left.seats.first().map_or(anyone, |seat| seat.agent);
        let number = self.agents.get(agent).map(|agent| agent.number.clone()).unwrap_or_default();
        let exten = |index: usize| self.groups.get(index).map(|group| group.exten.clone());
        let (from, to) = (exten(from), exten(to).filter(|_| from != to));
        self.move_agent(&number, from.as_deref(), to.as_deref(), switches, now_ms)
    }

    pub(crate) fn add_random_group(&mut self, now_ms: i64) -> Result<String, String> {
        // Bounded, or a simulator left alone for a month would not fit in memory.
        if self.groups.len() > self.groups_at_start * 2 + 10 {
            return Err("there are enough groups".to_owned());
        }
        let group = data::group(&mut self.rng, 0, self.agents.len(), now_ms);
        Ok(self.add_group(group))
    }

    pub(crate) fn remove_random_group(&mut self) -> Result<String, String> {
        if self.groups.len() < 2 {
            return Err("the last group stays".to_owned());
        }
        let index = self.rng.index(self.groups.len());
        Ok(self.groups.remove(index).exten)
    }
}
