select source, stream, failure_message
from {{ source('bi', 'freshness') }}
where complete_to is null
