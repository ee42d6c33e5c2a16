//! What a stream is: everything that is decided once for it, as data.

use std::time::Duration;

use crate::domain::proof::window::TimeWindow;
use crate::domain::row::table::{Column, TableShape};
use crate::domain::stream::{StreamId, StreamKind};
use crate::domain::vendor::page::Closing;
use crate::domain::vendor::schema::{FieldSchema, JsonType, ObjectSchema};

/// The vendor's texts for the two ends of a window.
pub type Bounds = fn(TimeWindow) -> (String, String);

/// One stream of one vendor.
#[derive(Debug)]
pub struct StreamSpec {
    /// `<vendor>.<stream>`, part of the contract.
    pub name: &'static str,
    /// How it is read.
    pub kind: StreamKind,
    /// The endpoint's path; `{account}` stands for the account's id.
    pub path: &'static str,
    /// What ends a walk.
    pub closing: Closing,
    /// The forms in which the vendor takes a window's ends; where it refuses the first, the next is tried.
    pub bounds: &'static [Bounds],
    /// What the lengths of its windows are multiples of, where the vendor takes no finer bounds: they are the vendor's
    /// days.
    pub grain: Option<Duration>,
    /// Whether the halves of a window bring half of it each.
    pub is_splittable: bool,
    /// Whether its rows are states of a moment: two reads of an unchanged vendor agree in their keys alone.
    pub is_point_in_time: bool,
    /// The stream whose elements are asked for one by one where the vendor refuses to list all at once.
    pub listed_by: Option<StreamId>,
    /// The largest page that the vendor is known to bear.
    pub page_size_max: u32,
    /// The most requests a minute that the vendor is known to bear.
    pub requests_per_minute_max: u32,
    /// What the vendor's document says of an element.
    pub element: ObjectSchema,
    /// The list in an element whose objects are rows, where there is one.
    pub list: Option<ElementList>,
    /// The tables that its reads fill. A feed has none: its tables are made of events.
    pub tables: &'static [&'static TableShape],
    /// The tables that a feed's events fill.
    pub event_tables: &'static [EventTable],
}

/// A list in an element whose objects are rows.
#[derive(Debug)]
pub struct ElementList {
    /// The list's field.
    pub name: &'static str,
    /// What the vendor's document says of an object in it.
    pub object: ObjectSchema,
    /// Where the objects' rows lie.
    pub table: &'static TableShape,
    /// What the element is called where an object of its list is quarantined alone.
    pub parent: &'static str,
    /// What the object is called there.
    pub child: &'static str,
}

/// A table of events.
#[derive(Debug)]
pub struct EventTable {
    /// Qualified name.
    pub name: &'static str,
    /// The column by which a row's age is told.
    pub age: &'static str,
    /// Whether its live rows are counted as the stream's.
    pub is_counted: bool,
    /// The key that it shares with its history, where it has one.
    pub history_key: &'static [&'static str],
}

impl StreamSpec {
    /// What most windowed streams have in common.
    pub const WINDOWED: StreamSpec = StreamSpec {
        name: "",
        kind: StreamKind::Windowed,
        path: "",
        closing: Closing::Total,
        bounds: &[],
        grain: None,
        is_splittable: false,
        is_point_in_time: false,
        listed_by: None,
        page_size_max: 1_000,
        requests_per_minute_max: 600_000,
        element: ObjectSchema { path: "", fields: &[] },
        list: None,
        tables: &[],
        event_tables: &[],
    };

    /// What most snapshots have in common.
    pub const SNAPSHOT: StreamSpec = StreamSpec { kind: StreamKind::Snapshot, ..StreamSpec::WINDOWED };

    /// What feeds have in common: they are pushed, not asked for.
    pub const FEED: StreamSpec = StreamSpec {
        kind: StreamKind::Feed,
        page_size_max: 1,
        requests_per_minute_max: 1,
        ..StreamSpec::WINDOWED
    };

    /// The vendor's name, which is its schema's and its sources' kind.
    pub fn vendor(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(vendor, _)| vendor)
    }

    /// The name within the vendor, which is that of its configuration table.
    pub fn stem(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, stem)| stem)
    }

    /// The endpoint's name: the last part of the path that is not the account.
    pub fn endpoint(&self) -> &'static str {
        self.path.rsplit('/').find(|part| !part.starts_with('{')).unwrap_or(self.path)
    }

    /// The table of the elements themselves, where they are rows.
    pub fn element_table(&self) -> Option<&'static TableShape> {
        let of_list = self.list.as_ref().map(|list| list.table.name);
        self.tables.iter().copied().find(|table| Some(table.name) != of_list)
    }

    /// The tables whose live rows are counted as the stream's.
    pub fn counted_tables(&self) -> impl Iterator<Item = &'static str> {
        let events = self.event_tables.iter().filter(|table| table.is_counted).map(|table| table.name);
        self.tables.iter().map(|table| table.name).chain(events)
    }

    /// The tables of earlier versions.
    pub fn histories(&self) -> impl Iterator<Item = String> {
        let events = self.event_tables.iter().filter(|table| !table.history_key.is_empty());
        let events = events.map(|table| format!("{}_history", table.name));
        self.tables.iter().map(|table| table.history()).chain(events)
    }

    /// All its tables, histories included.
    pub fn all_tables(&self) -> impl Iterator<Item = String> {
        let events = self.event_tables.iter().map(|table| table.name);
        let current = self.tables.iter().map(|table| table.name).chain(events);
        current.map(str::to_owned).chain(self.histories())
    }
}

/// The documented fields of an object, in the order of their names, in which a reader meets them: those that fill these
/// columns, of the element in whose list the rows stand (`of_parent`) or not, and the list.
pub const fn documented<const N: usize>(
    columns: &'static [Column],
    of_parent: bool,
    list: &'static [&'static str],
) -> [FieldSchema; N] {
    let mut fields = [FieldSchema::new(list, &[JsonType::List]); N];
    let (mut count, mut index) = (if list.is_empty() { 0 } else { 1 }, 0);
    while index < columns.len() {
        if columns[index].is_of_parent == of_parent {
            let field = columns[index].documented();
            let mut place = count;
            while 0 < place && precedes(field.names[0], fields[place - 1].names[0]) {
                fields[place] = fields[place - 1];
                place -= 1;
            }
            fields[place] = field;
            count += 1;
        }
        index += 1;
    }
    assert!(count == N, "as many fields as there are");
    fields
}

/// Byte by byte; constants cannot use the usual comparison.
const fn precedes(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at < other.len() && (at == one.len() || one[at] < other[at])
}
