-- Which vendor account stands behind the name of each source, so that one account is never counted under two names and
-- two accounts never under one.

create sequence sync.source_generation as bigint;
comment on sequence sync.source_generation is 'Numbers for sync.source.generation.';

create table sync.source (
    name text primary key,
    kind text not null,
    account text,
    host text,
    erasure_name text not null,
    generation bigint not null default nextval('sync.source_generation'),
    first_seen_at timestamptz not null default clock_timestamp(),
    changed_at timestamptz not null default clock_timestamp(),
    retired_at timestamptz,
    retired_by text,
    pending text check (pending in ('rename', 'purge')),
    pending_name text,
    pending_since timestamptz,
    pending_by text,
    check ((account is null) = (host is null)),
    check ((retired_at is null) = (retired_by is null)),
    check ((pending is null) = (pending_since is null) and (pending is null) = (pending_by is null)),
    check ((pending_name is not null) = (pending is not distinct from 'rename'))
);
create unique index source_account on sync.source (kind, account) where account <> '';
create unique index source_host on sync.source (kind, host) where account = '';
create unique index source_erasure_name on sync.source (erasure_name);
comment on index sync.source_account is 'One account has one name.';
comment on index sync.source_host is 'One host has one name, where a vendor knows no accounts.';
comment on index sync.source_erasure_name is 'Digests of one source are not mistaken for those of another.';
comment on table sync.source is 'Each source that rows were read for, and the vendor account that it is: kind and account id, where the vendor knows no account ids the host. No keys and tokens. Changed by ccsync source alone.';
comment on column sync.source.name is 'The operator''s name for the vendor account.';
comment on column sync.source.kind is 'sobot, moor or workbench.';
comment on column sync.source.account is 'Account id: Sobot''s app_id, 7moor''s account_id; empty where the vendor knows none. Null until a configured source of this name is met: the rows are older than this table.';
comment on column sync.source.host is 'Host, and port where it is not the usual one, that the account was last read from; of this machine without the port where there is an account id. Null where account is.';
comment on column sync.source.erasure_name is 'The name under which digests of forgotten persons are made for this source; it stays when the source is renamed.';
comment on column sync.source.generation is 'Changes whenever the name gets another meaning: renamed, moved, retired, purged. A worker that was started under another generation gets no lease.';
comment on column sync.source.first_seen_at is 'When the source was first met.';
comment on column sync.source.changed_at is 'When the entry changed last.';
comment on column sync.source.retired_at is 'When the source was retired: its rows are no longer part of schema bi. Null while they are.';
comment on column sync.source.retired_by is 'The operating system''s user who gave the command.';
comment on column sync.source.pending is 'rename or purge while that is under way or was interrupted; meanwhile nobody reads the source. Null otherwise.';
comment on column sync.source.pending_name is 'The new name, of a rename.';
comment on column sync.source.pending_since is 'When it was begun.';
comment on column sync.source.pending_by is 'The operating system''s user who gave the command.';

-- Every commit left an entry in one of these.
insert into sync.source (name, kind, erasure_name)
select distinct on (r.source) r.source, split_part(r.stream, '.', 1), r.source
from (
    select source, stream, read_at as at from sync.time_window
    union all
    select source, stream, read_at from sync.snapshot
    union all
    select source, 'workbench.', seen_to from sync.feed_session
) r
where r.at is not null
order by r.source, r.at desc;

-- Replaced by sync.retired_apply. The planner puts its body in place of a call: while no source is retired, nothing of it
-- is left in a plan.
create function sync.is_retired(source text) returns boolean language sql immutable parallel safe return false;
comment on function sync.is_retired(text) is 'Whether the source is retired, or being purged, so that its rows are no part of schema bi.';

create function sync.retired_apply() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    names text;
begin
    perform pg_advisory_xact_lock(hashtext('ccsync retired'));
    select string_agg(quote_literal(h.name), ', ' order by h.name) into names
    from (
        select s.name from sync.source s where s.retired_at is not null or s.pending = 'purge'
        union
        select s.pending_name from sync.source s where s.retired_at is not null and s.pending = 'rename'
    ) h;
    execute format(
        'create or replace function sync.is_retired(source text) returns boolean language sql immutable parallel safe return %s',
        coalesce('source in (' || names || ')', 'false'));
end
$$;
comment on function sync.retired_apply() is 'Makes sync.is_retired say what sync.source says.';

-- A query's text with each vendor table narrowed to the rows of sources that are not retired.
create function sync.without_retired(query text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
    tables constant text := '\m((?:(?:sobot|moor|workbench)\.[a-z_]+|sync\.feed_session))';
    keyword constant text := '(?:as|where|on|using|join|left|right|full|cross|inner|natural|union|group|order|limit|for|window|having|offset|intersect|except|tablesample)\M';
    narrowed constant text := '(select * from \1 where not sync.is_retired(source))';
begin
    query := regexp_replace(query, '(\m(?:from|join)\s+\(*)' || tables || '\M(?=\s+(?!' || keyword || ')[a-z_])',
        '\1' || replace(narrowed, '\1', '\2'), 'gi');
    return regexp_replace(query, '(\m(?:from|join)\s+\(*)((?:(?:sobot|moor|workbench)\.|sync\.(?=feed_session\M))([a-z_]+))\M(?!\s+where not sync\.is_retired)',
        '\1' || replace(narrowed, '\1', '\2') || ' \3', 'gi');
end
$$;
comment on function sync.without_retired(text) is 'A query''s text in which each vendor table is narrowed to the rows of sources that are not retired.';

do $$
declare
    relation record;
begin
    for relation in
        select distinct v.oid, format('%I.%I', n.nspname, v.relname) as name, pg_get_viewdef(v.oid) as query, v.reloptions
        from pg_rewrite r
        join pg_class v on v.oid = r.ev_class and v.relkind = 'v'
        join pg_namespace n on n.oid = v.relnamespace and n.nspname in ('bi', 'sync')
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
        join pg_class t on t.oid = d.refobjid and t.relkind in ('r', 'p')
        join pg_namespace tn on tn.oid = t.relnamespace and (tn.nspname in ('sobot', 'moor', 'workbench')
            or tn.nspname = 'sync' and t.relname = 'feed_session')
        order by v.oid
    loop
        execute format('create or replace view %s%s as %s', relation.name,
            coalesce(' with (' || array_to_string(relation.reloptions, ', ') || ')', ''),
            sync.without_retired(relation.query));
    end loop;
    -- They say of each source and day how far it is read, by the ledger alone.
    for relation in
        select v.oid, v.oid::regclass::text as name, rtrim(pg_get_viewdef(v.oid), ';') as query
        from unnest(array['bi.day_state', 'bi.week_state', 'bi.month_state']) named(name)
        join pg_class v on v.oid = named.name::regclass
        order by v.oid
    loop
        execute format('create or replace view %s as select * from (%s) stated where not sync.is_retired(source)',
            relation.name, relation.query);
    end loop;
    for relation in
        select p.oid, pg_get_functiondef(p.oid) as query
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('bi', 'sync') and p.prokind = 'f' and p.proretset
            and p.prosrc ~ '\m(from|join)\s+\(*((sobot|moor|workbench)\.|sync\.feed_session)'
        order by p.oid
    loop
        execute sync.without_retired(relation.query);
    end loop;
end
$$;
