//! Arguments of `ccsync grant` and `ccsync schema`.

use std::path::PathBuf;

use ccsync::domain::stream::StreamId;
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum GrantCommand {
    /// Let a login read what analysts read, and nothing else; makes the login if there is none.
    BiReader(BiReaderArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BiReaderArgs {
    /// The login's name in PostgreSQL.
    #[arg(long, value_name = "NAME")]
    pub login: String,
    /// Password of a login that is made, in a file of its own. Without one it has none, which only other ways of
    /// authentication let in.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// How the data dictionary is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaFormat {
    /// For people.
    #[default]
    Markdown,
    /// For programs.
    Json,
    /// `sources.yml` of a dbt project.
    Dbt,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaArgs {
    /// How it is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: SchemaFormat,
    /// Print JSON; the same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Print the migration that this stream's tables need instead. Needs no configuration and no database.
    #[arg(long, value_name = "STREAM", conflicts_with_all = ["format", "json"])]
    pub sql: Option<StreamId>,
}
