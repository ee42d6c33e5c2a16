//! The command line.

mod grant;
mod help;
mod notify;
mod quarantine;
mod verify;

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand};

pub(super) use self::grant::{GrantCommand, SchemaArgs, SchemaFormat};
pub(super) use self::help::command;
pub(super) use self::notify::NotifyCommand;
pub(super) use self::quarantine::{QuarantineArgs, QuarantineVerb, RetryArgs};
pub(super) use self::verify::{ExplainArgs, VerifyArgs};
use crate::cli::setup::embedded::EmbeddedCommand;
use crate::cli::setup::init::InitArgs;
use crate::cli::setup::shell::{CompletionsArgs, ManArgs};
use crate::cli::stored::forget::ForgetArgs;
use crate::cli::stored::privacy::PrivacyCommand;
use crate::cli::stored::retention::RetentionArgs;
use crate::cli::stored::source::SourceCommand;
use crate::cli::stored::status::StatusArgs;
use crate::cli::write::action::ActionCommand;
use crate::cli::write::agents::AgentsCommand;
use crate::cli::write::moor::MoorCommand;
use crate::cli::write::roster::RosterCommand;
use crate::cli::write::workbench::WorkbenchArgs;
use ccsync::app::StreamChoice;
use ccsync::domain::proof::window::local_midnight;
use ccsync_simulator::SimulatorArgs;

const CHECK: &str = "\
Ends with 0 where everything works, warnings included, and with 1 where something failed.
Each Sobot account is asked for a new token; a running ccsync goes on with that one.";

const PROBE: &str = "\
Each answer comes with what was seen and, where one follows, with the setting. The answers alone are stored
(sync.vendor_fact); the next start of a daemon or command goes by them where page_size and result_cap are not set.
Examples:
  ccsync probe --source sobot
  ccsync probe --source moor --json";

const SYNC: &str = "\
Examples:
  ccsync sync
  ccsync sync sobot.call_result mysource/moor.queue --json
Ends with 0; with 3 where some of it failed or was quarantined, or a window that is over is unverified or still due; and
with 1 where all of it failed.";

const BACKFILL: &str = "\
Examples:
  ccsync backfill --stream sobot.call_result --from 2025-01-01 --to 2026-01-01
  ccsync backfill --stream mysource/sobot.chat_result --from 2026-03-01T08:00:00 --to 2026-03-02
Windows are committed one by one: what was read stays, however it ends.";

const MIGRATE: &str = "\
Examples:
  ccsync migrate --plan
  ccsync migrate
  ccsync migrate --repair
A database that a newer ccsync migrated is left alone, by every command.";

/// The variable that names the configuration file.
pub(super) const CONFIG_VARIABLE: &str = "CCSYNC_CONFIG";

/// Keeps PostgreSQL in step with a contact centre's quality inspections and skill groups.
#[derive(Debug, Parser)]
#[command(name = "ccsync", version = env!("CCSYNC_VERSION"), arg_required_else_help = true, max_term_width = 100)]
pub(super) struct Cli {
    /// Configuration file; else ./ccsync.toml, ~/.config/ccsync/ccsync.toml or /etc/ccsync/ccsync.toml.
    #[arg(long, global = true, value_name = "FILE", env = CONFIG_VARIABLE, value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a first configuration, by asking or from flags.
    Init(Box<InitArgs>),
    /// The daemon: reads every stream on its schedule until it is stopped.
    Run,
    /// One pass over all streams, or those named, then exit.
    Sync(PassArgs),
    /// Read a stretch of time again, or for the first time.
    Backfill(BackfillArgs),
    /// What the next pass would request; touches nothing.
    Plan(SyncArgs),
    /// Is all in place? Host, database, credentials, clocks, each stream; what is not, with its remedy.
    #[command(visible_alias = "doctor", after_help = CHECK)]
    Check(JsonArgs),
    /// Ask a live account what its vendor's documents leave open, with 30 requests at most, all of which read.
    #[command(after_help = PROBE)]
    Probe(ProbeArgs),
    /// What is complete up to when, what failed and what to do.
    Status(StatusArgs),
    /// Read the vendors again and compare with the tables, row by row.
    Verify(VerifyArgs),
    /// Where a row came from: its versions, window, run, certificate and request.
    Explain(ExplainArgs),
    /// The vendor accounts whose rows are stored: list, rename, move, retire, purge. Acts only with --yes.
    #[command(subcommand)]
    Source(SourceCommand),
    /// Rows that vanished in masses: they are not marked deleted before a person says so.
    #[command(subcommand)]
    Absence(AbsenceCommand),
    /// Records that could not be read: look at them, read them again, give them up.
    Quarantine(QuarantineArgs),
    /// What the vendors sent that their documents do not say, each departure once, the newest first.
    Drift(JsonArgs),
    /// What is older than `retention` says. Shows what would be removed; removes it only with --yes.
    Retention(RetentionArgs),
    /// Take a person out of everything that is stored, for good. Tells how many rows name them; acts only with --yes.
    Forget(ForgetArgs),
    /// 7moor: change skill groups. Shows what it would send; acts only with --yes.
    #[command(subcommand)]
    Moor(MoorCommand),
    /// Skill groups as a file: write it, compare it with the vendor, make the vendor's like it.
    #[command(subcommand)]
    Roster(RosterCommand),
    /// Call system: act on an agent's calls and messages. Shows what it would send; acts only with --yes.
    Workbench(WorkbenchArgs),
    /// The log of writes to the vendors.
    #[command(subcommand)]
    Action(ActionCommand),
    /// One person across the vendors: who is who, and a file that overrules the rules.
    #[command(subcommand)]
    Agents(AgentsCommand),
    /// The data dictionary: every schema, table, view, column and function for analysts.
    Schema(SchemaArgs),
    /// Personal data that is stored already: other keys, stricter policies. Acts only with --yes.
    #[command(subcommand)]
    Privacy(PrivacyCommand),
    /// Let a login read what is meant for it.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Who was told when something was the matter, and whether the way there works.
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// A database of ccsync's own: back it up, restore it, take it to a server of yours.
    #[command(subcommand)]
    Embedded(EmbeddedCommand),
    /// Create or update the tables; `run` and `sync` do so by themselves.
    Migrate(MigrateArgs),
    /// The configuration in effect, secrets hidden; or what it may be.
    Config(ConfigArgs),
    /// The vendors, played on one port of this machine, for trials and tests.
    Simulator(Box<SimulatorArgs>),
    /// A script that completes commands in your shell.
    Completions(CompletionsArgs),
    /// The manual page.
    Man(ManArgs),
    /// See it work: simulator, private PostgreSQL and daemon together, at an accelerated pace, with faults.
    Demo(DemoArgs),
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// Print what a configuration file may say, as JSON Schema, by which editors complete and check it.
    #[arg(long, conflicts_with = "json")]
    pub schema: bool,
    #[command(flatten)]
    pub json: JsonArgs,
}

#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    /// The source, as it is named in the configuration.
    #[arg(long, value_name = "NAME")]
    pub source: String,
    #[command(flatten)]
    pub json: JsonArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum AbsenceCommand {
    /// The open alarms: how many rows are missing where, since when, and some of their keys.
    List(JsonArgs),
    /// These rows are truly gone: mark them deleted, with history.
    Accept(AcceptArgs),
}

#[derive(Debug, Args)]
pub(super) struct AcceptArgs {
    /// Numbers of alarms, as `ccsync absence list` shows them. All are accepted, or none.
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<i64>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct JsonArgs {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = MIGRATE)]
pub(super) struct MigrateArgs {
    /// Also make again what is ccsync's and was dropped or altered: views, functions, columns, keys and indexes. No row
    /// is removed; where values were lost, the windows that hold them become due again.
    #[arg(long, conflicts_with = "plan")]
    pub repair: bool,
    /// Show what would be applied, and which tables that are in use it works on. Changes nothing.
    #[arg(long)]
    pub plan: bool,
    /// Print JSON.
    #[arg(long, requires = "plan")]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// Streams, for example `sobot.call_result`, or `mysource/sobot.call_result` for one source's.
    #[arg(value_name = "STREAM")]
    pub streams: Vec<StreamChoice>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = SYNC)]
pub(super) struct PassArgs {
    #[command(flatten)]
    pub sync: SyncArgs,
    /// Show no progress.
    #[arg(long)]
    pub no_progress: bool,
}

#[derive(Debug, Args)]
#[command(after_help = BACKFILL)]
pub(super) struct BackfillArgs {
    /// Stream, for example `sobot.call_result`; may be given several times.
    #[arg(long = "stream", value_name = "STREAM", required = true)]
    pub streams: Vec<StreamChoice>,
    /// First instant: a date (its midnight in `timezone`), or a date and time.
    #[arg(long, value_name = "DATE")]
    pub from: Moment,
    /// First instant not wanted any more, likewise.
    #[arg(long, value_name = "DATE")]
    pub to: Moment,
    /// Show no progress.
    #[arg(long)]
    pub no_progress: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Stop after the first full pass, with a summary and three example queries.
    #[arg(long)]
    pub once: bool,
    /// Where the status page and metrics are served; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: std::net::SocketAddr,
    /// Seed of the simulated world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// An empty database of yours to fill, which is kept, instead of a private one: for BI tools and dbt.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

/// An instant as a person writes it; the zone comes from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Date(NaiveDate),
    Wall(NaiveDateTime),
    Instant(DateTime<Utc>),
}

impl Moment {
    pub(super) fn instant(self, zone: Tz) -> Option<DateTime<Utc>> {
        match self {
            Moment::Date(date) => Some(local_midnight(date, zone)),
            Moment::Wall(wall) => zone.from_local_datetime(&wall).earliest().map(|instant| instant.to_utc()),
            Moment::Instant(instant) => Some(instant),
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(date) = text.parse() {
            return Ok(Moment::Date(date));
        }
        if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
            return Ok(Moment::Instant(instant.to_utc()));
        }
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .map(Moment::Wall)
            .ok_or_else(|| "write 2026-01-31, 2026-01-31T08:00:00 or 2026-01-31T00:00:00Z".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_tree_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_date_is_its_midnight_in_the_configured_zone() {
        let zone = chrono_tz::Asia::Shanghai;
        let text = |text: &str| text.parse::<Moment>().unwrap().instant(zone).unwrap().to_rfc3339();
        assert_eq!(text("2026-01-31"), "2026-01-30T16:00:00+00:00");
        assert_eq!(text("2026-01-31T08:00:00"), "2026-01-31T00:00:00+00:00");
        assert_eq!(text("2026-01-31T08:00:00+02:00"), "2026-01-31T06:00:00+00:00");
        assert!("yesterday".parse::<Moment>().is_err());
    }
}
