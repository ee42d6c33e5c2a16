//! What the time of a notice counts: found by listening, and gone by.

use std::time::Duration;

use ccsync_simulator::MonitorRates;
use rstest::rstest;

use super::setup::FeedSetup;
use crate::support::db::TestDb;
use crate::support::harness::eventually;
use crate::support::process::Workspace;

const TIMEOUT: Duration = Duration::from_secs(90);

#[rstest]
#[case("state")]
#[case("wait")]
#[tokio::test]
async fn a_probe_finds_out_what_the_time_counts_and_the_daemon_goes_by_it(#[case] counts: &str) {
    let db = TestDb::create().await;
    let setup = FeedSetup::new(1, MonitorRates { notice: 2.0, ..MonitorRates::default() }, 1, db.url()).await;
    setup.switch("workbench_notice_time", counts);
    let workspace = Workspace::new(&setup.configuration("", ""));
    let open = workspace.run(&["check"]).await.expect(0);
    assert!(open.stdout.contains("not known of the account: notice_time"), "{}", open.stdout);
    let told = workspace.run(&["probe", "--source", "setup"]).await.expect(0);
    assert!(told.stdout.contains(&format!("notice_time = \"{counts}\"")), "{}", told.stdout);
    let known = workspace.run(&["check"]).await.expect(0);
    assert!(!known.stdout.contains("notice_time"), "{}", known.stdout);

    // The state comes again, and only that is told.
    setup.simulator.set_monitor_rates(MonitorRates { notice: 0.5, reenter: 0.15, ..MonitorRates::default() });
    let daemon = workspace.start(&["run"]);
    let pool = db.pool().await;
    let stays = async || -> (i64, i64) {
        sqlx::query_as(
            "select count(*) filter (where status is null and until is not null and until > since + interval '1 s'),
                count(*) filter (where reported_since is not null) from workbench.agent_status",
        )
        .fetch_one(pool)
        .await
        .unwrap()
    };
    if counts == "state" {
        eventually(TIMEOUT, async || match stays().await {
            (1.., 2..) => Ok(()),
            other => Err(format!("no stay began anew: {other:?}")),
        })
        .await;
    } else {
        let heard = "select count(*) from sync.run where rows_read > 10";
        eventually(TIMEOUT, async || {
            match sqlx::query_scalar::<_, i64>(heard).fetch_one(pool).await.unwrap() {
                1.. => Ok(()),
                _ => Err("too few messages".to_owned()),
            }
        })
        .await;
        assert_eq!(stays().await.1, 0, "a time that counts something else says nothing of a state");
    }
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}

#[tokio::test]
async fn a_probe_that_cannot_tell_says_what_came_and_stores_no_answer() {
    let db = TestDb::create().await;
    let setup = FeedSetup::new(1, MonitorRates { notice: 2.0, ..MonitorRates::default() }, 1, db.url()).await;
    let workspace = Workspace::new(&setup.configuration("", ""));
    let daemon = workspace.start(&["run"]);
    let pool = db.pool().await;
    eventually(TIMEOUT, async || {
        let heard = "select count(*) from sync.feed_session where stay_since is not null";
        match sqlx::query_scalar::<_, i64>(heard).fetch_one(pool).await.unwrap() {
            1 => Ok(()),
            _ => Err("it is not heard yet".to_owned()),
        }
    })
    .await;
    let told = workspace.run(&["probe", "--source", "setup"]).await.expect(0);
    assert!(told.stdout.contains("a running ccsync follows every configured agent"), "{}", told.stdout);
    let known = "select count(*) from sync.vendor_fact where answer is not null";
    assert_eq!(sqlx::query_scalar::<_, i64>(known).fetch_one(pool).await.unwrap(), 0);
    daemon.stop(rustix::process::Signal::TERM).await.expect(0);
}
