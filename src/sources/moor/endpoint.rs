//! What one of 7moor's two reading endpoints has of its own.

use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::domain::privacy::PhonePolicy;
use crate::domain::record::{Record, Reject, Row};
use crate::domain::stream::StreamId;
use crate::sources::reading::{Fields, reject};

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) stream: StreamId,
    /// The part of the path before the account.
    pub(super) name: &'static str,
    /// Reads one skill group.
    pub(super) read: fn(&str, PhonePolicy) -> Record,
}

/// Adds each member's row to `rows`. A member that cannot be read is a reject of its own and costs neither
/// its group nor its neighbours; one that is listed twice in its group is one member.
pub(super) fn add_members(
    members: Vec<&RawValue>,
    phone: PhonePolicy,
    rows: &mut Vec<Row>,
    read: impl Fn(Fields<'_>) -> Result<Row, String>,
) -> Vec<Reject> {
    let mut seen = HashSet::new();
    let mut rejects = Vec::new();
    for raw in members.into_iter().map(RawValue::get) {
        match Fields::open(raw, phone).and_then(&read) {
            Ok(row) if seen.insert(row.key_text()) => rows.push(row),
            Ok(_) => {}
            Err(reason) => rejects.push(reject(raw, format!("member: {reason}"), phone)),
        }
    }
    rejects
}
