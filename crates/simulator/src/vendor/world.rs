//! What the vendors know now.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::page_index::PageIndex;
use crate::disturbance::switchboard::Switches;
use crate::service::config::SimulatorConfig;
use crate::vendor::data;
use crate::vendor::inspection::Channel;
use crate::vendor::rng::Rng;
use crate::vendor::roster::{Agent, Group};

/// A snapshot of what the vendors know, as the rows they would answer with
/// under the switches of that moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// `call_result`, oldest quality time first.
    pub calls: Vec<Value>,
    /// `chat_result`, oldest quality time first.
    pub chats: Vec<Value>,
    /// `queueQueue`, by exten.
    pub groups: Vec<Value>,
    /// `queueQueueAgentClaimStatus`, by exten.
    pub claims: Vec<Value>,
    /// Every key that ever was, gone or not.
    pub ever: Ever,
}

/// Every key that ever was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ever {
    /// `[call_log_jestid, agentid]`
    pub calls: Vec<Vec<String>>,
    /// `[cid, schemeid, agentid]`
    pub chats: Vec<Vec<String>>,
    /// `exten`
    pub groups: Vec<String>,
}

/// The vendors' data.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) calls: PageIndex,
    pub(crate) chats: PageIndex,
    pub(crate) agents: Vec<Agent>,
    pub(crate) groups: Vec<Group>,
    pub(crate) groups_ever: BTreeSet<String>,
    pub(crate) groups_at_start: usize,
    pub(crate) next_exten: usize,
    pub(crate) rng: Rng,
}

impl World {
    pub(crate) fn new(config: &SimulatorConfig) -> Self {
        let agents = data::agents(config);
        let groups = data::groups(config, agents.len());
        let page_index = |channel| PageIndex::new(channel, data::inspections(config, channel, &agents));
        Self {
            calls: page_index(Channel::Call),
            chats: page_index(Channel::Chat),
            groups_ever: groups.iter().map(|group| group.exten.clone()).collect(),
            groups_at_start: groups.len(),
            next_exten: 10_018_500 + groups.len(),
            rng: Rng::new(config.seed, 5),
            agents,
            groups,
        }
    }

    pub(crate) const fn page_index(&self, channel: Channel) -> &PageIndex {
        match channel {
            Channel::Call => &self.calls,
            Channel::Chat => &self.chats,
        }
    }

    pub(crate) const fn page_index_mut(&mut self, channel: Channel) -> &mut PageIndex {
        match channel {
            Channel::Call => &mut self.calls,
            Channel::Chat => &mut self.chats,
        }
    }

    /// The groups in the order 7moor lists them: last updated first.
    pub(crate) fn groups_listed(&self) -> Vec<&Group> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by(|a, b| (b.updated_ms, &b.exten).cmp(&(a.updated_ms, &a.exten)));
        groups
    }

    pub(crate) fn truth(&self, switches: &Switches) -> Truth {
        Truth {
            calls: self.calls.truth(switches),
            chats: self.chats.truth(switches),
            groups: self.by_exten(|group| group.to_queue(&self.agents, switches)),
            claims: self.by_exten(|group| group.to_claims(&self.agents, switches)),
            ever: self.ever(),
        }
    }

    pub(crate) fn by_exten(&self, write: impl Fn(&Group) -> Value) -> Vec<Value> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by(|a, b| a.exten.cmp(&b.exten));
        groups.into_iter().map(write).collect()
    }

    pub(crate) fn ever(&self) -> Ever {
        Ever {
            calls: self.calls.keys_ever(),
            chats: self.chats.keys_ever(),
            groups: self.groups_ever.iter().cloned().collect(),
        }
    }

    /// Changes something that a reader of this window, or of the groups, can
    /// notice on its next page.
    pub(crate) fn drift(&mut self, walk: &Walk, switches: &Switches, now_ms: i64) {
        match walk {
            Walk::Inspections { channel, window } => self.drift_rows(*channel, window, switches, now_ms),
            Walk::Groups => match self.rng.below(3) {
                0 => drop(self.add_random_group(now_ms)),
                1 => drop(self.remove_random_group()),
                _ => drop(self.move_random_agent(switches, now_ms)),
            },
        }
    }

    fn drift_rows(&mut self, channel: Channel, window: &Range<i64>, switches: &Switches, now_ms: i64) {
        let filter = switches.sobot_filter;
        let found = self.page_index(channel).within(filter, window.clone());
        let target = found.get(self.rng.clone().index(found.len())).map(|(_, index)| *index);
        match (self.rng.below(4), target) {
            (0, Some(index)) => self.page_index_mut(channel).remove(index),
            (1, Some(index)) => drop(self.rescore_at(channel, index, None, switches, now_ms)),
            _ => {
                let at = self.rng.between(window.start, window.end);
                let rng = &mut self.rng;
                let lag = rng.between(0, 3_600_000);
                let row = match filter {
                    crate::disturbance::switches::FilterTime::Quality => {
                        data::inspection(rng, channel, &self.agents, at - lag, at)
                    }
                    crate::disturbance::switches::FilterTime::Contact => {
                        data::inspection(rng, channel, &self.agents, at, at + lag)
                    }
                };
                self.page_index_mut(channel).insert(row);
            }
        }
    }
}

/// What a client is paging through.
pub(crate) enum Walk {
    Inspections { channel: Channel, window: Range<i64> },
    Groups,
}
