//! `sync.absence_alarm`: rows that vanished in masses, and what a person decides about them.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::fault::{Fault, FaultKind};
use crate::domain::proof::absence::{AbsenceAlarm, AbsenceCase, AcceptedAbsence};
use crate::domain::proof::run::RunId;
use crate::domain::proof::window::TimeWindow;
use crate::domain::row::table::TableShape;
use crate::domain::stream::{StreamId, StreamKey};
use crate::store::answered::answered;
use crate::store::commit::absence::Key;
use crate::store::commit::row_count::{RowCountChange, row_count_add_in_txn};
use crate::store::commit::tombstone::tombstone_rows;
use crate::store::commit::transaction::Context;
use crate::store::fault::StoreResult;
use crate::store::pool::PgStore;
use crate::store::statement::touched::expect_row;
use crate::telemetry::event;

/// Keys shown with an alarm.
const EXAMPLES: &str = "10";

/// Opens the alarm of this window and table, or brings its numbers up to date.
pub(in crate::store) async fn alarm_raise_in_txn(
    connection: &mut PgConnection,
    context: &Context<'_>,
    stream: StreamId,
    table: &TableShape,
    missing: u64,
    live: u64,
) -> StoreResult<()> {
    let (start, end) = bounds(context.window);
    let (missing_rows, live_rows) =
        (i64::try_from(missing).unwrap_or(i64::MAX), i64::try_from(live).unwrap_or(i64::MAX));
    let known = sqlx::query(
        r#"
        update sync.absence_alarm set missing = $5, live = $6
        where source = $1 and table_name = $2 and window_start is not distinct from $3
            and window_end is not distinct from $4 and state = 'open'
        "#,
    )
    .bind(context.source)
    .bind(table.name)
    .bind(start)
    .bind(end)
    .bind(missing_rows)
    .bind(live_rows)
    .execute(&mut *connection)
    .await?;
    if 0 < known.rows_affected() {
        return Ok(());
    }
    let id: Option<i64> = sqlx::query_scalar(
        r#"
        insert into sync.absence_alarm (source, stream, table_name, window_start, window_end, missing, live,
            raised_at, run_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        returning id
        "#,
    )
    .bind(context.source)
    .bind(stream.as_str())
    .bind(table.name)
    .bind(start)
    .bind(end)
    .bind(missing_rows)
    .bind(live_rows)
    .bind(context.now)
    .bind(context.run.0)
    .fetch_optional(connection)
    .await?;
    let id = expect_row("sync.absence_alarm", "raising an alarm", id)?;
    let key = StreamKey { source: context.source.to_owned(), stream };
    let scope = context.window.map_or_else(|| "snapshot".to_owned(), |window| window.to_string());
    event::AbsenceAlarmRaised { key: &key, scope: &scope, table: table.name, id, missing, live }.emit();
    Ok(())
}

/// Ends the open alarm of this window and table, if there is one: so many are not missing any more.
pub(in crate::store) async fn alarm_resolve_in_txn(
    connection: &mut PgConnection,
    context: &Context<'_>,
    table: &TableShape,
) -> StoreResult<()> {
    let (start, end) = bounds(context.window);
    sqlx::query(
        r#"
        update sync.absence_alarm set state = 'resolved', decided_at = $5
        where source = $1 and table_name = $2 and window_start is not distinct from $3
            and window_end is not distinct from $4 and state = 'open'
        "#,
    )
    .bind(context.source)
    .bind(table.name)
    .bind(start)
    .bind(end)
    .bind(context.now)
    .execute(connection)
    .await?;
    Ok(())
}

fn bounds(window: Option<TimeWindow>) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    (window.map(|window| window.start), window.map(|window| window.end))
}

impl PgStore {
    /// The open alarms, oldest first.
    ///
    /// # Errors
    /// Database faults.
    pub async fn alarms(&self) -> Result<Vec<AbsenceCase>, Fault> {
        answered("reading the open alarms", alarms_fetch(self)).await
    }

    /// Marks deleted what these alarms are about, as far as it is still missing and no other window has it,
    /// with history, and closes them: all in one transaction, or nothing.
    ///
    /// # Errors
    /// `RequestRefused` where a number is not that of an open alarm, and database faults. Nothing is
    /// written then.
    pub async fn accept(&self, ids: &[i64], now: DateTime<Utc>) -> Result<Vec<AcceptedAbsence>, Fault> {
        answered("accepting missing rows", alarms_accept(self, ids, now)).await
    }
}

async fn alarms_fetch(store: &PgStore) -> StoreResult<Vec<AbsenceCase>> {
    let rows = sqlx::query(alarm_query("state = 'open'", "")).fetch_all(&store.pool).await?;
    // A table that only another version of the program knows is that version's to show.
    Ok(rows.iter().filter_map(|row| case(row).transpose()).collect::<Result<_, _>>()?)
}

async fn alarms_accept(
    store: &PgStore,
    ids: &[i64],
    now: DateTime<Utc>,
) -> StoreResult<Vec<AcceptedAbsence>> {
    let mut transaction = store.pool.begin().await?;
    let (mut accepted, mut rows_changed) = (Vec::new(), RowCountChange::default());
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let row = sqlx::query(alarm_query("a.id = $1", "for update of a"))
            .bind(id)
            .fetch_optional(&mut *transaction)
            .await?;
        let state = row.as_ref().map(|row| row.try_get::<String, _>("state")).transpose()?;
        let case = match (row.as_ref().map(case).transpose()?.flatten(), state.as_deref()) {
            (Some(case), Some("open")) => case,
            (_, Some("open") | None) => return Err(refusal(format!("there is no alarm {id}")).into()),
            (_, Some(state)) => return Err(refusal(format!("alarm {id} is {state} already")).into()),
        };
        let deleted = alarm_accept_in_txn(&mut transaction, &case, now, &mut rows_changed).await?;
        accepted.push(AcceptedAbsence { case, deleted });
    }
    row_count_add_in_txn(&mut transaction, &rows_changed).await?;
    transaction.commit().await?;
    Ok(accepted)
}

async fn alarm_accept_in_txn(
    connection: &mut PgConnection,
    AbsenceCase { alarm, run, .. }: &AbsenceCase,
    now: DateTime<Utc>,
    rows_changed: &mut RowCountChange,
) -> StoreResult<u64> {
    let Some(table) = alarm.stream.tables().iter().copied().find(|table| table.name == alarm.table) else {
        return Err(refusal(format!(
            "alarm {} is about the table {}, which is not known",
            alarm.id, alarm.table
        ))
        .into());
    };
    let (start, end) = bounds(alarm.window);
    // A read that finds one of them again deletes it here, and one of the two waits for the other.
    let keys: Vec<Key> = sqlx::query_scalar(
        r#"
        delete from sync.absence
        where source = $1 and table_name = $2 and window_start is not distinct from $3
            and window_end is not distinct from $4
        returning key
        "#,
    )
    .bind(&alarm.source)
    .bind(table.name)
    .bind(start)
    .bind(end)
    .fetch_all(&mut *connection)
    .await?;
    let context = Context {
        source: &alarm.source,
        window: alarm.window,
        run: RunId(*run),
        now,
        overrule: false,
        is_repeated: true,
    };
    let deleted = tombstone_rows(connection, &context, table, &keys).await?;
    let key = StreamKey { source: alarm.source.clone(), stream: alarm.stream };
    rows_changed.add(&key, table.name, 0, deleted);
    sqlx::query(
        "update sync.absence_alarm set state = 'accepted', decided_at = $2, deleted = $3 where id = $1",
    )
    .bind(alarm.id)
    .bind(now)
    .bind(i64::try_from(deleted).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(deleted)
}

fn refusal(message: String) -> Fault {
    Fault::new(
        FaultKind::RequestRefused,
        format!("{message}; nothing was changed. The open alarms are listed by `ccsync absence list`"),
    )
    .advising()
}

fn alarm_query(which: &'static str, lock: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!(
        r#"
        select a.*, (
            select coalesce(jsonb_agg(e.key), '[]') from (
                select to_jsonb(b.key) as key from sync.absence b
                where b.source = a.source and b.table_name = a.table_name
                    and b.window_start is not distinct from a.window_start
                    and b.window_end is not distinct from a.window_end
                order by b.key limit {EXAMPLES}
            ) e
        ) as examples
        from sync.absence_alarm a
        where {which}
        order by a.id
        {lock}
        "#
    ))
}

fn case(row: &PgRow) -> Result<Option<AbsenceCase>, sqlx::Error> {
    let Some(alarm) = alarm(row)? else { return Ok(None) };
    let examples = row.try_get::<sqlx::types::Json<Vec<Key>>, _>("examples")?.0;
    Ok(Some(AbsenceCase { alarm, run: row.try_get("run_id")?, examples }))
}

/// `None` for a stream that only another version of the program knows.
pub(in crate::store) fn alarm(row: &PgRow) -> Result<Option<AbsenceAlarm>, sqlx::Error> {
    let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { return Ok(None) };
    Ok(Some(AbsenceAlarm {
        id: row.try_get("id")?,
        source: row.try_get("source")?,
        stream,
        table: row.try_get("table_name")?,
        window: TimeWindow::from_bounds(row.try_get("window_start")?, row.try_get("window_end")?),
        missing: row.try_get("missing")?,
        live: row.try_get("live")?,
        raised_at: row.try_get("raised_at")?,
    }))
}
