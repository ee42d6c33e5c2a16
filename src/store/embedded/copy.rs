//! The database as a file, and a file as the database: by PostgreSQL's own `pg_dump` and `pg_restore`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::process::Command;
use url::Url;

use crate::domain::row::text::one_line;
use crate::store::embedded::install::bootstrap;
use crate::store::embedded::server::launch;
use crate::store::embedded::{EmbeddedError, EmbeddedPostgres};

/// What a program says at its end is told, so many characters of it.
const SAID_MAX: usize = 600;

const ADVICE: &str = "install PostgreSQL's client programs of the server's version or newer (Debian, Ubuntu: `apt-get install \
    postgresql-client`), and see that there is room on the disk";

const NO_BACKUP: &str = "name a whole file that `ccsync embedded backup FILE` or `pg_dump --format=custom` wrote; nothing was changed";

const NOT_EMPTY: &str = "name an empty database, and a role that may create in it; nothing was changed there";

impl EmbeddedPostgres {
    /// Writes the whole database to a file that is not there yet, as `pg_restore` reads it, readable for this account alone.
    /// Its size in bytes.
    ///
    /// # Errors
    /// Where the file is there or cannot be written, and what `pg_dump` says. A backup that was not finished never has the
    /// file's name.
    pub async fn backup(&self, file: &Path) -> Result<u64, EmbeddedError> {
        let failed = |error: std::io::Error| EmbeddedError::Backup { path: file.to_owned(), source: error };
        if file.try_exists().map_err(failed)? {
            return Err(failed(std::io::ErrorKind::AlreadyExists.into()));
        }
        let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Gone with this function, however it ends; a kill leaves a file that is called otherwise.
        let part = tempfile::Builder::new().prefix(".ccsync-backup-").tempfile_in(folder).map_err(failed)?;
        let mut dump = self.program("pg_dump", &self.database);
        dump.args(["--format=custom", "--no-password"]).stdout(part.reopen().map_err(failed)?);
        run(dump, "pg_dump", ADVICE).await?;
        part.as_file().sync_all().map_err(failed)?;
        let bytes = part.as_file().metadata().map_err(failed)?.len();
        part.persist_noclobber(file).map_err(|error| failed(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(bytes)
    }

    /// Makes the database what a file says. The one of before stays under the name that is given back, until somebody drops it.
    ///
    /// # Errors
    /// Where somebody is connected to the database, and what `pg_restore` says: nothing is changed then.
    pub async fn restore(&self, file: &Path) -> Result<String, EmbeddedError> {
        let (database, role) = (&self.database, bootstrap::ROLE);
        let mut connection = launch::connect(&self.running.socket_dir, self.running.port)
            .await
            .map_err(EmbeddedError::sql("connect"))?;
        refuse_users(&mut connection, database).await?;
        let new = format!("{database}_restored");
        let drop = format!("drop database if exists {new}");
        execute(&mut connection, drop.clone()).await?;
        execute(
            &mut connection,
            format!("create database {new} owner {role} template template0 encoding 'UTF8'"),
        )
        .await?;
        let mut restore = self.program("pg_restore", &new);
        // A name that begins with a hyphen is no option.
        restore.arg("--dbname").arg(&new).args(RESTORE).arg("--").arg(file);
        let placed = match run(restore, "pg_restore", NO_BACKUP).await {
            Ok(()) => self.put_in_place(&mut connection, &new).await,
            Err(error) => Err(error),
        };
        if placed.is_err() {
            execute(&mut connection, drop).await?;
        }
        placed
    }

    /// The restored database becomes the database, in one step: there is always one of that name.
    async fn put_in_place(&self, connection: &mut PgConnection, new: &str) -> Result<String, EmbeddedError> {
        let database = &self.database;
        // Somebody may have come meanwhile.
        refuse_users(connection, database).await?;
        let old: String =
            sqlx::query_scalar("select $1 || to_char(clock_timestamp(), '_before_YYYYMMDDHH24MISS')")
                .bind(database)
                .fetch_one(&mut *connection)
                .await
                .map_err(EmbeddedError::sql("name the database of before"))?;
        let renamed = execute(
            connection,
            format!(
                "begin; alter database {database} rename to {old}; alter database {new} rename to {database}; commit"
            ),
        );
        let Err(error) = renamed.await else { return Ok(old) };
        execute(connection, "rollback".to_owned()).await?;
        // Who came in between is told as that.
        refuse_users(connection, database).await?;
        Err(error)
    }

    /// Copies the whole database into an empty one on another server.
    ///
    /// # Errors
    /// Where somebody is connected to the database, and what `pg_dump` or `pg_restore` says.
    pub async fn export_to(&self, target: &SecretString) -> Result<(), EmbeddedError> {
        let target = Target::of(target)?;
        let mut connection = launch::connect(&self.running.socket_dir, self.running.port)
            .await
            .map_err(EmbeddedError::sql("connect"))?;
        // What came after the copy began would stay behind.
        refuse_users(&mut connection, &self.database).await?;
        let mut dump = self.program("pg_dump", &self.database);
        dump.args(["--format=custom", "--no-password"]).stdout(Stdio::piped());
        let mut dump = dump.spawn().map_err(|error| not_run("pg_dump", &error))?;
        let piped = dump.stdout.take().and_then(|stdout| TryInto::<Stdio>::try_into(stdout).ok());
        let mut restore = alone(self.path_of("pg_restore"));
        restore.envs(target.variables.iter().map(|(name, value)| (name, value)));
        restore.arg("--dbname").arg(connection_string(&target.database)).args(RESTORE);
        restore.stdin(piped.unwrap_or_else(Stdio::null)).stdout(Stdio::null());
        let restored = run(restore, "pg_restore", NOT_EMPTY).await;
        let dumped = dump.wait_with_output().await.map_err(|error| not_run("pg_dump", &error))?;
        restored?;
        told("pg_dump", &dumped, ADVICE)
    }

    /// A program that reaches this server.
    fn program(&self, name: &str, database: &str) -> Command {
        let mut command = alone(self.path_of(name));
        command
            .env("PGHOST", &self.running.socket_dir)
            .env("PGPORT", self.running.port.to_string())
            .env("PGUSER", bootstrap::ROLE)
            .env("PGDATABASE", database)
            .stdin(Stdio::null());
        command
    }

    /// The one beside the server's, so that their versions fit.
    fn path_of(&self, name: &str) -> PathBuf {
        let beside = self.running.bin_dir.as_ref().map(|dir| dir.join(name)).filter(|path| path.exists());
        beside.unwrap_or_else(|| PathBuf::from(name))
    }
}

/// Whole or not at all; as ours, whoever owned it; readers are let in again by the next migration.
const RESTORE: [&str; 4] = ["--no-password", "--single-transaction", "--no-owner", "--no-privileges"];

/// A program to which nobody's environment names another server (`PGHOST`, `PGSERVICE`, `PGHOSTADDR`, …), and which goes
/// when ccsync goes.
fn alone(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
        command.env_remove(name);
    }
    command.stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// The name of a database as an argument: one with `=` in it would be taken for a whole address.
fn connection_string(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Another server's database, as PostgreSQL's programs are told of it: not by arguments, which everybody may see.
struct Target {
    variables: Vec<(&'static str, String)>,
    database: String,
}

impl Target {
    fn of(url: &SecretString) -> Result<Target, EmbeddedError> {
        let unread = |why: &str| EmbeddedError::Target { why: why.to_owned() };
        let url = Url::parse(url.expose_secret()).map_err(|error| unread(&error.to_string()))?;
        if !["postgres", "postgresql"].contains(&url.scheme()) {
            return Err(unread("it begins with postgres://"));
        }
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let database = plain(url.path().trim_start_matches('/'));
        let mut variables = Vec::new();
        let mut add = |name, value: String| {
            if !value.is_empty() {
                variables.push((name, value));
            }
        };
        add("PGHOST", plain(url.host_str().unwrap_or_default()).trim_matches(['[', ']']).to_owned());
        add("PGPORT", url.port().map(|port| port.to_string()).unwrap_or_default());
        add("PGUSER", plain(url.username()));
        add("PGPASSWORD", plain(url.password().unwrap_or_default()));
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "host" => add("PGHOST", value.into_owned()),
                "port" => add("PGPORT", value.into_owned()),
                "sslmode" => add("PGSSLMODE", value.into_owned()),
                "sslrootcert" => add("PGSSLROOTCERT", value.into_owned()),
                other => return Err(unread(&format!("{other} is not known here"))),
            }
        }
        if database.is_empty() {
            return Err(unread("it names no database"));
        }
        Ok(Target { variables, database })
    }
}

/// Whoever reads or writes it would lose it under the hands.
async fn refuse_users(connection: &mut PgConnection, database: &str) -> Result<(), EmbeddedError> {
    let users: Vec<String> = sqlx::query_scalar(
        "select distinct coalesce(nullif(application_name, ''), usename, 'somebody') from pg_stat_activity
         where datname = $1 and pid <> pg_backend_pid() order by 1",
    )
    .bind(database)
    .fetch_all(connection)
    .await
    .map_err(EmbeddedError::sql("look who is connected"))?;
    match users.is_empty() {
        true => Ok(()),
        false => Err(EmbeddedError::InUse { users: users.join(", ") }),
    }
}

/// Runs a statement that is made of constants and checked names.
async fn execute(connection: &mut PgConnection, statement: String) -> Result<(), EmbeddedError> {
    let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await;
    done.map(|_| ()).map_err(EmbeddedError::sql("put the restored database in its place"))
}

async fn run(mut command: Command, name: &'static str, advice: &'static str) -> Result<(), EmbeddedError> {
    let child = command.spawn().map_err(|error| not_run(name, &error))?;
    told(name, &child.wait_with_output().await.map_err(|error| not_run(name, &error))?, advice)
}

fn not_run(name: &'static str, error: &std::io::Error) -> EmbeddedError {
    EmbeddedError::Program { tried: name.to_owned(), output: error.to_string(), advice: ADVICE }
}

fn told(
    name: &'static str,
    output: &std::process::Output,
    advice: &'static str,
) -> Result<(), EmbeddedError> {
    if output.status.success() {
        return Ok(());
    }
    let said = one_line(String::from_utf8_lossy(&output.stderr).trim());
    let output: String = said.chars().take(SAID_MAX).collect();
    Err(EmbeddedError::Program { tried: name.to_owned(), output, advice })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_whatever_its_name() {
        assert_eq!(connection_string("dbname=other"), "dbname='dbname=other'");
        assert_eq!(connection_string(r"a'b\c"), r"dbname='a\'b\\c'");
    }

    #[test]
    fn an_address_is_told_by_variables() {
        let told = |text: &str| {
            let target = Target::of(&SecretString::from(text.to_owned())).ok()?;
            Some((target.database, target.variables.into_iter().map(|(_, value)| value).collect::<Vec<_>>()))
        };
        let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            told("postgres://me:p%40ss@[::1]:5433/a%3Db?sslmode=verify-full"),
            Some(("a=b".to_owned(), values(&["::1", "5433", "me", "p@ss", "verify-full"])))
        );
        let socket = told("postgres://me@localhost/db?host=/run");
        assert_eq!(
            socket,
            Some(("db".to_owned(), values(&["localhost", "me", "/run"]))),
            "the last one counts"
        );
        for wrong in ["mysql://x/db", "postgres://x/", "postgres://x/db?options=-c", "x"] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }
}
