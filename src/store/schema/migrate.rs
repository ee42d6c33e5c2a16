//! Bringing the schema up to date, and saying where it is not.

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

use crate::domain::fault::{Fault, FaultKind};
use crate::store::answered::answered;
use crate::store::fault::{StoreError, StoreResult, from_sql};
use crate::store::pool::PgStore;
use crate::store::schema::day_sums::watch_days;
use crate::store::schema::distribute::vendor_tables;
use crate::store::schema::grant::readers_update;

/// The migrations, compiled in. Their table lives in our own schema, because `public` is closed to ordinary
/// roles since PostgreSQL 15.
pub(in crate::store) fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.dangerous_set_table_name("sync.migration");
    migrator.create_schema("sync");
    migrator
}

/// How far a database is.
pub(in crate::store) struct Standing {
    /// Numbers and names of migrations not yet applied, oldest first.
    pub(in crate::store) pending: Vec<(i64, String)>,
    /// Numbers of applied migrations that this program does not know.
    pub(in crate::store) unknown: Vec<i64>,
    /// Numbers of applied migrations that had another text when they were applied.
    altered: Vec<i64>,
    /// Migrations that were applied.
    pub(in crate::store) applied: usize,
}

/// What may be lacking in a database whose migrations are applied.
async fn after_migrations(connection: &mut PgConnection) -> StoreResult<()> {
    readers_update(connection).await?;
    watch_days(connection).await
}

impl PgStore {
    /// Applies what is pending. Of several processes that do so at once, one does it and the others wait.
    ///
    /// # Errors
    /// `DatabaseRefused` where the database is not ours, was migrated by a newer ccsync, or refuses; and
    /// other database faults. A migration is applied whole or not at all.
    pub async fn migrate(&self) -> Result<(), Fault> {
        let doing = "migrating the database";
        // A connection of its own: the lock lives as long as it does, whatever happens in between.
        let mut connection = self.connection().await?;
        let unlimited = sqlx::raw_sql("set lock_timeout = 0; set statement_timeout = 0");
        answered(doing, connection.execute(unlimited)).await?;
        answered(doing, self.refuse_if_not_ours(&mut connection)).await?;
        // Where nothing is pending, a role that may only read and write rows is enough.
        let Standing { pending, unknown, altered, .. } = answered(doing, self.standing()).await?;
        let outcome = match pending.is_empty() && unknown.is_empty() && altered.is_empty() {
            true => Ok(()),
            false => migrator().run_direct(None, &mut connection, false).await,
        };
        let outcome = outcome.map_err(|error| self.migrate_fault(doing, &error));
        let granted = match outcome {
            Ok(()) => answered(doing, after_migrations(&mut connection)).await,
            Err(fault) => Err(fault),
        };
        connection.close().await.ok();
        granted
    }

    /// The names of the migrations that `migrate` would apply, oldest first.
    ///
    /// # Errors
    /// Database faults, and `DatabaseRefused` where a newer ccsync migrated this database.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, Fault> {
        let doing = "looking at the schema";
        let standing = answered(doing, self.standing()).await?;
        match (standing.unknown.first(), standing.altered.first()) {
            (Some(version), _) => Err(self.too_new(doing, *version)),
            (None, Some(version)) => Err(self.migrate_fault(doing, &MigrateError::VersionMismatch(*version))),
            (None, None) => Ok(standing.pending.into_iter().map(|(_, name)| name).collect()),
        }
    }

    /// Whether no ccsync ever worked here.
    ///
    /// # Errors
    /// Database faults.
    pub async fn is_untouched(&self) -> Result<bool, Fault> {
        Ok(self.pending_migrations().await?.len() == migrator().iter().count())
    }

    /// Whether the schema is the one this program was built for.
    ///
    /// # Errors
    /// `DatabaseRefused` saying what to do where it is not, and other database faults.
    pub async fn schema_ready(&self) -> Result<(), Fault> {
        match self.pending_migrations().await?.len() {
            0 => Ok(()),
            count => Err(Fault::new(
                FaultKind::DatabaseRefused,
                format!("{} lacks {count} migrations; run `ccsync migrate`", self.place()),
            )
            .advising()),
        }
    }

    pub(in crate::store) async fn standing(&self) -> StoreResult<Standing> {
        let ours: bool = sqlx::query_scalar("select to_regclass('sync.migration') is not null")
            .fetch_one(&self.pool)
            .await?;
        let applied: Vec<(i64, Vec<u8>)> = if ours {
            sqlx::query_as("select version, checksum from sync.migration order by version")
                .fetch_all(&self.pool)
                .await?
        } else {
            Vec::new()
        };
        let migrator = migrator();
        let is_altered = |version: i64, checksum: &[u8]| {
            let of_ours = migrator.iter().find(|migration| migration.version == version);
            of_ours.is_some_and(|migration| migration.checksum.as_ref() != checksum)
        };
        let altered = applied.iter().filter(|(version, checksum)| is_altered(*version, checksum));
        let altered = altered.map(|(version, _)| *version).collect();
        let applied: Vec<i64> = applied.into_iter().map(|(version, _)| version).collect();
        let known = |version: &i64| migrator.iter().any(|migration| migration.version == *version);
        Ok(Standing {
            pending: migrator
                .iter()
                .filter(|migration| !applied.contains(&migration.version))
                .map(|migration| {
                    let name = format!("{}_{}", migration.version, migration.description.replace(' ', "_"));
                    (migration.version, name)
                })
                .collect(),
            altered,
            applied: applied.len(),
            unknown: applied.iter().copied().filter(|version| !known(version)).collect(),
        })
    }

    /// A database without our migrations table must not hold anything where our things will be.
    async fn refuse_if_not_ours(&self, connection: &mut PgConnection) -> StoreResult<()> {
        let views = [
            "freshness",
            "day_state",
            "quality_result",
            "agent_quality_daily",
            "skill_group_member",
            "skill_group_member_history",
            "agent_account",
            "agent_identity",
            "agent_unmatched",
            "queue_quality_daily",
        ];
        let mut names: Vec<String> = views.iter().map(|view| format!("bi.{view}")).collect();
        names.extend(vendor_tables());
        let foreign: Option<String> = sqlx::query_scalar(
            r#"
            select n.nspname || '.' || c.relname
            from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where to_regclass('sync.migration') is null
                and (n.nspname = 'sync' or n.nspname || '.' || c.relname = any($1))
            order by 1
            limit 1
            "#,
        )
        .bind(names)
        .fetch_optional(&mut *connection)
        .await?;
        match foreign {
            None => Ok(()),
            Some(name) => Err(StoreError::Fault(Fault::new(
                FaultKind::DatabaseRefused,
                format!(
                    "{} holds `{name}`, which ccsync did not create: give ccsync a database of its own, or \
                     rename that schema; nothing was changed",
                    self.place()
                ),
            )
            .advising())),
        }
    }

    fn too_new(&self, doing: &str, version: i64) -> Fault {
        Fault::new(
            FaultKind::DatabaseRefused,
            format!(
                "{doing}: {} has migration {version}, which this ccsync {} does not know: a newer one \
                 migrated it; use that one",
                self.place(),
                env!("CARGO_PKG_VERSION"),
            ),
        )
        .advising()
    }

    fn migrate_fault(&self, doing: &str, error: &MigrateError) -> Fault {
        let refused = |what: String| Fault::new(FaultKind::DatabaseRefused, format!("{doing}: {what}"));
        match error {
            MigrateError::Execute(error) => from_sql(doing, error),
            MigrateError::ExecuteMigration(error, version) => {
                from_sql(&format!("applying migration {version}"), error)
            }
            MigrateError::VersionMissing(version) => self.too_new(doing, *version),
            MigrateError::VersionMismatch(version) => refused(format!(
                "migration {version} was applied to {} in another form than this ccsync {} has; use the \
                 release that migrated it",
                self.place(),
                env!("CARGO_PKG_VERSION"),
            ))
            .advising(),
            other => refused(other.to_string()),
        }
    }
}
