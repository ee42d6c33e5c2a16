//! Every table of `sync` has its bound in docs/scaling.md: a new one is not forgotten, and a key that is named is one.

use std::collections::BTreeMap;

use crate::data::store::support::fresh_store;

const SCALING: &str = include_str!("../../../../../docs/scaling.md");

/// By table: the cell that bounds it, and the one that says who prunes it.
fn documented() -> BTreeMap<String, (String, String)> {
    let (_, rest) = SCALING.split_once("## What bounds each table of the ledger").unwrap();
    let chapter = rest.split_once("\n## ").map_or(rest, |(chapter, _)| chapter);
    let rows = chapter.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [tables, _, _, bound, pruned] = cells[..] else { return None };
        tables.starts_with('`').then(|| (tables.to_owned(), bound.to_owned(), pruned.to_owned()))
    });
    rows.flat_map(|(tables, bound, pruned)| {
        let names: Vec<String> = tables.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
        names.into_iter().map(move |name| (name, (bound.clone(), pruned.clone())))
    })
    .collect()
}

#[tokio::test]
async fn every_table_of_the_ledger_has_its_bound_in_the_documents() {
    let fresh = fresh_store().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'sync'::regnamespace and relkind in ('r', 'p') order by 1",
    )
    .fetch_all(&fresh.db)
    .await
    .unwrap();
    let documented = documented();
    let known: Vec<&String> = documented.keys().collect();
    assert_eq!(known, tables.iter().collect::<Vec<_>>());
    assert!(documented.values().all(|(bound, pruned)| !bound.is_empty() && !pruned.is_empty()));
}

#[tokio::test]
async fn a_bound_of_one_row_for_each_key_is_a_unique_index() {
    let fresh = fresh_store().await;
    let mut bounded = 0;
    for (table, (bound, _)) in documented() {
        let Some(key) = bound.strip_prefix("one row for each `") else { continue };
        let key = key.split('`').next().unwrap().replace(", ", ",");
        let unique: bool = sqlx::query_scalar(
            "select exists (
                select from pg_index i
                where i.indrelid = format('sync.%I', $1::text)::regclass and i.indisunique and i.indpred is null and $2 = (
                    select string_agg(a.attname, ',' order by k.place)
                    from unnest(i.indkey::int2[]) with ordinality k(number, place)
                    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number))",
        )
        .bind(&table)
        .bind(&key)
        .fetch_one(&fresh.db)
        .await
        .unwrap();
        assert!(unique, "sync.{table} has no unique key {key}");
        bounded += 1;
    }
    assert!(20 < bounded, "{bounded}");
}
