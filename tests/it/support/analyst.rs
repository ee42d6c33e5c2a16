//! A login of the role `bi_reader`, for as long as a test needs it.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use super::db::TestDb;

/// With what must be quoted in SQL and in C strings.
pub const PASSWORD: &str = "p'w\\d";

/// A login's name is the whole cluster's, so each is another one.
pub fn login() -> String {
    format!("analyst_{:08x}", rand::random::<u32>())
}

/// Connects as this login, which was granted with [`PASSWORD`].
pub async fn connect(db: &TestDb, login: &str) -> PgConnection {
    let options: PgConnectOptions = db.url().parse().unwrap();
    options.username(login).password(PASSWORD).connect().await.unwrap()
}

/// Removes the login from the cluster.
pub async fn forget(pool: &PgPool, login: &str) {
    for sql in [format!("revoke bi_reader from {login}"), format!("drop role {login}")] {
        sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap();
    }
}
