-- Business days, weeks and hours as something that can be indexed. The zone is a constant in one function;
-- when the configured zone changes, ccsync replaces that function and builds the indexes anew.

do $$
begin
    execute format(
        'create function bi.business_zone() returns text language sql immutable parallel safe return %L',
        coalesce((select max(timezone) from sync.stream), 'Asia/Shanghai'));
end
$$;
comment on function bi.business_zone() is 'Zone of business days, as configured. IANA name.';

create function bi.business_time(at timestamptz) returns timestamp
language sql immutable parallel safe
return at at time zone bi.business_zone();
comment on function bi.business_time(timestamptz) is 'An instant as clocks show it in the zone of business days.';

create function bi.business_day(at timestamptz) returns date
language sql immutable parallel safe
return bi.business_time(at)::date;
comment on function bi.business_day(timestamptz) is 'The business day on which an instant falls.';

create function bi.day_start(day date) returns timestamptz
language sql immutable parallel safe
return day::timestamp at time zone bi.business_zone();
comment on function bi.day_start(date) is 'First instant of a business day; it ends where the next one begins.';

create function sync.business_zone_set(zone text) returns void language plpgsql as $$
declare
    index_name text;
begin
    execute format(
        'create or replace function bi.business_zone() returns text language sql immutable parallel safe return %L',
        zone);
    for index_name in
        select i.indexrelid::regclass::text
        from pg_catalog.pg_index i
        where i.indexprs is not null and pg_catalog.pg_get_indexdef(i.indexrelid) like '%bi.business_%'
        order by 1
    loop
        execute 'reindex index ' || index_name;
    end loop;
end
$$;
comment on function sync.business_zone_set(text) is 'Changes the zone of business days: the function that holds it, and every index that was built with it.';

create table bi.calendar (
    day date primary key,
    week date not null,
    week_name text not null,
    month date not null,
    quarter date not null,
    year integer not null,
    weekday integer not null
);
comment on table bi.calendar is 'The days from 2015 to 2039, for joins and for days without results.';
comment on column bi.calendar.day is 'A business day.';
comment on column bi.calendar.week is 'Monday of its week.';
comment on column bi.calendar.week_name is 'ISO week, as in 2026-W47.';
comment on column bi.calendar.month is 'First day of its month.';
comment on column bi.calendar.quarter is 'First day of its quarter.';
comment on column bi.calendar.year is 'Its year.';
comment on column bi.calendar.weekday is '1 on Monday to 7 on Sunday.';
insert into bi.calendar (day, week, week_name, month, quarter, year, weekday)
select d::date, date_trunc('week', d)::date, to_char(d, 'IYYY-"W"IW'), date_trunc('month', d)::date,
    date_trunc('quarter', d)::date, extract(year from d), extract(isodow from d)
from generate_series(timestamp '2015-01-01', timestamp '2039-12-31', interval '1 day') d;
-- Else the first plans take a thousand years of days for granted.
analyze bi.calendar;

create index call_result_day on sobot.call_result
    (bi.business_day(coalesce(call_start_datetime, quality_datetime)));
create index chat_result_day on sobot.chat_result
    (bi.business_day(coalesce(chat_start_datetime, update_datetime)));
create index call_result_history_day on sobot.call_result_history
    (bi.business_day(coalesce(call_start_datetime, quality_datetime)));
create index chat_result_history_day on sobot.chat_result_history
    (bi.business_day(coalesce(chat_start_datetime, update_datetime)));
create index call_result_history_changed_on on sobot.call_result_history (bi.business_day(valid_to));
create index chat_result_history_changed_on on sobot.chat_result_history (bi.business_day(valid_to));

-- Most stays begin and end on one day. Those that do not, and those that last, are few.
create index agent_status_day on workbench.agent_status (bi.business_day(since));
create index agent_status_nights on workbench.agent_status (since)
    where until is null or bi.business_day(since) <> bi.business_day(until);
create index feed_gap_day on workbench.feed_gap (bi.business_day(since));
create index feed_gap_nights on workbench.feed_gap (since)
    where until is null or bi.business_day(since) <> bi.business_day(until);
