select source, month, channel, agent_id
from {{ ref('agent_scorecard') }}
group by source, month, channel, agent_id
having count(*) <> 1
