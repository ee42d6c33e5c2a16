//! Making the vendor's skill groups like a file's, one after the other.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value as Json;

use crate::app::write::action::Performed;
use crate::app::write::roster::RosterService;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::vendor::action::{ActionCommand, ActionRecord, ActionState, target};
use crate::domain::vendor::roster::{Group, Member};
use crate::domain::vendor::roster_hold::{is_as_looked_at, moved};
use crate::domain::vendor::roster_plan::{GroupPlan, RosterPlan, Step};
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// How often the vendor is looked at after it said that it was done.
const LOOKS_MAX: u32 = 5;

/// Rest between two looks, beside the vendor's limit.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How one group of the file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It is as wanted, and nothing was sent.
    AsWanted,
    /// It was made as wanted, and seen so.
    Changed,
    /// It cannot be, or may not be: nothing was sent.
    Stopped,
    /// The vendor did not do it, or the request never left.
    Refused,
    /// The vendor said that it was done, and it is seen otherwise.
    Different,
    /// No answer, and it is not seen as wanted.
    Unknown,
    /// Nothing was tried, because of what happened before.
    NotTried,
}

/// What became of one group of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupOutcome {
    /// Its number, where it has one.
    pub exten: Option<String>,
    /// Its name.
    pub display_name: String,
    /// How it ended.
    pub ending: Ending,
    /// More of it, for a person.
    pub detail: Option<String>,
    /// The number of its write in `sync.action`.
    pub action: Option<i64>,
}

impl GroupOutcome {
    fn of(planned: &GroupPlan, ending: Ending, detail: Option<String>) -> GroupOutcome {
        let (exten, display_name) = (planned.exten.clone(), planned.display_name.clone());
        GroupOutcome { exten, display_name, ending, detail, action: None }
    }

    fn by(mut self, action: i64) -> GroupOutcome {
        self.action = Some(action);
        self
    }
}

/// What is told while groups are dealt with.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The answer to an earlier write about this group was lost: it is looked for, at most until then.
    Awaiting(&'a GroupPlan, DateTime<Utc>),
    /// This group is done with.
    Ended(&'a GroupOutcome),
}

impl RosterService<'_> {
    /// Does what was planned, group by group. `told` hears how it goes.
    ///
    /// A group that the vendor shows otherwise than when it was looked at is left alone, unless it is as wanted by
    /// now. The last look is as close to the write as can be; the vendor takes no condition with a write. After a refusal that concerns every write the rest is not tried.
    ///
    /// # Errors
    /// Database faults, and a vendor that cannot be read. Applying again goes on where it stopped.
    pub async fn apply(
        &self,
        plan: &RosterPlan,
        mut on_progress: impl FnMut(Progress<'_>),
    ) -> Result<Vec<GroupOutcome>, Fault> {
        let mut outcomes: Vec<GroupOutcome> = Vec::new();
        let mut hopeless = None;
        for planned in &plan.groups {
            let outcome = match &hopeless {
                Some(why) if planned.writes() => {
                    GroupOutcome::of(planned, Ending::NotTried, Some(String::clone(why)))
                }
                _ => self.settle(planned, &mut hopeless, &mut on_progress).await?,
            };
            on_progress(Progress::Ended(&outcome));
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn settle(
        &self,
        planned: &GroupPlan,
        hopeless: &mut Option<String>,
        on_progress: &mut impl FnMut(Progress<'_>),
    ) -> Result<GroupOutcome, Fault> {
        if let Step::Impossible(why) | Step::Moved(why) = &planned.step {
            return Ok(GroupOutcome::of(planned, Ending::Stopped, Some(why.clone())));
        }
        let waited = self.settle_unknown(planned, on_progress).await?;
        if planned.step == Step::Keep && !waited {
            return Ok(GroupOutcome::of(planned, Ending::AsWanted, None));
        }
        let actor = match (&planned.step, &planned.exten) {
            (Step::Add(new), _) => Some(self.writer.add_queue(new)),
            (Step::Assign, Some(exten)) => Some(self.writer.assign_members(exten, &planned.wanted)),
            _ => None,
        };
        // The limit is waited for before the last look, so that nothing but the log lies between look and write.
        if let Some(actor) = &actor {
            self.service.moment(actor.budget()).await?;
        }
        let present = self.present(planned).await?;
        failpoint(Failpoint::RosterObserved).await?;
        let actor = match (last_look(planned, &present), actor) {
            (None, Some(actor)) => actor,
            (None, None) => return Ok(GroupOutcome::of(planned, Ending::Stopped, None)),
            (Some(outcome), _) => return Ok(outcome),
        };
        let done = self.service.perform_at_once(actor).await?;
        let outcome = self.confirmed(planned, &done).await?;
        failpoint(Failpoint::RosterConfirmed).await?;
        if matches!(done.settlement.state, ActionState::Failed)
            || matches!(done.kind, Some(FaultKind::CredentialsRefused | FaultKind::RateLimited))
        {
            *hopeless = Some(format!("action {} was {}", done.id, done.settlement.state));
        }
        Ok(outcome)
    }

    /// The group, or those that it may be, as they are now.
    async fn present(&self, planned: &GroupPlan) -> Result<Vec<Group>, Fault> {
        match &planned.exten {
            Some(exten) => Ok(self.group(exten).await?.into_iter().collect()),
            // The vendor's filter by name is not described well enough to rest a write on.
            None => {
                let mut all = self.groups().await?;
                all.retain(|group| group.display_name == planned.display_name);
                Ok(all)
            }
        }
    }

    /// Looks until the group is seen as wanted, or there is no hope left.
    ///
    /// # Errors
    /// Database faults, and a vendor that cannot be read.
    pub async fn confirmed(&self, planned: &GroupPlan, done: &Performed) -> Result<GroupOutcome, Fault> {
        let state = done.settlement.state;
        let message = done.settlement.message.clone();
        if !matches!(state, ActionState::Answered | ActionState::Unknown) {
            return Ok(GroupOutcome::of(planned, Ending::Refused, message).by(done.id));
        }
        let until = self.now() + self.settle;
        let mut looks = 0;
        let seen = loop {
            let seen = match &done.settlement.result {
                // A new group is known by the number that the vendor gave it, if it did.
                Some(exten) => self.group(exten).await?,
                // Of several of its name it is the one that is as it was sent.
                None => {
                    let present = self.present(planned).await?;
                    present.into_iter().max_by_key(|group| group.members == planned.wanted)
                }
            };
            looks += 1;
            let as_wanted = seen.as_ref().is_some_and(|group| group.members == planned.wanted);
            let hopeless = match state {
                ActionState::Answered => LOOKS_MAX <= looks,
                _ => until <= self.now(),
            };
            if as_wanted || hopeless {
                break seen;
            }
            self.service.app.overrides.clock.sleep(LOOK_AGAIN).await;
        };
        let exten = seen.as_ref().map(|group| group.exten.clone()).or_else(|| planned.exten.clone());
        let as_wanted = seen.as_ref().is_some_and(|group| group.members == planned.wanted);
        if state == ActionState::Unknown {
            self.service.log.observe(done.id, as_wanted, self.now()).await?;
        }
        let (ending, detail) = match (as_wanted, state) {
            (true, _) => (Ending::Changed, None),
            (false, ActionState::Answered) => (Ending::Different, Some(difference(planned, seen.as_ref()))),
            (false, _) => (Ending::Unknown, message),
        };
        Ok(GroupOutcome { exten, ..GroupOutcome::of(planned, ending, detail).by(done.id) })
    }

    /// Settles earlier writes about this group whose answer was lost, by looking until they show or could
    /// not show any more. Answers whether there was any.
    async fn settle_unknown(
        &self,
        planned: &GroupPlan,
        on_progress: &mut impl FnMut(Progress<'_>),
    ) -> Result<bool, Fault> {
        let mut unknown = self.unknown(ActionCommand::MoorQueueAdd, &planned.display_name).await?;
        if let Some(exten) = &planned.exten {
            unknown.extend(self.unknown(ActionCommand::MoorQueueAssign, exten).await?);
        }
        let any = !unknown.is_empty();
        while !unknown.is_empty() {
            let present = self.present(planned).await?;
            let mut left = Vec::new();
            for action in unknown {
                let wanted = requested(&action);
                let done = present.iter().any(|group| recorded(&group.members) == wanted);
                let over = action.sent_at.is_none_or(|sent| sent + self.settle <= self.now());
                if done || over {
                    self.service.log.observe(action.id, done, self.now()).await?;
                } else {
                    left.push(action);
                }
            }
            unknown = left;
            if let Some(sent) = unknown.iter().filter_map(|action| action.sent_at).max() {
                on_progress(Progress::Awaiting(planned, sent + self.settle));
                self.service.app.overrides.clock.sleep(LOOK_AGAIN).await;
            }
        }
        Ok(any)
    }
}

/// How a group ends of which nothing is sent any more, by what is seen just before the write.
fn last_look(planned: &GroupPlan, present: &[Group]) -> Option<GroupOutcome> {
    let stopped = |why: &str| Some(GroupOutcome::of(planned, Ending::Stopped, Some(why.to_owned())));
    match (&planned.step, present) {
        (_, [group]) if group.members == planned.wanted => Some(GroupOutcome {
            exten: Some(group.exten.clone()),
            ..GroupOutcome::of(planned, Ending::AsWanted, None)
        }),
        (Step::Assign, [group]) if is_as_looked_at(planned, group) => None,
        (Step::Assign | Step::Keep, [group]) => stopped(&moved(planned, group)),
        (Step::Assign | Step::Keep, _) => stopped("the vendor has it no longer"),
        (_, []) => None,
        (_, _) => stopped("a group of this name, with other members, appeared meanwhile"),
    }
}

/// Members as the log has them.
fn recorded(members: &[Member]) -> Vec<Member> {
    let member =
        |member: &Member| Member { agent_number: target(&member.agent_number), priority: member.priority };
    let mut members: Vec<Member> = members.iter().map(member).collect();
    members.sort();
    members
}

/// The members that a recorded write asked for, in the order of their numbers.
fn requested(action: &ActionRecord) -> Vec<Member> {
    let member = |json: &Json| {
        let priority = json.get("priority")?.as_i64()?;
        Some(Member { agent_number: json.get("agentNumber")?.as_str()?.to_owned(), priority })
    };
    let list = action.request.get("assignMembers").and_then(Json::as_array);
    let mut members: Vec<Member> = list.into_iter().flatten().filter_map(member).collect();
    members.sort();
    members
}

fn difference(planned: &GroupPlan, seen: Option<&Group>) -> String {
    let Some(group) = seen else { return "the vendor does not show the group".to_owned() };
    let lacks = planned.wanted.iter().filter(|member| !group.members.contains(member));
    let lacks: Vec<&str> = lacks.map(|member| member.agent_number.as_str()).collect();
    match lacks.as_slice() {
        [] => "the vendor shows more members than were sent".to_owned(),
        lacks => format!("the vendor did not take {}: do these agents exist?", lacks.join(", ")),
    }
}
