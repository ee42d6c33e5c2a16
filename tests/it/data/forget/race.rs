//! Reads that are under way while somebody is forgotten.

use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::domain::person::forgotten::{ForgetOrder, Identifier};
use ccsync::domain::vendor::page::{Page, PageRequest};
use ccsync::engine::port::page_log::{PageLog as _, WalkMark};
use ccsync::engine::port::store::Store as _;
use ccsync_simulator::{Endpoint, Fault};

use super::{forget, planted, rows_with};
use crate::data::store::support::*;
use crate::support::harness::QUICK;

fn order() -> ForgetOrder {
    let known_by = vec![(Identifier::Agent, "sobot".to_owned(), "agent".to_owned())];
    ForgetOrder { known_by, kind: "agent", source: None, operator: "tester".into(), now: at(1) }
}

#[tokio::test]
async fn a_read_from_before_is_refused_and_read_again() {
    let fresh = fresh_store().await;
    let before = fresh.commit(&calls(), day(), many_calls(3, 80), 30).await;
    fresh.store.forget(&order(), true).await.unwrap();
    let refused = fresh.store.commit(before).await.unwrap_err();
    assert_eq!(refused.kind, FaultKind::Outdated);
    assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 0);
    let list = fresh.store.forgotten().await.unwrap();
    let rows = many_calls(3, 80).into_iter().map(|row| list.row("sobot", row)).collect();
    let mut again =
        fresh.commit(&calls(), ccsync::engine::port::store::Scope::Window(window(24, 48)), rows, 50).await;
    again.list = list.version();
    fresh.store.commit(again).await.unwrap();
    assert_eq!(fresh.count("select count(*) from sobot.call_result where agentid = 'agent'").await, 0);
    assert_eq!(fresh.count("select count(*) from sobot.call_result").await, 3);
}

#[tokio::test]
async fn a_page_from_before_is_not_kept_and_not_taken_up() {
    let fresh = fresh_store().await;
    let lease = fresh.lease(&calls(), day()).await;
    let mark = WalkMark { began: at(1), ask: None, number: 1, list: 0 };
    let request = PageRequest { window: None, page_no: 1, page_size: 50 };
    fresh.store.keep(&lease, mark, &request, &Page::default()).await.unwrap();
    assert!(fresh.store.kept(&lease).await.unwrap().is_some());
    fresh.store.forget(&order(), true).await.unwrap();
    assert!(fresh.store.kept(&lease).await.unwrap().is_none());
    fresh.store.keep(&lease, mark, &request, &Page::default()).await.unwrap();
    assert_eq!(fresh.count("select count(*) from sync.walk_page").await, 0);
}

#[tokio::test]
async fn a_sync_under_way_and_another_worker_bring_nobody_back() {
    let (world, person) = planted(QUICK).await;
    let another = world.another_app(QUICK).await;
    // Both have the list of before.
    let stop = tokio_util::sync::CancellationToken::new();
    another.sync(&[], &stop).await.unwrap();
    for _ in 0..6 {
        world.test.simulator.script(Endpoint::SobotCallResult, [Fault::Slow.with(150)]);
    }
    let choice = ["sobot.call_result".parse().unwrap()];
    let (reports, _) = tokio::join!(
        async { tokio::join!(world.test.sync(), another.backfill(&choice, whole(), &stop)) },
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            forget(&world, &person.erasure_subject()).await
        }
    );
    for report in reports.0.into_iter().chain(reports.1.unwrap()) {
        assert!(report.failures.is_empty(), "{report:?}");
    }
    assert_eq!(rows_with(&world, &person.needles()).await, Vec::<String>::new());
    another.sync(&[], &stop).await.unwrap();
    assert_eq!(rows_with(&world, &person.needles()).await, Vec::<String>::new());
}

fn whole() -> ccsync::domain::proof::window::TimeWindow {
    let at = |text: &str| text.parse().unwrap();
    ccsync::domain::proof::window::TimeWindow::new(at("2026-02-28T16:00:00Z"), at("2026-03-08T16:00:00Z"))
        .unwrap()
}
