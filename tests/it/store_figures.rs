//! Measurements, run by hand: `cargo test --test it store_figures -- --ignored --nocapture`.

use std::time::Instant;

use ccsync::domain::record::Row;

use crate::store_support::*;

fn wide(number: u64, score: i64) -> Row {
    let id =
        uuid::Uuid::from_u128(u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
    let narrow = call(&id.to_string(), score, 1);
    let extra = serde_json::json!({"note": "质检备注".repeat(45), "tags": ["a", "b"], "n": number});
    let serde_json::Value::Object(extra) = extra else { panic!() };
    Row::new(narrow.table, narrow.values, extra)
}

#[tokio::test]
#[ignore = "a measurement"]
async fn rows_per_second_of_a_first_read_and_of_reads_again() {
    let fresh = fresh_store().await;
    for sql in ["alter system set fsync = on", "select pg_reload_conf()"] {
        sqlx::query(sql).execute(&fresh.db).await.unwrap();
    }
    // About 850 bytes a row, in random order of keys, as a vendor's ids are.
    let rows = |score| -> Vec<_> { (0..50_000).map(|number| wide(number, score)).collect() };
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
