//! Stored rows held against staged ones, column by column.

use sqlx::AssertSqlSafe;

use super::{Stage, Statement, key_array, key_order, owned_rows, same_key, stage_name};
use crate::domain::row::table::TableShape;

const ELSEWHERE: &str = "($2::timestamptz is not null and not coalesce(\
    $2 <= t.window_start and t.window_start < $3 and t.window_end <= $3, false))";

/// The staged rows that are not stored, are marked deleted, differ in a typed column or in `extra`, or are
/// owned by another window: $1 source, $2 and $3 the window, null for a snapshot.
pub(in crate::store) fn differing(table: &TableShape, stage: Stage) -> Statement {
    let content = || table.columns.iter().map(|column| column.name).chain(["extra"]);
    let of =
        |relation: &str| content().map(|name| format!("{relation}.{name}")).collect::<Vec<_>>().join(", ");
    let cases: Vec<_> = content()
        .map(|name| format!("case when t.{name} is distinct from s.{name} then '{name}' end"))
        .collect();
    let version = |relation: &str| match table.version_column() {
        Some(column) => format!("{relation}.{column}"),
        None => "null::timestamptz".to_owned(),
    };
    AssertSqlSafe(format!(
        r#"
        select {key} as key, t.source is null as absent, t.deleted_at is not null as deleted,
            case when t.source is null then '{{}}' else array_remove(array[{cases}], null) end as columns,
            {sent} as sent, {kept} as kept, t.source is not null and {elsewhere} as is_elsewhere
        from {stage} s
        left join lateral (select * from {table} t where {same_key} limit 1) t on true
        where t.source is null or t.deleted_at is not null or ({stored}) is distinct from ({staged})
            or {elsewhere}
        order by {order}
        "#,
        elsewhere = ELSEWHERE,
        key = key_array(table, "s"),
        cases = cases.join(", "),
        sent = version("s"),
        kept = version("t"),
        stage = stage_name(table, stage),
        table = table.name,
        same_key = same_key(table, "s"),
        stored = of("t"),
        staged = of("s"),
        order = key_order(table, "s"),
    ))
}

/// The keys of the live rows that are owned by this window and were not staged: $1 source, $2 and $3 the window.
pub(in crate::store) fn not_staged(table: &TableShape, windowed: bool) -> Statement {
    AssertSqlSafe(format!(
        "select {} from {} t where {} and not exists (select from {} s where {}) order by {}",
        key_array(table, "t"),
        table.name,
        owned_rows(windowed),
        stage_name(table, Stage::Compared),
        same_key(table, "s"),
        key_order(table, "t"),
    ))
}

/// The keys of the live rows that lie in no window that was read, and where they claim to lie: $1 source,
/// $2 stream.
pub(in crate::store) fn orphaned(table: &TableShape) -> Statement {
    AssertSqlSafe(format!(
        r#"
        select {key}, t.window_start, t.window_end
        from {table} t
        where t.source = $1 and t.deleted_at is null and not exists (
            select from sync.time_window w
            where w.source = $1 and w.stream = $2 and w.read_at is not null
                and w.window_start <= t.window_start and t.window_end <= w.window_end)
        order by {order}
        "#,
        key = key_array(table, "t"),
        table = table.name,
        order = key_order(table, "t"),
    ))
}
