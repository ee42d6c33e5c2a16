//! What is told of a feed that is not heard, and of a spool that fills.

use std::time::Duration;

use ccsync::report::alert::AlertKind;
use ccsync_simulator::MonitorRates;

use super::setup::{FeedSetup, SOURCE};
use crate::support::db::TestDb;
use crate::support::harness::eventually;

async fn raised(app: &ccsync::app::App) -> Vec<AlertKind> {
    let status = app.status().await.unwrap();
    assert!(status.alerts.is_empty() || !status.healthy, "{:?}", status.alerts);
    status.alerts.into_iter().map(|alert| alert.kind).collect()
}

#[tokio::test]
async fn an_agent_that_is_not_heard_and_a_spool_that_fills_are_told_until_they_are_well() {
    let db = TestDb::create().await;
    let setup = FeedSetup::new(2, MonitorRates::default(), 1, db.url()).await;
    let daemon = setup.start("spool_mib_max = 1").await;
    let heard = async || match raised(&daemon.app).await.as_slice() {
        [] if daemon.app.status().await.unwrap().feeds[0].agents.len() == 2 => Ok(()),
        standing => Err(format!("{standing:?}")),
    };
    eventually(Duration::from_secs(60), heard).await;
    daemon.stop().await;
    // Six minutes later.
    let later = "update sync.feed_session set seen_to = seen_to - interval '6 minutes' where extno = '1002'";
    sqlx::query(later).execute(db.pool().await).await.unwrap();
    let app = setup.app("spool_mib_max = 1", "").await;
    assert_eq!(raised(&app).await, [AlertKind::FeedUnheard]);
    let place = app.settings().database.data_dir.join("feed").join(SOURCE).join("0");
    std::fs::create_dir_all(&place).unwrap();
    let waiting = place.join("0000000001.log");
    // Lines that are no events: they take room, and are passed over.
    std::fs::write(&waiting, "xxxxxxxxx\n".repeat(60_000)).unwrap();
    assert_eq!(raised(&app).await, [AlertKind::FeedUnheard, AlertKind::SpoolFilling]);
    std::fs::remove_file(&waiting).unwrap();
    assert_eq!(raised(&app).await, [AlertKind::FeedUnheard]);
    let daemon = setup.start("spool_mib_max = 1").await;
    let heard = async || match raised(&daemon.app).await.as_slice() {
        [] => Ok(()),
        standing => Err(format!("{standing:?}")),
    };
    eventually(Duration::from_secs(60), heard).await;
    daemon.stop().await;
}
