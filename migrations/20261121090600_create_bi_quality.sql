-- Which windows are final, up to when everything is, and the first views over calls and chats as one.

alter table sync.stream add column timezone text not null default 'Asia/Shanghai';
comment on column sync.stream.timezone is 'Zone of business days, as configured. IANA name.';

-- Windows are walked in order from the first instant wanted. The walk goes on through complete windows that
-- touch, ends inside an open one, and stops before a gap or a window that was never read. The walk to the
-- last final instant goes on through final windows only.
create or replace view bi.freshness as
with walk as (
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
                s.start_at, w.window_start) as broken,
        w.state <> 'complete' as last,
        w.state = 'complete' and coalesce(w.final_at <= w.read_at, false) as final
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
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
    join sync.stream s on s.source = w.source and s.stream = w.stream
    where s.start_at is null or s.start_at < w.window_end
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
    coalesce(t.windows_unverified, 0) as windows_unverified,
    coalesce(t.windows_provisional, 0) as windows_provisional,
    c.final_to
from sync.stream s
left join complete c on c.source = s.source and c.stream = s.stream
left join tally t on t.source = s.source and t.stream = s.stream;

comment on column bi.freshness.windows_provisional is 'Complete windows that may still change with more than 1 % probability.';
comment on column bi.freshness.final_to is 'Up to this instant, without a gap, every window is final: it changes later with at most 1 % probability. Null for snapshots, and while nothing is final.';

-- Each calendar day that windows cover whole, and whether one of them may still change.
create view bi.day_state as
with part as (
    select w.source, w.stream, d.day,
        least(w.window_end, (d.day + 1)::timestamp at time zone s.timezone)
            - greatest(w.window_start, d.day::timestamp at time zone s.timezone) as covered,
        (d.day + 1)::timestamp at time zone s.timezone - d.day::timestamp at time zone s.timezone as whole,
        w.state = 'complete' and coalesce(w.final_at <= w.read_at, false) as final
    from sync.time_window w
    join sync.stream s on s.source = w.source and s.stream = w.stream
    cross join lateral (
        select day::date
        from generate_series(
            (w.window_start at time zone s.timezone)::date::timestamp,
            (w.window_end at time zone s.timezone - interval '1 microsecond')::date::timestamp,
            interval '1 day') as day
    ) d
)
select source, stream, day,
    case when bool_and(final) and sum(covered) >= max(whole) then 'final' else 'provisional' end as state
from part
group by source, stream, day;
comment on view bi.day_state is 'Each business day that was read, by stream: final, or provisional while results for it may still come or change.';
comment on column bi.day_state.source is 'The operator''s name for the vendor account.';
comment on column bi.day_state.stream is 'Name of the stream.';
comment on column bi.day_state.day is 'Business day in the configured time zone.';
comment on column bi.day_state.state is 'final: every window of the day was read so late that it changes with at most 1 % probability; else provisional.';

create view bi.quality_result as
with zone as (
    select coalesce(max(timezone), 'Asia/Shanghai') as name from sync.stream
), result as (
    select source, 'sobot.call_result' as stream, 'call' as channel, call_log_jestid as contact_id,
        null::text as scheme_id, agentid as agent_id, agent_name, agent_email,
        call_start_datetime as contact_at, quality_datetime as inspected_at,
        total_score as score, total_score_max as score_max, standard_score, standard_score_max,
        pulse as bonus, pulse_max as bonus_max, minus as deduction, minus_max as deduction_max,
        revision, first_seen_at, changed_at, window_start, window_end
    from sobot.call_result
    where deleted_at is null
    union all
    select source, 'sobot.chat_result', 'chat', cid, schemeid, agentid, agent_name, agent_email,
        chat_start_datetime, update_datetime,
        quality_score, total_score, standard_quality_score, standard_total_score,
        add_quality_score, add_total_score, minus_quality_score, minus_total_score,
        revision, first_seen_at, changed_at, window_start, window_end
    from sobot.chat_result
    where deleted_at is null
)
select r.source, r.channel, r.contact_id, r.scheme_id, r.agent_id, r.agent_name, r.agent_email,
    r.contact_at, r.inspected_at,
    (coalesce(r.contact_at, r.inspected_at) at time zone zone.name)::date as day,
    r.score, r.score_max, r.standard_score, r.standard_score_max, r.bonus, r.bonus_max, r.deduction,
    r.deduction_max, r.revision, r.first_seen_at, r.changed_at,
    case when w.state = 'complete' and w.final_at <= w.read_at then 'final' else 'provisional' end as state
from result r
cross join zone
left join sync.time_window w
    on w.source = r.source and w.stream = r.stream and w.window_start = r.window_start;
comment on view bi.quality_result is 'Inspection results of calls and chats as one, one row per contact, scheme and agent; withdrawn results are left out.';
comment on column bi.quality_result.source is 'The operator''s name for the vendor account.';
comment on column bi.quality_result.channel is 'call or chat.';
comment on column bi.quality_result.contact_id is 'Id of the call or chat.';
comment on column bi.quality_result.scheme_id is 'Id of the inspection scheme; null for calls, whose results do not name it.';
comment on column bi.quality_result.agent_id is 'Sobot''s id of the agent.';
comment on column bi.quality_result.agent_name is 'Name of the agent.';
comment on column bi.quality_result.agent_email is 'E-mail address of the agent.';
comment on column bi.quality_result.contact_at is 'When the call or chat began.';
comment on column bi.quality_result.inspected_at is 'When it was inspected last.';
comment on column bi.quality_result.day is 'Business day of the contact; of the inspection where the contact''s time is not known.';
comment on column bi.quality_result.score is 'Total score, in points; may exceed its maximum.';
comment on column bi.quality_result.score_max is 'Highest total score, in points.';
comment on column bi.quality_result.standard_score is 'Standard score, in points.';
comment on column bi.quality_result.standard_score_max is 'Highest standard score, in points.';
comment on column bi.quality_result.bonus is 'Bonus points.';
comment on column bi.quality_result.bonus_max is 'Most bonus points that can be given.';
comment on column bi.quality_result.deduction is 'Points taken off; the sign is the vendor''s.';
comment on column bi.quality_result.deduction_max is 'Most points that can be taken off; the sign is the vendor''s.';
comment on column bi.quality_result.revision is '1 for the first version seen, one more for each later one.';
comment on column bi.quality_result.first_seen_at is 'When ccsync saw it first.';
comment on column bi.quality_result.changed_at is 'When ccsync saw it change last.';
comment on column bi.quality_result.state is 'final or provisional: whether the window that brought it may still change with more than 1 % probability.';

create view bi.agent_quality_daily as
select q.source, q.day, q.channel, q.agent_id,
    max(q.agent_name) as agent_name,
    count(*) as results,
    count(q.score) as scored,
    avg(q.score) as score_mean,
    min(q.score) as score_min,
    max(q.score) as score_max,
    sum(q.score) filter (where q.score_max > 0) / nullif(sum(q.score_max) filter (where q.score is not null and q.score_max > 0), 0)
        as score_share,
    count(*) filter (where q.revision > 1) as revised,
    case when bool_and(q.state = 'final') and max(d.state) = 'final' then 'final' else 'provisional' end as state
from bi.quality_result q
left join bi.day_state d
    on d.source = q.source and d.day = q.day
    and d.stream = case q.channel when 'call' then 'sobot.call_result' else 'sobot.chat_result' end
group by q.source, q.day, q.channel, q.agent_id;
comment on view bi.agent_quality_daily is 'Quality by agent, business day and channel. A day is provisional while results of it may still come or change.';
comment on column bi.agent_quality_daily.source is 'The operator''s name for the vendor account.';
comment on column bi.agent_quality_daily.day is 'Business day of the contacts.';
comment on column bi.agent_quality_daily.channel is 'call or chat.';
comment on column bi.agent_quality_daily.agent_id is 'Sobot''s id of the agent.';
comment on column bi.agent_quality_daily.agent_name is 'Name of the agent.';
comment on column bi.agent_quality_daily.results is 'Inspection results.';
comment on column bi.agent_quality_daily.scored is 'Results that have a total score.';
comment on column bi.agent_quality_daily.score_mean is 'Mean total score, in points.';
comment on column bi.agent_quality_daily.score_min is 'Lowest total score, in points.';
comment on column bi.agent_quality_daily.score_max is 'Highest total score, in points.';
comment on column bi.agent_quality_daily.score_share is 'Points reached as a share of the points that could be reached, 0 to 1; more with bonus points.';
comment on column bi.agent_quality_daily.revised is 'Results that changed after they were first seen.';
comment on column bi.agent_quality_daily.state is 'final, or provisional while the day may still change with more than 1 % probability.';
