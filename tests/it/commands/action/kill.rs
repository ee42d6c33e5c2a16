//! `roster apply`, killed at every step, and run again: the file's state, and no write twice.

use std::collections::BTreeMap;

use ccsync::telemetry::failpoint::Failpoint;
use ccsync_simulator::{Endpoint, Fault};

use super::{hasty, kept_plan, members_of, setup};
use crate::support::process::{Program, Setup};

/// Two groups to change, and one to make.
const CHANGED: [&str; 2] = ["10018501", "10018502"];

/// What the places of one scenario have of their own: whose members, and which name.
fn wanted(number: u32) -> (String, String, Vec<String>) {
    let name = format!("新组{number}");
    // Every scenario wants other priorities than the one before.
    let list: Vec<String> = (0..3).map(|agent| format!("{}:{number}", 8000 + agent)).collect();
    let members: Vec<String> = list
        .iter()
        .map(|member| member.split_once(':').unwrap())
        .map(|(agent, priority)| format!("{{ agent = \"{agent}\", priority = {priority} }}"))
        .collect();
    let members = members.join(", ");
    let mut text = String::new();
    for exten in CHANGED {
        text.push_str(&format!("[[group]]\nexten = \"{exten}\"\nmembers = [{members}]\n"));
    }
    text.push_str(&format!("[[group]]\ndisplay_name = \"{name}\"\nmembers = [{members}]\n"));
    (text, name, list)
}

/// How often each group was written to.
fn writes(setup: &Setup) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    let journal = setup.simulator.journal();
    for entry in journal.log_of_writes() {
        let fields = entry.write.as_ref().unwrap();
        let target = ["exten", "displayName"].iter().find_map(|name| fields[*name].as_str()).unwrap();
        *counts.entry(target.to_owned()).or_default() += 1;
    }
    counts
}

/// Applies with a kill at this occurrence of the place, then again without; whether the kill came.
async fn killed_and_applied_again(setup: &Setup, place: Failpoint, occurrence: u32, number: u32) -> bool {
    let told = format!("{} {occurrence}", place.name());
    let (text, name, list) = wanted(number);
    let path = setup.workspace.write("wanted.toml", &text);
    let plan = kept_plan(setup, &path, &[]).await;
    let arguments = ["roster", "apply", &plan, "--yes"];
    setup.simulator.clear_journal();
    let mut command = setup.workspace.command(&arguments);
    command.env("FAILPOINTS", format!("{}={}*off->return(kill)", place.name(), occurrence - 1));
    let ended = Program::spawn(command).wait().await;
    let killed = ended.code.is_none();
    assert!(killed || ended.code == Some(0), "{told}: {}{}", ended.stdout, ended.stderr);
    setup.run(&arguments).await.expect(0);
    let groups = setup.simulator.truth().groups;
    let mine = |group: &&serde_json::Value| {
        CHANGED.iter().any(|exten| group["exten"] == *exten) || group["displayName"] == name.as_str()
    };
    let mine: Vec<_> = groups.iter().filter(mine).collect();
    assert_eq!(mine.len(), 3, "{told}: a group was made twice or not at all");
    assert!(mine.iter().all(|group| members_of(group) == list), "{told}: {mine:?}");
    let once: BTreeMap<String, u32> =
        CHANGED.iter().map(|exten| (*exten).to_owned()).chain([name]).map(|target| (target, 1)).collect();
    assert_eq!(writes(setup), once, "{told}");
    killed
}

/// Kills at the first, second, … occurrence of the place, until an apply is through before it comes.
async fn kill_at_every_occurrence(setup: &Setup, place: Failpoint, number: &mut u32) -> u32 {
    for occurrence in 1.. {
        *number += 1;
        if !killed_and_applied_again(setup, place, occurrence, *number).await {
            return occurrence - 1;
        }
    }
    0
}

#[tokio::test]
async fn killed_at_any_step_of_a_write_and_run_again_it_ends_in_the_files_state_with_no_write_twice() {
    let setup = hasty(setup().await);
    let (mut number, mut all) = (0, 0);
    for place in Failpoint::OF_WRITES {
        let kills = kill_at_every_occurrence(&setup, *place, &mut number).await;
        assert_eq!(kills, 3, "{}: one for each group", place.name());
        all += kills;
    }
    println!("{all} kills at {} places", Failpoint::OF_WRITES.len());
}

#[tokio::test]
async fn killed_at_any_request_and_run_again_it_ends_in_the_files_state_with_no_write_twice() {
    let setup = hasty(setup().await);
    let (mut number, mut all) = (0, 0);
    for place in [Failpoint::RequestReady, Failpoint::RequestAnswered, Failpoint::BodyRead] {
        let kills = kill_at_every_occurrence(&setup, place, &mut number).await;
        assert!(10 <= kills, "{}: {kills}", place.name());
        all += kills;
    }
    println!("{all} kills at requests");
}

#[tokio::test]
async fn a_write_that_arrives_after_its_sender_was_killed_is_waited_for_and_not_sent_again() {
    let setup = hasty(setup().await);
    for (number, endpoint) in [(1, Endpoint::MoorAssignMembers), (2, Endpoint::MoorAddQueue)] {
        setup.simulator.script(endpoint, [Fault::LostAnswer.with(800)]);
        let occurrence = if endpoint == Endpoint::MoorAddQueue { 3 } else { 1 };
        assert!(killed_and_applied_again(&setup, Failpoint::ActionReplied, occurrence, number).await);
    }
}
