//! What alerts look at and people are not shown as a column: the last run, the day's rereads, how old what
//! was quarantined is.

use chrono::{DateTime, Duration, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::domain::proof::certificate::UnverifiedReason;
use crate::domain::proof::window::TimeWindow;
use crate::domain::stream::StreamKey;
use crate::report::alert::{Contradiction, StreamWatch, WholeQuarantine};
use crate::store::fault::StoreResult;

/// Each configured stream. Where no run is left of it, the last read says when it was last begun.
const WATCHES: &str = r#"
with windows as (
    select source, stream, max(last_read_at) as last_read_at,
        ceil(sum(requests)::numeric / nullif(sum(read), 0))::bigint as requests
    from sync.window_sum
    group by source, stream
), quarantined as (
    select source, stream, min(first_seen_at) as since, count(*) filter (where $2 < first_seen_at) as lately
    from sync.quarantine
    where state = 'open'
    group by source, stream
), aside as (
    select source, stream, window_start, window_end, count(*) as records, min(first_seen_at) as since
    from sync.quarantine
    where state = 'open'
    group by source, stream, window_start, window_end
), whole as (
    select distinct on (a.source, a.stream) a.source, a.stream, a.window_start, a.window_end,
        count(*) over mine as scopes, (sum(a.records) over mine)::bigint as records, min(a.since) over mine as since
    from aside a
    cross join lateral (
        select c.quarantined, c.inserted + c.updated + c.unchanged + c.superseded as readable
        from sync.certificate c
        where c.source = a.source and c.stream = a.stream
            and c.window_start is not distinct from a.window_start
            and c.window_end is not distinct from a.window_end
        order by c.committed_at desc, c.id desc
        limit 1
    ) last
    where 0 < last.quarantined and last.readable = 0
    window mine as (partition by a.source, a.stream)
    order by a.source, a.stream, a.window_start
), reads as (
    select source, stream, window_start, window_end, rows, vendor_total, unverified_reason, read_at
    from sync.time_window
    -- The second condition is the index's own.
    where verdict = 'unverified' and not coalesce(verdict in ('proven', 'stable'), false)
    union all
    select source, stream, null, null, rows, vendor_total, unverified_reason, read_at
    from sync.snapshot
    where verdict = 'unverified'
), contradicted as (
    select distinct on (source, stream) *, count(*) over (partition by source, stream) as scopes
    from reads
    where unverified_reason = any($3)
    order by source, stream, window_start
), unsettled as (
    select source, stream, count(*) as windows, min(window_start) as first_at
    from sync.unverified_window
    -- What the vendor's own number contradicts is an alert of its own.
    where 2 <= closed_reads and coalesce(unverified_reason <> all($3), true)
    group by source, stream
)
select s.source, s.stream, s.wanted_since, coalesce(b.last_run_at, w.last_read_at) as last_run_at,
    coalesce(d.requests, 0) as reread_requests_today, coalesce(w.requests, 0) as requests_per_window,
    coalesce(q.lately, 0) as quarantined_lately, q.since as quarantined_since,
    a.scopes as whole_scopes, a.window_start as whole_start, a.window_end as whole_end, a.records as whole_records,
    a.since as whole_since,
    c.scopes, c.window_start, c.window_end, c.rows, c.vendor_total, c.unverified_reason, c.read_at,
    coalesce(u.windows, 0) as windows_unsettled, u.first_at as unsettled_from
from sync.stream s
left join lateral (
    select max(started_at) as last_run_at from sync.run r where r.source = s.source and r.stream = s.stream
) b on true
left join windows w on w.source = s.source and w.stream = s.stream
left join quarantined q on q.source = s.source and q.stream = s.stream
left join whole a on a.source = s.source and a.stream = s.stream
left join contradicted c on c.source = s.source and c.stream = s.stream
left join unsettled u on u.source = s.source and u.stream = s.stream
left join sync.reread_day d
    on d.source = s.source and d.stream = s.stream and d.day = ($1 at time zone s.timezone)::date
"#;

fn contradiction(row: &PgRow) -> Result<Option<Contradiction>, sqlx::Error> {
    let reason = row.try_get::<Option<&str>, _>("unverified_reason")?;
    let Some(reason) = reason.and_then(UnverifiedReason::from_name) else { return Ok(None) };
    let window = TimeWindow::from_bounds(row.try_get("window_start")?, row.try_get("window_end")?);
    let unsigned = |count: i64| count.unsigned_abs();
    Ok(Some(Contradiction {
        scopes: row.try_get("scopes")?,
        scope: scope_name(window),
        window,
        rows: row.try_get("rows").map(unsigned)?,
        vendor_total: row.try_get::<Option<i64>, _>("vendor_total")?.map(unsigned),
        reason,
        read_at: row.try_get("read_at")?,
    }))
}

fn quarantined_whole(row: &PgRow) -> Result<Option<WholeQuarantine>, sqlx::Error> {
    let Some(scopes) = row.try_get("whole_scopes")? else { return Ok(None) };
    let window = TimeWindow::from_bounds(row.try_get("whole_start")?, row.try_get("whole_end")?);
    Ok(Some(WholeQuarantine {
        scopes,
        scope: scope_name(window),
        window,
        records: row.try_get("whole_records")?,
        since: row.try_get("whole_since")?,
    }))
}

fn scope_name(window: Option<TimeWindow>) -> String {
    window.map_or_else(|| "snapshot".to_owned(), |window| window.to_string())
}

/// What is news among the records that were quarantined.
const LATELY: Duration = Duration::days(1);

/// Reads them; what was promised is for the configuration to say.
pub(in crate::store) async fn watches_fetch(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> StoreResult<Vec<(StreamKey, StreamWatch)>> {
    let contradictions: Vec<&str> = UnverifiedReason::ALL
        .into_iter()
        .filter(|reason| reason.contradicts())
        .map(UnverifiedReason::as_str)
        .collect();
    let query = sqlx::query(WATCHES).bind(now).bind(now - LATELY).bind(contradictions);
    let rows = query.fetch_all(connection).await?;
    let mut watches = Vec::with_capacity(rows.len());
    for row in &rows {
        let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { continue };
        let watch = StreamWatch {
            wanted_since: row.try_get("wanted_since")?,
            last_run_at: row.try_get("last_run_at")?,
            reread_requests_today: row.try_get("reread_requests_today")?,
            requests_per_window: row.try_get("requests_per_window")?,
            quarantined_lately: row.try_get("quarantined_lately")?,
            quarantined_since: row.try_get("quarantined_since")?,
            quarantined_whole: quarantined_whole(row)?,
            contradiction: contradiction(row)?,
            windows_unsettled: row.try_get("windows_unsettled")?,
            unsettled_from: row.try_get("unsettled_from")?,
            ..StreamWatch::default()
        };
        watches.push((StreamKey { source: row.try_get("source")?, stream }, watch));
    }
    Ok(watches)
}
