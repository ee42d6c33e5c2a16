//! `ccsync moor queue add|assign`.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_accounts;
use crate::cli::write::action::{WriteArgs, rendered, service, show};
use ccsync::app::{ActionService, MembershipChange};
use ccsync::config::Settings;
use ccsync::domain::vendor::roster::{
    AssignRule, Member, MemoryTime, NewGroup, check_members, display_name, identifier,
};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum MoorCommand {
    /// Skill groups.
    #[command(subcommand)]
    Queue(QueueCommand),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum QueueCommand {
    /// Make a skill group (addQueue). The API can neither rename nor remove it later.
    Add(AddArgs),
    /// Give a skill group these members and no others (updateQueueAssignMembers).
    Assign(AssignArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct MembersArgs {
    /// A member: the agent's number, with a priority if it is not 0; repeatable.
    #[arg(long = "member", value_name = "NUMBER[:PRIORITY]")]
    pub members: Vec<Member>,
    /// Leave the group without members.
    #[arg(long)]
    pub allow_empty: bool,
    /// Send members whom no known skill group has or had. 7moor skips those that do not exist.
    #[arg(long)]
    pub unchecked_members: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AddArgs {
    /// Name of the group. 7moor does not ask for it to be unique.
    #[arg(long, value_name = "NAME", value_parser = display_name)]
    pub display_name: String,
    /// How chats are given out: random, queue (in turn), least (least busy) or priority.
    #[arg(long, value_name = "RULE", default_value = "random")]
    pub assign_rule: AssignRule,
    /// Let customers come back to the same agent.
    #[arg(long)]
    pub memory: bool,
    /// For how many minutes: 120, 1440, 10080 or 43200.
    #[arg(long, value_name = "MINUTES")]
    pub memory_time: Option<String>,
    #[command(flatten)]
    pub members: MembersArgs,
    #[command(flatten)]
    pub write: WriteArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AssignArgs {
    /// Number of the group.
    #[arg(long, value_name = "NUMBER", value_parser = identifier)]
    pub exten: String,
    #[command(flatten)]
    pub members: MembersArgs,
    #[command(flatten)]
    pub write: WriteArgs,
}

pub(in crate::cli) async fn moor(settings: Settings, command: MoorCommand) -> Result<Exit, Failure> {
    let MoorCommand::Queue(command) = command;
    let members = match &command {
        QueueCommand::Add(args) => &args.members,
        QueueCommand::Assign(args) => &args.members,
    };
    check_members(&members.members, members.allow_empty).map_err(Failure::usage)?;
    match command {
        QueueCommand::Add(args) => add(settings, args).await,
        QueueCommand::Assign(args) => assign(settings, args).await,
    }
}

async fn add(settings: Settings, args: AddArgs) -> Result<Exit, Failure> {
    let memory = MemoryTime::of(args.memory, args.memory_time.as_deref()).map_err(Failure::usage)?;
    let AddArgs { display_name, assign_rule, members, write, .. } = args;
    with_accounts(settings, async |app| {
        let service = service(app)?;
        let (source, writer) = service.moor(write.source.as_deref())?;
        check_known(&service, &source, &members).await?;
        let members = members.members.clone();
        let actor = writer.add_queue(&NewGroup { display_name, assign_rule, memory, members });
        show(actor.draft(), &write)?;
        if write.yes { rendered(&service.perform(actor).await?, write.json) } else { Ok(Exit::Done) }
    })
    .await
}

async fn assign(settings: Settings, args: AssignArgs) -> Result<Exit, Failure> {
    let AssignArgs { exten, members, write } = args;
    let zone = settings.timezone;
    with_accounts(settings, async |app| {
        let service = service(app)?;
        let (source, writer) = service.moor(write.source.as_deref())?;
        check_known(&service, &source, &members).await?;
        if !write.yes {
            let change = service.membership_change(&source, &exten, &members.members).await?;
            output::message(&told(&exten, change, zone));
        }
        let actor = writer.assign_members(&exten, &members.members);
        show(actor.draft(), &write)?;
        if write.yes { rendered(&service.perform(actor).await?, write.json) } else { Ok(Exit::Done) }
    })
    .await
}

/// Who comes and who leaves, so that nobody is taken out of a group by a list that forgot them.
fn told(exten: &str, change: Option<MembershipChange>, zone: Tz) -> String {
    let Some(change) = change else {
        return format!("who is in {exten} now is not known here; `ccsync sync moor.queue` reads it");
    };
    let read_at = output::local(change.read_at, zone);
    if !change.is_known {
        return format!(
            "{exten}: there was no such group when the groups were read at {read_at}; check the number"
        );
    }
    let named = |numbers: BTreeSet<String>| match numbers.is_empty() {
        true => "nobody".to_owned(),
        false => numbers.into_iter().collect::<Vec<_>>().join(", "),
    };
    let (joining, leaving) = (named(change.joining), named(change.leaving));
    let mut text = format!("{exten}, as read at {read_at}: joins: {joining}; leaves: {leaving}");
    if !change.other_priority.is_empty() {
        text.push_str(&format!("; gets another priority: {}", named(change.other_priority)));
    }
    text
}

async fn check_known(
    service: &ActionService<'_>,
    source: &str,
    members: &MembersArgs,
) -> Result<(), Failure> {
    if members.unchecked_members {
        return Ok(());
    }
    Ok(service.refuse_unknown_members(source, &members.members, &BTreeSet::new()).await?)
}
