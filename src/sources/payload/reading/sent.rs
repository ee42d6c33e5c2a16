//! An object as sent: the names of its fields, and their values unread.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::sources::payload::json_text::{Lone, text_of};

/// Fields for which there is room at once.
const FIELDS_USUAL: usize = 16;

/// An object.
pub(super) struct Sent<'a> {
    /// In the order in which they came.
    pub(super) fields: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// The elements of the list that was asked for. Its field is there, with nothing in it.
    pub(super) list: Option<(&'static str, Vec<&'a RawValue>)>,
}

impl<'a> Sent<'a> {
    /// Reads the object, and in passing the list of this name.
    pub(super) fn read(json: &'a str, list: Option<&'static str>) -> serde_json::Result<Sent<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let sent = deserializer.deserialize_map(Object { list })?;
        deserializer.end()?;
        Ok(sent)
    }
}

/// The fields of an object in the order in which they came, each as often as it came.
pub(crate) fn raw_fields(json: &str) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    Sent::read(json, None).ok().map(|sent| sent.fields)
}

/// Elements of one list that are read; of more than these, one more is kept, which tells that there are.
pub(crate) const ELEMENTS_MAX: usize = 100_000;

/// The elements of a list, each as it was sent.
pub(super) struct Elements<'a>(pub(super) Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Elements<'de>, D::Error> {
        deserializer.deserialize_seq(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Elements<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while elements.len() <= ELEMENTS_MAX {
            match list.next_element()? {
                Some(element) => elements.push(element),
                None => return Ok(Elements(elements)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Elements(elements))
    }
}

struct Object {
    list: Option<&'static str>,
}

impl<'de> Visitor<'de> for Object {
    type Value = Sent<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut sent = Sent { fields: Vec::with_capacity(FIELDS_USUAL), list: None };
        while let Some(name) = map.next_key::<&RawValue>()? {
            // Copied only where an escape is in it.
            let name = text_of(name.get(), Lone::Spelled);
            let raw = match self.list.filter(|list| *list == name) {
                None => map.next_value()?,
                // One that stands twice is one list: none of its elements is lost.
                Some(list) => {
                    let Elements(more) = map.next_value()?;
                    sent.list.get_or_insert((list, Vec::new())).1.extend(more);
                    serde_json::from_str("[]").map_err(serde::de::Error::custom)?
                }
            };
            sent.fields.push((name, raw));
        }
        Ok(sent)
    }
}
