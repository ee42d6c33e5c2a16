-- A stream that fails at another window each time has failed since the first of them, and last at the newest.
alter table sync.time_window add column failing_since timestamptz;
comment on column sync.time_window.failing_since is 'First failed attempt since the last committed read.';
alter table sync.snapshot add column failing_since timestamptz;
comment on column sync.snapshot.failing_since is 'First failed attempt since the last committed read.';
update sync.time_window set failing_since = failed_at where failed_at is not null;
update sync.snapshot set failing_since = failed_at where failed_at is not null;

do $narrowed$
begin
    execute sync.without_retired($query$
create or replace view bi.freshness as
with wanted as (
    -- greatest() passes over nulls.
    select s.*, greatest(s.start_at, r.expired_to) as wanted_from
    from sync.stream s
    left join sync.retention r on r.source = s.source and r.stream = s.stream
), reads as (
    -- Windows before the first instant wanted are not asked for any more: their failures say nothing.
    select w.source, w.stream, w.window_start, w.state, w.read_at, w.failed_at, w.failing_since, w.failure_message,
        w.verdict, sync.is_final(w.state, w.verdict, w.read_at, w.final_at) as final, null::timestamptz as complete_to
    from sync.time_window w
    join wanted s on s.source = w.source and s.stream = w.stream
    where s.wanted_from is null or s.wanted_from < w.window_end
    union all
    select source, stream, null, state, read_at, failed_at, failing_since, failure_message, verdict, null, complete_to
    from sync.snapshot
), tally as (
    select
        source,
        stream,
        max(read_at) as last_read_at,
        max(complete_to) as complete_to,
        count(*) filter (where state = 'complete') as windows_complete,
        count(*) filter (where state = 'open') as windows_open,
        count(*) filter (where state = 'failed') as windows_failed,
        count(*) filter (where verdict = 'unverified') as windows_unverified,
        count(*) filter (where state = 'complete' and not final) as windows_provisional,
        count(*) filter (where final) as windows_final,
        count(*) filter (where state = 'open' and verdict = 'unverified') as windows_moving,
        count(failed_at) > 0 as failing,
        min(coalesce(failing_since, failed_at)) as failing_since,
        (array_agg(failure_message order by failed_at desc, window_start desc)
            filter (where failed_at is not null))[1] as failure_message
    from reads
    group by source, stream
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
    t.failure_message,
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
left join live l on l.source = s.source and l.stream = s.stream
left join quarantined q on q.source = s.source and q.stream = s.stream
left join sync.finality n on n.source = s.source and n.stream = s.stream
left join feed f on f.source = s.source and s.kind = 'feed'
$query$);
end
$narrowed$;
comment on column bi.freshness.failure_message is 'What was said at the last failure that was not made good.';
comment on column bi.freshness.failing_since is 'First failed attempt that was not made good.';
