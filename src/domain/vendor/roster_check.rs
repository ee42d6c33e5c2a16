//! What the lines of an edited roster contradict at the vendor. A spreadsheet takes leading zeros away and rounds long
//! numbers; a line whose number is wrong would take its member out of the group that was meant.

use std::collections::BTreeSet;

use crate::domain::person::privacy::Privacy;
use crate::domain::vendor::roster::Group;
use crate::domain::vendor::roster_plan::WantedGroup;

/// A line of a file that has one line a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RosterLine {
    /// Its number, from 1.
    pub number: u64,
    /// The group's number, where the line has one.
    pub exten: Option<String>,
    /// The agent's number, likewise.
    pub agent_number: Option<String>,
    /// The agent's name, likewise.
    pub agent_name: Option<String>,
}

/// Every line of the file that cannot mean what it says, for people: without names of agents. `privacy` is that under
/// which names were exported.
pub fn contradictions(lines: &[RosterLine], vendor: &[Group], privacy: &Privacy) -> Vec<String> {
    let mut found = Vec::new();
    let mut missing = BTreeSet::new();
    for line in lines {
        let number = line.number;
        if let Some(exten) = &line.exten
            && vendor.iter().all(|group| group.exten != *exten)
            && missing.insert(exten)
        {
            let why = match with_zeros(exten, vendor.iter().map(|group| &group.exten)) {
                Some(meant) => format!("the vendor has {meant}: the zeros in front were lost"),
                None => "correct the number, or take all lines of that group out of the file".to_owned(),
            };
            found.push(format!("line {number}: the vendor has no group {exten}; {why}"));
        }
        if let (Some(agent), Some(name)) = (&line.agent_number, &line.agent_name)
            && is_named_otherwise(agent, name, vendor, privacy)
        {
            found.push(format!(
                "line {number}: agent {agent} has another name at the vendor than in agent_name; correct the number, or \
                 leave agent_name empty"
            ));
        }
    }
    found
}

/// Every number of an agent that seems to have lost the zeros in front of it: `81` where the group has `0081`, or where
/// only `0081` is known.
pub fn lost_zeros(wanted: &[WantedGroup], vendor: &[Group]) -> Vec<String> {
    let known: BTreeSet<&String> =
        vendor.iter().flat_map(|group| &group.members).map(|member| &member.agent_number).collect();
    let mut found = Vec::new();
    for group in wanted {
        let now = vendor.iter().find(|now| Some(&now.exten) == group.exten.as_ref());
        let members: BTreeSet<&String> =
            now.into_iter().flat_map(|now| &now.members).map(|member| &member.agent_number).collect();
        let listed: BTreeSet<&String> = group.members.iter().map(|member| &member.agent_number).collect();
        for number in &listed {
            let replaced = members.iter().copied().filter(|member| !listed.contains(member));
            let meant = match members.contains(number) {
                true => None,
                false => with_zeros(number, replaced),
            };
            let meant = meant.or_else(|| match known.contains(number) {
                true => None,
                false => with_zeros(number, known.iter().copied()),
            });
            if let Some(meant) = meant {
                let title = group.exten.as_deref().or(group.display_name.as_deref()).unwrap_or_default();
                found.push(format!(
                    "group {title}: agent {number} seems to be {meant}, whose zeros in front a spreadsheet took away; write \
                     {meant}, or add --unchecked-members if {number} is meant"
                ));
            }
        }
    }
    found
}

/// The one of these that is the number with zeros in front.
fn with_zeros<'n>(number: &str, mut known: impl Iterator<Item = &'n String>) -> Option<&'n String> {
    known.find(|known| {
        let rest = known.trim_start_matches('0');
        known.len() != number.len() && (rest == number || rest.is_empty() && number == "0")
    })
}

/// Whether the vendor shows this agent, and nowhere under this name.
fn is_named_otherwise(agent: &str, name: &str, vendor: &[Group], privacy: &Privacy) -> bool {
    let names = vendor.iter().flat_map(|group| {
        let pairs = group.members.iter().zip(&group.member_names);
        pairs.filter(|(member, _)| member.agent_number == agent).map(|(_, name)| name)
    });
    let mut names = names.peekable();
    names.peek().is_some()
        && !names.any(|known| {
            let exported = privacy.field("agent_name", known.into()).unwrap_or_default();
            [known.as_str(), &exported].into_iter().any(|known| is_same_name(name, known))
        })
}

/// Whether a file's name is the vendor's. A spreadsheet writes a question mark for letters that its encoding lacks.
fn is_same_name(name: &str, known: &str) -> bool {
    let known: String = known.split_whitespace().collect();
    let mut parts = name.split('?').map(|part| part.split_whitespace().collect::<String>());
    let Some(first) = parts.next() else { return false };
    let Some(mut rest) = known.strip_prefix(&first) else { return false };
    let mut is_open = false;
    for part in parts {
        is_open = part.is_empty();
        match rest.find(&part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    is_open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(exten: &str, members: &[(&str, &str)]) -> Group {
        Group {
            exten: exten.into(),
            display_name: String::new(),
            assign_rule: "random".into(),
            is_memory: false,
            memory_time: None,
            members: members.iter().map(|(number, _)| number.parse().unwrap()).collect(),
            member_names: members.iter().map(|(_, name)| (*name).to_owned()).collect(),
        }
    }

    fn line(exten: &str, agent: &str, name: &str) -> RosterLine {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        RosterLine { number: 2, exten: text(exten), agent_number: text(agent), agent_name: text(name) }
    }

    #[test]
    fn a_name_that_the_vendor_gives_to_another_number_is_refused_and_is_not_repeated() {
        let vendor = [group("1", &[("8000", "张三"), ("8001", "小花🌸15711356914")])];
        let wrong =
            |agent: &str, name: &str| contradictions(&[line("1", agent, name)], &vendor, &Privacy::default());
        for (agent, name) in [
            ("8000", "张三"),
            ("8000", ""),
            ("8001", "小花🌸15711356914"),
            ("8001", "小花🌸157****6914"),
            ("8001", "小花??157****6914"),
            ("9999", "李四"),
        ] {
            assert_eq!(wrong(agent, name), Vec::<String>::new(), "{agent} {name}");
        }
        for (agent, name) in
            [("8000", "李四"), ("8001", "张三"), ("8001", "大花??157****6914"), ("8000", "张?四")]
        {
            let [told] = wrong(agent, name).try_into().unwrap();
            assert!(told.starts_with(&format!("line 2: agent {agent} has another name")), "{told}");
            assert!(!told.contains(name) && !told.contains("张三"), "{told}");
        }
    }

    #[test]
    fn a_line_of_a_group_that_the_vendor_does_not_have_is_refused_with_the_number_that_may_be_meant() {
        let vendor = [group("0081", &[]), group("10018501", &[])];
        let told = |exten: &str| contradictions(&[line(exten, "8000", "")], &vendor, &Privacy::default());
        assert_eq!(told("10018501"), Vec::<String>::new());
        assert_eq!(
            told("81"),
            ["line 2: the vendor has no group 81; the vendor has 0081: the zeros in front were lost"]
        );
        assert!(told("10018510")[0].contains("the vendor has no group 10018510; correct the number"));
        // Once a group, however many lines it has.
        let twice = [line("7", "8000", ""), line("7", "8001", "")];
        assert_eq!(contradictions(&twice, &vendor, &Privacy::default()).len(), 1);
    }

    #[test]
    fn a_number_that_lost_its_zeros_is_refused_even_where_another_agent_has_it() {
        let vendor = [group("1", &[("0081", "")]), group("2", &[("81", ""), ("0099", "")])];
        let told = |exten: &str, agents: &[&str]| {
            let members = agents.iter().map(|number| number.parse().unwrap()).collect();
            let wanted = WantedGroup { exten: Some(exten.into()), members, ..WantedGroup::default() };
            lost_zeros(&[wanted], &vendor).len()
        };
        assert_eq!(told("1", &["0081"]), 0);
        assert_eq!(told("1", &["81"]), 1, "0081 would leave for 81");
        assert_eq!(told("1", &["0081", "81"]), 0);
        assert_eq!(told("1", &["0081", "99"]), 1, "nobody has 99");
        assert_eq!(told("2", &["81", "0099"]), 0);
        assert_eq!(told("2", &["81", "12"]), 0);
    }
}
