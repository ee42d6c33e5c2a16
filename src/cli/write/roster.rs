//! `ccsync roster export|plan|apply`.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_accounts;
use crate::cli::write::action::service;
use crate::cli::write::roster_file::{self, Format, Roster};
use crate::cli::write::text_file;
use ccsync::app::{ActionService, Ending, GroupOutcome, Progress, RosterService};
use ccsync::config::Settings;
use ccsync::domain::row::text::one_line;
use ccsync::domain::vendor::roster_plan::{GroupPlan, MemberChange, RosterPlan, Step};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RosterCommand {
    /// Write the groups as the vendor has them now: it is asked, not the tables.
    Export(ExportArgs),
    /// What the file would change at the vendor. Changes nothing.
    Plan(FileArgs),
    /// Make the vendor's groups like the file's, one by one, looking before and after each.
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
    /// The file; one that ends in `.csv` is read as CSV, any other as TOML.
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
pub(in crate::cli) struct ApplyArgs {
    #[command(flatten)]
    pub file: FileArgs,
    /// Really do it. Without, it is shown and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Empty the groups that have no members in the file.
    #[arg(long)]
    pub allow_empty: bool,
}

pub(in crate::cli) async fn roster(settings: Settings, command: RosterCommand) -> Result<Exit, Failure> {
    match command {
        RosterCommand::Export(args) => {
            with_accounts(settings, async |app| export(&service(app)?, &args).await).await
        }
        RosterCommand::Plan(args) => {
            let roster = load(&args.file)?;
            with_accounts(settings, async |app| {
                let service = service(app)?;
                let (_, plan) = planned(&service, &args, &roster).await?;
                if args.json {
                    output::json(&plan)?;
                } else {
                    output::data(&diff(&plan));
                }
                Ok(Exit::Done)
            })
            .await
        }
        RosterCommand::Apply(args) => {
            let roster = load(&args.file.file)?;
            let zone = settings.timezone;
            with_accounts(settings, async |app| apply(&service(app)?, &args, &roster, zone).await).await
        }
    }
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
    let mut options = std::fs::OpenOptions::new();
    match overwrites {
        true => options.write(true).create(true).truncate(true),
        false => options.write(true).create_new(true),
    };
    let written = options.open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{} exists: add --force to overwrite it", file.display()))
        }
        _ => Failure::failed(format!("{} cannot be written: {error}", file.display())),
    })
}

fn load(file: &Path) -> Result<Roster, Failure> {
    let text = text_file::read(file)?;
    let csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    roster_file::read(&text, if csv { Format::Csv } else { Format::Toml })
        .map_err(|why| Failure::usage(format!("{} has mistakes\n{why}", file.display())))
}

async fn planned<'a>(
    service: &'a ActionService<'a>,
    args: &FileArgs,
    roster: &Roster,
) -> Result<(RosterService<'a>, RosterPlan), Failure> {
    if let (Some(asked), Some(named)) = (&args.source, &roster.source)
        && asked != named
    {
        return Err(Failure::usage(format!("the file is for the source {named}, not for {asked}")));
    }
    let vendor = service.roster(args.source.as_deref().or(roster.source.as_deref()))?;
    let plan = vendor.plan(&roster.groups, &roster.lines, !args.unchecked_members).await?;
    Ok((vendor, plan))
}

async fn apply(
    service: &ActionService<'_>,
    args: &ApplyArgs,
    roster: &Roster,
    zone: chrono_tz::Tz,
) -> Result<Exit, Failure> {
    let (vendor, plan) = planned(service, &args.file, roster).await?;
    if !args.file.json {
        output::data(&diff(&plan));
    }
    let emptied: Vec<&str> = plan.groups.iter().filter(|group| group.empties).map(title).collect();
    if !emptied.is_empty() && !args.allow_empty {
        let groups = emptied.join(", ");
        return Err(Failure::usage(format!(
            "these groups would be left without members: {groups}; add --allow-empty if that is meant"
        )));
    }
    if !args.yes {
        if args.file.json {
            output::json(&plan)?;
        }
        output::message("nothing was sent; add --yes to do it");
        return Ok(Exit::Done);
    }
    #[derive(Serialize)]
    struct Applied<'a> {
        plan: &'a RosterPlan,
        groups: &'a [GroupOutcome],
    }
    let mut awaited = None;
    let on_progress = |progress: Progress<'_>| match progress {
        Progress::Ended(outcome) if !args.file.json => output::data(&line(outcome)),
        Progress::Ended(_) => {}
        Progress::Awaiting(group, until) if awaited != Some(until) => {
            awaited = Some(until);
            let until = until.with_timezone(&zone).format("%T");
            let group = one_line(title(group));
            output::message(&format!(
                "{group}: the answer to an earlier write was lost; looking for it until {until} at most"
            ));
        }
        Progress::Awaiting(..) => {}
    };
    let groups = vendor.apply(&plan, on_progress).await?;
    if args.file.json {
        output::json(&Applied { plan: &plan, groups: &groups })?;
    }
    let well = |outcome: &&GroupOutcome| matches!(outcome.ending, Ending::AsWanted | Ending::Changed);
    Ok(match groups.iter().filter(well).count() {
        count if count == groups.len() => Exit::Done,
        0 => Exit::Failed,
        _ => Exit::Partial,
    })
}

fn title(group: &GroupPlan) -> &str {
    group.exten.as_deref().unwrap_or(&group.display_name)
}

fn diff(plan: &RosterPlan) -> String {
    let mut lines = Vec::new();
    for group in &plan.groups {
        let name = one_line(&group.display_name);
        let heading = match (&group.step, &group.exten) {
            (Step::Keep, _) if group.unchangeable.is_empty() => continue,
            (Step::Keep, Some(exten)) => format!("= {exten} {name}"),
            (Step::Impossible(_) | Step::Moved(_), Some(exten)) => format!("! {exten} {name}"),
            (Step::Impossible(_) | Step::Moved(_), None) => format!("! {name}"),
            (Step::Add(new), _) => {
                let memory = new.memory.map(|time| format!(", memory {time} min")).unwrap_or_default();
                format!("+ {name} (new; {}{memory})", new.assign_rule.as_str())
            }
            (_, exten) => format!("~ {} {name}", exten.as_deref().unwrap_or_default()),
        };
        lines.push(heading.trim_end().to_owned());
        lines.extend(group.changes.iter().map(member_line));
        if let Step::Impossible(why) | Step::Moved(why) = &group.step {
            lines.push(format!("    ! {why}"));
        }
        if group.empties {
            lines.push("    ! no member is left: needs --allow-empty".to_owned());
        }
        lines.extend(
            group
                .unchangeable
                .iter()
                .map(|what| format!("    ! {}; the API cannot change it", one_line(what))),
        );
    }
    let count = |is: fn(&Step) -> bool| plan.groups.iter().filter(|group| is(&group.step)).count();
    lines.push(format!(
        "{}: {} to make, {} to change, {} as wanted, {} impossible; {} other groups are left alone",
        plan.source,
        count(|step| matches!(step, Step::Add(_))),
        count(|step| matches!(step, Step::Assign)),
        count(|step| matches!(step, Step::Keep)),
        count(|step| matches!(step, Step::Impossible(_))),
        plan.others
    ));
    lines.join("\n")
}

fn member_line(change: &MemberChange) -> String {
    match change {
        MemberChange::Add(member) => format!("    + {} priority {}", member.agent_number, member.priority),
        MemberChange::Remove(member) => format!("    - {} priority {}", member.agent_number, member.priority),
        MemberChange::Priority { agent_number, from, to } => {
            format!("    ~ {agent_number} priority {from} -> {to}")
        }
    }
}

fn line(outcome: &GroupOutcome) -> String {
    let ending = match outcome.ending {
        Ending::AsWanted => "as wanted, nothing sent",
        Ending::Changed => "changed, and seen so",
        Ending::Stopped => "left alone",
        Ending::Refused => "not done",
        Ending::Different => "sent, and seen otherwise",
        Ending::Unknown => "unknown whether it was done",
        Ending::NotTried => "not tried",
    };
    let action = outcome.action.map(|id| format!(" (action {id})")).unwrap_or_default();
    let detail = outcome.detail.as_ref().map(|detail| format!(": {}", one_line(detail))).unwrap_or_default();
    let exten = outcome.exten.as_deref().unwrap_or("(new)");
    let name = format!("{exten} {}", one_line(&outcome.display_name));
    format!("{}: {ending}{action}{detail}", name.trim_end())
}
