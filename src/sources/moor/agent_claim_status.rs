//! Whether each member takes new chats (`docs/vendors.md#7moor-lists`, queueQueueAgentClaimStatus).

use serde_json::{Map, Value as Json};

use crate::domain::contract::{FieldContract, JsonType, ObjectContract};
use crate::domain::observation::Observation;
use crate::domain::privacy::Privacy;
use crate::domain::record::{Record, Row, Value};
use crate::domain::stream::StreamId;
use crate::domain::table::{ColumnType, MOOR_AGENT_CLAIM_STATUS};
use crate::sources::contract::{TEXT_OR_NUMBER, open_known};
use crate::sources::moor::endpoint::{ASSIGN_RULES, Endpoint, MemberWatch, add_members};
use crate::sources::reading::{Fields, reject};

pub(super) static AGENT_CLAIM_STATUS: Endpoint =
    Endpoint { stream: StreamId::MoorAgentClaimStatus, name: "queueQueueAgentClaimStatus", read };

/// What all members of a group share.
struct Group<'a> {
    exten: Value<'a>,
    display_name: Value<'a>,
    assign_rule: Value<'a>,
    extra: Map<String, Json>,
}

static ELEMENT: ObjectContract = ObjectContract {
    path: "",
    fields: &[
        FieldContract::new(&["assignMembers"], &[JsonType::List]),
        FieldContract::new(&["assignRule"], TEXT_OR_NUMBER).one_of(ASSIGN_RULES),
        FieldContract::new(&["displayName"], TEXT_OR_NUMBER),
        FieldContract::new(&["exten"], TEXT_OR_NUMBER),
    ],
};

static MEMBER: ObjectContract = ObjectContract {
    path: "assignMembers[]",
    fields: &[
        FieldContract::new(&["agentName"], TEXT_OR_NUMBER),
        FieldContract::new(&["agentNumber"], TEXT_OR_NUMBER),
        FieldContract::new(&["mobileAutoClaim"], &[JsonType::Bool]),
        FieldContract::new(&["pcAutoClaim"], &[JsonType::Bool]),
        FieldContract::new(&["phone"], TEXT_OR_NUMBER).optional(),
        FieldContract::new(&["priority"], TEXT_OR_NUMBER),
    ],
};

fn read(raw: &str, privacy: &Privacy, seen: &mut Observation) -> Record {
    let opened = open_known(raw, privacy, &ELEMENT, seen).and_then(|mut fields| {
        let members = fields.list("assignMembers")?;
        let group = Group {
            exten: fields.key(&["exten"])?,
            display_name: fields.text(&["displayName"])?,
            assign_rule: fields.text(&["assignRule"])?,
            extra: fields.into_extra(),
        };
        Ok((group, members))
    });
    let (group, members) = match opened {
        Ok(opened) => opened,
        Err(reason) => return Record::new(raw, Vec::new(), vec![reject(raw, reason, privacy)]),
    };
    let mut rows = Vec::new();
    let watch = MemberWatch { member: &MEMBER, seen };
    let rejects =
        add_members((raw, |_| true), members, privacy, &mut rows, watch, |fields| member(fields, &group));
    Record::new(raw, rows, rejects)
}

fn member(mut fields: Fields<'_>, group: &Group<'_>) -> Result<Row, String> {
    let values = [
        group.exten.clone(),
        fields.key(&["agentNumber"])?,
        group.display_name.clone(),
        group.assign_rule.clone(),
        fields.text(&["agentName"])?,
        fields.column(&["pcAutoClaim"], ColumnType::Bool)?,
        fields.column(&["mobileAutoClaim"], ColumnType::Bool)?,
        fields.column(&["priority"], ColumnType::Integer)?,
        fields.text(&["phone"])?,
    ];
    let mut extra = fields.into_extra();
    if !group.extra.is_empty() {
        // The group has no row here, so what it has beyond its columns travels with each member.
        extra.insert("group".to_owned(), Json::Object(group.extra.clone()));
    }
    Ok(Row::new(&MOOR_AGENT_CLAIM_STATUS, &values, extra))
}
