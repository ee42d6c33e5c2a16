-- What is said of a stream follows from all of its windows: ten years of hours are 88,000. They are summed up by month, in
-- the transaction that writes them, so that who asks adds up a hundred and twenty rows.
--
-- Triggers do that, for windows are written in several places and by hand. A block's row is locked before its windows are
-- read, by a statement of its own: whoever writes another window of the month has either committed, and is seen, or waits.
-- So no sum lacks a window, and none is counted twice.

create table sync.window_block (
    source text not null,
    stream text not null,
    month date not null,
    windows bigint not null default 0,
    first_start timestamptz,
    last_start timestamptz,
    first_end timestamptz,
    last_end timestamptz,
    complete bigint not null default 0,
    open bigint not null default 0,
    failed bigint not null default 0,
    proven bigint not null default 0,
    stable bigint not null default 0,
    unverified bigint not null default 0,
    provisional bigint not null default 0,
    final bigint not null default 0,
    moving bigint not null default 0,
    watched bigint not null default 0,
    read bigint not null default 0,
    requests bigint not null default 0,
    last_read_at timestamptz,
    covered_seconds numeric not null default 0,
    failing bigint not null default 0,
    failing_since timestamptz,
    failed_attempts bigint not null default 0,
    failed_at timestamptz,
    failed_start timestamptz,
    failed_end timestamptz,
    failure_kind text,
    failure_message text,
    covered tstzmultirange not null default '{}',
    verified tstzmultirange not null default '{}',
    settled tstzmultirange not null default '{}',
    primary key (source, stream, month)
);
comment on table sync.window_block is 'The windows of sync.time_window that begin in one month, summed up; kept by triggers in the transaction that writes them. sync.window_sum is to be read instead: it stands where tables are distributed too.';
comment on column sync.window_block.source is 'The operator''s name for the vendor account.';
comment on column sync.window_block.stream is 'Name of the stream.';
comment on column sync.window_block.month is 'First day of the UTC month in which the windows begin.';
comment on column sync.window_block.windows is 'Windows.';
comment on column sync.window_block.first_start is 'Where the first of them begins.';
comment on column sync.window_block.last_start is 'Where the last of them begins.';
comment on column sync.window_block.first_end is 'The earliest end of one.';
comment on column sync.window_block.last_end is 'The latest end of one.';
comment on column sync.window_block.complete is 'Windows whose state is complete.';
comment on column sync.window_block.open is 'Windows whose state is open.';
comment on column sync.window_block.failed is 'Windows whose state is failed.';
comment on column sync.window_block.proven is 'Windows whose last committed read is proven.';
comment on column sync.window_block.stable is 'Windows whose last committed read is stable.';
comment on column sync.window_block.unverified is 'Windows whose last committed read is unverified.';
comment on column sync.window_block.provisional is 'Complete windows that are not final.';
comment on column sync.window_block.final is 'Windows that are final.';
comment on column sync.window_block.moving is 'Open windows whose last read is unverified.';
comment on column sync.window_block.watched is 'Complete, verified windows with rows.';
comment on column sync.window_block.read is 'Windows with a committed read.';
comment on column sync.window_block.requests is 'Requests that the last committed reads of these took.';
comment on column sync.window_block.last_read_at is 'When the latest of these reads began.';
comment on column sync.window_block.covered_seconds is 'How long the windows with a committed read are together.';
comment on column sync.window_block.failing is 'Windows with a failure that was not made good.';
comment on column sync.window_block.failing_since is 'First failed attempt that was not made good.';
comment on column sync.window_block.failed_attempts is 'Failed attempts that were not made good.';
comment on column sync.window_block.failed_at is 'The latest of them; of equal ones, that of the latest window. The next four say more of it.';
comment on column sync.window_block.failed_start is 'First instant of its window.';
comment on column sync.window_block.failed_end is 'First instant after its window.';
comment on column sync.window_block.failure_kind is 'Kind of the fault.';
comment on column sync.window_block.failure_message is 'What was said.';
comment on column sync.window_block.covered is 'The time of the windows with a committed read.';
comment on column sync.window_block.verified is 'As in sync.stream_time, of these windows.';
comment on column sync.window_block.settled is 'As in sync.stream_time, of these windows.';

-- The one place that says what a window counts as.
create view sync.window_measure as
select w.source, w.stream, w.window_start, w.window_end,
    (w.state = 'complete')::integer as complete,
    (w.state = 'open')::integer as open,
    (w.state = 'failed')::integer as failed,
    (w.verdict = 'proven')::integer as proven,
    (w.verdict = 'stable')::integer as stable,
    (w.verdict = 'unverified')::integer as unverified,
    (w.state = 'complete' and not sync.is_final(w.state, w.verdict, w.read_at, w.final_at))::integer as provisional,
    sync.is_final(w.state, w.verdict, w.read_at, w.final_at)::integer as final,
    (w.state = 'open' and w.verdict = 'unverified')::integer as moving,
    (w.state = 'complete' and sync.is_verified(w.verdict) and 0 < w.rows)::integer as watched,
    (w.read_at is not null)::integer as read,
    case when w.read_at is not null then w.requests else 0 end as requests,
    w.read_at,
    case when w.state <> 'failed' then extract(epoch from w.window_end - w.window_start) else 0 end as covered_seconds,
    (w.failed_at is not null)::integer as failing,
    coalesce(w.failing_since, w.failed_at) as failing_since,
    case when w.failed_at is not null then w.failed_attempts else 0 end as failed_attempts,
    w.failed_at, w.failure_kind, w.failure_message,
    case when w.state <> 'failed' then tstzrange(w.window_start, w.window_end) end as covered,
    case when w.state <> 'failed' and sync.is_verified(w.verdict) then
        tstzrange(w.window_start, case w.state
            when 'complete' then w.window_end
            else greatest(w.window_start, least(w.complete_to, w.window_end)) end) end as verified,
    case when sync.is_final(w.state, w.verdict, w.read_at, w.final_at) then tstzrange(w.window_start, w.window_end) end
        as settled
from sync.time_window w;
comment on view sync.window_measure is 'What each window of sync.time_window adds to the sums of its block; columns as in sync.window_block.';

create function sync.block_month(window_start timestamptz) returns date
language sql immutable parallel safe
return date_trunc('month', window_start at time zone 'UTC')::date;
comment on function sync.block_month(timestamptz) is 'The block of sync.window_block to which a window belongs: the month in which it begins, in UTC wherever it is asked.';

create function sync.window_blocks_store(of_sources text[], of_streams text[], of_months date[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
declare
    locked bigint;
begin
    -- Everybody locks in the same order. Another transaction may have deleted a block since it was found: then again.
    loop
        insert into sync.window_block (source, stream, month)
        select k.source, k.stream, k.month
        from unnest(of_sources, of_streams, of_months) k(source, stream, month)
        order by k.source, k.stream, k.month
        on conflict do nothing;
        perform from sync.window_block b
        join unnest(of_sources, of_streams, of_months) k(source, stream, month)
            on k.source = b.source and k.stream = b.stream and k.month = b.month
        order by b.source, b.stream, b.month
        for update of b;
        get diagnostics locked = row_count;
        exit when locked = cardinality(of_months);
    end loop;
    -- A new statement sees what whoever held the locks before has committed.
    update sync.window_block b
    set (windows, first_start, last_start, first_end, last_end, complete, open, failed, proven, stable, unverified,
            provisional, final, moving, watched, read, requests, last_read_at, covered_seconds, failing, failing_since,
            failed_attempts, failed_at, failed_start, failed_end, failure_kind, failure_message, covered, verified, settled)
        = (s.windows, s.first_start, s.last_start, s.first_end, s.last_end, s.complete, s.open, s.failed, s.proven, s.stable,
            s.unverified, s.provisional, s.final, s.moving, s.watched, s.read, s.requests, s.last_read_at,
            s.covered_seconds, s.failing, s.failing_since, s.failed_attempts, s.failed_at, s.failed_start, s.failed_end,
            s.failure_kind, s.failure_message, s.covered, s.verified, s.settled)
    from unnest(of_sources, of_streams, of_months) k(source, stream, month)
    cross join lateral (
        select count(*) as windows,
            min(w.window_start) as first_start, max(w.window_start) as last_start,
            min(w.window_end) as first_end, max(w.window_end) as last_end,
            coalesce(sum(w.complete), 0) as complete,
            coalesce(sum(w.open), 0) as open,
            coalesce(sum(w.failed), 0) as failed,
            coalesce(sum(w.proven), 0) as proven,
            coalesce(sum(w.stable), 0) as stable,
            coalesce(sum(w.unverified), 0) as unverified,
            coalesce(sum(w.provisional), 0) as provisional,
            coalesce(sum(w.final), 0) as final,
            coalesce(sum(w.moving), 0) as moving,
            coalesce(sum(w.watched), 0) as watched,
            coalesce(sum(w.read), 0) as read,
            coalesce(sum(w.requests), 0) as requests,
            max(w.read_at) as last_read_at,
            coalesce(sum(w.covered_seconds), 0) as covered_seconds,
            coalesce(sum(w.failing), 0) as failing,
            min(w.failing_since) as failing_since,
            coalesce(sum(w.failed_attempts), 0) as failed_attempts,
            max(w.failed_at) as failed_at,
            (array_agg(w.window_start order by w.failed_at desc, w.window_start desc)
                filter (where w.failed_at is not null))[1] as failed_start,
            (array_agg(w.window_end order by w.failed_at desc, w.window_start desc)
                filter (where w.failed_at is not null))[1] as failed_end,
            (array_agg(w.failure_kind order by w.failed_at desc, w.window_start desc)
                filter (where w.failed_at is not null))[1] as failure_kind,
            (array_agg(w.failure_message order by w.failed_at desc, w.window_start desc)
                filter (where w.failed_at is not null))[1] as failure_message,
            coalesce(range_agg(w.covered), '{}') as covered,
            coalesce(range_agg(w.verified), '{}') as verified,
            coalesce(range_agg(w.settled), '{}') as settled
        from sync.window_measure w
        where w.source = k.source and w.stream = k.stream
            and k.month::timestamp at time zone 'UTC' <= w.window_start
            and w.window_start < (k.month + interval '1 month') at time zone 'UTC'
    ) s
    where b.source = k.source and b.stream = k.stream and b.month = k.month;
    delete from sync.window_block b
    using unnest(of_sources, of_streams, of_months) k(source, stream, month)
    where b.source = k.source and b.stream = k.stream and b.month = k.month and b.windows = 0;
end
$$;
comment on function sync.window_blocks_store(text[], text[], date[]) is 'Sums up these blocks anew from their windows. No block may be named twice.';

-- Named as the functions of sync.days_watch are: what drops those where tables are distributed drops this one's triggers.
create function sync.note_windows() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    sources text[];
    streams text[];
    months date[];
begin
    if tg_op = 'TRUNCATE' then
        delete from sync.window_block;
        return null;
    elsif tg_op = 'INSERT' then
        select array_agg(k.source), array_agg(k.stream), array_agg(k.month) into sources, streams, months
        from (select distinct n.source, n.stream, sync.block_month(n.window_start) as month from new_rows n) k;
    elsif tg_op = 'DELETE' then
        select array_agg(k.source), array_agg(k.stream), array_agg(k.month) into sources, streams, months
        from (select distinct o.source, o.stream, sync.block_month(o.window_start) as month from old_rows o) k;
    else
        select array_agg(k.source), array_agg(k.stream), array_agg(k.month) into sources, streams, months
        from (
            select n.source, n.stream, sync.block_month(n.window_start) as month from new_rows n
            union
            select o.source, o.stream, sync.block_month(o.window_start) from old_rows o
        ) k;
    end if;
    if months is not null then
        perform sync.window_blocks_store(sources, streams, months);
    end if;
    return null;
end
$$;
comment on function sync.note_windows() is 'Sums up the blocks whose windows a statement wrote.';

create function sync.window_blocks_refresh() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    lock table sync.time_window in share row exclusive mode;
    delete from sync.window_block;
    perform sync.window_blocks_store(array_agg(k.source), array_agg(k.stream), array_agg(k.month))
    from (select distinct w.source, w.stream, sync.block_month(w.window_start) as month from sync.time_window w) k
    having 0 < count(*);
end
$$;
comment on function sync.window_blocks_refresh() is 'Sums up all blocks anew. Whoever writes windows waits meanwhile.';

create function sync.window_blocks_watch() returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    wanted record;
    was_lacking boolean := false;
begin
    if not sync.days_stored() then
        return false;
    end if;
    for wanted in
        select format('create trigger %s after %s on sync.time_window %s for each statement execute function sync.note_windows()',
            t.name, t.event, t.referencing) as command
        from (values
            ('note_inserted', 'insert', 'referencing new table as new_rows'),
            ('note_updated', 'update', 'referencing old table as old_rows new table as new_rows'),
            ('note_deleted', 'delete', 'referencing old table as old_rows'),
            ('note_truncated', 'truncate', '')
        ) t (name, event, referencing)
        where not exists (
            select from pg_trigger g
            where g.tgrelid = 'sync.time_window'::regclass and g.tgname = t.name and not g.tgisinternal)
    loop
        execute wanted.command;
        was_lacking := true;
    end loop;
    if was_lacking then
        perform sync.window_blocks_refresh();
    end if;
    return was_lacking;
end
$$;
comment on function sync.window_blocks_watch() is 'Makes the triggers that keep sync.window_block where they are lacking, and sums up all blocks then; says whether one was lacking.';

select sync.window_blocks_watch();
analyze sync.window_block;

-- Windows that no read has verified are few, and two alerts look for them.
create index time_window_unverified on sync.time_window (source, stream, window_start)
    where not coalesce(verdict in ('proven', 'stable'), false);
comment on index sync.time_window_unverified is 'For sync.unverified_window; the condition is what sync.is_verified comes to.';

create view sync.window_sum as
select b.source, b.stream, b.windows, b.first_start, b.last_start, b.first_end, b.last_end, b.complete, b.open, b.failed,
    b.proven, b.stable, b.unverified, b.provisional, b.final, b.moving, b.watched, b.read, b.requests, b.last_read_at,
    b.covered_seconds, b.failing, b.failing_since, b.failed_attempts, b.failed_at, b.failed_start, b.failed_end,
    b.failure_kind, b.failure_message, b.covered, b.verified, b.settled
from sync.window_block b
where sync.days_stored()
union all
select w.source, w.stream, 1, w.window_start, w.window_start, w.window_end, w.window_end, w.complete, w.open, w.failed,
    w.proven, w.stable, w.unverified, w.provisional, w.final, w.moving, w.watched, w.read, w.requests, w.read_at,
    w.covered_seconds, w.failing, w.failing_since, w.failed_attempts, w.failed_at, w.window_start, w.window_end,
    w.failure_kind, w.failure_message, coalesce(tstzmultirange(w.covered), '{}'), coalesce(tstzmultirange(w.verified), '{}'),
    coalesce(tstzmultirange(w.settled), '{}')
from sync.window_measure w
where not sync.days_stored();
comment on view sync.window_sum is 'The windows of each stream in parts that add up: months where sums are stored, else each window alone. Columns as in sync.window_block.';

-- A window counts if it ends after the first instant wanted. Of a part that this instant cuts, the windows are looked at.
create view sync.counted_window as
with wanted as not materialized (
    -- greatest() passes over nulls.
    select s.source, s.stream, s.start_at, greatest(s.start_at, r.expired_to) as wanted_from
    from sync.stream s
    left join sync.retention r on r.source = s.source and r.stream = s.stream
)
select b.*, true as wanted
from sync.window_sum b
join wanted s on s.source = b.source and s.stream = b.stream
where s.wanted_from is null or s.wanted_from < b.first_end
union all
select w.source, w.stream, 1, w.window_start, w.window_start, w.window_end, w.window_end, w.complete, w.open, w.failed,
    w.proven, w.stable, w.unverified, w.provisional, w.final, w.moving, w.watched, w.read, w.requests, w.read_at,
    w.covered_seconds, w.failing, w.failing_since, w.failed_attempts, w.failed_at, w.window_start, w.window_end,
    w.failure_kind, w.failure_message, coalesce(tstzmultirange(w.covered), '{}'), coalesce(tstzmultirange(w.verified), '{}'),
    coalesce(tstzmultirange(w.settled), '{}'), s.wanted_from < w.window_end
from sync.window_sum b
join wanted s on s.source = b.source and s.stream = b.stream
cross join lateral (
    select * from sync.window_measure w
    where w.source = b.source and w.stream = b.stream and w.window_start between b.first_start and b.last_start
    -- Kept apart, it is asked of one block at a time, by the index.
    offset 0
) w
where b.first_end <= s.wanted_from and (s.start_at is null or s.start_at < b.last_end)
    and (s.start_at is null or s.start_at < w.window_end);
comment on view sync.counted_window is 'The parts of sync.window_sum as far as their windows end after start_at of sync.stream. Columns as in sync.window_block.';
comment on column sync.counted_window.wanted is 'Whether they end after what was removed since because its time was over, too.';

-- Their columns mean what those of the table mean.
do $comments$
declare
    lacking record;
begin
    for lacking in
        select v.oid::regclass::text as view, a.attname as name, coalesce(
            col_description('sync.window_block'::regclass, b.attnum),
            case a.attname
                when 'window_start' then 'First instant inside.'
                when 'window_end' then 'First instant after.'
                when 'read_at' then 'When its last committed read began.'
            end) as said
        from pg_class v
        join pg_attribute a on a.attrelid = v.oid and 0 < a.attnum
        left join pg_attribute b on b.attrelid = 'sync.window_block'::regclass and b.attname = a.attname
        where v.oid in ('sync.window_measure'::regclass, 'sync.window_sum'::regclass, 'sync.counted_window'::regclass)
            and a.attname <> 'wanted'
    loop
        execute format('comment on column %s.%I is %L', lacking.view, lacking.name, lacking.said);
    end loop;
end
$comments$;

create or replace view sync.stream_time as
select distinct on (k.source, k.stream)
    k.source,
    k.stream,
    k.wanted_from,
    k.reach,
    k.covered,
    k.verified,
    k.settled,
    (select upper(r) from unnest(k.verified) r where r @> k.wanted_from) as complete_to,
    (select nullif(greatest(upper(r) - k.reach, k.wanted_from), k.wanted_from)
        from unnest(k.settled) r where r @> k.wanted_from) as final_to,
    bi.business_day(k.first_start - k.seen) as first_day,
    bi.business_day(k.last_end - interval '1 microsecond') as last_day,
    sync.whole_days(k.covered, interval '0') as covered_days,
    sync.whole_days(k.settled, k.reach) as final_days
from (
    select l.*,
        coalesce(greatest(s.start_at, r.expired_to), l.first_start) as wanted_from,
        case when 14 <= l.watched then least(coalesce(f.reach, interval '0'), coalesce(s.lookback, interval '744 hours'))
            else coalesce(s.lookback, interval '744 hours') end as reach,
        least(coalesce(f.reach, interval '0'), coalesce(s.lookback, interval '744 hours')) as seen
    from (
        -- PostgreSQL 14 adds up ranges, and no multiranges.
        select n.source, n.stream, n.first_start, n.last_end, n.watched,
            coalesce((select range_agg(r) from unnest(n.covered) part cross join unnest(part) r), '{}') as covered,
            coalesce((select range_agg(r) from unnest(n.verified) part cross join unnest(part) r), '{}') as verified,
            coalesce((select range_agg(r) from unnest(n.settled) part cross join unnest(part) r), '{}') as settled
        from (
            select b.source, b.stream, min(b.first_start) as first_start, max(b.last_end) as last_end,
                sum(b.watched) as watched, array_agg(b.covered) as covered, array_agg(b.verified) as verified,
                array_agg(b.settled) as settled
            from sync.window_sum b
            group by b.source, b.stream
        ) n
    ) l
    left join sync.stream s on s.source = l.source and s.stream = l.stream
    left join sync.retention r on r.source = l.source and r.stream = l.stream
    left join sync.finality f on f.source = l.source and f.stream = l.stream
) k
order by k.source, k.stream;

do $narrowed$
begin
    execute sync.without_retired($query$
create or replace view bi.freshness as
with wanted as not materialized (
    -- greatest() passes over nulls.
    select s.*, greatest(s.start_at, r.expired_to) as wanted_from
    from sync.stream s
    left join sync.retention r on r.source = s.source and r.stream = s.stream
), reads as not materialized (
    -- Windows before the first instant wanted are not asked for any more: their failures say nothing.
    select source, stream, failed_start as window_start, complete, open, failed, unverified, provisional, final, moving,
        last_read_at, failing, failing_since, failed_at, failure_message, null::timestamptz as complete_to
    from sync.counted_window
    where wanted
    union all
    select source, stream, null, (state = 'complete')::integer, (state = 'open')::integer, (state = 'failed')::integer,
        (verdict = 'unverified')::integer, 0, 0, (state = 'open' and verdict = 'unverified')::integer,
        read_at, (failed_at is not null)::integer, coalesce(failing_since, failed_at), failed_at, failure_message,
        complete_to
    from sync.snapshot
), tally as (
    select
        source,
        stream,
        max(last_read_at) as last_read_at,
        max(complete_to) as complete_to,
        sum(complete)::bigint as windows_complete,
        sum(open)::bigint as windows_open,
        sum(failed)::bigint as windows_failed,
        sum(unverified)::bigint as windows_unverified,
        sum(provisional)::bigint as windows_provisional,
        sum(final)::bigint as windows_final,
        sum(moving)::bigint as windows_moving,
        0 < sum(failing) as failing,
        min(failing_since) as failing_since
    from reads
    group by source, stream
), failure as (
    -- Apart from the sums, it is asked of the few parts that have one.
    select distinct on (source, stream) source, stream, failure_message
    from reads
    where failed_at is not null
    order by source, stream, failed_at desc, window_start desc
), live as (
    select source, stream, sum(live)::bigint as live from sync.row_count group by source, stream
), quarantined as (
    select source, stream, count(*) as records from sync.quarantine where state = 'open' group by source, stream
), feed as (
    -- A feed is heard up to where its last agent is; its messages stand for its reads.
    select f.source, min(f.seen_to) filter (where f.configured) as seen_to, max(f.last_message_at) as last_message_at,
        bool_and(f.seen_to is not null) filter (where f.configured) as all_heard
    from sync.feed_session f
    group by f.source
)
select
    s.source,
    s.stream,
    s.kind,
    s.wanted_from as complete_from,
    case s.kind
        when 'snapshot' then t.complete_to
        when 'feed' then case when f.all_heard then f.seen_to end
        else c.complete_to
    end as complete_to,
    coalesce(l.live, 0) as rows,
    case when s.kind = 'feed' then f.last_message_at else t.last_read_at end as last_read_at,
    coalesce(t.windows_complete, 0) as windows_complete,
    coalesce(t.windows_open, 0) as windows_open,
    coalesce(t.windows_failed, 0) as windows_failed,
    coalesce(t.failing, false) as failing,
    x.failure_message,
    coalesce(t.windows_unverified, 0) as windows_unverified,
    coalesce(t.windows_provisional, 0) as windows_provisional,
    c.final_to,
    coalesce(t.windows_final, 0) as windows_final,
    coalesce(t.windows_moving, 0) as windows_moving,
    coalesce(n.changed_after_final, 0) as changed_after_final,
    c.reach,
    not s.enabled as paused,
    case when s.kind = 'feed' then (select count(*) from workbench.feed_gap g where g.source = s.source) end as gaps,
    coalesce(q.records, 0) as quarantined,
    t.failing_since
from wanted s
left join sync.stream_time c on c.source = s.source and c.stream = s.stream
left join tally t on t.source = s.source and t.stream = s.stream
left join failure x on x.source = s.source and x.stream = s.stream
left join live l on l.source = s.source and l.stream = s.stream
left join quarantined q on q.source = s.source and q.stream = s.stream
left join sync.finality n on n.source = s.source and n.stream = s.stream
left join feed f on f.source = s.source and s.kind = 'feed'
$query$);
end
$narrowed$;
