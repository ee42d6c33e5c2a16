//! Every relation of `bi`, recomputed from the rows of a random world by plain loops that share nothing with the SQL.
//!
//! `CCSYNC_BI_SEEDS` sets the number of worlds, `CCSYNC_BI_FIRST` the first seed.

mod cell;
mod feed;
mod ledger;
mod member;
mod person;
mod quality;
mod world;
mod write;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::cell::{Table, differences, told};
use self::quality::{Dimension, Period};
use self::world::{World, random_world};
use crate::data::store::support::fresh_store;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// What each relation should say. A relation that is added to `bi` is added here.
fn recomputed(world: &World, now: DateTime<Utc>) -> Vec<(String, Table)> {
    let (facts, accounts) = (quality::facts(world), person::accounts(world));
    let mut all = vec![
        ("agent_account", person::account_table(&accounts)),
        ("agent_identity", person::identity_table(&accounts)),
        ("agent_state_daily", feed::state_daily(world, now)),
        ("agent_unmatched", person::unmatched_table(&accounts)),
        ("calendar", ledger::calendar()),
        ("day_state", ledger::states(world, Period::Day)),
        ("freshness", ledger::freshness(world)),
        ("inspection_lag_daily", quality::inspection_lag(world, &facts)),
        ("month_state", ledger::states(world, Period::Month)),
        ("quality_result", quality::results(world, &facts)),
        ("quality_revision", quality::revisions(world)),
        ("revision_daily", quality::revision_daily(world, &facts)),
        ("score_distribution_daily", quality::score_distribution(world, &facts)),
        ("skill_group_member", member::present(world)),
        ("skill_group_member_daily", member::daily(world, now)),
        ("skill_group_member_history", member::history(world)),
        ("week_state", ledger::states(world, Period::Week)),
    ]
    .into_iter()
    .map(|(name, table)| (name.to_owned(), table))
    .collect::<Vec<_>>();
    for (period, suffix) in [(Period::Day, "daily"), (Period::Week, "weekly"), (Period::Month, "monthly")] {
        for (by, name) in
            [(Dimension::Agent, "agent"), (Dimension::Channel, "channel"), (Dimension::Scheme, "scheme")]
        {
            let table = quality::quality_by(world, &facts, by, period);
            all.push((format!("{name}_quality_{suffix}"), table));
        }
        let table = member::quality(world, &facts, &accounts, period);
        all.push((format!("queue_quality_{suffix}"), table));
    }
    let hourly = quality::quality_by(world, &facts, Dimension::Channel, Period::Hour);
    all.push(("channel_quality_hourly".to_owned(), hourly));
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[tokio::test]
async fn every_relation_of_bi_says_what_the_rows_of_random_worlds_say() {
    let fresh = fresh_store().await;
    let (first, count) = (number("CCSYNC_BI_FIRST", 0), number("CCSYNC_BI_SEEDS", 10));
    let (mut rows, mut cells, mut wrong) = (BTreeMap::<String, usize>::new(), 0, String::new());
    for seed in first..first + count {
        let world = random_world(seed);
        write::store_world(&fresh, &world).await;
        // Sums are computed, and then stored.
        for stored in [false, true] {
            if stored {
                while 0 < fresh.store.refresh_days(Duration::ZERO).await.unwrap() {}
                fresh.store.refresh_places().await.unwrap();
            }
            let mut transaction = fresh.db.begin().await.unwrap();
            let now: DateTime<Utc> =
                sqlx::query_scalar("select now()").fetch_one(&mut *transaction).await.unwrap();
            let relations: Vec<String> = sqlx::query_scalar(
                "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'bi' and c.relkind in ('r', 'p', 'v', 'm') order by c.relname collate \"C\"",
            )
            .fetch_all(&mut *transaction)
            .await
            .unwrap();
            let recomputed = recomputed(&world, now);
            let known: Vec<&String> = recomputed.iter().map(|(name, _)| name).collect();
            assert_eq!(relations.iter().collect::<Vec<_>>(), known, "each relation of bi is recomputed");
            for (name, expected) in recomputed {
                let told = told(&mut transaction, &name).await;
                *rows.entry(name.clone()).or_default() += told.rows.len();
                cells += told.rows.len() * told.columns.len();
                let found = differences(told, expected);
                if !found.is_empty() {
                    wrong += &format!("seed {seed} (stored: {stored}), {}: bi.{name}\n{found}", world.zone);
                }
            }
        }
    }
    println!("{count} worlds, {} rows, {cells} figures", rows.values().sum::<usize>());
    assert!(wrong.is_empty(), "{wrong}");
    assert!(rows.values().all(|rows| 0 < *rows), "a relation is always empty: {rows:?}");
}
