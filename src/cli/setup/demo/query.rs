//! What the demo asks the database, to show what an analyst gets.

/// Question and SQL; every column comes as text.
pub(super) const EXAMPLES: [(&str, &str); 3] = [
    (
        "Which agents had the best calls of a month, of those inspected at least ten times?",
        r#"
select q.source, q.agent_id, q.agent_name, q.month::text, q.results::text, round(q.score_mean, 1)::text as score_mean, q.state
from bi.agent_quality_monthly q
where q.channel = 'call' and 10 <= q.results
order by q.score_mean desc nulls last, q.source, q.agent_id
limit 5
"#,
    ),
    (
        "Which skill groups need help?",
        r#"
select moor_source, exten, skill_group, sum(results)::text as results,
    round(sum(score_sum) / nullif(sum(scored), 0), 1)::text as score_mean,
    (count(distinct day) filter (where state <> 'final'))::text as days_not_final
from bi.queue_quality_daily
where exten is not null
group by moor_source, exten, skill_group
order by sum(score_sum) / nullif(sum(scored), 0), moor_source, exten
limit 5
"#,
    ),
    (
        "Is it complete, and up to when?",
        r#"
select source, stream, to_char(bi.business_time(complete_to), 'YYYY-MM-DD HH24:MI') as complete_to,
    bi.business_zone() as zone, rows::text as rows, windows_unverified::text as windows_unverified
from bi.freshness
order by source, stream
"#,
    ),
];
