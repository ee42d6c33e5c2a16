//! Skill groups as text: TOML, or CSV with one line a member.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::cli::write::cell::cell;
use crate::cli::write::sheet::{self, Row};
use ccsync::domain::person::privacy::Privacy;
use ccsync::domain::row::text::one_line;
use ccsync::domain::vendor::roster::{AssignRule, Group, Member, display_name, identifier, priority_of};
use ccsync::domain::vendor::roster_check::RosterLine;
use ccsync::domain::vendor::roster_fingerprint::Fingerprint;
use ccsync::domain::vendor::roster_plan::{WantedGroup, mistakes};

/// A form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Format {
    Toml,
    Csv,
}

/// A file's content.
#[derive(Debug)]
pub(in crate::cli) struct Roster {
    /// The source that the file names.
    pub source: Option<String>,
    pub groups: Vec<WantedGroup>,
    /// Where a line is a member: the lines.
    pub lines: Vec<RosterLine>,
}

const COLUMNS: [&str; 9] = [
    "exten",
    "display_name",
    "assign_rule",
    "is_memory",
    "memory_time",
    "agent_number",
    "priority",
    "agent_name",
    "fingerprint",
];

/// The vendor's groups as a file that `plan` and `apply` read. Agents' names are there for people alone.
pub(in crate::cli) fn write(
    source: &str,
    groups: &[Group],
    format: Format,
    privacy: &Privacy,
) -> Result<String, String> {
    match format {
        Format::Toml => Ok(write_toml(source, groups, privacy)),
        Format::Csv => write_csv(groups, privacy).map_err(|error| error.to_string()),
    }
}

fn agent_name<'n>(name: &'n str, privacy: &Privacy) -> Cow<'n, str> {
    privacy.field("agent_name", name.into()).unwrap_or_default()
}

fn write_toml(source: &str, groups: &[Group], privacy: &Privacy) -> String {
    let mut out = format!(
        "# Skill groups as the vendor has them. Members can be changed here: `ccsync roster plan FILE --save PLAN` shows\n\
         # what that changes, `ccsync roster apply PLAN --yes` does it. For the rest the API has no way. Groups left out\n\
         # are left alone. A fingerprint says how the group was when this was written.\n\
         source = {}\n",
        quoted(source)
    );
    for group in groups {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "\n[[group]]\nfingerprint = {}\nexten = {}\ndisplay_name = {}\nassign_rule = {}\nis_memory = {}\n",
            quoted(Fingerprint::of(group).as_str()),
            quoted(&group.exten),
            quoted(&group.display_name),
            quoted(&group.assign_rule),
            group.is_memory
        );
        if let Some(minutes) = group.memory_time.filter(|_| group.is_memory) {
            let _ = writeln!(out, "memory_time = {minutes}");
        }
        if group.members.is_empty() {
            out.push_str("members = []\n");
            continue;
        }
        out.push_str("members = [\n");
        for (member, name) in group.members.iter().zip(&group.member_names) {
            let name = one_line(&agent_name(name, privacy));
            let number = quoted(&member.agent_number);
            let line = format!("    {{ agent = {number}, priority = {} }}, # {name}", member.priority);
            let _ = writeln!(out, "{}", line.trim_end().trim_end_matches(" #"));
        }
        out.push_str("]\n");
    }
    out
}

/// JSON's text is TOML's, but for one control character that JSON leaves as it is.
fn quoted(text: &str) -> String {
    Json::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn write_csv(groups: &[Group], privacy: &Privacy) -> Result<String, csv::Error> {
    // With the mark spreadsheets take it for UTF-8, with the quotes some of them take numbers as text.
    let mut out = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(COLUMNS)?;
    for group in groups {
        let fingerprint = Fingerprint::of(group);
        let minutes = group.memory_time.filter(|_| group.is_memory).map(|minutes| minutes.to_string());
        let mut line = |number: &str, priority: &str, name: &str| {
            let cells = [
                &group.exten,
                &group.display_name,
                &group.assign_rule,
                &group.is_memory.to_string(),
                minutes.as_deref().unwrap_or_default(),
                number,
                priority,
                &agent_name(name, privacy),
                fingerprint.as_str(),
            ];
            out.write_record(cells.map(|text| cell(text).into_owned()))
        };
        if group.members.is_empty() {
            line("", "", "")?;
        }
        for (member, name) in group.members.iter().zip(&group.member_names) {
            line(&member.agent_number, &member.priority.to_string(), name)?;
        }
    }
    let bytes = out.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a file.
///
/// # Errors
/// Where it is no TOML or CSV of this form, and every mistake in it.
pub(in crate::cli) fn read(text: &str, format: Format) -> Result<Roster, String> {
    let roster = match format {
        Format::Toml => read_toml(text)?,
        Format::Csv => read_csv(text)?,
    };
    let mut mistakes = mistakes(&roster.groups);
    let new_names = roster
        .groups
        .iter()
        .filter(|group| group.exten.is_none())
        .filter_map(|group| group.display_name.as_deref());
    mistakes.extend(new_names.filter_map(|name| display_name(name).err()));
    if roster.groups.is_empty() {
        mistakes.push("it names no group".to_owned());
    }
    if mistakes.is_empty() { Ok(roster) } else { Err(mistakes.join("\n")) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlRoster {
    source: Option<String>,
    #[serde(default)]
    group: Vec<TomlGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlGroup {
    exten: Option<String>,
    display_name: Option<String>,
    assign_rule: Option<String>,
    is_memory: Option<bool>,
    memory_time: Option<u32>,
    members: Vec<TomlMember>,
    fingerprint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TomlMember {
    agent: String,
    #[serde(default)]
    priority: i64,
}

fn read_toml(text: &str) -> Result<Roster, String> {
    let read: TomlRoster = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    let group = |group: TomlGroup| {
        let title = group.exten.as_deref().or(group.display_name.as_deref()).unwrap_or("without a name");
        let wrong = |why: String| format!("group {title}: {why}");
        let member = |member: &TomlMember| {
            let priority = priority_of(&member.priority.to_string());
            Ok(Member { agent_number: identifier(&member.agent)?, priority: priority? })
        };
        let members: Result<_, String> = group.members.iter().map(member).collect();
        Ok(WantedGroup {
            exten: group.exten.as_deref().map(identifier).transpose().map_err(wrong)?,
            display_name: group.display_name.clone(),
            assign_rule: group.assign_rule.as_deref().map(rule).transpose().map_err(wrong)?,
            is_memory: group.is_memory,
            memory_time: group.memory_time.map(|minutes| minutes.to_string()),
            members: members.map_err(wrong)?,
            fingerprint: group.fingerprint.as_deref().map(str::parse).transpose().map_err(wrong)?,
        })
    };
    let groups = read.group.into_iter().map(group).collect::<Result<Vec<_>, String>>()?;
    Ok(Roster { source: read.source, groups, lines: Vec::new() })
}

/// Lines of one exten are one group; without an exten, those of one name.
fn read_csv(text: &str) -> Result<Roster, String> {
    let rows = sheet::read(text, &COLUMNS, &["agent_number"]).map_err(|mistakes| mistakes.join("\n"))?;
    let mut mistakes = Vec::new();
    let mut roster = Roster { source: None, groups: Vec::new(), lines: Vec::new() };
    for row in rows {
        let read = row.and_then(|row| {
            let added =
                csv_line(&row).and_then(|(group, member)| add_line(&mut roster.groups, group, member));
            added.map(|()| roster_line(&row)).map_err(|why| format!("line {}: {why}", row.line))
        });
        match read {
            Ok(line) => roster.lines.push(line),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(roster) } else { Err(mistakes.join("\n")) }
}

fn roster_line(row: &Row) -> RosterLine {
    let text = |name: &str| row.field(name).map(str::to_owned);
    RosterLine {
        number: row.line,
        exten: text("exten"),
        agent_number: text("agent_number"),
        agent_name: text("agent_name"),
    }
}

/// Adds what a line says to its group. Empty cells say nothing.
fn add_line(groups: &mut Vec<WantedGroup>, group: WantedGroup, member: Option<Member>) -> Result<(), String> {
    let known = groups.iter_mut().find(|known| match &group.exten {
        Some(_) => known.exten == group.exten,
        None => known.exten.is_none() && known.display_name == group.display_name,
    });
    let Some(known) = known else {
        groups.push(WantedGroup { members: member.into_iter().collect(), ..group });
        return Ok(());
    };
    agree(&mut known.display_name, group.display_name)?;
    agree(&mut known.assign_rule, group.assign_rule)?;
    agree(&mut known.is_memory, group.is_memory)?;
    agree(&mut known.memory_time, group.memory_time)?;
    agree(&mut known.fingerprint, group.fingerprint)?;
    if member.is_none() || known.members.is_empty() {
        return Err("a line without an agent_number among others of its group, which would take a member out: only the one line \
                    of a group without members has none"
            .to_owned());
    }
    known.members.extend(member);
    Ok(())
}

fn agree<Value: PartialEq>(known: &mut Option<Value>, said: Option<Value>) -> Result<(), String> {
    match (&known, said) {
        (_, None) => Ok(()),
        (Some(known), Some(said)) if *known == said => Ok(()),
        (Some(_), Some(_)) => Err("it says otherwise of its group than the lines before".to_owned()),
        (None, said) => {
            *known = said;
            Ok(())
        }
    }
}

fn csv_line(row: &Row) -> Result<(WantedGroup, Option<Member>), String> {
    let is_memory = match row.field("is_memory") {
        None => None,
        Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Some(other) => return Err(format!("is_memory is {other:?}, neither true nor false")),
    };
    let member = match (whole_number(row, "agent_number")?, row.field("priority")) {
        (None, None) => match row.field("agent_name") {
            Some(_) => return Err("an agent_name without an agent_number".to_owned()),
            None => None,
        },
        (None, Some(_)) => return Err("a priority without an agent_number".to_owned()),
        (Some(agent_number), priority) => {
            Some(Member { agent_number, priority: priority_of(priority.unwrap_or("0"))? })
        }
    };
    let group = WantedGroup {
        exten: whole_number(row, "exten")?,
        display_name: row.field("display_name").map(str::to_owned),
        assign_rule: row.field("assign_rule").map(rule).transpose()?,
        is_memory,
        memory_time: row.field("memory_time").map(str::to_owned),
        members: Vec::new(),
        fingerprint: row.field("fingerprint").map(str::parse).transpose()?,
    };
    if group.exten.is_none() && group.display_name.is_none() {
        return Err("it has neither exten nor display_name".to_owned());
    }
    Ok((group, member))
}

fn rule(text: &str) -> Result<AssignRule, String> {
    text.parse().map_err(|why| {
        format!(
            "assign_rule {text:?}: {why}. Of a group that exists it may be left out: it cannot be changed"
        )
    })
}

/// The number of a group or an agent, unless a spreadsheet rounded it.
fn whole_number(row: &Row, name: &str) -> Result<Option<String>, String> {
    let Some(text) = row.field(name) else { return Ok(None) };
    if row.is_rounded(name) {
        return Err(format!(
            "{name} is {text:?}: a spreadsheet rounded the number; make the column a text column and write the number again"
        ));
    }
    identifier(text).map(Some)
}

#[cfg(test)]
mod tests;
