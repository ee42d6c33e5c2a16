-- Histories cut into months, where that is configured: a history only ever grows at its end, and what is too old goes
-- as whole tables. Fact tables cannot be cut so: their keys hold no instant, and a row's instants change.

create schema partition;
comment on schema partition is 'Months of histories, where database.partitioned is "month". To be read through the histories themselves.';

create function sync.history_partition_add(history regclass, name text, bound text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    part text := format('partition.%I', name);
    key_columns text;
    described record;
begin
    execute format('create table %s (like %s including defaults including comments including storage)', part, history);
    execute format('comment on table %s is %L', part, format('%s, %s.', history, bound));
    -- Each part keeps one row for each version. That no version is in two parts follows from how versions come: by the
    -- one transaction that holds the row and replaces it.
    select string_agg(quote_ident(a.attname), ', ' order by k.ord) into key_columns
    from pg_index i
    cross join unnest(i.indkey) with ordinality as k(attnum, ord)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = regexp_replace(history::text, '_history$', '')::regclass and i.indisprimary;
    execute format('alter table %s add primary key (%s, revision)', part, key_columns);
    return part;
end
$$;
comment on function sync.history_partition_add(regclass, text, text) is 'Makes a table that is to become a partition of a history, with its key and comments; says its name.';

create function sync.history_month_add(history regclass, month date) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    stem text := replace(history::text, '.', '_');
    name text := stem || to_char(month, '_YYYY_MM');
    rest text := format('partition.%I', stem || '_rest');
    starts timestamptz := month::timestamp at time zone 'UTC';
    ends timestamptz := (month + interval '1 month')::timestamp at time zone 'UTC';
    part text;
    lies_there boolean;
begin
    if to_regclass(format('partition.%I', name)) is not null then
        return false;
    end if;
    part := sync.history_partition_add(history, name, 'versions that were replaced in ' || to_char(month, 'YYYY-MM') || ' (UTC)');
    execute format('select exists (select from %s where %L <= valid_to and valid_to < %L)', rest, starts, ends)
        into lies_there;
    if lies_there then
        execute format(
            'with moved as (delete from %s where %L <= valid_to and valid_to < %L returning *) insert into %s select * from moved',
            rest, starts, ends, part);
    end if;
    execute format('alter table %s attach partition %s for values from (%L) to (%L)', history, part, starts, ends);
    return true;
end
$$;
comment on function sync.history_month_add(regclass, date) is 'Adds the partition of one month (UTC) to a history, with the rows of that month that lie in its rest; false where it was there.';

create function sync.history_months_extend(until date) returns integer
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    history regclass;
    first_month date;
    added integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('ccsync partitions'));
    for history in
        select p.partrelid::regclass
        from pg_partitioned_table p
        join pg_class c on c.oid = p.partrelid
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('moor', 'sobot', 'workbench') and c.relname like '%\_history'
            and p.partdefid = to_regclass(format('partition.%I', n.nspname || '_' || c.relname || '_rest'))
        order by 1
    loop
        -- From the newest month on: one that was dropped because it is too old is not made again.
        select date_trunc('month', coalesce(max(to_date(right(c.relname, 7), 'YYYY_MM')) + interval '1 month', until::timestamp))
            into first_month
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = history and c.relname ~ '_[0-9]{4}_[0-9]{2}$';
        select added + count(*) filter (where sync.history_month_add(history, s.month::date)) into added
        from generate_series(first_month::timestamp, until::timestamp, interval '1 month') as s(month);
    end loop;
    return added;
end
$$;
comment on function sync.history_months_extend(date) is 'Adds the months that partitioned histories lack up to the month of a day; says how many.';

create function sync.history_partition(history regclass, today date) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    name text := history::text;
    whole text := replace(history::text, '.', '_') || '_whole';
    old regclass;
    views record;
    indexes text[];
    kept text[] := '{}';
    first_month date;
    command text;
begin
    perform pg_advisory_xact_lock(hashtext('ccsync partitions'));
    if (select relkind from pg_class where oid = history) = 'p' then
        return false;
    end if;
    execute format('lock table %s in access exclusive mode', name);

    -- What is to be the same afterwards, told while everything still has its name.
    select coalesce(array_agg(pg_get_indexdef(indexrelid) order by indexrelid), '{}') into indexes
    from pg_index where indrelid = history and not indisprimary;
    for views in
        select distinct v.oid, v.oid::regclass::text as view, pg_get_viewdef(v.oid) as text, v.reloptions
        from pg_depend d
        join pg_rewrite r on r.oid = d.objid
        join pg_class v on v.oid = r.ev_class and v.relkind = 'v'
        where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = history
        order by v.oid
    loop
        kept := kept || format('create or replace view %s%s as %s', views.view,
            coalesce(' with (' || array_to_string(views.reloptions, ', ') || ')', ''), views.text);
    end loop;
    select kept || coalesce(array_agg(
            format('comment on index %I.%I is %L', n.nspname, c.relname, obj_description(c.oid, 'pg_class'))), '{}')
        into kept
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where i.indrelid = history and not i.indisprimary and obj_description(c.oid, 'pg_class') is not null;
    select kept || coalesce(array_agg(
            format('grant %s on %s to %s%s', a.privilege_type, name,
                case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
                case when a.is_grantable then ' with grant option' else '' end)), '{}')
        into kept
    from pg_class c cross join aclexplode(c.relacl) a
    where c.oid = history and a.grantee <> c.relowner;
    kept := kept || format('comment on table %s is %L', name, obj_description(history, 'pg_class'));

    execute format('alter table %s rename to %I', name, whole);
    old := history;
    execute format('alter table %s set schema partition', old);
    execute format(
        'create table %s (like %s including defaults including comments including storage) partition by range (valid_to)',
        name, old);
    history := name::regclass;
    execute format('alter table %s attach partition %s default', history,
        sync.history_partition_add(history, replace(name, '.', '_') || '_rest', 'versions for which there is no month'));
    execute format('select date_trunc(''month'', min(valid_to) at time zone ''UTC'')::date from %s', old) into first_month;
    -- What is older than ten years lies in the rest: thousands of empty months would cost more than they save.
    perform sync.history_month_add(history, s.month::date)
    from generate_series(
        date_trunc('month', greatest(coalesce(first_month, today), today - interval '10 years')),
        today + interval '2 months', interval '1 month') as s(month);
    execute format('insert into %s select * from %s', history, old);
    foreach command in array kept loop
        continue when command like 'comment on index %';
        execute command;
    end loop;
    execute format('drop table %s', old);
    foreach command in array indexes loop
        execute command;
    end loop;
    foreach command in array kept loop
        continue when command not like 'comment on index %';
        execute command;
    end loop;
    execute format('analyze %s', history);
    return true;
end
$$;
comment on function sync.history_partition(regclass, date) is 'Cuts a history into months, with its rows, indexes, comments, grants and the views that read it; false where it was cut already.';

create function sync.history_months_drop(history regclass, stream_name text, cut timestamptz, by_version boolean) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    part record;
    is_needed boolean;
    dropped bigint := 0;
    rows bigint;
begin
    -- Who reads or writes the history is not made to wait: what is held up today goes another day, or row by row.
    perform set_config('lock_timeout', '200ms', true);
    for part in
        select m.name, ((to_date(right(m.name, 7), 'YYYY_MM') + interval '1 month')::timestamp at time zone 'UTC') as ends
        from (
            select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = history and c.relname ~ '_[0-9]{4}_[0-9]{2}$'
                and c.relnamespace = 'partition'::regnamespace
        ) m
    loop
        continue when cut < part.ends;
        execute format(
            'select exists (select from %s p where not ($1 and exists (
                select from sync.retention r where r.source = p.source and r.stream = $2 and $3 <= r.expired_to)))',
            part.name)
            using by_version, stream_name, part.ends into is_needed;
        continue when is_needed;
        begin
            execute format('select count(*) from %s', part.name) into rows;
            execute format('drop table %s', part.name);
            dropped := dropped + rows;
        exception
            when lock_not_available then null;
        end;
    end loop;
    perform set_config('lock_timeout', '10s', true);
    return dropped;
end
$$;
comment on function sync.history_months_drop(regclass, text, timestamptz, boolean) is 'Drops the months of a history that ended by the cut and hold nothing that is still kept: nothing at all or, where versions expire by the instant they were replaced, only versions that are expired by their source''s sync.retention. Says how many rows went.';

-- Of an index of a partitioned history the months' own are built anew.
create or replace function sync.business_zone_set(zone text) returns void language plpgsql as $$
declare
    index_name text;
begin
    execute format(
        'create or replace function bi.business_zone() returns text language sql immutable parallel safe return %L',
        zone);
    for index_name in
        select i.indexrelid::regclass::text
        from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
        where i.indexprs is not null and pg_catalog.pg_get_indexdef(i.indexrelid) like '%bi.business_%'
        order by 1
    loop
        execute 'reindex index ' || index_name;
    end loop;
end
$$;
