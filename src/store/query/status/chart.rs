//! What passes did day by day, and how late results come.

use chrono::{DateTime, Datelike as _, Months, NaiveDate, TimeDelta, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::proof::lag::{AGES, LagTable};
use crate::report::status::StreamStatus;
use crate::report::status::detail::DayStatus;
use crate::store::fault::StoreResult;
use crate::store::query::status::named;

/// Business days shown, today included.
const DAYS: i32 = 30;

/// Late results older than this no longer tell how late they come today.
const LAG_MONTHS: Months = Months::new(12);

/// What is stored of the days of each stream that is read, and today's date there. What a feed counts belongs to no day.
const DAY_SUMS: &str = r#"
select w.source, w.stream, w.today, d.days, d.runs, d.requests, d.rows_read, d.changes
from (
    select source, stream, ($1 at time zone timezone)::date as today
    from sync.stream
    where kind <> 'feed'
) w
cross join lateral (
    select array_agg(day) as days, array_agg(runs) as runs, array_agg(requests) as requests,
        array_agg(rows_read) as rows_read, array_agg(changes) as changes
    from sync.run_day d
    where d.source = w.source and d.stream = w.stream and w.today - $2 < d.day and d.day <= w.today
) d
"#;

/// Adds what passes did.
pub(super) async fn days_add(
    connection: &mut PgConnection,
    streams: &mut [StreamStatus],
    now: DateTime<Utc>,
) -> StoreResult<()> {
    for row in &sqlx::query(DAY_SUMS).bind(now).bind(DAYS).fetch_all(connection).await? {
        let Some(stream) = named(streams, row)? else { continue };
        stream.detail.days = days(row)?;
    }
    Ok(())
}

/// The last days, the oldest first, those without a pass too.
fn days(row: &PgRow) -> Result<Vec<DayStatus>, sqlx::Error> {
    let counts = |name: &str| row.try_get::<Option<Vec<i64>>, _>(name).map(Option::unwrap_or_default);
    let known: Vec<NaiveDate> = row.try_get::<Option<_>, _>("days")?.unwrap_or_default();
    let (runs, requests) = (counts("runs")?, counts("requests")?);
    let (rows_read, changes) = (counts("rows_read")?, counts("changes")?);
    let today: NaiveDate = row.try_get("today")?;
    let first = today - TimeDelta::days(i64::from(DAYS) - 1);
    let of_day = |day: NaiveDate| {
        let place = known.iter().position(|known| *known == day);
        let count = |counts: &[i64]| place.and_then(|place| counts.get(place)).copied().unwrap_or_default();
        DayStatus {
            day,
            runs: count(&runs),
            requests: count(&requests),
            rows_read: count(&rows_read),
            changes: count(&changes),
        }
    };
    Ok(first.iter_days().take_while(|day| *day <= today).map(of_day).collect())
}

/// Adds how late results come.
pub(super) async fn lags_add(
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
