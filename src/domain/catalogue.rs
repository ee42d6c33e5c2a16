//! The objects of a database, as its catalogue describes them: those that the migrations make, and those that are
//! found. All names are quoted where PostgreSQL needs it.

mod compare;
mod finding;
mod relation;
mod state;
mod trigger;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::compare::compare;
pub use self::finding::{Finding, Remedy, Severity};

/// Objects by their qualified names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Catalogue {
    /// Schemas with their comments.
    pub schemas: BTreeMap<String, Option<String>>,
    /// Sequences that belong to no column.
    pub sequences: BTreeMap<String, Sequence>,
    /// Tables, partitions among them.
    pub tables: BTreeMap<String, Table>,
    /// Functions by signature.
    pub functions: BTreeMap<String, Function>,
    /// Views.
    pub views: BTreeMap<String, View>,
}

/// A sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its comment.
    pub comment: Option<String>,
}

/// A table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// Its comment.
    pub comment: Option<String>,
    /// Storage parameters, as in `fillfactor=90`.
    pub options: Vec<String>,
    /// Not written to the log: empty after a crash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlogged: bool,
    /// In their order.
    pub columns: Vec<Column>,
    /// Keys and checks, not-null constraints excepted.
    pub constraints: Vec<Constraint>,
    /// Those that belong to no constraint.
    pub indexes: Vec<Index>,
    /// What only a live database has.
    #[serde(skip)]
    pub state: TableState,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, with its modifiers.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it refuses null.
    pub not_null: bool,
    /// The expression of its default, or of what it is generated from.
    pub default: Option<String>,
    /// `s` where it is generated, else empty.
    pub generated: String,
    /// `a` or `d` where it is an identity, else empty.
    pub identity: String,
    /// Its comment.
    pub comment: Option<String>,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// `p`, `u`, `c`, `f` or `x`, as PostgreSQL abbreviates them.
    pub kind: String,
    /// As `alter table … add constraint` takes it.
    pub definition: String,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its qualified name.
    pub name: String,
    /// Whether it refuses equal values.
    pub unique: bool,
    /// The statement that creates it.
    pub definition: String,
    /// Its comment.
    pub comment: Option<String>,
    /// Whether it is whole; a build that failed leaves one that is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The statement that creates or replaces it.
    pub definition: String,
    /// Its comment.
    pub comment: Option<String>,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its query.
    pub definition: String,
    /// As in `security_barrier=true`.
    pub options: Vec<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// Comments of its columns, by name.
    pub columns: BTreeMap<String, Option<String>>,
}

/// What a live table is besides its columns.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TableState {
    /// `r` a table, `p` a partitioned one; anything else is no table of ours.
    pub kind: String,
    /// The partitioned table that it is a part of.
    pub parent: Option<String>,
    /// Whether a table that is cut by ranges has a default partition; one cut otherwise needs none.
    pub has_default: bool,
    /// Row-level security decides for our role too.
    pub secured: bool,
    /// Row-level security is on, though not for our role.
    pub secured_for_others: bool,
    /// Row-level security applies to the owner.
    pub forced: bool,
    /// The table's owner.
    pub owner: String,
    /// Our role.
    pub role: String,
    /// Whether our role has the owner's rights.
    pub owned: bool,
    /// Rights on it that our role needs and lacks, as `grant` names them.
    pub lacking: Vec<String>,
    /// Triggers that fire, those of constraints and of parents excepted.
    pub triggers: Vec<Trigger>,
    /// Triggers of ours that are disabled.
    pub silenced: Vec<String>,
    /// Rules.
    pub rules: Vec<Rule>,
}

/// A trigger.
#[derive(Debug, Clone, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// Fires before a row is written.
    pub before_row: bool,
    /// The language of its function.
    pub language: String,
    /// The text of its function.
    pub source: String,
}

/// A rule.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Replaces the statement.
    pub instead: bool,
}
