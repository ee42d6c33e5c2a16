//! One table cleaned: rows that may name somebody are looked for by a pattern in the database, judged by the list
//! here, and written back with the hashes that a read would give them.

use serde_json::{Map, Value as Json};
use sqlx::{Connection as _, FromRow, PgConnection};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::forgotten::{ForgottenList, Identifier};
use crate::domain::stream::StreamKey;
use crate::store::commit::row_count::{RowCountChange, counted_as, row_count_add_in_txn};
use crate::store::fault::{StoreError, StoreResult};
use crate::store::privacy::forgotten::place::Place;
use crate::store::schema::derived::Misshapen;

/// Looks of one table: a row that was written meanwhile has moved, and is looked for again.
const ROUNDS: u32 = 3;

/// Cleans tables.
pub(super) struct Cleaner<'a> {
    /// Who is forgotten.
    pub(super) list: &'a ForgottenList,
    /// What they are known by, as a pattern of PostgreSQL.
    pub(super) pattern: String,
    /// Whether anything is written.
    pub(super) apply: bool,
}

#[derive(FromRow)]
struct Suspect {
    place: String,
    source: String,
    columns: sqlx::types::Json<Map<String, Json>>,
}

impl Cleaner<'_> {
    /// Cleans a table, and says how many rows changed or would.
    pub(super) async fn clean_in_txn(
        &self,
        connection: &mut PgConnection,
        place: &Place,
    ) -> StoreResult<u64> {
        let mut changed = 0;
        for _ in 0..ROUNDS {
            let suspects: Vec<Suspect> = sqlx::query_as(place.suspects())
                .bind(&self.pattern)
                .persistent(false)
                .fetch_all(&mut *connection)
                .await?;
            let mut missed = 0;
            for suspect in suspects {
                let Some(columns) = self.cleaned(place, &suspect)? else { continue };
                let done = match self.apply {
                    true => write(connection, place, &suspect, columns).await?,
                    false => true,
                };
                changed += u64::from(done);
                missed += u64::from(!done);
            }
            if missed == 0 {
                return Ok(changed);
            }
        }
        let message = format!("rows of {} kept changing; nothing was changed, try again", place.table);
        Err(StoreError::Fault(Fault::new(FaultKind::DatabaseConflict, message)))
    }

    /// The columns that change, with what follows from them; `None` where none does.
    fn cleaned(&self, place: &Place, suspect: &Suspect) -> StoreResult<Option<Map<String, Json>>> {
        let before = &suspect.columns.0;
        let mut texts: Map<String, Json> =
            place.texts.iter().filter_map(|name| Some((name.clone(), before.get(name)?.clone()))).collect();
        let keys: Vec<&str> = place.key.iter().map(String::as_str).collect();
        if !self.list.columns(&suspect.source, &keys, &mut texts) {
            return Ok(None);
        }
        texts.retain(|name, value| before.get(name) != Some(value));
        let mut after = before.clone();
        after.extend(texts.clone());
        let hash = place.derived.hash(&after).map_err(|Misshapen| {
            let message = format!("a row of {} is not of its shape; nothing was changed", place.table);
            StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message))
        })?;
        if let Some((name, hash)) = place.derived.column().zip(hash) {
            texts.insert(name.to_owned(), Json::String(hash.to_string()));
        }
        Ok(Some(texts))
    }
}

/// Whether the row was still there.
async fn write(
    connection: &mut PgConnection,
    place: &Place,
    suspect: &Suspect,
    columns: Map<String, Json>,
) -> StoreResult<bool> {
    let at = suspect.place.as_str();
    let names: Vec<&str> = columns.keys().map(String::as_str).collect();
    let query = place.rewrite(&names);
    let mut nested = connection.begin().await?;
    let written = sqlx::query(query)
        .bind(sqlx::types::Json(&columns))
        .bind(at)
        .persistent(false)
        .execute(&mut *nested)
        .await;
    match written {
        Ok(done) => {
            nested.commit().await?;
            Ok(done.rows_affected() == 1)
        }
        // What is left of it is there already.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            nested.rollback().await?;
            let removed =
                sqlx::query(place.remove()).bind(at).persistent(false).execute(&mut *connection).await?;
            let is_live = suspect.columns.0.get("deleted_at").is_some_and(Json::is_null);
            if let Some((stream, table)) = counted_as(&place.table).filter(|_| is_live) {
                let key = StreamKey { source: suspect.source.as_str().into(), stream };
                let mut change = RowCountChange::default();
                change.add(&key, table, 0, removed.rows_affected());
                row_count_add_in_txn(connection, &change).await?;
            }
            Ok(removed.rows_affected() == 1)
        }
        Err(error) => Err(error.into()),
    }
}

/// What finds every text that may hold one of these, in whatever way it is written there.
pub(super) fn pattern(known_by: &[(Identifier, String, String)]) -> String {
    let of = |(kind, _, text): &(Identifier, String, String)| match kind {
        Identifier::Phone => digits(text),
        Identifier::Agent if text.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
            format!(r"\m{text}\M")
        }
        Identifier::Agent | Identifier::Email | Identifier::Form => literal(text),
    };
    known_by.iter().map(of).collect::<Vec<_>>().join("|")
}

fn digits(number: &str) -> String {
    let one = |digit: char| {
        let wide = digit.to_digit(10).and_then(|digit| char::from_u32(0xff10 + digit)).unwrap_or(digit);
        format!("[{digit}{wide}]")
    };
    number.chars().map(one).collect::<Vec<_>>().join("[^0-9A-Za-z]{0,2}")
}

fn literal(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        letter if letter.is_alphanumeric() || !letter.is_ascii() => letter.to_string(),
        letter => format!("\\{letter}"),
    });
    escaped.collect()
}
