//! The rules.

use std::fmt;

use super::tree::Text;

/// A line that breaks a rule.
#[derive(Debug)]
pub struct Breach {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

type Rule = fn(&Text) -> Vec<Breach>;

pub const RULES: [Rule; 9] =
    [layers, vendors_apart, no_stream_by_name, crates, clock, writes, mod_files, names, leftovers];

/// Layers from the ground up. A module uses only modules of lower layers.
const LAYERS: [&[&str]; 9] = [
    &["domain"],
    &["report"],
    &["telemetry"],
    &["engine"],
    &["sources", "spool", "store"],
    &["scheduler", "ops"],
    &["app", "config"],
    &["cli"],
    &["main", "lib"],
];

/// The one look at a module of the same layer: the assembly reads the settings.
const SAME_LAYER: [(&str, &str); 1] = [("app", "config")];

/// Which crates are used where only.
const CRATES: [(&str, &[&str]); 6] = [
    ("ccsync_simulator", &["src/cli/"]),
    ("sqlx", &["src/store/"]),
    ("reqwest", &["src/sources/http.rs", "src/sources/http/"]),
    ("tokio_tungstenite", &["src/sources/workbench/socket.rs"]),
    ("croner", &["src/scheduler/"]),
    ("tokio_cron_scheduler", &["src/scheduler/"]),
];

/// Who looks at the time or waits without the clock port, and why.
const CLOCKS: [(&str, &str); 8] = [
    ("src/engine/port/clock.rs", "is the clock port"),
    ("src/telemetry/failpoint.rs", "holds a process up where a test ordered it, in real time"),
    ("src/store/embedded/", "waits for processes of the operating system, in real time"),
    (
        "src/store/account/request_budget.rs",
        "reserved moments are measured on the process's own monotonic clock",
    ),
    ("src/ops/web/connection.rs", "cuts off clients that do not speak"),
    ("src/ops/web/server.rs", "bounds open HTTP answers at the end of the process"),
    ("src/ops/web/status_cache.rs", "the age of an answer is measured on the monotonic clock"),
    ("src/cli/setup/demo/mod.rs", "tells a person how long it took, every two seconds of their time"),
];

/// The way of a write to a vendor, and who stands on it. What only reads is not among them, so that nothing
/// it does can end in a write.
const WRITES: [(&str, &[&str]); 8] = [
    (
        "port::action",
        &["src/engine/port/", "src/sources/", "src/store/operator/action.rs", "src/app/write/action.rs"],
    ),
    ("MoorWriter", &["src/sources/moor/", "src/app/write/action.rs", "src/app/write/roster.rs"]),
    ("WorkbenchWriter", &["src/sources/workbench/", "src/app/write/action.rs"]),
    (
        "ActionService",
        &[
            "src/app/write/action.rs",
            "src/app/write/roster.rs",
            "src/app/mod.rs",
            "src/cli/write/action.rs",
            "src/cli/write/moor.rs",
            "src/cli/write/roster.rs",
        ],
    ),
    ("action_service", &["src/app/write/action.rs", "src/cli/write/action.rs"]),
    (
        "cli::action::",
        &[
            "src/cli/args.rs",
            "src/cli/write/moor.rs",
            "src/cli/write/roster.rs",
            "src/cli/write/workbench.rs",
        ],
    ),
    ("\"addQueue\"", &["src/sources/moor/action.rs"]),
    ("/admin/", &["src/sources/workbench/action.rs"]),
];

/// Mod files that are more than declarations, and what else they are.
const MOD_FILES: [(&str, &str); 9] = [
    ("crates/simulator/src/moor/mod.rs", "the vendor's routes"),
    ("crates/simulator/src/sobot/mod.rs", "the vendor's routes"),
    ("src/app/mod.rs", "the assembly itself"),
    ("src/cli/setup/demo/mod.rs", "the demo's command"),
    ("src/cli/mod.rs", "the dispatch of the commands"),
    ("src/config/mod.rs", "`load`, the module's entry point"),
    ("src/scheduler/mod.rs", "`Scheduler`, the module's entry point"),
    ("src/store/embedded/mod.rs", "`EmbeddedPostgres`, the module's entry point"),
    ("src/telemetry/event/mod.rs", "the labels that all events share"),
];

const FORBIDDEN_NAMES: [&str; 8] =
    ["utils", "util", "common", "helpers", "types", "misc", "manager", "shared"];

/// What a migration may do.
const VERBS: [&str; 8] = ["create", "add", "drop", "rename", "alter", "grant", "fill", "replace"];

fn breach(text: &Text, line: usize, what: impl Into<String>) -> Breach {
    Breach { path: text.path.clone(), line, what: what.into() }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// The first segments of all `crate::` paths of a line.
fn modules_used(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").filter(|(at, _)| !line[..*at].ends_with(['$', '_'])).map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

fn layers(text: &Text) -> Vec<Breach> {
    let Some(module) = text.module() else { return Vec::new() };
    let Some(own) = layer(module) else { return vec![breach(text, 1, format!("`{module}` is on no layer"))] };
    let mut found = Vec::new();
    for (number, line) in text.all() {
        for used in modules_used(line).filter(|used| *used != module) {
            if used.is_empty() {
                found.push(breach(text, number, "use one path a line: this one hides which modules it uses"));
            } else if layer(used).is_none_or(|used| own <= used) && !SAME_LAYER.contains(&(module, used)) {
                found.push(breach(text, number, format!("{module} may not use {used}")));
            }
        }
    }
    found
}

fn vendors_apart(text: &Text) -> Vec<Breach> {
    let vendors = ["sobot", "moor", "workbench"];
    let is_own = |vendor: &str| text.path.starts_with(&format!("src/sources/{vendor}/"));
    let Some(own) = vendors.into_iter().find(|vendor| is_own(vendor)) else { return Vec::new() };
    let names = |line: &str| {
        let others = vendors.into_iter().filter(|vendor| *vendor != own);
        others.into_iter().any(|vendor| line.contains(&format!("sources::{vendor}")))
    };
    let lines = text.all().filter(|(_, line)| names(line));
    lines.map(|(number, _)| breach(text, number, "one vendor may not use another")).collect()
}

/// Where a stream is named: in its own declaration, and by what is made for it alone.
const NAMING: [&str; 3] = ["src/domain/stream", "src/app/write/roster.rs", "src/sources/workbench/"];

fn no_stream_by_name(text: &Text) -> Vec<Breach> {
    let names_one =
        |line: &str| line.split("StreamId::").skip(1).any(|rest| rest.starts_with(char::is_uppercase));
    let is_own = text.module().is_none() || NAMING.iter().any(|place| text.path.starts_with(place));
    let lines = text.product().filter(|(_, line)| !is_own && names_one(line));
    lines.map(|(number, _)| breach(text, number, "a stream is named outside its declaration")).collect()
}

fn crates(text: &Text) -> Vec<Breach> {
    let mut found = Vec::new();
    for (name, places) in CRATES {
        if text.module().is_none() || places.iter().any(|place| text.path.starts_with(place)) {
            continue;
        }
        let path = format!("{name}::");
        let begins = |line: &str| {
            line.match_indices(&path).any(|(at, _)| {
                !line[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
            })
        };
        for (number, _) in text.product().filter(|(_, line)| begins(line)) {
            found.push(breach(text, number, format!("{name} is used in {} only", places.join(", "))));
        }
    }
    found
}

fn looks_at_time(line: &str) -> bool {
    ["Utc::now", "Local::now", "Instant::now", "SystemTime::now", "time::sleep(", "thread::sleep("]
        .iter()
        .any(|call| line.contains(call))
}

fn clock(text: &Text) -> Vec<Breach> {
    let excepted = CLOCKS.iter().any(|(place, _)| text.path.starts_with(place));
    let lines = text.product().filter(|_| text.module().is_some() && !excepted);
    lines
        .filter(|(_, line)| looks_at_time(line))
        .map(|(number, _)| breach(text, number, "time comes from the clock port"))
        .collect()
}

fn writes(text: &Text) -> Vec<Breach> {
    let mut found = Vec::new();
    for (name, places) in WRITES {
        if text.module().is_none() || places.iter().any(|place| text.path.starts_with(place)) {
            continue;
        }
        for (number, _) in text.product().filter(|(_, line)| line.contains(name)) {
            found.push(breach(text, number, format!("`{name}` leads to a write")));
        }
    }
    found
}

fn is_more_than_declaration(line: &str) -> bool {
    let line = line.trim_start_matches("pub").trim_start_matches("(super)").trim_start();
    let line = line.trim_start_matches("async ");
    ["fn ", "struct ", "enum ", "trait ", "impl", "const ", "static ", "macro_rules!"]
        .iter()
        .any(|item| line.starts_with(item))
}

fn mod_files(text: &Text) -> Vec<Breach> {
    let excepted = MOD_FILES.iter().any(|(file, _)| *file == text.path);
    if excepted || text.path.starts_with("tests/") || !text.path.ends_with("/mod.rs") {
        return Vec::new();
    }
    let lines = text.product().filter(|(_, line)| is_more_than_declaration(line));
    lines.map(|(number, _)| breach(text, number, "a mod file only declares and re-exports")).collect()
}

fn names(text: &Text) -> Vec<Breach> {
    let mut found = Vec::new();
    for part in text.path.trim_end_matches(".rs").split('/') {
        if FORBIDDEN_NAMES.contains(&part) {
            found.push(breach(text, 1, format!("`{part}` says nothing: no name for a module")));
        }
    }
    if let Some(file) = text.path.strip_prefix("migrations/") {
        let mut parts = file.trim_end_matches(".sql").split('_');
        let instant = parts.next().unwrap_or_default();
        let dated = instant.len() == 14 && instant.bytes().all(|byte| byte.is_ascii_digit());
        let verb = parts.next().is_some_and(|verb| VERBS.contains(&verb));
        if !dated || !verb || parts.next().is_none() {
            found.push(breach(text, 1, "a migration is named by instant, verb and object"));
        }
    }
    found
}

/// Words that are left over.
fn leftovers(text: &Text) -> Vec<Breach> {
    let mut found = Vec::new();
    // This folder has to name what it forbids.
    if !text.path.starts_with("tests/it/architecture") {
        for (number, line) in text.all() {
            for word in ["todo!", "unimplemented!", "dbg!"].iter().filter(|word| line.contains(*word)) {
                found.push(breach(text, number, format!("`{word}` is left over")));
            }
            if line.contains("#[allow(") || line.contains("#![allow(") {
                found.push(breach(text, number, "write `#[expect]` with a reason"));
            }
        }
    }
    found
}

/// All exceptions that name a place, with their reasons.
pub fn exceptions() -> impl Iterator<Item = (&'static str, &'static str)> {
    CLOCKS.into_iter().chain(MOD_FILES)
}

/// Exceptions that nothing would break any more.
pub fn needless_exceptions(texts: &[Text]) -> Vec<&'static str> {
    let any = |place: &str, breaks: &dyn Fn(&Text) -> bool| {
        texts.iter().filter(|text| text.path.starts_with(place)).any(breaks)
    };
    let timed = |text: &Text| text.product().any(|(_, line)| looks_at_time(line));
    let holds = |text: &Text| text.product().any(|(_, line)| is_more_than_declaration(line));
    let clocks = CLOCKS.iter().map(|(place, _)| *place).filter(|place| !any(place, &timed));
    let mods = MOD_FILES.iter().map(|(place, _)| *place).filter(|place| !any(place, &holds));
    clocks.chain(mods).collect()
}
