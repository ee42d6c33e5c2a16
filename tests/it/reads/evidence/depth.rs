//! Lists that end at a depth, and totals at a cap.

use ccsync::domain::proof::run::RunOutcome;
use ccsync_simulator::{Change, Channel, Endpoint};
use rstest::rstest;

use super::case::{
    DAY, PAGE_OF_CALLS, Settings, assert_nothing_is_believed, believed, deleted, live, one_day, requests,
    switch, sync, sync_well, told,
};
use crate::support::harness::TestWorld;
use crate::whole::system::steps::value;
use crate::whole::system::truth::assert_table_is_the_vendors;

const CALLS: &str = "sobot.call_result";
const CHATS: &str = "sobot.chat_result";
/// The key that names the cap of an endpoint.
const CAP_OF_CALLS: &str = "CCSYNC__SOURCES__SOBOT__CALL_RESULT__RESULT_CAP";

/// The windows that the busy day was read in.
async fn windows_of_the_day(world: &TestWorld) -> i64 {
    let sql = format!(
        "select count(*) from sync.time_window where stream = '{CALLS}'
         and window_start >= timestamptz '{DAY} 00:00+08' and window_end <= timestamptz '{DAY} 24:00+08'"
    );
    value(&world.test, &sql).await
}

#[rstest]
#[case::empty("empty")]
#[case::cut("cut")]
#[case::refused("refused")]
#[case::another_code("refused_code")]
#[case::another_status("refused_status")]
#[tokio::test]
async fn a_day_whose_list_ends_at_a_depth_is_read_in_parts_that_stay_under_it(#[case] behind: &str) {
    let switches = [("sobot_call_depth", "100"), ("sobot_behind_depth", behind)];
    let world = one_day(300, &switches, &[]).await;
    sync_well(&world, CALLS).await;
    assert_table_is_the_vendors(&world.test, CALLS).await;
    let windows = windows_of_the_day(&world).await;
    assert!(1 < windows, "{windows}");
    // Read again, the parts stay parts.
    sync_well(&world, CALLS).await;
    assert_eq!(windows_of_the_day(&world).await, windows);
}

#[rstest]
#[case::refused("refused")]
#[case::empty("empty")]
#[tokio::test]
async fn twelve_thousand_calls_of_one_day_under_both_caps_of_elasticsearch_are_all_read(
    #[case] behind: &str,
) {
    let switches =
        [("sobot_call_depth", "10000"), ("sobot_call_total_cap", "10000"), ("sobot_behind_depth", behind)];
    let world = one_day(12_000, &switches, &[(PAGE_OF_CALLS, "500")]).await;
    sync_well(&world, CALLS).await;
    assert_eq!(live(&world, CALLS).await, 12_000);
    assert_table_is_the_vendors(&world.test, CALLS).await;
}

#[rstest]
#[case::as_many_as_the_cap(60)]
#[case::more(90)]
#[tokio::test]
async fn a_total_at_the_cap_is_split_and_not_believed(#[case] calls: usize) {
    // Each row is listed whatever the total says; only the total ends at the cap.
    let world = one_day(calls, &[("sobot_call_total_cap", "60")], &[(CAP_OF_CALLS, "60")]).await;
    sync_well(&world, CALLS).await;
    assert_table_is_the_vendors(&world.test, CALLS).await;
    assert!(1 < windows_of_the_day(&world).await);
}

#[rstest]
#[case::empty("empty")]
#[case::refused("refused")]
#[tokio::test]
async fn where_the_time_of_day_is_ignored_splitting_stops_after_one_try_and_the_window_says_so(
    #[case] behind: &str,
) {
    let switches =
        [("sobot_call_depth", "100"), ("sobot_behind_depth", behind), ("sobot_call_bounds", "day")];
    let world = one_day(300, &switches, &[]).await;
    let mut spent = Vec::new();
    for _ in 0..3 {
        let before = requests(&world, Endpoint::SobotCallResult);
        let report = sync(&world, CALLS).await;
        assert_nothing_is_believed(&world, &report).await;
        spent.push(requests(&world, Endpoint::SobotCallResult) - before);
        let told = told(&world, &report).await;
        assert!(told.contains("time of day"), "it does not say that smaller windows do not help:\n{told}");
    }
    // The day has 15 pages; each level of halves would read it twice more.
    assert!(spent.iter().all(|requests| *requests < 200), "{spent:?}");
    assert_eq!(deleted(&world, CALLS).await, 0);
    assert!(windows_of_the_day(&world).await <= 2);
    // The vendor is mended.
    switch(&world, &[]);
    for _ in 0..3 {
        world.clock.advance(std::time::Duration::from_secs(24 * 3600));
        sync(&world, CALLS).await;
    }
    sync_well(&world, CALLS).await;
    assert_table_is_the_vendors(&world.test, CALLS).await;
}

#[tokio::test]
async fn one_second_that_holds_more_than_the_depth_stays_unverified_and_all_around_it_is_read() {
    let world = one_day(40, &[("sobot_call_depth", "100")], &[]).await;
    // 10:00:00 in Beijing.
    let at_ms = DAY.parse::<chrono::NaiveDate>().unwrap().and_hms_opt(2, 0, 0).unwrap().and_utc();
    let crowd = Change::Crowd { channel: Channel::Call, count: 300, at_ms: at_ms.timestamp_millis() };
    world.test.simulator.mutate(crowd).unwrap();
    let report = sync(&world, CALLS).await;
    assert_ne!(report.outcome, RunOutcome::Succeeded, "{report:?}");
    let told = told(&world, &report).await;
    assert!(told.contains("one second") || told.contains("smaller windows do not help"), "{told}");
    let around = format!(
        "select count(*) from {CALLS} where date_trunc('second', quality_datetime) <> timestamptz '{DAY} 10:00+08'"
    );
    assert_eq!(value::<i64>(&world.test, &around).await, 40, "{told}");
    assert_eq!(deleted(&world, CALLS).await, 0);
    let crowded = format!(
        "select count(*) from sync.time_window where stream = '{CALLS}' and verdict <> 'unverified'
         and failure_message is null
         and window_start <= timestamptz '{DAY} 10:00+08' and timestamptz '{DAY} 10:00+08' < window_end"
    );
    assert_eq!(value::<i64>(&world.test, &crowded).await, 0, "{told}");
}

#[tokio::test]
async fn chats_that_are_refused_behind_a_depth_are_no_success_and_nothing_of_the_day_is_believed() {
    let switches = [("sobot_chat_depth", "100"), ("sobot_behind_depth", "refused")];
    let world = one_day(0, &switches, &[("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__PAGE_SIZE", "20")]).await;
    let at_ms = DAY.parse::<chrono::NaiveDate>().unwrap().and_hms_opt(2, 0, 0).unwrap().and_utc();
    let crowd = Change::Crowd { channel: Channel::Chat, count: 300, at_ms: at_ms.timestamp_millis() };
    world.test.simulator.mutate(crowd).unwrap();
    for _ in 0..2 {
        let before = requests(&world, Endpoint::SobotChatResult);
        let report = sync(&world, CHATS).await;
        assert_ne!(report.outcome, RunOutcome::Succeeded, "{report:?}");
        assert_eq!(believed(&world, CHATS).await, 0);
        let told = told(&world, &report).await;
        assert!(told.contains("from + size"), "{told}");
        let spent = requests(&world, Endpoint::SobotChatResult) - before;
        assert!(spent < 120, "{spent}");
    }
}

#[tokio::test]
async fn chats_as_many_as_the_cap_are_not_believed() {
    let world = one_day(
        0,
        &[("sobot_chat_depth", "100")],
        &[
            ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__PAGE_SIZE", "20"),
            ("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__RESULT_CAP", "100"),
        ],
    )
    .await;
    let at_ms = DAY.parse::<chrono::NaiveDate>().unwrap().and_hms_opt(2, 0, 0).unwrap().and_utc();
    let crowd = Change::Crowd { channel: Channel::Chat, count: 300, at_ms: at_ms.timestamp_millis() };
    world.test.simulator.mutate(crowd).unwrap();
    for _ in 0..3 {
        let report = sync(&world, CHATS).await;
        assert_nothing_is_believed(&world, &report).await;
    }
}

/// The page asked for reaches behind the depth, so that it comes without elements, as from an empty list.
#[tokio::test]
async fn chats_whose_first_page_is_larger_than_their_list_is_deep_are_not_called_none() {
    let world = chats_at_once(80, &[("sobot_chat_depth", "50")], "1000").await;
    let report = sync(&world, CHATS).await;
    assert_nothing_is_believed(&world, &report).await;
}

/// A world with this many chats at ten o'clock of the busy day.
async fn chats_at_once(count: usize, switches: Settings<'_>, page_size: &str) -> TestWorld {
    let pages = [("CCSYNC__SOURCES__SOBOT__CHAT_RESULT__PAGE_SIZE", page_size)];
    let world = one_day(0, switches, &pages).await;
    let at_ms = DAY.parse::<chrono::NaiveDate>().unwrap().and_hms_opt(2, 0, 0).unwrap().and_utc();
    let crowd = Change::Crowd { channel: Channel::Chat, count, at_ms: at_ms.timestamp_millis() };
    world.test.simulator.mutate(crowd).unwrap();
    world
}

#[rstest]
#[case::one_short_page("refused", 40, "1000")]
#[case::full_pages("refused", 100, "20")]
#[case::a_short_page_behind_full_ones("not_found", 110, "20")]
#[tokio::test]
async fn chats_whose_page_behind_the_end_is_refused_are_stable_where_a_page_across_the_end_comes(
    #[case] behind: &str,
    #[case] count: usize,
    #[case] page_size: &str,
) {
    let world = chats_at_once(count, &[("sobot_behind_end", behind)], page_size).await;
    for _ in 0..2 {
        sync_well(&world, CHATS).await;
        assert_table_is_the_vendors(&world.test, CHATS).await;
    }
    assert_eq!(live(&world, CHATS).await, count);
}

#[rstest]
#[case::at_the_depth_of_a_search(9_990, "1000", &[("sobot_chat_depth", "10000"), ("sobot_behind_depth", "refused")])]
#[case::of_two_elements(2, "50", &[("sobot_behind_end", "not_found")])]
#[case::by_pages_that_overlap(1_200, "500", &[("sobot_behind_end", "not_found")])]
#[tokio::test]
async fn a_list_whose_end_only_a_refusal_shows_is_stored_unverified_and_without_long_retries(
    #[case] count: usize,
    #[case] page_size: &str,
    #[case] switches: Settings<'_>,
) {
    let world = chats_at_once(count, switches, page_size).await;
    let report = sync(&world, CHATS).await;
    assert_eq!((report.unverified, report.counts.deleted), (1, 0), "{report:?}");
    assert_table_is_the_vendors(&world.test, CHATS).await;
    // Three walks of ten pages and two other days, and what is asked behind the end. Each refusal that was retried to its
    // end took eight requests and half a minute.
    let spent = requests(&world, Endpoint::SobotChatResult);
    assert!(spent < 60, "{spent}");
}
