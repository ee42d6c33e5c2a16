//! What the vendors' clocks said, kept beside a source that gets another name.

use std::time::Duration;

use ccsync::domain::fault::Fault;
use ccsync::store::PgStore;
use sqlx::Connection as _;

use crate::data::store::support::{at, fresh_store};
use crate::support::harness::eventually;

async fn kept(store: PgStore) -> Result<(), Fault> {
    store.keep_vendor_date("sobot", at(1), Duration::ZERO, false).await
}

#[tokio::test]
async fn a_date_that_waits_for_a_rename_is_not_kept_under_the_old_name() {
    let fresh = fresh_store().await;
    let add = "insert into sync.source (name, kind, generation, erasure_name) values ('sobot', 'sobot', 1, 'sobot')";
    sqlx::raw_sql(add).execute(&fresh.db).await.unwrap();
    kept(fresh.store.clone()).await.unwrap();
    assert_eq!(fresh.count("select count(*) from sync.vendor_clock").await, 1);

    let mut connection = fresh.db.acquire().await.unwrap();
    let mut rename = connection.begin().await.unwrap();
    for step in [
        "select from sync.source where name = 'sobot' for update",
        "delete from sync.vendor_clock",
        "update sync.source set name = 'zhichi', generation = 2 where name = 'sobot'",
    ] {
        sqlx::query(step).execute(&mut *rename).await.unwrap();
    }
    let writer = tokio::spawn(kept(fresh.store.clone()));
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    eventually(Duration::from_secs(20), async || match fresh.count(waits).await {
        0 => Err("nobody waits".to_owned()),
        _ => Ok(()),
    })
    .await;
    rename.commit().await.unwrap();
    writer.await.unwrap().unwrap();
    assert_eq!(fresh.count("select count(*) from sync.vendor_clock").await, 0);
}
