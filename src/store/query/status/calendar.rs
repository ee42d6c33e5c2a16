//! The windows of each stream, one by one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamId;
use crate::report::status::calendar::{Calendar, WINDOWS_LISTED, WindowState, WindowStatus};
use crate::store::fault::StoreResult;

/// The newest windows of all streams, with how many there are and how much of the time up to $1 was read.
const WINDOWS: &str = r#"
select *
from (
    select w.source, w.stream, w.window_start, w.window_end, w.state, w.verdict, w.rows, w.read_at,
        w.failed_at, sync.is_final(w.state, w.verdict, w.read_at, w.final_at) as final,
        count(*) over stream as windows,
        coalesce((sum(extract(epoch from least(w.window_end, $1) - greatest(w.window_start, s.start_at)))
            filter (where w.state <> 'failed') over stream)::bigint, 0) as covered,
        row_number() over (partition by w.source, w.stream order by w.window_start desc) as place
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
    window stream as (partition by w.source, w.stream)
) listed
where place <= $2
order by source, stream, window_start
"#;

/// Calendars by source and stream.
pub(super) type Calendars = BTreeMap<(String, StreamId), Calendar>;

pub(super) async fn calendars_fetch(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> StoreResult<Calendars> {
    let mut calendars = Calendars::new();
    let listed = i64::try_from(WINDOWS_LISTED).unwrap_or(i64::MAX);
    for row in &sqlx::query(WINDOWS).bind(now).bind(listed).fetch_all(connection).await? {
        let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { continue };
        let calendar = calendars.entry((row.try_get("source")?, stream)).or_default();
        calendar.older = (row.try_get::<i64, _>("windows")? - listed).max(0);
        calendar.covered_seconds = row.try_get("covered")?;
        let bounds = TimeWindow::from_bounds(row.try_get("window_start")?, row.try_get("window_end")?);
        calendar.windows.extend(bounds.map(|window| window_status(row, window)).transpose()?);
    }
    Ok(calendars)
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
