//! Where rows of a source lie: every table with a column `source`, by the database's own catalogue, so that a new table
//! cannot be left out.

use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use crate::store::fault::StoreResult;
use crate::store::schema::grant::READABLE;
use crate::store::statement::Statement;

/// Kept whatever becomes of a source: who ordered what, and whom it must not bring back.
const KEPT: [&str; 2] = ["sync.action", "sync.forgotten"];

/// Made anew by whoever reads the source next, or from its rows.
const FLEETING: [&str; 11] = [
    "sync.alert",
    "sync.quality_agent",
    "sync.quality_agent_month",
    "sync.quality_agent_week",
    "sync.quality_channel",
    "sync.quality_group",
    "sync.quality_hour",
    "sync.quality_place",
    "sync.quality_score",
    "sync.stream",
    "sync.window_block",
];

/// A table with a column `source`; of a history that is cut into months, one month.
#[derive(FromRow)]
pub(super) struct Place {
    /// Qualified, as people know it: of a month, its history's name.
    pub(super) table: String,
    /// Where the rows really lie.
    pub(super) lies_in: String,
    /// Whether two rows of equal key could meet where one source's rows become another's.
    pub(super) is_keyed: bool,
    /// Blocks that it has.
    pub(super) blocks: i64,
}

impl Place {
    /// Whether its rows are left where a source is purged.
    pub(super) fn is_kept(&self) -> bool {
        KEPT.contains(&self.table.as_str())
    }

    /// Whether its rows are dropped where a source gets another name.
    pub(super) fn is_fleeting(&self) -> bool {
        FLEETING.contains(&self.table.as_str())
    }

    /// How many rows of source $1 it has.
    pub(super) fn count(&self) -> Statement {
        AssertSqlSafe(format!("select count(*) from only {} where source = $1", self.lies_in))
    }

    /// Whether it has a row of source $1.
    pub(super) fn has(&self) -> Statement {
        AssertSqlSafe(format!("select exists (select from only {} where source = $1)", self.lies_in))
    }
}

/// Every place, in the order of names.
pub(super) async fn places(connection: &mut PgConnection) -> StoreResult<Vec<Place>> {
    let schemas: Vec<&str> = READABLE.into_iter().chain(["sync", "partition"]).collect();
    let places = sqlx::query_as(
        r#"
        select format('%I.%I', tn.nspname, t.relname) as table, format('%I.%I', n.nspname, c.relname) as lies_in,
            exists (
                select from pg_catalog.pg_index i
                where i.indrelid = c.oid and i.indisunique and a.attnum = any(i.indkey)
            ) as is_keyed,
            pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint as blocks
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = any($1)
        join pg_catalog.pg_attribute a
            on a.attrelid = c.oid and a.attname = 'source' and not a.attisdropped and a.atttypid = 'text'::regtype
        left join pg_catalog.pg_inherits h on h.inhrelid = c.oid and c.relispartition
        join pg_catalog.pg_class t on t.oid = coalesce(h.inhparent, c.oid)
        join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
        where c.relkind = 'r'
        order by 1, 2
        "#,
    );
    Ok(places.bind(schemas).fetch_all(connection).await?)
}

/// Whether anything that a vendor sent, or the checkpoint of a read, is stored under a name.
pub(super) async fn has_rows(
    connection: &mut PgConnection,
    places: &[Place],
    source: &str,
) -> StoreResult<bool> {
    let of_vendor = |place: &&Place| {
        !place.table.starts_with("sync.")
            || matches!(place.table.as_str(), "sync.quarantine" | "sync.feed_session")
    };
    for place in places.iter().filter(of_vendor) {
        if sqlx::query_scalar(place.has()).bind(source).fetch_one(&mut *connection).await? {
            return Ok(true);
        }
    }
    let read = r#"
        select exists (select from sync.time_window where source = $1 and read_at is not null)
            or exists (select from sync.snapshot where source = $1 and read_at is not null)
        "#;
    Ok(sqlx::query_scalar(read).bind(source).fetch_one(connection).await?)
}
