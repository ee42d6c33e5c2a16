//! `ccsync roster apply`: a saved plan, an export as it was edited, or a file about which a person is asked.

use std::io::IsTerminal as _;
use std::path::Path;

use chrono_tz::Tz;
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::write::roster::ApplyArgs;
use crate::cli::write::roster::diff::{diff, line, title};
use ccsync::app::{Ending, GroupOutcome, Progress, RosterService};
use ccsync::domain::row::text::{one_line, shell_word};
use ccsync::domain::vendor::roster_hold::{hold_to_export, without_fingerprint};
use ccsync::domain::vendor::roster_plan::RosterPlan;

/// What keeps a group from being changed otherwise than a person saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// The plan was looked at and saved.
    SavedPlan,
    /// The file says how each group was when it was exported.
    Export,
    /// Nothing: the difference is shown, and the person asked.
    Question,
}

impl ApplyArgs {
    /// # Errors
    /// Where there is nothing to hold to, and nobody to ask.
    pub(super) fn basis(&self, is_plan: bool) -> Result<Basis, Failure> {
        let file = &self.file.file;
        match (is_plan, self.from_export) {
            (true, true) => Err(Failure::usage(format!(
                "{} is a saved plan, which says itself what was looked at: leave --from-export out",
                file.display()
            ))),
            (true, false) => Ok(Basis::SavedPlan),
            (false, true) => Ok(Basis::Export),
            (false, false) if self.yes && !is_at_terminal() => Err(Failure::usage(format!(
                "nobody can be asked here whether the difference is meant. {} Or add --from-export, if the file was \
                 exported and edited: a group that changed since is then left alone",
                through_a_plan(file)
            ))),
            (false, false) => Ok(Basis::Question),
        }
    }
}

fn is_at_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// The two commands that do what a file says by way of a plan.
fn through_a_plan(file: &Path) -> String {
    let is_taken = file.extension().is_some_and(|extension| extension == "plan");
    let plan = file.with_extension(if is_taken { "saved.plan" } else { "plan" });
    let plan = shell_word(&plan.to_string_lossy());
    let file = shell_word(&file.to_string_lossy());
    format!(
        "`ccsync roster plan {file} --save {plan}` shows and keeps it, `ccsync roster apply {plan} --yes` then does \
         just that."
    )
}

/// Shows the plan; with --yes, does it.
pub(super) async fn apply(
    vendor: &RosterService<'_>,
    plan: RosterPlan,
    basis: Basis,
    args: &ApplyArgs,
    zone: Tz,
) -> Result<Exit, Failure> {
    let plan = match basis {
        Basis::Export => held_to_export(plan)?,
        Basis::SavedPlan | Basis::Question => plan,
    };
    if !args.file.json {
        output::data(&diff(&plan));
    }
    let emptied: Vec<&str> = plan.groups.iter().filter(|group| group.empties).map(title).collect();
    if !emptied.is_empty() && !args.allow_empty {
        let groups = one_line(&emptied.join(", "));
        return Err(Failure::usage(format!(
            "these groups would be left without members: {groups}; add --allow-empty if that is meant"
        )));
    }
    if !args.yes {
        if args.file.json {
            output::json(&plan)?;
        }
        output::message(&match basis {
            Basis::Question if !is_at_terminal() => {
                format!("nothing was sent. {}", through_a_plan(&args.file.file))
            }
            _ => "nothing was sent; add --yes to do it".to_owned(),
        });
        return Ok(Exit::Done);
    }
    if basis == Basis::Question && plan.groups.iter().any(|group| group.writes()) {
        confirm(&plan, args.file.json)?;
    }
    make(vendor, &plan, args.file.json, zone).await
}

fn held_to_export(plan: RosterPlan) -> Result<RosterPlan, Failure> {
    let lacking: Vec<&str> = without_fingerprint(&plan).into_iter().map(title).collect();
    if lacking.is_empty() {
        return Ok(hold_to_export(plan));
    }
    Err(Failure::usage(format!(
        "the file has no fingerprint of {}, so that nothing says how they were: take them from a new `ccsync roster export`, \
         or leave --from-export out",
        one_line(&lacking.join(", "))
    )))
}

fn confirm(plan: &RosterPlan, json: bool) -> Result<(), Failure> {
    if json {
        output::message(&diff(plan));
    }
    match dialoguer::Confirm::new().with_prompt("Is that meant?").default(false).interact() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::failed("nothing was sent")),
        Err(error) => Err(Failure::failed(format!("the question could not be asked: {error}"))),
    }
}

async fn make(vendor: &RosterService<'_>, plan: &RosterPlan, json: bool, zone: Tz) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Applied<'a> {
        plan: &'a RosterPlan,
        groups: &'a [GroupOutcome],
    }
    let mut awaited = None;
    let on_progress = |progress: Progress<'_>| match progress {
        Progress::Ended(outcome) if !json => output::data(&line(outcome)),
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
    let groups = vendor.apply(plan, on_progress).await?;
    if json {
        output::json(&Applied { plan, groups: &groups })?;
    }
    let well = |outcome: &&GroupOutcome| matches!(outcome.ending, Ending::AsWanted | Ending::Changed);
    Ok(match groups.iter().filter(well).count() {
        count if count == groups.len() => Exit::Done,
        0 => Exit::Failed,
        _ => Exit::Partial,
    })
}
