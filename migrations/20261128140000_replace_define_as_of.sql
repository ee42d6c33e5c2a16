-- A table of facts may have columns that an operator added. Its function of past rows then lists them too, and where
-- the history has no such column, null stands for it: a function that returns rows of a table returns all its columns.

create or replace function sync.define_as_of(fact regclass) returns void
language plpgsql
as $define$
declare
    stem text := fact::text;
    columns text;
    past_columns text;
begin
    select string_agg(quote_ident(f.attname), ', ' order by f.attnum),
        string_agg(
            case when h.attnum is null then format('null::%s', format_type(f.atttypid, f.atttypmod))
                else quote_ident(f.attname) end,
            ', ' order by f.attnum)
    into columns, past_columns
    from pg_catalog.pg_attribute f
    left join pg_catalog.pg_attribute h on h.attrelid = (stem || '_history')::regclass
        and h.attname = f.attname and h.attnum > 0 and not h.attisdropped
    where f.attrelid = fact and f.attnum > 0 and not f.attisdropped;
    -- One plain query, neither strict nor volatile: the planner puts it in the place of the call, and a
    -- condition on the key reaches the indexes. The columns are named, because a history has more.
    execute format(
        'create or replace function %1$s_as_of(known_at timestamptz) returns setof %1$s '
        'language sql stable parallel safe as $query$ '
        'select %2$s from %1$s where changed_at <= $1 '
        'union all '
        'select %3$s from %1$s_history where valid_from <= $1 and $1 < valid_to $query$',
        stem, columns, past_columns);
    execute format('comment on function %s_as_of(timestamptz) is %L', stem,
        stem || ' as ccsync knew it at an instant: the versions that were current then, rows marked deleted '
        'by then included (deleted_at is not null), rows seen later left out. window_start and window_end '
        'are those of the version''s last home.');
end
$define$;
