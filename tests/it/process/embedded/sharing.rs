//! Several users of one server.

use ccsync::store::embedded::Stopped;

use super::helper::Helper;
use super::place::{self, Place};
use crate::support::db::TestDb;

#[tokio::test]
async fn a_second_user_joins_and_the_last_one_takes_the_server_down() {
    let place = Place::new();
    let first = place.start().await;
    place::put(&first, 8).await;
    let server = place.server_pid();
    let second = place.start().await;
    assert_eq!(place.server_pid(), server);
    assert_eq!(first.stop().await.unwrap(), Stopped::LeftToAnother);
    assert_eq!(place::get(&second).await, 8);
    assert_eq!(second.stop().await.unwrap(), Stopped::Down);
}

#[tokio::test]
async fn a_user_in_another_process_counts_and_a_killed_one_does_not() {
    let place = Place::new();
    let mut config = place.config();
    config.stop_with_parent = false;
    let first = place::start(&config).await;
    let mut other = Helper::spawn(&place.data_dir(), true);
    assert_eq!(other.says(), "ready");
    assert_eq!(first.stop().await.unwrap(), Stopped::LeftToAnother);
    let again = place::start(&config).await;
    place::put(&again, 2).await;
    other.kill();
    assert_eq!(again.stop().await.unwrap(), Stopped::Down);
}

#[tokio::test]
async fn many_that_start_at_once_get_one_server() {
    let place = Place::new();
    let mut helpers: Vec<Helper> = (0..4).map(|_| Helper::spawn(&place.data_dir(), false)).collect();
    for helper in &mut helpers {
        assert_eq!(helper.says(), "ready");
    }
    let mut ends: Vec<String> = helpers.into_iter().map(Helper::stop).collect();
    ends.sort();
    assert_eq!(ends, ["Down", "LeftToAnother", "LeftToAnother", "LeftToAnother"]);
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, other) = (TestDb::create().await, TestDb::create().await);
    for db in [&one, &other] {
        let make = sqlx::query("create table only_here ()");
        make.execute(db.pool().await).await.unwrap();
    }
    assert_ne!(one.url(), other.url());
}
