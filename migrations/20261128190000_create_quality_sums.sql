-- Sums of inspection results are stored for each business day, week and month, and computed from the rows where a day
-- changed since. Triggers note the days that a statement changed, in its own transaction; sync.days_refresh stores them
-- anew afterwards, in transactions of its own. So in each snapshot a day is either noted, or what is stored of it equals
-- what its rows say: sync.days_refresh takes a day's notes away before it reads the day's rows, and one of its kind runs
-- at a time. No commit waits for another one or for a refresh.

create table sync.changed_day (
    day date not null,
    noted_at timestamptz not null default clock_timestamp()
);
comment on table sync.changed_day is 'Business days whose results changed since their sums were stored: a note for each statement and day. Written by triggers on the results, taken away by sync.days_refresh.';
comment on column sync.changed_day.day is 'Business day.';
comment on column sync.changed_day.noted_at is 'When the statement ran.';

create table sync.stored_day (
    day date primary key,
    week date,
    month date
);
comment on table sync.stored_day is 'Business days whose sums are stored. What is stored counts for a day without notes in sync.changed_day, for a week or month without such a day.';
comment on column sync.stored_day.day is 'Business day.';
comment on column sync.stored_day.week is 'Monday of its week; null outside of bi.calendar.';
comment on column sync.stored_day.month is 'First day of its month; null outside of bi.calendar.';

-- Replaced by sync.days_unwatch. The planner puts its body in place of a call, so that what is not asked leaves the plan.
create function sync.days_stored() returns boolean language sql immutable parallel safe return true;
comment on function sync.days_stored() is 'Whether sums are stored; false where the tables are distributed: all is computed from the rows then.';

create view sync.unstored_day as
select n.day, c.week, c.month
from (select distinct day from sync.changed_day where sync.days_stored()) n
left join bi.calendar c on c.day = n.day
union all
-- From a function: the planner runs no query beside which there is one without a FROM by several workers.
select n.day, n.day, n.day from unnest(array[null::date]) n(day) where sync.days_stored();
comment on view sync.unstored_day is 'Business days that are computed from their rows: changed ones and, as null, the results without any time.';
comment on column sync.unstored_day.day is 'Business day; null for results without any time.';
comment on column sync.unstored_day.week is 'Monday of its week; null outside of bi.calendar.';
comment on column sync.unstored_day.month is 'First day of its month; null outside of bi.calendar.';

create view sync.settled_day as
select s.day, s.week, s.month
from sync.stored_day s
where sync.days_stored() and not exists (select from sync.changed_day c where c.day = s.day);
comment on view sync.settled_day is 'Business days whose stored sums count.';
comment on column sync.settled_day.day is 'Business day.';
comment on column sync.settled_day.week is 'Monday of its week; null outside of bi.calendar.';
comment on column sync.settled_day.month is 'First day of its month; null outside of bi.calendar.';

do $make$
declare
    -- One channel's results as they are summed up: $1 is the day, $2 more columns.
    call_result constant text := $sql$
        select r.source, 'call'::text as channel, r.agentid as agent_id, %1$s as day,
            r.total_score as score, r.total_score_max as score_max, r.revision,
            case when r.call_start_datetime <= r.quality_datetime then r.quality_datetime - r.call_start_datetime end as lag
            %2$s
        from sobot.call_result r
        where r.deleted_at is null
    $sql$;
    chat_result constant text := $sql$
        select r.source, 'chat'::text as channel, r.agentid as agent_id, %1$s as day,
            r.quality_score as score, r.total_score as score_max, r.revision,
            case when r.chat_start_datetime <= r.update_datetime then r.update_datetime - r.chat_start_datetime end as lag
            %2$s
        from sobot.chat_result r
        where r.deleted_at is null
    $sql$;
    call_part constant text := $sql$, null::text as scheme_id,
        date_part('hour', bi.business_time(coalesce(r.call_start_datetime, r.quality_datetime)))::integer as hour$sql$;
    chat_part constant text := $sql$, r.schemeid as scheme_id,
        date_part('hour', bi.business_time(coalesce(r.chat_start_datetime, r.update_datetime)))::integer as hour$sql$;
    call_day constant text := 'bi.business_day(coalesce(r.call_start_datetime, r.quality_datetime))';
    chat_day constant text := 'bi.business_day(coalesce(r.chat_start_datetime, r.update_datetime))';
    -- Results beside their first version.
    call_rescored constant text := $sql$
        select r.source, 'call'::text as channel, %1$s as day,
            r.total_score as score, f.total_score as score_first
        from sobot.call_result r
        join sobot.call_result_history f
            on f.source = r.source and f.call_log_jestid = r.call_log_jestid and f.agentid = r.agentid and f.revision = 1
        where r.deleted_at is null and 1 < r.revision and r.total_score is distinct from f.total_score
    $sql$;
    chat_rescored constant text := $sql$
        select r.source, 'chat'::text as channel, %1$s as day,
            r.quality_score as score, f.quality_score as score_first
        from sobot.chat_result r
        join sobot.chat_result_history f
            on f.source = r.source and f.cid = r.cid and f.schemeid = r.schemeid and f.agentid = r.agentid and f.revision = 1
        where r.deleted_at is null and 1 < r.revision and r.quality_score is distinct from f.quality_score
    $sql$;
    measures constant text := $sql$
        count(*) as results, count(q.score) as scored, sum(q.score) as score_sum, min(q.score) as score_min,
        max(q.score) as score_max,
        sum(q.score) filter (where 0 < q.score_max) as reached,
        sum(q.score_max) filter (where 0 < q.score_max and q.score is not null) as reachable,
        count(*) filter (where 1 < q.revision) as revised,
        count(*) filter (where interval '3 days' < q.lag) as late,
        count(q.lag) as dated
    $sql$;
    measure_columns constant text := $sql$
        results bigint not null, scored bigint not null, score_sum numeric, score_min numeric, score_max numeric,
        reached numeric, reachable numeric, revised bigint not null, late bigint not null, dated bigint not null
    $sql$;
    sums constant text := $sql$
        sum(q.results)::bigint as results, sum(q.scored)::bigint as scored, sum(q.score_sum) as score_sum,
        min(q.score_min) as score_min, max(q.score_max) as score_max, sum(q.reached) as reached,
        sum(q.reachable) as reachable, sum(q.revised)::bigint as revised, sum(q.late)::bigint as late,
        sum(q.dated)::bigint as dated
    $sql$;
    lags constant text := $sql$
        count(*) filter (where q.lag <= interval '1 day') as within_1_day,
        count(*) filter (where q.lag <= interval '3 days') as within_3_days,
        count(*) filter (where q.lag <= interval '7 days') as within_7_days,
        count(*) filter (where q.lag <= interval '31 days') as within_31_days,
        sum(q.lag) as lag_sum, max(q.lag) as lag_max
    $sql$;
    lag_columns constant text := $sql$
        within_1_day bigint not null, within_3_days bigint not null, within_7_days bigint not null,
        within_31_days bigint not null, lag_sum interval, lag_max interval
    $sql$;
    rescored constant text := $sql$
        count(*) as rescored, count(q.score - q.score_first) as compared, sum(q.score - q.score_first) as change_sum,
        sum(abs(q.score - q.score_first)) as change_size_sum, max(abs(q.score - q.score_first)) as change_max
    $sql$;
    -- greatest() and least() pass over nulls.
    band constant text := $sql$case
        when 0 < q.score_max and q.score is not null
            then greatest(0, least(10, floor(q.score / q.score_max * 10)))::integer
        end$sql$;
    -- $1: keys, $2: results.
    of_agent constant text := 'select %1$s, q.source, q.channel, q.agent_id, ' || measures
        || ' from (%2$s) q group by %1$s, q.source, q.channel, q.agent_id';
    of_part constant text := 'select %1$s, q.source, q.channel, q.scheme_id, q.hour, ' || band || ' as band, ' || measures || ', '
        || lags || ' from (%2$s) q group by %1$s, q.source, q.channel, q.scheme_id, q.hour, ' || band;
    of_rescored constant text := 'select %1$s, q.source, q.channel, ' || rescored
        || ' from (%2$s) q group by %1$s, q.source, q.channel';
    -- The same of what the statement above gives, $2.
    of_hour constant text := 'select %1$s, q.source, q.channel, q.hour, ' || sums
        || ' from %2$s q group by %1$s, q.source, q.channel, q.hour';
    of_score constant text := 'select %1$s, q.source, q.channel, q.scheme_id, q.band, ' || sums
        || ' from %2$s q group by %1$s, q.source, q.channel, q.scheme_id, q.band';
    -- $2: parts, $3: agents, $4: rescored. A join would keep a condition on the day from two of the three.
    of_channel constant text := $sql$
        select %1$s, q.source, q.channel, sum(q.agents)::bigint as agents, $sql$ || sums || $sql$,
            sum(q.within_1_day)::bigint as within_1_day, sum(q.within_3_days)::bigint as within_3_days,
            sum(q.within_7_days)::bigint as within_7_days, sum(q.within_31_days)::bigint as within_31_days,
            sum(q.lag_sum) as lag_sum, max(q.lag_max) as lag_max, sum(q.rescored)::bigint as rescored,
            sum(q.compared)::bigint as compared, sum(q.change_sum) as change_sum,
            sum(q.change_size_sum) as change_size_sum, max(q.change_max) as change_max
        from (
            select %1$s, q.source, q.channel, 0 as agents, q.results, q.scored, q.score_sum, q.score_min, q.score_max,
                q.reached, q.reachable, q.revised, q.late, q.dated, q.within_1_day, q.within_3_days, q.within_7_days,
                q.within_31_days, q.lag_sum, q.lag_max, 0 as rescored, 0 as compared, null::numeric as change_sum,
                null::numeric as change_size_sum, null::numeric as change_max
            from %2$s q
            union all
            select %1$s, q.source, q.channel, (q.agent_id is not null)::integer, 0, 0, null, null, null, null, null, 0, 0, 0,
                0, 0, 0, 0, null, null, 0, 0, null, null, null
            from %3$s q
            union all
            select %1$s, q.source, q.channel, 0, 0, 0, null, null, null, null, null, 0, 0, 0, 0, 0, 0, 0, null, null, q.rescored,
                q.compared, q.change_sum, q.change_size_sum, q.change_max
            from %4$s q
        ) q
        group by %1$s, q.source, q.channel
    $sql$;
    with_calendar constant text := 'select r.*, c.week, c.month from (%s) r left join bi.calendar c on c.day = r.day';
    of_day constant text := $sql$
        create function sync.%1$s_of_day(wanted date) returns table (%2$s)
        language plpgsql stable parallel safe security definer rows 1000
        set search_path = pg_catalog, pg_temp set jit = off
        as $body$
        #variable_conflict use_column
        begin
            if $1 is null then
                return query %3$s;
            else
                return query %4$s;
            end if;
        end
        $body$
    $sql$;
    keys constant text[] := array[
        ['agent', 'agent_id text not null'],
        ['hour', 'hour integer'],
        ['score', 'scheme_id text, band integer'],
        ['channel', 'agents bigint not null']];
    key text[];
    period text;
    listed text;
    reading record;
    -- By what is read (agent, part, rescored): of the day $1, of no day, of all days, all days with week or month alone.
    day_text jsonb := '{}';
    no_day_text jsonb := '{}';
    all_text jsonb := '{}';
begin
    -- Each table is grouped alone. Parts are what hours, scores and channels are made from: one reading for the three.
    for reading in
        select * from (values
            ('agent', of_agent, format(call_result, '%1$s', ''), format(chat_result, '%1$s', '')),
            ('part', of_part, format(call_result, '%1$s', call_part), format(chat_result, '%1$s', chat_part)),
            ('rescored', of_rescored, call_rescored, chat_rescored)
        ) r (name, grouped, calls, chats)
    loop
        day_text := day_text || jsonb_build_object(reading.name,
            format(reading.grouped, 'q.day', format(reading.calls, '$1') || ' and ' || call_day || ' = $1') || ' union all '
            || format(reading.grouped, 'q.day', format(reading.chats, '$1') || ' and ' || chat_day || ' = $1'));
        no_day_text := no_day_text || jsonb_build_object(reading.name,
            format(reading.grouped, 'q.day', format(reading.calls, '$1') || ' and ' || call_day || ' is null') || ' union all '
            || format(reading.grouped, 'q.day', format(reading.chats, '$1') || ' and ' || chat_day || ' is null'));
        foreach period in array array['q.day, q.week, q.month', 'q.week', 'q.month'] loop
            all_text := all_text || jsonb_build_object(reading.name || period, '('
                || format(reading.grouped, period, format(with_calendar, format(reading.calls, call_day))) || ' union all '
                || format(reading.grouped, period, format(with_calendar, format(reading.chats, chat_day))) || ')');
        end loop;
    end loop;
    listed := 'day date, source text, channel text, ';
    execute format(of_day, 'agent', listed || 'agent_id text, ' || replace(measure_columns, 'not null', ''),
        no_day_text ->> 'agent', day_text ->> 'agent');
    execute format(of_day, 'part', listed || 'scheme_id text, hour integer, band integer, '
        || replace(measure_columns || ', ' || lag_columns, 'not null', ''), no_day_text ->> 'part', day_text ->> 'part');
    execute format(of_day, 'rescored', listed
        || 'rescored bigint, compared bigint, change_sum numeric, change_size_sum numeric, change_max numeric',
        no_day_text ->> 'rescored', day_text ->> 'rescored');

    foreach key slice 1 in array keys loop
        execute format('create table sync.quality_%s (day date not null, source text not null, channel text not null, %s, %s%s)',
            key[1], key[2], measure_columns, case when key[1] = 'channel' then ', ' || lag_columns
                || ', rescored bigint not null, compared bigint not null, change_sum numeric, change_size_sum numeric, change_max numeric'
                else '' end);
        execute format('create index quality_%1$s_day on sync.quality_%1$s (day)', key[1]);
        listed := (select string_agg('l.' || attname, ', ' order by attnum) from pg_attribute
            where attrelid = ('sync.quality_' || key[1])::regclass and 0 < attnum and attname <> 'day');
        execute format('create view sync.%1$s_day as
            select d.day, d.week, d.month, %2$s from sync.settled_day d join sync.quality_%1$s l on l.day = d.day
            union all
            select d.day, d.week, d.month, %2$s from sync.unstored_day d cross join lateral (%3$s) l
            union all
            select l.day, l.week, l.month, %2$s from (%4$s) l where not sync.days_stored()',
            key[1], listed,
            case key[1]
                when 'agent' then 'select * from sync.agent_of_day(d.day)'
                when 'hour' then format(of_hour, 'q.day', 'sync.part_of_day(d.day)')
                when 'score' then format(of_score, 'q.day', 'sync.part_of_day(d.day)')
                else format(of_channel, 'q.day', 'sync.part_of_day(d.day)', 'sync.agent_of_day(d.day)', 'sync.rescored_of_day(d.day)')
            end,
            case key[1]
                when 'agent' then all_text ->> 'agentq.day, q.week, q.month'
                when 'hour' then format(of_hour, 'q.day, q.week, q.month', all_text ->> 'partq.day, q.week, q.month')
                when 'score' then format(of_score, 'q.day, q.week, q.month', all_text ->> 'partq.day, q.week, q.month')
                else format(of_channel, 'q.day, q.week, q.month', all_text ->> 'partq.day, q.week, q.month',
                    all_text ->> 'agentq.day, q.week, q.month', all_text ->> 'rescoredq.day, q.week, q.month')
            end);
    end loop;

    -- Weeks and months of agents, whose numbers do not follow from those of days; made from days.
    foreach period in array array['week', 'month'] loop
        execute format('create view sync.settled_%1$s as
            select distinct s.%1$s from sync.stored_day s
            where sync.days_stored() and s.%1$s is not null and not exists (
                select from sync.changed_day c where date_trunc(%1$L, c.day::timestamp)::date = s.%1$s)', period);
        execute format('create table sync.quality_agent_%1$s (%1$s date not null, source text not null, channel text not null, agent_id text not null, %2$s)',
            period, measure_columns);
        execute format('create index quality_agent_%1$s_%1$s on sync.quality_agent_%1$s (%1$s)', period);
        execute format($sql$
            create function sync.agent_of_%1$s(wanted date) returns table (source text, channel text, agent_id text, %2$s)
            language plpgsql stable parallel safe security definer rows 1000
            set search_path = pg_catalog, pg_temp set jit = off
            as $body$
            #variable_conflict use_column
            begin
                if $1 is null then
                    return query select q.source, q.channel, q.agent_id, %3$s from sync.agent_day q
                        where q.%1$s is null group by q.source, q.channel, q.agent_id;
                else
                    return query select q.source, q.channel, q.agent_id, %3$s from sync.agent_day q
                        where q.%1$s = $1 group by q.source, q.channel, q.agent_id;
                end if;
            end
            $body$
            $sql$, period, replace(measure_columns, 'not null', ''), sums);
        listed := (select string_agg('l.' || attname, ', ' order by attnum) from pg_attribute
            where attrelid = ('sync.quality_agent_' || period)::regclass and 0 < attnum and attname <> period);
        execute format('create view sync.agent_%1$s as
            select d.%1$s, %2$s from sync.settled_%1$s d join sync.quality_agent_%1$s l on l.%1$s = d.%1$s
            union all
            select d.%1$s, %2$s from (select distinct u.%1$s from sync.unstored_day u) d
                cross join lateral sync.agent_of_%1$s(d.%1$s) l
            union all
            select l.%1$s, %2$s from %3$s l where not sync.days_stored()',
            period, listed, all_text ->> ('agentq.' || period));
    end loop;

    -- What sync.days_refresh does with a day. Hours, scores and channels come from one reading of its results.
    execute format($sql$
        create function sync.day_store(wanted date) returns void
        language plpgsql set search_path = pg_catalog, pg_temp set jit = off
        as $body$
        begin
            delete from sync.quality_agent where day = wanted;
            delete from sync.quality_hour where day = wanted;
            delete from sync.quality_score where day = wanted;
            delete from sync.quality_channel where day = wanted;
            insert into sync.quality_agent %4$s;
            with part as materialized (
                %5$s
            ), hours as (
                insert into sync.quality_hour %1$s
            ), scores as (
                insert into sync.quality_score %2$s
            )
            insert into sync.quality_channel %3$s;
        end
        $body$
        $sql$,
        format(of_hour, 'q.day', 'part'), format(of_score, 'q.day', 'part'),
        format(of_channel, 'q.day', 'part', '(select * from sync.quality_agent where day = wanted)',
            '(' || (day_text ->> 'rescored') || ')'), day_text ->> 'agent', day_text ->> 'part');
    execute format($sql$
        create function sync.period_store(wanted_week date, wanted_month date) returns void
        language plpgsql set search_path = pg_catalog, pg_temp set jit = off
        as $body$
        begin
            if wanted_week is not null then
                delete from sync.quality_agent_week where week = wanted_week;
                insert into sync.quality_agent_week
                select wanted_week, q.source, q.channel, q.agent_id, %1$s from sync.quality_agent q
                where q.day between wanted_week and wanted_week + 6 group by q.source, q.channel, q.agent_id;
            end if;
            if wanted_month is not null then
                delete from sync.quality_agent_month where month = wanted_month;
                insert into sync.quality_agent_month
                select wanted_month, q.source, q.channel, q.agent_id, %1$s from sync.quality_agent q
                where q.day between wanted_month and (wanted_month + interval '1 month - 1 day')::date
                group by q.source, q.channel, q.agent_id;
            end if;
        end
        $body$
        $sql$, sums);

    execute 'create view sync.agent_day_of_all as ' || (all_text ->> 'agentq.day, q.week, q.month');
end
$make$;

-- Groups: where agents were is computed for each question (sync.agent_places), and compared with the places that the
-- stored sums were made with. Days on which an agent's places differ are computed from the sums of agents.
create table sync.quality_place (
    source text not null,
    agent_id text not null,
    first_day date not null,
    last_day date not null,
    moor_sources text[] not null,
    extens text[] not null,
    roster_days date[] not null
);
create table sync.quality_group (
    day date not null,
    source text not null,
    channel text not null,
    moor_source text,
    exten text,
    placement text not null,
    agents bigint not null,
    results bigint not null,
    results_once bigint not null,
    day_results bigint not null,
    day_unplaced bigint not null,
    scored bigint not null,
    score_sum numeric,
    score_min numeric,
    score_max numeric,
    reached numeric,
    reachable numeric
);
create index quality_group_day on sync.quality_group (day);

create function sync.places_difference(places sync.quality_place[], others sync.quality_place[]) returns datemultirange
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return (
    with one as (
        select source, agent_id, moor_sources, extens, roster_days, range_agg(daterange(first_day, last_day, '[]')) as days
        from unnest(places)
        group by source, agent_id, moor_sources, extens, roster_days
    ), other as (
        select source, agent_id, moor_sources, extens, roster_days, range_agg(daterange(first_day, last_day, '[]')) as days
        from unnest(others)
        group by source, agent_id, moor_sources, extens, roster_days
    ), differing as (
        select coalesce(one.days, '{}') - coalesce(other.days, '{}') as days,
            coalesce(other.days, '{}') - coalesce(one.days, '{}') as other_days
        from one
        full join other using (source, agent_id, moor_sources, extens, roster_days)
        where one.days is distinct from other.days
    )
    select coalesce(range_agg(r), '{}')
    from (select unnest(days) as r from differing union all select unnest(other_days) from differing) ranges
);

create function sync.places_now() returns sync.quality_place[]
language sql stable security definer parallel restricted set search_path = pg_catalog, pg_temp
return coalesce((
    select array_agg(row(split_part(agent, '/', 1), substr(agent, strpos(agent, '/') + 1), first_day, last_day,
        moor_sources, extens, roster_days)::sync.quality_place)
    from sync.agent_places()), '{}');

create function sync.places_stored() returns sync.quality_place[]
language sql stable security definer parallel safe set search_path = pg_catalog, pg_temp
return array(select p from sync.quality_place p);

do $make$
declare
    -- $1: keys, $2: agents' sums, $3: places. Agents who are in the same groups on a day are summed up before their
    -- groups are told apart. results_once counts each result in one of its groups.
    of_group constant text := $sql$
        select %1$s, q.source, q.channel, q.moor_source, q.exten, q.placement,
            sum(q.agents)::bigint as agents, sum(q.results)::bigint as results,
            sum(q.results_once)::bigint as results_once,
            (sum(sum(q.results_once)) over whole)::bigint as day_results,
            coalesce((sum(sum(q.results) filter (where q.exten is null)) over whole)::bigint, 0) as day_unplaced,
            sum(q.scored)::bigint as scored,
            sum(q.score_sum) as score_sum, min(q.score_min) as score_min, max(q.score_max) as score_max,
            sum(q.reached) as reached, sum(q.reachable) as reachable
        from (
            select q.*, g.moor_source, g.exten,
                case when coalesce(g.place_no, 1) = 1 then q.results else 0 end as results_once,
                case
                    when q.day is null then 'no_day'
                    when q.day < g.roster_day then 'assumed'
                    when g.exten is not null then 'member'
                    when q.extens is not null then 'no_group'
                    else 'no_identity'
                end as placement
            from (
                select %1$s, q.source, q.channel, p.moor_sources, p.extens, p.roster_days, count(*) as agents,
                    sum(q.results)::bigint as results, sum(q.scored)::bigint as scored, sum(q.score_sum) as score_sum,
                    min(q.score_min) as score_min, max(q.score_max) as score_max, sum(q.reached) as reached,
                    sum(q.reachable) as reachable
                from (%2$s) q
                left join %3$s p
                    on p.agent = q.source || '/' || q.agent_id and p.first_day <= q.day and q.day <= p.last_day
                group by %1$s, q.source, q.channel, p.moor_sources, p.extens, p.roster_days
            ) q
            left join lateral unnest(q.moor_sources, q.extens, q.roster_days) with ordinality
                as g (moor_source, exten, roster_day, place_no) on true
        ) q
        group by %1$s, q.source, q.channel, q.moor_source, q.exten, q.placement
        window whole as (partition by %1$s, q.source, q.channel)
    $sql$;
    stored_places constant text := $sql$(select source || '/' || agent_id as agent, first_day, last_day, moor_sources, extens, roster_days from sync.quality_place)$sql$;
    listed constant text := 'l.source, l.channel, l.moor_source, l.exten, l.placement, l.agents, l.results, l.results_once, l.day_results, l.day_unplaced, l.scored, l.score_sum, l.score_min, l.score_max, l.reached, l.reachable';
    of_agents constant text := 'l.source, l.channel, l.agent_id, l.results, l.scored, l.score_sum, l.score_min, l.score_max, l.reached, l.reachable';
begin
    execute format('create view sync.group_day as
        with moved as materialized (
            select sync.places_difference(sync.places_now(), sync.places_stored()) as days where sync.days_stored()
        ), place as materialized (
            select * from sync.agent_places()
        )
        select d.day, d.week, d.month, %1$s from sync.settled_day d join sync.quality_group l on l.day = d.day
        where not (select m.days from moved m) @> d.day
        union all
        (%2$s)
        union all
        select l.day, l.week, l.month, %1$s from (%3$s) l where not sync.days_stored()',
        listed,
        format(of_group, 'q.day, q.week, q.month', format(
            'select d.day, d.week, d.month, %1$s from sync.unstored_day d cross join lateral sync.agent_of_day(d.day) l
            union all
            select d.day, d.week, d.month, %1$s from sync.settled_day d join sync.quality_agent l on l.day = d.day
            where (select m.days from moved m) @> d.day', of_agents), 'place'),
        format(of_group, 'q.day, q.week, q.month', 'select l.day, l.week, l.month, ' || of_agents || ' from sync.agent_day_of_all l', 'place'));

    execute format($sql$
        create function sync.groups_store(wanted date) returns void
        language plpgsql set search_path = pg_catalog, pg_temp set jit = off
        as $body$
        begin
            delete from sync.quality_group where day = wanted;
            insert into sync.quality_group %s;
        end
        $body$
        $sql$, format(of_group, 'q.day', 'select l.day, ' || of_agents || ' from sync.quality_agent l where l.day = wanted', stored_places));
end
$make$;

create function sync.places_refresh() returns integer
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    before sync.quality_place[];
    moved datemultirange;
    stored date;
    refreshed integer := 0;
begin
    if not sync.days_stored() or not pg_try_advisory_xact_lock(hashtext('ccsync days')) then
        return 0;
    end if;
    before := sync.places_stored();
    if isempty(sync.places_difference(sync.places_now(), before)) then
        return 0;
    end if;
    delete from sync.quality_place;
    insert into sync.quality_place select * from unnest(sync.places_now());
    moved := sync.places_difference(sync.places_stored(), before);
    for stored in select s.day from sync.stored_day s where moved @> s.day order by s.day loop
        perform sync.groups_store(stored);
        refreshed := refreshed + 1;
    end loop;
    return refreshed;
end
$$;

create function sync.days_refresh(quiet interval) returns integer
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    days date[];
    changed date;
    period record;
begin
    if not sync.days_stored() or not pg_try_advisory_xact_lock(hashtext('ccsync days')) then
        return 0;
    end if;
    -- At most the days of one month: a transaction of about a second.
    select array_agg(n.day order by n.day) into days
    from (
        select c.day, max(date_trunc('month', c.day::timestamp)) over () = date_trunc('month', c.day::timestamp) as is_last
        from sync.changed_day c
        group by c.day
        having max(c.noted_at) <= clock_timestamp() - quiet
    ) n
    where n.is_last;
    if days is null then
        return 0;
    end if;
    -- The notes go first: what is committed between this statement and those that read the results keeps its own.
    delete from sync.changed_day where day = any (days);
    foreach changed in array days loop
        perform sync.day_store(changed);
        perform sync.groups_store(changed);
    end loop;
    delete from sync.stored_day where day = any (days);
    insert into sync.stored_day (day, week, month)
    select n.day, c.week, c.month
    from (select distinct day from sync.quality_channel where day = any (days)) n
    left join bi.calendar c on c.day = n.day;
    for period in
        select distinct date_trunc('week', d::timestamp)::date as week, null::date as month from unnest(days) d
        union
        select null, date_trunc('month', d::timestamp)::date from unnest(days) d
    loop
        perform sync.period_store(period.week, period.month);
    end loop;
    return cardinality(days);
end
$$;

-- Who notes days. A statement on results notes those that its rows had and have, a change of a first version the day of
-- the result that it is compared with.
do $make$
declare
    fact record;
begin
    for fact in
        select * from (values
            ('call', 'call_start_datetime, %1$s.quality_datetime', 't.call_log_jestid = %1$s.call_log_jestid and t.agentid = %1$s.agentid'),
            ('chat', 'chat_start_datetime, %1$s.update_datetime', 't.cid = %1$s.cid and t.schemeid = %1$s.schemeid and t.agentid = %1$s.agentid')
        ) f (channel, dated, keyed)
    loop
        execute format($sql$
            create function sync.note_%1$s_days() returns trigger
            language plpgsql security definer set search_path = pg_catalog, pg_temp
            as $body$
            begin
                if tg_op <> 'DELETE' then
                    insert into sync.changed_day (day)
                    select distinct bi.business_day(coalesce(n.%2$s)) from new_rows n where coalesce(n.%2$s) is not null;
                end if;
                if tg_op <> 'INSERT' then
                    insert into sync.changed_day (day)
                    select distinct bi.business_day(coalesce(o.%3$s)) from old_rows o where coalesce(o.%3$s) is not null;
                end if;
                return null;
            end
            $body$
            $sql$, fact.channel, format(fact.dated, 'n'), format(fact.dated, 'o'));
        execute format($sql$
            create function sync.note_first_%1$s() returns trigger
            language plpgsql security definer set search_path = pg_catalog, pg_temp
            as $body$
            begin
                insert into sync.changed_day (day)
                select bi.business_day(coalesce(t.%2$s)) from sobot.%1$s_result t
                where (t.source = old.source and %3$s%4$s) and coalesce(t.%2$s) is not null;
                return null;
            end
            $body$
            $sql$, fact.channel, format(fact.dated, 't'), format(fact.keyed, 'old'), '');
    end loop;
end
$make$;

create function sync.days_note_all() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    insert into sync.changed_day (day)
    with recursive call_day as (
        select min(bi.business_day(coalesce(call_start_datetime, quality_datetime))) as day from sobot.call_result
        union all
        select (
            select min(bi.business_day(coalesce(r.call_start_datetime, r.quality_datetime))) from sobot.call_result r
            where d.day < bi.business_day(coalesce(r.call_start_datetime, r.quality_datetime)))
        from call_day d
        where d.day is not null
    ), chat_day as (
        select min(bi.business_day(coalesce(chat_start_datetime, update_datetime))) as day from sobot.chat_result
        union all
        select (
            select min(bi.business_day(coalesce(r.chat_start_datetime, r.update_datetime))) from sobot.chat_result r
            where d.day < bi.business_day(coalesce(r.chat_start_datetime, r.update_datetime)))
        from chat_day d
        where d.day is not null
    )
    select day from call_day where day is not null
    union select day from chat_day where day is not null
    union select day from sync.stored_day;
end
$$;

create function sync.note_all_days() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform sync.days_note_all();
    return null;
end
$$;

create function sync.days_watch() returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    wanted record;
    was_lacking boolean := false;
begin
    if not sync.days_stored() then
        return false;
    end if;
    for wanted in
        select t.name, t.at, format('create trigger %s after %s on %s %s', t.name, t.event, t.at, t.action) as command
        from unnest(array['call', 'chat']) channel
        cross join lateral (values
            ('note_inserted', format('sobot.%s_result', channel), 'insert',
                format('referencing new table as new_rows for each statement execute function sync.note_%s_days()', channel)),
            ('note_updated', format('sobot.%s_result', channel), 'update',
                format('referencing old table as old_rows new table as new_rows for each statement execute function sync.note_%s_days()', channel)),
            ('note_deleted', format('sobot.%s_result', channel), 'delete',
                format('referencing old table as old_rows for each statement execute function sync.note_%s_days()', channel)),
            ('note_truncated', format('sobot.%s_result', channel), 'truncate',
                'for each statement execute function sync.note_all_days()'),
            ('note_first_version', format('sobot.%s_result_history', channel), 'update or delete',
                format('for each row when (old.revision = 1) execute function sync.note_first_%s()', channel))
        ) t (name, at, event, action)
        where not exists (
            select from pg_trigger g where g.tgrelid = t.at::regclass and g.tgname = t.name and not g.tgisinternal)
    loop
        execute wanted.command;
        was_lacking := true;
    end loop;
    if was_lacking then
        perform sync.days_note_all();
    end if;
    return was_lacking;
end
$$;

create function sync.days_unwatch() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    watching record;
begin
    create or replace function sync.days_stored() returns boolean language sql immutable parallel safe return false;
    for watching in
        select g.tgname, g.tgrelid::regclass as at
        from pg_trigger g
        where g.tgname like 'note\_%' and not g.tgisinternal and g.tgparentid = 0
            and g.tgfoid in (select p.oid from pg_proc p where p.pronamespace = 'sync'::regnamespace and p.proname like 'note\_%')
    loop
        execute format('drop trigger %I on %s', watching.tgname, watching.at);
    end loop;
    delete from sync.changed_day;
    delete from sync.stored_day;
end
$$;

select sync.days_watch();

-- What analysts read, from stored and computed sums; columns, their meaning and comments stay.
do $make$
declare
    shown constant text := $sql$
        q.results, q.scored, q.score_sum / nullif(q.scored, 0) as score_mean, q.score_min, q.score_max,
        q.reached / nullif(q.reachable, 0) as score_share, q.revised,
        sync.state_of(t.covered_days, t.final_days, %1$s) as state,
        q.score_sum, q.late, q.late::numeric / nullif(q.dated, 0) as late_share, q.reached as score_reached,
        q.reachable as score_reachable
    $sql$;
    sums constant text := $sql$
        sum(results)::bigint as results, sum(scored)::bigint as scored, sum(score_sum) as score_sum,
        min(score_min) as score_min, max(score_max) as score_max, sum(reached) as reached, sum(reachable) as reachable,
        sum(revised)::bigint as revised, sum(late)::bigint as late, sum(dated)::bigint as dated
    $sql$;
    with_state constant text := $sql$
        left join sync.stream_time t
            on t.source = q.source
            and t.stream = case q.channel when 'call' then 'sobot.call_result' else 'sobot.chat_result' end
    $sql$;
    with_name constant text := ' left join sobot.agent a on a.source = q.source and a.agentid = q.agent_id';
    kept constant text := ' where not sync.is_retired(q.source)';
    of_view record;
    of_period record;
begin
    for of_view in
        select * from (values
            ('agent_quality_daily', 'q.day', 'q.agent_id, a.agent_name,', 'q.day', 'sync.agent_day', with_name),
            ('agent_quality_weekly', 'q.week', 'q.agent_id, a.agent_name,', 'q.week, q.week + 7', 'sync.agent_week', with_name),
            ('agent_quality_monthly', 'q.month', 'q.agent_id, a.agent_name,', 'q.month, (q.month + interval ''1 month'')::date',
                'sync.agent_month', with_name),
            ('channel_quality_hourly', 'q.day, q.hour', '', 'q.day', 'sync.hour_day', ''),
            ('channel_quality_daily', 'q.day', 'q.agents,', 'q.day', 'sync.channel_day', ''),
            ('channel_quality_weekly', 'q.week', 'q.agents,', 'q.week, q.week + 7',
                '(select week, source, channel, count(agent_id) as agents, ' || sums
                || ' from sync.agent_week group by week, source, channel)', ''),
            ('channel_quality_monthly', 'q.month', 'q.agents,', 'q.month, (q.month + interval ''1 month'')::date',
                '(select month, source, channel, count(agent_id) as agents, ' || sums
                || ' from sync.agent_month group by month, source, channel)', ''),
            ('scheme_quality_daily', 'q.day', 'q.scheme_id,', 'q.day',
                '(select day, source, channel, scheme_id, ' || sums
                || ' from sync.score_day group by day, source, channel, scheme_id)', ''),
            ('scheme_quality_weekly', 'q.week', 'q.scheme_id,', 'q.week, q.week + 7',
                '(select week, source, channel, scheme_id, ' || sums
                || ' from sync.score_day group by week, source, channel, scheme_id)', ''),
            ('scheme_quality_monthly', 'q.month', 'q.scheme_id,', 'q.month, (q.month + interval ''1 month'')::date',
                '(select month, source, channel, scheme_id, ' || sums
                || ' from sync.score_day group by month, source, channel, scheme_id)', '')
        ) as v (name, keys, dimension, period, relation, joined)
    loop
        execute sync.without_retired(format('create or replace view bi.%s as select q.source, %s, q.channel, %s %s from %s q %s %s %s',
            of_view.name, of_view.keys, of_view.dimension, format(shown, of_view.period), of_view.relation, with_state,
            of_view.joined, kept));
    end loop;
    for of_period in
        select * from (values
            ('daily', 'day', 'q.day', 'q.agents,', 'q.day_unplaced::numeric / q.day_results', 'sync.group_day'),
            ('weekly', 'week', 'q.week, q.week + 7', '', null, null),
            ('monthly', 'month', 'q.month, (q.month + interval ''1 month'')::date', '', null, null)
        ) as p (name, key, period, agents, unplaced, relation)
    loop
        execute sync.without_retired(format($sql$
            create or replace view bi.queue_quality_%1$s as
            select q.source, q.moor_source, q.exten, r.display_name as skill_group, q.%2$s, q.channel, q.placement, q.results,
                q.scored, q.score_sum / nullif(q.scored, 0) as score_mean, q.score_min, q.score_max,
                q.reached / nullif(q.reachable, 0) as score_share, %3$s
                sync.state_of(t.covered_days, t.final_days, %4$s) as state,
                1 - %7$s as placed_share,
                q.score_sum
            from %8$s q
            left join moor.queue r on r.source = q.moor_source and r.exten = q.exten
            %5$s %6$s
            $sql$, of_period.name, of_period.key, of_period.agents, of_period.period, with_state, kept,
            coalesce(of_period.unplaced, 'q.unplaced / q.all_results'),
            coalesce(of_period.relation, format($sql$(
                select source, moor_source, exten, %1$s, channel, placement, sum(results)::bigint as results,
                    sum(scored)::bigint as scored, sum(score_sum) as score_sum,
                    min(score_min) as score_min, max(score_max) as score_max, sum(reached) as reached,
                    sum(reachable) as reachable,
                    sum(sum(results_once)) over whole as all_results,
                    coalesce(sum(sum(results) filter (where exten is null)) over whole, 0) as unplaced
                from sync.group_day
                group by source, moor_source, exten, %1$s, channel, placement
                window whole as (partition by source, %1$s, channel)
            )$sql$, of_period.key))));
    end loop;
    execute format($sql$
        create or replace view bi.score_distribution_daily as
        select q.source, q.day, q.channel, q.scheme_id, q.band,
            case
                when q.band is null then 'no score or no maximum'
                when q.band = 10 then '100 %% and more'
                when q.band = 0 then 'below 10 %%'
                else q.band * 10 || ' to ' || (q.band + 1) * 10 || ' %%'
            end as band_name,
            q.results,
            q.results / sum(q.results) over (partition by q.source, q.day, q.channel, q.scheme_id) as share,
            sync.state_of(t.covered_days, t.final_days, q.day) as state
        from sync.score_day q %s %s
        $sql$, with_state, kept);
    execute format($sql$
        create or replace view bi.inspection_lag_daily as
        select q.source, q.day, q.channel, q.results, q.dated, q.within_1_day, q.within_3_days, q.within_7_days,
            q.within_31_days, q.late, q.late::numeric / nullif(q.dated, 0) as late_share,
            q.lag_sum / nullif(q.dated, 0) as lag_mean, q.lag_max,
            sync.state_of(t.covered_days, t.final_days, q.day) as state
        from sync.channel_day q %s %s
        $sql$, with_state, kept);
    execute format($sql$
        create or replace view bi.revision_daily as
        select q.source, q.day, q.channel, q.results, q.revised, q.revised::numeric / q.results as revised_share, q.rescored,
            q.rescored::numeric / q.results as rescored_share,
            q.change_sum / nullif(q.compared, 0) as score_change_mean,
            q.change_size_sum / nullif(q.compared, 0) as score_change_size, q.change_max as score_change_max,
            sync.state_of(t.covered_days, t.final_days, q.day) as state
        from sync.channel_day q %s %s
        $sql$, with_state, kept);
end
$make$;

comment on column bi.score_distribution_daily.state is 'final, provisional or partial: the state of the day for the channel''s stream, as in bi.day_state.';
comment on column bi.inspection_lag_daily.state is 'final, provisional or partial: the state of the day for the channel''s stream, as in bi.day_state.';
comment on column bi.revision_daily.state is 'final, provisional or partial: the state of the day for the channel''s stream, as in bi.day_state.';

-- Results of days in the calendar are found through it: a condition on the day is asked of its few days, whatever it
-- computes of them, and their results are found by the index on the business day.
do $narrowed$
declare
    of_channel constant text := $query$
        select r.source, 'sobot.%1$s_result'::text as stream, %1$L::text as channel, %2$s as contact_id, %3$s as scheme_id,
            r.agentid as agent_id, r.agent_name, r.agent_email, r.%1$s_start_datetime as contact_at, %4$s as inspected_at,
            %5$s, %6$s as score, %7$s as score_max, %8$s as standard_score, %9$s as standard_score_max, %10$s as bonus,
            %11$s as bonus_max, %12$s as deduction, %13$s as deduction_max, r.revision, r.first_seen_at, r.changed_at
        from %14$s
        where r.deleted_at is null %15$s
    $query$;
    columns constant text[][] := array[
        ['call', 'r.call_log_jestid', 'null::text', 'r.quality_datetime', 'r.total_score', 'r.total_score_max',
            'r.standard_score', 'r.standard_score_max', 'r.pulse', 'r.pulse_max', 'r.minus', 'r.minus_max'],
        ['chat', 'r.cid', 'r.schemeid', 'r.update_datetime', 'r.quality_score', 'r.total_score', 'r.standard_quality_score',
            'r.standard_total_score', 'r.add_quality_score', 'r.add_total_score', 'r.minus_quality_score', 'r.minus_total_score']];
    c text[];
    day text;
    arms text[] := '{}';
begin
    foreach c slice 1 in array columns loop
        day := format('bi.business_day(coalesce(r.%s_start_datetime, %s))', c[1], c[4]);
        arms := arms
            || format(of_channel, c[1], c[2], c[3], c[4], 'c.day, c.week, c.month', c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12],
                format('bi.calendar c join sobot.%s_result r on %s = c.day', c[1], day), '')
            || format(of_channel, c[1], c[2], c[3], c[4], day || ' as day, null::date as week, null::date as month',
                c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], format('sobot.%s_result r', c[1]),
                format('and (%1$s is null or %1$s < ''2015-01-01'' or ''2039-12-31'' < %1$s)', day));
    end loop;
    execute sync.without_retired(format($query$
        create or replace view bi.quality_result as
        with result as (%s)
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
            case when r.contact_at <= r.inspected_at then interval '3 days' < r.inspected_at - r.contact_at end as late
        from result r
        left join sync.stream_time t on t.source = r.source and t.stream = r.stream
        $query$, array_to_string(arms, ' union all ')));
end
$narrowed$;

-- The first instant of a day is costly to compute, so it is asked of the days at the ends alone.
create or replace view bi.skill_group_member_daily as
select m.source, c.day, m.exten, m.skill_group, m.agent_number, m.agent_name, m.priority,
    least(m.valid_to, bi.day_start(c.day + 1), now()) - greatest(m.valid_from, bi.day_start(c.day)) as time_in_group,
    m.valid_from, m.valid_to
from bi.skill_group_member_history m
join bi.calendar c
    on bi.business_day(m.valid_from) <= c.day and c.day <= bi.business_day(coalesce(m.valid_to, now())) + 1
where c.day <= bi.business_day(now())
    and (bi.business_day(m.valid_from) < c.day or m.valid_from < bi.day_start(c.day + 1))
    and (m.valid_to is null or c.day < bi.business_day(m.valid_to) or bi.day_start(c.day) < m.valid_to);

-- A difference that statistics are kept of: the planner has to know how few stays last over a midnight.
drop index workbench.agent_status_nights;
create index agent_status_nights on workbench.agent_status (since)
    where bi.business_day(until) - bi.business_day(since) <> 0;
create statistics workbench.agent_status_nights on (bi.business_day(until) - bi.business_day(since))
    from workbench.agent_status;

do $narrowed$
begin
    execute sync.without_retired($query$
create or replace view bi.agent_state_daily as
with part as (
    select s.source, s.extno, bi.business_day(s.since) as day, s.status_name as state, s.since, s.until
    from workbench.agent_status s
    where bi.business_day(s.until) - bi.business_day(s.since) = 0 and s.deleted_at is null
    union all
    select g.source, g.extno, bi.business_day(g.since), 'not heard'::text, g.since, g.until
    from workbench.feed_gap g
    where not (g.until is null or bi.business_day(g.since) <> bi.business_day(g.until))
    union all
    select s.source, s.extno, c.day, s.status_name,
        greatest(s.since, bi.day_start(c.day)),
        least(s.until, bi.day_start(c.day + 1))
    from workbench.agent_status s
    join bi.calendar c
        on bi.business_day(s.since) <= c.day
        and c.day <= bi.business_day(s.until) + 1
        and (c.day < bi.business_day(s.until) or bi.day_start(c.day) < s.until)
    where bi.business_day(s.until) - bi.business_day(s.since) <> 0 and s.deleted_at is null
    union all
    select s.source, s.extno, c.day, s.status_name,
        greatest(s.since, bi.day_start(c.day)),
        least(f.seen_to, bi.day_start(c.day + 1))
    from workbench.agent_status s
    join sync.feed_session f on f.source = s.source and f.extno = s.extno
    join bi.calendar c
        on bi.business_day(s.since) <= c.day
        and c.day <= bi.business_day(f.seen_to) + 1
        and (c.day < bi.business_day(f.seen_to) or bi.day_start(c.day) < f.seen_to)
    where s.until is null and s.deleted_at is null
    union all
    select g.source, g.extno, c.day, 'not heard'::text,
        greatest(g.since, bi.day_start(c.day)),
        least(coalesce(g.until, now()), bi.day_start(c.day + 1))
    from workbench.feed_gap g
    join bi.calendar c
        on bi.business_day(g.since) <= c.day
        and c.day <= bi.business_day(coalesce(g.until, now())) + 1
        and (c.day < bi.business_day(coalesce(g.until, now())) or bi.day_start(c.day) < coalesce(g.until, now()))
    where g.until is null or bi.business_day(g.since) <> bi.business_day(g.until)
)
select source, extno, day, state,
    sum(until - since) as duration,
    extract(epoch from sum(until - since)) / 3600 as hours,
    extract(epoch from sum(until - since))
        / nullif(sum(extract(epoch from sum(until - since))) over (partition by source, extno, day), 0) as share,
    count(*) as stays
from part
where since < until
group by source, extno, day, state
$query$);
end
$narrowed$;

create or replace function sync.business_zone_set(zone text) returns void language plpgsql as $$
declare
    dependent record;
begin
    -- Whoever noted days of the zone before has ended.
    lock table sobot.call_result, sobot.chat_result in share row exclusive mode;
    execute format(
        'create or replace function bi.business_zone() returns text language sql immutable parallel safe return %L',
        zone);
    for dependent in
        select i.indexrelid::regclass::text as qualified, c.relname as name, n.nspname as schema
        from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        -- In what is indexed, or in the condition of a partial index.
        where pg_catalog.pg_get_indexdef(i.indexrelid) like '%bi.business_%'
        order by 1
    loop
        -- A session that used the index keeps its expressions with the zone of before, until the entry changes.
        execute format('alter index %s rename to reindexed', dependent.qualified);
        execute format('alter index %I.reindexed rename to %I', dependent.schema, dependent.name);
        execute 'reindex index ' || dependent.qualified;
    end loop;
    if sync.days_stored() then
        perform sync.days_note_all();
    end if;
end
$$;

-- Comments.
do $make$
declare
    said text[];
    columns constant text[][] := array[
        ['day', 'Business day; null for results without any time.'],
        ['week', 'Monday of the week; null outside of bi.calendar.'],
        ['month', 'First day of the month; null outside of bi.calendar.'],
        ['source', 'The operator''s name for the vendor account.'],
        ['channel', 'call or chat.'],
        ['agent_id', 'Sobot''s id of the agent.'],
        ['scheme_id', 'Id of the inspection scheme; null for calls.'],
        ['hour', 'Hour of the contacts on business clocks; null without any time.'],
        ['band', 'Tenths of the highest score, as in bi.score_distribution_daily.'],
        ['moor_source', 'The 7moor account of the group; null where there is none.'],
        ['exten', 'Number of the skill group; null where there is none.'],
        ['placement', 'As in bi.queue_quality_daily.'],
        ['agents', 'Agents with a result.'],
        ['results', 'Inspection results that the vendor still reports.'],
        ['results_once', 'Results of which each counts in one of its groups alone: they add up to all results.'],
        ['day_results', 'All results of the source, day and channel, each once.'],
        ['day_unplaced', 'Those of them that are in no group.'],
        ['scored', 'Results that have a total score.'],
        ['score_sum', 'Sum of the total scores, in points; null where nothing is scored.'],
        ['score_min', 'Lowest total score, in points.'],
        ['score_max', 'Highest total score, in points.'],
        ['reached', 'Points reached in the results that have a score and a maximum above 0.'],
        ['reachable', 'Sum of the maxima of the same results, in points.'],
        ['revised', 'Results with a revision above 1.'],
        ['late', 'Results inspected more than three days after the contact.'],
        ['dated', 'Results whose contact and inspection are both dated, the inspection not before the contact.'],
        ['within_1_day', 'Dated results inspected at most a day after the contact.'],
        ['within_3_days', 'Dated results inspected at most three days after the contact.'],
        ['within_7_days', 'Dated results inspected at most seven days after the contact.'],
        ['within_31_days', 'Dated results inspected at most 31 days after the contact.'],
        ['lag_sum', 'Sum of the times from contact to inspection.'],
        ['lag_max', 'Longest time from contact to inspection.'],
        ['rescored', 'Results whose total score is another now than in the first version seen.'],
        ['compared', 'Rescored results that have both scores.'],
        ['change_sum', 'Sum of their differences from first to now, in points.'],
        ['change_size_sum', 'Sum of the sizes of these differences, in points.'],
        ['change_max', 'Largest size of these differences, in points.'],
        ['first_day', 'First business day of a stretch in the same groups.'],
        ['last_day', 'Last business day of it.'],
        ['moor_sources', 'The 7moor accounts of the groups.'],
        ['extens', 'Numbers of the groups.'],
        ['roster_days', 'Days on which the rosters of the groups were first read.']];
    relations constant text[][] := array[
        ['agent', 'agent', 'day'], ['hour', 'hour', 'day'], ['score', 'scheme and tenth of the highest score', 'day'],
        ['channel', 'channel', 'day'], ['group', 'skill group', 'day']];
    relation regclass;
begin
    foreach said slice 1 in array relations loop
        execute format('comment on table sync.quality_%s is %L', said[1],
            format('Stored sums of inspection results by business day, channel and %s. They count where sync.settled_day has the day.', said[2]));
        execute format('comment on index sync.quality_%s_day is %L', said[1], 'A day''s sums are found and replaced by it.');
        execute format('comment on view sync.%s_day is %L', said[1],
            format('Sums of inspection results by business day, channel and %s: stored ones of settled days, computed ones of the others.', said[2]));
    end loop;
    foreach said slice 1 in array array[['week'], ['month']] loop
        execute format('comment on table sync.quality_agent_%1$s is %2$L', said[1],
            format('Stored sums of inspection results by %1$s, channel and agent. They count where sync.settled_%1$s has the %1$s.', said[1]));
        execute format('comment on index sync.quality_agent_%1$s_%1$s is %2$L', said[1], format('A %s''s sums are found and replaced by it.', said[1]));
        execute format('comment on view sync.agent_%1$s is %2$L', said[1],
            format('Sums of inspection results by %1$s, channel and agent: stored ones of settled %1$ss, computed ones of the others.', said[1]));
        execute format('comment on view sync.settled_%1$s is %2$L', said[1], format('The %1$ss that have no changed day: their stored sums count.', said[1]));
        execute format('comment on function sync.agent_of_%1$s(date) is %2$L', said[1], format('Sums by agent of a %s, from those of its days; of results without a %s where it is null.', said[1], said[1]));
    end loop;
    comment on view sync.agent_day_of_all is 'Sums by agent, computed for all days: where sums are not stored.';
    comment on table sync.quality_place is 'Where agents were when sums by skill group were stored last: what sync.agent_places said then.';
    for relation in
        select c.oid from pg_class c
        where c.relnamespace = 'sync'::regnamespace and c.relkind in ('r', 'v')
            and (c.relname like 'quality\_%' or c.relname like '%\_day' or c.relname like '%\_week' or c.relname like '%\_month'
                or c.relname = 'agent_day_of_all')
            and c.relname not in ('changed_day', 'stored_day', 'unstored_day', 'settled_day', 'reread_day')
    loop
        foreach said slice 1 in array columns loop
            if exists (select from pg_attribute where attrelid = relation and attname = said[1]) then
                execute format('comment on column %s.%I is %L', relation, said[1], said[2]);
            end if;
        end loop;
    end loop;
end
$make$;
comment on function sync.agent_of_day(date) is 'Sums by agent of a business day, computed from its results; of results without any time where it is null.';
comment on function sync.part_of_day(date) is 'Sums by scheme, hour and tenth of the highest score of a business day, computed from its results: sums by hour, scheme and channel are made from them.';
comment on function sync.rescored_of_day(date) is 'What became of the first scores of a business day''s results.';
comment on function sync.day_store(date) is 'Stores the sums of a business day anew. Part of sync.days_refresh.';
comment on function sync.groups_store(date) is 'Stores the sums by skill group of a business day anew, from those of agents. Part of sync.days_refresh.';
comment on function sync.period_store(date, date) is 'Stores the sums of a week and of a month anew, from those of their days. Part of sync.days_refresh.';
comment on function sync.days_refresh(interval) is 'Stores the sums of changed days of one month anew that were noted last this long ago, and says how many days; 0 where there are none, or another session is at it.';
comment on function sync.places_refresh() is 'Stores the sums by skill group anew of the days on which agents'' places changed, and says how many days.';
comment on function sync.places_difference(sync.quality_place[], sync.quality_place[]) is 'The days on which the places of any agent differ.';
comment on function sync.places_now() is 'What sync.agent_places says, as rows of sync.quality_place.';
comment on function sync.places_stored() is 'The rows of sync.quality_place.';
comment on function sync.note_call_days() is 'Notes the business days of the rows that a statement wrote.';
comment on function sync.note_chat_days() is 'Notes the business days of the rows that a statement wrote.';
comment on function sync.note_first_call() is 'Notes the business day of the result whose first version changes.';
comment on function sync.note_first_chat() is 'Notes the business day of the result whose first version changes.';
comment on function sync.note_all_days() is 'Notes all business days.';
comment on function sync.days_note_all() is 'Notes all business days that have results or stored sums. To be called by hand after results were changed while triggers were off.';
comment on function sync.days_watch() is 'Makes the triggers that note changed days where they are lacking, and notes all days then; says whether one was lacking.';
comment on function sync.days_unwatch() is 'Drops the triggers and has everything computed from the rows: where tables are distributed.';
