//! A catalogue, read from a database. Names and expressions come quoted and qualified: the search path is empty.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::domain::catalogue::{Catalogue, Table, TableState};
use crate::store::fault::StoreResult;

/// The schemas of ours.
const SCHEMAS: [&str; 6] = ["bi", "moor", "partition", "sobot", "sync", "workbench"];

const SCHEMA: &str = r#"
select quote_ident(n.nspname), coalesce(to_jsonb(obj_description(n.oid, 'pg_namespace')), 'null')
from pg_catalog.pg_namespace n where n.nspname = any($1)
"#;

const SEQUENCE: &str = r#"
select format('%I.%I', n.nspname, c.relname), jsonb_build_object(
    'type', format_type(s.seqtypid, null), 'comment', obj_description(c.oid, 'pg_class'))
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid = s.seqrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i'))
"#;

/// The driver's own table of migrations is left out.
const TABLE: &str = r#"
select format('%I.%I', n.nspname, c.relname), jsonb_build_object(
    'comment', obj_description(c.oid, 'pg_class'),
    'options', coalesce(to_jsonb(c.reloptions), '[]'),
    'unlogged', c.relpersistence = 'u',
    'columns', coalesce((
        select jsonb_agg(jsonb_build_object('name', quote_ident(a.attname), 'type', format_type(a.atttypid, a.atttypmod),
            'not_null', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated,
            'identity', a.attidentity, 'comment', col_description(c.oid, a.attnum)) order by a.attnum)
        from pg_catalog.pg_attribute a
        left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]'),
    'constraints', coalesce((
        select jsonb_agg(jsonb_build_object('name', quote_ident(o.conname), 'kind', o.contype,
            'definition', pg_get_constraintdef(o.oid)) order by o.conname)
        from pg_catalog.pg_constraint o
        where o.conrelid = c.oid and o.contype in ('p', 'u', 'c', 'f', 'x') and o.conparentid = 0), '[]'),
    'indexes', coalesce((
        select jsonb_agg(jsonb_build_object('name', format('%I.%I', n.nspname, x.relname), 'unique', i.indisunique,
            'definition', replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '),
            'comment', obj_description(x.oid, 'pg_class'), 'invalid', not i.indisvalid) order by x.relname)
        from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
        where i.indrelid = c.oid and not exists (
            select from pg_catalog.pg_constraint o where o.conindid = i.indexrelid and o.contype in ('p', 'u', 'x'))), '[]'))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and c.relkind in ('r', 'p', 'f', 'm') and (n.nspname, c.relname) <> ('sync', 'migration')
"#;

const STATE: &str = r#"
select format('%I.%I', n.nspname, c.relname), jsonb_build_object(
    'kind', c.relkind,
    'parent', (
        select format('%I.%I', m.nspname, p.relname) from pg_catalog.pg_inherits h
        join pg_catalog.pg_class p on p.oid = h.inhparent join pg_catalog.pg_namespace m on m.oid = p.relnamespace
        where h.inhrelid = c.oid and c.relispartition),
    'has_default', exists (
        select from pg_catalog.pg_partitioned_table p
        where p.partrelid = c.oid and (p.partdefid <> 0 or p.partstrat <> 'r')),
    'secured', row_security_active(c.oid),
    'secured_for_others', c.relrowsecurity,
    'forced', c.relforcerowsecurity,
    'owner', quote_ident(pg_get_userbyid(c.relowner)),
    'role', quote_ident(current_user),
    -- Where the schema is another role's, too, that role migrates.
    'owned', pg_has_role(c.relowner, 'usage')
        or c.relowner = (select n.nspowner from pg_namespace n where n.oid = c.relnamespace),
    'lacking', array(
        select r.name from unnest(array['select', 'insert', 'update', 'delete']) as r(name)
        where not has_table_privilege(c.oid, r.name)),
    'triggers', coalesce((
        select jsonb_agg(jsonb_build_object('name', quote_ident(t.tgname), 'before_row', t.tgtype & 3 = 3,
            'language', l.lanname, 'source', p.prosrc) order by t.tgname)
        from pg_catalog.pg_trigger t
        join pg_catalog.pg_proc p on p.oid = t.tgfoid join pg_catalog.pg_language l on l.oid = p.prolang
        where t.tgrelid = c.oid and not t.tgisinternal and t.tgparentid = 0 and t.tgenabled in ('O', 'A')
            -- Made by sync.days_watch and sync.window_blocks_watch.
            and not (p.pronamespace = 'sync'::regnamespace and p.proname like 'note\_%')), '[]'),
    -- Of those.
    'silenced', array(
        select quote_ident(t.tgname)
        from pg_catalog.pg_trigger t
        join pg_catalog.pg_proc p on p.oid = t.tgfoid
        where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled in ('D', 'R')
            and p.pronamespace = 'sync'::regnamespace and p.proname like 'note\_%'
        order by t.tgname),
    'rules', coalesce((
        select jsonb_agg(jsonb_build_object('name', quote_ident(r.rulename), 'instead', r.is_instead) order by r.rulename)
        from pg_catalog.pg_rewrite r
        where r.ev_class = c.oid and r.ev_type <> '1' and r.ev_enabled in ('O', 'A')), '[]'))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and c.relkind in ('r', 'p', 'f', 'm') and (n.nspname, c.relname) <> ('sync', 'migration')
"#;

const FUNCTION: &str = r#"
select format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), jsonb_build_object(
    'definition', pg_get_functiondef(p.oid), 'comment', obj_description(p.oid, 'pg_proc'))
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = any($1) and p.prokind = 'f'
"#;

const VIEW: &str = r#"
select format('%I.%I', n.nspname, c.relname), jsonb_build_object(
    'definition', rtrim(pg_get_viewdef(c.oid), ';'),
    'options', coalesce(to_jsonb(c.reloptions), '[]'),
    'comment', obj_description(c.oid, 'pg_class'),
    'columns', (
        select jsonb_object_agg(quote_ident(a.attname), col_description(c.oid, a.attnum))
        from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and c.relkind = 'v'
"#;

/// Reads what our schemas hold. The session's search path must be empty.
pub(super) async fn read_catalogue(connection: &mut PgConnection) -> StoreResult<Catalogue> {
    let mut tables: BTreeMap<String, Table> = entries(connection, TABLE).await?;
    let states: BTreeMap<String, TableState> = entries(connection, STATE).await?;
    for (name, state) in states {
        if let Some(table) = tables.get_mut(&name) {
            table.state = state;
        }
    }
    Ok(Catalogue {
        schemas: entries(connection, SCHEMA).await?,
        sequences: entries(connection, SEQUENCE).await?,
        tables,
        functions: entries(connection, FUNCTION).await?,
        views: entries(connection, VIEW).await?,
    })
}

async fn entries<T: DeserializeOwned + Send + Unpin + 'static>(
    connection: &mut PgConnection,
    sql: &'static str,
) -> StoreResult<BTreeMap<String, T>> {
    let rows: Vec<(String, Option<Json<T>>)> =
        sqlx::query_as(sql).bind(SCHEMAS).persistent(false).fetch_all(connection).await?;
    Ok(rows.into_iter().filter_map(|(name, entry)| Some((name, entry?.0))).collect())
}
