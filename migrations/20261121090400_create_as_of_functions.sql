-- The tables as they were known at an instant: last month's report can be made again to the digit.

create function sync.define_as_of(fact regclass) returns void
language plpgsql
as $define$
declare
    stem text := fact::text;
    columns text;
begin
    select string_agg(quote_ident(attname), ', ' order by attnum) into columns
    from pg_catalog.pg_attribute
    where attrelid = fact and attnum > 0 and not attisdropped;
    -- One plain query, neither strict nor volatile: the planner puts it in the place of the call, and a
    -- condition on the key reaches the indexes. The columns are named, because a history has more.
    execute format(
        'create or replace function %1$s_as_of(known_at timestamptz) returns setof %1$s '
        'language sql stable parallel safe as $query$ '
        'select %2$s from %1$s where changed_at <= $1 '
        'union all '
        'select %2$s from %1$s_history where valid_from <= $1 and $1 < valid_to $query$',
        stem, columns);
    execute format('comment on function %s_as_of(timestamptz) is %L', stem,
        stem || ' as ccsync knew it at an instant: the versions that were current then, rows marked deleted '
        'by then included (deleted_at is not null), rows seen later left out. window_start and window_end '
        'are those of the version''s last home.');
end
$define$;
comment on function sync.define_as_of(regclass) is 'Defines <table>_as_of(timestamptz) for a fact table. A migration that adds a column to the table and its history calls it again.';

select sync.define_as_of(fact::regclass)
from unnest(array[
    'sobot.call_result', 'sobot.chat_result', 'moor.queue', 'moor.queue_member', 'moor.agent_claim_status'
]) as fact;
