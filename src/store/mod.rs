//! PostgreSQL: the tables, the ledger, the limits and the tokens. The only module that uses sqlx.
//!
//! [`PgStore`] implements the ports that the engine calls; what only commands ask of the database are its own methods.

mod account;
mod answered;
mod commit;
pub mod embedded;
mod fault;
mod feed;
mod ledger;
mod operator;
mod pool;
mod port;
mod privacy;
mod query;
mod schema;
mod statement;

pub use self::account::source::{SourceChange, SourceOrder, SweptTable};
pub use self::pool::{PgStore, StoreConfig};
pub use self::privacy::rewrite::RewrittenTable;
pub use self::query::facts::DatabaseFacts;
pub use self::schema::catalogue::Repaired;
pub use self::schema::migration_plan::{MigrationPlan, PendingMigration, TableEffect, TouchedTable};
pub use self::schema::stream_tables::migration_sql;
