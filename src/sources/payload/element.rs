//! One element of a vendor's list, read by the columns that its stream declares: its own row, and one for each object of
//! the list in it.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::domain::person::privacy::Privacy;
use crate::domain::row::record::{Record, Reject, Row, Value};
use crate::domain::row::table::Column;
use crate::domain::stream::{ElementList, StreamSpec};
use crate::domain::vendor::observation::Observation;
use crate::sources::payload::reading::{raw_fields, reject};
use crate::sources::payload::scalar::Scalar;
use crate::sources::payload::schema_check::{note_repeated_element, open_known};

/// Reads one element.
pub(crate) fn read(
    spec: &'static StreamSpec,
    raw: &str,
    privacy: &Privacy,
    seen: &mut Observation,
) -> Record {
    let opened = open_known(raw, privacy, &spec.element, seen).and_then(|mut fields| {
        let lacks_list = spec.list.as_ref().is_some_and(|list| is_nothing(fields.peek(list.name)));
        let objects = spec.list.as_ref().map(|list| fields.list(list.name)).transpose()?;
        let mut values = Vec::new();
        for column in own_columns(spec) {
            values.push(fields.value(column)?);
        }
        Ok((values, fields.into_extra(), objects.unwrap_or_default(), lacks_list))
    });
    let (values, extra, objects, lacks_list) = match opened {
        Ok(opened) => opened,
        Err(reason) => return Record::new(raw, Vec::new(), vec![reject(raw, reason, privacy)]),
    };
    let (mut rows, mut parent_extra) = (Vec::new(), None);
    match spec.element_table() {
        Some(table) => rows.push(Row::new(table, &values, extra)),
        // The element has no row, so what it has beyond its columns travels with each object of its list.
        None => parent_extra = Some(Json::Object(extra)).filter(|extra| *extra != Json::Object(Map::new())),
    }
    let rejects = match &spec.list {
        None => Vec::new(),
        Some(list) => {
            let parent = Parent { raw, values, extra: parent_extra };
            add_objects((spec, list), &parent, objects, privacy, &mut rows, seen)
        }
    };
    Record { lacks_list, ..Record::new(raw, rows, rejects) }
}

fn is_nothing(sent: Option<&RawValue>) -> bool {
    sent.is_none_or(|raw| Scalar::of(raw) == Scalar::Nothing)
}

/// The columns that are read from the element itself: those of its table, or those of its list's table that are its.
fn own_columns(spec: &'static StreamSpec) -> impl Iterator<Item = &'static Column> {
    let of_list = spec.list.as_ref().filter(|_| spec.element_table().is_none());
    let of_list =
        of_list.into_iter().flat_map(|list| list.table.columns).filter(|column| column.is_of_parent);
    spec.element_table().into_iter().flat_map(|table| table.columns).chain(of_list)
}

/// An element, as the objects of its list know it.
struct Parent<'a> {
    raw: &'a str,
    /// In the order of [`own_columns`].
    values: Vec<Value<'a>>,
    extra: Option<Json>,
}

/// Adds each object's row to `rows`. An object that cannot be read is a reject of its own and costs neither its element
/// nor its neighbours; one that is listed twice in its element is one object, as it was listed first.
fn add_objects(
    (spec, list): (&'static StreamSpec, &'static ElementList),
    parent: &Parent<'_>,
    objects: Vec<&RawValue>,
    privacy: &Privacy,
    rows: &mut Vec<Row>,
    seen: &mut Observation,
) -> Vec<Reject> {
    let mut places = HashMap::new();
    let mut rejects = Vec::new();
    for raw in objects.into_iter().map(RawValue::get) {
        match object((spec, list), parent, raw, privacy, seen) {
            Ok(row) => match places.insert(row.key_text(), rows.len()) {
                None => rows.push(row),
                Some(place) => {
                    places.insert(row.key_text(), place);
                    if rows.get(place).is_some_and(|known| known.hash != row.hash) {
                        note_repeated_element(&list.object, seen);
                    }
                }
            },
            Err(reason) => {
                let payload = with_parent((spec, list), parent.raw, raw);
                rejects.push(reject(&payload, format!("{}: {reason}", list.child), privacy));
            }
        }
    }
    rejects
}

fn object(
    (spec, list): (&'static StreamSpec, &'static ElementList),
    parent: &Parent<'_>,
    raw: &str,
    privacy: &Privacy,
    seen: &mut Observation,
) -> Result<Row, String> {
    let mut fields = open_known(raw, privacy, &list.object, seen)?;
    let mut values = Vec::with_capacity(list.table.columns.len());
    for column in list.table.columns {
        values.push(match column.is_of_parent {
            true => {
                let mut known = own_columns(spec).zip(&parent.values);
                known.find(|(own, _)| own.name == column.name).map_or(Value::Null, |(_, value)| value.clone())
            }
            false => fields.value(column)?,
        });
    }
    let mut extra = fields.into_extra();
    if let Some(of_parent) = &parent.extra {
        extra.insert(list.parent.to_owned(), of_parent.clone());
    }
    Ok(Row::new(list.table, &values, extra))
}

/// An object that cannot be read, with what its row is made of beside it: without that it could never be read again.
fn with_parent(
    (spec, list): (&'static StreamSpec, &'static ElementList),
    element: &str,
    object: &str,
) -> String {
    let needed = |name: &str| {
        let mut columns = list.table.columns.iter().filter(|column| column.is_of_parent);
        spec.element_table().is_none() || columns.any(|column| column.names().contains(&name))
    };
    let mut fields = raw_fields(element).unwrap_or_default();
    fields.retain(|(name, _)| name.trim() != list.name && needed(name.trim()));
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    let element = of_fields(fields.iter().map(|(name, raw)| (name.as_ref(), raw.get())));
    format!(r#"{{"{}":{element},"{}":{object}}}"#, list.parent, list.child)
}

/// Reads the payload of a reject: an element, or one object of its list with what its row takes from its element.
pub(crate) fn reread(spec: &'static StreamSpec, payload: &str, privacy: &Privacy) -> Record {
    let seen = &mut Observation::default();
    let of_one = spec.list.as_ref().and_then(|list| Some((list, element_of_one(list, payload)?)));
    let Some((list, element)) = of_one else { return read(spec, payload, privacy, seen) };
    let mut record = read(spec, &element, privacy, seen);
    // The element itself was read when its object was not, and came here in part.
    record.rows.retain(|row| row.table.name == list.table.name);
    record
}

fn element_of_one(list: &ElementList, payload: &str) -> Option<String> {
    let parts = raw_fields(payload)?;
    let part = |wanted: &str| parts.iter().find(|(name, _)| name == wanted).map(|(_, raw)| raw.get());
    let (element, object) = (part(list.parent)?, part(list.child)?);
    let fields = raw_fields(element)?;
    let objects = format!("[{object}]");
    let fields = fields.iter().map(|(name, raw)| (name.as_ref(), raw.get()));
    (parts.len() == 2).then(|| of_fields(fields.chain([(list.name, objects.as_str())])))
}

/// An object of these fields, one of them perhaps twice.
fn of_fields<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let fields: Vec<_> =
        fields.map(|(name, json)| format!("{}:{json}", serde_json::Value::from(name))).collect();
    format!("{{{}}}", fields.join(","))
}
