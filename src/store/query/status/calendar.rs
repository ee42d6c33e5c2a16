//! The windows of each stream, one by one.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::proof::window::TimeWindow;
use crate::report::status::StreamStatus;
use crate::report::status::calendar::{WindowState, WindowStatus, windows_listed};
use crate::store::fault::StoreResult;
use crate::store::query::status::named;

/// How many windows each stream has, and how much of the time up to $1 was read. Of a part whose time reaches over the
/// first instant wanted or $1, the windows are looked at.
const COVERAGE: &str = r#"
with part as not materialized (
    select b.*, s.start_at, coalesce(s.start_at <= b.first_start, true) and b.last_end <= $1 as is_whole
    from sync.window_sum b
    join sync.stream s on s.source = b.source and s.stream = b.stream
    where s.start_at is null or s.start_at < b.last_end
)
select source, stream, sum(windows)::bigint as windows, coalesce(sum(covered)::bigint, 0) as covered
from (
    select source, stream, windows, covered_seconds as covered from part where is_whole
    union all
    select p.source, p.stream, c.windows, c.covered
    from part p
    cross join lateral (
        select count(*) as windows,
            sum(extract(epoch from least(w.window_end, $1) - greatest(w.window_start, p.start_at)))
                filter (where w.state <> 'failed') as covered
        from sync.time_window w
        where w.source = p.source and w.stream = p.stream and w.window_start between p.first_start and p.last_start
            and (p.start_at is null or p.start_at < w.window_end)
    ) c
    where not p.is_whole
) counted
group by source, stream
"#;

/// The $1 newest windows of each stream.
const WINDOWS: &str = r#"
select s.source, s.stream, w.window_start, w.window_end, w.state, w.verdict, w.rows, w.read_at, w.failed_at,
    sync.is_final(w.state, w.verdict, w.read_at, w.final_at) as final
from sync.stream s
cross join lateral (
    select *
    from sync.time_window w
    where w.source = s.source and w.stream = s.stream and (s.start_at is null or s.start_at < w.window_end)
    order by w.window_start desc
    limit $1
) w
"#;

/// Adds how far each stream's windows reach. All of them count as older than those that are listed, of which there are
/// none yet.
pub(super) async fn coverage_add(
    connection: &mut PgConnection,
    streams: &mut [StreamStatus],
    now: DateTime<Utc>,
) -> StoreResult<()> {
    for row in &sqlx::query(COVERAGE).bind(now).fetch_all(connection).await? {
        let Some(stream) = named(streams, row)? else { continue };
        stream.detail.calendar.older = row.try_get("windows")?;
        stream.detail.calendar.covered_seconds = row.try_get("covered")?;
    }
    Ok(())
}

/// Lists the newest windows.
pub(super) async fn windows_add(
    connection: &mut PgConnection,
    streams: &mut [StreamStatus],
) -> StoreResult<()> {
    let listed = i64::try_from(windows_listed(streams.len())).unwrap_or(i64::MAX);
    for row in &sqlx::query(WINDOWS).bind(listed).fetch_all(connection).await? {
        let Some(stream) = named(streams, row)? else { continue };
        let bounds = TimeWindow::from_bounds(row.try_get("window_start")?, row.try_get("window_end")?);
        stream.detail.calendar.windows.extend(bounds.map(|window| window_status(row, window)).transpose()?);
    }
    for stream in streams {
        let calendar = &mut stream.detail.calendar;
        calendar.windows.sort_by_key(|known| known.window);
        calendar.older = (calendar.older - listed).max(0);
    }
    Ok(())
}

fn window_status(row: &PgRow, window: TimeWindow) -> Result<WindowStatus, sqlx::Error> {
    Ok(WindowStatus {
        window,
        state: window_state(row)?,
        rows: row.try_get("rows")?,
        read_at: row.try_get("read_at")?,
    })
}

/// What the ledger's entry says in one word: what is wrong before what is not settled yet.
pub(super) fn window_state(row: &PgRow) -> Result<WindowState, sqlx::Error> {
    let failing = row.try_get::<Option<DateTime<Utc>>, _>("failed_at")?.is_some();
    let verdict: Option<&str> = row.try_get("verdict")?;
    Ok(match (row.try_get::<&str, _>("state")?, verdict) {
        _ if failing => WindowState::Failed,
        ("failed", _) => WindowState::Failed,
        ("open", Some("unverified")) => WindowState::Moving,
        ("open", _) => WindowState::Open,
        (_, Some("unverified")) => WindowState::Unverified,
        _ if !row.try_get::<bool, _>("final")? => WindowState::Provisional,
        (_, Some("stable")) => WindowState::Stable,
        _ => WindowState::Proven,
    })
}
