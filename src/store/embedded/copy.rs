//! The database as a file, and a file as the database: by PostgreSQL's own `pg_dump` and `pg_restore`.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
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

impl EmbeddedPostgres {
    /// Writes the whole database to a file that is not there yet, as `pg_restore` reads it, readable for this account alone.
    /// Its size in bytes.
    ///
    /// # Errors
    /// Where the file is there or cannot be written, and what `pg_dump` says.
    pub async fn backup(&self, file: &Path) -> Result<u64, EmbeddedError> {
        let mut options = OpenOptions::new();
        let out = options.write(true).create_new(true).mode(0o600).open(file);
        let out = out.map_err(EmbeddedError::file("write", file))?;
        let mut dump = self.program("pg_dump", &self.database);
        dump.args(["--format=custom", "--no-password"]).stdout(out);
        if let Err(error) = run(dump, "pg_dump").await {
            // Half a backup is none.
            let _ = std::fs::remove_file(file);
            return Err(error);
        }
        let written = OpenOptions::new().read(true).open(file).and_then(|file| {
            file.sync_all()?;
            file.metadata()
        });
        Ok(written.map_err(EmbeddedError::file("write", file))?.len())
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
        execute(&mut connection, format!("drop database if exists {new}")).await?;
        execute(
            &mut connection,
            format!("create database {new} owner {role} template template0 encoding 'UTF8'"),
        )
        .await?;
        let mut restore = self.program("pg_restore", &new);
        restore.arg("--dbname").arg(&new).args(RESTORE).arg(file);
        if let Err(error) = run(restore, "pg_restore").await {
            execute(&mut connection, format!("drop database if exists {new}")).await?;
            return Err(error);
        }
        let old: String =
            sqlx::query_scalar("select $1 || to_char(clock_timestamp(), '_before_YYYYMMDDHH24MISS')")
                .bind(database)
                .fetch_one(&mut connection)
                .await
                .map_err(EmbeddedError::sql("name the database of before"))?;
        execute(&mut connection, format!("alter database {database} rename to {old}")).await?;
        execute(&mut connection, format!("alter database {new} rename to {database}")).await?;
        Ok(old)
    }

    /// Copies the whole database into an empty one on another server.
    ///
    /// # Errors
    /// Where the address cannot be read, and what `pg_dump` or `pg_restore` says.
    pub async fn export_to(&self, target: &SecretString) -> Result<(), EmbeddedError> {
        let target = Target::of(target)?;
        let mut dump = self.program("pg_dump", &self.database);
        dump.args(["--format=custom", "--no-password"]).stdout(Stdio::piped());
        let mut dump = dump.spawn().map_err(|error| not_run("pg_dump", &error))?;
        let piped = dump.stdout.take().and_then(|stdout| TryInto::<Stdio>::try_into(stdout).ok());
        let mut restore = Command::new(self.path_of("pg_restore"));
        target.name(&mut restore);
        restore.arg("--dbname").arg(&target.database).args(RESTORE).stdin(piped.unwrap_or_else(Stdio::null));
        let restored = run(restore, "pg_restore").await;
        let dumped = dump.wait_with_output().await.map_err(|error| not_run("pg_dump", &error))?;
        restored?;
        told("pg_dump", &dumped)
    }

    /// A program that reaches this server.
    fn program(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(self.path_of(name));
        command
            .env("PGHOST", &self.running.socket_dir)
            .env("PGPORT", self.running.port.to_string())
            .env("PGUSER", bootstrap::ROLE)
            .env("PGDATABASE", database)
            .env_remove("PGPASSWORD")
            .env_remove("PGSERVICE")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
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
                variables.push((name, value))
            }
        };
        add("PGHOST", plain(url.host_str().unwrap_or_default()));
        add("PGPORT", url.port().map(|port| port.to_string()).unwrap_or_default());
        add("PGUSER", plain(url.username()));
        add("PGPASSWORD", plain(url.password().unwrap_or_default()));
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "host" => add("PGHOST", value.into_owned()),
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

    fn name(&self, command: &mut Command) {
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
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

async fn run(mut command: Command, name: &'static str) -> Result<(), EmbeddedError> {
    let child = command.stderr(Stdio::piped()).spawn().map_err(|error| not_run(name, &error))?;
    told(name, &child.wait_with_output().await.map_err(|error| not_run(name, &error))?)
}

fn not_run(name: &'static str, error: &std::io::Error) -> EmbeddedError {
    EmbeddedError::Program { tried: name.to_owned(), output: error.to_string(), advice: ADVICE }
}

fn told(name: &'static str, output: &std::process::Output) -> Result<(), EmbeddedError> {
    if output.status.success() {
        return Ok(());
    }
    let said = one_line(String::from_utf8_lossy(&output.stderr).trim());
    let said: String = said.chars().take(SAID_MAX).collect();
    let advice = match name {
        "pg_restore" => "give it an empty database and a role that may create in it; nothing was changed",
        _ => ADVICE,
    };
    Err(EmbeddedError::Program { tried: name.to_owned(), output: said, advice })
}
