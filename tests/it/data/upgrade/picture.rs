//! All that a database holds, short enough to be compared.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgPool, Row as _};

/// Relations by schema and name, with their columns.
pub type Shape = BTreeMap<String, Vec<String>>;

/// Rows of each relation, and a digest of them.
pub type Picture = BTreeMap<String, (i64, String)>;

/// The tables (`r`) or views (`v`) that are ours.
pub async fn shape(db: &PgPool, kind: char) -> Shape {
    let sql = "select n.nspname || '.' || c.relname as relation,
            array_agg(a.attname::text order by a.attnum) as columns
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and 0 < a.attnum and not a.attisdropped
        where n.nspname in ('bi', 'moor', 'sobot', 'sync', 'workbench') and c.relkind::text = $1
        group by 1";
    let rows = sqlx::query(sql).bind(kind.to_string()).fetch_all(db).await.unwrap();
    rows.iter().map(|row| (row.get("relation"), row.get("columns"))).collect()
}

/// What these relations hold in these columns.
pub async fn picture(db: &PgPool, shape: &Shape) -> Picture {
    let mut picture = Picture::new();
    for (relation, columns) in shape {
        picture.insert(relation.clone(), digest(db, relation, columns).await);
    }
    picture
}

/// The same of tables that the first version named, some of which have other names since.
pub async fn picture_by_old_names(db: &PgPool, shape: &Shape) -> Picture {
    let mut picture = Picture::new();
    for (relation, columns) in shape {
        let now = match relation.as_str() {
            "sync.sighting" => "sync.observation",
            "sync.contract_drift" => "sync.schema_drift",
            same => same,
        };
        let renamed = |column: &String| if column == "cure" { "remedy".to_owned() } else { column.clone() };
        let columns: Vec<String> = columns.iter().map(renamed).collect();
        picture.insert(relation.clone(), digest(db, now, &columns).await);
    }
    picture
}

/// What a relation, or a call of a function in its place, holds in these columns.
pub async fn digest(db: &PgPool, relation: &str, columns: &[String]) -> (i64, String) {
    let columns = columns.join("\", \"");
    let sql = format!(
        "select count(*), coalesce(md5(string_agg(text, e'\\n' order by text collate \"C\")), '')
        from (select row(\"{columns}\")::text as text from {relation}) as t"
    );
    let found = sqlx::query_as(AssertSqlSafe(sql)).fetch_one(db).await;
    found.unwrap_or_else(|error| panic!("{relation}: {error}"))
}

/// Fails with the relations that are not as they were.
pub fn assert_same(before: &Picture, after: &Picture) {
    let differs: Vec<_> = before.iter().filter(|(relation, was)| after.get(*relation) != Some(was)).collect();
    assert!(differs.is_empty(), "not as before, which was: {differs:#?}");
    assert_eq!(before.len(), after.len());
}
