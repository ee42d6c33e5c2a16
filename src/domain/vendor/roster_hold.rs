//! Holding a plan to what was looked at: a group that moved since is left alone.

use std::collections::BTreeSet;

use crate::domain::vendor::roster::Group;
use crate::domain::vendor::roster_fingerprint::Fingerprint;
use crate::domain::vendor::roster_plan::{GroupPlan, MemberChange, RosterPlan, Step, changes, in_no_group};

/// A plan that was made earlier, as far as it still holds: what is as wanted by now is kept, and what moved since is left
/// alone.
pub fn hold_to_plan(saved: RosterPlan, vendor: &[Group]) -> RosterPlan {
    let groups: Vec<GroupPlan> = saved.groups.into_iter().map(|group| hold(group, vendor)).collect();
    let touched: BTreeSet<&String> = groups.iter().filter_map(|group| group.exten.as_ref()).collect();
    let others = vendor.iter().filter(|group| !touched.contains(&group.exten)).count();
    let in_no_group = in_no_group(groups.iter().flat_map(|group| &group.wanted), vendor);
    RosterPlan { source: saved.source, groups, others, in_no_group }
}

fn hold(planned: GroupPlan, vendor: &[Group]) -> GroupPlan {
    if matches!(planned.step, Step::Impossible(_)) {
        return planned;
    }
    let found: Vec<&Group> = vendor
        .iter()
        .filter(|group| match &planned.exten {
            Some(exten) => group.exten == *exten,
            None => group.display_name == planned.display_name,
        })
        .collect();
    let step = match (found.as_slice(), &planned.step) {
        ([group], _) if group.members == planned.wanted => {
            let (exten, display_name) = (Some(group.exten.clone()), group.display_name.clone());
            let changes = Vec::new();
            return GroupPlan { exten, display_name, changes, empties: false, step: Step::Keep, ..planned };
        }
        ([group], Step::Assign) if is_as_looked_at(&planned, group) => return as_seen(planned, group),
        ([], Step::Add(_)) => return planned,
        ([group], Step::Keep | Step::Assign) => Step::Moved(moved(&planned, group)),
        ([], _) => Step::Moved("the vendor has it no longer".to_owned()),
        (_, _) => Step::Moved("a group of this name, with other members, appeared since the plan".to_owned()),
    };
    GroupPlan { step, changes: Vec::new(), empties: false, ..planned }
}

/// What is shown is what the vendor has, whatever became of the file's own record of it.
fn as_seen(planned: GroupPlan, group: &Group) -> GroupPlan {
    let changes = changes(&group.members, &planned.wanted);
    GroupPlan { empties: planned.wanted.is_empty(), changes, before: group.members.clone(), ..planned }
}

/// Whether the group is as it was when the plan was made.
pub fn is_as_looked_at(planned: &GroupPlan, group: &Group) -> bool {
    planned.fingerprint.as_ref() == Some(&Fingerprint::of(group))
}

/// How a group moved since it was looked at, for people.
pub fn moved(planned: &GroupPlan, group: &Group) -> String {
    let said = |change: MemberChange| match change {
        MemberChange::Add(member) => format!("{} joined", member.agent_number),
        MemberChange::Remove(member) => format!("{} left", member.agent_number),
        MemberChange::Priority { agent_number, .. } => format!("{agent_number} has another priority"),
    };
    let what: Vec<String> = changes(&planned.before, &group.members).into_iter().map(said).collect();
    let what = if what.is_empty() { "its name, rule or memory".to_owned() } else { what.join(", ") };
    format!("it changed at the vendor since it was looked at ({what}); make a new plan")
}

/// A plan for an exported file, as far as its groups are still as they were exported.
pub fn hold_to_export(plan: RosterPlan) -> RosterPlan {
    let hold = |group: GroupPlan| match (&group.step, group.moved_since_export) {
        (Step::Assign, Some(true) | None) => {
            let why = "it changed at the vendor since the export; export again, and edit that".to_owned();
            GroupPlan { step: Step::Moved(why), changes: Vec::new(), empties: false, ..group }
        }
        _ => group,
    };
    RosterPlan { groups: plan.groups.into_iter().map(hold).collect(), ..plan }
}

/// Groups to be changed of which the file does not say how they were.
pub fn without_fingerprint(plan: &RosterPlan) -> Vec<&GroupPlan> {
    let lacks = |group: &&GroupPlan| group.step == Step::Assign && group.moved_since_export.is_none();
    plan.groups.iter().filter(lacks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vendor::roster_plan::{WantedGroup, plan};

    fn group(exten: &str, list: &[&str]) -> Group {
        Group {
            exten: exten.into(),
            display_name: format!("group {exten}"),
            assign_rule: "random".into(),
            is_memory: false,
            memory_time: None,
            members: list.iter().map(|text| text.parse().unwrap()).collect(),
            member_names: vec![String::new(); list.len()],
        }
    }

    fn wanted(exten: &str, list: &[&str], exported: Option<&Group>) -> WantedGroup {
        WantedGroup {
            exten: Some(exten.into()),
            members: list.iter().map(|text| text.parse().unwrap()).collect(),
            fingerprint: exported.map(Fingerprint::of),
            ..WantedGroup::default()
        }
    }

    #[test]
    fn a_group_that_moved_since_the_plan_is_left_alone_and_it_is_said_how() {
        let looked_at = [group("1", &["8049"]), group("2", &["8000"]), group("3", &["8001"])];
        let file = [wanted("1", &["8000"], None), wanted("2", &["8000"], None), wanted("3", &["8002"], None)];
        let saved = plan("moor", &file, &looked_at);
        assert_eq!(hold_to_plan(saved.clone(), &looked_at), saved);
        // A colleague adds 8777 to two of them, one of which was as wanted; the third is made as wanted.
        let now = [group("1", &["8049", "8777"]), group("2", &["8000", "8777"]), group("3", &["8002"])];
        let steps: Vec<Step> =
            hold_to_plan(saved.clone(), &now).groups.into_iter().map(|group| group.step).collect();
        let joined =
            "it changed at the vendor since it was looked at (8777 joined); make a new plan".to_owned();
        assert_eq!(steps, [Step::Moved(joined.clone()), Step::Moved(joined), Step::Keep]);
        // Whoever edits what was there before hides nobody.
        let mut edited = saved.clone();
        (edited.groups[0].before, edited.groups[0].changes) = (Vec::new(), Vec::new());
        assert_eq!(hold_to_plan(edited, &looked_at), saved);
        let renamed = Group { display_name: "other".into(), ..group("1", &["8049"]) };
        let held = hold_to_plan(saved, &[renamed]);
        assert!(matches!(&held.groups[0].step, Step::Moved(why) if why.contains("name, rule or memory")));
        assert!(matches!(&held.groups[1].step, Step::Moved(why) if why.contains("no longer")));
    }

    #[test]
    fn a_group_that_moved_since_the_export_or_has_no_fingerprint_is_left_alone() {
        let (one, two, three) = (group("1", &["8000"]), group("2", &["8000"]), group("3", &["8000"]));
        let file = [
            wanted("1", &["8001"], Some(&one)),
            wanted("2", &["8001"], Some(&two)),
            wanted("3", &["8001"], None),
        ];
        let now = [one.clone(), group("2", &["8000", "8777"]), three];
        let planned = plan("moor", &file, &now);
        let lacking: Vec<_> =
            without_fingerprint(&planned).iter().map(|group| group.exten.clone().unwrap()).collect();
        assert_eq!(lacking, ["3"]);
        let held = hold_to_export(planned);
        assert_eq!(held.groups[0].step, Step::Assign);
        assert!(
            held.groups[1..]
                .iter()
                .all(|group| matches!(group.step, Step::Moved(_)) && group.changes.is_empty())
        );
    }
}
