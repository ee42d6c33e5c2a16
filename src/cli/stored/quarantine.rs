//! `ccsync quarantine list|show|retry|drop`.

use crate::cli::args::{QuarantineArgs, QuarantineVerb, RetryArgs};
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::with_app;
use ccsync::app::{App, Retried};
use ccsync::config::Settings;
use ccsync::domain::proof::quarantine::{QuarantineEntry, QuarantineFilter};
use ccsync::domain::row::text::one_line;

pub(in crate::cli) async fn quarantine(settings: Settings, args: QuarantineArgs) -> Result<Exit, Failure> {
    with_app(settings, async |app| act(app, args.verb).await).await
}

async fn act(app: &App, verb: QuarantineVerb) -> Result<Exit, Failure> {
    match verb {
        QuarantineVerb::List { source, stream, all, json } => {
            let filter = QuarantineFilter { source, stream, closed_too: all, ..QuarantineFilter::default() };
            list(&app.quarantined(&filter).await?, json)
        }
        QuarantineVerb::Show { id, json } => {
            let filter = QuarantineFilter {
                ids: Some(vec![id]),
                closed_too: true,
                payload: true,
                ..QuarantineFilter::default()
            };
            match app.quarantined(&filter).await?.first() {
                Some(entry) => show(entry, json),
                None => Err(Failure::failed(format!("there is no quarantined record {id}"))),
            }
        }
        QuarantineVerb::Retry(args) => retry(app, args).await,
        QuarantineVerb::Drop { ids, reason, json } => drop_entries(app, &ids, &reason, json).await,
    }
}

fn list(entries: &[QuarantineEntry], json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(&entries)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        output::message("no such record is quarantined");
    }
    for entry in entries {
        output::data(&line(entry));
    }
    Ok(Exit::Done)
}

fn line(entry: &QuarantineEntry) -> String {
    let window = entry.window.map_or_else(|| "snapshot".to_owned(), |window| window.to_string());
    format!(
        "{} {} {} {window}: {}; first seen {}, last seen {}, seen {}",
        entry.id,
        entry.state,
        entry.key,
        one_line(&entry.reason),
        entry.first_seen_at.format("%FT%TZ"),
        entry.last_seen_at.format("%FT%TZ"),
        entry.seen,
    )
}

fn show(entry: &QuarantineEntry, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(entry)?;
        return Ok(Exit::Done);
    }
    output::data(&line(entry));
    output::data(&format!("run {}", entry.run_id));
    if let Some(at) = entry.resolved_at {
        output::data(&format!("{} {}", entry.state, at.format("%FT%TZ")));
    }
    if let Some(decision) = &entry.decision {
        output::data(&format!("decision: {}", one_line(decision)));
    }
    let payload = entry.payload.as_deref().unwrap_or_default();
    let parsed = serde_json::from_str::<serde_json::Value>(payload);
    let pretty = parsed.ok().and_then(|json| serde_json::to_string_pretty(&json).ok());
    output::data(pretty.as_deref().unwrap_or(payload));
    Ok(Exit::Done)
}

async fn retry(app: &App, args: RetryArgs) -> Result<Exit, Failure> {
    let ids = (!args.ids.is_empty()).then_some(args.ids);
    let filter =
        QuarantineFilter { ids, source: args.source, stream: args.stream, ..QuarantineFilter::default() };
    if let Some(ids) = &filter.ids {
        let open = app.quarantined(&filter).await?;
        let missing = ids.iter().filter(|id| !open.iter().any(|entry| entry.id == **id));
        refuse_missing(&missing.copied().collect::<Vec<_>>())?;
    }
    let all = app.quarantine_retry(&filter).await?;
    if args.json {
        output::json(&all)?;
    } else {
        all.iter().for_each(|retried| output::data(&retried_line(retried)));
        if all.is_empty() {
            output::message("no quarantined record is open");
        }
    }
    let done = all.iter().filter(|retried| retried.retried).count();
    Ok(match done {
        _ if done == all.len() => Exit::Done,
        0 => Exit::Failed,
        _ => Exit::Partial,
    })
}

fn retried_line(retried: &Retried) -> String {
    let (id, key) = (retried.id, &retried.key);
    match (&retried.counts, &retried.reason) {
        (Some(counts), _) => format!(
            "{id} {key}: retried; rows new {}, changed {}, unchanged {}, superseded {}",
            counts.inserted, counts.updated, counts.unchanged, counts.superseded
        ),
        (None, reason) => {
            format!("{id} {key}: not stored: {}", one_line(reason.as_deref().unwrap_or_default()))
        }
    }
}

async fn drop_entries(app: &App, ids: &[i64], reason: &str, json: bool) -> Result<Exit, Failure> {
    refuse_missing(&app.quarantine_drop(ids, reason.trim()).await?)?;
    if json {
        output::json(&serde_json::json!({"dropped": ids, "decision": reason.trim()}))?;
    } else {
        ids.iter().for_each(|id| output::data(&format!("{id}: dropped")));
    }
    Ok(Exit::Done)
}

fn refuse_missing(missing: &[i64]) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = missing.iter().map(i64::to_string).collect();
    Err(Failure::failed(format!(
        "no open quarantined record of that choice has the number {}; nothing was done; see `ccsync quarantine list`",
        ids.join(", ")
    )))
}
