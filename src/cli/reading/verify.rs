//! `ccsync verify`.

use chrono::{DateTime, Utc};

use crate::cli::args::{Moment, VerifyArgs};
use crate::cli::exit::Exit;
use crate::cli::output::{self, Failure};
use crate::cli::reading::progress::watched;
use crate::cli::reading::{stop, sync};
use crate::cli::{build, on_schema};
use ccsync::app::{App, Verified};
use ccsync::config::Settings;
use ccsync::domain::proof::window::TimeWindow;
use ccsync::domain::row::text::counted;
use ccsync::domain::row::text::one_line;
use ccsync::domain::vendor::page::Totals;
use ccsync::engine::port::clock::{Clock as _, SystemClock};
use ccsync::engine::port::compare::{Difference, DifferenceKind};
use ccsync::engine::verify::{Sample, Verification, VerifyOrder};
use ccsync::report::language::Language;
use ccsync::report::phrase::verdict;

pub(in crate::cli) async fn verify(settings: Settings, args: VerifyArgs) -> Result<Exit, Failure> {
    let range = range(&settings, &args)?;
    let sample = args.sample.map(|share| {
        let seed = args.seed.unwrap_or_else(rand::random);
        output::message(&format!("a sample of {share} of the windows, drawn by --seed {seed}"));
        Sample { share, seed }
    });
    let order = VerifyOrder { range, sample, scopes: None };
    let stop = stop::on_signal();
    let app = build(settings).await?;
    sync::refuse_unknown(&app, &args.streams)?;
    let verify = async |app: &App| {
        let verified = app.verify(&args.streams, &order, args.repair, &stop);
        Ok(watched(app.progress(), args.no_progress, verified).await?)
    };
    let mut verified = on_schema(app, verify).await?;
    if args.ignore_newer {
        verified.iter_mut().for_each(ignore_newer);
    }
    if args.json {
        output::json(&verified)?;
    } else {
        verified.iter().for_each(print);
    }
    verified.iter().for_each(print_messages);
    Ok(exit(&verified))
}

fn range(settings: &Settings, args: &VerifyArgs) -> Result<Option<TimeWindow>, Failure> {
    if args.from.is_none() && args.to.is_none() {
        return Ok(None);
    }
    let zone = settings.timezone;
    let instant = |moment: Option<Moment>, name: &str, otherwise: DateTime<Utc>| match moment {
        None => Ok(otherwise),
        Some(moment) => moment
            .instant(zone)
            .ok_or_else(|| Failure::usage(format!("--{name} does not exist in {zone}: the clocks skip it"))),
    };
    let now = SystemClock.now();
    let from = instant(args.from, "from", DateTime::UNIX_EPOCH)?;
    let to = instant(args.to, "to", now.max(from + chrono::Duration::seconds(1)))?;
    let window = TimeWindow::new(from, to).ok_or_else(|| {
        Failure::usage("--from must lie before --to, which is the first instant not wanted any more")
    })?;
    Ok(Some(window))
}

fn ignore_newer(verified: &mut Verified) {
    verified.verification.differences.retain(|difference| !difference.newer);
    if let Some(repair) = &mut verified.repair {
        repair.after.differences.retain(|difference| !difference.newer);
    }
}

/// A difference counts whether or not it was mended meanwhile: that there was one is worth knowing.
fn exit(verified: &[Verified]) -> Exit {
    let fails = |one: &Verified| {
        let after = one.repair.as_ref().map(|repair| &repair.after);
        !one.verification.failures.is_empty() || after.is_some_and(|after| !after.failures.is_empty())
    };
    let unreadable = verified.iter().any(|one| one.verification.unreadable > 0);
    if verified.iter().any(|one| !one.verification.agrees()) {
        Exit::Differs
    } else if verified.iter().any(fails) {
        let compared = verified.iter().any(|one| one.verification.windows > 0);
        if compared { Exit::Partial } else { Exit::Failed }
    } else if unreadable {
        Exit::Partial
    } else {
        Exit::Done
    }
}

fn print(verified: &Verified) {
    let verification = &verified.verification;
    output::data(&summary(verification));
    verification.unread.iter().for_each(|window| output::data(&format!("  never read {window}")));
    for scope in &verification.unverified {
        output::data(&format!("  unverified {}: {}", scope.scope, scope.sentence(Language::En)));
    }
    verification.differences.iter().for_each(|difference| output::data(&line(difference)));
    let Some(repair) = &verified.repair else { return };
    for report in &repair.passes {
        let counts = &report.counts;
        output::data(&format!(
            "  read again: {}; rows new {}, changed {}, unchanged {}, deleted {}",
            report.outcome.as_str(),
            counts.inserted,
            counts.updated,
            counts.unchanged,
            counts.deleted
        ));
    }
    output::data(&format!("after the repair {}", summary(&repair.after)));
    repair.after.differences.iter().for_each(|difference| output::data(&line(difference)));
}

fn summary(verification: &Verification) -> String {
    let count = |kind| verification.differences.iter().filter(|one| one.kind == kind).count();
    let is_whole = verification.failures.is_empty() && verification.unreadable == 0;
    let differs = match (verification.agrees(), is_whole) {
        (true, true) => "no difference".to_owned(),
        (true, false) => "no difference in what could be compared".to_owned(),
        (false, _) => {
            let mut parts: Vec<String> =
                [DifferenceKind::Missing, DifferenceKind::Extra, DifferenceKind::Stale]
                    .into_iter()
                    .filter(|kind| count(*kind) > 0)
                    .map(|kind| format!("{} {}", count(kind), kind.as_str()))
                    .collect();
            if !verification.unread.is_empty() {
                parts.push(format!("{} never read", verification.unread.len()));
            }
            if !verification.unverified.is_empty() {
                parts.push(format!("{} unverified", verification.unverified.len()));
            }
            if verification.never_read {
                parts.push("never read".to_owned());
            }
            parts.join(", ")
        }
    };
    format!(
        "{}: {differs}; windows {}, rows {}, requests {}",
        verification.key, verification.windows, verification.rows, verification.requests
    )
}

fn line(difference: &Difference) -> String {
    let place = difference.window.map_or_else(String::new, |window| format!(" in {window}"));
    let mut line =
        format!("  {} {} {}{place}", difference.kind.as_str(), difference.table, difference.key_text());
    if !difference.columns.is_empty() {
        line.push_str(&format!(": {}", difference.columns.join(", ")));
    }
    if difference.newer {
        line.push_str(" (newer than our last read: the next one brings it)");
    }
    if difference.pending {
        line.push_str(" (missed already: a further read decides whether it is gone)");
    }
    one_line(&line)
}

fn print_messages(verified: &Verified) {
    let verification = &verified.verification;
    let key = &verification.key;
    for failure in &verification.failures {
        output::message(&format!("error: {key} {}: {}", failure.scope, failure.message));
        if let Some(hint) = failure.hint() {
            output::message(&format!("hint: {hint}"));
        }
    }
    if verification.unreadable > 0 {
        let records = counted(verification.unreadable, "record");
        output::message(&format!(
            "warning: {key}: {records} of the vendor cannot be read: the tables lack them, and they could not be \
             compared; what is extra in their windows may be those; see `ccsync quarantine list`"
        ));
    }
    if verification.dropped > 0 {
        let records = counted(verification.dropped, "record");
        output::message(&format!(
            "note: {key}: {records} of the vendor that an operator dropped from quarantine were not compared; as many \
             rows of their windows may be earlier versions of them"
        ));
    }
    if verification.totals == Totals::Ignore {
        output::message(&format!("note: {key}: {}", verdict::TOTALS_IGNORED.english()));
    }
    let last = verified.last();
    for remedy in last.remedies.iter().filter(|_| !last.agrees()) {
        output::message(&format!("hint: {key}: {remedy}"));
    }
}
