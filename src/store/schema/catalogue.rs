//! The live catalogue, compared with the one that the migrations make.
//!
//! `expected.json` is that catalogue, read with the same statements from a database that was just migrated; a test
//! holds it to the migrations.

mod read;
mod repair;

use sqlx::{Connection as _, Executor as _, PgConnection};

use self::read::read_catalogue;
use crate::domain::catalogue::{Catalogue, Finding, Severity, compare};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::row::text::counted;
use crate::store::answered::answered;
use crate::store::fault::{StoreError, StoreResult};
use crate::store::pool::PgStore;

pub use self::repair::Repaired;

const EXPECTED: &str = include_str!("catalogue/expected.json");

/// How long `ccsync check` waits for somebody who changes a table.
const LIMITS: &str =
    "set local lock_timeout = '5s'; set local statement_timeout = '30s'; set local search_path = ''";

/// A start waits, as migrations do: another worker may be cutting histories into months.
const PATIENT: &str =
    "set local lock_timeout = 0; set local statement_timeout = 0; set local search_path = ''";

/// Findings that a fault names; `ccsync check` names all.
const NAMED: usize = 5;

impl PgStore {
    /// The live catalogue of our schemas, as `expected.json` holds it.
    ///
    /// # Errors
    /// Database faults.
    pub async fn catalogue(&self) -> Result<Catalogue, Fault> {
        let read = async {
            let mut connection = self.pool.acquire().await?;
            let mut transaction = connection.begin().await?;
            transaction.execute(sqlx::raw_sql(LIMITS)).await?;
            read_catalogue(&mut transaction).await
        };
        answered("reading the catalogue", read).await
    }

    /// What differs from what the migrations made. The schema must be up to date. Changes nothing.
    ///
    /// # Errors
    /// Database faults.
    pub async fn catalogue_findings(&self) -> Result<Vec<Finding>, Fault> {
        self.findings_within(LIMITS).await
    }

    async fn findings_within(&self, limits: &'static str) -> Result<Vec<Finding>, Fault> {
        let read = async {
            let mut connection = self.pool.acquire().await?;
            let mut transaction = connection.begin().await?;
            transaction.execute(sqlx::raw_sql(limits)).await?;
            findings(&mut transaction).await
        };
        answered("comparing the catalogue", read).await
    }

    /// Whether the database can take every row.
    ///
    /// # Errors
    /// `DatabaseRefused` naming what may lose or refuse rows and what mends it, and other database faults.
    pub async fn catalogue_ready(&self) -> Result<(), Fault> {
        self.catalogue_refusal(PATIENT).await?.map_or(Ok(()), Err)
    }

    /// The same for a command that only looks: it waits for nobody for long. `None` where the database can take every row.
    ///
    /// # Errors
    /// Database faults that kept it from comparing.
    pub async fn catalogue_look(&self) -> Result<Option<Fault>, Fault> {
        self.catalogue_refusal(LIMITS).await
    }

    async fn catalogue_refusal(&self, limits: &'static str) -> Result<Option<Fault>, Fault> {
        let findings = self.findings_within(limits).await?;
        let fails: Vec<&Finding> =
            findings.iter().filter(|finding| finding.severity == Severity::Fails).collect();
        if fails.is_empty() {
            return Ok(None);
        }
        let mut refusals: Vec<String> = fails
            .iter()
            .take(NAMED)
            .map(|finding| format!("{} ({})", finding.sentence(), finding.advice()))
            .collect();
        if NAMED < fails.len() {
            refusals.push(format!(
                "{}; `ccsync check` names them",
                counted(fails.len() - NAMED, "more difference")
            ));
        }
        let message = format!("{} is not as ccsync made it: {}", self.place(), refusals.join("; "));
        Ok(Some(Fault::new(FaultKind::DatabaseRefused, message).advising()))
    }
}

fn expected() -> StoreResult<Catalogue> {
    serde_json::from_str(EXPECTED).map_err(|error| {
        let message = format!("the catalogue in this program cannot be read: {error}");
        StoreError::Fault(Fault::new(FaultKind::DatabaseRefused, message))
    })
}

/// Compares within the caller's transaction.
async fn findings(connection: &mut PgConnection) -> StoreResult<Vec<Finding>> {
    let mut expected = expected()?;
    let live = read_catalogue(connection).await?;
    print_alike(connection, &mut expected, &live).await?;
    Ok(compare(&expected, &live))
}

/// Another version of PostgreSQL prints the same query or body in another way. Where a text differs, this server is made
/// to print the expected one too.
async fn print_alike(
    connection: &mut PgConnection,
    expected: &mut Catalogue,
    live: &Catalogue,
) -> StoreResult<()> {
    for (name, view) in &mut expected.views {
        let Some(known) = live.views.get(name).filter(|known| known.definition != view.definition) else {
            continue;
        };
        let printed = printed_view(connection, &view.definition).await?;
        if printed.is_some() && printed == printed_view(connection, &known.definition).await? {
            view.definition.clone_from(&known.definition);
        }
    }
    for (signature, function) in &mut expected.functions {
        let Some(known) =
            live.functions.get(signature).filter(|known| known.definition != function.definition)
        else {
            continue;
        };
        let printed = printed_function(connection, signature, &function.definition).await?;
        if printed.is_some() && printed == printed_function(connection, signature, &known.definition).await? {
            function.definition.clone_from(&known.definition);
        }
    }
    Ok(())
}

/// A query as this server prints it; `None` where it cannot be made.
async fn printed_view(connection: &mut PgConnection, query: &str) -> StoreResult<Option<String>> {
    let create = format!("create temporary view ccsync_printed as {query}");
    let read = "select pg_catalog.pg_get_viewdef('pg_temp.ccsync_printed'::regclass)";
    printed(connection, create, read).await
}

/// A function as this server prints it, without its schema.
async fn printed_function(
    connection: &mut PgConnection,
    signature: &str,
    definition: &str,
) -> StoreResult<Option<String>> {
    let name = signature.split('(').next().unwrap_or(signature);
    let create = definition.replacen(name, "pg_temp.ccsync_printed", 1);
    let read = "select split_part(pg_catalog.pg_get_functiondef(p.oid), 'ccsync_printed', 2) \
                from pg_catalog.pg_proc p where p.proname = 'ccsync_printed' \
                and p.pronamespace = pg_catalog.pg_my_temp_schema()";
    printed(connection, create, read).await
}

async fn printed(
    connection: &mut PgConnection,
    create: String,
    read: &'static str,
) -> StoreResult<Option<String>> {
    let mut nested = connection.begin().await?;
    let made = nested.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(create))).await;
    let printed = match made {
        Ok(_) => sqlx::query_scalar(read).persistent(false).fetch_one(&mut *nested).await.ok(),
        Err(_) => None,
    };
    nested.rollback().await?;
    Ok(printed)
}
