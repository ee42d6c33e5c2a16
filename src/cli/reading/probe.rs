//! `ccsync probe`.

use crate::cli::args::ProbeArgs;
use crate::cli::build_with_database;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use ccsync::app::{PROBE_REQUESTS_MAX, Probed, probed_source};
use ccsync::config::Settings;
use ccsync::domain::row::text::{counted, one_line};
use ccsync::domain::stream::StreamKey;
use ccsync::domain::vendor::fact::VendorFact;

pub(in crate::cli) async fn probe(settings: Settings, args: ProbeArgs) -> Result<Exit, Failure> {
    output::message(&format!(
        "asking {}: {PROBE_REQUESTS_MAX} requests at most, within its limits",
        args.source
    ));
    // Before a database is made for nothing.
    probed_source(&settings, &args.source)?;
    // It is a step before the first pass, too: like that, it makes what is not there yet.
    let app = build_with_database(settings).await?;
    let probed = async {
        app.prepare().await?;
        app.confirm_accounts().await?;
        app.probe(&args.source).await
    };
    let probed = probed.await;
    app.close().await?;
    let probed = probed?;
    if args.json.json {
        output::json(&probed)?;
    } else {
        output::data(&text(&probed));
    }
    output::message(&format!("{} sent", counted(probed.requests as u64, "request")));
    Ok(Exit::Done)
}

fn text(probed: &Probed) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut of: Option<&StreamKey> = None;
    for fact in &probed.facts {
        if of != Some(&fact.stream) {
            lines.extend(of.map(|_| String::new()));
            lines.push(fact.stream.to_string());
            of = Some(&fact.stream);
        }
        let answer = fact.answer.as_deref().unwrap_or("not known");
        lines.push(format!("  {:<13} {answer:<14} {}", fact.question.as_str(), one_line(&fact.evidence)));
    }
    lines.extend(settings(&probed.facts));
    lines.join("\n")
}

/// The settings that follow, as they would stand in the configuration file.
fn settings(facts: &[VendorFact]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut of: Option<&StreamKey> = None;
    for (fact, setting) in facts.iter().filter_map(|fact| Some((fact, fact.setting()?))) {
        if of.is_none() {
            lines.extend(["".to_owned(), "# settings that follow".to_owned()]);
        }
        if of != Some(&fact.stream) {
            lines.push(format!("[sources.{}.{}]", fact.stream.source, fact.stream.stream.stem()));
            of = Some(&fact.stream);
        }
        lines.push(setting);
    }
    lines.dedup();
    lines
}
