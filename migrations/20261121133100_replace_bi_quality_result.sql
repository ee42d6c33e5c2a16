-- Inspection results with the calendar in each arm: a filter on day, week or month then finds its rows by the
-- index on the business day, in every view that is built on this one.

create or replace view bi.quality_result as
with result as (
    select r.source, 'sobot.call_result'::text as stream, 'call'::text as channel, r.call_log_jestid as contact_id,
        null::text as scheme_id, r.agentid as agent_id, r.agent_name, r.agent_email,
        r.call_start_datetime as contact_at, r.quality_datetime as inspected_at,
        bi.business_day(coalesce(r.call_start_datetime, r.quality_datetime)) as day, c.week, c.month,
        r.total_score as score, r.total_score_max as score_max, r.standard_score, r.standard_score_max,
        r.pulse as bonus, r.pulse_max as bonus_max, r.minus as deduction, r.minus_max as deduction_max,
        r.revision, r.first_seen_at, r.changed_at, r.window_start
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
        r.revision, r.first_seen_at, r.changed_at, r.window_start
    from sobot.chat_result r
    left join bi.calendar c
        on c.day = bi.business_day(coalesce(r.chat_start_datetime, r.update_datetime))
    where r.deleted_at is null
)
select r.source, r.channel, r.contact_id, r.scheme_id, r.agent_id, r.agent_name, r.agent_email,
    r.contact_at, r.inspected_at, r.day,
    r.score, r.score_max, r.standard_score, r.standard_score_max, r.bonus, r.bonus_max, r.deduction,
    r.deduction_max, r.revision, r.first_seen_at, r.changed_at,
    case when w.state = 'complete' and w.final_at <= w.read_at then 'final' else 'provisional' end as state,
    r.week,
    r.month,
    extract(hour from bi.business_time(coalesce(r.contact_at, r.inspected_at)))::integer as hour,
    case when 0 < r.score_max then r.score / r.score_max end as score_share,
    case when r.contact_at <= r.inspected_at then r.inspected_at - r.contact_at end as lag,
    interval '3 days' < r.inspected_at - r.contact_at as late
from result r
left join sync.time_window w
    on w.source = r.source and w.stream = r.stream and w.window_start = r.window_start;
comment on column bi.quality_result.week is 'Monday of the week of day; null outside of bi.calendar.';
comment on column bi.quality_result.month is 'First day of the month of day; null outside of bi.calendar.';
comment on column bi.quality_result.hour is 'Hour of the contact on business clocks, 0 to 23; of the inspection where the contact''s time is not known.';
comment on column bi.quality_result.score_share is 'Score as a share of its maximum; more than 1 with bonus points. Null where the maximum is not known.';
comment on column bi.quality_result.lag is 'Time from the contact to its last inspection; null where one of them is not known, or where the vendor dates the inspection before the contact.';
comment on column bi.quality_result.late is 'Whether it was inspected more than three days after the contact; null where one of the times is not known.';

-- The time of each stream whose windows are final, as ranges: whether a day, a month or the windows that brought
-- some results lie within it is one comparison, and there is nothing to join but a row for each stream.
create view sync.settled_time as
select s.source, s.stream, greatest(s.start_at, r.expired_to) as start_at,
    coalesce(range_agg(tstzrange(w.window_start, w.window_end)) filter (
        where w.state = 'complete' and w.final_at <= w.read_at), '{}') as settled
from sync.stream s
left join sync.retention r on r.source = s.source and r.stream = s.stream
left join sync.time_window w on w.source = s.source and w.stream = s.stream
group by s.source, s.stream, s.start_at, r.expired_to;
comment on view sync.settled_time is 'For each stream the time whose windows are final: they change later with at most 1 % probability.';
comment on column sync.settled_time.source is 'The operator''s name for the vendor account.';
comment on column sync.settled_time.stream is 'Name of the stream.';
comment on column sync.settled_time.start_at is 'First instant wanted, and not removed since because its time was over.';
comment on column sync.settled_time.settled is 'The time whose windows are final.';

create function sync.state_of(settled tstzmultirange, start_at timestamptz, first_day date, last_day date)
returns text language sql immutable parallel safe
return case
    when settled @> tstzrange(least(greatest(bi.day_start(first_day), start_at), bi.day_start(last_day + 1)),
        bi.day_start(last_day + 1)) then 'final'
    else 'provisional'
end;
comment on function sync.state_of(tstzmultirange, timestamptz, date, date) is 'final where all windows of these days, from the first instant wanted, are final; else provisional.';

create or replace view bi.day_state as
select p.source, p.stream, p.day, sync.state_of(t.settled, t.start_at, p.day, p.day) as state
from (
    select distinct w.source, w.stream, c.day
    from sync.time_window w
    join bi.calendar c
        on bi.business_day(w.window_start) <= c.day
        and c.day <= bi.business_day(w.window_end - interval '1 microsecond')
) p
join sync.settled_time t on t.source = p.source and t.stream = p.stream;

create view bi.week_state as
select p.source, p.stream, p.week, sync.state_of(t.settled, t.start_at, p.week, p.week + 6) as state
from (
    select distinct d.source, d.stream, c.week from bi.day_state d join bi.calendar c on c.day = d.day
) p
join sync.settled_time t on t.source = p.source and t.stream = p.stream;
comment on view bi.week_state is 'Each week that was read, by stream: final, or provisional while results for it may still come or change.';
comment on column bi.week_state.source is 'The operator''s name for the vendor account.';
comment on column bi.week_state.stream is 'Name of the stream.';
comment on column bi.week_state.week is 'Monday of the week.';
comment on column bi.week_state.state is 'final: every window of the week, from the first instant wanted, is; else provisional.';

create view bi.month_state as
select p.source, p.stream, p.month,
    sync.state_of(t.settled, t.start_at, p.month, (p.month + interval '1 month - 1 day')::date) as state
from (
    select distinct d.source, d.stream, c.month from bi.day_state d join bi.calendar c on c.day = d.day
) p
join sync.settled_time t on t.source = p.source and t.stream = p.stream;
comment on view bi.month_state is 'Each month that was read, by stream: final, or provisional while results for it may still come or change.';
comment on column bi.month_state.source is 'The operator''s name for the vendor account.';
comment on column bi.month_state.stream is 'Name of the stream.';
comment on column bi.month_state.month is 'First day of the month.';
comment on column bi.month_state.state is 'final: every window of the month, from the first instant wanted, is; else provisional.';
