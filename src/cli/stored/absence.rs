//! `ccsync absence`.

use chrono_tz::Tz;

use crate::cli::args::AbsenceCommand;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::config::Settings;
use ccsync::domain::proof::absence::{AbsenceAlarm, AbsenceCase};
use ccsync::domain::row::text::counted;

pub(in crate::cli) async fn absence(settings: Settings, command: AbsenceCommand) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    with_app(settings, async |app| act(app, command, zone).await).await
}

async fn act(app: &ccsync::app::App, command: AbsenceCommand, zone: Tz) -> Result<Exit, Failure> {
    match command {
        AbsenceCommand::List(args) => {
            let cases = app.absence_alarms().await?;
            if args.json {
                output::json(&cases)?;
            } else if cases.is_empty() {
                output::message("no rows are missing in masses");
            }
            for case in cases.iter().filter(|_| !args.json) {
                output::data(&rendered(case, zone));
            }
        }
        AbsenceCommand::Accept(args) => {
            let accepted = app.accept_absence(&args.ids).await?;
            if args.json {
                output::json(&accepted)?;
            }
            for done in accepted.iter().filter(|_| !args.json) {
                let of = heading(&done.case.alarm, zone);
                output::data(&format!("{of}: accepted, {} marked deleted", counted(done.deleted, "row")));
            }
        }
    }
    Ok(Exit::Done)
}

fn heading(alarm: &AbsenceAlarm, zone: Tz) -> String {
    let local = |instant| output::local(instant, zone);
    let scope = match alarm.window {
        Some(window) => format!("{} .. {}", local(window.start), local(window.end)),
        None => "snapshot".to_owned(),
    };
    format!("{}: {}/{} {scope}", alarm.id, alarm.source, alarm.table)
}

fn rendered(AbsenceCase { alarm, examples, .. }: &AbsenceCase, zone: Tz) -> String {
    let since = output::local(alarm.raised_at, zone);
    let mut text = format!(
        "{}: {} of {} missing since {since}",
        heading(alarm, zone),
        alarm.missing,
        counted(alarm.live, "row")
    );
    for key in examples {
        text.push_str(&format!("\n  {}", key.join(" ").escape_debug()));
    }
    let more = alarm.missing - i64::try_from(examples.len()).unwrap_or(i64::MAX);
    if 0 < more {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}
