//! The data dictionary, read from the catalogue: names, types and comments as they are, not as they were meant.

use sqlx::FromRow;

use crate::domain::fault::Fault;
use crate::report::dictionary::{ColumnEntry, FunctionEntry, RelationEntry, SchemaEntry};
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;
use crate::store::schema::grant::READABLE;

const SCHEMAS: &str = r#"
select n.nspname as name, coalesce(obj_description(n.oid, 'pg_namespace'), '') as comment
from pg_catalog.pg_namespace n
where n.nspname = any($1)
order by n.nspname
"#;

const COLUMNS: &str = r#"
select n.nspname as schema, c.relname as relation,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
    coalesce(obj_description(c.oid, 'pg_class'), '') as relation_comment,
    a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
    coalesce(a.attnum = any(i.indkey), false) as key, coalesce(col_description(c.oid, a.attnum), '') as comment
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_index i on i.indisprimary and i.indrelid = coalesce(
    -- Of a table in pieces each piece has the key.
    (select min(h.inhrelid::oid) from pg_catalog.pg_inherits h where h.inhparent = c.oid), c.oid)
where n.nspname = any($1) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
order by n.nspname, c.relname, a.attnum
"#;

const FUNCTIONS: &str = r#"
select n.nspname as schema, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as signature,
    coalesce(obj_description(p.oid, 'pg_proc'), '') as comment
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = any($1)
order by n.nspname, p.proname
"#;

#[derive(FromRow)]
struct Column {
    schema: String,
    relation: String,
    kind: String,
    relation_comment: String,
    name: String,
    r#type: String,
    not_null: bool,
    key: bool,
    comment: String,
}

impl PgStore {
    /// What the analysts' schemas hold, by name.
    ///
    /// # Errors
    /// Database faults.
    pub async fn dictionary(&self) -> Result<Vec<SchemaEntry>, Fault> {
        answered("reading the data dictionary", self.entries()).await
    }

    async fn entries(&self) -> StoreResult<Vec<SchemaEntry>> {
        let schemas: Vec<(String, String)> =
            sqlx::query_as(SCHEMAS).bind(READABLE).fetch_all(&self.pool).await?;
        let columns: Vec<Column> = sqlx::query_as(COLUMNS).bind(READABLE).fetch_all(&self.pool).await?;
        let functions: Vec<(String, String, String)> =
            sqlx::query_as(FUNCTIONS).bind(READABLE).fetch_all(&self.pool).await?;
        let entry = |(name, comment): (String, String)| SchemaEntry {
            relations: relations(columns.iter().filter(|column| column.schema == name).collect()),
            functions: functions
                .iter()
                .filter(|(schema, ..)| *schema == name)
                .map(|(_, signature, comment)| FunctionEntry {
                    signature: signature.clone(),
                    comment: comment.clone(),
                })
                .collect(),
            name,
            comment,
        };
        Ok(schemas.into_iter().map(entry).collect())
    }
}

fn relations(columns: Vec<&Column>) -> Vec<RelationEntry> {
    let of_one = columns.chunk_by(|left, right| left.relation == right.relation);
    of_one
        .filter_map(|columns| {
            let first = columns.first()?;
            Some(RelationEntry {
                name: first.relation.clone(),
                kind: first.kind.clone(),
                comment: first.relation_comment.clone(),
                columns: columns.iter().map(|column| column_entry(column)).collect(),
            })
        })
        .collect()
}

fn column_entry(column: &Column) -> ColumnEntry {
    ColumnEntry {
        name: column.name.clone(),
        kind: column.r#type.clone(),
        not_null: column.not_null,
        key: column.key,
        comment: column.comment.clone(),
    }
}
