-- What is said of the data, in one place: verified, complete up to, final, partial, reach. bi.freshness, the states
-- of days, weeks and months, every column state of the views of bi, status, page, metrics and alerts are made
-- from it. docs/reliability.md has the table of definitions.

alter table sync.stream
    add column lookback interval,
    add column settle interval,
    add column enabled boolean not null default true;
comment on column sync.stream.lookback is 'Windows that ended less than this ago may be read again; null for streams without windows, and until the stream is declared again.';
comment on column sync.stream.settle is 'A window is closed when it was read this long after its end; null for streams without windows, and until the stream is declared again.';
comment on column sync.stream.enabled is 'False: the stream is configured and paused; nothing of it is read.';

create table sync.finality (
    source text not null,
    stream text not null,
    reach interval not null default '0',
    changed_after_final bigint not null default 0,
    primary key (source, stream)
);
comment on table sync.finality is 'What is known of late results of each windowed stream: how far behind a contact a window brought it, and what changed after it was called final. Written with the rows of a read.';
comment on column sync.finality.source is 'The operator''s name for the vendor account.';
comment on column sync.finality.stream is 'Name of the stream.';
comment on column sync.finality.reach is 'The largest distance seen between a contact and the beginning of a window that returned it.';
comment on column sync.finality.changed_after_final is 'Committed reads that changed a window, or a day, after it was final.';

insert into sync.finality (source, stream, reach)
select source, stream, make_interval(secs => greatest(0, ceil(max(extract(epoch from distance)))))
from (
    select source, 'sobot.call_result' as stream, window_start - coalesce(call_start_datetime, quality_datetime) as distance
    from sobot.call_result
    union all
    select source, 'sobot.chat_result', window_start - coalesce(chat_start_datetime, update_datetime)
    from sobot.chat_result
) seen
where distance is not null
group by source, stream;

-- A later read that is unverified does not move the instant of a snapshot.
update sync.snapshot s
set complete_to = (
    select max(c.read_at) from sync.certificate c
    where c.source = s.source and c.stream = s.stream and c.window_start is null and c.verdict in ('proven', 'stable'))
where s.verdict = 'unverified';
comment on column sync.snapshot.complete_to is 'The snapshot shows the vendor''s state as of this instant: the start of the last read that was proven or stable. Null while there was none.';
comment on column sync.time_window.complete_to is 'The beginning of the last read minus the settling time, at most window_end: complete up to here if that read was proven or stable.';
comment on column sync.time_window.final_at is 'The window''s closing age as an instant. A proven or stable read that begins then or later is final. Null if never read since this was recorded.';

create function sync.is_verified(verdict text) returns boolean
language sql immutable parallel safe
return coalesce(verdict in ('proven', 'stable'), false);
comment on function sync.is_verified(text) is 'Whether a read of this verdict is proven or stable.';

create function sync.is_final(state text, verdict text, read_at timestamptz, final_at timestamptz) returns boolean
language sql immutable parallel safe
return coalesce(state = 'complete' and verdict in ('proven', 'stable') and final_at <= read_at, false);
comment on function sync.is_final(text, text, timestamptz, timestamptz) is 'Whether a window of sync.time_window is final: its last committed read is proven or stable, and began at its closing age or later.';

create function sync.whole_days(span tstzmultirange, reach interval) returns datemultirange
language sql stable parallel safe
return (
    select coalesce(range_agg(daterange(d.first_day, greatest(d.first_day, bi.business_day(upper(r) - reach)))), '{}')
    from unnest(span) r
    cross join lateral (
        select bi.business_day(lower(r)) + (bi.day_start(bi.business_day(lower(r))) < lower(r))::integer as first_day
    ) d
);
comment on function sync.whole_days(tstzmultirange, interval) is 'The business days that lie in this time from their first instant to their last one, and as much longer as reach says.';

-- One row for each stream that has windows: what is joined to it has nothing to look up for a day or a row.
-- "distinct on" tells the planner so, and it leaves the join out where no state is asked for.
create view sync.stream_time as
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
comment on view sync.stream_time is 'For each windowed stream the time that is covered, verified and final, and the days that follow from it. Whatever is said of completeness and finality comes from here.';
comment on column sync.stream_time.source is 'The operator''s name for the vendor account.';
comment on column sync.stream_time.stream is 'Name of the stream.';
comment on column sync.stream_time.wanted_from is 'First instant wanted, and not removed since because its time was over; the first window''s where neither is known.';
comment on column sync.stream_time.reach is 'Windows that begin this long after a day may still bring results of it: the largest distance seen between a contact and the window that returned it, at most lookback. It is lookback until 14 closed windows with rows were read.';
comment on column sync.stream_time.covered is 'The time of all windows that were read.';
comment on column sync.stream_time.verified is 'The time of the windows whose last committed read is proven or stable; of open ones, up to their complete_to.';
comment on column sync.stream_time.settled is 'The time of the windows that are verified and past their closing age.';
comment on column sync.stream_time.complete_to is 'The instant before which every window since wanted_from is proven or stable as of its last committed read. Null while there is none.';
comment on column sync.stream_time.final_to is 'Whatever lies between wanted_from and this instant is final. Null while nothing is.';
comment on column sync.stream_time.first_day is 'First business day that may have results: reach before the first window.';
comment on column sync.stream_time.last_day is 'Business day on which the last window ends.';
comment on column sync.stream_time.covered_days is 'Days that windows cover wholly; every other day is partial.';
comment on column sync.stream_time.final_days is 'Days that are final: the windows that overlap them, and those that begin within reach after them, are verified and past their closing age.';

create function sync.state_of(covered_days datemultirange, final_days datemultirange, day date) returns text
language sql immutable parallel safe
return case when final_days @> day then 'final' when covered_days @> day then 'provisional' else 'partial' end;
comment on function sync.state_of(datemultirange, datemultirange, date) is 'What is said of a business day, by the days of sync.stream_time: final, provisional or partial.';

create function sync.state_of(covered_days datemultirange, final_days datemultirange, first_day date, end_day date)
returns text language sql immutable parallel safe
return case
    when final_days @> daterange(first_day, end_day) then 'final'
    when covered_days @> daterange(first_day, end_day) then 'provisional'
    else 'partial'
end;
comment on function sync.state_of(datemultirange, datemultirange, date, date) is 'The same of the days from first_day to the one before end_day: final if each is, partial if one is.';

create view sync.unverified_window as
select w.source, w.stream, w.window_start, w.window_end, w.read_at,
    case w.state when 'open' then 'moving' else 'unverified' end as state,
    (
        select count(*)
        from sync.certificate c
        where c.source = w.source and c.stream = w.stream and c.window_start = w.window_start
            and c.window_end = w.window_end and not sync.is_verified(c.verdict)
            and w.window_end + coalesce(s.settle, interval '0') <= c.read_at
            and c.committed_at > coalesce((
                select max(v.committed_at) from sync.certificate v
                where v.source = w.source and v.stream = w.stream and v.window_start = w.window_start
                    and v.window_end = w.window_end and sync.is_verified(v.verdict)), '-infinity')
    ) as closed_reads,
    w.unverified_reason
from sync.time_window w
join sync.stream s on s.source = w.source and s.stream = w.stream
left join sync.retention r on r.source = w.source and r.stream = w.stream
where w.state <> 'failed' and not sync.is_verified(w.verdict)
    and coalesce(greatest(s.start_at, r.expired_to) < w.window_end, true);
comment on view sync.unverified_window is 'Windows of configured streams whose last committed read is unverified: complete_to stands still at the first of them.';
comment on column sync.unverified_window.source is 'The operator''s name for the vendor account.';
comment on column sync.unverified_window.stream is 'Name of the stream.';
comment on column sync.unverified_window.window_start is 'First instant inside.';
comment on column sync.unverified_window.window_end is 'First instant after.';
comment on column sync.unverified_window.read_at is 'When the last committed read began.';
comment on column sync.unverified_window.state is 'moving (the window is open: its rows moved while they were read) or unverified (it is closed).';
comment on column sync.unverified_window.closed_reads is 'Unverified reads in a row, up to now, since it was closed for the settling time. From two on it is an alert.';
comment on column sync.unverified_window.unverified_reason is 'Why it is unverified; as in sync.time_window.';

create or replace view bi.freshness as
with wanted as (
    -- greatest() passes over nulls.
    select s.*, greatest(s.start_at, r.expired_to) as wanted_from
    from sync.stream s
    left join sync.retention r on r.source = s.source and r.stream = s.stream
), reads as (
    -- Windows before the first instant wanted are not asked for any more: their failures say nothing.
    select w.source, w.stream, w.window_start, w.state, w.rows, w.read_at, w.failed_at, w.failure_message,
        w.verdict, sync.is_final(w.state, w.verdict, w.read_at, w.final_at) as final, null::timestamptz as complete_to
    from sync.time_window w
    join wanted s on s.source = w.source and s.stream = w.stream
    where s.wanted_from is null or s.wanted_from < w.window_end
    union all
    select source, stream, null, state, rows, read_at, failed_at, failure_message, verdict, null, complete_to
    from sync.snapshot
), tally as (
    select
        source,
        stream,
        sum(rows)::bigint as rows,
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
    s.wanted_from as complete_from,
    case s.kind
        when 'snapshot' then t.complete_to
        when 'feed' then case when f.all_heard then f.seen_to end
        else c.complete_to
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
left join sync.finality n on n.source = s.source and n.stream = s.stream
left join feed f on f.source = s.source and s.kind = 'feed';
comment on column bi.freshness.complete_to is 'Complete up to this instant: every window before it, from complete_from on, is proven or stable as of its last committed read. What the vendor adds later is lateness. Of snapshots: the beginning of the last proven or stable read. Of feeds: the instant up to which every agent was heard, save for the gaps in workbench.feed_gap. Null if nothing is complete yet.';
comment on column bi.freshness.windows_unverified is 'Windows (or the one snapshot) whose last committed read is neither proven nor stable. They are read again, and complete_to stands still at the first of them.';
comment on column bi.freshness.windows_provisional is 'Complete windows that are not final: they may still change with more than 1 % probability, or are unverified.';
comment on column bi.freshness.final_to is 'What lies between complete_from and this instant is final: every window that may bring results of it is proven or stable and past its closing age. Null for snapshots, and while nothing is final.';
comment on column bi.freshness.windows_final is 'Windows whose last read is proven or stable and began at their closing age or later: they change with at most 1 % probability.';
comment on column bi.freshness.windows_moving is 'Open windows whose last read is unverified, since rows moved while they were read.';
comment on column bi.freshness.changed_after_final is 'Reads that changed a window, or a day, after it was final. At most 1 % of windows are expected to.';
comment on column bi.freshness.reach is 'How long after a day a window may begin and still bring results of it: the largest distance seen between a contact and the window that returned it; lookback until 14 windows were watched, never more. Null for streams without windows.';
comment on column bi.freshness.paused is 'The stream is configured and not enabled: nothing of it is read, and it is not stale.';
comment on column bi.freshness.gaps is 'Gaps of a feed, which were not heard; null for other streams. Each alone: workbench.feed_gap.';

create or replace view bi.day_state as
select t.source, t.stream, c.day, sync.state_of(t.covered_days, t.final_days, c.day) as state
from sync.stream_time t
join bi.calendar c on t.first_day <= c.day and c.day <= t.last_day;
comment on view bi.day_state is 'Each business day that may have results, by stream: final, provisional or partial. A day that is not listed is partial.';
comment on column bi.day_state.state is 'final: every window that may bring results of the day is proven or stable and past its closing age. partial: windows do not cover the day wholly. provisional: they do, and results may still come or change.';

create or replace view bi.week_state as
select t.source, t.stream, w.week::date as week,
    sync.state_of(t.covered_days, t.final_days, w.week::date, w.week::date + 7) as state
from sync.stream_time t
cross join lateral generate_series(date_trunc('week', t.first_day::timestamp), t.last_day::timestamp, interval '7 days') w(week);
comment on view bi.week_state is 'Each week that may have results, by stream: final, provisional or partial.';
comment on column bi.week_state.state is 'final if each day of the week is; partial if one is, which holds for the week under way; else provisional.';

create or replace view bi.month_state as
select t.source, t.stream, m.month::date as month,
    sync.state_of(t.covered_days, t.final_days, m.month::date, (m.month + interval '1 month')::date) as state
from sync.stream_time t
cross join lateral generate_series(date_trunc('month', t.first_day::timestamp), t.last_day::timestamp, interval '1 month') m(month);
comment on view bi.month_state is 'Each month that may have results, by stream: final, provisional or partial.';
comment on column bi.month_state.state is 'final if each day of the month is; partial if one is, which holds for the month under way; else provisional.';

create or replace view bi.quality_result as
with result as (
    select r.source, 'sobot.call_result'::text as stream, 'call'::text as channel, r.call_log_jestid as contact_id,
        null::text as scheme_id, r.agentid as agent_id, r.agent_name, r.agent_email,
        r.call_start_datetime as contact_at, r.quality_datetime as inspected_at,
        bi.business_day(coalesce(r.call_start_datetime, r.quality_datetime)) as day, c.week, c.month,
        r.total_score as score, r.total_score_max as score_max, r.standard_score, r.standard_score_max,
        r.pulse as bonus, r.pulse_max as bonus_max, r.minus as deduction, r.minus_max as deduction_max,
        r.revision, r.first_seen_at, r.changed_at
    from sobot.call_result r
    left join bi.calendar c
        on c.day = bi.business_day(coalesce(r.call_start_datetime, r.quality_datetime))
    where r.deleted_at is null
    union all
    select r.source, 'sobot.chat_result'::text, 'chat'::text, r.cid,
        r.schemeid, r.agentid, r.agent_name, r.agent_email,
        r.chat_start_datetime, r.update_datetime,
        bi.business_day(coalesce(r.chat_start_datetime, r.update_datetime)), c.week, c.month,
        r.quality_score, r.total_score, r.standard_quality_score, r.standard_total_score,
        r.add_quality_score, r.add_total_score, r.minus_quality_score, r.minus_total_score,
        r.revision, r.first_seen_at, r.changed_at
    from sobot.chat_result r
    left join bi.calendar c
        on c.day = bi.business_day(coalesce(r.chat_start_datetime, r.update_datetime))
    where r.deleted_at is null
)
select r.source, r.channel, r.contact_id, r.scheme_id, r.agent_id, r.agent_name, r.agent_email,
    r.contact_at, r.inspected_at, r.day,
    r.score, r.score_max, r.standard_score, r.standard_score_max, r.bonus, r.bonus_max, r.deduction,
    r.deduction_max, r.revision, r.first_seen_at, r.changed_at,
    sync.state_of(t.covered_days, t.final_days, r.day) as state,
    r.week,
    r.month,
    extract(hour from bi.business_time(coalesce(r.contact_at, r.inspected_at)))::integer as hour,
    case when 0 < r.score_max then r.score / r.score_max end as score_share,
    case when r.contact_at <= r.inspected_at then r.inspected_at - r.contact_at end as lag,
    interval '3 days' < r.inspected_at - r.contact_at as late
from result r
left join sync.stream_time t on t.source = r.source and t.stream = r.stream;
comment on column bi.quality_result.state is 'final, provisional or partial: the state of the day in bi.day_state for the channel''s stream.';

-- Quality by agent, scheme and channel, as before; only their states are others.
do $$
declare
    measures constant text := $sql$
        count(*) as results,
        count(q.score) as scored,
        sum(q.score) as score_sum,
        min(q.score) as score_min,
        max(q.score) as score_max,
        sum(q.score) filter (where 0 < q.score_max) as reached,
        sum(q.score_max) filter (where 0 < q.score_max and q.score is not null) as reachable,
        count(*) filter (where 1 < q.revision) as revised,
        count(*) filter (where q.late) as late,
        count(q.late) as dated
    $sql$;
    -- Each table is grouped alone: its index gives the days in order, a day's results are sorted in memory, and
    -- both tables are read at once.
    by_agent_and_day constant text := $sql$
        select %1$L::text as channel, q.source, q.day, q.agent_id, max(q.agent_name) as agent_name, %2$s
        from (
            select source, bi.business_day(coalesce(%4$s, %5$s)) as day, agentid as agent_id, agent_name,
                %6$s as score, %7$s as score_max, revision, interval '3 days' < %5$s - %4$s as late
            from %3$s
            where deleted_at is null
        ) q
        group by q.day, q.agent_id, q.source
    $sql$;
    by_any constant text := $sql$
        select q.source, q.channel, %1$s, %2$s
        from bi.quality_result q
        group by q.source, q.channel, %1$s
    $sql$;
    -- From one agent's sums to those of all: unlike a count of distinct agents, done by several workers at once.
    of_all_agents constant text := $sql$
        select source, channel, %1$s, count(distinct agent_id) as agents, sum(results)::bigint as results,
            sum(scored)::bigint as scored, sum(score_sum) as score_sum, min(score_min) as score_min,
            max(score_max) as score_max, sum(reached) as reached, sum(reachable) as reachable,
            sum(revised)::bigint as revised, sum(late)::bigint as late, sum(dated)::bigint as dated
        from (%2$s) of_one
        group by source, channel, %1$s
    $sql$;
    shown constant text := $sql$
        q.results,
        q.scored,
        q.score_sum / nullif(q.scored, 0) as score_mean,
        q.score_min,
        q.score_max,
        q.reached / nullif(q.reachable, 0) as score_share,
        q.revised,
        sync.state_of(t.covered_days, t.final_days, %1$s) as state,
        q.score_sum,
        q.late,
        q.late::numeric / nullif(q.dated, 0) as late_share,
        q.reached as score_reached,
        q.reachable as score_reachable
    $sql$;
    comments constant text[][] := array[
        ['source', 'The operator''s name for the vendor account.'],
        ['day', 'Business day of the contacts.'],
        ['hour', 'Hour of the contacts on business clocks, 0 to 23.'],
        ['week', 'Monday of the week of the contacts.'],
        ['month', 'First day of the month of the contacts.'],
        ['channel', 'call or chat.'],
        ['agent_id', 'Sobot''s id of the agent.'],
        ['agent_name', 'Name of the agent.'],
        ['scheme_id', 'Id of the inspection scheme; null for calls, whose results do not name it.'],
        ['agents', 'Agents with a result.'],
        ['results', 'Inspection results.'],
        ['scored', 'Results that have a total score.'],
        ['score_mean', 'Mean total score, in points.'],
        ['score_min', 'Lowest total score, in points.'],
        ['score_max', 'Highest total score, in points.'],
        ['score_share', 'Points reached as a share of the points that could be reached, 0 to 1; more with bonus points.'],
        ['revised', 'Results that changed after they were first seen.'],
        ['state', 'final, provisional or partial: the state of the row''s day, week or month for the channel''s stream, as in bi.day_state, bi.week_state and bi.month_state.'],
        ['score_sum', 'Sum of the total scores, in points: a mean over several rows is its sum divided by that of scored.'],
        ['late', 'Results of contacts that were inspected more than three days later.'],
        ['late_share', 'The same as a share of the results whose contact and inspection are both dated, 0 to 1.'],
        ['score_reached', 'Points reached in results whose maximum is known.'],
        ['score_reachable', 'Points that could be reached in them: score_share over several rows is the sum of score_reached divided by that of this.']
    ];
    of_agents text;
    of_view record;
    relation text;
    grouped text;
    by_table boolean;
    quality text;
    comment text[];
begin
    of_agents := format(by_agent_and_day, 'call', measures, 'sobot.call_result', 'call_start_datetime',
            'quality_datetime', 'total_score', 'total_score_max')
        || ' union all '
        || format(by_agent_and_day, 'chat', measures, 'sobot.chat_result', 'chat_start_datetime',
            'update_datetime', 'quality_score', 'total_score');
    for of_view in
        select * from (values
            ('agent', 'daily', 'q.day', 'day', 'Quality by agent, business day and channel.'),
            ('agent', 'weekly', 'q.week, q.week + 7', 'week', 'Quality by agent, week and channel.'),
            ('agent', 'monthly', 'q.month, (q.month + interval ''1 month'')::date', 'month', 'Quality by agent, month and channel.'),
            ('channel', 'hourly', 'q.day', 'day, hour', 'Quality by channel and hour of the business day.'),
            ('channel', 'daily', 'q.day', 'day', 'Quality by channel and business day.'),
            ('channel', 'weekly', 'q.week, q.week + 7', 'week', 'Quality by channel and week.'),
            ('channel', 'monthly', 'q.month, (q.month + interval ''1 month'')::date', 'month', 'Quality by channel and month.'),
            ('scheme', 'daily', 'q.day', 'day', 'Quality by inspection scheme, channel and business day.'),
            ('scheme', 'weekly', 'q.week, q.week + 7', 'week', 'Quality by inspection scheme, channel and week.'),
            ('scheme', 'monthly', 'q.month, (q.month + interval ''1 month'')::date', 'month', 'Quality by inspection scheme, channel and month.')
        ) as v (dimension, name, period, keys, comment)
    loop
        relation := format('bi.%s_quality_%s', of_view.dimension, of_view.name);
        grouped := of_view.keys;
        by_table := of_view.name = 'daily' and of_view.dimension <> 'scheme';
        quality := case
            when by_table then of_agents
            when of_view.dimension = 'scheme' then format(by_any, grouped || ', scheme_id', measures)
            when of_view.name = 'hourly' then format(by_any, grouped, measures)
            else format(by_any, grouped || ', agent_id', 'max(q.agent_name) as agent_name, ' || measures)
        end;
        if of_view.dimension = 'channel' and of_view.name <> 'hourly' then
            quality := format(of_all_agents, grouped, quality);
        end if;
        execute format(
            'create or replace view %1$s as select q.source, %2$s, q.channel, %3$s %4$s from (%5$s) q '
            'left join sync.stream_time t on t.source = q.source and t.stream = '
                'case q.channel when ''call'' then ''sobot.call_result'' else ''sobot.chat_result'' end',
            relation,
            'q.' || replace(grouped, ', ', ', q.'),
            case
                when of_view.dimension = 'agent' then 'q.agent_id, q.agent_name,'
                when of_view.dimension = 'scheme' then 'q.scheme_id,'
                when of_view.name <> 'hourly' then 'q.agents,'
                else ''
            end,
            format(shown, of_view.period),
            quality);
        execute format('comment on view %s is %L', relation,
            of_view.comment || ' Whether its figures may still change: state.');
        foreach comment slice 1 in array comments loop
            if exists (select from pg_catalog.pg_attribute
                where attrelid = relation::regclass and attname = comment[1]) then
                execute format('comment on column %s.%s is %L', relation, comment[1], comment[2]);
            end if;
        end loop;
    end loop;
end
$$;

-- The same by skill group.
do $$
declare
    by_group constant text := $sql$
        with place as materialized (
            select * from sync.agent_places()
        ), alike as (
            select d.source, d.day, d.%1$s as period, d.channel, p.moor_sources, p.extens, p.roster_days,
                count(*) as agents,
                sum(d.results)::bigint as results,
                sum(d.scored)::bigint as scored,
                sum(d.score_sum) as score_sum,
                min(d.score_min) as score_min,
                max(d.score_max) as score_max,
                sum(d.score_reached) as reached,
                sum(d.score_reachable) as reachable
            from (%2$s) d
            left join place p
                on p.agent = d.source || '/' || d.agent_id and p.first_day <= d.day and d.day <= p.last_day
            group by d.source, d.day, d.%1$s, d.channel, p.moor_sources, p.extens, p.roster_days
        ), placed as (
            select a.*, g.moor_source, g.exten,
                case
                    when a.day < g.roster_day then 'assumed'
                    when g.exten is not null then 'member'
                    when a.extens is not null then 'no_group'
                    else 'no_identity'
                end as placement
            from (select *, sum(results) over (partition by source, period, channel) as all_results from alike) a
            left join lateral unnest(a.moor_sources, a.extens, a.roster_days) as g (moor_source, exten, roster_day) on true
        ), grouped as (
            select source, moor_source, exten, period, channel, placement,
                sum(results)::bigint as results,
                sum(scored)::bigint as scored,
                sum(score_sum) as score_sum,
                min(score_min) as score_min,
                max(score_max) as score_max,
                sum(reached) as reached,
                sum(reachable) as reachable,
                sum(agents)::bigint as agents,
                max(all_results) as all_results,
                sum(sum(results) filter (where exten is null)) over (partition by source, period, channel) as unplaced
            from placed
            group by source, moor_source, exten, period, channel, placement
        )
        select g.source, g.moor_source, g.exten, r.display_name as skill_group, g.period as %1$s, g.channel, g.placement,
            g.results,
            g.scored,
            g.score_sum / nullif(g.scored, 0) as score_mean,
            g.score_min,
            g.score_max,
            g.reached / nullif(g.reachable, 0) as score_share,
            %4$s
            sync.state_of(t.covered_days, t.final_days, %3$s) as state,
            1 - coalesce(g.unplaced, 0) / g.all_results as placed_share,
            g.score_sum
        from grouped g
        left join moor.queue r on r.source = g.moor_source and r.exten = g.exten
        left join sync.stream_time t
            on t.source = g.source
            and t.stream = case g.channel when 'call' then 'sobot.call_result' else 'sobot.chat_result' end
    $sql$;
    of_day constant text := $sql$
        select source, day, channel, agent_id, results, scored, score_sum, score_min, score_max, score_reached,
            score_reachable
        from bi.agent_quality_daily
    $sql$;
    of_days constant text := $sql$
        select source, day, %1$s, channel, agent_id, count(*) as results, count(score) as scored,
            sum(score) as score_sum, min(score) as score_min, max(score) as score_max,
            sum(score) filter (where 0 < score_max) as score_reached,
            sum(score_max) filter (where 0 < score_max and score is not null) as score_reachable
        from bi.quality_result
        group by source, day, %1$s, channel, agent_id
    $sql$;
    period record;
    relation text;
begin
    execute 'create or replace view bi.queue_quality_daily as ' || format(by_group, 'day', of_day, 'g.period', 'g.agents,');
    for period in
        select * from (values
            ('week', 'weekly', 'g.period, g.period + 7'),
            ('month', 'monthly', 'g.period, (g.period + interval ''1 month'')::date')
        ) as p (key, name, days)
    loop
        relation := format('bi.queue_quality_%s', period.name);
        execute format('create or replace view %s as ', relation)
            || format(by_group, period.key, format(of_days, period.key), period.days, '');
        execute format('comment on column %s.state is %L', relation,
            'final, provisional or partial: the state of the ' || period.key || ' for the channel''s stream, as in bi.' || period.key || '_state. A later change of rosters or identities is not foreseen by it.');
    end loop;
end
$$;
comment on column bi.queue_quality_daily.state is 'final, provisional or partial: the state of the day for the channel''s stream, as in bi.day_state. A later change of rosters or identities is not foreseen by it.';
comment on column bi.inspection_lag_daily.day is 'Business day of the contacts. Days that are not final (bi.day_state) lack their latest inspections.';

drop view sync.settled_time;
drop function sync.state_of(tstzmultirange, timestamptz, date, date);
