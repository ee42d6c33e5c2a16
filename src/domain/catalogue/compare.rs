//! The differences between the catalogue that migrations make and a live one.

use super::finding::{Finding, Severity};
use super::relation::{compare_table, create_table, literal};
use super::{Catalogue, Function, View};

/// Functions whose text follows from the configuration, or from what an operator retired.
const CONFIGURED: [&str; 3] = ["bi.business_zone()", "sync.days_stored()", "sync.is_retired(source text)"];

/// Functions that return the rows of a table as of an instant, written by `sync.define_as_of` from its columns.
const AS_OF: &str = "_as_of(known_at timestamp with time zone)";

/// Compares a live catalogue with the one that the migrations make. What nobody but an operator made, in schemas of
/// ours too, is left alone as long as it does not hang on a table of ours.
pub fn compare(expected: &Catalogue, live: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, comment) in expected.schemas.iter().filter(|(name, _)| !live.schemas.contains_key(*name)) {
        let mut statements = vec![format!("create schema {name}")];
        statements.extend(comment_on("schema", name, comment.as_deref()));
        found.push(Finding::ours(Severity::Fails, format!("schema {name}"), "is missing", statements));
    }
    for (name, sequence) in expected.sequences.iter().filter(|(name, _)| !live.sequences.contains_key(*name))
    {
        // Fences grow only: the next one is behind all that were given.
        let mut statements = vec![
            format!("create sequence {name} as {}", sequence.kind),
            format!("select setval('{name}', (extract(epoch from clock_timestamp()) * 1000)::bigint)"),
        ];
        statements.extend(comment_on("sequence", name, sequence.comment.as_deref()));
        found.push(Finding::ours(Severity::Fails, format!("sequence {name}"), "is missing", statements));
    }
    for (name, table) in &expected.tables {
        match live.tables.get(name) {
            Some(live) => found.extend(compare_table(name, table, live)),
            None => {
                let statements = create_table(name, table);
                let missing =
                    Finding::ours(Severity::Fails, format!("table {name}"), "is missing", statements);
                found.push(missing.losing(name));
            }
        }
    }
    for (name, part) in &live.tables {
        if let Some(whole) = part.state.parent.as_ref().and_then(|parent| expected.tables.get(parent)) {
            found.extend(compare_table(name, whole, part));
        }
    }
    found.extend(functions(expected, live));
    found.extend(views(expected, live));
    found.sort_by_key(|finding| finding.severity);
    found
}

fn functions(expected: &Catalogue, live: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for (signature, function) in &expected.functions {
        let object = format!("function {signature}");
        let mut statements = match signature.strip_suffix(AS_OF) {
            Some(fact) => vec![format!("select sync.define_as_of('{fact}')")],
            None => vec![function.definition.clone()],
        };
        statements.extend(comment_on("function", signature, function.comment.as_deref()));
        if signature.starts_with("sync.is_retired(") {
            statements.push("select sync.retired_apply()".to_owned());
        }
        match live.functions.get(signature) {
            None => found.push(Finding::ours(Severity::Fails, object, "is missing", statements)),
            Some(_) if CONFIGURED.contains(&signature.as_str()) => {}
            Some(known) if is_as_made(signature, function, known, expected, live) => {}
            Some(_) => {
                // A table with another column breaks its function of past rows, and nothing that ccsync itself does.
                let severity = if signature.ends_with(AS_OF) { Severity::Warns } else { Severity::Fails };
                found.push(Finding::ours(severity, object, "is not as ccsync made it", statements));
            }
        }
    }
    found
}

/// Whether a function is as the migrations made it. One that returns past rows lists the columns of its table.
fn is_as_made(
    signature: &str,
    made: &Function,
    known: &Function,
    expected: &Catalogue,
    live: &Catalogue,
) -> bool {
    let tables = signature.strip_suffix(AS_OF).and_then(|fact| {
        Some((
            expected.tables.get(fact)?,
            live.tables.get(fact)?,
            live.tables.get(&format!("{fact}_history"))?,
        ))
    });
    let Some((before, now, history)) = tables else { return made.definition == known.definition };
    let names = |names: Vec<&str>| names.join(", ");
    let all = |table: &super::Table| names(table.columns.iter().map(|column| column.name.as_str()).collect());
    let (listed, present) = (all(before), all(now));
    let kept = now.columns.iter().all(|column| history.columns.iter().any(|past| past.name == column.name));
    match listed == present {
        true => made.definition == known.definition,
        // What the history lacks stands there as null, and the rest by name.
        false if kept => made.definition.replace(&listed, &present) == known.definition,
        false => known.definition.contains(&format!("select {present} from")),
    }
}

fn views(expected: &Catalogue, live: &Catalogue) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, view) in &expected.views {
        let problem = match live.views.get(name) {
            None => "is missing",
            Some(known) if known.definition == view.definition => continue,
            Some(_) => "is not as ccsync made it",
        };
        let finding =
            Finding::ours(Severity::Fails, format!("view {name}"), problem, create_view(name, view));
        // Columns that are not its own forbid to replace it.
        found.push(finding.or_if_refused(format!("drop view {name} cascade")));
    }
    found
}

fn create_view(name: &str, view: &View) -> Vec<String> {
    let options = match view.options.is_empty() {
        true => String::new(),
        false => format!(" with ({})", view.options.join(", ")),
    };
    let mut statements = vec![format!("create or replace view {name}{options} as {}", view.definition)];
    statements.extend(comment_on("view", name, view.comment.as_deref()));
    for (column, comment) in &view.columns {
        statements.extend(comment_on("column", &format!("{name}.{column}"), comment.as_deref()));
    }
    statements
}

pub(super) fn comment_on(kind: &str, name: &str, comment: Option<&str>) -> Option<String> {
    comment.map(|comment| format!("comment on {kind} {name} is {}", literal(comment)))
}
