//! A plan as a file: what was looked at, and what is wanted. JSON; of people, agents' numbers alone.

use serde::{Deserialize, Serialize};

use ccsync::domain::vendor::action::target;
use ccsync::domain::vendor::roster::{Member, MemoryTime, NewGroup, check_members, display_name};
use ccsync::domain::vendor::roster_plan::{GroupPlan, RosterPlan, Step, changes, sorted};

/// The form of the file. Another form gets another number.
const VERSION: u32 = 1;

/// A plan, and how it was made.
#[derive(Debug)]
pub(super) struct SavedPlan {
    pub plan: RosterPlan,
    /// Whether members whom nothing knows were accepted.
    pub unchecked_members: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    ccsync_roster_plan: u32,
    source: String,
    unchecked_members: bool,
    groups: Vec<SavedGroup>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedGroup {
    exten: Option<String>,
    display_name: String,
    step: SavedStep,
    fingerprint: Option<String>,
    before: Vec<String>,
    wanted: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum SavedStep {
    Keep,
    Assign,
    Add { assign_rule: String, memory_time: Option<u32> },
    Impossible { why: String },
}

/// Whether a text is meant to be such a file. No roster begins like one.
pub(super) fn is_plan(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

pub(super) fn write(plan: &RosterPlan, unchecked_members: bool) -> Result<String, serde_json::Error> {
    let group = |group: &GroupPlan| {
        let is_new = group.exten.is_none();
        SavedGroup {
            exten: group.exten.clone(),
            // A new group's name is what is wanted; another's is only shown.
            display_name: if is_new { group.display_name.clone() } else { target(&group.display_name) },
            step: match &group.step {
                Step::Keep => SavedStep::Keep,
                Step::Assign => SavedStep::Assign,
                Step::Add(new) => SavedStep::Add {
                    assign_rule: new.assign_rule.as_str().to_owned(),
                    memory_time: new.memory.map(MemoryTime::minutes),
                },
                Step::Impossible(why) | Step::Moved(why) => SavedStep::Impossible { why: why.clone() },
            },
            fingerprint: group.fingerprint.as_ref().map(|mark| mark.as_str().to_owned()),
            before: group.before.iter().map(Member::to_string).collect(),
            wanted: group.wanted.iter().map(Member::to_string).collect(),
        }
    };
    let document = Document {
        ccsync_roster_plan: VERSION,
        source: plan.source.clone(),
        unchecked_members,
        groups: plan.groups.iter().map(group).collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// # Errors
/// Why it is no plan that this version can carry out.
pub(super) fn read(text: &str) -> Result<SavedPlan, String> {
    let document: Document =
        serde_json::from_str(text).map_err(|error| format!("it is no saved plan: {error}"))?;
    if document.ccsync_roster_plan != VERSION {
        return Err(format!(
            "it is a plan of form {}, this version carries out form {VERSION}; make a new plan",
            document.ccsync_roster_plan
        ));
    }
    if document.groups.is_empty() {
        return Err("it holds no group".to_owned());
    }
    let groups = document.groups.into_iter().map(|group| {
        let title = group.exten.clone().unwrap_or_else(|| group.display_name.clone());
        group_plan(group).map_err(|why| format!("group {title}: {why}"))
    });
    let groups = groups.collect::<Result<_, String>>()?;
    let plan = RosterPlan { source: document.source, groups, others: 0, in_no_group: Vec::new() };
    Ok(SavedPlan { plan, unchecked_members: document.unchecked_members })
}

fn group_plan(group: SavedGroup) -> Result<GroupPlan, String> {
    let members = |texts: &[String]| -> Result<Vec<Member>, String> {
        Ok(sorted(&texts.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>()?))
    };
    let (before, wanted) = (members(&group.before)?, members(&group.wanted)?);
    check_members(&wanted, true)?;
    let fingerprint = group.fingerprint.as_deref().map(str::parse).transpose()?;
    let step = match group.step {
        SavedStep::Keep => Step::Keep,
        SavedStep::Assign => Step::Assign,
        SavedStep::Add { assign_rule, memory_time } => Step::Add(NewGroup {
            display_name: display_name(&group.display_name)?,
            assign_rule: assign_rule.parse()?,
            memory: memory_time.map(|minutes| minutes.to_string().parse()).transpose()?,
            members: wanted.clone(),
        }),
        SavedStep::Impossible { why } => Step::Impossible(why),
    };
    if matches!(step, Step::Keep | Step::Assign) && (fingerprint.is_none() || group.exten.is_none()) {
        return Err("it lacks exten or fingerprint".to_owned());
    }
    if matches!(step, Step::Add(_)) && group.exten.is_some() {
        return Err("a group to be made has no exten yet".to_owned());
    }
    let writes = matches!(step, Step::Assign | Step::Add(_));
    let changes = if writes { changes(&before, &wanted) } else { Vec::new() };
    Ok(GroupPlan {
        exten: group.exten,
        display_name: group.display_name,
        empties: writes && wanted.is_empty(),
        step,
        changes,
        unchangeable: Vec::new(),
        fingerprint,
        moved_since_export: None,
        before,
        wanted,
    })
}

#[cfg(test)]
mod tests {
    use ccsync::domain::vendor::roster::Group;
    use ccsync::domain::vendor::roster_plan::{WantedGroup, plan};

    use super::*;

    #[test]
    fn a_plan_comes_back_from_its_file_and_holds_no_telephone_number() {
        let members = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect::<Vec<Member>>();
        let vendor = |exten: &str, name: &str| Group {
            exten: exten.into(),
            display_name: name.into(),
            assign_rule: "least".into(),
            is_memory: false,
            memory_time: None,
            members: members(&["8000", "8001:3"]),
            member_names: vec!["张三".into(), "李四".into()],
        };
        let groups = [vendor("1", "15711356914专线"), vendor("2", "b")];
        let numbered = |exten: &str, list: &[&str]| WantedGroup {
            exten: Some(exten.into()),
            members: members(list),
            ..WantedGroup::default()
        };
        let new = WantedGroup {
            display_name: Some("夜班".into()),
            is_memory: Some(true),
            memory_time: Some("1440".into()),
            ..WantedGroup::default()
        };
        let wanted =
            [numbered("1", &["8002"]), numbered("2", &["8001:3", "8000"]), new, numbered("3", &["8000"])];
        let mut made = plan("moor", &wanted, &groups);
        let text = write(&made, true).unwrap();
        assert!(is_plan(&text));
        for private in ["15711356914", "张三"] {
            assert!(!text.contains(private), "{private}: {text}");
        }
        let read = read(&text).unwrap();
        made.groups[0].display_name = "157****6914专线".into();
        (made.others, made.in_no_group) = (0, Vec::new());
        assert_eq!(read.plan, made);
        assert!(read.unchecked_members);
    }

    #[test]
    fn what_is_no_plan_of_this_form_is_refused() {
        for (text, part) in [
            ("{}", "no saved plan"),
            (
                r#"{"ccsync_roster_plan": 2, "source": "m", "unchecked_members": false, "groups": []}"#,
                "form 2",
            ),
            (
                r#"{"ccsync_roster_plan": 1, "source": "m", "unchecked_members": false, "groups": [
                    {"exten": "1", "display_name": "a", "step": "assign", "fingerprint": null, "before": [], "wanted": []}]}"#,
                "group 1: it lacks exten or fingerprint",
            ),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(part), "{told}");
        }
    }
}
