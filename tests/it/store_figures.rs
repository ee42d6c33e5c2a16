//! Measurements, run by hand: `cargo test --test it store_figures -- --ignored --nocapture`.

use std::time::Instant;

use crate::store_support::*;

#[tokio::test]
#[ignore = "a measurement"]
async fn rows_per_second_of_a_first_read_and_of_reads_again() {
    let fresh = fresh_store().await;
    let rows = |score| -> Vec<_> { many_calls(50_000, score) };
    let mut changed = rows(1);
    changed[..500].clone_from_slice(&rows(2)[..500]);
    for (what, rows) in [
        ("first", rows(1)),
        ("unchanged", rows(1)),
        ("unchanged", rows(1)),
        ("1 % changed", changed),
        ("all changed", rows(3)),
        ("unchanged", rows(3)),
    ] {
        let commit = fresh.commit(&calls(), day(), rows, 48).await;
        let wal: i64 = fresh.value("select (pg_current_wal_insert_lsn() - '0/0')::bigint").await;
        let began = Instant::now();
        let store = &fresh.store;
        let counts = ccsync::engine::port::store::Store::commit(store, commit).await.unwrap();
        let took = began.elapsed();
        let after: i64 = fresh.value("select (pg_current_wal_insert_lsn() - '0/0')::bigint").await;
        println!(
            "{what}: {:.0} rows/s, {took:?}, WAL {} KiB, {counts:?}",
            50_000.0 / took.as_secs_f64(),
            (after - wal) / 1024
        );
    }
}
