//! `ccsync drift`.

use chrono_tz::Tz;

use crate::cli::args::JsonArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::config::Settings;
use ccsync::domain::vendor::drift::DriftEntry;

pub(in crate::cli) async fn drift(settings: Settings, args: JsonArgs) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    let drifts = with_app(settings, async |app| Ok(app.schema_drifts().await?)).await?;
    if args.json {
        output::json(&drifts)?;
    } else if drifts.is_empty() {
        output::message("no departure from the vendors' documents was recorded");
    }
    for entry in drifts.iter().filter(|_| !args.json) {
        output::data(&rendered(entry, zone));
    }
    Ok(Exit::Done)
}

fn rendered(entry: &DriftEntry, zone: Tz) -> String {
    let local = |instant| output::local(instant, zone);
    let scope = match entry.window {
        Some(window) => format!("window {} .. {}", local(window.start), local(window.end)),
        None => "snapshot".to_owned(),
    };
    format!(
        "{}: {}: {}\n  first seen {}, run {}, {scope}; {}",
        entry.key,
        entry.drift.kind.as_str(),
        entry.sentence,
        local(entry.first_seen_at),
        entry.first_run_id,
        entry.remedy,
    )
}
