//! Where personal data may lie: the tables and columns, found in the database's own catalogue so that no table
//! is forgotten, and how the hash of a rewritten row is taken.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::domain::feed::CallPopup;
use crate::domain::privacy::Rewrite;
use crate::domain::record::{ContentHash, Row, Value};
use crate::domain::stream::StreamId;
use crate::domain::table::{ColumnType, TableShape};
use crate::store::fault::Done;

/// A table with columns of text.
pub(super) struct Place {
    /// Qualified.
    pub(super) table: String,
    pub(super) columns: Vec<TextColumn>,
    has_source: bool,
    hash: Option<Hash>,
}

/// A column of text, of texts, or of JSON.
#[derive(sqlx::FromRow)]
pub(super) struct TextColumn {
    table_name: String,
    name: String,
    kind: String,
    is_key: bool,
    has_source: bool,
}

/// What a table's column of hashes is made of.
enum Hash {
    /// `content_hash` of a fact table or its history.
    Row(&'static TableShape),
    /// `content_hash` of popups.
    Popup,
    /// `payload_hash` of the quarantine.
    Payload,
}

/// All columns of text in tables that could hold what a vendor sent. What the ledger needs to find its way,
/// and secrets, are not among them.
const COLUMNS: &str = r#"
select format('%I.%I', n.nspname, c.relname) as table_name, a.attname::text as name,
    format_type(a.atttypid, null) as kind,
    a.attname = 'source' or exists (
        select from pg_index i
        where i.indisprimary and a.attnum = any(i.indkey)
            and i.indrelid in (c.oid, to_regclass(format('%I.%I', n.nspname, regexp_replace(c.relname, '_history$', ''))))
    ) as is_key,
    exists (select from pg_attribute s where s.attrelid = c.oid and s.attname = 'source') as has_source
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and a.atttypid in ('text'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
    and (n.nspname in ('sobot', 'moor', 'workbench') or n.nspname = 'sync' and c.relname not in
        ('migration', 'token', 'lease', 'request_budget', 'walk_page', 'privacy_key', 'stream', 'time_window'))
order by 1, a.attnum
"#;

/// The tables that this rewriting looks at.
pub(super) async fn places(connection: &mut PgConnection, rewrite: &Rewrite) -> Done<Vec<Place>> {
    let found: Vec<TextColumn> = sqlx::query_as(COLUMNS).fetch_all(connection).await?;
    let mut places: Vec<Place> = Vec::new();
    for column in found.into_iter().filter(|column| concerns(rewrite, column)) {
        if places.last().is_none_or(|place| place.table != column.table_name) {
            places.push(Place {
                table: column.table_name.clone(),
                columns: Vec::new(),
                has_source: column.has_source,
                hash: hash_of(&column.table_name),
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

fn hash_of(table: &str) -> Option<Hash> {
    match table {
        "sync.quarantine" => Some(Hash::Payload),
        "workbench.call_popup" | "workbench.call_popup_history" => Some(Hash::Popup),
        _ => {
            let fact = table.strip_suffix("_history").unwrap_or(table);
            let mut shapes = StreamId::ALL.into_iter().flat_map(StreamId::tables);
            shapes.find(|shape| shape.name == fact).map(|shape| Hash::Row(shape))
        }
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
            "select t.ctid::text as at, {source} as the_source, {}, t.* from {} t \
             where t.ctid >= $1::tid and t.ctid < $2::tid {filter}{}",
            texts.join(", "),
            self.table,
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
        match self.hash {
            Some(Hash::Row(_) | Hash::Popup) => sets.push("content_hash = k.hash".to_owned()),
            Some(Hash::Payload) => sets.push("payload_hash = k.hash".to_owned()),
            None => {}
        }
        format!(
            "update {} t set {} from unnest($1::text[], $2::uuid[], {}) as k(at, hash, {}) where t.ctid = k.at::tid",
            self.table,
            sets.join(", "),
            arrays.join(", "),
            names.join(", ")
        )
    }

    /// What takes the text's place, where something does.
    pub(super) fn rewritten(
        &self,
        rewrite: &Rewrite,
        source: Option<&str>,
        column: &TextColumn,
        text: &str,
    ) -> Option<Option<String>> {
        let is_document = column.kind == "jsonb" || matches!(self.hash, Some(Hash::Payload));
        rewrite.text(source, &column.name, is_document, text)
    }

    /// The hash of the row with these texts.
    pub(super) fn hash(&self, row: &PgRow, texts: &[Option<String>]) -> Result<Option<Uuid>, sqlx::Error> {
        let text = |name: &str| {
            let index = self.columns.iter().position(|column| column.name == name);
            match index {
                Some(index) => Ok(texts[index].clone()),
                None => row.try_get::<Option<String>, _>(name),
            }
        };
        let object = |name: &str| -> Result<Option<Map<String, Json>>, sqlx::Error> {
            let index = self.columns.iter().position(|column| column.name == name);
            let text = index.and_then(|index| texts[index].as_deref());
            Ok(text.and_then(|text| serde_json::from_str(text).ok()))
        };
        let hash = match self.hash {
            None => return Ok(None),
            Some(Hash::Payload) => {
                use md5::Digest as _;
                md5::Md5::digest(text("payload")?.unwrap_or_default().as_bytes()).into()
            }
            Some(Hash::Popup) => {
                let popup = popup(row, text, object)?;
                ContentHash::of_json(&serde_json::to_value(popup).unwrap_or_default()).0
            }
            Some(Hash::Row(shape)) => {
                let values = shape.columns.iter().map(|column| value(row, column.name, column.kind, &text));
                let values = values.collect::<Result<_, _>>()?;
                Row::new(shape, values, object("extra")?.unwrap_or_default()).hash.0
            }
        };
        Ok(Some(Uuid::from_bytes(hash)))
    }
}

fn value(
    row: &PgRow,
    name: &str,
    kind: ColumnType,
    text: &impl Fn(&str) -> Result<Option<String>, sqlx::Error>,
) -> Result<Value, sqlx::Error> {
    Ok(match kind {
        ColumnType::Text => text(name)?.map(Value::Text),
        ColumnType::Numeric => row.try_get::<Option<Decimal>, _>(name)?.map(Value::Numeric),
        ColumnType::Instant => row.try_get::<Option<DateTime<Utc>>, _>(name)?.map(Value::Instant),
        ColumnType::Bool => row.try_get::<Option<bool>, _>(name)?.map(Value::Bool),
        ColumnType::Integer => row.try_get::<Option<i32>, _>(name)?.map(Value::Integer),
    }
    .unwrap_or(Value::Null))
}

fn popup(
    row: &PgRow,
    text: impl Fn(&str) -> Result<Option<String>, sqlx::Error>,
    object: impl Fn(&str) -> Result<Option<Map<String, Json>>, sqlx::Error>,
) -> Result<CallPopup, sqlx::Error> {
    Ok(CallPopup {
        session_id: text("session_id")?.unwrap_or_default(),
        city: text("city")?,
        extno: text("extno")?,
        admin_id: row.try_get("admin_id")?,
        edit_stamp: row.try_get("edit_stamp")?,
        info_extno: text("info_extno")?,
        fields: object("fields")?,
        info_group: text("info_group")?,
        import_stamp: row.try_get("import_stamp")?,
        info_name: text("info_name")?,
        project_id: text("project_id")?,
        info_status: text("info_status")?,
        task_id: text("task_id")?,
        telephone: text("telephone")?,
        info_uuid: text("info_uuid")?,
        extra: object("extra")?.unwrap_or_default(),
    })
}
