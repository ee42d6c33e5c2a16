//! One live token of an account, whoever else asks for one.

use std::sync::Arc;
use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::domain::proof::run::RunOutcome;
use ccsync_simulator::{Endpoint, Fault, FaultRates, SimulatorConfig};
use md5::{Digest as _, Md5};
use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestApp, TestClock, TestWorld, eventually, small_world};
use crate::support::trial::with_each;
use crate::whole::system::steps::{assert_settles, sync_well};
use crate::whole::system::truth;

fn refused(test: &TestApp) -> u64 {
    let journal = test.simulator.journal();
    [Endpoint::SobotCallResult, Endpoint::SobotChatResult]
        .map(|endpoint| journal.counts(endpoint).answers.get("sobot_900002").copied().unwrap_or_default())
        .iter()
        .sum()
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_not_more_often() {
    let short: &[(&str, &str)] = &[
        ("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", "2026-03-08"),
        ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__START", "2026-03-08"),
    ];
    let config = SimulatorConfig { token_life_s: 1_000, ..small_world() };
    let world = TestWorld::on(TestClock::hurried(), config, &[QUICK, short].concat()).await;
    for _ in 0..12 {
        sync_well(&world.test).await;
        world.clock.advance(Duration::from_secs(250));
    }
    assert_eq!(refused(&world.test), 0, "no request was sent under a token that had ended");
    // 3,000 seconds in lives of which the last tenth is not used.
    assert_eq!(world.test.simulator.journal().tokens_issued, 3);
}

/// Another system that asks for a token of the same account.
async fn rival(test: &TestApp) {
    let signed = Md5::digest("demo-app1700000000demo-key");
    let sign: String = signed.iter().map(|byte| format!("{byte:02x}")).collect();
    let base = test.simulator.base_url();
    let url = format!("{base}/api/get_token?appid=demo-app&create_time=1700000000&sign={sign}");
    let answer = crate::support::http::get(url).await.unwrap().text().await.unwrap();
    assert!(answer.contains("000000"), "{answer}");
}

#[test]
fn a_token_that_another_system_ended_in_mid_run_is_fetched_again_once() {
    with_each(["ended", "rival"], |how| async move {
        let world = TestWorld::quick(SimulatorConfig { latency_ms: 5, ..small_world() }).await;
        let simulator = &world.test.simulator;
        let take_over = async {
            eventually(Duration::from_secs(20), || async {
                let read = simulator.journal().counts(Endpoint::SobotCallResult).requests;
                if read < 5 { Err(format!("{read} requests")) } else { Ok(()) }
            })
            .await;
            if how == "rival" { rival(&world.test).await } else { simulator.end_tokens() }
        };
        tokio::join!(sync_well(&world.test), take_over);
        truth::assert_tables_are_the_vendors(&world.test).await;
        let issued = simulator.journal().tokens_issued;
        assert_eq!(issued, if how == "rival" { 3 } else { 2 });
    });
}

#[tokio::test]
async fn a_fight_over_the_token_is_told_costs_few_tokens_and_changes_no_row() {
    let world = TestWorld::quick(small_world()).await;
    let test = &world.test;
    sync_well(test).await;
    let before = truth::fact_table_writes(test).await;
    let fight = FaultRates::none().with_at(Endpoint::SobotCallResult, Fault::ExpiredToken, 1.0).with_at(
        Endpoint::SobotChatResult,
        Fault::ExpiredToken,
        1.0,
    );
    test.simulator.set_fault_rates(fight);
    test.simulator.clear_journal();
    for report in test.sync().await.iter().filter(|report| report.key.source == "sobot") {
        assert_eq!(report.outcome, RunOutcome::Failed, "{report:?}");
        let failure = &report.failures[0];
        assert_eq!(failure.kind, FaultKind::TokenContested);
        assert!(failure.message.contains("another system"), "{}", failure.message);
        assert!(failure.message.contains("demo-app"), "{}", failure.message);
    }
    let issued = test.simulator.journal().tokens_issued;
    assert!((1..=8).contains(&issued), "{issued} tokens: each may throw the other system out");
    assert_eq!(truth::fact_table_writes(test).await, before);
    let status = test.app.status().await.unwrap();
    let told = status.streams.iter().filter_map(|stream| stream.failure.as_ref());
    assert!(told.into_iter().all(|failure| failure.remedy.contains("another system")));
    assert_settles(&world).await;
}

#[tokio::test]
async fn two_processes_share_one_token() {
    let world = TestWorld::quick(SimulatorConfig { latency_ms: 5, ..small_world() }).await;
    let other: Arc<_> = world.another_app(QUICK).await;
    let stop = CancellationToken::new();
    let (one, two) = tokio::join!(world.test.app.sync(&[], &stop), other.sync(&[], &stop));
    for report in one.unwrap().into_iter().chain(two.unwrap()) {
        assert_eq!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    }
    assert_eq!(world.test.simulator.journal().tokens_issued, 1);
    truth::assert_tables_are_the_vendors(&world.test).await;
}
