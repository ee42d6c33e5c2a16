//! A plan as it is read, and what became of it.

use ccsync::app::{Ending, GroupOutcome};
use ccsync::domain::row::text::one_line;
use ccsync::domain::vendor::roster_plan::{GroupPlan, MemberChange, RosterPlan, Step};

/// How a group is called: by its number, or by its name where it has none yet.
pub(super) fn title(group: &GroupPlan) -> &str {
    group.exten.as_deref().unwrap_or(&group.display_name)
}

/// The plan like a diff, one block a group that is not as wanted, and a line of counts.
pub(super) fn diff(plan: &RosterPlan) -> String {
    let mut lines: Vec<String> = plan.groups.iter().flat_map(block).collect();
    if !plan.in_no_group.is_empty() {
        lines.push(format!("! {}", in_no_group(&plan.in_no_group)));
    }
    let count = |is: fn(&Step) -> bool| plan.groups.iter().filter(|group| is(&group.step)).count();
    let moved = match count(|step| matches!(step, Step::Moved(_))) {
        0 => String::new(),
        count => format!("{count} moved since, "),
    };
    lines.push(format!(
        "{}: {} to make, {} to change, {} as wanted, {moved}{} impossible; {} other groups are left alone",
        plan.source,
        count(|step| matches!(step, Step::Add(_))),
        count(|step| matches!(step, Step::Assign)),
        count(|step| matches!(step, Step::Keep)),
        count(|step| matches!(step, Step::Impossible(_))),
        plan.others
    ));
    lines.join("\n")
}

/// That agents may not exist.
pub(in crate::cli::write) fn in_no_group(agents: &[String]) -> String {
    format!(
        "in no skill group at the vendor now: {}; 7moor skips agents that do not exist",
        agents.join(", ")
    )
}

fn block(group: &GroupPlan) -> Vec<String> {
    let name = one_line(&group.display_name);
    let heading = match (&group.step, &group.exten) {
        (Step::Keep, _) if group.unchangeable.is_empty() => return Vec::new(),
        (Step::Keep, Some(exten)) => format!("= {exten} {name}"),
        (Step::Impossible(_) | Step::Moved(_), Some(exten)) => format!("! {exten} {name}"),
        (Step::Impossible(_) | Step::Moved(_), None) => format!("! {name}"),
        (Step::Add(new), _) => {
            let memory = new.memory.map(|time| format!(", memory {time} min")).unwrap_or_default();
            format!("+ {name} (new; {}{memory})", new.assign_rule.as_str())
        }
        (_, exten) => format!("~ {} {name}", exten.as_deref().unwrap_or_default()),
    };
    let mut lines = vec![heading.trim_end().to_owned()];
    lines.extend(group.changes.iter().map(member_line));
    if let Step::Impossible(why) | Step::Moved(why) = &group.step {
        lines.push(format!("    ! {why}"));
    }
    if group.step == Step::Assign && group.moved_since_export == Some(true) {
        lines.push("    ! it changed at the vendor since the export".to_owned());
    }
    if group.empties {
        lines.push("    ! no member is left: needs --allow-empty".to_owned());
    }
    let cannot = |what: &String| format!("    ! {}; the API cannot change it", one_line(what));
    lines.extend(group.unchangeable.iter().map(cannot));
    lines
}

fn member_line(change: &MemberChange) -> String {
    match change {
        MemberChange::Add(member) => format!("    + {} priority {}", member.agent_number, member.priority),
        MemberChange::Remove(member) => format!("    - {} priority {}", member.agent_number, member.priority),
        MemberChange::Priority { agent_number, from, to } => {
            format!("    ~ {agent_number} priority {from} -> {to}")
        }
    }
}

/// What became of one group.
pub(super) fn line(outcome: &GroupOutcome) -> String {
    let ending = match outcome.ending {
        Ending::AsWanted => "as wanted, nothing sent",
        Ending::Changed => "changed, and seen so",
        Ending::Stopped => "left alone",
        Ending::Refused => "not done",
        Ending::Different => "sent, and seen otherwise",
        Ending::Unknown => "unknown whether it was done",
        Ending::NotTried => "not tried",
    };
    let action = outcome.action.map(|id| format!(" (action {id})")).unwrap_or_default();
    let detail = outcome.detail.as_ref().map(|detail| format!(": {}", one_line(detail))).unwrap_or_default();
    let exten = outcome.exten.as_deref().unwrap_or("(new)");
    let name = format!("{exten} {}", one_line(&outcome.display_name));
    format!("{}: {ending}{action}{detail}", name.trim_end())
}
