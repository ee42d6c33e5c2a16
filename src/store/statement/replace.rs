//! Staged rows in the place of stored ones.

use sqlx::AssertSqlSafe;

use super::{NOW, Stage, Statement, history, key_order, replaces, same_key, stage_name};
use crate::domain::row::table::TableShape;

/// Locks the versions that the staged rows replace and copies them into the history. Answers how many there were, and
/// how many of them were marked deleted.
pub(in crate::store) fn keep_replaced(table: &TableShape, overrule: bool) -> Statement {
    let (into, from) = history(table);
    AssertSqlSafe(format!(
        r#"
        with kept as (
            insert into {table}_history ({into})
            select {from}
            from {stage} s
            join {table} t on {same_key}
            where {replaces}
            order by {order}
            for update of t
            returning deleted_at
        )
        select count(*), count(deleted_at) from kept
        "#,
        table = table.name,
        stage = stage_name(table, Stage::Changed),
        same_key = same_key(table, "s"),
        replaces = replaces(table, overrule),
        order = key_order(table, "s"),
    ))
}

/// Locks the versions that the staged rows replace and counts them.
pub(in crate::store) fn hold_replaced(table: &TableShape, overrule: bool) -> Statement {
    AssertSqlSafe(format!(
        r#"
        select count(*) from (
            select from {stage} s
            join {table} t on {same_key}
            where {replaces}
            order by {order}
            for update of t
        ) held
        "#,
        table = table.name,
        stage = stage_name(table, Stage::Changed),
        same_key = same_key(table, "s"),
        replaces = replaces(table, overrule),
        order = key_order(table, "s"),
    ))
}

/// Counts the staged rows that still are to replace a stored version, or whose key is not stored.
pub(in crate::store) fn not_replaced(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        "select count(*) from {stage} s left join {table} t on {same_key} where t.source is null or {replaces}",
        table = table.name,
        stage = stage_name(table, Stage::Changed),
        same_key = same_key(table, "s"),
        replaces = replaces(table, false),
    ))
}

/// Writes the staged rows over the stored ones.
pub(in crate::store) fn replace(table: &TableShape, overrule: bool) -> Statement {
    let values: Vec<_> =
        table.columns[table.key_len..].iter().map(|column| format!("{0} = s.{0}", column.name)).collect();
    AssertSqlSafe(format!(
        r#"
        update {table} t
        set {values}, revision = t.revision + 1, changed_at = {NOW}, deleted_at = null, extra = s.extra,
            content_hash = s.content_hash, window_start = $3, window_end = $4, run_id = $5
        from {stage} s
        where {same_key} and {replaces}
        "#,
        table = table.name,
        values = values.join(", "),
        stage = stage_name(table, Stage::Changed),
        same_key = same_key(table, "s"),
        replaces = replaces(table, overrule),
    ))
}
