//! Request budgets and tokens, shared by several stores.

use std::time::{Duration, Instant};

use ccsync::engine::port::budget::{Budget as _, BudgetKey};
use ccsync::engine::port::clock::SystemClock;
use ccsync::engine::port::token::TokenVault as _;
use ccsync::store::{PgStore, StoreConfig};
use secrecy::{ExposeSecret as _, SecretString};

use crate::data::store::support::*;

fn key(per_minute: u32) -> BudgetKey {
    BudgetKey { name: "moor:N1@host/queueQueue".into(), per_minute }
}

async fn two_stores(fresh: &Fresh) -> [PgStore; 2] {
    [fresh.store.clone(), PgStore::connect(&StoreConfig::new(fresh.options.clone())).await.unwrap()]
}

/// The moments at which the requests may leave, sorted.
async fn moments(stores: &[PgStore], key: &BudgetKey, each: usize) -> Vec<Instant> {
    let mut tasks = tokio::task::JoinSet::new();
    for store in stores {
        for _ in 0..each {
            let (store, key) = (store.clone(), key.clone());
            tasks.spawn(async move {
                store.acquire(&key, &SystemClock).await.unwrap();
                Instant::now()
            });
        }
    }
    let mut moments = tasks.join_all().await;
    moments.sort();
    moments
}

#[tokio::test]
async fn two_stores_never_exceed_the_limit_together() {
    let fresh = fresh_store().await;
    let moments = moments(&two_stores(&fresh).await, &key(600), 25).await;
    // Six hundred a minute, evenly spaced, are ten a second; a task that is late may crowd two.
    for (index, first) in moments.iter().enumerate() {
        let second = Duration::from_secs(1);
        let within = moments[index..].iter().take_while(|moment| **moment < *first + second).count();
        assert!(within <= 11, "{within} requests within a second");
    }
    let whole = moments[49] - moments[0];
    assert!(Duration::from_millis(4_800) < whole, "{whole:?}");
}

#[tokio::test]
async fn a_high_limit_is_handed_out_evenly_too() {
    let fresh = fresh_store().await;
    let moments = moments(&two_stores(&fresh).await, &key(6000), 200).await;
    let whole = moments[399] - moments[0];
    // Ten milliseconds apart.
    assert!(Duration::from_millis(3900) < whole, "{whole:?}");
    let commits = fresh
        .count("select (n_tup_upd + n_tup_ins) from pg_stat_user_tables where relname = 'request_budget'")
        .await;
    assert!(commits <= 60, "{commits}");
}

#[tokio::test]
async fn moments_that_passed_unused_are_not_saved_up() {
    let fresh = fresh_store().await;
    let key = key(6000);
    fresh.store.reserve(&key).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let moments = moments(std::slice::from_ref(&fresh.store), &key, 20).await;
    assert!(Duration::from_millis(150) < moments[19] - moments[0], "{:?}", moments[19] - moments[0]);
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

#[tokio::test]
async fn of_many_workers_one_renews_the_token_and_the_others_find_it() {
    let fresh = fresh_store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for worker in 0..10 {
        let store = fresh.store.clone();
        tasks.spawn(async move {
            loop {
                if let Some(token) = store.load("sobot:1@host").await.unwrap() {
                    return token;
                }
                if let Some(lease) =
                    store.begin_renewal("sobot:1@host", Duration::from_secs(30)).await.unwrap()
                {
                    // Another may have renewed between the look and the lease.
                    if let Some(token) = store.load("sobot:1@host").await.unwrap() {
                        store.abandon_renewal(lease).await.unwrap();
                        return token;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    return store
                        .finish_renewal(lease, secret(&format!("t{worker}")), at(0), at(24))
                        .await
                        .unwrap();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
    let tokens = tasks.join_all().await;
    assert!(tokens.iter().all(|token| token.generation == 1));
    assert!(tokens.iter().all(|token| token.secret.expose_secret() == tokens[0].secret.expose_secret()));
}
