//! Parts of the status that are left out where the database is too slow for them: streams and alerts are told without.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Postgres, Transaction};

use crate::report::status::part::{MissingPart, StatusPart};
use crate::store::fault::{StoreError, StoreResult};

/// All parts together take less than the page waits, and leave streams and alerts the larger share.
const fn time_max(part: StatusPart) -> Duration {
    match part {
        StatusPart::Windows => Duration::from_millis(1_000),
        StatusPart::Days | StatusPart::Lag | StatusPart::Waiting => Duration::from_millis(500),
    }
}

/// A savepoint in which each statement has the part's time.
pub(super) async fn part_begin(
    connection: &mut PgConnection,
    part: StatusPart,
) -> StoreResult<Transaction<'_, Postgres>> {
    let mut nested = connection.begin().await?;
    let limit = format!("set local statement_timeout = {}", time_max(part).as_millis());
    nested.execute(sqlx::raw_sql(AssertSqlSafe(limit))).await?;
    Ok(nested)
}

/// Ends it. `None` where its time was over, and `missing` says so then.
pub(super) async fn part_end<T>(
    nested: Transaction<'_, Postgres>,
    part: StatusPart,
    read: StoreResult<T>,
    missing: &mut Vec<MissingPart>,
) -> StoreResult<Option<T>> {
    // Takes the limit back, too.
    nested.rollback().await?;
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Sql(error)) if is_timeout(&error) => {
            let why = format!("the database had no answer within {} ms", time_max(part).as_millis());
            missing.push(MissingPart { part, why });
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The statement's, or that of waiting for a lock.
fn is_timeout(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|answer| answer.code());
    code.is_some_and(|code| matches!(code.as_ref(), "57014" | "55P03"))
}
