//! Skill groups and their members (`moor-skill-groups.txt`, queueQueue).

use crate::domain::privacy::PhonePolicy;
use crate::domain::record::{Record, Row, Value};
use crate::domain::stream::StreamId;
use crate::domain::table::{ColumnType, MOOR_QUEUE, MOOR_QUEUE_MEMBER};
use crate::sources::moor::endpoint::{Endpoint, add_members};
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

fn read(raw: &str, phone: PhonePolicy) -> Record {
    let opened = Fields::open(raw, phone).and_then(|mut fields| {
        let members = fields.list("assignMembers")?;
        Ok((fields.into_row(&MOOR_QUEUE, &GROUP)?, members))
    });
    let (group, members) = match opened {
        Ok(opened) => opened,
        Err(reason) => return Record::new(raw, Vec::new(), vec![reject(raw, reason, phone)]),
    };
    let exten = group.values[0].clone();
    let mut rows = vec![group];
    let rejects = add_members((raw, |name| name.trim() == "exten"), members, phone, &mut rows, |fields| {
        member(fields, exten.clone())
    });
    Record::new(raw, rows, rejects)
}

fn member(mut fields: Fields<'_>, exten: Value) -> Result<Row, String> {
    let values = vec![
        exten,
        fields.key(&["agentNumber"])?,
        fields.text(&["agentName"])?,
        fields.column(&["priority"], ColumnType::Integer)?,
    ];
    Ok(Row::new(&MOOR_QUEUE_MEMBER, values, fields.into_extra()))
}
