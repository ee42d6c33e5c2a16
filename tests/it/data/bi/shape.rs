//! Names that last: what other people's dashboards hold on to.

use std::fmt::Write as _;

use ccsync::store::{PgStore, StoreConfig};

use crate::support::db::TestDb;

/// Every relation that analysts may read, with its columns in order, their types and comments, and what the
/// role of analysts may do with it.
const SHAPE: &str = r#"
select n.nspname || '.' || c.relname as relation,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
    concat_ws(', ',
        case when has_table_privilege('bi_reader', c.oid, 'select') then 'select' end,
        case when has_table_privilege('bi_reader', c.oid, 'insert, update, delete, truncate') then 'write' end)
        as granted,
    obj_description(c.oid, 'pg_class') as comment,
    array_agg(format('%s %s -- %s', a.attname, format_type(a.atttypid, a.atttypmod),
        col_description(c.oid, a.attnum)) order by a.attnum) as columns
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and 0 < a.attnum and not a.attisdropped
where n.nspname in ('bi', 'moor', 'sobot', 'workbench') and c.relkind in ('r', 'p', 'v', 'm')
group by n.nspname, c.relname, c.relkind, c.oid
order by 1
"#;

const FUNCTIONS: &str = r#"
select format('%s(%s) returns %s -- %s', p.oid::regproc, pg_get_function_identity_arguments(p.oid),
    left(pg_get_function_result(p.oid), 60), obj_description(p.oid, 'pg_proc'))
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspname in ('bi', 'moor', 'sobot', 'workbench')
order by p.oid::regproc::text
"#;

#[tokio::test]
async fn what_analysts_see_changes_only_on_purpose() {
    let db = TestDb::empty().await;
    PgStore::connect(&StoreConfig::new(db.options())).await.unwrap().migrate().await.unwrap();
    let pool = db.pool().await;
    let relations: Vec<(String, String, String, String, Vec<String>)> =
        sqlx::query_as(SHAPE).fetch_all(pool).await.unwrap();
    let mut told = String::new();
    for (relation, kind, granted, comment, columns) in relations {
        assert_eq!(granted, "select", "what bi_reader may do with {relation}");
        write!(told, "{kind} {relation} -- {comment}\n    {}\n", columns.join("\n    ")).unwrap();
    }
    let functions: Vec<String> = sqlx::query_scalar(FUNCTIONS).fetch_all(pool).await.unwrap();
    told.push_str(&functions.join("\n"));
    insta::assert_snapshot!("what_analysts_see", told);
}
