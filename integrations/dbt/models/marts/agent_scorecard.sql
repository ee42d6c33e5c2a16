-- One row for each agent, month and channel: how good, how that compares with the colleagues, and whether it may
-- still change.

with quality as (
    select * from {{ source('bi', 'agent_quality_monthly') }}
)

select
    source,
    month,
    channel,
    agent_id,
    agent_name,
    results,
    round(score_mean, 2) as score_mean,
    round(score_share, 4) as score_share,
    rank() over colleagues as rank_in_channel,
    count(*) over (partition by source, month, channel) as agents_in_channel,
    round(score_mean - sum(score_sum) over everybody / nullif(sum(scored) over everybody, 0), 2) as above_mean,
    -- The month before, and not the row before: an agent may have had no results. Rows without a month have none before.
    case when month is not null then round(score_mean - max(score_mean) over last_month, 2) end as change_from_last_month,
    late_share,
    state
from quality
window
    everybody as (partition by source, month, channel),
    colleagues as (partition by source, month, channel order by score_mean desc nulls last),
    last_month as (
        partition by source, channel, agent_id order by month
        range between interval '1 month' preceding and interval '1 month' preceding
    )
