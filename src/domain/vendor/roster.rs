//! Skill groups and their members, as a person writes them and as the vendor has them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::domain::row::record::{Row, Value};
use crate::domain::stream::moor_queue::{MOOR_QUEUE, MOOR_QUEUE_MEMBER};

/// How chats are given out within a group (`docs/vendors.md#7moor-writes`, assignRule).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignRule {
    /// By chance (随机); the vendor's default.
    #[default]
    Random,
    /// In turn (轮流).
    Queue,
    /// Whoever has least (最少).
    Least,
    /// By the members' priority (优先级).
    Priority,
}

impl AssignRule {
    const ALL: [AssignRule; 4] =
        [AssignRule::Random, AssignRule::Queue, AssignRule::Least, AssignRule::Priority];

    /// The vendor's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            AssignRule::Random => "random",
            AssignRule::Queue => "queue",
            AssignRule::Least => "least",
            AssignRule::Priority => "priority",
        }
    }
}

impl FromStr for AssignRule {
    type Err = String;

    fn from_str(text: &str) -> Result<AssignRule, String> {
        AssignRule::ALL.into_iter().find(|rule| rule.as_str() == text).ok_or_else(|| {
            "expects random, queue, least or priority; the vendor takes anything else for random".to_owned()
        })
    }
}

/// For how many minutes a customer comes back to the same agent: one of the four that the vendor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemoryTime(u32);

impl MemoryTime {
    /// Two hours, a day, a week, thirty days.
    pub const MINUTES: [u32; 4] = [120, 1_440, 10_080, 43_200];

    /// The minutes.
    pub const fn minutes(self) -> u32 {
        self.0
    }

    /// What a switch and a time say together. `None`: no memory.
    ///
    /// # Errors
    /// One of them without the other, and a time that is not one of the four.
    pub fn of(is_memory: bool, minutes: Option<&str>) -> Result<Option<MemoryTime>, String> {
        match (is_memory, minutes) {
            (false, None) => Ok(None),
            (true, Some(text)) => text.parse().map(Some),
            (true, None) => Err("memory is on and no memory time is given: one of 120, 1440, 10080, 43200 \
                                 (minutes) has to be; the vendor would take a default"
                .to_owned()),
            (false, Some(_)) => Err("a memory time is given and memory is off: the vendor would ignore it; \
                                     turn memory on or leave the time out"
                .to_owned()),
        }
    }
}

impl FromStr for MemoryTime {
    type Err = String;

    fn from_str(text: &str) -> Result<MemoryTime, String> {
        let minutes = text.parse().ok().filter(|minutes| MemoryTime::MINUTES.contains(minutes));
        minutes.map(MemoryTime).ok_or_else(|| {
            format!(
                "the memory time {text:?} is none of 120, 1440, 10080, 43200 (minutes); the vendor would take a default"
            )
        })
    }
}

impl fmt::Display for MemoryTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Member {
    /// The agent's number.
    pub agent_number: String,
    /// Priority within the group; 0 where nothing is said. A person may only ask for 0 and more.
    pub priority: i64,
}

impl FromStr for Member {
    type Err = String;

    /// `8000` or `8000:2`.
    fn from_str(text: &str) -> Result<Member, String> {
        let (number, priority) = text.split_once(':').unwrap_or((text, "0"));
        Ok(Member { agent_number: identifier(number)?, priority: priority_of(priority)? })
    }
}

impl fmt::Display for Member {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.agent_number, self.priority)
    }
}

/// A priority.
///
/// # Errors
/// What is no whole number from 0 on.
pub fn priority_of(text: &str) -> Result<i64, String> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let priority = text.parse().ok().filter(|priority| plain && *priority <= i64::from(i32::MAX));
    priority.ok_or_else(|| format!("the priority {text:?} is not a whole number from 0 on"))
}

/// The number of an agent or a group, which the vendor treats as text.
///
/// # Errors
/// What is blank, or has blanks in it.
pub fn identifier(text: &str) -> Result<String, String> {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control();
    if text.is_empty() || text.contains(odd) {
        return Err(format!("{text:?} is no number of an agent or a group"));
    }
    Ok(text.to_owned())
}

/// Nobody means a longer name, and a group cannot be renamed.
const NAME_CHARACTERS_MAX: usize = 100;

/// The name of a group.
///
/// # Errors
/// What is blank, or would not survive on one line.
pub fn display_name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("the name of the skill group is empty".to_owned());
    }
    if NAME_CHARACTERS_MAX < text.chars().count() {
        return Err(format!("the name of a skill group has {NAME_CHARACTERS_MAX} characters at most"));
    }
    if text.contains(char::is_control) || text.trim() != text {
        return Err(format!("the name {text:?} begins or ends with a blank, or holds a control character"));
    }
    Ok(text.to_owned())
}

/// Refuses lists of members that the vendor would take in another way than they are meant.
///
/// # Errors
/// Somebody twice; nobody, unless that is meant.
pub fn check_members(members: &[Member], allow_empty: bool) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = members.iter().find(|member| !seen.insert(&member.agent_number)) {
        return Err(format!("agent {} is there twice", twice.agent_number));
    }
    if members.is_empty() && !allow_empty {
        return Err("no member is given, which would leave the group empty: add --allow-empty if that is \
                    meant"
            .to_owned());
    }
    Ok(())
}

/// A skill group to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewGroup {
    /// Its name; the vendor does not ask for it to be unique.
    pub display_name: String,
    /// How chats are given out.
    pub assign_rule: AssignRule,
    /// For how long customers come back to the same agent; `None`: not at all.
    pub memory: Option<MemoryTime>,
    /// Its members.
    pub members: Vec<Member>,
}

/// A skill group as the vendor has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its number.
    pub exten: String,
    /// Its name.
    pub display_name: String,
    /// How chats are given out, in the vendor's word.
    pub assign_rule: String,
    /// Whether customers come back to the same agent.
    pub is_memory: bool,
    /// For how many minutes.
    pub memory_time: Option<u32>,
    /// Its members in the order of their numbers.
    pub members: Vec<Member>,
    /// Their names, in that order.
    #[serde(skip)]
    pub member_names: Vec<String>,
}

/// The groups in rows of `moor.queue` and `moor.queue_member`, in the vendor's order.
pub fn groups(rows: &[Row]) -> Vec<Group> {
    let mut groups: Vec<Group> =
        rows.iter().filter(|row| row.table.name == MOOR_QUEUE.name).map(group).collect();
    for row in rows.iter().filter(|row| row.table.name == MOOR_QUEUE_MEMBER.name) {
        let Some(group) = groups.iter_mut().find(|group| group.exten == text(row, "exten")) else { continue };
        let member = Member {
            agent_number: text(row, "agent_number"),
            priority: number(row, "priority").unwrap_or_default(),
        };
        let place = group.members.partition_point(|other| *other < member);
        group.members.insert(place, member);
        group.member_names.insert(place, text(row, "agent_name"));
    }
    groups
}

fn group(row: &Row) -> Group {
    Group {
        exten: text(row, "exten"),
        display_name: text(row, "display_name"),
        assign_rule: text(row, "assign_rule"),
        is_memory: row.value("is_memory") == Value::Bool(true),
        memory_time: whole(row, "memory_time"),
        members: Vec::new(),
        member_names: Vec::new(),
    }
}

fn text(row: &Row, column: &str) -> String {
    row.text(column).unwrap_or_default().to_owned()
}

fn number(row: &Row, column: &str) -> Option<i64> {
    if let Value::Integer(number) = row.value(column) { Some(i64::from(number)) } else { None }
}

fn whole(row: &Row, column: &str) -> Option<u32> {
    number(row, column).and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::row::table::TableShape;

    #[test]
    fn a_member_is_a_number_with_or_without_a_priority() {
        let member = |number: &str, priority| Member { agent_number: number.into(), priority };
        assert_eq!("8000".parse(), Ok(member("8000", 0)));
        assert_eq!("8000:2".parse(), Ok(member("8000", 2)));
        for wrong in
            ["", ":1", "8000:", "8000:-1", "8000:+1", "8000:1.5", "80 00", "8000:1:2", "8000:2147483648"]
        {
            assert!(wrong.parse::<Member>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_priority_that_nobody_may_ask_for_is_told_as_the_vendor_has_it() {
        let queue = |name: &str| match name {
            "exten" => Value::text("1001"),
            _ => Value::Null,
        };
        let member = |name: &str| match name {
            "exten" => Value::text("1001"),
            "agent_number" => Value::text("8000"),
            "priority" => Value::Integer(-1),
            _ => Value::Null,
        };
        let row = |table: &'static TableShape, value: &dyn Fn(&str) -> Value<'static>| {
            let values: Vec<_> = table.columns.iter().map(|column| value(column.name)).collect();
            Row::new(table, &values, serde_json::Map::new())
        };
        let found = groups(&[row(&MOOR_QUEUE, &queue), row(&MOOR_QUEUE_MEMBER, &member)]);
        assert_eq!(found[0].members, [Member { agent_number: "8000".into(), priority: -1 }]);
        assert!(found[0].members[0].to_string().parse::<Member>().is_err());
    }

    #[test]
    fn memory_is_on_with_one_of_four_times_or_off_with_none() {
        assert_eq!(MemoryTime::of(false, None), Ok(None));
        assert_eq!(MemoryTime::of(true, Some("1440")), Ok(Some(MemoryTime(1_440))));
        for (is_memory, minutes) in [(true, None), (false, Some("120")), (true, Some("60")), (true, Some(""))]
        {
            assert!(MemoryTime::of(is_memory, minutes).is_err(), "{is_memory} {minutes:?}");
        }
    }

    #[test]
    fn a_list_of_members_that_holds_somebody_twice_or_nobody_is_refused() {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Member>>();
        assert_eq!(check_members(&list(&["8000", "8001:1"]), false), Ok(()));
        assert!(check_members(&list(&["8000", "8000:1"]), true).unwrap_err().contains("8000 is there twice"));
        assert!(check_members(&[], false).unwrap_err().contains("--allow-empty"));
        assert_eq!(check_members(&[], true), Ok(()));
    }
}
