//! What one of 7moor's two reading endpoints has of its own.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::domain::contract::ObjectContract;
use crate::domain::observation::Observation;
use crate::domain::privacy::Privacy;
use crate::domain::record::{Record, Reject, Row};
use crate::domain::stream::StreamId;
use crate::domain::table::MOOR_QUEUE;
use crate::sources::contract::{note_repeated_element, open_known};
use crate::sources::reading::{Fields, raw_fields, reject};

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) stream: StreamId,
    /// The part of the path before the account.
    pub(super) name: &'static str,
    /// Reads one skill group.
    pub(super) read: fn(&str, &Privacy, &mut Observation) -> Record,
}

/// The strategies that the document enumerates.
pub(super) const ASSIGN_RULES: &[&str] = &["random", "queue", "least", "priority"];

/// What a member is held against, and where what was seen is noted.
pub(super) struct MemberWatch<'s> {
    pub(super) member: &'static ObjectContract,
    pub(super) seen: &'s mut Observation,
}

/// Adds each member's row to `rows`. A member that cannot be read is a reject of its own and costs neither
/// its group nor its neighbours; one that is listed twice in its group is one member, as it was listed first. `context` names what of
/// the group the member's row is made of: without it the reject could never be read again.
pub(super) fn add_members(
    (group, context): (&str, fn(&str) -> bool),
    members: Vec<&RawValue>,
    privacy: &Privacy,
    rows: &mut Vec<Row>,
    watch: MemberWatch<'_>,
    read: impl Fn(Fields<'_>) -> Result<Row, String>,
) -> Vec<Reject> {
    let mut places = HashMap::new();
    let mut rejects = Vec::new();
    for raw in members.into_iter().map(RawValue::get) {
        match open_known(raw, privacy, watch.member, watch.seen).and_then(&read) {
            Ok(row) => match places.insert(row.key_text(), rows.len()) {
                None => rows.push(row),
                Some(place) => {
                    places.insert(row.key_text(), place);
                    if rows.get(place).is_some_and(|known| known.hash != row.hash) {
                        note_repeated_element(watch.member, watch.seen);
                    }
                }
            },
            Err(reason) => {
                let payload = with_group(group, context, raw);
                rejects.push(reject(&payload, format!("member: {reason}"), privacy));
            }
        }
    }
    rejects
}

/// The list of members in a group.
const MEMBERS: &str = "assignMembers";

fn with_group(group: &str, context: fn(&str) -> bool, member: &str) -> String {
    let mut fields = raw_fields(group).unwrap_or_default();
    fields.retain(|(name, _)| name.trim() != MEMBERS && context(name));
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let group = object(fields.iter().map(|(name, raw)| (name.as_ref(), raw.get())));
    format!(r#"{{"group":{group},"member":{member}}}"#)
}

/// Reads the payload of a reject: a group, or one member with what its row takes from its group.
pub(super) fn reread(endpoint: &Endpoint, payload: &str, privacy: &Privacy) -> Record {
    let seen = &mut Observation::default();
    let Some(group) = group_of_one(payload) else { return (endpoint.read)(payload, privacy, seen) };
    let mut record = (endpoint.read)(&group, privacy, seen);
    // The group itself was read when its member was not, and came here in part.
    record.rows.retain(|row| row.table.name != MOOR_QUEUE.name);
    record
}

fn group_of_one(payload: &str) -> Option<String> {
    let parts = raw_fields(payload)?;
    let part = |wanted: &str| parts.iter().find(|(name, _)| name == wanted).map(|(_, raw)| raw.get());
    let (group, member) = (part("group")?, part("member")?);
    let fields = raw_fields(group)?;
    let members = format!("[{member}]");
    let fields = fields.iter().map(|(name, raw)| (name.as_ref(), raw.get()));
    (parts.len() == 2).then(|| object(fields.chain([(MEMBERS, members.as_str())])))
}

/// An object of these fields, one of them perhaps twice.
fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let fields: Vec<_> =
        fields.map(|(name, json)| format!("{}:{json}", serde_json::Value::from(name))).collect();
    format!("{{{}}}", fields.join(","))
}
