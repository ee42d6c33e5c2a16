//! Totals that the rows do not equal.

use std::time::Duration;

use ccsync::app::Verified;
use ccsync::domain::proof::run::RunOutcome;
use ccsync::engine::verify::VerifyOrder;
use ccsync_simulator::Endpoint;
use rstest::rstest;
use tokio_util::sync::CancellationToken;

use super::case::{
    DAY, TOTALS_OF_CALLS, alerts_that_say, assert_an_alert_tells_both_numbers, assert_nothing_is_believed,
    deleted, is_called_complete, live, one_day, status_json, switch, sync, sync_well, told, withdraw_a_call,
};
use crate::support::harness::TestWorld;
use crate::whole::system::steps::value;
use crate::whole::system::truth::assert_table_is_the_vendors;

const CALLS: &str = "sobot.call_result";

async fn verify(world: &TestWorld) -> Vec<Verified> {
    let order = VerifyOrder::default();
    world.test.app.verify(&[], &order, false, &CancellationToken::new()).await.unwrap()
}

#[rstest]
#[case::too_high("+3", "303")]
#[case::too_low("-3", "297")]
#[case::zero("zero", "0")]
#[tokio::test]
async fn a_total_that_stays_wrong_proves_and_deletes_nothing_and_heals_once_it_is_right(
    #[case] value: &str,
    #[case] told_total: &str,
) {
    let world = one_day(300, &[("sobot_call_total", value)], &[]).await;
    for round in 0..4 {
        let report = sync(&world, CALLS).await;
        assert_nothing_is_believed(&world, &report).await;
        assert_eq!(live(&world, CALLS).await, 300, "what came is stored");
        if round == 0 {
            assert_an_alert_tells_both_numbers(&world, &report).await;
            let alerts = alerts_that_say(&world, CALLS, &[told_total, "300"]).await;
            assert!(0 < alerts, "{}", told(&world, &report).await);
            withdraw_a_call(&world);
        }
        world.clock.advance(Duration::from_secs(6 * 3600));
    }
    assert_eq!(deleted(&world, CALLS).await, 0);
    let verified = verify(&world).await;
    let calls = verified.iter().find(|one| one.verification.key.stream.to_string() == CALLS).unwrap();
    assert!(
        !calls.verification.agrees() || !calls.verification.failures.is_empty(),
        "verify finds nothing: {:?}",
        calls.verification
    );
    // The vendor is right again: ordinary passes mend everything, the deletion included.
    switch(&world, &[]);
    for _ in 0..4 {
        world.clock.advance(Duration::from_secs(24 * 3600));
        sync(&world, CALLS).await;
    }
    sync_well(&world, CALLS).await;
    assert_table_is_the_vendors(&world.test, CALLS).await;
    assert_eq!(deleted(&world, CALLS).await, 1);
    assert_eq!(alerts_that_say(&world, CALLS, &[]).await, 0);
}

#[rstest]
#[case::negative("negative")]
#[case::word("word")]
#[tokio::test]
async fn a_total_that_is_no_count_is_none_or_fails_its_window_by_name(#[case] value: &str) {
    let world = one_day(300, &[("sobot_call_total", value)], &[]).await;
    let report = sync(&world, CALLS).await;
    if report.outcome == RunOutcome::Succeeded {
        assert_table_is_the_vendors(&world.test, CALLS).await;
    } else {
        assert_nothing_is_believed(&world, &report).await;
        assert!(told(&world, &report).await.contains("total_count"));
    }
}

#[rstest]
#[case::null("null")]
#[case::absent("absent")]
#[case::text("text")]
#[tokio::test]
async fn where_no_total_can_be_read_one_sync_reads_twice_and_ends_stable(#[case] value: &str) {
    let world = one_day(300, &[("sobot_call_total", value)], &[]).await;
    sync_well(&world, CALLS).await;
    assert_table_is_the_vendors(&world.test, CALLS).await;
    let before = crate::whole::system::truth::fact_table_writes(&world.test).await;
    sync_well(&world, CALLS).await;
    assert_eq!(crate::whole::system::truth::fact_table_writes(&world.test).await, before);
}

#[rstest]
#[case::behind("empty_again")]
#[case::before("empty_before")]
#[tokio::test]
async fn an_answer_that_holds_its_rows_twice_gives_them_all_or_proves_nothing(#[case] how: &str) {
    let world = one_day(5, &[("sobot_items", how), ("moor_list", how)], &[]).await;
    for stream in [CALLS, "moor.queue", "moor.agent_claim_status"] {
        let report = sync(&world, stream).await;
        let whole = report.outcome == RunOutcome::Succeeded;
        if whole {
            assert_table_is_the_vendors(&world.test, stream).await;
        } else {
            assert_nothing_is_believed(&world, &report).await;
        }
    }
}

#[tokio::test]
async fn a_short_list_whose_total_is_wrong_is_not_taken_for_a_depth_and_costs_few_requests() {
    let world = one_day(5, &[("sobot_call_total", "+3")], &[]).await;
    let report = sync(&world, CALLS).await;
    assert_nothing_is_believed(&world, &report).await;
    let day = format!(
        "select count(*) from sync.time_window where stream = '{CALLS}'
         and window_start < timestamptz '{DAY} 24:00+08' and timestamptz '{DAY} 00:00+08' < window_end"
    );
    assert_eq!(value::<i64>(&world.test, &day).await, 1, "the day was split");
    let journal = world.test.simulator.journal();
    assert!(journal.counts(Endpoint::SobotCallResult).requests < 50, "{report:?}");
    // Nor for a vendor that gives smaller pages than were asked for.
    let first_pages = journal.requests_of(Endpoint::SobotCallResult).filter(|entry| entry.page == Some(1));
    let sizes: Vec<_> = first_pages.map(|entry| entry.page_size).collect();
    assert!(sizes.iter().all(|size| *size == Some(20)), "{sizes:?}");
}

#[tokio::test]
async fn totals_that_the_operator_ignores_are_none_and_that_is_said() {
    let world = one_day(300, &[("sobot_call_total", "+3")], &[(TOTALS_OF_CALLS, "ignore")]).await;
    sync_well(&world, CALLS).await;
    assert_table_is_the_vendors(&world.test, CALLS).await;
    withdraw_a_call(&world);
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(60));
        sync_well(&world, CALLS).await;
    }
    assert_table_is_the_vendors(&world.test, CALLS).await;
    assert_eq!(deleted(&world, CALLS).await, 1);
    let status = status_json(&world).await.to_string();
    assert!(status.contains("ignore"), "status does not say that totals are ignored: {status}");
}

#[tokio::test]
async fn an_open_window_alone_that_is_unverified_fails_no_sync() {
    // The day under way, which the vendor has nothing of.
    let today = [("CCSYNC__SOURCES__SOBOT__CALL_RESULT__START", "2026-03-08")];
    let world = one_day(20, &[("sobot_call_total", "+3")], &today).await;
    let report = sync(&world, CALLS).await;
    assert_eq!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    let open = "select count(*) from sync.time_window where state = 'open' and verdict = 'unverified'";
    assert_eq!(value::<i64>(&world.test, open).await, 1, "{report:?}");
}

#[tokio::test]
async fn a_call_that_is_counted_and_never_listed_is_missed_as_long_as_that_lasts() {
    let world = one_day(300, &[], &[]).await;
    sync_well(&world, CALLS).await;
    switch(&world, &[("sobot_call_unlisted", "30")]);
    for _ in 0..4 {
        world.clock.advance(Duration::from_secs(3600));
        let report = sync(&world, CALLS).await;
        // A part of the day that holds none of them may be proven.
        assert_ne!(report.outcome, RunOutcome::Succeeded, "{report:?}");
        assert!(!is_called_complete(&world, CALLS, "24:00").await, "{}", told(&world, &report).await);
        assert_eq!((live(&world, CALLS).await, deleted(&world, CALLS).await), (300, 0));
        assert_an_alert_tells_both_numbers(&world, &report).await;
    }
    switch(&world, &[]);
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(24 * 3600));
        sync(&world, CALLS).await;
    }
    sync_well(&world, CALLS).await;
    assert_table_is_the_vendors(&world.test, CALLS).await;
}
