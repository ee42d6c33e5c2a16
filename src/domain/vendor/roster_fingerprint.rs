//! A short mark of a skill group as it was looked at. Another mark at a later look: the group moved.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::domain::vendor::roster::Group;

/// Begins every mark: which fields it is made of, and a letter, so that no spreadsheet takes it for a number.
const PREFIX: &str = "g1-";

/// Bytes of the digest that are kept.
const BYTES: usize = 10;

/// A digest of all that 7moor says of a group but its agents' names: number, name, rule, memory, members with their
/// priorities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// That of this group.
    pub fn of(group: &Group) -> Fingerprint {
        let mut members: Vec<_> =
            group.members.iter().map(|member| (&member.agent_number, member.priority)).collect();
        members.sort();
        let Group { exten, display_name, assign_rule, is_memory, memory_time, .. } = group;
        let memory_time = memory_time.filter(|_| *is_memory);
        let text = json!([exten, display_name, assign_rule, is_memory, memory_time, members]).to_string();
        let digest = Sha256::digest(text.as_bytes());
        let digits: String = digest.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        Fingerprint(format!("{PREFIX}{digits}"))
    }

    /// The mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Fingerprint, String> {
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == 2 * BYTES);
        let is_digest = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match digits.filter(|digits| is_digest(digits)) {
            Some(_) => Ok(Fingerprint(text.to_owned())),
            None => Err(format!("the fingerprint {text:?} is none that `ccsync roster export` writes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_changes_with_everything_that_is_looked_at_and_with_nothing_else() {
        let group = Group {
            exten: "10018501".into(),
            display_name: "售后".into(),
            assign_rule: "least".into(),
            is_memory: true,
            memory_time: Some(120),
            members: vec!["8000".parse().unwrap(), "8001:3".parse().unwrap()],
            member_names: vec!["a".into(), "b".into()],
        };
        let mark = Fingerprint::of(&group);
        assert_eq!(mark.as_str().parse(), Ok(mark.clone()));
        let changed = |change: fn(&mut Group)| {
            let mut other = group.clone();
            change(&mut other);
            Fingerprint::of(&other)
        };
        let changes: [fn(&mut Group); 8] = [
            |group| group.exten = "1".into(),
            |group| group.display_name = "售前".into(),
            |group| group.assign_rule = "queue".into(),
            |group| group.is_memory = false,
            |group| group.memory_time = Some(1_440),
            |group| drop(group.members.pop()),
            |group| group.members[0].priority = 1,
            |group| group.members.push("8777".parse().unwrap()),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            assert_ne!(changed(change), mark, "change {index}");
        }
        let same: [fn(&mut Group); 2] = [|group| group.members.reverse(), |group| group.member_names.clear()];
        for change in same {
            assert_eq!(changed(change), mark);
        }
        for wrong in ["", "g1-", "g1-zz", "g2-00000000000000000000", "1"] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
