create schema if not exists bi;
comment on schema bi is 'For analysts: views with stable names that answer the common questions.';

-- Windows are walked in order from the first instant wanted. The walk goes on through complete windows that
-- touch, ends inside an open one, and stops before a gap or a window that was never read.
create view bi.freshness as
with walk as (
    select
        w.source,
        w.stream,
        w.window_start,
        case w.state when 'complete' then w.window_end else least(w.complete_to, w.window_end) end as reach,
        w.state = 'failed'
            or w.window_start > coalesce(
                max(w.window_end) over (
                    partition by w.source, w.stream order by w.window_start
                    rows between unbounded preceding and 1 preceding),
                s.start_at, w.window_start) as broken,
        w.state <> 'complete' as last
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
), reached as (
    select
        source,
        stream,
        reach,
        broken or coalesce(bool_or(broken or last) over (
            partition by source, stream order by window_start
            rows between unbounded preceding and 1 preceding), false) as beyond
    from walk
), complete as (
    select source, stream, max(reach) as complete_to
    from reached
    where not beyond
    group by source, stream
), reads as (
    -- Windows before the first instant wanted are not asked for any more: their failures say nothing.
    select w.source, w.stream, w.window_start, w.state, w.rows, w.read_at, w.failed_at, w.failure_message
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
    union all
    select source, stream, null, state, rows, read_at, failed_at, failure_message
    from sync.snapshot
), tally as (
    select
        source,
        stream,
        sum(rows)::bigint as rows,
        max(read_at) as last_read_at,
        count(*) filter (where state = 'complete') as windows_complete,
        count(*) filter (where state = 'open') as windows_open,
        count(*) filter (where state = 'failed') as windows_failed,
        count(failed_at) > 0 as failing,
        (array_agg(failure_message order by failed_at, window_start)
            filter (where failed_at is not null))[1] as failure_message
    from reads
    group by source, stream
)
select
    s.source,
    s.stream,
    s.kind,
    s.start_at as complete_from,
    case
        when s.kind = 'snapshot' then t.last_read_at
        -- greatest() passes over nulls; nothing complete is null.
        when c.complete_to is not null then greatest(c.complete_to, s.start_at)
    end as complete_to,
    coalesce(t.rows, 0) as rows,
    t.last_read_at,
    coalesce(t.windows_complete, 0) as windows_complete,
    coalesce(t.windows_open, 0) as windows_open,
    coalesce(t.windows_failed, 0) as windows_failed,
    coalesce(t.failing, false) as failing,
    t.failure_message
from sync.stream s
left join complete c on c.source = s.source and c.stream = s.stream
left join tally t on t.source = s.source and t.stream = s.stream;

comment on view bi.freshness is 'Complete up to when, for each configured stream, and what stands in the way.';
comment on column bi.freshness.source is 'The operator''s name for the vendor account.';
comment on column bi.freshness.stream is 'Name of the stream; its table has the same name.';
comment on column bi.freshness.kind is 'windowed (read by time windows) or snapshot (read whole each time).';
comment on column bi.freshness.complete_from is 'Complete from this instant on; null for snapshots.';
comment on column bi.freshness.complete_to is 'Complete up to this instant without a gap; for snapshots the beginning of the last read. Null if nothing is complete yet.';
comment on column bi.freshness.rows is 'Elements the vendor has, as of the last reads.';
comment on column bi.freshness.last_read_at is 'When the last committed read began.';
comment on column bi.freshness.windows_complete is 'Windows (or the one snapshot) read whole and old enough.';
comment on column bi.freshness.windows_open is 'Windows read whole that may still grow.';
comment on column bi.freshness.windows_failed is 'Windows never read because each attempt failed.';
comment on column bi.freshness.failing is 'Whether a failure stands that no later read has made good.';
comment on column bi.freshness.failure_message is 'The oldest such failure.';
