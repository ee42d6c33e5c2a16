//! `[database]`.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::config::parse::address::{self, DatabaseAddress};
use crate::config::parse::reader::Section;
use crate::config::parse::secret;

const DISTRIBUTIONS: [(&str, Distribution); 2] =
    [("none", Distribution::None), ("citus", Distribution::Citus)];

const PARTITIONINGS: [(&str, Partitioning); 2] =
    [("none", Partitioning::None), ("month", Partitioning::Month)];

/// `[database]`
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Address, with the password in place; `None` for an embedded PostgreSQL. Treated as a secret.
    pub url: Option<SecretString>,
    /// The same, to be read again where its files may have been replaced.
    pub address: Option<DatabaseAddress>,
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
    let address = address::database(section);
    let data_dir = secret::path(section, "data_dir");
    let port = section.number("port", 0..=65_535);
    let bin_dir = section.maybe("bin_dir", secret::path);
    let fetch = section.boolean("fetch");
    let pool_size = section.number("pool_size", 1..=100);
    let distributed = section.choice("distributed", &DISTRIBUTIONS);
    let partitioned = section.choice("partitioned", &PARTITIONINGS);
    let address = address?;
    Some(DatabaseSettings {
        url: address.as_ref().and_then(|address| address.current().ok()),
        address,
        data_dir: data_dir?,
        port: port?,
        bin_dir: bin_dir?,
        fetch: fetch?,
        pool_size: pool_size?,
        distributed: distributed?,
        partitioned: partitioned?,
    })
}
