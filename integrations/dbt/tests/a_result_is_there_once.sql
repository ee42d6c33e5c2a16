select source, channel, contact_id, scheme_id, agent_id
from {{ source('bi', 'quality_result') }}
group by source, channel, contact_id, scheme_id, agent_id
having count(*) <> 1
