//! Columns of hashes: what follows from the texts of a row, and has to follow again where these are rewritten.

use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::domain::row::record::{ContentHash, Row, Value};
use crate::domain::row::table::{ColumnType, TableShape};
use crate::domain::stream::StreamId;
use crate::domain::vendor::feed::CallPopup;

/// What else of a row follows from its texts.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Derived {
    /// Nothing.
    Nothing,
    /// `content_hash` of a fact table or its history: of typed columns and `extra`.
    Row(&'static TableShape),
    /// `content_hash` of popups.
    Popup,
    /// `payload_hash` of the quarantine.
    Payload,
}

/// The row's columns do not make what the hash is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Misshapen;

impl Derived {
    /// What follows in the table of this qualified name.
    pub(in crate::store) fn of(table: &str) -> Derived {
        let fact = table.strip_suffix("_history").unwrap_or(table);
        let mut shapes = StreamId::all_tables();
        match (shapes.find(|shape| shape.name == fact), fact) {
            (Some(shape), _) => Derived::Row(shape),
            (None, "workbench.call_popup") => Derived::Popup,
            (None, "sync.quarantine") => Derived::Payload,
            (None, _) => Derived::Nothing,
        }
    }

    /// The column that holds it.
    pub(in crate::store) fn column(self) -> Option<&'static str> {
        match self {
            Derived::Nothing => None,
            Derived::Row(_) | Derived::Popup => Some("content_hash"),
            Derived::Payload => Some("payload_hash"),
        }
    }

    /// All columns of the row `t` as a JSON object, from which [`Derived::hash`] is taken. Numbers that must keep
    /// every digit on their way are texts in it.
    pub(in crate::store) fn columns(self) -> String {
        let Derived::Row(shape) = self else { return "to_jsonb(t)".to_owned() };
        let numerics = shape.columns.iter().filter(|column| column.kind == ColumnType::Numeric);
        let exact: Vec<_> = numerics.map(|column| format!("'{0}', t.{0}::text", column.name)).collect();
        format!("to_jsonb(t) || jsonb_build_object({})", exact.join(", "))
    }

    /// The hash that a read would give these columns; `None` where nothing follows.
    ///
    /// # Errors
    /// `Misshapen`.
    pub(in crate::store) fn hash(self, columns: &Map<String, Json>) -> Result<Option<Uuid>, Misshapen> {
        let hash = match self {
            Derived::Nothing => return Ok(None),
            Derived::Row(shape) => row(shape, columns).map(|row| row.hash),
            Derived::Popup => popup(columns),
            Derived::Payload => {
                let payload = columns.get("payload").and_then(Json::as_str);
                payload.map(|payload| ContentHash(Md5::digest(payload.as_bytes()).into()))
            }
        };
        hash.map(|hash| Some(Uuid::from_bytes(hash.0))).ok_or(Misshapen)
    }
}

/// The row as a read would make it of these columns.
fn row(shape: &'static TableShape, columns: &Map<String, Json>) -> Option<Row> {
    let values: Option<Vec<Value>> = shape
        .columns
        .iter()
        .map(|column| match (columns.get(column.name)?, column.kind) {
            (Json::Null, _) => Some(Value::Null),
            (Json::String(text), ColumnType::Text) => Some(Value::text(text)),
            (Json::String(text), ColumnType::Numeric) => text.parse().ok().map(Value::Numeric),
            (Json::String(text), ColumnType::Instant) => {
                text.parse::<DateTime<Utc>>().ok().map(Value::Instant)
            }
            (Json::Bool(truth), ColumnType::Bool) => Some(Value::Bool(*truth)),
            (Json::Number(number), ColumnType::Integer) => {
                i32::try_from(number.as_i64()?).ok().map(Value::Integer)
            }
            _ => None,
        })
        .collect();
    let Json::Object(extra) = columns.get("extra")? else { return None };
    Some(Row::new(shape, &values?, extra.clone()))
}

fn popup(columns: &Map<String, Json>) -> Option<ContentHash> {
    let popup: CallPopup = serde_json::from_value(Json::Object(columns.clone())).ok()?;
    Some(ContentHash::of_json(&serde_json::to_value(&popup).ok()?))
}
