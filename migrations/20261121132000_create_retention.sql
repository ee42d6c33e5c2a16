-- What is removed once its time is over, and up to when that has been done.

create table sync.retention (
    source text not null,
    stream text not null,
    expired_to timestamptz not null,
    applied_at timestamptz,
    rows bigint not null default 0,
    primary key (source, stream)
);

comment on table sync.retention is 'Up to when each stream''s rows were removed because their time was over (`retention` in the configuration).';
comment on column sync.retention.source is 'The operator''s name for the vendor account.';
comment on column sync.retention.stream is 'Name of the stream.';
comment on column sync.retention.expired_to is 'Windows that ended by then, and of other streams what ended or came by then, are not kept any more. No read of such a window can be committed.';
comment on column sync.retention.applied_at is 'When all of it had been removed last; null while that was never finished.';
comment on column sync.retention.rows is 'Rows removed so far, histories and ledger included.';

-- What is to go is looked for by its place in time.
create index queue_history_valid_to on moor.queue_history (source, valid_to);
create index queue_member_history_valid_to on moor.queue_member_history (source, valid_to);
create index agent_claim_status_history_valid_to on moor.agent_claim_status_history (source, valid_to);
create index call_popup_history_valid_to on workbench.call_popup_history (source, valid_to);
create index agent_status_until on workbench.agent_status (source, until);

-- As before, but complete_from is no earlier than what was removed, and what was removed is no gap.
create or replace view bi.freshness as
with wanted as (
    -- greatest() passes over nulls.
    select s.*, greatest(s.start_at, r.expired_to) as wanted_from
    from sync.stream s
    left join sync.retention r on r.source = s.source and r.stream = s.stream
), walk as (
    select
        w.source,
        w.stream,
        w.window_start,
        w.window_end,
        case w.state when 'complete' then w.window_end else least(w.complete_to, w.window_end) end as reach,
        w.state = 'failed'
            or w.window_start > coalesce(
                max(w.window_end) over (
                    partition by w.source, w.stream order by w.window_start
                    rows between unbounded preceding and 1 preceding),
                s.wanted_from, w.window_start) as broken,
        w.state <> 'complete' as last,
        w.state = 'complete' and coalesce(w.final_at <= w.read_at, false) as final
    from sync.time_window w
    join wanted s on s.source = w.source and s.stream = w.stream
    where s.wanted_from is null or s.wanted_from < w.window_end
), reached as (
    select
        source,
        stream,
        window_end,
        reach,
        broken or coalesce(bool_or(broken or last) over before, false) as beyond,
        bool_or(broken or not final) over (
            partition by source, stream order by window_start
            rows between unbounded preceding and current row) as provisional
    from walk
    window before as (
        partition by source, stream order by window_start
        rows between unbounded preceding and 1 preceding)
), complete as (
    select source, stream, max(reach) filter (where not beyond) as complete_to,
        max(window_end) filter (where not provisional) as final_to
    from reached
    group by source, stream
), reads as (
    -- Windows before the first instant wanted are not asked for any more: their failures say nothing.
    select w.source, w.stream, w.window_start, w.state, w.rows, w.read_at, w.failed_at, w.failure_message,
        w.verdict, w.state = 'complete' and not coalesce(w.final_at <= w.read_at, false) as provisional
    from sync.time_window w
    join wanted s on s.source = w.source and s.stream = w.stream
    where s.wanted_from is null or s.wanted_from < w.window_end
    union all
    select source, stream, null, state, rows, read_at, failed_at, failure_message, verdict, false
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
        count(*) filter (where verdict = 'unverified') as windows_unverified,
        count(*) filter (where provisional) as windows_provisional,
        count(failed_at) > 0 as failing,
        (array_agg(failure_message order by failed_at, window_start)
            filter (where failed_at is not null))[1] as failure_message
    from reads
    group by source, stream
), feed as (
    -- A feed is heard up to where its last agent is; stays and messages stand for its rows.
    select f.source, min(f.seen_to) filter (where f.configured) as seen_to, max(f.last_message_at) as last_message_at,
        bool_and(f.seen_to is not null) filter (where f.configured) as all_heard
    from sync.feed_session f
    group by f.source
)
select
    s.source,
    s.stream,
    s.kind,
    case when s.kind <> 'snapshot' then s.wanted_from end as complete_from,
    case
        when s.kind = 'snapshot' then t.last_read_at
        when s.kind = 'feed' then case when f.all_heard then f.seen_to end
        -- greatest() passes over nulls; nothing complete is null.
        when c.complete_to is not null then greatest(c.complete_to, s.wanted_from)
    end as complete_to,
    coalesce(t.rows, 0) as rows,
    case when s.kind = 'feed' then f.last_message_at else t.last_read_at end as last_read_at,
    coalesce(t.windows_complete, 0) as windows_complete,
    coalesce(t.windows_open, 0) as windows_open,
    coalesce(t.windows_failed, 0) as windows_failed,
    coalesce(t.failing, false) as failing,
    t.failure_message,
    coalesce(t.windows_unverified, 0) as windows_unverified,
    coalesce(t.windows_provisional, 0) as windows_provisional,
    c.final_to
from wanted s
left join complete c on c.source = s.source and c.stream = s.stream
left join tally t on t.source = s.source and t.stream = s.stream
left join feed f on f.source = s.source and s.kind = 'feed';

comment on column bi.freshness.complete_from is 'Complete from this instant on: the first one wanted, or up to which rows were removed because their time was over. Null for snapshots, and for feeds of which nothing was removed.';
