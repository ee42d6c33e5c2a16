//! What `ccsync verify` advises, tried: the command that it prints mends what it found.

use std::time::Duration;

use ccsync_simulator::{Change, Channel, SimulatorConfig, Switches};
use regex::Regex;

use crate::support::process::{Ended, Setup, recent_world};

const CALLS: &str = "CCSYNC__SOURCES__SOBOT__CALL_RESULT__";

/// The hints about one stream.
fn hints(ended: &Ended, stream: &str) -> Vec<String> {
    let of_stream = format!("hint: sobot/{stream}: ");
    ended.talk().lines().filter_map(|line| line.strip_prefix(&of_stream)).map(str::to_owned).collect()
}

/// The only hint about one stream.
#[track_caller]
fn hint(ended: &Ended, stream: &str) -> String {
    let hints = hints(ended, stream);
    assert_eq!(hints.len(), 1, "{}{}", ended.stdout, ended.stderr);
    hints[0].clone()
}

/// Runs the first command that a hint prints.
async fn run_first(setup: &Setup, hint: &str) -> Ended {
    let command = Regex::new("`ccsync ([^`]+)`").unwrap();
    let printed = command.captures(hint).unwrap_or_else(|| panic!("no command: {hint}"))[1].to_owned();
    setup.run(&printed.split(' ').collect::<Vec<_>>()).await
}

fn delete_calls(setup: &Setup, count: usize) {
    let calls = setup.simulator.truth().calls[..count].to_vec();
    for call in &calls {
        let text = |name: &str| call[name].as_str().unwrap().to_owned();
        let (id, agentid) = (text("call_log_jestid"), Some(text("agentid")));
        setup.simulator.mutate(Change::Delete { channel: Channel::Call, id, agentid }).unwrap();
    }
}

#[tokio::test]
async fn a_window_whose_read_fails_is_told_with_the_failure_and_what_mends_that() {
    let setup = Setup::new(recent_world(), "").await;
    let small =
        [("CCSYNC__ENGINE__PAGES_MAX", "2"), ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__PAGE_SIZE", "10")];
    let setup = small.into_iter().fold(setup, |setup, (name, value)| setup.with(name, value));
    setup.run(&["sync"]).await.expect(3);
    let verified = setup.run(&["verify"]).await.expect(4);
    let hint = hint(&verified, "sobot.chat_result");
    for told in [
        "could not be read at",
        "(engine.pages_max); raise engine.pages_max",
        "#window_too_large",
        "then `ccsync sync`",
    ] {
        assert!(hint.contains(told), "{told}: {hint}");
    }
    let setup = setup.with("CCSYNC__ENGINE__PAGES_MAX", "100");
    run_first(&setup, &hint).await.expect(0);
    setup.run(&["verify"]).await.expect(0);
}

#[tokio::test]
async fn rows_for_which_an_alarm_stands_are_told_with_the_decision_that_they_wait_for() {
    let setup = Setup::new(recent_world(), "").await;
    let setup = setup.with(&format!("{CALLS}WINDOW"), "31d").with(&format!("{CALLS}SETTLE"), "1s");
    setup.run(&["sync"]).await.expect(0);
    delete_calls(&setup, 100);
    for _ in 0..2 {
        setup.run(&["sync"]).await.expect(0);
        tokio::time::sleep(Duration::from_millis(2_100)).await;
    }
    let verified = setup.run(&["verify"]).await.expect(4);
    let hint = hint(&verified, "sobot.call_result");
    assert!(hint.contains("absence_max") && !hint.contains("ccsync sync"), "{hint}");
    let accepted = run_first(&setup, &hint).await.expect(0);
    assert!(accepted.stdout.contains("100 rows marked deleted"), "{}", accepted.stdout);
    setup.run(&["verify"]).await.expect(0);
}

#[tokio::test]
async fn rows_that_the_vendor_no_longer_returns_are_told_with_when_a_read_decides() {
    let setup = Setup::new(recent_world(), "").await.with(&format!("{CALLS}SETTLE"), "8s");
    setup.run(&["sync"]).await.expect(0);
    delete_calls(&setup, 1);
    let first = hint(&setup.run(&["verify"]).await.expect(4), "sobot.call_result");
    assert!(first.contains("`ccsync sync` notes that they are absent"), "{first}");
    assert!(first.contains("the same command, 8 s later, marks them deleted"), "{first}");
    run_first(&setup, &first).await.expect(0);
    let second = hint(&setup.run(&["verify"]).await.expect(4), "sobot.call_result");
    assert!(second.contains("a read after 20") && second.contains("run `ccsync sync` then"), "{second}");
    tokio::time::sleep(Duration::from_secs(9)).await;
    let third = hint(&setup.run(&["verify"]).await.expect(4), "sobot.call_result");
    assert!(third.ends_with("`ccsync sync` decides whether they are deleted"), "{third}");
    run_first(&setup, &third).await.expect(0);
    setup.run(&["verify"]).await.expect(0);
}

/// Hours that lie behind the vendor's present are not asked for by a pass, and are not missed by `verify`.
#[tokio::test]
async fn verify_and_sync_have_the_same_present_where_the_vendors_date_is_behind() {
    let mut switches = Switches::default();
    switches.set("date_header", "eight_hours_behind").unwrap();
    let world = SimulatorConfig { switches, ..recent_world() };
    let setup = Setup::new(world, "").await.with(&format!("{CALLS}WINDOW"), "1h");
    let setup = setup.with(&format!("{CALLS}SETTLE"), "1s");
    setup.run(&["sync", "sobot.call_result"]).await.expect(0);
    let verified = setup.run(&["verify", "--stream", "sobot.call_result"]).await.expect(0);
    assert!(verified.stdout.contains("no difference"), "{}", verified.stdout);
}
