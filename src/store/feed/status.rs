//! What is told of feeds.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row as _};

use crate::report::status::{FeedAgentStatus, FeedStatus};
use crate::store::fault::StoreResult;

/// Each configured feed that is not paused, with its configured agents. A gap counts for the business day that it touches.
const AGENTS: &str = r#"
with feed as (
    select s.source, s.stream, s.wanted_since,
        date_trunc('day', $1 at time zone s.timezone) at time zone s.timezone as today
    from sync.stream s
    where s.kind = 'feed' and s.enabled
), gaps as (
    select g.source, g.extno, count(*) as gaps,
        sum(extract(epoch from least(coalesce(g.until, $1), $1) - greatest(g.since, f.today)))::bigint as seconds
    from workbench.feed_gap g
    join feed f on f.source = g.source
    where (g.until is null or f.today < g.until) and g.since < $1
    group by g.source, g.extno
), quarantined as (
    select source, stream, count(*) as quarantined
    from sync.quarantine
    where state = 'open'
    group by source, stream
)
select f.source, f.stream, f.wanted_since, a.extno, a.seen_to, a.last_message_at, a.gap_reason, a.failing_since, a.failure_kind,
    case when a.stay_since is not null then a.opened_at end as connected_since,
    coalesce(g.gaps, 0) as gaps, coalesce(g.seconds, 0) as seconds, coalesce(q.quarantined, 0) as quarantined
from feed f
left join sync.feed_session a on a.source = f.source and a.configured
left join gaps g on g.source = f.source and g.extno = a.extno
left join quarantined q on q.source = f.source and q.stream = f.stream
order by f.source, f.stream, a.extno
"#;

/// Reads them, by source.
pub(in crate::store) async fn feeds_fetch(
    connection: &mut PgConnection,
    now: chrono::DateTime<chrono::Utc>,
) -> StoreResult<Vec<FeedStatus>> {
    let mut feeds: BTreeMap<String, FeedStatus> = BTreeMap::new();
    for row in &sqlx::query(AGENTS).bind(now).fetch_all(connection).await? {
        let Ok(stream) = row.try_get::<&str, _>("stream")?.parse() else { continue };
        let source: String = row.try_get("source")?;
        let quarantined = row.try_get("quarantined")?;
        let wanted_since = row.try_get("wanted_since")?;
        let feed = feeds.entry(source.clone()).or_insert_with(|| FeedStatus {
            source,
            stream,
            wanted_since,
            last_message_at: None,
            quarantined,
            agents: Vec::new(),
        });
        let Some(extno) = row.try_get::<Option<String>, _>("extno")? else { continue };
        let last_message_at = row.try_get("last_message_at")?;
        feed.last_message_at = feed.last_message_at.max(last_message_at);
        feed.agents.push(FeedAgentStatus {
            extno,
            connected_since: row.try_get("connected_since")?,
            seen_to: row.try_get("seen_to")?,
            last_message_at,
            gap_reason: row.try_get("gap_reason")?,
            failing_since: row.try_get("failing_since")?,
            failure_kind: row.try_get("failure_kind")?,
            gaps_today: row.try_get("gaps")?,
            gap_seconds_today: row.try_get("seconds")?,
        });
    }
    Ok(feeds.into_values().collect())
}
