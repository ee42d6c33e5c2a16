//! The database through psql: the floor is what psql does, and a second client of our own would be one more thing to
//! trust.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::Command;
use url::Url;

use crate::failure::Failure;
use crate::process::child::{last_lines, listen, spawn};

/// psql on one database.
pub(crate) struct Psql {
    /// Without the password, which everybody on this machine could read in the list of processes.
    address: String,
    password: Option<SecretString>,
}

impl Psql {
    /// On the database at this address.
    ///
    /// # Errors
    /// It is not of the form `postgres://user:password@host:port/database`.
    pub(crate) fn new(url: &str) -> Result<Psql, Failure> {
        let wrong =
            || Failure::usage("the database's address is not of the form postgres://user@host:port/database");
        let mut url = Url::parse(url).map_err(|_| wrong())?;
        let password = url.password().map(|password| {
            let encoded = password.as_bytes();
            let pair: Vec<u8> = [b"p=".as_slice(), &plus_escaped(encoded)].concat();
            let decoded = url::form_urlencoded::parse(&pair).next().map(|(_, value)| value.into_owned());
            SecretString::from(decoded.unwrap_or_default())
        });
        url.set_password(None).map_err(|()| wrong())?;
        Ok(Psql { address: url.into(), password })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        command
            .env("PGTZ", "UTC")
            .env("PGDATESTYLE", "ISO")
            .env("PGOPTIONS", "-c client_min_messages=warning");
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password.expose_secret());
        }
        command.args(["--dbname", &self.address]);
        command
    }

    /// psql that works through a file.
    pub(crate) fn on_file(&self, file: &Path) -> Command {
        let mut command = self.command();
        command.arg("--file").arg(file);
        command
    }

    /// What it answers, one row a line, columns parted by `|`.
    ///
    /// # Errors
    /// psql is missing, or the database refused.
    pub(crate) async fn ask(&self, sql: &str) -> Result<String, Failure> {
        let mut command = self.command();
        command.args(["--command", sql]);
        let mut child = spawn(command)?;
        let (out, err) = (listen(child.stdout.take()), listen(child.stderr.take()));
        let status =
            child.wait().await.map_err(|error| Failure::failed(format!("psql was lost: {error}")))?;
        let (out, err) = (out.await.unwrap_or_default(), err.await.unwrap_or_default());
        if status.success() {
            return Ok(out.trim_end().to_owned());
        }
        Err(Failure::failed(format!("psql ended with {status}{}", last_lines(&err))))
    }
}

/// In an address a plus is a plus; in a form it is a blank.
fn plus_escaped(text: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(text).replace('+', "%2B").replace('&', "%26").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_among_the_arguments() {
        let psql = Psql::new("postgres://me:a%40b+c@db:5433/x").unwrap();
        assert_eq!(psql.address, "postgres://me@db:5433/x");
        assert_eq!(psql.password.unwrap().expose_secret(), "a@b+c");
        assert!(Psql::new("nowhere").is_err());
    }
}
