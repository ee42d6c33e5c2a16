//! What a fresh cluster needs before the product can use it: a role, its password, a database.

use rand::Rng;
use rand::distr::Alphanumeric;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::store::embedded::EmbeddedError;
use crate::store::embedded::install::files;
use crate::store::embedded::paths::ClusterPaths;
use crate::store::embedded::server::launch::{self, Running};

/// The role that owns the database. It is no superuser, so that the product finds out here, and
/// not at the first customer with a server of his own, what it may not do.
pub(in crate::store::embedded) const ROLE: &str = "ccsync";

/// Makes what is missing and gives back the role's password. May be repeated.
pub(in crate::store::embedded) async fn ensure(
    paths: &ClusterPaths,
    running: &Running,
    database: &str,
) -> Result<SecretString, EmbeddedError> {
    let mut connection =
        launch::connect(&running.socket_dir, running.port).await.map_err(EmbeddedError::sql("connect"))?;
    let role: bool =
        exists(&mut connection, "select exists (select from pg_roles where rolname = $1)", ROLE).await?;
    if !role {
        run(&mut connection, "make a role", format!("create role {ROLE} login createdb createrole")).await?;
    }
    run(&mut connection, "grant a role", format!("grant pg_monitor, pg_signal_backend to {ROLE}")).await?;
    let known: bool =
        exists(&mut connection, "select exists (select from pg_database where datname = $1)", database)
            .await?;
    if !known {
        run(&mut connection, "make a database", format!("create database {database} owner {ROLE}")).await?;
    }
    password(paths, &mut connection).await
}

/// The password in the file, or a new one. The file is written last, so that its presence means
/// that the server knows it.
async fn password(
    paths: &ClusterPaths,
    connection: &mut PgConnection,
) -> Result<SecretString, EmbeddedError> {
    let path = paths.file("password");
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned().into()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(EmbeddedError::file("read", &path)(error));
        }
        _ => {}
    }
    let new: String = rand::rng().sample_iter(Alphanumeric).take(32).map(char::from).collect();
    run(connection, "set the password", format!("alter role {ROLE} password '{new}'")).await?;
    files::write_whole(&path, &format!("{new}\n"), 0o600)?;
    Ok(new.into())
}

async fn exists(
    connection: &mut PgConnection,
    query: &'static str,
    name: &str,
) -> Result<bool, EmbeddedError> {
    sqlx::query_scalar(query)
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(EmbeddedError::sql("look for the role and the database"))
}

/// Runs a statement that is made of constants, a checked database name or a generated password.
async fn run(
    connection: &mut PgConnection,
    tried: &'static str,
    statement: String,
) -> Result<(), EmbeddedError> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.map_err(EmbeddedError::sql(tried))?;
    Ok(())
}
