//! `sync.absence`: which rows the last closed read of their window lacked, and since when.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::domain::row::record::Row;
use crate::domain::row::table::TableShape;
use crate::store::commit::absence::Key;
use crate::store::commit::transaction::Context;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::statement::touched::not_taken;

/// So many are read whole, which is quicker than to send the keys of a read.
const NOTED_FEW: usize = 1_000;

/// Keys in one round trip.
const CHUNK_KEYS: usize = 2_000;

/// When rows of a table were first missed: all of them where they are few, else those that were looked up. Where a
/// vendor hid half a million rows, no commit holds them all.
pub(in crate::store) struct Noted {
    since: HashMap<Key, DateTime<Utc>>,
    /// Nothing else is noted of the table.
    is_whole: bool,
}

impl Noted {
    /// All of a table's, if they are few.
    pub(in crate::store) async fn of_table(
        connection: &mut PgConnection,
        source: &str,
        table: &TableShape,
    ) -> StoreResult<Noted> {
        let noted: Vec<(Key, DateTime<Utc>)> = sqlx::query_as(
            "select key, first_absent_at from sync.absence where source = $1 and table_name = $2 limit $3",
        )
        .bind(source)
        .bind(table.name)
        .bind(NOTED_FEW as i64 + 1)
        .fetch_all(connection)
        .await?;
        if noted.len() <= NOTED_FEW {
            Ok(Noted { since: noted.into_iter().collect(), is_whole: true })
        } else {
            Ok(Noted { since: HashMap::new(), is_whole: false })
        }
    }

    /// Adds what is noted of these rows, unless all is known.
    pub(in crate::store) async fn look_up_rows(
        &mut self,
        connection: &mut PgConnection,
        source: &str,
        table: &TableShape,
        rows: &[&Row],
    ) -> StoreResult<()> {
        for part in rows.chunks(CHUNK_KEYS).take_while(|_| !self.is_whole) {
            let keys: Vec<Vec<&str>> = part.iter().map(|row| row.key().collect()).collect();
            self.since.extend(noted_of(connection, source, table, &keys).await?);
        }
        Ok(())
    }

    /// The same of keys.
    pub(in crate::store) async fn look_up_keys(
        &mut self,
        connection: &mut PgConnection,
        source: &str,
        table: &TableShape,
        keys: &[Key],
    ) -> StoreResult<()> {
        for part in keys.chunks(CHUNK_KEYS).take_while(|_| !self.is_whole) {
            self.since.extend(noted_of(connection, source, table, part).await?);
        }
        Ok(())
    }

    /// When the row was first missed, if it is known to be missing.
    pub(in crate::store) fn since(&self, key: &Key) -> Option<DateTime<Utc>> {
        self.since.get(key).copied()
    }

    /// Nothing is known to be missing.
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.since.is_empty()
    }
}

/// Which of these keys are missing, and since when.
pub(in crate::store) async fn noted_of<K: Serialize + Sync>(
    connection: &mut PgConnection,
    source: &str,
    table: &TableShape,
    keys: &[K],
) -> StoreResult<Vec<(Key, DateTime<Utc>)>> {
    let noted = sqlx::query_as(
        r#"
        select key, first_absent_at from sync.absence
        where source = $1 and table_name = $2
            and key in (
                select array(select jsonb_array_elements_text(k.key)) from jsonb_array_elements($3) as k(key)
            )
        "#,
    );
    let noted = noted.bind(source).bind(table.name).bind(Json(keys)).fetch_all(connection).await?;
    Ok(noted)
}

/// Keys travel as JSON: arrays of arrays of one length each would lose their shape on the way.
pub(in crate::store) async fn note_absences(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &TableShape,
    keys: &[Key],
) -> StoreResult<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let written = sqlx::query(
        r#"
        insert into sync.absence (source, table_name, key, first_absent_at, window_start, window_end)
        select $1, $2, array(select jsonb_array_elements_text(k.key)), $3, $4, $5
        from jsonb_array_elements($6) as k(key)
        on conflict do nothing
        "#,
    )
    .bind(context.source)
    .bind(table.name)
    .bind(context.now)
    .bind(context.window.map(|window| window.start))
    .bind(context.window.map(|window| window.end))
    .bind(Json(keys))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if written == keys.len() as u64 {
        return Ok(());
    }
    // What was noted before counts too.
    let noted = noted_of(connection, context.source, table, keys).await?.len();
    match noted == keys.len() {
        true => Ok(()),
        false => Err(not_taken("sync.absence", "noting absent rows", keys.len() as u64, noted as u64)),
    }
}

/// Forgets absences that were noted. Where somebody else was quicker, a person who accepted them or a read
/// of another window, what this commit knows is out of date, and nothing of it may be written.
pub(in crate::store) async fn forget_absences(
    connection: &mut PgConnection,
    source: &str,
    table: &TableShape,
    keys: &[Key],
) -> StoreResult<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let forgotten = sqlx::query(
        r#"
        delete from sync.absence
        where source = $1 and table_name = $2
            and key in (
                select array(select jsonb_array_elements_text(k.key)) from jsonb_array_elements($3) as k(key)
            )
        "#,
    )
    .bind(source)
    .bind(table.name)
    .bind(Json(keys))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if forgotten == keys.len() as u64 {
        return Ok(());
    }
    // What is still there was given to the statement, and was not deleted.
    match noted_of(connection, source, table, keys).await?.len() as u64 {
        0 => Err(StoreError::Conflict(table.name)),
        left => Err(not_taken("sync.absence", "ending absences", forgotten + left, forgotten)),
    }
}
