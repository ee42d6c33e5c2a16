//! Where persons may be named: every column of text or JSON of every table. What is an exception stands here, and
//! nowhere else; a table that is added needs nothing, unless its texts are also kept in another form.

use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use crate::domain::person::forgotten::OWNERS;
use crate::store::fault::StoreResult;
use crate::store::schema::derived::Derived;
use crate::store::statement::Statement;

/// Tables that name nobody, or are emptied as a whole.
const PASSED_OVER: [&str; 12] = [
    "sync.finality",
    "sync.forgetting",
    "sync.forgotten",
    "sync.forgotten_digest",
    "sync.lease",
    "sync.privacy_key",
    "sync.request_budget",
    "sync.retention",
    "sync.row_count",
    "sync.stream",
    "sync.token",
    "sync.walk_page",
];

/// Columns of our own words.
const OWN_WORDS: [&str; 10] = [
    "source",
    "stream",
    "table_name",
    "kind",
    "state",
    "verdict",
    "outcome",
    "trigger",
    "status_name",
    "closed_by",
];

/// Small, and kept as it was sent, escapes included: looked at row by row.
const UNFILTERED: [&str; 1] = ["sync.quarantine"];

/// Columns of addresses and numbers, which beside an agent's id are the agent's own.
const CONTACTS: [&str; 6] = ["agent_email", "email", "phone", "mobile", "telephone", "agent_phone"];

/// One table.
#[derive(Debug)]
pub(super) struct Place {
    /// Qualified name, as people know it: of a month, that of its history.
    pub(super) table: String,
    /// Where the rows really lie.
    lies_in: String,
    /// Columns of the primary key.
    pub(super) key: Vec<String>,
    /// Columns that may name somebody.
    pub(super) texts: Vec<String>,
    /// What follows from them.
    pub(super) derived: Derived,
    has_source: bool,
}

#[derive(FromRow)]
struct Found {
    name: String,
    lies_in: String,
    key: Vec<String>,
    columns: Vec<String>,
    kinds: Vec<String>,
}

/// All of them.
pub(super) async fn places(connection: &mut PgConnection) -> StoreResult<Vec<Place>> {
    let found: Vec<Found> = sqlx::query_as(
        r#"
        select coalesce((
                select pn.nspname || '.' || p.relname from pg_catalog.pg_inherits h
                join pg_catalog.pg_class p on p.oid = h.inhparent
                join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
                where h.inhrelid = c.oid
            ), n.nspname || '.' || c.relname) as name,
            n.nspname || '.' || c.relname as lies_in,
            array(
                select a.attname::text from pg_catalog.pg_index i
                join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
                where i.indrelid = c.oid and i.indisprimary
            ) as key,
            array_agg(a.attname::text order by a.attnum) as columns,
            array_agg(t.typname::text order by a.attnum) as kinds
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        join pg_catalog.pg_attribute a on a.attrelid = c.oid and 0 < a.attnum and not a.attisdropped
        join pg_catalog.pg_type t on t.oid = a.atttypid
        where n.nspname in ('bi', 'moor', 'partition', 'sobot', 'sync', 'workbench') and c.relkind = 'r'
        group by c.oid, n.nspname, c.relname
        order by 1, 2
        "#,
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().filter(|found| !PASSED_OVER.contains(&found.name.as_str())).map(place).collect())
}

fn place(found: Found) -> Place {
    let is_text = |kind: &str| ["text", "jsonb", "json", "_text", "varchar"].contains(&kind);
    let both = found.columns.iter().zip(&found.kinds);
    let texts = both.filter(|(name, kind)| is_text(kind) && !OWN_WORDS.contains(&name.as_str()));
    let texts = texts.map(|(name, _)| name.clone()).collect();
    Place {
        has_source: found.columns.iter().any(|name| name == "source"),
        derived: Derived::of(&found.name),
        table: found.name,
        lies_in: found.lies_in,
        key: found.key,
        texts,
    }
}

impl Place {
    /// Rows in which the pattern $1 occurs: where they lie, of which source, and all of their columns.
    pub(super) fn suspects(&self) -> Statement {
        let source = if self.has_source { "t.source" } else { "''" };
        let filter =
            if UNFILTERED.contains(&self.table.as_str()) { "$1 is not null" } else { "t::text ~* $1" };
        AssertSqlSafe(format!(
            "select t.ctid::text as place, {source} as source, {} as columns from {} t where {filter}",
            self.derived.columns(),
            self.lies_in
        ))
    }

    /// Writes these columns ($1, a JSON object) over those of the row at $2.
    pub(super) fn rewrite(&self, columns: &[&str]) -> Statement {
        let names = columns.join(", ");
        AssertSqlSafe(format!(
            "update {table} set ({names}) = (select {names} from jsonb_populate_record(null::{table}, $1)) \
             where ctid = $2::tid",
            table = self.lies_in
        ))
    }

    /// Removes the row at $1.
    pub(super) fn remove(&self) -> Statement {
        AssertSqlSafe(format!("delete from {} where ctid = $1::tid", self.lies_in))
    }

    /// The addresses and numbers in rows of the agent $2 of the source $1; `None` where there are none.
    pub(super) fn contacts(&self) -> Option<Statement> {
        let owner = OWNERS.iter().find(|owner| self.texts.iter().any(|name| name == *owner))?;
        let contacts: Vec<&str> =
            self.texts.iter().map(String::as_str).filter(|name| CONTACTS.contains(name)).collect();
        if contacts.is_empty() || !self.has_source {
            return None;
        }
        let names: Vec<_> = contacts.iter().map(|name| format!("t.{name}")).collect();
        Some(AssertSqlSafe(format!(
            "select distinct c from {} t, unnest(array[{}]) as c where t.source = $1 and t.{owner} = $2 and c <> ''",
            self.lies_in,
            names.join(", ")
        )))
    }
}
