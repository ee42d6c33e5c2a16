//! A host whose clock is wrong: the production assembly around a clock that the test sets, with real witnesses (the
//! database's clock and the `Date` headers of the simulator).

mod setup;
mod vendor;

use chrono::{DateTime, Duration, Utc};

use self::setup::{Database, Setup};

const DAY: i64 = 86_400;

/// What hosts were found to be off by.
const OFFS: [(&str, i64); 3] =
    [("two days ahead", 2 * 86_400), ("ten years ahead", 3_650 * 86_400), ("an hour behind", -3_600)];

/// Stream, bounds, state, and when it was read.
type Entry = (String, DateTime<Utc>, DateTime<Utc>, String, Option<DateTime<Utc>>);

/// Nothing in the ledger is dated after the present.
async fn assert_nothing_is_of_the_future(setup: &Setup, when: &str) {
    let tolerance = Utc::now() + Duration::seconds(61);
    let ahead: Vec<Entry> = sqlx::query_as(
        "select stream, window_start, window_end, state, read_at from sync.time_window
         where $1 < window_start or $1 < read_at or $1 < complete_to or $1 < window_end and state = 'complete'
         union all
         select stream, read_at, read_at, state, read_at from sync.snapshot where $1 < read_at
         union all
         select stream, started_at, started_at, outcome, finished_at from sync.run
         where $1 < greatest(started_at, finished_at)",
    )
    .bind(tolerance)
    .fetch_all(setup.pool().await)
    .await
    .unwrap();
    assert!(ahead.is_empty(), "{when}: {ahead:#?}");
}

/// A host that is wrong from the first pass on, and one that is set wrong later; then right again.
async fn try_hosts(database: Database) {
    for (name, off) in OFFS {
        let setup = Setup::of_host(off, database).await;
        setup.sync_well(name).await;
        assert_nothing_is_of_the_future(&setup, name).await;
        setup.assert_tables_are_the_vendors().await;
        let status = setup.status().await;
        assert!(!status.healthy, "{name}: {:#?}", status.alerts);
        for _ in 0..3 {
            setup.change_something();
            let requests = setup.sync_well(name).await;
            assert!(0 < requests, "{name}: a pass without a request");
            setup.assert_tables_are_the_vendors().await;
        }
        setup.set_host(0);
        setup.change_something();
        setup.sync_well(name).await;
        setup.assert_tables_are_the_vendors().await;
        assert_nothing_is_of_the_future(&setup, "set right").await;
        let status = setup.status().await;
        assert!(status.healthy, "{name}, set right: {:#?}", status.alerts);

        setup.set_host(off);
        setup.change_something();
        setup.sync_well(name).await;
        setup.assert_tables_are_the_vendors().await;
        assert_nothing_is_of_the_future(&setup, "set wrong while it runs").await;
    }
}

#[tokio::test]
async fn a_host_with_a_wrong_clock_reads_what_is_there_and_claims_no_more() {
    try_hosts(Database::Own).await;
}

#[tokio::test]
async fn on_an_embedded_database_the_vendor_alone_says_what_time_it_is() {
    try_hosts(Database::Embedded).await;
}

/// As versions before this one did: the host's clock is taken for the present.
async fn written_by_a_wrong_clock(off: i64) -> Setup {
    let setup = Setup::of_host(off, Database::Own).await;
    setup.trusting_app().await.sync(&[], &setup.stop).await.unwrap();
    setup.set_host(0);
    setup
}

#[tokio::test]
async fn a_ledger_from_the_future_is_mended_at_the_next_pass() {
    // Each day ahead is a window that was read.
    for (name, off) in
        [("two days ahead", 2 * DAY), ("forty days ahead", 40 * DAY), ("an hour behind", -3_600)]
    {
        let setup = written_by_a_wrong_clock(off).await;
        let ahead = "select count(*) from sync.time_window where now() + interval '61 s' < greatest(window_start, read_at)";
        let before: i64 = sqlx::query_scalar(ahead).fetch_one(setup.pool().await).await.unwrap();
        assert_eq!(0 < before, 0 < off, "{name}: {before}");
        setup.change_something();
        let requests = setup.sync_well(name).await;
        assert!(0 < requests, "{name}");
        setup.assert_tables_are_the_vendors().await;
        assert_nothing_is_of_the_future(&setup, name).await;
        assert!(setup.status().await.healthy, "{name}");
    }
}

#[tokio::test]
async fn a_window_that_was_called_complete_before_it_was_over_is_found_by_its_run() {
    let setup = Setup::of_host(0, Database::Own).await;
    setup.sync_well("right").await;
    // Three days later: the run says that it was alive three days ago, and today's window that it was over then.
    for sql in [
        "update sync.run set heartbeat_at = heartbeat_at - interval '3 days'",
        "update sync.time_window set state = 'complete', complete_to = least(window_end, now()), \
         read_at = least(read_at, now() - interval '1 minute')",
    ] {
        sqlx::raw_sql(sql).execute(setup.pool().await).await.unwrap();
    }
    let mended = setup.app.database().store.mend_ahead(&setup.calls(), Utc::now(), true).await.unwrap();
    assert!((3..=4).contains(&mended), "{mended} windows end in the last three days");
    let of_shared = setup.app.database().store.mend_ahead(&setup.calls(), Utc::now(), false).await.unwrap();
    assert_eq!(of_shared, 0, "a database on the host's clock cannot say");
}

/// A database whose clock was set back keeps nobody waiting until it is as late again.
#[tokio::test]
async fn leases_and_pauses_from_the_future_hold_nobody_up() {
    let setup = Setup::of_host(0, Database::Own).await;
    setup.sync_well("right").await;
    for sql in [
        "drop trigger at_once on sync.request_budget",
        "delete from sync.lease",
        "update sync.request_budget set next_at = now() + interval '2 days'",
        "set timezone = 'UTC';
         insert into sync.lease (name, worker, fence, acquired_at, expires_at)
         select format('sobot/sobot.call_result [%s, %s)', to_char(window_start, f), to_char(window_end, f)),
            gen_random_uuid(), 1, now(), now() + interval '2 days'
         from sync.time_window, (select 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') as style(f)
         where stream = 'sobot.call_result'",
        "insert into sync.lease (name, worker, fence, acquired_at, expires_at)
         values ('moor/moor.queue snapshot', gen_random_uuid(), 1, now(), now() + interval '2 days')",
    ] {
        sqlx::raw_sql(sql).execute(setup.pool().await).await.unwrap();
    }
    setup.change_something();
    let synced = tokio::time::timeout(std::time::Duration::from_secs(60), setup.sync_well("set back")).await;
    assert!(synced.is_ok(), "it waits for the end of terms from the future");
    setup.assert_tables_are_the_vendors().await;
    let ahead: i64 =
        sqlx::query_scalar("select count(*) from sync.lease where now() + interval '1 day' < expires_at")
            .fetch_one(setup.pool().await)
            .await
            .unwrap();
    assert_eq!(ahead, 0);
}

#[tokio::test]
async fn another_process_tells_of_the_clock_without_asking_a_vendor() {
    let setup = Setup::of_host(7_200, Database::Own).await;
    setup.sync_well("two hours ahead").await;
    let before = setup.requests();
    let status = setup.another_process().await.status().await.unwrap();
    assert_eq!(setup.requests(), before, "status asks no vendor");
    let told: Vec<_> = status.alerts.iter().filter(|alert| alert.kind.as_str() == "clock_off").collect();
    assert!(!status.healthy);
    assert!(told.iter().any(|alert| alert.source.is_none()), "the database's clock: {told:#?}");
    assert!(told.iter().any(|alert| alert.source.as_deref() == Some("sobot")), "the vendor's: {told:#?}");
}
