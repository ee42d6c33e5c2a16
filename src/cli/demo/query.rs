//! What the demo asks the database, to show what an analyst gets.

/// Question and SQL; every column comes as text.
pub(super) const EXAMPLES: [(&str, &str); 3] = [
    (
        "Which agents had the best calls of a month, of those inspected at least ten times?",
        r#"
select q.agent_name, q.month::text, q.results::text, round(q.score_mean, 1)::text as score_mean, q.state
from bi.agent_quality_monthly q
where q.channel = 'call' and 10 <= q.results
order by q.score_mean desc, q.agent_name
limit 5
"#,
    ),
    (
        "Which skill groups need help?",
        r#"
select skill_group, sum(results)::text as results, round(sum(score_sum) / sum(scored), 1)::text as score_mean
from bi.queue_quality_daily
where exten is not null
group by skill_group
order by sum(score_sum) / sum(scored), skill_group
limit 5
"#,
    ),
    (
        "Is it complete, and up to when?",
        r#"
select stream, to_char(complete_to at time zone 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') as complete_to_beijing,
    rows::text as rows
from bi.freshness
order by stream
"#,
    ),
];
