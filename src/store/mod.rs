//! PostgreSQL: the tables, the ledger, the limits and the tokens. The only room that knows sqlx.
//!
//! [`PgStore`] implements all ports that live in a database. Each ledger table has one file; the way of a
//! read's rows into the fact tables is `commit` → `probe` → `merge` → `stage` → `copy`, then `absence`.

mod absence;
mod absence_alarm;
mod absence_note;
mod action;
mod agent;
mod agent_link;
mod alert;
mod answer;
mod catalogue;
mod certificate;
mod commit;
mod compare;
mod contract_drift;
mod copy;
mod derived;
mod dictionary;
mod distribute;
pub mod embedded;
mod explain;
mod facts;
mod fault;
mod feed;
mod forgotten;
mod grant;
mod home;
mod lag;
mod lease;
mod merge;
mod migrate;
mod migration_plan;
mod notice;
mod partition;
mod pool;
mod port;
mod privacy_key;
mod probe;
mod quarantine;
mod quarantine_desk;
mod request_budget;
mod retention;
mod rewrite;
mod run;
mod sighting;
mod snapshot;
mod stage;
mod statement;
mod status;
mod stream;
mod time_window;
mod token;
mod tombstone;
mod touched;
mod vouch;
mod walk_page;

pub use self::catalogue::Repaired;
pub use self::facts::DatabaseFacts;
pub use self::migration_plan::{MigrationPlan, PendingMigration, TableEffect, TouchedTable};
pub use self::pool::{PgStore, StoreConfig};
pub use self::rewrite::RewrittenTable;
