//! Which window owns a row.

use sqlx::AssertSqlSafe;

use super::{Statement, keys, same_key};
use crate::domain::row::table::TableShape;

/// Makes [$3, $4) the owner of the rows with the given keys. Their content and their version stay.
pub(in crate::store) fn assign_window_to(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        r#"
        update {table} t
        set window_start = $3, window_end = $4
        from {keys}
        where {same_key} and (t.window_start, t.window_end) is distinct from ($3, $4)
        "#,
        table = table.name,
        keys = keys(table),
        same_key = same_key(table, "k"),
    ))
}

/// Counts those of the rows with the given keys whose owning window is not [$3, $4).
pub(in crate::store) fn not_assigned_window(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        "select count(*) from {keys} join {table} t on {same_key} \
         where (t.window_start, t.window_end) is distinct from ($3, $4)",
        table = table.name,
        keys = keys(table),
        same_key = same_key(table, "k"),
    ))
}

/// Makes [$4, $5) the owner of all live rows whose owning window is exactly [$2, $3).
pub(in crate::store) fn reassign_window(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        "update {} t set window_start = $4, window_end = $5 \
         where t.source = $1 and t.window_start = $2 and t.window_end = $3 and t.deleted_at is null",
        table.name,
    ))
}
