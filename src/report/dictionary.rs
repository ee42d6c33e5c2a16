//! What the delivered schemas hold, by the database's own comments.

use serde::Serialize;

/// One schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SchemaEntry {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub comment: String,
    /// Its tables and views, by name.
    pub relations: Vec<RelationEntry>,
    /// Its functions, by name.
    pub functions: Vec<FunctionEntry>,
}

/// One table or view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationEntry {
    /// Its name, without the schema.
    pub name: String,
    /// `table`, `view` or `materialized view`.
    pub kind: String,
    /// What one row is.
    pub comment: String,
    /// Its columns, in their order.
    pub columns: Vec<ColumnEntry>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// Its type, as PostgreSQL writes it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Never null.
    pub not_null: bool,
    /// Part of the primary key.
    pub key: bool,
    /// What it means.
    pub comment: String,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionEntry {
    /// Its name with the types of its arguments.
    pub signature: String,
    /// What it answers.
    pub comment: String,
}
