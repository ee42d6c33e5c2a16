-- Rows are counted as they are written. Windows that hold the same row each count it, so the sum over windows is not the
-- number of rows, and counting ten million rows takes seconds.

create table sync.row_count (
    source text not null,
    stream text not null,
    table_name text not null,
    live bigint not null,
    primary key (source, stream, table_name)
);
comment on table sync.row_count is 'Live rows of each source in each table, kept by whatever writes or removes rows, in the same transaction.';
comment on column sync.row_count.source is 'The operator''s name for the vendor account.';
comment on column sync.row_count.stream is 'Name of the stream that fills the table.';
comment on column sync.row_count.table_name is 'Qualified name of the table.';
comment on column sync.row_count.live is 'Rows that are not marked deleted.';

insert into sync.row_count (source, stream, table_name, live)
select source, 'sobot.call_result' as stream, 'sobot.call_result' as table_name, count(*) as live from sobot.call_result where deleted_at is null group by source
union all
select source, 'sobot.chat_result', 'sobot.chat_result', count(*) from sobot.chat_result where deleted_at is null group by source
union all
select source, 'moor.queue', 'moor.queue', count(*) from moor.queue where deleted_at is null group by source
union all
select source, 'moor.queue', 'moor.queue_member', count(*) from moor.queue_member where deleted_at is null group by source
union all
select source, 'moor.agent_claim_status', 'moor.agent_claim_status', count(*) from moor.agent_claim_status where deleted_at is null group by source
union all
select source, 'workbench.agent_monitor', 'workbench.agent_status', count(*) from workbench.agent_status where deleted_at is null group by source
union all
select source, 'workbench.agent_monitor', 'workbench.announcement', count(*) from workbench.announcement where deleted_at is null group by source
union all
select source, 'workbench.agent_monitor', 'workbench.call_popup', count(*) from workbench.call_popup where deleted_at is null group by source;

create function sync.row_count_refresh(of_source text, of_stream text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    counted record;
    live_rows bigint;
begin
    for counted in
        select * from (values
            ('sobot.call_result', 'sobot.call_result'),
            ('sobot.chat_result', 'sobot.chat_result'),
            ('moor.queue', 'moor.queue'),
            ('moor.queue', 'moor.queue_member'),
            ('moor.agent_claim_status', 'moor.agent_claim_status'),
            ('workbench.agent_monitor', 'workbench.agent_status'),
            ('workbench.agent_monitor', 'workbench.announcement'),
            ('workbench.agent_monitor', 'workbench.call_popup')
        ) t (stream, table_name)
        where t.stream = of_stream
        order by t.table_name
    loop
        -- Whoever wrote rows before this lock has told so and is seen by the count; whoever tells later waits and adds to it.
        insert into sync.row_count as r (source, stream, table_name, live)
        values (of_source, of_stream, counted.table_name, 0)
        on conflict (source, stream, table_name) do update set live = r.live;
        execute format('select count(*) from %s where source = $1 and deleted_at is null', counted.table_name)
            using of_source into live_rows;
        update sync.row_count set live = live_rows
        where source = of_source and stream = of_stream and table_name = counted.table_name;
    end loop;
end
$$;
comment on function sync.row_count_refresh(text, text) is 'Counts the live rows of a source in the tables of a stream anew: for rows that were written or removed by hand.';

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
    select w.source, w.stream, w.window_start, w.state, w.read_at, w.failed_at, w.failure_message,
        w.verdict, sync.is_final(w.state, w.verdict, w.read_at, w.final_at) as final, null::timestamptz as complete_to
    from sync.time_window w
    join wanted s on s.source = w.source and s.stream = w.stream
    where s.wanted_from is null or s.wanted_from < w.window_end
    union all
    select source, stream, null, state, read_at, failed_at, failure_message, verdict, null, complete_to
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
        (array_agg(failure_message order by failed_at, window_start)
            filter (where failed_at is not null))[1] as failure_message
    from reads
    group by source, stream
), live as (
    select source, stream, sum(live)::bigint as live from sync.row_count group by source, stream
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
    case when s.kind = 'feed' then (select count(*) from workbench.feed_gap g where g.source = s.source) end as gaps
from wanted s
left join sync.stream_time c on c.source = s.source and c.stream = s.stream
left join tally t on t.source = s.source and t.stream = s.stream
left join live l on l.source = s.source and l.stream = s.stream
left join sync.finality n on n.source = s.source and n.stream = s.stream
left join feed f on f.source = s.source and s.kind = 'feed'
$query$);
end
$narrowed$;
comment on column bi.freshness.rows is 'Rows in the tables of the stream that the vendor still reports (deleted_at is null), each counted once however many windows hold it: of moor.queue groups and members, of workbench.agent_monitor stays, announcements and calls. Before the first read 0.';
