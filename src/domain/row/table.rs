//! The tables that records become.
//!
//! A table also has, outside its list of columns: `source` (first part of the key), `revision`, `first_seen_at`,
//! `changed_at`, `deleted_at`, `extra`, `content_hash`, and what the ledger needs to find its way back.

use crate::domain::person::privacy::Personal;
use crate::domain::vendor::schema::{FieldSchema, JsonType, TEXT_OR_NUMBER};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// `text`.
    Text,
    /// `numeric`.
    Numeric,
    /// `timestamptz`.
    Instant,
    /// `boolean`.
    Bool,
    /// `integer`.
    Integer,
}

impl ColumnType {
    /// Its name in PostgreSQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Numeric => "numeric",
            ColumnType::Instant => "timestamptz",
            ColumnType::Bool => "boolean",
            ColumnType::Integer => "integer",
        }
    }

    /// What is expected of a vendor's value, in words.
    pub const fn described(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Numeric => "a number",
            ColumnType::Instant => "an instant",
            ColumnType::Bool => "true or false",
            ColumnType::Integer => "a whole number",
        }
    }
}

/// One column, and the vendor's field that fills it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in PostgreSQL.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnType,
    /// Its comment in PostgreSQL.
    pub comment: &'static str,
    /// Whether it is a part of the key, behind `source`. Such a column is text.
    pub is_key: bool,
    /// Whether it is the vendor's own time of a version.
    pub is_version: bool,
    /// Whether its value is a field of the element in whose list the row stands.
    pub is_of_parent: bool,
    /// The kind of personal data that it holds, where it holds nothing else.
    pub personal: Option<Personal>,
    /// Whether the vendor may leave its field out.
    pub is_optional: bool,
    /// The documented values; empty where they are not enumerated.
    pub codes: &'static [&'static str],
    from: &'static [&'static str],
}

impl Column {
    const fn new(name: &'static str, kind: ColumnType, comment: &'static str) -> Column {
        Column {
            name,
            kind,
            comment,
            is_key: false,
            is_version: false,
            is_of_parent: false,
            personal: None,
            is_optional: false,
            codes: &[],
            from: &[],
        }
    }

    /// The vendor's names of the field, that of the document's table first; without them, the column's own.
    pub const fn from(self, names: &'static [&'static str]) -> Column {
        Column { from: names, ..self }
    }

    /// A part of the key.
    pub const fn key(self) -> Column {
        Column { is_key: true, ..self }
    }

    /// The vendor's own time of a version: of two versions of a row the one with the later time rules; equal or
    /// unknown times: the one read last.
    pub const fn version(self) -> Column {
        Column { is_version: true, ..self }
    }

    /// A field of the element in whose list the row stands.
    pub const fn of_parent(self) -> Column {
        Column { is_of_parent: true, ..self }
    }

    /// Personal data of this kind and nothing else.
    pub const fn personal(self, kind: Personal) -> Column {
        Column { personal: Some(kind), ..self }
    }

    /// The vendor may leave the field out.
    pub const fn optional(self) -> Column {
        Column { is_optional: true, ..self }
    }

    /// One of these values.
    pub const fn one_of(self, codes: &'static [&'static str]) -> Column {
        Column { codes, ..self }
    }

    /// The names under which a vendor sends it.
    pub const fn names(&'static self) -> &'static [&'static str] {
        if self.from.is_empty() { std::slice::from_ref(&self.name) } else { self.from }
    }

    /// What the vendor's document says of its field.
    pub const fn documented(&'static self) -> FieldSchema {
        let types = match self.kind {
            ColumnType::Bool => &[JsonType::Bool],
            ColumnType::Text | ColumnType::Numeric | ColumnType::Instant | ColumnType::Integer => {
                TEXT_OR_NUMBER
            }
        };
        let field = FieldSchema::new(self.names(), types).one_of(self.codes);
        if self.is_optional { field.optional() } else { field }
    }
}

/// A column of texts.
pub const fn text(name: &'static str, comment: &'static str) -> Column {
    Column::new(name, ColumnType::Text, comment)
}
/// A column of exact numbers.
pub const fn numeric(name: &'static str, comment: &'static str) -> Column {
    Column::new(name, ColumnType::Numeric, comment)
}
/// A column of instants.
pub const fn instant(name: &'static str, comment: &'static str) -> Column {
    Column::new(name, ColumnType::Instant, comment)
}
/// A column of truths.
pub const fn boolean(name: &'static str, comment: &'static str) -> Column {
    Column::new(name, ColumnType::Bool, comment)
}
/// A column of whole numbers.
pub const fn integer(name: &'static str, comment: &'static str) -> Column {
    Column::new(name, ColumnType::Integer, comment)
}

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Qualified name, for example `sobot.call_result`; its history is `<name>_history`.
    pub name: &'static str,
    /// Its comment in PostgreSQL.
    pub comment: &'static str,
    /// Vendor columns, those of the key first.
    pub columns: &'static [Column],
    /// How many columns make the key, `source` not counted.
    pub key_len: usize,
    version: Option<usize>,
}

impl TableShape {
    /// A table of these columns. Does not compile where the key's columns are not the first and texts, or the version is
    /// no instant.
    pub const fn new(name: &'static str, comment: &'static str, columns: &'static [Column]) -> TableShape {
        let (mut key_len, mut version, mut index) = (0, None, 0);
        while index < columns.len() {
            let column = &columns[index];
            if column.is_key {
                assert!(
                    key_len == index && matches!(column.kind, ColumnType::Text),
                    "the key: first, and text"
                );
                key_len += 1;
            }
            if column.is_version {
                assert!(matches!(column.kind, ColumnType::Instant), "the version: an instant");
                version = Some(index);
            }
            index += 1;
        }
        assert!(0 < key_len, "a key");
        TableShape { name, comment, columns, key_len, version }
    }

    /// The table's name without its schema.
    pub fn stem(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, stem)| stem)
    }

    /// The table of its earlier versions.
    pub fn history(&self) -> String {
        format!("{}_history", self.name)
    }

    /// The key's columns, `source` not counted.
    pub fn key_columns(&self) -> &'static [Column] {
        &self.columns[..self.key_len]
    }

    /// The place of the column of this name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The place of the vendor's own time of a version, where the table has one.
    pub const fn version_index(&self) -> Option<usize> {
        self.version
    }

    /// The column of the vendor's own time of a version, where the table has one.
    pub fn version_column(&self) -> Option<&'static str> {
        self.version.map(|index| self.columns[index].name)
    }

    /// The vendor's columns with their types, as `create table` wants them.
    pub fn declarations(&self) -> String {
        let columns = self.columns.iter().map(|column| format!("{} {}", column.name, column.kind.as_str()));
        columns.collect::<Vec<_>>().join(", ")
    }
}
