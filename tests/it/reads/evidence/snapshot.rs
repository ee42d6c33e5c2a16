//! Lists of groups whose count their rows contradict.

use std::time::Duration;

use ccsync_simulator::Change;
use rstest::rstest;

use super::case::{
    alerts_that_say, assert_an_alert_tells_both_numbers, assert_nothing_is_believed, deleted, one_day,
    switch, sync, sync_well, told,
};
use crate::whole::system::truth::{assert_table_is_the_vendors, fact_table_writes};

const STREAMS: [&str; 2] = ["moor.queue", "moor.agent_claim_status"];
const TABLES: [&str; 3] = ["moor.queue", "moor.queue_member", "moor.agent_claim_status"];

#[rstest]
#[case::counted_and_not_listed(&[("moor_unlisted", "3")], "20")]
#[case::counted_too_high(&[("moor_total", "+3")], "33")]
#[case::counted_too_low(&[("moor_total", "-3")], "27")]
#[case::counted_as_none(&[("moor_total", "zero")], "0")]
#[case::ends_at_a_depth(&[("moor_depth", "20"), ("moor_behind_depth", "cut")], "20")]
#[case::capped(&[("moor_total_cap", "20")], "20")]
#[tokio::test]
async fn groups_are_deleted_only_by_a_list_that_is_as_long_as_it_says(
    #[case] wrong: &[(&str, &str)],
    #[case] figure: &str,
) {
    for envelope in ["nested", "flat", "root"] {
        let honest = [("moor_envelope", envelope)];
        let wrong: Vec<_> = wrong.iter().copied().chain(honest).collect();
        let world = one_day(0, &honest, &[]).await;
        for stream in STREAMS {
            sync_well(&world, stream).await;
        }
        let before = fact_table_writes(&world.test).await;
        switch(&world, &wrong);
        for _ in 0..4 {
            world.clock.advance(Duration::from_secs(3600));
            for stream in STREAMS {
                let report = sync(&world, stream).await;
                assert_nothing_is_believed(&world, &report).await;
                assert_an_alert_tells_both_numbers(&world, &report).await;
                let alerts = alerts_that_say(&world, stream, &["30", figure]).await;
                assert!(0 < alerts, "{wrong:?} {}", told(&world, &report).await);
            }
        }
        for table in TABLES {
            assert_eq!(deleted(&world, table).await, 0, "{table}");
        }
        assert_eq!(fact_table_writes(&world.test).await, before, "{wrong:?}");
        // Right again: what was removed meanwhile goes by one proven read.
        switch(&world, &honest);
        let exten = world.test.simulator.truth().groups[7]["exten"].as_str().unwrap().to_owned();
        world.test.simulator.mutate(Change::RemoveGroup { exten }).unwrap();
        world.clock.advance(Duration::from_secs(24 * 3600));
        for stream in STREAMS {
            sync_well(&world, stream).await;
            assert_eq!(alerts_that_say(&world, stream, &[]).await, 0);
        }
        assert_eq!(deleted(&world, "moor.queue").await, 1);
        for table in TABLES {
            assert_table_is_the_vendors(&world.test, table).await;
        }
    }
}

#[tokio::test]
async fn a_list_that_states_no_count_needs_two_reads_and_two_more_to_delete() {
    let world = one_day(0, &[("moor_total", "absent")], &[]).await;
    for stream in STREAMS {
        sync_well(&world, stream).await;
    }
    let exten = world.test.simulator.truth().groups[7]["exten"].as_str().unwrap().to_owned();
    world.test.simulator.mutate(Change::RemoveGroup { exten }).unwrap();
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(3600));
        for stream in STREAMS {
            sync_well(&world, stream).await;
        }
    }
    assert_eq!(deleted(&world, "moor.queue").await, 1);
    for table in TABLES {
        assert_table_is_the_vendors(&world.test, table).await;
    }
}

#[tokio::test]
async fn a_list_that_is_refused_behind_a_depth_deletes_nothing_and_says_why() {
    let world = one_day(0, &[], &[("CCSYNC__SOURCES__MOOR__QUEUE__PAGE_SIZE", "10")]).await;
    sync_well(&world, "moor.queue").await;
    switch(&world, &[("moor_depth", "20"), ("moor_behind_depth", "refused")]);
    world.clock.advance(Duration::from_secs(3600));
    let report = sync(&world, "moor.queue").await;
    assert_ne!(report.outcome, ccsync::domain::proof::run::RunOutcome::Succeeded, "{report:?}");
    let told = told(&world, &report).await;
    assert!(told.contains("from + size"), "{told}");
    assert_eq!(deleted(&world, "moor.queue").await, 0);
}
