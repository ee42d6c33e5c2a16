//! The vendors' limits, kept by several processes together and across restarts.

use std::collections::HashMap;

use ccsync::domain::proof::run::RunOutcome;
use ccsync_simulator::{Endpoint, SimulatorConfig};
use tokio_util::sync::CancellationToken;

use crate::support::harness::{QUICK, TestClock, TestWorld, small_world};
use crate::support::trial::with_each;
use crate::whole::system::steps::sync_well;
use crate::whole::system::truth;

#[tokio::test]
async fn two_processes_and_a_third_after_them_keep_within_the_limits_of_7moor_together() {
    // Full pages, so that each read of the groups takes two requests, and of the claims several.
    let pages: &[(&str, &str)] = &[
        ("CCSYNC__SOURCES__MOOR__QUEUE__PAGE_SIZE", "12"),
        ("CCSYNC__SOURCES__MOOR__AGENT_CLAIM_STATUS__PAGE_SIZE", "2"),
    ];
    let variables = [QUICK, pages].concat();
    let config = SimulatorConfig { moor_limit: 20, moor_claim_limit: 100, ..small_world() };
    let world = TestWorld::on(TestClock::real(), config, &variables).await;
    let (second, third) = (world.another_app(&variables).await, world.another_app(&variables).await);
    let stop = CancellationToken::new();
    let (one, two) = tokio::join!(world.test.app.sync(&[], &stop), second.sync(&[], &stop));
    let three = third.sync(&[], &stop).await;
    for report in [one, two, three].into_iter().flat_map(Result::unwrap) {
        assert_eq!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    }
    let journal = world.test.simulator.journal();
    assert_eq!(journal.limit_violations(), 0);
    for (endpoint, per_minute) in [(Endpoint::MoorQueue, 18), (Endpoint::MoorAgentClaimStatus, 90)] {
        let at: Vec<_> = journal.requests_of(endpoint).map(|entry| entry.at).collect();
        assert!(at.len() >= 4, "{endpoint}: {at:?}");
        // A few requests cannot break a limit of a minute; the pace between them tells whether many would.
        let span = (at[at.len() - 1] - at[0]).as_seconds_f64();
        let pace = 60.0 / f64::from(per_minute);
        assert!(pace * (at.len() - 1) as f64 <= span + 0.5, "{endpoint}: {} in {span} s", at.len());
    }
    truth::assert_tables_are_the_vendors(&world.test).await;
}

#[test]
fn of_two_processes_that_begin_together_only_one_reads_each_window() {
    with_each([1, 2, 3], |seed| async move {
        let world = TestWorld::quick(SimulatorConfig { seed, latency_ms: 3, ..small_world() }).await;
        let other = world.another_app(QUICK).await;
        let stop = CancellationToken::new();
        let (one, two) = tokio::join!(world.test.app.sync(&[], &stop), other.sync(&[], &stop));
        let reports: Vec<_> = one.unwrap().into_iter().chain(two.unwrap()).collect();
        assert!(reports.iter().all(|report| report.outcome == RunOutcome::Succeeded), "{reports:?}");
        let mut asked: HashMap<_, u32> = HashMap::new();
        let journal = world.test.simulator.journal();
        for entry in journal.log.iter().filter(|entry| entry.endpoint.is_paged()) {
            let request =
                (entry.endpoint, entry.start.clone(), entry.end.clone(), entry.page, entry.page_size);
            *asked.entry(request).or_default() += 1;
        }
        // Chats state no total: one reader walks them twice.
        let walks = |endpoint| if endpoint == Endpoint::SobotChatResult { 2 } else { 1 };
        let twice: Vec<_> = asked.iter().filter(|(request, times)| **times > walks(request.0)).collect();
        assert!(twice.is_empty(), "asked more than once: {twice:?}");
        for stream in ["sobot.call_result", "sobot.chat_result"] {
            let worked =
                reports.iter().filter(|r| r.key.stream.to_string() == stream && r.counts.windows > 0).count();
            assert_eq!(worked, 2, "both had a part in {stream}");
        }
        truth::assert_tables_are_the_vendors(&world.test).await;
        sync_well(&world.test).await;
    });
}
