//! The environment as a tree of settings.
//!
//! [`config::Environment`] picks the variables and lowers their names. What it cannot know is done here:
//! which source a name means, and where an agent's number points into a list. Values stay text, because
//! only the reader knows whether `0123` is a number or a secret.

use config::{Environment, Map, Source, Value, ValueKind};

use crate::config::parse::error::{Origin, Report};

/// The variables `CCSYNC__…` as a tree to lay over `below`.
pub(in crate::config) fn tree(
    variables: impl IntoIterator<Item = (String, String)>,
    below: &Value,
    report: &Report,
) -> Result<Map<String, Value>, config::ConfigError> {
    let collected = Environment::with_prefix("CCSYNC")
        .separator("__")
        .ignore_empty(true)
        .source(Some(variables.into_iter().collect()))
        .collect()?;
    // In order of their names, so that the same variables always give the same tree and the same errors.
    let mut collected: Vec<_> = collected.into_iter().collect();
    // Numbers count as numbers: the elements of a list are set one after the other, the tenth after the ninth.
    collected.sort_by_cached_key(|(key, _)| {
        key.split('.').map(|part| (part.parse::<u64>().ok(), part.to_owned())).collect::<Vec<_>>()
    });

    let names = source_names(below);
    let mut root = Value::new(None, Map::<String, Value>::new());
    for (key, value) in collected {
        let mut path: Vec<String> = key.split('.').map(str::to_owned).collect();
        if path.first().is_some_and(|first| first == "sources") {
            match with_source_name(&path[1..], &names) {
                Ok(rest) => path.splice(1.., rest).for_each(drop),
                Err(message) => {
                    report.error(&key, message, Some(Origin::Environment));
                    continue;
                }
            };
        }
        place(&mut root, Some(below), &path, value);
    }
    match root.kind {
        ValueKind::Table(table) => Ok(table),
        _ => Ok(Map::new()),
    }
}

fn source_names(below: &Value) -> Vec<String> {
    match child(Some(below), "sources").map(|sources| &sources.kind) {
        Some(ValueKind::Table(sources)) => sources.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Replaces the front of the path by the source that it means; a path that means none stays as it is.
///
/// A variable's name has no hyphens and one case, and a source's name may itself hold two underscores.
fn with_source_name(path: &[String], names: &[String]) -> Result<Vec<String>, String> {
    let fold = |name: &str| name.to_lowercase().replace('-', "_");
    for length in (1..=path.len()).rev() {
        let front = path[..length].join("__");
        let mut meant: Vec<_> = names.iter().filter(|name| fold(name) == fold(&front)).cloned().collect();
        meant.sort();
        match meant.as_slice() {
            [] => {}
            [name] => return Ok(std::iter::once(name.clone()).chain(path[length..].to_vec()).collect()),
            several => {
                return Err(format!("a variable cannot say which source it means: {}", several.join(" or ")));
            }
        }
    }
    Ok(path.to_vec())
}

/// Sets one value. A list is copied from below first, for a layer replaces lists as a whole.
fn place(node: &mut Value, below: Option<&Value>, path: &[String], value: Value) {
    let [head, rest @ ..] = path else {
        *node = value;
        return;
    };
    match &mut node.kind {
        ValueKind::Table(table) => {
            let below = child(below, head);
            let entry = table.entry(head.clone()).or_insert_with(|| vacant(head, rest, below, &value));
            place(entry, below, rest, value);
        }
        ValueKind::Array(items) => {
            let Some(index) = head.parse::<usize>().ok().filter(|index| *index <= items.len()) else {
                // Left in the list for the reader, which says what is wrong with an element that is no table.
                items.push(value);
                return;
            };
            if index == items.len() {
                items.push(Value::new(
                    value.origin().map(str::to_owned).as_ref(),
                    Map::<String, Value>::new(),
                ));
            }
            place(&mut items[index], None, rest, value);
        }
        // A variable for a whole table beside one for a key in it: the reader refuses the former.
        _ => {}
    }
}

/// What stands where nothing stood yet.
fn vacant(head: &str, rest: &[String], below: Option<&Value>, value: &Value) -> Value {
    let origin = value.origin().map(str::to_owned);
    let [next, ..] = rest else { return Value::new(origin.as_ref(), ValueKind::Nil) };
    match below.map(|below| &below.kind) {
        Some(ValueKind::Array(items)) => Value::new(origin.as_ref(), items.clone()),
        _ if head == "agents" && next.bytes().all(|byte| byte.is_ascii_digit()) => {
            Value::new(origin.as_ref(), Vec::<Value>::new())
        }
        _ => Value::new(origin.as_ref(), Map::<String, Value>::new()),
    }
}

fn child<'a>(node: Option<&'a Value>, key: &str) -> Option<&'a Value> {
    match node.map(|node| &node.kind) {
        Some(ValueKind::Table(table)) => table.get(key),
        _ => None,
    }
}
