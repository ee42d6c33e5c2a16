//! What `migrate` would do, told beforehand.

use serde::Serialize;
use sqlx::Row as _;

use crate::domain::fault::Fault;
use crate::store::answered::answered;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;
use crate::store::schema::migrate::{Standing, migrator};

/// How far a database is, and what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationPlan {
    /// Migrations that were applied.
    pub applied: usize,
    /// Those that `migrate` would apply, in this order.
    pub pending: Vec<PendingMigration>,
    /// Numbers of applied migrations that this program does not know: a newer one made them.
    pub newer: Vec<i64>,
}

/// One migration that was not applied yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingMigration {
    /// Its number and name, as in `20261101090000_create_run_ledger`.
    pub name: String,
    /// Tables with rows that it changes or indexes, as far as its text says: meanwhile nobody else writes to them.
    pub touches: Vec<TouchedTable>,
}

/// A table with rows that a migration works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TouchedTable {
    /// Schema and name.
    pub table: String,
    /// What is done to it.
    pub effect: TableEffect,
    /// Its size with its indexes.
    pub bytes: u64,
}

/// What a migration does to a table that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableEffect {
    /// It gets an index, for which all of it is read.
    Index,
    /// Its definition changes.
    Alter,
}

impl PgStore {
    /// What `migrate` would apply. Changes nothing; a newer schema is no fault here.
    ///
    /// # Errors
    /// Database faults.
    pub async fn migration_plan(&self) -> Result<MigrationPlan, Fault> {
        answered("looking at the schema", self.planned()).await
    }

    async fn planned(&self) -> StoreResult<MigrationPlan> {
        let Standing { pending, unknown, applied, .. } = self.standing().await?;
        let mut plan = MigrationPlan { applied, pending: Vec::new(), newer: unknown };
        for (version, name) in pending {
            let migrator = migrator();
            let sql = migrator.iter().find(|known| known.version == version).map(|known| known.sql.as_str());
            let mut touches = Vec::new();
            for (effect, table) in touched(sql.unwrap_or_default()) {
                if let Some(bytes) = self.size_of_filled(&table).await? {
                    touches.push(TouchedTable { table, effect, bytes });
                }
            }
            plan.pending.push(PendingMigration { name, touches });
        }
        Ok(plan)
    }

    /// The size of a table; `None` where there is none or it has no rows.
    async fn size_of_filled(&self, table: &str) -> StoreResult<Option<u64>> {
        // By its pages: counting rows would take as long as the index.
        let sql = r#"
            select pg_total_relation_size(to_regclass($1)) as bytes
            where to_regclass($1) is not null and 0 < pg_relation_size(to_regclass($1))
        "#;
        let row = sqlx::query(sql).bind(table).fetch_optional(&self.pool).await?;
        let bytes: Option<i64> = row.map(|row| row.try_get("bytes")).transpose()?;
        Ok(bytes.map(|bytes| u64::try_from(bytes).unwrap_or_default()))
    }
}

/// The tables that a migration's text indexes or alters, each effect once. What a function's body does is not seen.
fn touched(sql: &str) -> Vec<(TableEffect, String)> {
    let mut found = Vec::new();
    for statement in sql.split(';') {
        let words: Vec<&str> = statement
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default())
            .flat_map(str::split_whitespace)
            .collect();
        let after =
            |word: &str| words.iter().position(|known| *known == word).and_then(|at| words.get(at + 1));
        let (effect, table) = match words.as_slice() {
            ["create", "index", ..] | ["create", "unique", "index", ..] => (TableEffect::Index, after("on")),
            ["alter", "table", ..] => (TableEffect::Alter, after("table")),
            _ => continue,
        };
        if let Some(table) = table.map(|table| table.split('(').next().unwrap_or(table).to_owned())
            && !found.contains(&(effect, table.clone()))
        {
            found.push((effect, table));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_indexed_and_altered_is_read_from_the_text() {
        let sql = "
            -- create index a on b (c);
            create table sync.new (id int);
            create index one on sobot.call_result (source, window_start);
            create unique index two on sync.run(id) where id > 1;
            alter table sync.run add column windows_due bigint; alter table sync.run add column other text;
            comment on table sync.run is 'alter table x';
        ";
        let told = [
            (TableEffect::Index, "sobot.call_result".to_owned()),
            (TableEffect::Index, "sync.run".to_owned()),
            (TableEffect::Alter, "sync.run".to_owned()),
        ];
        assert_eq!(touched(sql), told);
    }

    #[test]
    fn the_text_of_our_own_migrations_is_understood() {
        let all: Vec<_> = migrator().iter().flat_map(|known| touched(known.sql.as_str())).collect();
        assert!(all.contains(&(TableEffect::Index, "sobot.call_result".to_owned())), "{all:?}");
        assert!(all.contains(&(TableEffect::Alter, "sync.quarantine".to_owned())), "{all:?}");
    }
}
