//! What alerts look at and people are not shown as a column: the last run, the day's second looks, how old what
//! was set aside is.

use chrono::{DateTime, Duration, Utc};
use sqlx::{PgConnection, Row as _};

use crate::domain::alert::StreamWatch;
use crate::domain::stream::StreamKey;
use crate::store::fault::Done;

/// Each configured stream. Runs have no index by stream: among the latest twenty thousand there is one, or the last
/// read has to say when it was last begun.
const WATCHES: &str = r#"
with begun as (
    select source, stream, max(started_at) as last_run_at
    from sync.run
    where id > (select coalesce(max(id), 0) from sync.run) - 20000
    group by source, stream
), windows as (
    select source, stream, max(read_at) as last_read_at, ceil(avg(requests))::bigint as requests
    from sync.time_window
    where read_at is not null
    group by source, stream
), quarantined as (
    select source, stream, min(first_seen_at) as since, count(*) filter (where $2 < first_seen_at) as lately
    from sync.quarantine
    where state = 'open'
    group by source, stream
)
select s.source, s.stream, coalesce(b.last_run_at, w.last_read_at) as last_run_at,
    coalesce(d.requests, 0) as reread_requests_today, coalesce(w.requests, 0) as requests_per_window,
    coalesce(q.lately, 0) as quarantined_lately, q.since as quarantined_since
from sync.stream s
left join begun b on b.source = s.source and b.stream = s.stream
left join windows w on w.source = s.source and w.stream = s.stream
left join quarantined q on q.source = s.source and q.stream = s.stream
left join sync.reread_day d
    on d.source = s.source and d.stream = s.stream and d.day = ($1 at time zone s.timezone)::date
"#;

/// What is news among the records that were set aside.
const LATELY: Duration = Duration::days(1);

/// Reads them; what was promised is for the configuration to say.
pub(super) async fn watches_fetch(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Done<Vec<(StreamKey, StreamWatch)>> {
    let rows = sqlx::query(WATCHES).bind(now).bind(now - LATELY).fetch_all(connection).await?;
    let mut watches = Vec::with_capacity(rows.len());
    for row in &rows {
        let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { continue };
        let watch = StreamWatch {
            last_run_at: row.try_get("last_run_at")?,
            reread_requests_today: row.try_get("reread_requests_today")?,
            requests_per_window: row.try_get("requests_per_window")?,
            quarantined_lately: row.try_get("quarantined_lately")?,
            quarantined_since: row.try_get("quarantined_since")?,
            ..StreamWatch::default()
        };
        watches.push((StreamKey { source: row.try_get("source")?, stream }, watch));
    }
    Ok(watches)
}
