-- What bi.freshness, sync.stream_time and the status were made of before the ledger was summed up by month: every window
-- is read. The same text as then, but for the schema `old` and the present, which is 2026-05-20.

create schema old;

create view old.stream_time as
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
        select w.source, w.stream,
            min(w.window_start) as first_start,
            max(w.window_end) as last_end,
            count(*) filter (where w.state = 'complete' and sync.is_verified(w.verdict) and 0 < w.rows) as watched,
            coalesce(range_agg(tstzrange(w.window_start, w.window_end)) filter (where w.state <> 'failed'), '{}')
                as covered,
            coalesce(range_agg(tstzrange(w.window_start, case w.state
                    when 'complete' then w.window_end
                    else greatest(w.window_start, least(w.complete_to, w.window_end)) end))
                filter (where w.state <> 'failed' and sync.is_verified(w.verdict)), '{}') as verified,
            coalesce(range_agg(tstzrange(w.window_start, w.window_end))
                filter (where sync.is_final(w.state, w.verdict, w.read_at, w.final_at)), '{}') as settled
        from sync.time_window w
        group by w.source, w.stream
    ) l
    left join sync.stream s on s.source = l.source and s.stream = l.stream
    left join sync.retention r on r.source = l.source and r.stream = l.stream
    left join sync.finality f on f.source = l.source and f.stream = l.stream
) k
order by k.source, k.stream;

create view old.freshness as
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
left join old.stream_time c on c.source = s.source and c.stream = s.stream
left join tally t on t.source = s.source and t.stream = s.stream
left join live l on l.source = s.source and l.stream = s.stream
left join quarantined q on q.source = s.source and q.stream = s.stream
left join sync.finality n on n.source = s.source and n.stream = s.stream
left join feed f on f.source = s.source and s.kind = 'feed';

create view old.streams as
with reads as (
    select w.source, w.stream, w.window_start, w.window_end, w.verdict, w.failed_at, w.failing_since,
        w.failure_kind, w.failure_message, w.failed_attempts
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
    union all
    select source, stream, null, null, verdict, failed_at, failing_since, failure_kind, failure_message, failed_attempts
    from sync.snapshot
), tally as (
    select source, stream,
        count(*) filter (where verdict = 'proven') as proven,
        count(*) filter (where verdict = 'stable') as stable
    from reads
    group by source, stream
), failure as (
    select distinct on (source, stream) *, count(*) over mine as failed_scopes,
        min(coalesce(failing_since, failed_at)) over mine as since, sum(failed_attempts) over mine as attempts
    from reads
    where failed_at is not null
    window mine as (partition by source, stream)
    order by source, stream, failed_at desc, window_start desc
), alarm as (
    select source, stream, count(*) as absence_alarms
    from sync.absence_alarm
    where state = 'open'
    group by source, stream
)
select f.source, f.stream, f.complete_from, f.complete_to, f.rows, f.last_read_at, f.windows_complete,
    f.windows_open, f.windows_failed, f.failing, s.schedule,
    coalesce(t.proven, 0) as proven, coalesce(t.stable, 0) as stable,
    f.windows_unverified as unverified, f.windows_provisional as provisional, f.windows_final as finals,
    f.windows_moving as moving, f.final_to, extract(epoch from f.reach)::bigint as reach_seconds,
    f.changed_after_final, f.paused,
    f.quarantined, coalesce(a.absence_alarms, 0) as absence_alarms,
    x.window_start, x.window_end, x.failed_at, x.failure_kind, x.failure_message,
    x.attempts, x.failed_scopes, x.since
from old.freshness f
join sync.stream s on s.source = f.source and s.stream = f.stream and s.kind <> 'feed'
left join tally t on t.source = f.source and t.stream = f.stream
left join failure x on x.source = f.source and x.stream = f.stream
left join alarm a on a.source = f.source and a.stream = f.stream;

create view old.watches as
select source, stream, max(read_at) as last_read_at, ceil(avg(requests))::bigint as requests
from sync.time_window
where read_at is not null
group by source, stream;

create view old.windows as
select *
from (
    select w.source, w.stream, w.window_start, w.window_end, w.state, w.verdict, w.rows, w.read_at,
        w.failed_at, sync.is_final(w.state, w.verdict, w.read_at, w.final_at) as final,
        count(*) over stream as windows,
        coalesce((sum(extract(epoch from least(w.window_end, timestamptz '2026-05-20 00:00+00') - greatest(w.window_start, s.start_at)))
            filter (where w.state <> 'failed') over stream)::bigint, 0) as covered,
        row_number() over (partition by w.source, w.stream order by w.window_start desc) as place
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
    window stream as (partition by w.source, w.stream)
) listed
where place <= 400
order by source, stream, window_start;

-- Anything that a window may be, by chance.
create function old.shaken(of_source text, of_stream text, of_start timestamptz, of_end timestamptz)
returns sync.time_window language plpgsql volatile as $$
declare
    w sync.time_window;
begin
    w.source := of_source;
    w.stream := of_stream;
    w.window_start := of_start;
    w.window_end := of_end;
    w.run_id := 1;
    w.state := (array['complete', 'complete', 'complete', 'open', 'failed'])[1 + floor(random() * 5)];
    w.pages := 1;
    w.unverified_reads := 0;
    w.reads := 0;
    w.rows := 0;
    w.requests := floor(random() * 9);
    w.failed_attempts := 0;
    if w.state <> 'failed' then
        w.reads := 1;
        w.rows := floor(random() * 3);
        w.verdict := (array['proven', 'proven', 'proven', 'stable', 'stable', 'unverified', null])[1 + floor(random() * 7)];
        w.read_at := date_trunc('second', of_end + random() * interval '40 days');
        w.first_read_at := w.read_at;
        w.final_at := case when random() < 0.9 then of_start + interval '20 days' end;
        w.complete_to := case when random() < 0.9 then date_trunc('second', of_start + random() * 1.5 * (of_end - of_start)) end;
    end if;
    if w.state = 'failed' or random() < 0.1 then
        w.failed_at := timestamptz '2026-05-01 00:00+00' + floor(random() * 4) * interval '1 day';
        w.failing_since := case when random() < 0.7 then w.failed_at - floor(random() * 9) * interval '1 hour' end;
        w.failure_kind := (array['vendor_failed', 'network', null])[1 + floor(random() * 3)];
        w.failure_message := (array['code 999999', 'refused', null])[1 + floor(random() * 3)];
        w.failed_attempts := 1 + floor(random() * 3);
    end if;
    return w;
end
$$;
