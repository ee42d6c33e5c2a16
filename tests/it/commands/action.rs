//! Writes to the vendors: what a person orders is sent once, recorded before and after, and nobody else
//! ever sends any.

mod held;
mod kill;
mod limit;
mod moor;
mod never;
mod roster;
mod roster_property;
mod spreadsheet;
mod workbench;

use std::path::Path;

use ccsync_simulator::SimulatorConfig;
use serde_json::Value;

use crate::support::process::{Setup, recent_world};

/// What differs from run to run.
const FILTERS: [(&str, &str); 6] = [
    // A word on the feed is not the actions'.
    (r"warning: workbench:[^\n]*\n", ""),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"),
    (r"127\.0\.0\.1:\d+", "HOST"),
    (r" by [^;\n]+", " by OPERATOR"),
    (r"/tmp/[^ ]*/", "DIRECTORY/"),
    (r"g1-[0-9a-f]{20}", "FINGERPRINT"),
];

macro_rules! told {
    ($text:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => crate::commands::action::FILTERS }, { insta::assert_snapshot!($text, @$snapshot) })
    };
}
use told;

const WORKBENCH: &str = r#"
[sources.workbench]
kind = "workbench"
base_url = "VENDOR"
[[sources.workbench.agents]]
extno = "1001"
access_token = "demo-token"
"#;

/// A program with all three vendors, whose account bears any number of requests.
async fn setup() -> Setup {
    setup_of(recent_world()).await
}

async fn setup_of(world: SimulatorConfig) -> Setup {
    let setup = Setup::new(world, "").await;
    let text = std::fs::read_to_string(setup.workspace.path().join("ccsync.toml")).unwrap();
    let more = WORKBENCH.replace("VENDOR", &setup.simulator.base_url());
    setup.workspace.write("ccsync.toml", &format!("{text}{more}"));
    // Each reservation is for at once, or two requests to one endpoint would take seconds.
    setup.db.lift_limits("%").await;
    setup
}

/// Answers are waited for no longer than this, and so long a request whose answer was lost may still be under way. Only
/// for tests that lose answers: on a busy machine an answer may take longer.
fn hasty(setup: Setup) -> Setup {
    setup.with("CCSYNC__HTTP__TOTAL_TIMEOUT", "1500ms").with("CCSYNC__HTTP__READ_TIMEOUT", "1s")
}

/// Keeps the plan of a file, made with these words besides; the plan's path.
async fn kept_plan(setup: &Setup, file: &Path, more: &[&str]) -> String {
    let plan = file.with_extension("plan").to_str().unwrap().to_owned();
    let words = [&["roster", "plan", file.to_str().unwrap(), "--save", &plan], more].concat();
    setup.run(&words).await.expect(0);
    plan
}

/// The log of actions, oldest first: command, target, state, and what was seen of it later.
async fn actions(setup: &Setup) -> Vec<(String, String, String, Option<String>)> {
    sqlx::query_as("select command, coalesce(target, ''), state, observed from sync.action order by id")
        .fetch_all(setup.db.pool().await)
        .await
        .unwrap()
}

/// Command, target and state of each action.
async fn states(setup: &Setup) -> Vec<String> {
    actions(setup)
        .await
        .into_iter()
        .map(|(command, target, state, _)| format!("{command} {target}: {state}"))
        .collect()
}

/// The group as the vendor has it, its members as `number:priority` in the order of their numbers.
fn members(setup: &Setup, exten: &str) -> Vec<String> {
    let groups = setup.simulator.truth().groups;
    let group = groups.into_iter().find(|group| group["exten"] == exten).unwrap();
    members_of(&group)
}

fn members_of(group: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = group["assignMembers"].as_array().unwrap().iter();
    let mut members: Vec<String> = list
        .map(|member| format!("{}:{}", text(&member["agentNumber"]), text(&member["priority"])))
        .collect();
    members.sort();
    members
}
