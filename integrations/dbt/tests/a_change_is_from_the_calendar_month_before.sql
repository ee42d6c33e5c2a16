select scorecard.source, scorecard.month, scorecard.channel, scorecard.agent_id
from {{ ref('agent_scorecard') }} scorecard
left join {{ source('bi', 'agent_quality_monthly') }} now using (source, month, channel, agent_id)
left join {{ source('bi', 'agent_quality_monthly') }} before
    on before.source = scorecard.source and before.channel = scorecard.channel and before.agent_id = scorecard.agent_id
    and before.month = scorecard.month - interval '1 month'
where scorecard.month is not null
    and scorecard.change_from_last_month is distinct from round(now.score_mean - before.score_mean, 2)
