//! `ccsync roster export|plan|apply`.

mod apply;
pub(in crate::cli::write) mod diff;
mod plan_file;

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_accounts;
use crate::cli::write::action::service;
use crate::cli::write::roster::diff::diff;
use crate::cli::write::roster::plan_file::SavedPlan;
use crate::cli::write::roster_file::{self, Format, Roster};
use crate::cli::write::text_file;
use ccsync::app::{ActionService, RosterService};
use ccsync::config::Settings;
use ccsync::domain::row::text::shell_word;
use ccsync::domain::vendor::roster_plan::RosterPlan;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RosterCommand {
    /// Write the groups as the vendor has them now: it is asked, not the tables.
    Export(ExportArgs),
    /// What the file would change at the vendor. Changes nothing.
    Plan(PlanArgs),
    /// Make the vendor's groups like the file's, one by one, looking before and after each.
    ///
    /// A group that changed since it was looked at is left alone. When that was, a saved plan says, or with
    /// --from-export the export that was edited. Otherwise the difference is shown once more, and a person at the
    /// terminal is asked.
    Apply(ApplyArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// The source; may be left out where only one is of kind moor.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Form of the file.
    #[arg(long, value_enum, default_value_t = Format::Toml)]
    pub format: Format,
    /// Write it here and not to stdout.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite that file if it exists.
    #[arg(long, requires = "output")]
    pub force: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FileArgs {
    /// The file: a saved plan; one that ends in `.csv` as CSV; any other as TOML.
    pub file: PathBuf,
    /// The source; may be left out where the file names it, or only one is of kind moor.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Accept members whom no known skill group has or had. 7moor skips those that do not exist.
    #[arg(long)]
    pub unchecked_members: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    pub file: FileArgs,
    /// Keep the plan in this file, for `ccsync roster apply FILE`.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ApplyArgs {
    #[command(flatten)]
    pub file: FileArgs,
    /// Really do it. Without, it is shown and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Hold to the fingerprints that the file was exported with: groups that changed since are left alone.
    #[arg(long)]
    pub from_export: bool,
    /// Empty the groups that have no members in the file.
    #[arg(long)]
    pub allow_empty: bool,
}

/// What a file holds.
enum Wanted {
    Roster(Roster),
    Plan(SavedPlan),
}

pub(in crate::cli) async fn roster(settings: Settings, command: RosterCommand) -> Result<Exit, Failure> {
    match command {
        RosterCommand::Export(args) => {
            with_accounts(settings, async |app| export(&service(app)?, &args).await).await
        }
        RosterCommand::Plan(args) => {
            let wanted = load(&args.file.file)?;
            with_accounts(settings, async |app| plan(&service(app)?, &args, wanted).await).await
        }
        RosterCommand::Apply(args) => {
            let wanted = load(&args.file.file)?;
            let basis = args.basis(matches!(wanted, Wanted::Plan(_)))?;
            let zone = settings.timezone;
            with_accounts(settings, async |app| {
                let service = service(app)?;
                let (vendor, plan) = planned(&service, &args.file, wanted).await?;
                apply::apply(&vendor, plan, basis, &args, zone).await
            })
            .await
        }
    }
}

async fn plan(service: &ActionService<'_>, args: &PlanArgs, wanted: Wanted) -> Result<Exit, Failure> {
    let unchecked =
        args.file.unchecked_members || matches!(&wanted, Wanted::Plan(plan) if plan.unchecked_members);
    let (_, plan) = planned(service, &args.file, wanted).await?;
    if args.file.json {
        output::json(&plan)?;
    } else {
        output::data(&diff(&plan));
    }
    if let Some(file) = &args.save {
        let text = plan_file::write(&plan, unchecked);
        let text = text.map_err(|error| Failure::failed(format!("the plan cannot be written: {error}")))?;
        // A plan is made again and again; another file is not overwritten by a slip.
        let is_plan = || file.is_file() && text_file::read(file).is_ok_and(|text| plan_file::is_plan(&text));
        // What is no file, as a pipe, is only written to.
        if file.is_file() && !is_plan() {
            return Err(Failure::usage(format!(
                "{} exists and is no saved plan: choose another name",
                file.display()
            )));
        }
        create(file, &text, true)?;
        let file = shell_word(&file.to_string_lossy());
        output::message(&format!("the plan is kept; `ccsync roster apply {file} --yes` does it"));
    }
    Ok(Exit::Done)
}

async fn export(service: &ActionService<'_>, args: &ExportArgs) -> Result<Exit, Failure> {
    let roster = service.roster(args.source.as_deref())?;
    let mut groups = roster.groups().await?;
    // The vendor lists what changed last first; a file under version control wants an order that stays.
    groups.sort_by(|one, other| (one.exten.len(), &one.exten).cmp(&(other.exten.len(), &other.exten)));
    let text = roster_file::write(roster.source(), &groups, args.format, roster.privacy());
    let text = text.map_err(Failure::failed)?;
    match &args.output {
        None => output::data(&text),
        Some(file) => {
            create(file, &text, args.force)?;
            output::message(&format!("{} skill groups in {}", groups.len(), file.display()));
        }
    }
    Ok(Exit::Done)
}

fn create(file: &Path, text: &str, overwrites: bool) -> Result<(), Failure> {
    let written = match overwrites {
        true => replace(file, text),
        false => output::write_whole(file, text, None, false),
    };
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} exists: add --force to overwrite it", file.display()))
        }
        _ => Failure::failed(format!("{} cannot be written: {error}", file.display())),
    })
}

fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    // A link is followed, for what it names is meant.
    let file = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let before = std::fs::metadata(&file).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        // A pipe or a device takes what comes.
        return std::fs::OpenOptions::new().write(true).open(file)?.write_all(text.as_bytes());
    }
    output::write_whole(&file, text, before.map(|before| before.permissions()), true)
}

fn load(file: &Path) -> Result<Wanted, Failure> {
    let text = text_file::read(file)?;
    let wrong = |why: String| Failure::usage(format!("{} has mistakes\n{why}", file.display()));
    if plan_file::is_plan(&text) {
        return plan_file::read(&text).map(Wanted::Plan).map_err(wrong);
    }
    let csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let format = if csv { Format::Csv } else { Format::Toml };
    roster_file::read(&text, format).map(Wanted::Roster).map_err(wrong)
}

async fn planned<'a>(
    service: &'a ActionService<'a>,
    args: &FileArgs,
    wanted: Wanted,
) -> Result<(RosterService<'a>, RosterPlan), Failure> {
    let named = match &wanted {
        Wanted::Roster(roster) => roster.source.as_ref(),
        Wanted::Plan(saved) => Some(&saved.plan.source),
    };
    if let (Some(asked), Some(named)) = (&args.source, named)
        && asked != named
    {
        return Err(Failure::usage(format!("the file is for the source {named}, not for {asked}")));
    }
    let vendor = service.roster(args.source.as_deref().or(named.map(String::as_str)))?;
    let plan = match wanted {
        Wanted::Roster(roster) => vendor.plan(&roster.groups, &roster.lines, !args.unchecked_members).await?,
        Wanted::Plan(saved) => {
            let is_checked = !args.unchecked_members && !saved.unchecked_members;
            vendor.hold(saved.plan, is_checked).await?
        }
    };
    Ok((vendor, plan))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_with_its_rights_and_only_where_that_was_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("groups.toml"), directory.path().join("link.toml"));
        assert!(create(&file, "one", false).is_ok());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(create(&file, "two", false).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(create(&link, "three", true).is_ok());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "three");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(link.is_symlink());
        // Nothing else is left behind.
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
        assert!(create(Path::new("/dev/full"), "four", true).is_err());
        assert!(create(Path::new("/dev/null"), "five", true).is_ok());
    }
}
