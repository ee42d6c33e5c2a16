//! One table after the other, a stretch of blocks at a time, each stretch a transaction.

use serde::Serialize;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::store::account::source::order::SourceOrder;
use crate::store::account::source::place::{Place, places};
use crate::store::commit::transaction::TRANSACTION;
use crate::store::fault::StoreResult;
use crate::store::statement::Statement;
use crate::telemetry::failpoint::{Failpoint, failpoint};

/// Blocks of one transaction: 4 MiB.
const BLOCKS: i64 = 512;

/// A stretch is found by where it lies: an index on the source would be gone through whole for each.
const BY_PLACE: &str = r#"
set local enable_seqscan = off;
set local enable_indexscan = off;
set local enable_bitmapscan = off;
"#;

/// Rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SweptTable {
    /// Qualified.
    pub table: String,
    /// How many there are, or were changed or removed.
    pub rows: u64,
}

/// How many rows of a source each table has, where it has any. `purge`: of those that a purge removes.
pub(super) async fn count(
    connection: &mut PgConnection,
    source: &str,
    purge: bool,
) -> StoreResult<Vec<SweptTable>> {
    let mut found = Vec::new();
    for place in places(connection).await? {
        if place.is_fleeting() || purge && place.is_kept() {
            continue;
        }
        let rows: i64 = sqlx::query_scalar(place.count()).bind(source).fetch_one(&mut *connection).await?;
        add(&mut found, &place.table, rows.unsigned_abs());
    }
    Ok(found)
}

/// Months of one history are one table.
fn add(found: &mut Vec<SweptTable>, table: &str, rows: u64) {
    match found.iter_mut().find(|known| known.table == table) {
        Some(known) => known.rows += rows,
        None if 0 < rows => found.push(SweptTable { table: table.to_owned(), rows }),
        None => {}
    }
}

/// What one change does to each table.
pub(super) struct Sweep<'o> {
    order: &'o SourceOrder,
    /// What was touched so far.
    pub(super) swept: Vec<SweptTable>,
}

impl<'o> Sweep<'o> {
    pub(super) fn new(order: &'o SourceOrder) -> Sweep<'o> {
        Sweep { order, swept: Vec::new() }
    }

    /// $1 is the source, $2 its new name; `None` where the table is left alone.
    fn statement(&self, place: &Place, stretch: &str) -> Option<Statement> {
        let table = &place.lies_in;
        let removes = self.order.new_name().is_none() || place.is_fleeting();
        if self.order.new_name().is_none() && place.is_kept() {
            return None;
        }
        Some(AssertSqlSafe(match removes {
            true => format!(
                "delete from only {table} where source = $1 and $2::text is not distinct from $2 {stretch}"
            ),
            false => format!("update only {table} set source = $2 where source = $1 {stretch}"),
        }))
    }

    /// Goes through all blocks that the table has now: under a name that is shut nothing comes.
    pub(super) async fn sweep(
        &mut self,
        connection: &mut PgConnection,
        place: &Place,
        progress: &mut (dyn FnMut(&SweptTable) + Send),
    ) -> StoreResult<()> {
        let stretch = "and ctid >= $3::text::tid and ctid < $4::text::tid";
        let Some(statement) = self.statement(place, stretch) else { return Ok(()) };
        let mut rows = 0;
        for block in (0..place.blocks).step_by(BLOCKS as usize) {
            let mut transaction = connection.begin().await?;
            transaction.execute(sqlx::raw_sql(TRANSACTION)).await?;
            transaction.execute(sqlx::raw_sql(BY_PLACE)).await?;
            let done = sqlx::query(AssertSqlSafe(statement.0.clone()))
                .bind(&self.order.name)
                .bind(self.order.new_name())
                .bind(format!("({block},0)"))
                .bind(format!("({},0)", block + BLOCKS))
                .persistent(false)
                .execute(&mut *transaction)
                .await?;
            failpoint(Failpoint::SourceStep).await?;
            transaction.commit().await?;
            rows += done.rows_affected();
        }
        self.note(place, rows);
        if 0 < rows && !place.is_fleeting() {
            progress(&SweptTable { table: place.table.clone(), rows });
        }
        Ok(())
    }

    /// What is left, within the transaction that ends the change.
    pub(super) async fn rest_in_txn(
        &mut self,
        connection: &mut PgConnection,
        place: &Place,
    ) -> StoreResult<()> {
        let Some(statement) = self.statement(place, "") else { return Ok(()) };
        let done = sqlx::query(statement)
            .bind(&self.order.name)
            .bind(self.order.new_name())
            .persistent(false)
            .execute(connection)
            .await?;
        self.note(place, done.rows_affected());
        Ok(())
    }

    fn note(&mut self, place: &Place, rows: u64) {
        add(&mut self.swept, &place.table, if place.is_fleeting() { 0 } else { rows });
    }
}

/// A person's decision goes into the log of actions, with what it touched in the run that ended it.
pub(super) async fn record_in_txn(
    connection: &mut PgConnection,
    order: &SourceOrder,
    sweep: &Sweep<'_>,
) -> StoreResult<()> {
    let rows: serde_json::Map<_, _> =
        sweep.swept.iter().map(|swept| (swept.table.clone(), json!(swept.rows))).collect();
    let request = json!({ "source": order.name, "rows": rows });
    // Beside what else was done to the source, which goes by its new name now.
    let source = order.new_name().unwrap_or(&order.name);
    action_in_txn(connection, source, order.command(), order.new_name(), &request, &order.operator).await
}

/// One line in `sync.action`: it was not sent to anybody, and is done.
pub(super) async fn action_in_txn(
    connection: &mut PgConnection,
    source: &str,
    command: &str,
    target: Option<&str>,
    request: &serde_json::Value,
    operator: &str,
) -> StoreResult<()> {
    sqlx::query(
        r#"
        insert into sync.action (source, command, target, request, operator, intent_at, sent_at, state, answered_at)
        values ($1, $2, $3, $4, $5, clock_timestamp(), clock_timestamp(), 'answered', clock_timestamp())
        "#,
    )
    .bind(source)
    .bind(command)
    .bind(target)
    .bind(request)
    .bind(operator)
    .execute(connection)
    .await?;
    Ok(())
}
