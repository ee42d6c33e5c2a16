//! What the demo asks the database, to show what an analyst gets.

/// Question and SQL; every column comes as text.
pub(super) const EXAMPLES: [(&str, &str); 3] = [
    (
        "Which agents had the best calls, of those inspected at least ten times?",
        r#"
select agent_name, count(*)::text as calls, round(avg(total_score), 1)::text as avg_score
from sobot.call_result
where deleted_at is null
group by source, agentid, agent_name
having count(*) >= 10
order by avg(total_score) desc, agent_name
limit 5
"#,
    ),
    (
        "How many skill groups does each assignment rule have, and how many members?",
        r#"
select q.assign_rule, count(distinct q.exten)::text as groups, count(m.agent_number)::text as members
from moor.queue q
left join moor.queue_member m
    on m.source = q.source and m.exten = q.exten and m.deleted_at is null
where q.deleted_at is null
group by q.assign_rule
order by count(distinct q.exten) desc, q.assign_rule
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
