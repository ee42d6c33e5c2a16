//! What can go wrong with an embedded server, each with what the operator can do about it.

use std::path::{Path, PathBuf};

/// How to get server binaries, named by every error that lacks them.
pub(super) const INSTALL: &str = "install a server (Debian, Ubuntu: `apt-get install postgresql`; \
    Fedora, RHEL: `dnf install postgresql-server`; macOS: `brew install postgresql`) \
    or name an existing database in `database.url`";

/// Why an embedded server could not be started, used or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The database name would need quoting.
    #[error(
        "the database name {name:?} cannot be used: \
         choose lower-case letters, digits and underscores, beginning with a letter"
    )]
    DatabaseName {
        /// The name as configured.
        name: String,
    },

    /// There is no cluster, and none was to be made.
    #[error(
        "there is no database yet below {data_dir}: `ccsync run` or `ccsync sync` makes it, or name an existing one in \
         `database.url`",
        data_dir = data_dir.display()
    )]
    NotMade {
        /// The data directory.
        data_dir: PathBuf,
    },

    /// No usable server binaries on this machine.
    #[error("found no PostgreSQL server (looked in {looked}): {INSTALL}")]
    NoServer {
        /// The places, in the order they were tried, each with what was wrong there.
        looked: String,
    },

    /// The cluster was made by a version whose programs are not there.
    #[error(
        "the database cluster {path} was made by PostgreSQL {major} (its PG_VERSION), whose programs alone can run it, and \
         they are not there (looked in {looked}): install them beside the others (Debian, Ubuntu: `apt-get install \
         postgresql-{major}`, where need be from apt.postgresql.org), or let `ccsync run` download them (`database.fetch`); \
         how to change to another version stands in docs/operations.md#another-major-version-of-postgresql",
        path = path.display()
    )]
    OtherMajor {
        /// The cluster.
        path: PathBuf,
        /// The version that made it.
        major: u32,
        /// The places, in the order they were tried, each with what was wrong there.
        looked: String,
    },

    /// The binaries were to be downloaded, and that failed.
    #[error(
        "found no PostgreSQL server{wanted} (looked in {looked}), \
         and downloading one from {url} failed: {output}: {INSTALL}"
    )]
    Fetch {
        /// What was asked for beyond any server, such as a major version.
        wanted: String,
        /// The places, in the order they were tried, each with what was wrong there.
        looked: String,
        /// Where the download was tried.
        url: &'static str,
        /// What the download said.
        output: String,
    },

    /// Running as root, and there is no other account for the server.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a `postgres` nor a `nobody` \
         account to run it as: create one, start ccsync as an ordinary user, \
         or name an existing database in `database.url`"
    )]
    NoAccount,

    /// The server's account may not enter the data directory.
    #[error(
        "PostgreSQL refuses to run as root, so it would run as `{account}`, who may not enter \
         {blocked}: set `database.data_dir` to a place below a directory that everyone may enter, \
         such as /var/lib/ccsync, or name an existing database in `database.url`",
        blocked = blocked.display()
    )]
    Unreachable {
        /// Whom the server would run as.
        account: String,
        /// The outermost directory that is closed to it.
        blocked: PathBuf,
    },

    /// The cluster belongs to somebody else.
    #[error(
        "the database cluster {path} belongs to user id {owner}, which user id {us} cannot run: \
         {advice}",
        path = path.display()
    )]
    NotOurs {
        /// The cluster.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        us: u32,
        /// What can be done about it.
        advice: String,
    },

    /// Something is where the cluster should be, and it is not one.
    #[error(
        "{path} exists but is not a PostgreSQL cluster (it has no readable PG_VERSION: {output}): \
         move it away or choose another `database.data_dir`",
        path = path.display()
    )]
    NotACluster {
        /// The directory.
        path: PathBuf,
        /// Why its version could not be read.
        output: String,
    },

    /// The configured port is taken.
    #[error(
        "port {port} on 127.0.0.1 is taken by another program ({output}): \
         stop that program, configure another port, or 0 for any free one"
    )]
    PortInUse {
        /// The configured port.
        port: u16,
        /// What the system said.
        output: String,
    },

    /// Another process is starting or stopping the same server and does not finish.
    #[error(
        "waited {seconds} s for {path}, which another process holds while it starts or stops \
         this server: look for a second ccsync on the same `database.data_dir`",
        path = path.display()
    )]
    Busy {
        /// The lock.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },

    /// Somebody uses the database that is to be replaced.
    #[error(
        "the database is in use by {users}: stop `ccsync run` and whatever else is connected, then try again"
    )]
    InUse {
        /// What they call themselves.
        users: String,
    },

    /// The file of a backup is there already, or cannot be made.
    #[error(
        "the backup {path} cannot be written: {source}: name a file that is not there yet, in a folder that this account may \
         write to, with room on its disk",
        path = path.display()
    )]
    Backup {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// The address of the database to write to cannot be read.
    #[error(
        "the address of the other database cannot be read: {why}: write postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    Target {
        /// What is wrong with it; not the address, which has a password.
        why: String,
    },

    /// One of PostgreSQL's programs failed.
    #[error("{tried} failed: {output}: {advice}")]
    Program {
        /// What was run, and for what.
        tried: String,
        /// Its answer, cut to the end.
        output: String,
        /// What can be done about it.
        advice: &'static str,
    },

    /// The server ended, or was not ready in time.
    #[error(
        "the PostgreSQL server on {cluster} {what}; its log says: {output}: \
         the whole log is {log}",
        cluster = cluster.display(), log = log.display()
    )]
    Server {
        /// The cluster.
        cluster: PathBuf,
        /// What it did, as the rest of a sentence.
        what: String,
        /// The end of its log.
        output: String,
        /// Where its log is.
        log: PathBuf,
    },

    /// The file system refused something.
    #[error("could not {tried} {path}: {source}: {advice}", path = path.display())]
    File {
        /// What was tried, as a verb.
        tried: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// What can be done about it.
        advice: &'static str,
    },

    /// The server answers, but not as needed.
    #[error("could not {tried} in the embedded PostgreSQL: {source}: {advice}")]
    Sql {
        /// What was tried, as a verb and its object.
        tried: &'static str,
        /// What the server or the connection said.
        source: sqlx::Error,
        /// What can be done about it.
        advice: &'static str,
    },
}

impl EmbeddedError {
    /// A refusal of the file system below the data directory.
    pub(super) fn file(tried: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> EmbeddedError {
        let path = path.to_owned();
        move |source| EmbeddedError::File {
            tried,
            path,
            source,
            advice: "check that the account ccsync runs as may write `database.data_dir` \
                     and that the disk is not full",
        }
    }

    /// A refusal of the server.
    pub(super) fn sql(tried: &'static str) -> impl FnOnce(sqlx::Error) -> EmbeddedError {
        move |source| EmbeddedError::Sql {
            tried,
            source,
            advice: "look into the server's log in `database.data_dir`/postgres",
        }
    }

    /// Whether the server went away while it was being used: it may have been on its way down
    /// when it was adopted, so starting again is worth a try.
    pub(super) fn is_server_gone(&self) -> bool {
        match self {
            EmbeddedError::Sql { source, .. } => match source {
                // Class 57P is "operator intervention": shutdown, crash, cannot connect now.
                sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
                sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
                _ => false,
            },
            _ => false,
        }
    }
}
