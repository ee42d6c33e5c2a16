//! Where it is measured: a directory, a database, and the configurations of the processes.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ccsync::store::embedded::{EmbeddedConfig, EmbeddedPostgres};
use chrono::{Days, NaiveDate, Utc};
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;

use crate::args::PlaceArgs;
use crate::failure::{Failure, print};
use crate::psql::Psql;

/// The place, made for one run.
pub(crate) struct Place {
    program: PathBuf,
    directory: TempDir,
    server: Option<EmbeddedPostgres>,
    database_url: String,
    /// As ccsync connects.
    pub(crate) psql: Psql,
    /// As somebody who may order a checkpoint, where that is somebody else.
    superuser: Option<Psql>,
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("no place could be made to measure at: {error}"))
}

impl Place {
    /// Starts a server with the settings of production, or takes the database that is given.
    ///
    /// # Errors
    /// No server could be started, or the database given holds tables of ccsync.
    pub(crate) async fn prepare(program: &Path, args: &PlaceArgs) -> Result<Place, Failure> {
        // The server runs as another account where we are root, and has to enter.
        let open = std::fs::Permissions::from_mode(0o755);
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("ccsync-bench-").permissions(open);
        let directory = match &args.dir {
            Some(dir) => builder.tempdir_in(dir).map_err(failed)?,
            None => builder.tempdir().map_err(failed)?,
        };
        let place = match &args.database_url {
            Some(url) => {
                let psql = Psql::new(url)?;
                let (program, database_url) = (program.to_owned(), url.clone());
                Place { program, directory, server: None, database_url, psql, superuser: None }
            }
            None => Place::with_server(program, directory).await?,
        };
        let used = place.psql.ask("select to_regclass('sync.run') is not null").await?;
        if used == "t" {
            return Err(Failure::usage(
                "the database holds tables of ccsync already, which would be measured along: give it an empty one",
            ));
        }
        Ok(place)
    }

    async fn with_server(program: &Path, directory: TempDir) -> Result<Place, Failure> {
        print("starting a private PostgreSQL …");
        let mut config = EmbeddedConfig::new(directory.path().join("data"));
        config.stop_with_parent = true;
        let server = EmbeddedPostgres::start(&config).await.map_err(failed)?;
        let options = server.connect_options();
        let socket = options.get_socket().ok_or_else(|| failed("the server has no socket"))?;
        let url = |user: &str| {
            let base = format!("postgres://{user}@localhost:{}/{}", server.port(), config.database);
            let host = ("host", socket.to_string_lossy());
            Url::parse_with_params(&base, [host]).map(String::from).map_err(failed)
        };
        let (database_url, superuser) = (url("ccsync")?, Psql::new(&url("postgres")?)?);
        let psql = Psql::new(&database_url)?;
        let (program, superuser) = (program.to_owned(), Some(superuser));
        Ok(Place { program, directory, server: Some(server), database_url, psql, superuser })
    }

    /// ccsync with these arguments, and nothing of ours in its environment.
    pub(crate) fn ccsync(&self, config: Option<&Path>, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CCSYNC") {
                command.env_remove(name);
            }
        }
        command.args(arguments);
        if let Some(config) = config {
            command.env("CCSYNC_CONFIG", config);
        }
        command
    }

    /// For files that are needed meanwhile.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a configuration on this database.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn configure(&self, name: &str, rest: &str) -> Result<PathBuf, Failure> {
        let file = self.path().join(name);
        let (url, data_dir) = (&self.database_url, self.path().join("data"));
        let text = format!("[database]\nurl = {url:?}\ndata_dir = {data_dir:?}\n{rest}");
        // The address may hold a password.
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file);
        opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(failed)?;
        Ok(file)
    }

    /// Cleans up after what was measured, so that what follows does not pay for it. Whether that could be done whole.
    ///
    /// # Errors
    /// The database refused.
    pub(crate) async fn tidy(&self) -> Result<bool, Failure> {
        self.psql.ask("vacuum (analyze)").await?;
        let superuser = self.superuser.as_ref().unwrap_or(&self.psql);
        Ok(superuser.ask("checkpoint").await.is_ok())
    }

    /// Stops the server and removes all that was made.
    ///
    /// # Errors
    /// The server does not stop.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self.server {
            Some(server) => server.stop().await.map(drop).map_err(|error| {
                Failure::failed(format!("the private PostgreSQL could not be stopped: {error}"))
            }),
            None => Ok(()),
        }
    }
}

/// Beijing days that are over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DaySpan {
    /// The first.
    pub(crate) from: NaiveDate,
    /// The one after the last.
    pub(crate) to: NaiveDate,
}

impl DaySpan {
    /// So many days up to the one before yesterday, so that no midnight changes which are over.
    pub(crate) fn of(days: u64) -> DaySpan {
        let today = Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).date_naive();
        let to = today - Days::new(1);
        DaySpan { from: to - Days::new(days), to }
    }

    /// With so many days after them.
    pub(crate) fn and(self, days: u64) -> DaySpan {
        DaySpan { to: self.to + Days::new(days), ..self }
    }

    /// How many they are.
    pub(crate) fn days(self) -> u64 {
        (self.to - self.from).num_days().unsigned_abs()
    }
}
