//! `[database]`.

use std::path::PathBuf;

use secrecy::SecretString;
use serde_json::{Map, Value as Json, json};

use crate::config::parse::reader::Section;
use crate::config::parse::render::object;
use crate::config::parse::secret::{self, shown_url};

const DISTRIBUTIONS: [(&str, Distribution); 2] =
    [("none", Distribution::None), ("citus", Distribution::Citus)];

const PARTITIONINGS: [(&str, Partitioning); 2] =
    [("none", Partitioning::None), ("month", Partitioning::Month)];

/// `[database]`
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Address, with the password in place; `None` for an embedded PostgreSQL. Treated as a secret.
    pub url: Option<SecretString>,
    /// The file that `url` came from.
    pub url_file: Option<PathBuf>,
    /// The file that the password in `url` came from.
    pub password_file: Option<PathBuf>,
    /// Directory of the embedded cluster.
    pub data_dir: PathBuf,
    /// Port of the embedded server; 0 for a free one.
    pub port: u16,
    /// Directory of the server programs; `None` to search for them.
    pub bin_dir: Option<PathBuf>,
    /// Whether server programs may be downloaded where none are installed.
    pub fetch: bool,
    /// Connections kept.
    pub pool_size: u32,
    /// Whether the vendors' tables are spread over several machines.
    pub distributed: Distribution,
    /// Whether histories are cut into pieces.
    pub partitioned: Partitioning,
}

/// `database.distributed`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// One machine, or whatever they are already.
    None,
    /// By source over the machines of a Citus cluster.
    Citus,
}

/// `database.partitioned`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitioning {
    /// One piece, or whatever they are already.
    None,
    /// A partition for each month.
    Month,
}

/// Reads the section.
pub(in crate::config) fn settings(section: &Section<'_>) -> Option<DatabaseSettings> {
    let url = secret::database_url(section);
    let data_dir = secret::path(section, "data_dir");
    let port = section.number("port", 0..=65_535);
    let bin_dir = section.maybe("bin_dir", secret::path);
    let fetch = section.boolean("fetch");
    let pool_size = section.number("pool_size", 1..=100);
    let distributed = section.choice("distributed", &DISTRIBUTIONS);
    let partitioned = section.choice("partitioned", &PARTITIONINGS);
    let (url, url_file, password_file) = url?;
    Some(DatabaseSettings {
        url,
        url_file,
        password_file,
        data_dir: data_dir?,
        port: port?,
        bin_dir: bin_dir?,
        fetch: fetch?,
        pool_size: pool_size?,
        distributed: distributed?,
        partitioned: partitioned?,
    })
}

/// The section as it is shown, secrets hidden.
pub(in crate::config) fn shown(database: &DatabaseSettings) -> Map<String, Json> {
    let mut out = object(json!({
        "password_file": database.password_file,
        "data_dir": database.data_dir,
        "port": database.port,
        "bin_dir": database.bin_dir,
        "fetch": database.fetch,
        "pool_size": database.pool_size,
        "distributed": word(&DISTRIBUTIONS, database.distributed),
        "partitioned": word(&PARTITIONINGS, database.partitioned),
    }));
    match (&database.url, &database.url_file) {
        (_, Some(file)) => out.insert("url_file".into(), json!(file)),
        (Some(url), None) => {
            out.insert("url".into(), json!(shown_url(url, database.password_file.as_deref())))
        }
        (None, None) => None,
    };
    out
}

/// The word that stands for a choice.
fn word<T: Copy + PartialEq>(words: &[(&'static str, T)], chosen: T) -> Option<&'static str> {
    words.iter().find(|(_, choice)| *choice == chosen).map(|(word, _)| *word)
}
