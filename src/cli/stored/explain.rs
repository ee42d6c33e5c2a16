//! `ccsync explain`.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::config::Settings;
use ccsync::domain::proof::explain::{OwnerStory, ReadStory, RowStory, RunStory, VersionStory};
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::text::counted;
use ccsync::domain::row::text::one_line;

pub(in crate::cli) async fn explain(settings: Settings, args: ExplainArgs) -> Result<Exit, Failure> {
    let zone = settings.timezone;
    let stories = with_app(settings, async |app| Ok(app.explain(&args.key).await?)).await?;
    if stories.is_empty() {
        return Err(Failure::failed(format!(
            "no table has a row whose key is, or begins with, `{}`; `ccsync verify` asks the vendor for it",
            args.key
        )));
    }
    if args.json {
        output::json(&stories)?;
    } else {
        stories.iter().for_each(|story| output::data(&rendered(story, zone)));
    }
    Ok(Exit::Done)
}

fn rendered(story: &RowStory, zone: Tz) -> String {
    let mut lines = vec![format!(
        "{} {} (source {}): first seen {}",
        story.table,
        story.key.join("/"),
        story.stream.source,
        local(story.first_seen_at, zone)
    )];
    story.versions.iter().for_each(|version| lines.extend(version_lines(version, zone)));
    if let Some(owner) = &story.owner {
        lines.push(format!("  {}", owner_line(owner, zone)));
    }
    for window in &story.seen_in {
        lines.push(format!("  also contained in {}", span(*window, zone)));
    }
    if let Some(since) = story.missing_since {
        let since = local(since, zone);
        lines.push(format!("  missing since {since}: a further read decides whether it is gone"));
    }
    lines.iter().map(|line| one_line(line)).collect::<Vec<_>>().join("\n")
}

fn version_lines(version: &VersionStory, zone: Tz) -> Vec<String> {
    let until = version.to.map_or_else(|| "now".to_owned(), |to| local(to, zone));
    let what = match (version.deleted, version.changed.is_empty()) {
        (true, _) => ": marked deleted".to_owned(),
        (false, true) => String::new(),
        (false, false) => format!(": {} changed", version.changed.join(", ")),
    };
    let mut lines = vec![
        format!("  version {} from {} to {until}{what}", version.revision, local(version.from, zone)),
        format!("    by {}", run_line(&version.run, zone)),
    ];
    if let Some(read) = &version.read {
        lines.push(format!("    in {}", read_line(read, zone)));
        lines.extend(read.request.as_ref().map(|request| format!("    by {request}")));
    }
    lines
}

fn run_line(run: &RunStory, zone: Tz) -> String {
    let (Some(trigger), Some(started), Some(outcome)) = (&run.trigger, run.started_at, &run.outcome) else {
        return format!("run {}, whose record was removed by its age (scheduler.runs_kept)", run.id);
    };
    let worker = run.worker.map_or_else(String::new, |worker| format!(", worker {worker}"));
    format!("run {} ({trigger}, began {}, {outcome}{worker})", run.id, local(started, zone))
}

fn read_line(read: &ReadStory, zone: Tz) -> String {
    let of = read.window.map_or_else(|| "the snapshot".to_owned(), |window| span(window, zone));
    let total = read.vendor_total.map_or_else(String::new, |total| format!(", the vendor stated {total}"));
    format!(
        "read {} of {of} at {}, {}: {}{total}, {}, {}",
        read.number,
        local(read.read_at, zone),
        read.verdict,
        counted(read.rows, "row"),
        counted(read.pages, "page"),
        counted(read.requests, "request")
    )
}

fn owner_line(owner: &OwnerStory, zone: Tz) -> String {
    let of = owner.window.map_or_else(|| "the snapshot".to_owned(), |window| span(window, zone));
    let mut line = format!("owning window {of}: {}, {}", owner.state, counted(owner.reads, "read"));
    if let Some(at) = owner.read_at {
        line.push_str(&format!(", last at {}", local(at, zone)));
    }
    if let Some(verdict) = &owner.verdict {
        line.push_str(&format!(", {verdict}"));
    }
    match (owner.is_final, owner.final_at) {
        (true, _) => line.push_str(", final"),
        (false, Some(final_at)) => line.push_str(&format!(", provisional until {}", local(final_at, zone))),
        (false, None) => {}
    }
    line
}

fn span(window: TimeWindow, zone: Tz) -> String {
    format!("{} .. {}", local(window.start, zone), local(window.end, zone))
}

fn local(instant: DateTime<Utc>, zone: Tz) -> String {
    output::local(instant, zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_whose_record_is_gone_is_told_as_that() {
        let run = RunStory { id: 7, trigger: None, worker: None, started_at: None, outcome: None };
        let told = "run 7, whose record was removed by its age (scheduler.runs_kept)";
        assert_eq!(run_line(&run, Tz::UTC), told);
    }
}
