//! `ccsync notify list|test`.

use chrono_tz::Tz;
use serde_json::json;

use crate::cli::args::NotifyCommand;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::app::App;
use ccsync::config::Settings;
use ccsync::domain::row::text::one_line;
use ccsync::report::notice::NoticeEntry;

/// Notices listed.
const LISTED: u32 = 50;

pub(in crate::cli) async fn notify(settings: Settings, command: NotifyCommand) -> Result<Exit, Failure> {
    let is_list = matches!(command, NotifyCommand::List(_));
    match (settings.notify.is_empty(), is_list) {
        (true, false) => return Err(Failure::usage("nobody is to be told: no [notify.NAME] is configured")),
        (true, true) => output::message("note: nobody is to be told: no [notify.NAME] is configured"),
        (false, _) => {}
    }
    let zone = settings.timezone;
    with_app(settings, async |app| act(app, command, zone).await).await
}

async fn act(app: &App, command: NotifyCommand, zone: Tz) -> Result<Exit, Failure> {
    match command {
        NotifyCommand::List(args) => {
            let notices = app.notices(LISTED).await?;
            if args.json {
                output::json(&notices)?;
            } else if notices.is_empty() {
                output::message("nothing was told yet");
            }
            for entry in notices.iter().filter(|_| !args.json) {
                output::data(&rendered(entry, zone));
            }
            Ok(Exit::Done)
        }
        NotifyCommand::Test { name, json } => {
            let answers = app.notice_trial(name.as_deref()).await?;
            if answers.is_empty() {
                let name = name.unwrap_or_default();
                return Err(Failure::usage(format!("there is no [notify.{name}]")));
            }
            let failed = answers.iter().filter(|(_, answer)| answer.is_err()).count();
            let message = |answer: &Result<(), ccsync::domain::fault::Fault>| {
                answer.as_ref().err().map(ccsync::domain::fault::Fault::chain)
            };
            if json {
                let all: Vec<_> = answers
                    .iter()
                    .map(|(name, answer)| {
                        json!({ "target": name, "taken": answer.is_ok(), "error": message(answer) })
                    })
                    .collect();
                output::json(&all)?;
            } else {
                for (name, answer) in &answers {
                    let word = message(answer).unwrap_or_else(|| format!("notify.{name}: taken"));
                    output::data(&word);
                }
            }
            Ok(match failed {
                0 => Exit::Done,
                all if all == answers.len() => Exit::Failed,
                _ => Exit::Partial,
            })
        }
    }
}

fn rendered(entry: &NoticeEntry, zone: Tz) -> String {
    let local = |at| output::local(at, zone);
    let place: Vec<String> =
        [entry.alert.source.clone(), entry.alert.stream.map(|stream| stream.to_string())]
            .into_iter()
            .flatten()
            .collect();
    let state = match (entry.delivered_at, entry.next_try_at, &entry.failure) {
        (Some(at), ..) => format!("delivered {}", local(at)),
        (None, Some(at), None) => format!("to be sent {}", local(at)),
        (None, Some(at), Some(failure)) => format!("next try {}: {failure}", local(at)),
        (None, None, failure) => format!("given up: {}", failure.as_deref().unwrap_or_default()),
    };
    let line = format!(
        "{} {} {} {} {}: {}; {state}",
        local(entry.created_at),
        entry.target,
        entry.alert.change.as_str(),
        entry.alert.kind.as_str(),
        place.join("/"),
        entry.alert.message,
    );
    one_line(&line)
}
