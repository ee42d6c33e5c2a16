//! How often the vendor's data changes by itself.

use serde::{Deserialize, Serialize};

/// The kinds of change that happen by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A contact is inspected.
    NewResult,
    /// A contact is inspected again.
    Rescored,
    /// An inspection is withdrawn.
    Deleted,
    /// An agent goes from one group to another.
    AgentMoved,
    /// An agent opens or closes a claim.
    ClaimFlipped,
    /// A group appears.
    GroupAdded,
    /// A group vanishes.
    GroupRemoved,
}

impl ChangeKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NewResult,
        Self::Rescored,
        Self::Deleted,
        Self::AgentMoved,
        Self::ClaimFlipped,
        Self::GroupAdded,
        Self::GroupRemoved,
    ];
}

/// Changes per second, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeRates {
    /// New inspections.
    pub new_result: f64,
    /// Second inspections.
    pub rescored: f64,
    /// Withdrawn inspections.
    pub deleted: f64,
    /// Agents who change group.
    pub agent_moved: f64,
    /// Claims opened or closed.
    pub claim_flipped: f64,
    /// New groups.
    pub group_added: f64,
    /// Vanished groups.
    pub group_removed: f64,
}

impl ChangeRates {
    /// So many changes per second altogether, in the mix of a busy centre
    /// (an estimate, not a measurement).
    #[must_use]
    pub fn mixed(per_second: f64) -> Self {
        Self {
            new_result: per_second * 0.5,
            rescored: per_second * 0.2,
            deleted: per_second * 0.05,
            agent_moved: per_second * 0.1,
            claim_flipped: per_second * 0.1,
            group_added: per_second * 0.025,
            group_removed: per_second * 0.025,
        }
    }

    pub(crate) fn of(&self, kind: ChangeKind) -> f64 {
        match kind {
            ChangeKind::NewResult => self.new_result,
            ChangeKind::Rescored => self.rescored,
            ChangeKind::Deleted => self.deleted,
            ChangeKind::AgentMoved => self.agent_moved,
            ChangeKind::ClaimFlipped => self.claim_flipped,
            ChangeKind::GroupAdded => self.group_added,
            ChangeKind::GroupRemoved => self.group_removed,
        }
    }
}
