//! `ccsync check`.

use crate::app::{App, Seams};
use crate::cli::args::JsonArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::config::Settings;

pub(super) async fn check(settings: Settings, args: JsonArgs) -> Result<Exit, Failure> {
    let report = App::check(&settings, &Seams::default()).await;
    if args.json {
        output::json(&report)?;
    } else {
        output::data("configuration: ok");
        for check in &report.checks {
            let word = if check.ok { "ok" } else { "FAILED" };
            output::data(&format!("{}: {word}; {}", check.subject, check.detail));
            if let Some(cure) = check.cure {
                output::data(&format!("  hint: {cure}"));
            }
        }
    }
    let failed = report.checks.iter().filter(|check| !check.ok).count();
    Ok(if failed == 0 { Exit::Done } else { Exit::Failed })
}
