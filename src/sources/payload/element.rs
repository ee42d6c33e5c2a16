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
use crate::sources::payload::answer::{Answer, BrokenElement};
use crate::sources::payload::reading::{ELEMENTS_MAX, raw_fields, reject};
use crate::sources::payload::scalar::Scalar;
use crate::sources::payload::schema_check::{note_repeated_element, open_known};

/// A larger element is set aside, its head alone: a whole skill group with its members has a tenth of it.
const ELEMENT_BYTES_MAX: usize = 4 << 20;

/// So much is kept of one that is too large.
const HEAD_BYTES: usize = 4 << 10;

/// A vendor that was asked for fewer elements may answer so many; and so many times those that were asked for.
const ELEMENTS_UNASKED_MAX: usize = 20_000;
const TIMES_ASKED_MAX: usize = 20;

/// What one page may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    /// Elements that were asked for.
    pub(crate) asked: u32,
    /// Bytes of what is made of them.
    pub(crate) bytes_max: u64,
}

/// Reads the elements of an answer, those that are no JSON included.
///
/// # Errors
/// How much it holds, where that is far more than was asked for or than there is room for.
pub(crate) fn read_all(
    spec: &'static StreamSpec,
    (answer, elements): (&Answer, Vec<&RawValue>),
    privacy: &Privacy,
    limits: PageLimits,
    seen: &mut Observation,
) -> Result<Vec<Record>, String> {
    let came = elements.len();
    if ELEMENTS_UNASKED_MAX.max(limits.asked as usize * TIMES_ASKED_MAX) < came {
        let more = if ELEMENTS_MAX < came { "more than " } else { "" };
        let came = came.min(ELEMENTS_MAX);
        return Err(format!("the answer holds {more}{came} elements where {} were asked for", limits.asked));
    }
    let sound = elements.into_iter().map(|raw| read(spec, raw.get(), privacy, seen));
    let broken = answer.broken_elements().iter().map(|element| broken(element, privacy));
    let mut held = 0;
    let mut records = Vec::with_capacity(came);
    for record in sound.chain(broken) {
        held += record.bytes();
        if limits.bytes_max < held {
            let read = records.len();
            return Err(format!(
                "the first {read} of {came} elements take {} MiB, as much as there is room for",
                limits.bytes_max >> 20
            ));
        }
        records.push(record);
    }
    Ok(records)
}

/// Reads one element.
pub(crate) fn read(
    spec: &'static StreamSpec,
    raw: &str,
    privacy: &Privacy,
    seen: &mut Observation,
) -> Record {
    if ELEMENT_BYTES_MAX < raw.len() {
        return too_large(raw, privacy);
    }
    let opened = open_known(raw, privacy, &spec.element, seen).and_then(|mut fields| {
        let lacks_list = spec.list.as_ref().is_some_and(|list| is_nothing(fields.peek(list.name)));
        let objects = spec.list.as_ref().map(|list| fields.list(list.name)).transpose()?;
        if objects.as_ref().is_some_and(|objects| ELEMENTS_MAX < objects.len()) {
            return Err(format!("it lists more than {ELEMENTS_MAX} objects"));
        }
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

fn too_large(raw: &str, privacy: &Privacy) -> Record {
    let (bytes, mib) = (raw.len(), ELEMENT_BYTES_MAX >> 20);
    let reason = format!("an element of {bytes} bytes, more than {mib} MiB; its first {HEAD_BYTES} are kept");
    let head = &raw[..raw.floor_char_boundary(HEAD_BYTES)];
    Record::new(raw, Vec::new(), vec![reject(head, reason, privacy)])
}

/// The record of an element that is no JSON.
fn broken(broken: &BrokenElement, privacy: &Privacy) -> Record {
    Record::new(&broken.text, Vec::new(), vec![reject(&broken.text, broken.reason.clone(), privacy)])
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
