select scorecard.source, scorecard.channel, scorecard.agent_id, scorecard.results, quality.results
from (select source, channel, agent_id, results from {{ ref('agent_scorecard') }} where month is null) scorecard
full join (
    select source, channel, agent_id, count(*) as results
    from {{ source('bi', 'quality_result') }}
    where month is null
    group by source, channel, agent_id
) quality using (source, channel, agent_id)
where scorecard.results is distinct from quality.results
