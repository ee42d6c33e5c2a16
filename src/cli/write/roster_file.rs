//! Skill groups as text: TOML, or CSV with one line a member.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::cli::write::cell::{self, cell};
use ccsync::domain::person::privacy::Privacy;
use ccsync::domain::row::text::one_line;
use ccsync::domain::vendor::roster::{Group, Member, display_name, identifier, priority_of};
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
}

const COLUMNS: [&str; 8] = [
    "exten",
    "display_name",
    "assign_rule",
    "is_memory",
    "memory_time",
    "agent_number",
    "priority",
    "agent_name",
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
        "# Skill groups as the vendor has them. Members can be changed here and made so with\n\
         # `ccsync roster apply FILE`; for the rest the API has no way. Groups left out are left alone.\n\
         source = {}\n",
        quoted(source)
    );
    for group in groups {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "\n[[group]]\nexten = {}\ndisplay_name = {}\nassign_rule = {}\nis_memory = {}\n",
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
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(COLUMNS)?;
    for group in groups {
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
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let roster = match format {
        Format::Toml => read_toml(text)?,
        Format::Csv => read_csv(text)?,
    };
    let mistakes = mistakes(&roster.groups);
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
            assign_rule: group.assign_rule.as_deref().map(str::parse).transpose().map_err(wrong)?,
            is_memory: group.is_memory,
            memory_time: group.memory_time.map(|minutes| minutes.to_string()),
            members: members.map_err(wrong)?,
        })
    };
    let groups = read.group.into_iter().map(group).collect::<Result<Vec<_>, String>>()?;
    for group in groups.iter().filter(|group| group.exten.is_none()) {
        group.display_name.as_deref().map(display_name).transpose()?;
    }
    Ok(Roster { source: read.source, groups })
}

/// Lines of one group stand together; of one without an exten, those of one name.
fn read_csv(text: &str) -> Result<Roster, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    if let Some(unknown) = headers.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(format!("unknown column {unknown:?}; the columns are {}", COLUMNS.join(", ")));
    }
    let mut groups: Vec<WantedGroup> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let (group, member) = csv_line(&headers, &record).map_err(|why| format!("line {line}: {why}"))?;
        let known = groups.iter_mut().find(|known| match &group.exten {
            Some(_) => known.exten == group.exten,
            None => known.exten.is_none() && known.display_name == group.display_name,
        });
        match known {
            Some(known) => {
                let members = std::mem::take(&mut known.members);
                let same = *known == group;
                known.members = members;
                if !same {
                    return Err(format!("line {line}: it says otherwise of its group than the lines before"));
                }
                known.members.extend(member);
            }
            None => groups.push(WantedGroup { members: member.into_iter().collect(), ..group }),
        }
    }
    Ok(Roster { source: None, groups })
}

fn csv_line(
    headers: &csv::StringRecord,
    record: &csv::StringRecord,
) -> Result<(WantedGroup, Option<Member>), String> {
    let field = |name: &str| {
        let index = headers.iter().position(|header| header == name)?;
        record.get(index).map(cell::text).filter(|text| !text.is_empty())
    };
    let is_memory = match field("is_memory") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(other) => return Err(format!("is_memory is {other:?}, neither true nor false")),
    };
    let member = match (field("agent_number"), field("priority")) {
        (None, None) => None,
        (None, Some(_)) => return Err("a priority without an agent_number".to_owned()),
        (Some(number), priority) => Some(Member {
            agent_number: identifier(number)?,
            priority: priority_of(priority.unwrap_or("0"))?,
        }),
    };
    let group = WantedGroup {
        exten: field("exten").map(identifier).transpose()?,
        display_name: field("display_name").map(str::to_owned),
        assign_rule: field("assign_rule").map(str::parse).transpose()?,
        is_memory,
        memory_time: field("memory_time").map(str::to_owned),
        members: Vec::new(),
    };
    Ok((group, member))
}

#[cfg(test)]
mod tests;
