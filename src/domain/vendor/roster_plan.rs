//! From the skill groups of a file and those of the vendor to what has to be done.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::domain::vendor::roster::{AssignRule, Group, Member, MemoryTime, NewGroup, check_members};
use crate::domain::vendor::roster_fingerprint::Fingerprint;

/// A skill group as a file wants it. What it does not say is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedGroup {
    /// Its number; without, it is known by its name, and made where there is none of it.
    pub exten: Option<String>,
    /// Its name.
    pub display_name: Option<String>,
    /// How chats are given out.
    pub assign_rule: Option<AssignRule>,
    /// Whether customers come back to the same agent.
    pub is_memory: Option<bool>,
    /// For how many minutes.
    pub memory_time: Option<String>,
    /// Its members.
    pub members: Vec<Member>,
    /// How it was when it was exported.
    pub fingerprint: Option<Fingerprint>,
}

impl WantedGroup {
    fn title(&self) -> &str {
        self.exten.as_deref().or(self.display_name.as_deref()).unwrap_or_default()
    }

    fn to_new(&self) -> Result<NewGroup, String> {
        let memory = MemoryTime::of(self.is_memory.unwrap_or(false), self.memory_time.as_deref())?;
        let display_name = self.display_name.clone().ok_or("a group to be made needs a display_name")?;
        let assign_rule = self.assign_rule.unwrap_or_default();
        Ok(NewGroup { display_name, assign_rule, memory, members: self.members.clone() })
    }
}

/// All mistakes that a file has in itself.
pub fn mistakes(groups: &[WantedGroup]) -> Vec<String> {
    let (mut extens, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut found = Vec::new();
    for group in groups {
        let title = group.title();
        match (&group.exten, &group.display_name) {
            (Some(exten), _) if !extens.insert(exten) => found.push(format!("group {exten} is there twice")),
            (None, Some(name)) if !names.insert(name) => found
                .push(format!("two groups without an exten are called {name}: they could not be told apart")),
            (None, None) => found.push("a group has neither exten nor display_name".to_owned()),
            _ => {}
        }
        let is_numbered =
            |other: &WantedGroup| other.exten.is_some() && other.display_name == group.display_name;
        if group.exten.is_none() && groups.iter().any(is_numbered) {
            found.push(format!(
                "group {title}: it is there with its number and without: write the number everywhere, or another name"
            ));
        }
        if group.exten.is_none() && group.fingerprint.is_some() {
            found.push(format!(
                "group {title}: it has a fingerprint, so that it was exported, and no exten: write its number again, or take \
                 the fingerprint out too"
            ));
        }
        if let Err(why) = check_members(&group.members, true) {
            found.push(format!("group {title}: {why}"));
        }
        if group.exten.is_none()
            && let Err(why) = group.to_new()
        {
            found.push(format!("group {title}: {why}"));
        }
    }
    found
}

/// What has to be done about one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Its members are as wanted.
    Keep,
    /// Other members.
    Assign,
    /// It is to be made.
    Add(NewGroup),
    /// The API has no way; says why.
    Impossible(String),
    /// It is another one than was looked at, so nothing of it is touched; says how.
    Moved(String),
}

/// A difference between the members at the vendor and in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberChange {
    /// Comes in.
    Add(Member),
    /// Goes out.
    Remove(Member),
    /// Gets another priority.
    Priority {
        /// Who.
        agent_number: String,
        /// At the vendor.
        from: i64,
        /// In the file.
        to: i64,
    },
}

/// One group of the file, held against the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupPlan {
    /// Its number; `None` for one to be made.
    pub exten: Option<String>,
    /// Its name, at the vendor or as it is to be.
    pub display_name: String,
    /// What has to be done.
    pub step: Step,
    /// What that changes.
    pub changes: Vec<MemberChange>,
    /// Differences that no call of the API can undo.
    pub unchangeable: Vec<String>,
    /// It would be left without a member, and is not so already.
    pub empties: bool,
    /// How it was when it was looked at; `None` for one to be made.
    pub fingerprint: Option<Fingerprint>,
    /// Whether it moved between the export and that look; `None` where the file does not say how it was.
    pub moved_since_export: Option<bool>,
    /// The vendor's members when it was looked at, in the order of their numbers.
    #[serde(skip)]
    pub before: Vec<Member>,
    /// The file's members, likewise.
    #[serde(skip)]
    pub wanted: Vec<Member>,
}

impl GroupPlan {
    /// Whether it takes a write.
    pub fn writes(&self) -> bool {
        matches!(self.step, Step::Assign | Step::Add(_))
    }
}

/// What has to be done about the groups of a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RosterPlan {
    /// The account.
    pub source: String,
    /// The groups of the file.
    pub groups: Vec<GroupPlan>,
    /// Groups of the vendor that are not in the file; they are left alone.
    pub others: usize,
    /// Agents of the file whom the vendor shows in no group now: they may not exist.
    pub in_no_group: Vec<String>,
}

/// Holds a file without [`mistakes`] against the vendor's groups.
pub fn plan(source: &str, wanted: &[WantedGroup], vendor: &[Group]) -> RosterPlan {
    let named: BTreeSet<&String> = wanted.iter().filter_map(|group| group.exten.as_ref()).collect();
    let mut touched = BTreeSet::new();
    let mut groups = Vec::new();
    for want in wanted {
        let mut found = vendor.iter().filter(|group| match &want.exten {
            Some(exten) => group.exten == *exten,
            None => Some(&group.display_name) == want.display_name.as_ref() && !named.contains(&group.exten),
        });
        // What the file says of that one under its number would hold, and this not.
        let numbered = vendor.iter().find(|group| Some(&group.display_name) == want.display_name.as_ref());
        let planned = match (found.next(), found.count(), &want.exten) {
            (Some(group), 0, _) => {
                touched.insert(&group.exten);
                existing(want, group)
            }
            (None, _, Some(exten)) => impossible(
                want,
                format!("the vendor has no group {exten}; a group cannot be made under a chosen number"),
            ),
            (None, _, None) => match (numbered, want.to_new()) {
                (Some(group), _) => impossible(
                    want,
                    format!(
                        "the vendor's group of this name is {}, which the file names by its number, too: say it once",
                        group.exten
                    ),
                ),
                (None, Ok(new)) => missing(want, new),
                (None, Err(why)) => impossible(want, why),
            },
            (Some(_), others, _) => impossible(
                want,
                format!(
                    "the vendor has {} groups of this name: write the exten of the one meant",
                    others + 1
                ),
            ),
        };
        groups.push(planned);
    }
    let in_no_group = in_no_group(wanted.iter().flat_map(|group| &group.members), vendor);
    RosterPlan { source: source.to_owned(), groups, others: vendor.len() - touched.len(), in_no_group }
}

/// What it takes to make a group, whatever others are called.
pub fn addition(new: &NewGroup) -> GroupPlan {
    missing(&WantedGroup { members: new.members.clone(), ..WantedGroup::default() }, new.clone())
}

/// Those of the members whom the vendor shows in no group.
pub fn in_no_group<'m>(members: impl Iterator<Item = &'m Member>, vendor: &[Group]) -> Vec<String> {
    let seen: BTreeSet<&String> =
        vendor.iter().flat_map(|group| &group.members).map(|member| &member.agent_number).collect();
    let unseen: BTreeSet<&String> =
        members.map(|member| &member.agent_number).filter(|number| !seen.contains(number)).collect();
    unseen.into_iter().cloned().collect()
}

fn existing(want: &WantedGroup, group: &Group) -> GroupPlan {
    let wanted = sorted(&want.members);
    let changes = changes(&group.members, &wanted);
    let fingerprint = Fingerprint::of(group);
    GroupPlan {
        moved_since_export: want.fingerprint.as_ref().map(|exported| *exported != fingerprint),
        fingerprint: Some(fingerprint),
        exten: Some(group.exten.clone()),
        display_name: group.display_name.clone(),
        step: if changes.is_empty() { Step::Keep } else { Step::Assign },
        unchangeable: unchangeable(want, group),
        empties: wanted.is_empty() && !changes.is_empty(),
        changes,
        before: group.members.clone(),
        wanted,
    }
}

fn missing(want: &WantedGroup, new: NewGroup) -> GroupPlan {
    let wanted = sorted(&want.members);
    GroupPlan {
        exten: None,
        display_name: new.display_name.clone(),
        step: Step::Add(new),
        changes: changes(&[], &wanted),
        unchangeable: Vec::new(),
        empties: wanted.is_empty(),
        fingerprint: None,
        moved_since_export: None,
        before: Vec::new(),
        wanted,
    }
}

fn impossible(want: &WantedGroup, why: String) -> GroupPlan {
    GroupPlan {
        exten: want.exten.clone(),
        display_name: want.display_name.clone().unwrap_or_default(),
        step: Step::Impossible(why),
        changes: Vec::new(),
        unchangeable: Vec::new(),
        empties: false,
        fingerprint: None,
        moved_since_export: None,
        before: Vec::new(),
        wanted: sorted(&want.members),
    }
}

/// In the order of their numbers.
pub fn sorted(members: &[Member]) -> Vec<Member> {
    let mut members = members.to_vec();
    members.sort();
    members
}

/// From the members of before to those wanted: first who leaves, then who comes or changes.
pub fn changes(before: &[Member], wanted: &[Member]) -> Vec<MemberChange> {
    let of = |list: &[Member], number: &str| {
        list.iter().find(|member| member.agent_number == number).map(|member| member.priority)
    };
    let gone = before.iter().filter(|member| of(wanted, &member.agent_number).is_none());
    let mut changes: Vec<MemberChange> = gone.cloned().map(MemberChange::Remove).collect();
    for member in wanted {
        match of(before, &member.agent_number) {
            None => changes.push(MemberChange::Add(member.clone())),
            Some(priority) if priority == member.priority => {}
            Some(from) => {
                let agent_number = member.agent_number.clone();
                changes.push(MemberChange::Priority { agent_number, from, to: member.priority });
            }
        }
    }
    changes
}

fn unchangeable(want: &WantedGroup, group: &Group) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |name: &str, wanted: Option<String>, has: String| {
        if let Some(wanted) = wanted.filter(|wanted| *wanted != has) {
            found.push(format!("{name} is {has:?} at the vendor and {wanted:?} in the file"));
        }
    };
    compare("display_name", want.display_name.clone(), group.display_name.clone());
    compare("assign_rule", want.assign_rule.map(|rule| rule.as_str().to_owned()), group.assign_rule.clone());
    compare("is_memory", want.is_memory.map(|on| on.to_string()), group.is_memory.to_string());
    let minutes = group.memory_time.filter(|_| group.is_memory).map(|minutes| minutes.to_string());
    compare("memory_time", want.memory_time.clone(), minutes.unwrap_or_default());
    found
}

#[cfg(test)]
mod tests;
