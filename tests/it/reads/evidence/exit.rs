//! What the program ends with where the vendor's answers contradict themselves.

use ccsync_simulator::{SimulatorConfig, Switches};

use chrono::Days;

use crate::support::process::{Setup, first_day, recent_world};

fn set(setup: &Setup, settings: &[(&str, &str)]) {
    let mut switches = Switches::default();
    for (name, value) in settings {
        switches.set(name, value).unwrap();
    }
    setup.simulator.set_switches(switches);
}

#[tokio::test]
async fn a_closed_window_left_unverified_makes_sync_end_with_3_and_verify_with_4_until_it_is_right() {
    let setup = Setup::new(SimulatorConfig { chats: 0, ..recent_world() }, "").await;
    set(&setup, &[("sobot_call_total", "+3")]);
    let arguments = ["sync", "sobot.call_result"];
    for _ in 0..2 {
        let ended = setup.run(&arguments).await.expect(3);
        assert!(ended.stdout.contains("unverified"), "{}", ended.stdout);
    }
    let verify = ["verify", "--stream", "sobot.call_result"];
    let ended = setup.run(&verify).await.expect(4);
    assert!(ended.stdout.contains("unverified"), "{}", ended.stdout);
    let (from, to) = (first_day().to_string(), (first_day() + Days::new(2)).to_string());
    let backfill = ["backfill", "--stream", "sobot.call_result", "--from", &from, "--to", &to];
    setup.run(&backfill).await.expect(3);
    set(&setup, &[]);
    setup.run(&backfill).await.expect(0);
    setup.run(&arguments).await.expect(0);
    setup.run(&verify).await.expect(0);
}

#[tokio::test]
async fn a_list_of_groups_that_contradicts_its_count_makes_sync_end_with_3_whatever_else_succeeds() {
    let setup = Setup::new(recent_world(), "").await;
    set(&setup, &[("moor_total", "+3")]);
    for _ in 0..2 {
        setup.run(&["sync"]).await.expect(3);
    }
    let status = setup.run(&["status", "--json"]).await;
    let alerts = status.json()["alerts"].to_string();
    assert!(alerts.contains("moor.queue") && alerts.contains('9') && alerts.contains('6'), "{alerts}");
}
