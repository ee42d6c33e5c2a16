//! Where personal data may lie: the tables and columns, found in the database's own catalogue so that no table
//! is forgotten.

use serde_json::{Map, Value as Json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::person::privacy::Rewrite;
use crate::store::fault::StoreResult;
use crate::store::schema::derived::{Derived, Misshapen};

/// A table with columns of text.
pub(super) struct Place {
    /// Qualified, as people know it: of a month, its history's name.
    pub(super) table: String,
    /// Where the rows really lie.
    pub(super) lies_in: String,
    pub(super) columns: Vec<TextColumn>,
    has_source: bool,
    derived: Derived,
}

/// A column of text, of texts, or of JSON.
#[derive(sqlx::FromRow)]
pub(super) struct TextColumn {
    table_name: String,
    lies_in: String,
    name: String,
    kind: String,
    is_key: bool,
    has_source: bool,
}

/// All columns of text in tables that could hold what a vendor sent. What the ledger needs to find its way,
/// and secrets, are not among them.
const COLUMNS: &str = r#"
select format('%I.%I', tn.nspname, t.relname) as table_name, format('%I.%I', n.nspname, c.relname) as lies_in,
    a.attname::text as name,
    format_type(a.atttypid, null) as kind,
    a.attname = 'source' or exists (
        select from pg_index i
        where i.indisprimary and a.attnum = any(i.indkey)
            and i.indrelid in (c.oid, to_regclass(format('%I.%I', tn.nspname, regexp_replace(t.relname, '_history$', ''))))
    ) as is_key,
    exists (select from pg_attribute s where s.attrelid = c.oid and s.attname = 'source') as has_source
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_inherits h on h.inhrelid = c.oid
join pg_class t on t.oid = coalesce(h.inhparent, c.oid) join pg_namespace tn on tn.oid = t.relnamespace
where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and a.atttypid in ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
    and (n.nspname in ('sobot', 'moor', 'workbench', 'partition') or n.nspname = 'sync' and c.relname not in
        ('migration', 'token', 'lease', 'request_budget', 'walk_page', 'privacy_key', 'stream', 'time_window', 'window_block',
        'run_day'))
order by 1, 2, a.attnum
"#;

/// The tables that this rewriting looks at.
pub(super) async fn places(connection: &mut PgConnection, rewrite: &Rewrite) -> StoreResult<Vec<Place>> {
    let found: Vec<TextColumn> = sqlx::query_as(COLUMNS).fetch_all(connection).await?;
    let mut places: Vec<Place> = Vec::new();
    for column in found.into_iter().filter(|column| concerns(rewrite, column)) {
        if places.last().is_none_or(|place| place.lies_in != column.lies_in) {
            places.push(Place {
                table: column.table_name.clone(),
                lies_in: column.lies_in.clone(),
                columns: Vec::new(),
                has_source: column.has_source,
                derived: Derived::of(&column.table_name),
            });
        }
        if let Some(place) = places.last_mut() {
            place.columns.push(column);
        }
    }
    Ok(places)
}

/// Tokens are known wherever they stand. What a policy is applied to must be a vendor's words, and not part of a
/// key, which could become another row's.
fn concerns(rewrite: &Rewrite, column: &TextColumn) -> bool {
    let of_ledger = column.table_name.starts_with("sync.");
    match rewrite {
        Rewrite::Lift(_) => column.name != "source",
        Rewrite::Apply(_) if of_ledger => column.table_name == "sync.quarantine" && column.name == "payload",
        Rewrite::Apply(_) => column.has_source && !column.is_key && column.kind != "text[]",
    }
}

impl Place {
    /// Rows between two places ($1, $2) that may have to change; each held until the step ends, or passed over.
    pub(super) fn select(&self, rewrite: &Rewrite, hold: bool) -> String {
        let texts: Vec<_> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| format!("t.{}::text as text_{index}", column.name))
            .collect();
        let source = if self.has_source { "t.source" } else { "null::text" };
        let filter = match rewrite {
            Rewrite::Lift(_) => {
                let has: Vec<_> = self
                    .columns
                    .iter()
                    .map(|column| format!("t.{}::text like '%hmac%:%'", column.name))
                    .collect();
                format!("and ({})", has.join(" or "))
            }
            Rewrite::Apply(_) => String::new(),
        };
        format!(
            "select t.ctid::text as at, {source} as the_source, {}, {} as columns from {} t \
             where t.ctid >= $1::tid and t.ctid < $2::tid {filter}{}",
            texts.join(", "),
            self.derived.columns(),
            self.lies_in,
            if hold { " for update skip locked" } else { "" }
        )
    }

    /// New texts ($3 and on) and hashes ($2) for the rows at $1.
    pub(super) fn update(&self) -> String {
        let numbered = || self.columns.iter().enumerate();
        let arrays: Vec<_> = numbered().map(|(index, _)| format!("${}::text[]", index + 3)).collect();
        let names: Vec<_> = numbered().map(|(index, _)| format!("text_{index}")).collect();
        let mut sets: Vec<_> = numbered()
            .map(|(index, column)| format!("{} = k.text_{index}::{}", column.name, column.kind))
            .collect();
        sets.extend(self.derived.column().map(|column| format!("{column} = k.hash")));
        format!(
            "update {} t set {} from unnest($1::text[], $2::uuid[], {}) as k(at, hash, {}) where t.ctid = k.at::tid",
            self.lies_in,
            sets.join(", "),
            arrays.join(", "),
            names.join(", ")
        )
    }

    /// Whether these are records that were quarantined.
    pub(super) fn is_quarantine(&self) -> bool {
        matches!(self.derived, Derived::Payload)
    }

    /// What takes the text's place, where something does.
    pub(super) fn rewritten(
        &self,
        rewrite: &Rewrite,
        source: Option<&str>,
        column: &TextColumn,
        text: &str,
    ) -> Option<Option<String>> {
        let is_document = column.kind == "jsonb" || self.is_quarantine();
        let declared = match self.derived {
            Derived::Row(shape) => shape.columns.iter().find(|known| known.name == column.name),
            Derived::Nothing | Derived::Popup | Derived::Payload => None,
        };
        rewrite.text(source, (&column.name, declared), is_document, text)
    }

    /// The hash of the row of these columns with these texts.
    pub(super) fn hash(
        &self,
        mut columns: Map<String, Json>,
        texts: &[Option<String>],
    ) -> Result<Option<Uuid>, Misshapen> {
        for (column, text) in self.columns.iter().zip(texts) {
            let value = match text {
                None => Json::Null,
                Some(text) if column.kind == "jsonb" => serde_json::from_str(text).map_err(|_| Misshapen)?,
                Some(text) => Json::String(text.clone()),
            };
            columns.insert(column.name.clone(), value);
        }
        self.derived.hash(&columns)
    }
}
