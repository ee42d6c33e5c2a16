//! What a vendor sends that its document does not say. All of it is invented.

use serde_json::{Map, Value, json};

use crate::disturbance::switches::{MoorSchema, SobotSchema};

/// Lets one of Sobot's items depart; `odd` ones are about one in twenty.
pub(crate) fn depart_item(item: &mut Map<String, Value>, odd: bool, schema: SobotSchema) {
    match schema {
        SobotSchema::AsDocumented => {}
        SobotSchema::NewField => {
            let inspector = json!({
                "name": "王小明", "phone": "13812345678", "mail": "wang@example.com",
                "13912345678": "wang@example.com", "王小明": true,
            });
            item.insert("inspector".to_owned(), inspector);
        }
        SobotSchema::ChangedType if odd => {
            let email = item.get("agent_email").cloned().unwrap_or_default();
            item.insert("agent_email".to_owned(), json!({"address": email, "verified": true}));
        }
        SobotSchema::ChangedType => {}
        SobotSchema::MissingField => drop(item.remove("agent_email")),
    }
}

/// Lets one of Sobot's answers depart.
pub(crate) fn depart_answer(body: &mut Map<String, Value>, schema: SobotSchema) {
    if schema == SobotSchema::NewField {
        body.insert("next_cursor".to_owned(), 13_812_345_678_i64.into());
    }
}

/// Lets one of 7moor's groups depart.
pub(crate) fn depart_group(group: &mut Map<String, Value>, schema: MoorSchema) {
    match schema {
        MoorSchema::AsDocumented => {}
        MoorSchema::NewField => each_member(group, |member| {
            member.insert("agentMobile".to_owned(), "13812345678".into());
        }),
        MoorSchema::ChangedType => {
            number_truths(group);
            each_member(group, number_truths);
        }
        MoorSchema::UnknownCode => drop(group.insert("assignRule".to_owned(), "skill_first".into())),
        MoorSchema::MissingField => drop(group.remove("displayName")),
    }
}

fn each_member(group: &mut Map<String, Value>, change: impl Fn(&mut Map<String, Value>)) {
    let members = group.get_mut("assignMembers").and_then(Value::as_array_mut);
    members.into_iter().flatten().filter_map(Value::as_object_mut).for_each(change);
}

fn number_truths(fields: &mut Map<String, Value>) {
    for value in fields.values_mut() {
        if let Value::Bool(truth) = value {
            *value = i32::from(*truth).into();
        }
    }
}
