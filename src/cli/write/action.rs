//! `ccsync action list`, and what all commands that write have in common.

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value as Json;

use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use crate::cli::write::operator::operator;
use ccsync::app::{ActionService, App, GroupOutcome, LimitWait, Performed};
use ccsync::config::Settings;
use ccsync::domain::vendor::action::{ActionDraft, ActionRecord, ActionState, Delivery};

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ActionCommand {
    /// Every write that was ordered, newest first, and what became of it.
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..))]
    pub limit: i64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What every command that writes can be told.
#[derive(Debug, Args)]
pub(in crate::cli) struct WriteArgs {
    /// The source to write to; may be left out where only one is of the kind.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Really send it. Without, it is shown and nothing is done.
    #[arg(long)]
    pub yes: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

pub(in crate::cli) async fn action(settings: Settings, command: ActionCommand) -> Result<Exit, Failure> {
    let ActionCommand::List(args) = command;
    let zone = settings.timezone;
    with_app(settings, async |app| {
        let actions = app.actions(args.limit).await?;
        if args.json {
            output::json(&actions)?;
        } else {
            actions.iter().for_each(|action| output::data(&line(action, zone)));
            if actions.is_empty() {
                output::message("no vendor was written to yet");
            }
        }
        Ok(Exit::Done)
    })
    .await
}

/// The service of whoever runs this process.
pub(in crate::cli) fn service(app: &App) -> Result<ActionService<'_>, Failure> {
    let on_wait = |wait: &LimitWait| {
        let LimitWait { endpoint, per_minute, wait } = wait;
        let seconds = wait.as_secs_f64().ceil();
        output::message(&format!(
            "waiting {seconds} s for the limit of {endpoint}, {per_minute} requests a minute"
        ));
    };
    Ok(app.action_service(&operator())?.reporting_waits(on_wait))
}

/// Shows what would be sent; that is all without --yes.
pub(in crate::cli) fn show(draft: &ActionDraft, args: &WriteArgs) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Shown<'a> {
        sent: bool,
        #[serde(flatten)]
        draft: &'a ActionDraft,
    }
    if !args.yes && args.json {
        output::json(&Shown { sent: false, draft })?;
    }
    if !args.json {
        let Delivery { agent, host, method, encoding } = &draft.delivery;
        let agent = agent.as_ref().map(|extno| format!(", agent {extno}")).unwrap_or_default();
        output::data(&format!("{}{agent}: {method} {host}{}", draft.source, draft.path));
        output::data(&format!("{encoding}: {}", body(draft)));
    }
    if !args.yes {
        output::message("nothing was sent; add --yes to send it");
    }
    Ok(())
}

/// The body as it is sent, but for what may not be shown.
fn body(draft: &ActionDraft) -> String {
    let fields = draft.request.as_object().filter(|_| draft.delivery.encoding == Delivery::FORM);
    let Some(fields) = fields else { return draft.request.to_string() };
    let pair = |(name, value): (&String, &Json)| format!("{name}={}", value.as_str().unwrap_or_default());
    match fields.is_empty() {
        true => "(empty)".to_owned(),
        false => fields.iter().map(pair).collect::<Vec<_>>().join("&"),
    }
}

/// Tells how a write ended, and what the vendor showed afterwards where that was looked at.
pub(in crate::cli) fn rendered(
    done: &Performed,
    seen: Option<&GroupOutcome>,
    json: bool,
) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Rendered<'a> {
        #[serde(flatten)]
        done: &'a Performed,
        #[serde(skip_serializing_if = "Option::is_none")]
        seen: Option<&'a GroupOutcome>,
    }
    if json {
        output::json(&Rendered { done, seen })?;
    } else {
        let result = done.settlement.result.as_ref().map(|result| format!(", {result}")).unwrap_or_default();
        output::data(&format!("action {}: {}{result}", done.id, done.settlement.state));
        if let Some(text) = &done.details {
            output::data(text);
        }
    }
    let message = done.settlement.message.as_deref().unwrap_or_default();
    let what = match done.settlement.state {
        ActionState::Answered => return Ok(Exit::Done),
        ActionState::Refused => "the vendor did not do it",
        ActionState::Failed => "it was not sent",
        ActionState::Intended | ActionState::Unknown => {
            "whether it was done is not known, and it is not sent again: look at the vendor first"
        }
    };
    output::message(&format!("error: {message}"));
    output::message(&format!("hint: {what}"));
    Ok(Exit::Failed)
}

fn line(action: &ActionRecord, zone: chrono_tz::Tz) -> String {
    let when = output::local(action.intent_at, zone);
    let settlement = &action.settlement;
    let target =
        action.target.as_ref().map(|target| format!(" {}", target.escape_debug())).unwrap_or_default();
    let observed = match action.observed_done {
        Some(true) => " (seen done)",
        Some(false) => " (seen not done)",
        None => "",
    };
    let mut text = format!(
        "{} {when} {} {}{target}: {}{observed} by {}",
        action.id,
        action.source,
        action.command,
        settlement.state,
        action.operator.escape_debug()
    );
    if let Some(result) = &settlement.result {
        text.push_str(&format!("; {}", result.escape_debug()));
    }
    if let Some(message) = &settlement.message {
        text.push_str(&format!("; {}", message.escape_debug()));
    }
    if action.request != Json::Object(serde_json::Map::new()) {
        text.push_str(&format!("\n  {}", action.request));
    }
    text
}
