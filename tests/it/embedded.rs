//! The embedded PostgreSQL, with real servers and real kills.

use crate::support::db::TestDb;

#[tokio::test]
async fn each_test_gets_a_database_of_its_own() {
    let t = std::time::Instant::now();
    let (one, other) = (TestDb::create().await, TestDb::create().await);
    eprintln!("{:?}", t.elapsed());
    sqlx::query("create table only_here ()").execute(one.pool().await).await.unwrap();
    sqlx::query("create table only_here ()").execute(other.pool().await).await.unwrap();
    assert_ne!(one.url(), other.url());
}
