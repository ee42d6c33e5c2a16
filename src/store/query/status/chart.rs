//! What passes did day by day, and how late results come.

use chrono::{DateTime, Datelike as _, Months, Utc};
use sqlx::{PgConnection, Row as _};

use crate::domain::proof::lag::{AGES, LagTable};
use crate::domain::stream::StreamId;
use crate::report::status::StreamStatus;
use crate::report::status::detail::DayStatus;
use crate::store::fault::StoreResult;

/// Business days shown, today included.
const DAYS: i32 = 30;

/// Late results older than this no longer tell how late they come today.
const LAG_MONTHS: Months = Months::new(12);

/// Each day of each stream that is read, those without a pass too. What a feed counts belongs to no day.
const DAY_SUMS: &str = r#"
with wanted as (
    select source, stream, timezone, ($1 at time zone timezone)::date as today
    from sync.stream
    where kind <> 'feed'
), sums as (
    select r.source, r.stream, (r.started_at at time zone w.timezone)::date as day, count(*) as runs,
        sum(r.requests)::bigint as requests, sum(r.rows_read)::bigint as rows_read,
        sum(r.inserted + r.updated + r.deleted)::bigint as changes
    from sync.run r
    join wanted w on w.source = r.source and w.stream = r.stream
    where $1 - make_interval(days => $2 + 1) < r.started_at
    group by 1, 2, 3
)
select w.source, w.stream, d.day::date as day, coalesce(s.runs, 0) as runs, coalesce(s.requests, 0) as requests,
    coalesce(s.rows_read, 0) as rows_read, coalesce(s.changes, 0) as changes
from wanted w
cross join generate_series(w.today - ($2 - 1), w.today, interval '1 day') d(day)
left join sums s on s.source = w.source and s.stream = w.stream and s.day = d.day::date
order by w.source, w.stream, d.day
"#;

/// Adds days and lag to the streams.
pub(super) async fn charts_fetch(
    connection: &mut PgConnection,
    streams: &mut [StreamStatus],
    now: DateTime<Utc>,
) -> StoreResult<()> {
    for row in &sqlx::query(DAY_SUMS).bind(now).bind(DAYS).fetch_all(&mut *connection).await? {
        let Some(stream) = named(streams, row)? else { continue };
        stream.detail.days.push(DayStatus {
            day: row.try_get("day")?,
            runs: row.try_get("runs")?,
            requests: row.try_get("requests")?,
            rows_read: row.try_get("rows_read")?,
            changes: row.try_get("changes")?,
        });
    }
    lags_fetch(connection, streams, now).await
}

async fn lags_fetch(
    connection: &mut PgConnection,
    streams: &mut [StreamStatus],
    now: DateTime<Utc>,
) -> StoreResult<()> {
    let first = now.date_naive().checked_sub_months(LAG_MONTHS).and_then(|day| day.with_day(1));
    let rows = sqlx::query(
        r#"
        select source, stream, array_agg(age_hours) as ages, array_agg(changes) as changes,
            array_agg(rows) as rows
        from (
            select source, stream, age_hours, sum(changes) as changes, sum(rows) as rows
            from sync.revision_lag
            where $1 <= month
            group by source, stream, age_hours
        ) summed
        group by source, stream
        "#,
    )
    .bind(first)
    .fetch_all(connection)
    .await?;
    for row in &rows {
        let Some(stream) = named(streams, row)? else { continue };
        let (ages, changes): (Vec<i32>, Vec<f64>) = (row.try_get("ages")?, row.try_get("changes")?);
        let watched: Vec<f64> = row.try_get("rows")?;
        let mut table = LagTable::default();
        for ((age, changes), rows) in ages.iter().zip(changes).zip(watched) {
            let known = AGES.iter().position(|begin| *begin == i64::from(*age));
            if let Some(bin) = known.and_then(|index| table.bins.get_mut(index)) {
                (bin.changes, bin.rows) = (changes, rows);
            }
        }
        stream.detail.lag = table.shares();
    }
    Ok(())
}

fn named<'a>(
    streams: &'a mut [StreamStatus],
    row: &sqlx::postgres::PgRow,
) -> Result<Option<&'a mut StreamStatus>, sqlx::Error> {
    let (source, name): (&str, &str) = (row.try_get("source")?, row.try_get("stream")?);
    let id: Option<StreamId> = name.parse().ok();
    Ok(streams.iter_mut().find(|stream| stream.source == source && Some(stream.stream) == id))
}
