//! Skill groups and their members (`docs/vendors.md#7moor-lists`, queueQueue).

use crate::domain::contract::{FieldContract, JsonType, ObjectContract};
use crate::domain::observation::Observation;
use crate::domain::privacy::Privacy;
use crate::domain::record::{Record, Row, Value};
use crate::domain::stream::StreamId;
use crate::domain::table::{ColumnType, MOOR_QUEUE, MOOR_QUEUE_MEMBER};
use crate::sources::contract::{TEXT_OR_NUMBER, open_known};
use crate::sources::moor::endpoint::{ASSIGN_RULES, Endpoint, MemberWatch, add_members};
use crate::sources::reading::{Fields, Names, reject};

pub(super) static QUEUE: Endpoint = Endpoint { stream: StreamId::MoorQueue, name: "queueQueue", read };

const GROUP: [Names; 7] = [
    &["exten"],
    &["displayName"],
    &["assignRule"],
    &["isMemory"],
    &["memoryTime"],
    &["updateTime"],
    &["updateAgent"],
];

/// What the document says of a skill group. Whether it has a memory time where it has no memory is not said.
static ELEMENT: ObjectContract = ObjectContract {
    path: "",
    fields: &[
        FieldContract::new(&["assignMembers"], &[JsonType::List]),
        FieldContract::new(&["assignRule"], TEXT_OR_NUMBER).one_of(ASSIGN_RULES),
        FieldContract::new(&["displayName"], TEXT_OR_NUMBER),
        FieldContract::new(&["exten"], TEXT_OR_NUMBER),
        FieldContract::new(&["isMemory"], &[JsonType::Bool]),
        FieldContract::new(&["memoryTime"], TEXT_OR_NUMBER)
            .one_of(&["120", "1440", "10080", "43200"])
            .optional(),
        FieldContract::new(&["updateAgent"], TEXT_OR_NUMBER).optional(),
        FieldContract::new(&["updateTime"], TEXT_OR_NUMBER),
    ],
};

static MEMBER: ObjectContract = ObjectContract {
    path: "assignMembers[]",
    fields: &[
        FieldContract::new(&["agentName"], TEXT_OR_NUMBER),
        FieldContract::new(&["agentNumber"], TEXT_OR_NUMBER),
        FieldContract::new(&["priority"], TEXT_OR_NUMBER),
    ],
};

fn read(raw: &str, privacy: &Privacy, seen: &mut Observation) -> Record {
    let opened = open_known(raw, privacy, &ELEMENT, seen).and_then(|mut fields| {
        let members = fields.list("assignMembers")?;
        Ok((fields.into_row(&MOOR_QUEUE, &GROUP)?, members))
    });
    let (group, members) = match opened {
        Ok(opened) => opened,
        Err(reason) => return Record::new(raw, Vec::new(), vec![reject(raw, reason, privacy)]),
    };
    let exten = group.value(0).into_owned();
    let mut rows = vec![group];
    let (context, watch) = ((raw, is_exten as fn(&str) -> bool), MemberWatch { member: &MEMBER, seen });
    let rejects =
        add_members(context, members, privacy, &mut rows, watch, |fields| member(fields, exten.clone()));
    Record::new(raw, rows, rejects)
}

fn is_exten(name: &str) -> bool {
    name.trim() == "exten"
}

fn member(mut fields: Fields<'_>, exten: Value<'_>) -> Result<Row, String> {
    let values = [
        exten,
        fields.key(&["agentNumber"])?,
        fields.text(&["agentName"])?,
        fields.column(&["priority"], ColumnType::Integer)?,
    ];
    Ok(Row::new(&MOOR_QUEUE_MEMBER, &values, fields.into_extra()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_a_group_is_a_documented_field() {
        for names in GROUP {
            assert!(ELEMENT.find(names[0], 0).is_some(), "{names:?}");
        }
        assert_eq!(ELEMENT.fields.len(), GROUP.len() + 1, "and the members");
    }
}
