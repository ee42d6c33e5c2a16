select scorecard.results, quality.results
from (select coalesce(sum(results), 0) as results from {{ ref('agent_scorecard') }}) scorecard
cross join (select count(*) as results from {{ source('bi', 'quality_result') }}) quality
where scorecard.results <> quality.results
