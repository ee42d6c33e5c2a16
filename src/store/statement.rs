//! The statements that depend on a table's shape. Every name in them comes from the closed catalogue of
//! [`TableShape`]s; values are always parameters.
//!
//! The first parameters are the same everywhere: $1 the source, $2 the instant of the commit, $3 and $4 the
//! owning window, $5 the run; from $6 on the keys, one array for each of their columns. Not all need be used.

mod compare;
mod owner;
mod replace;
pub(super) mod touched;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use sqlx::AssertSqlSafe;

pub(super) use self::compare::{differing, not_staged, orphaned};
pub(super) use self::owner::{assign_window_to, not_assigned_window, reassign_window};
pub(super) use self::replace::{hold_replaced, keep_replaced, not_replaced, replace};

use crate::domain::row::table::TableShape;

/// What every fact table has after the vendor's columns: names, declarations, comments.
pub(super) const LEDGER: &[(&str, &str, &str)] = &[
    ("revision", "integer not null", "Number of this version: 1 for the first version seen."),
    ("first_seen_at", "timestamptz not null", "When ccsync first saw this row."),
    ("changed_at", "timestamptz not null", "When ccsync saw this version first."),
    (
        "deleted_at",
        "timestamptz",
        "When the vendor was found not to report this row any more; null while it does.",
    ),
    ("extra", "jsonb not null default '{}'", "Every field that the vendor sent and that has no column."),
    ("content_hash", "uuid not null", "MD5 of the typed content; equal for equal content."),
    (
        "window_start",
        "timestamptz",
        "First instant of the window whose read delivered this row; null for snapshots.",
    ),
    (
        "window_end",
        "timestamptz",
        "First instant after the window whose read delivered this row; null for snapshots.",
    ),
    ("run_id", "bigint not null", "The run (sync.run) that wrote this version."),
];

/// A statement put together from the catalogue.
pub(super) type Statement = AssertSqlSafe<String>;

fn list(table: &TableShape, form: impl Fn(&str) -> String) -> String {
    table.columns.iter().map(|column| form(column.name)).collect::<Vec<_>>().join(", ")
}

fn names(table: &TableShape) -> String {
    list(table, str::to_owned)
}

/// `t` and the other relation have the same key.
fn same_key(table: &TableShape, other: &str) -> String {
    let parts = table.key_columns().iter().map(|column| format!("t.{0} = {other}.{0}", column.name));
    std::iter::once("t.source = $1".to_owned()).chain(parts).collect::<Vec<_>>().join(" and ")
}

/// The key columns of a relation as one array.
fn key_array(table: &TableShape, of: &str) -> String {
    let key: Vec<_> = table.key_columns().iter().map(|column| format!("{of}.{}", column.name)).collect();
    format!("array[{}]", key.join(", "))
}

/// The keys given as arrays, as relation `k` with the ordinal `ord`.
fn keys(table: &TableShape) -> String {
    let arrays: Vec<_> = (0..table.key_len).map(|index| format!("${}::text[]", 6 + index)).collect();
    let columns: Vec<_> = table.key_columns().iter().map(|column| column.name).collect();
    format!("unnest({}) with ordinality as k({}, ord)", arrays.join(", "), columns.join(", "))
}

/// In byte order, which is the order in which rows are staged: all workers lock in one order.
fn key_order(table: &TableShape, of: &str) -> String {
    let parts: Vec<_> =
        table.key_columns().iter().map(|column| format!("{of}.{} collate \"C\"", column.name)).collect();
    parts.join(", ")
}

/// Whether the staged row `s` is to replace the stored row `t`; any does where the vendor overrules us.
fn replaces(table: &TableShape, overrule: bool) -> String {
    if overrule {
        return "true".to_owned();
    }
    let newer = match table.version_column() {
        Some(column) => {
            format!(
                " and (t.deleted_at is not null or t.{column} is null or s.{column} is null or t.{column} <= s.{column})"
            )
        }
        None => String::new(),
    };
    format!("(t.content_hash <> s.content_hash or t.deleted_at is not null){newer}")
}

/// When the new version begins. A worker that stood still before its commit may come after a later one.
const NOW: &str = "greatest($2, t.changed_at)";

/// All columns of `t`, and its place in time, for the history.
fn history(table: &TableShape) -> (String, String) {
    let ledger = LEDGER.iter().map(|(column, ..)| *column);
    let into = format!(
        "source, {}, {}, valid_from, valid_to",
        names(table),
        ledger.clone().collect::<Vec<_>>().join(", ")
    );
    let ledger: Vec<_> = ledger.map(|column| format!("t.{column}")).collect();
    let from = format!(
        "t.source, {}, {}, t.changed_at, {NOW}",
        list(table, |column| format!("t.{column}")),
        ledger.join(", ")
    );
    (into, from)
}

/// A staging table of the session. It empties itself at the end of the transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// Rows that replace a stored version.
    Changed,
    /// Rows that the stored ones are held against.
    Compared,
}

/// The staging table's name. Its shape is part of it: a pooler's session outlives an upgrade of ours.
pub(super) fn stage_name(table: &TableShape, stage: Stage) -> String {
    let mut shape = DefaultHasher::new();
    table.declarations().hash(&mut shape);
    let (name, shape) = (table.name.replace('.', "_"), shape.finish() & 0xffff);
    format!("pg_temp.stage_{name}_{stage:?}_{shape:04x}").to_lowercase()
}

/// Creates the staging table, once in a session.
pub(super) fn create_stage(table: &TableShape, stage: Stage) -> Statement {
    AssertSqlSafe(format!(
        "create temp table if not exists {} ({}, extra jsonb, content_hash uuid) on commit delete rows",
        stage_name(table, stage).trim_start_matches("pg_temp."),
        table.declarations(),
    ))
}

/// COPY into the staging table.
pub(super) fn copy_stage(table: &TableShape, stage: Stage) -> String {
    format!(
        "copy {} ({}, extra, content_hash) from stdin (format binary)",
        stage_name(table, stage),
        names(table)
    )
}

/// What is stored under the given keys. Each key is one index look-up whatever the planner thinks of the
/// table's size: `limit 1` keeps it from turning the join around.
pub(super) fn probe(table: &TableShape) -> Statement {
    let version = match table.version_column() {
        Some(column) => format!("t.{column}"),
        None => "null::timestamptz".to_owned(),
    };
    AssertSqlSafe(format!(
        r#"
        select k.ord, t.content_hash, t.version, t.deleted, t.window_start, t.window_end
        from {keys}
        cross join lateral (
            select t.content_hash, {version} as version, t.deleted_at is not null as deleted,
                t.window_start, t.window_end
            from {table} t
            where {same_key}
            limit 1
        ) t
        "#,
        keys = keys(table),
        table = table.name,
        same_key = same_key(table, "k"),
    ))
}

/// COPY of first versions straight into the table, the columns in the order of [`CopyBuffer::first_version`].
///
/// [`CopyBuffer::first_version`]: crate::store::commit::copy::CopyBuffer::first_version
pub(super) fn copy_new(table: &TableShape) -> String {
    format!(
        "copy {} (source, {}, extra, content_hash, revision, first_seen_at, changed_at, window_start, window_end, \
         run_id) from stdin (format binary)",
        table.name,
        names(table)
    )
}

/// Live rows whose owning window is this window, or without a window, all live rows of the source.
fn owned_rows(windowed: bool) -> &'static str {
    if windowed {
        "t.source = $1 and t.window_start >= $2 and t.window_start < $3 and t.window_end <= $3 \
         and t.deleted_at is null"
    } else {
        "t.source = $1 and t.deleted_at is null"
    }
}

/// How many live rows are owned by this window: $1 source, $2 and $3 the window.
pub(super) fn count_live(table: &TableShape, windowed: bool) -> Statement {
    AssertSqlSafe(format!("select count(*) from {} t where {}", table.name, owned_rows(windowed)))
}

/// The keys of the live rows that are owned by this window: $1 source, $2 and $3 the window.
pub(super) fn live_keys(table: &TableShape, windowed: bool) -> Statement {
    AssertSqlSafe(format!(
        "select {} from {} t where {}",
        key_array(table, "t"),
        table.name,
        owned_rows(windowed)
    ))
}

/// Still live, and still owned by [$3, $4) where there is a window.
const STILL_HERE: &str = "t.deleted_at is null and ($3::timestamptz is null or (t.window_start >= $3 \
                          and t.window_start < $4 and t.window_end <= $4))";

/// The keys, of those given, whose rows are still live here. Until the end of the transaction nobody changes them or
/// makes another window their owner.
pub(super) fn hold_here(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        "select {key} from {keys} join {table} t on {same_key} where {STILL_HERE} order by {order} for share of t",
        key = key_array(table, "t"),
        keys = keys(table),
        table = table.name,
        same_key = same_key(table, "k"),
        order = key_order(table, "k"),
    ))
}

/// Locks the rows with the given keys that are still live here and copies them into the history.
pub(super) fn keep_absent(table: &TableShape) -> Statement {
    let (into, from) = history(table);
    AssertSqlSafe(format!(
        r#"
        insert into {table}_history ({into})
        select {from}
        from {keys}
        join {table} t on {same_key}
        where {STILL_HERE}
        order by {order}
        for update of t
        "#,
        table = table.name,
        keys = keys(table),
        same_key = same_key(table, "k"),
        order = key_order(table, "k"),
    ))
}

/// Marks the same rows deleted.
pub(super) fn mark_deleted(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        r#"
        update {table} t
        set deleted_at = {NOW}, changed_at = {NOW}, revision = t.revision + 1, run_id = $5
        from {keys}
        where {same_key} and {STILL_HERE}
        "#,
        table = table.name,
        keys = keys(table),
        same_key = same_key(table, "k"),
    ))
}
