//! `ccsync moor queue add|assign`.

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_accounts;
use crate::cli::write::action::{WriteArgs, rendered, service, show};
use crate::cli::write::roster::diff::in_no_group;
use ccsync::app::{Addition, Ending, Performed, RosterService};
use ccsync::config::Settings;
use ccsync::domain::fault::Fault;
use ccsync::domain::row::text::one_line;
use ccsync::domain::vendor::action::{ActionDraft, ActionState, target};
use ccsync::domain::vendor::roster::{
    AssignRule, Member, MemoryTime, NewGroup, check_members, display_name, identifier,
};
use ccsync::domain::vendor::roster_plan::{GroupPlan, MemberChange, RosterPlan, Step, WantedGroup};

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
    /// Make it even if a group of this name exists: no group can be removed.
    #[arg(long)]
    pub allow_same_name: bool,
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
    let AddArgs { display_name, assign_rule, members, write, allow_same_name, .. } = args;
    with_accounts(settings, async |app| {
        let service = service(app)?;
        let (source, writer) = service.moor(write.source.as_deref())?;
        let group = NewGroup { display_name, assign_rule, memory, members: members.members.clone() };
        let actor = writer.add_queue(&group);
        if write.yes {
            service.moment(actor.budget()).await?;
        }
        let roster = service.roster(Some(&source))?;
        let Addition { plan, namesakes } = roster.addition(&group, !members.unchecked_members).await?;
        if !namesakes.is_empty() {
            let extens = namesakes.join(", ");
            let told = format!("a group of this name exists ({extens}), and groups cannot be removed");
            if write.yes && !allow_same_name {
                return Err(Failure::usage(format!("{told}: add --allow-same-name if another one is meant")));
            }
            output::message(&format!("warning: {told}"));
        }
        let draft = actor.draft().clone();
        show_and_act(&draft, service.perform_at_once(actor), (&roster, &plan), &write).await
    })
    .await
}

async fn assign(settings: Settings, args: AssignArgs) -> Result<Exit, Failure> {
    let AssignArgs { exten, members, write } = args;
    with_accounts(settings, async |app| {
        let service = service(app)?;
        let (source, writer) = service.moor(write.source.as_deref())?;
        let actor = writer.assign_members(&exten, &members.members);
        if write.yes {
            service.moment(actor.budget()).await?;
        }
        let roster = service.roster(Some(&source))?;
        let wanted = WantedGroup {
            exten: Some(exten.clone()),
            members: members.members.clone(),
            ..WantedGroup::default()
        };
        let plan = roster.plan(&[wanted], &[], !members.unchecked_members).await?;
        for group in &plan.groups {
            if let Step::Impossible(why) = &group.step {
                return Err(Failure::usage(why));
            }
            output::message(&told(group));
        }
        let draft = actor.draft().clone();
        show_and_act(&draft, service.perform_at_once(actor), (&roster, &plan), &write).await
    })
    .await
}

/// Who comes and who leaves, so that nobody is taken out of a group by a list that forgot them.
fn told(group: &GroupPlan) -> String {
    let (mut joining, mut leaving, mut moving) = (Vec::new(), Vec::new(), Vec::new());
    for change in &group.changes {
        match change {
            MemberChange::Add(member) => joining.push(member.agent_number.as_str()),
            MemberChange::Remove(member) => leaving.push(member.agent_number.as_str()),
            MemberChange::Priority { agent_number, .. } => moving.push(agent_number.as_str()),
        }
    }
    let named = |numbers: &[&str]| if numbers.is_empty() { "nobody".to_owned() } else { numbers.join(", ") };
    let name =
        format!("{} {}", group.exten.as_deref().unwrap_or_default(), one_line(&target(&group.display_name)));
    let mut text = format!("{}: joins: {}; leaves: {}", name.trim(), named(&joining), named(&leaving));
    if !moving.is_empty() {
        text.push_str(&format!("; gets another priority: {}", named(&moving)));
    }
    text
}

/// Shows what would be sent, and who may not exist. With --yes sends it and looks at the group afterwards: 7moor says that
/// it was done even if it skipped everybody.
async fn show_and_act(
    draft: &ActionDraft,
    write: impl Future<Output = Result<Performed, Fault>>,
    (roster, plan): (&RosterService<'_>, &RosterPlan),
    args: &WriteArgs,
) -> Result<Exit, Failure> {
    if !plan.in_no_group.is_empty() {
        output::message(&format!("warning: {}", in_no_group(&plan.in_no_group)));
    }
    show(draft, args)?;
    if !args.yes {
        return Ok(Exit::Done);
    }
    let done = write.await?;
    let is_answered = done.settlement.state == ActionState::Answered;
    let seen = match plan.groups.first().filter(|_| is_answered) {
        Some(group) => Some((group, roster.confirmed(group, &done).await)),
        None => None,
    };
    let outcome = seen.as_ref().and_then(|(_, seen)| seen.as_ref().ok());
    let exit = rendered(&done, outcome, args.json)?;
    let Some((group, seen)) = seen else { return Ok(exit) };
    let outcome = seen?;
    if outcome.ending == Ending::Changed {
        return Ok(exit);
    }
    output::message(&format!("warning: {}", outcome.detail.as_deref().unwrap_or("it is not as wanted")));
    if let (Some(exten), false) = (&group.exten, group.before.is_empty()) {
        let members = group.before.iter().map(Member::to_string).collect::<Vec<_>>().join(" --member ");
        let source = &plan.source;
        output::message(&format!(
            "hint: `ccsync moor queue assign --source {source} --exten {exten} --member {members} --unchecked-members --yes` \
             puts back who was in it"
        ));
    }
    Ok(Exit::Partial)
}
