//! `ccsync source`, and what is refused where an account does not fit the name of its rows.

mod change;
mod refuse;
mod retire;

use sqlx::{AssertSqlSafe, PgPool};

use crate::support::process::{Setup, Workspace, configuration, first_day, recent_world};

/// The configuration of a setup with another name, account or address of its Sobot source.
pub fn workspace(setup: &Setup, edit: impl Fn(String) -> String) -> Workspace {
    let database = format!("url = \"{}\"", setup.db.url());
    Workspace::new(&edit(configuration(&setup.simulator.base_url(), &database, &first_day().to_string())))
}

/// A setup whose rows were read.
pub async fn read() -> Setup {
    let setup = Setup::new(recent_world(), "").await;
    setup.run(&["sync"]).await.expect(0);
    setup
}

pub async fn count(pool: &PgPool, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(pool).await.unwrap()
}

/// Every text of every table of ours that holds this word, as table and column; by the catalogue.
pub async fn places_with(pool: &PgPool, word: &str) -> Vec<String> {
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select format('%I.%I', n.nspname, c.relname), quote_ident(a.attname)
         from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and n.nspname in ('sync', 'sobot', 'moor', 'workbench', 'partition') and a.attnum > 0
            and not a.attisdropped and a.atttypid in ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype)
         order by 1, 2",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut found = Vec::new();
    for (table, column) in columns {
        let sql = format!("select count(*) from {table} where {column}::text ~ '\\m{word}\\M'");
        if 0 < count(pool, &sql).await {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}
