-- What each committed read proved. sync.time_window and sync.snapshot know the last read only.

create table sync.certificate (
    id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    window_start timestamptz,
    window_end timestamptz,
    read_no integer not null,
    read_at timestamptz not null,
    committed_at timestamptz not null,
    run_id bigint not null,
    verdict text not null,
    vendor_total bigint,
    pages integer not null,
    requests bigint not null,
    rows bigint not null,
    digest uuid not null,
    inserted bigint not null,
    updated bigint not null,
    unchanged bigint not null,
    superseded bigint not null,
    deleted bigint not null,
    quarantined bigint not null,
    check ((window_start is null) = (window_end is null) and (window_start is null or window_start < window_end))
);
create index certificate_scope on sync.certificate (source, stream, window_start, window_end, committed_at desc);
create index certificate_run on sync.certificate (run_id);
comment on table sync.certificate is 'One row for each committed read of a window or snapshot, written with the rows that it brought. Of each window the newest 50 and all of the last 35 days are kept.';
comment on column sync.certificate.id is 'Number of the certificate.';
comment on column sync.certificate.source is 'The operator''s name for the vendor account.';
comment on column sync.certificate.stream is 'Name of the stream.';
comment on column sync.certificate.window_start is 'First instant of the window; null for snapshots.';
comment on column sync.certificate.window_end is 'First instant after the window; null for snapshots.';
comment on column sync.certificate.read_no is 'Number of the read among the committed reads of its window, from 1.';
comment on column sync.certificate.read_at is 'When the read began.';
comment on column sync.certificate.committed_at is 'The instant of the commit: fact rows written by this read carry it as changed_at.';
comment on column sync.certificate.run_id is 'The run that read it.';
comment on column sync.certificate.verdict is 'How far it can be trusted: proven (totals agree), stable (two reads equal) or unverified (it closed, and nothing more is known; the window is due again at the next tick).';
comment on column sync.certificate.vendor_total is 'How many elements the vendor said there were; null where it does not say.';
comment on column sync.certificate.pages is 'Pages of the walk that counted.';
comment on column sync.certificate.requests is 'Requests spent, repeated and failed ones included.';
comment on column sync.certificate.rows is 'Elements that came, before equal keys were made one.';
comment on column sync.certificate.digest is 'Order-free digest of table, key and content hash of the rows.';
comment on column sync.certificate.inserted is 'Fact rows written for the first time.';
comment on column sync.certificate.updated is 'Later versions of fact rows written, revived rows included.';
comment on column sync.certificate.unchanged is 'Fact rows found as they were.';
comment on column sync.certificate.superseded is 'Rows left out because a later version of them was at hand.';
comment on column sync.certificate.deleted is 'Fact rows marked deleted.';
comment on column sync.certificate.quarantined is 'Records set aside in sync.quarantine.';

-- Windows are walked in order from the first instant wanted. The walk goes on through complete windows that
-- touch, ends inside an open one, and stops before a gap or a window that was never read.
create or replace view bi.freshness as
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
    select w.source, w.stream, w.window_start, w.state, w.rows, w.read_at, w.failed_at, w.failure_message,
        w.verdict
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
    union all
    select source, stream, null, state, rows, read_at, failed_at, failure_message, verdict
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
    t.failure_message,
    coalesce(t.windows_unverified, 0) as windows_unverified
from sync.stream s
left join complete c on c.source = s.source and c.stream = s.stream
left join tally t on t.source = s.source and t.stream = s.stream;

comment on column bi.freshness.windows_unverified is 'Windows (or the one snapshot) whose last read closed but was confirmed by neither a total nor an equal second read; they are read again at the next tick.';
