{{ config(severity='warn') }}
select source, stream, failure_message
from {{ source('bi', 'freshness') }}
where failing
