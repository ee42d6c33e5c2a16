//! Who may write, who may send, who may renew.

use std::time::Duration;

use ccsync::domain::fault::FaultKind;
use ccsync::engine::port::budget::{BudgetKey, Reservation};
use ccsync::engine::port::store::Scope;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::Ground;
use crate::data::store::support::*;

const TERM: Duration = Duration::from_secs(9);

pub async fn a_commit_whose_lease_ended_or_was_taken_over_writes_nothing(ground: &dyn Ground) {
    let commit = ground.commit(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    ground.expire_leases().await;
    assert_eq!(ground.store().commit(commit).await.unwrap_err().kind, FaultKind::LeaseLost);

    let late = ground.commit(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    ground.expire_leases().await;
    let taken = ground.lease(&calls(), day()).await;
    assert!(late.lease.fence < taken.fence);
    let lease = late.lease.clone();
    assert_eq!(ground.store().renew(&lease, TERM).await.unwrap_err().kind, FaultKind::LeaseLost);
    assert_eq!(ground.store().commit(late).await.unwrap_err().kind, FaultKind::LeaseLost);
    let run = open_run(ground.store(), &calls()).await;
    let failed = ground.store().record_failure(&lease, run, FaultKind::Unreachable, "", 1, at(50)).await;
    assert_eq!(failed.unwrap_err().kind, FaultKind::LeaseLost);
    ground.store().release(&lease).await.unwrap();
    ground.store().renew(&taken, TERM).await.unwrap();
    assert!(ground.store().reads(&calls(), None).await.unwrap().is_empty());
    let picture = ground.picture().await;
    assert!(picture.rows.is_empty());
    assert!(picture.runs.iter().all(|(_, counts)| counts.iter().all(|count| *count == 0)));
}

pub async fn a_lease_is_given_to_one_worker_at_a_time(ground: &dyn Ground) {
    let (stream, scope) = (calls(), day());
    let asked = (0..12).map(|_| ground.store().lease(&stream, scope, Uuid::new_v4(), TERM));
    let asked = futures::future::join_all(asked).await;
    let given: Vec<_> = asked.into_iter().filter_map(|lease| lease.unwrap()).collect();
    assert_eq!(given.len(), 1);
    ground.store().release(&given[0]).await.unwrap();
    assert!(given[0].fence < ground.lease(&stream, scope).await.fence);
}

pub async fn of_several_scopes_the_first_that_nobody_holds_is_leased(ground: &dyn Ground) {
    let scopes: Vec<_> = (0..100).map(|day| Scope::Window(window(day * 24, day * 24 + 24))).collect();
    for scope in &scopes {
        let lease = ground.store().lease_first(&calls(), &scopes, Uuid::new_v4(), TERM).await.unwrap();
        assert_eq!(lease.unwrap().scope, *scope);
    }
    assert_eq!(ground.store().lease_first(&calls(), &scopes, Uuid::new_v4(), TERM).await.unwrap(), None);
    ground.expire_leases().await;
    let taken_over = ground.store().lease_first(&calls(), &scopes[40..], Uuid::new_v4(), TERM).await.unwrap();
    assert_eq!(taken_over.unwrap().scope, scopes[40]);
    assert_eq!(ground.store().lease_first(&calls(), &[], Uuid::new_v4(), TERM).await.unwrap(), None);
}

pub async fn a_lease_that_ended_and_that_nobody_took_over_can_be_renewed(ground: &dyn Ground) {
    let commit = ground.commit(&calls(), day(), vec![call("a", 90, 1)], 48).await;
    ground.expire_leases().await;
    ground.store().renew(&commit.lease, TERM).await.unwrap();
    assert_eq!(ground.store().commit(commit).await.unwrap().inserted, 1);
}

fn limit(per_minute: u32) -> BudgetKey {
    BudgetKey { name: "moor:N1@host/queueQueue".into(), per_minute }
}

async fn later(ground: &dyn Ground, per_minute: u32) -> Duration {
    match ground.budget().reserve(&limit(per_minute)).await.unwrap() {
        Reservation::Later(wait) => wait,
        Reservation::Granted(wait) => panic!("granted after {wait:?}"),
    }
}

pub async fn a_pause_holds_everybody_and_a_shorter_one_does_not_end_it(ground: &dyn Ground) {
    let first = ground.budget().reserve(&limit(600)).await.unwrap();
    assert_eq!(first, Reservation::Granted(Duration::ZERO));
    for pause in [30, 1] {
        ground.budget().pause(&limit(600), Duration::from_secs(pause)).await.unwrap();
        let wait = later(ground, 600).await;
        assert!(Duration::from_secs(20) < wait && wait <= Duration::from_secs(30), "{wait:?}");
    }
}

pub async fn a_process_that_dies_while_it_waits_leaves_no_debt(ground: &dyn Ground) {
    // Each of these gave up, as a process does that is killed and started again.
    for _ in 0..20 {
        ground.budget().reserve(&limit(20)).await.unwrap();
    }
    let wait = later(ground, 20).await;
    assert!(wait <= Duration::from_millis(3_050), "{wait:?}");
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

pub async fn a_renewal_that_was_taken_over_stores_nothing(ground: &dyn Ground) {
    let vault = ground.vault();
    let term = Duration::from_secs(30);
    let slow = vault.begin_renewal("a", term).await.unwrap().unwrap();
    ground.expire_leases().await;
    let quick = vault.begin_renewal("a", term).await.unwrap().unwrap();
    assert!(vault.begin_renewal("a", term).await.unwrap().is_none());
    let fault = vault.finish_renewal(slow.clone(), secret("old"), at(0), at(24)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::LeaseLost);
    vault.abandon_renewal(slow).await.unwrap();
    vault.finish_renewal(quick, secret("new"), at(0), at(24)).await.unwrap();
    let again = vault.begin_renewal("a", term).await.unwrap().unwrap();
    let token = vault.finish_renewal(again, secret("newer"), at(1), at(25)).await.unwrap();
    assert_eq!(token.generation, 2);
    assert_eq!(vault.load("a").await.unwrap().unwrap().secret.expose_secret(), "newer");
}
