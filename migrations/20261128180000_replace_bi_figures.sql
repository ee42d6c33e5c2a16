-- Figures of bi that were not what their comments say, or of which the comments did not say enough. A test recomputes
-- every view from the rows (tests/it/bi/recompute); docs/bi.md has the definitions.

-- Where clocks go back to midnight there are two midnights, and the day begins with the first one.
create or replace function bi.day_start(day date) returns timestamptz
language sql immutable parallel safe
return case
    when bi.business_time(day::timestamp at time zone bi.business_zone() - interval '1 hour') = day::timestamp
        then day::timestamp at time zone bi.business_zone() - interval '1 hour'
    else day::timestamp at time zone bi.business_zone()
end;
comment on function bi.day_start(date) is 'First instant of a business day; it ends where the next one begins. Where clocks go back to midnight, the first of the two midnights.';

do $narrowed$
begin
    execute sync.without_retired($query$
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
    case when r.contact_at <= r.inspected_at then interval '3 days' < r.inspected_at - r.contact_at end as late
from result r
left join sync.stream_time t on t.source = r.source and t.stream = r.stream
$query$);
end
$narrowed$;
comment on column bi.quality_result.agent_name is 'Name of the agent, as this result has it. The name as last known, which sums by agent show: sobot.agent.';
comment on column bi.quality_result.agent_email is 'E-mail address of the agent, as this result has it.';
comment on column bi.quality_result.contact_at is 'When the call or chat began; null where the vendor did not say so.';
comment on column bi.quality_result.inspected_at is 'When it was inspected last; null where the vendor did not say so.';
comment on column bi.quality_result.day is 'Business day of the contact; of the inspection where the contact''s time is not known. Null where neither is.';
comment on column bi.quality_result.week is 'Monday of the week of day. Null where day is, or lies outside of bi.calendar.';
comment on column bi.quality_result.month is 'First day of the month of day. Null where day is, or lies outside of bi.calendar.';
comment on column bi.quality_result.hour is 'Hour of the contact on business clocks, 0 to 23; of the inspection where the contact''s time is not known. Null where neither is.';
comment on column bi.quality_result.score_share is 'score / score_max; more than 1 with bonus points, less than 0 with negative scores. Null without a score, and where the maximum is not known, zero or negative.';
comment on column bi.quality_result.lag is 'Time from the contact to its last inspection; null where one of them is not known, or where the vendor dates the inspection before the contact.';
comment on column bi.quality_result.late is 'Whether it was inspected more than three days (72 hours) after the contact; null where lag is.';
comment on column bi.quality_result.state is 'final, provisional or partial: the state of the day in bi.day_state for the channel''s stream; partial where day is null.';

-- Quality by agent, scheme and channel. The agent's name is one in all of them and does not come from the results
-- that are counted, so that whoever groups by it divides no agent.
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
        select %1$L::text as channel, q.source, q.day, q.agent_id, %2$s
        from (
            select source, bi.business_day(coalesce(%4$s, %5$s)) as day, agentid as agent_id,
                %6$s as score, %7$s as score_max, revision,
                case when %4$s <= %5$s then interval '3 days' < %5$s - %4$s end as late
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
        ['day', 'Business day of the contacts; of the inspection where the contact''s time is not known. Null: the results of which neither time is known.'],
        ['hour', 'Hour of the contacts on business clocks, 0 to 23; of the inspection where the contact''s time is not known. Null where day is.'],
        ['week', 'Monday of the week of day in bi.quality_result. Null: the results without any time, or on days outside of bi.calendar.'],
        ['month', 'First day of the month of day in bi.quality_result. Null: the results without any time, or on days outside of bi.calendar.'],
        ['channel', 'call or chat.'],
        ['agent_id', 'Sobot''s id of the agent.'],
        ['agent_name', 'Name of the agent as last known (sobot.agent): one name in all rows, whatever it was at the time. Several agents may have one name: group by source and agent_id. Null where the vendor sent no agent id or no name.'],
        ['scheme_id', 'Id of the inspection scheme; null for calls, whose results do not name it.'],
        ['agents', 'Agents with a result: different values of agent_id.'],
        ['results', 'Inspection results.'],
        ['scored', 'Results that have a total score.'],
        ['score_mean', 'Mean total score, in points: score_sum / scored. Null where nothing is scored.'],
        ['score_min', 'Lowest total score, in points. Null where nothing is scored.'],
        ['score_max', 'Highest total score that was given, in points. Null where nothing is scored.'],
        ['score_share', 'score_reached / score_reachable: points reached as a share of those that could be reached, 0 to 1; more with bonus points, less than 0 with negative scores. Null where no result has both a score and a maximum above 0.'],
        ['revised', 'Results of which anything changed after they were first seen (revision above 1).'],
        ['state', 'final, provisional or partial: the state of the row''s day, week or month for the channel''s stream, as in bi.day_state, bi.week_state and bi.month_state. partial in rows without day, week or month.'],
        ['score_sum', 'Sum of the total scores, in points: a mean over several rows is its sum divided by that of scored. Null where nothing is scored.'],
        ['late', 'Results inspected more than three days (72 hours) after the contact.'],
        ['late_share', 'The same as a share of the results whose contact and inspection are both dated, the inspection not before the contact (bi.quality_result.lag is known), 0 to 1; as in bi.inspection_lag_daily. Null where there is none.'],
        ['score_reached', 'Points reached in the results that have a score and a maximum above 0. Null where there is none.'],
        ['score_reachable', 'Sum of the maxima of the same results, in points: score_share over several rows is the sum of score_reached divided by that of this.']
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
            else format(by_any, grouped || ', agent_id', measures)
        end;
        if of_view.dimension = 'channel' and of_view.name <> 'hourly' then
            quality := format(of_all_agents, grouped, quality);
        end if;
        execute sync.without_retired(format(
            'create or replace view %1$s as select q.source, %2$s, q.channel, %3$s %4$s from (%5$s) q '
            'left join sync.stream_time t on t.source = q.source and t.stream = '
                'case q.channel when ''call'' then ''sobot.call_result'' else ''sobot.chat_result'' end%6$s',
            relation,
            'q.' || replace(grouped, ', ', ', q.'),
            case
                when of_view.dimension = 'agent' then 'q.agent_id, a.agent_name,'
                when of_view.dimension = 'scheme' then 'q.scheme_id,'
                when of_view.name <> 'hourly' then 'q.agents,'
                else ''
            end,
            format(shown, of_view.period),
            quality,
            case when of_view.dimension = 'agent'
                then ' left join sobot.agent a on a.source = q.source and a.agentid = q.agent_id' else '' end));
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
                    when a.day is null then 'no_day'
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
    execute sync.without_retired(
        'create or replace view bi.queue_quality_daily as ' || format(by_group, 'day', of_day, 'g.period', 'g.agents,'));
    for period in
        select * from (values
            ('week', 'weekly', 'g.period, g.period + 7'),
            ('month', 'monthly', 'g.period, (g.period + interval ''1 month'')::date')
        ) as p (key, name, days)
    loop
        relation := format('bi.queue_quality_%s', period.name);
        execute sync.without_retired(format('create or replace view %s as ', relation)
            || format(by_group, period.key, format(of_days, period.key), period.days, ''));
    end loop;
end
$$;

do $$
declare
    period text[];
    relation text;
begin
    foreach period slice 1 in array array[['day', 'daily'], ['week', 'weekly'], ['month', 'monthly']] loop
        relation := 'bi.queue_quality_' || period[2];
        execute format('comment on column %s.%s is %L', relation, period[1], case period[1]
            when 'day' then 'Business day of the contacts; of the inspection where the contact''s time is not known. Null: the results of which neither time is known.'
            when 'week' then 'Monday of the week of day in bi.quality_result. Null: the results without any time, or on days outside of bi.calendar.'
            else 'First day of the month of day in bi.quality_result. Null: the results without any time, or on days outside of bi.calendar.'
        end);
        execute format('comment on column %s.state is %L', relation,
            'final, provisional or partial: the state of the ' || period[1] || ' for the channel''s stream, as in bi.' || period[1]
            || '_state; partial where ' || period[1] || ' is null. A later change of rosters or identities is not foreseen by it.');
        execute format('comment on column %s.placement is %L', relation,
            'member (in the group on that day), assumed (before ccsync first read the rosters: the first roster that it read counts), no_group (the agent was in no group on that day), no_identity (no 7moor agent is known for the agent, see bi.agent_unmatched) or no_day (the result has no time, so that no day''s roster says where it belongs).');
        execute format('comment on column %s.score_mean is %L', relation, 'Mean total score, in points: score_sum / scored. Null where nothing is scored.');
        execute format('comment on column %s.score_min is %L', relation, 'Lowest total score, in points. Null where nothing is scored.');
        execute format('comment on column %s.score_max is %L', relation, 'Highest total score that was given, in points. Null where nothing is scored.');
        execute format('comment on column %s.score_share is %L', relation, 'Points reached as a share of the points that could be reached, in the results that have a score and a maximum above 0: 0 to 1; more with bonus points, less than 0 with negative scores. Null where there is none.');
        execute format('comment on column %s.score_sum is %L', relation, 'Sum of the total scores, in points: means over several rows are its sum over that of scored. Null where nothing is scored.');
    end loop;
end
$$;
comment on column bi.queue_quality_daily.agents is 'Agents with a result: different values of agent_id.';

create or replace view bi.score_distribution_daily as
select source, day, channel, scheme_id, band,
    case
        when band is null then 'no score or no maximum'
        when band = 10 then '100 % and more'
        when band = 0 then 'below 10 %'
        else band * 10 || ' to ' || (band + 1) * 10 || ' %'
    end as band_name,
    results,
    results / sum(results) over (partition by source, day, channel, scheme_id) as share
from (
    -- greatest() and least() pass over nulls.
    select source, day, channel, scheme_id,
        case when score_share is not null then greatest(0, least(10, floor(score_share * 10)))::integer end as band,
        count(*) as results
    from bi.quality_result
    group by source, day, channel, scheme_id,
        case when score_share is not null then greatest(0, least(10, floor(score_share * 10)))::integer end
) banded;
comment on view bi.score_distribution_daily is 'How the scores of each business day are spread, in tenths of the highest score. A row is a band with at least one result; sort by band, not by its name.';
comment on column bi.score_distribution_daily.day is 'Business day of the contacts; of the inspection where the contact''s time is not known. Null: the results of which neither time is known.';
comment on column bi.score_distribution_daily.band is 'Tenths of the highest score, rounded down: 0 (below one tenth, negative scores too) to 10 (full score and more). Null where bi.quality_result.score_share is: no score, or a maximum that is not known, zero or negative.';
comment on column bi.score_distribution_daily.band_name is 'The same in words; no score or no maximum where band is null.';
comment on column bi.score_distribution_daily.share is 'The same as a share of the day''s results of this channel and scheme, those without a band included, 0 to 1.';

comment on view bi.inspection_lag_daily is 'How long after the contact results were inspected, by business day of the contacts and channel. Days that are not final (bi.day_state) lack their latest inspections.';
comment on column bi.inspection_lag_daily.day is 'Business day of the contacts; of the inspection where the contact''s time is not known. Null: the results of which neither time is known.';
comment on column bi.inspection_lag_daily.dated is 'Results whose contact and inspection are both dated, the inspection not before the contact: those whose lag is known.';
comment on column bi.inspection_lag_daily.within_1_day is 'Results inspected at most a day (24 hours) after the contact.';
comment on column bi.inspection_lag_daily.within_3_days is 'Results inspected at most three days (72 hours) after the contact.';
comment on column bi.inspection_lag_daily.within_7_days is 'Results inspected at most seven days (168 hours) after the contact.';
comment on column bi.inspection_lag_daily.within_31_days is 'Results inspected at most 31 days (744 hours) after the contact.';
comment on column bi.inspection_lag_daily.late is 'Results inspected more than three days (72 hours) after the contact.';
comment on column bi.inspection_lag_daily.late_share is 'The same as a share of the dated results, 0 to 1; as in the views of quality by agent, channel and scheme. Null where none is dated.';
comment on column bi.inspection_lag_daily.lag_mean is 'Mean time from contact to inspection of the dated results. Null where none is dated.';
comment on column bi.inspection_lag_daily.lag_max is 'Longest time from contact to inspection. Null where none is dated.';

-- Each later version beside the one before it. Names and days are those of the later one, whose table is the first of
-- each join: a filter on its day finds it by the index on the business day.
do $narrowed$
declare
    of_channel constant text := $query$
        select t.source, %1$L::text as channel, t.%2$s as contact_id, %3$s as scheme_id, t.agentid as agent_id, t.agent_name,
            bi.business_day(coalesce(t.%4$s, t.%5$s)) as day,
            bi.business_day(h.valid_to) as revised_on,
            h.valid_to as revised_at,
            t.revision,
            case when t.deleted_at is not null then 'withdrawn' when h.deleted_at is not null then 'restored' else 'changed' end
                as kind,
            h.%6$s as score_before,
            t.%6$s as score_after,
            t.%6$s - h.%6$s as score_change,
            h.valid_to - h.first_seen_at as since_first_seen
        from %7$s t
        join sobot.%1$s_result_history h on %8$s and h.revision = t.revision - 1
        where 1 < t.revision
    $query$;
    arms text[] := '{}';
    later text;
begin
    foreach later in array array['', '_history'] loop
        arms := arms
            || format(of_channel, 'call', 'call_log_jestid', 'null::text', 'call_start_datetime', 'quality_datetime', 'total_score',
                'sobot.call_result' || later,
                'h.source = t.source and h.call_log_jestid = t.call_log_jestid and h.agentid = t.agentid')
            || format(of_channel, 'chat', 'cid', 't.schemeid', 'chat_start_datetime', 'update_datetime', 'quality_score',
                'sobot.chat_result' || later,
                'h.source = t.source and h.cid = t.cid and h.schemeid = t.schemeid and h.agentid = t.agentid');
    end loop;
    execute sync.without_retired('create or replace view bi.quality_revision as ' || array_to_string(arms, ' union all '));
end
$narrowed$;
comment on view bi.quality_revision is 'Each change of an inspection result after it was first seen: one row for each later version. What the row says of agent and day is what that version says.';
comment on column bi.quality_revision.agent_name is 'Name of the agent, as the version that the change made has it.';
comment on column bi.quality_revision.day is 'Business day of the contact, in the version that the change made; of the inspection where the contact''s time is not known. Null where neither is.';
comment on column bi.quality_revision.kind is 'withdrawn (the vendor does not report the result any more), restored (it does again) or changed.';
comment on column bi.quality_revision.score_before is 'Total score of the version before, in points; null where it had none.';
comment on column bi.quality_revision.score_after is 'Total score of the version that the change made, in points; null where it has none.';
comment on column bi.quality_revision.score_change is 'score_after less score_before, in points; 0 where something else changed, null where one of them is.';
comment on column bi.quality_revision.since_first_seen is 'Time from when ccsync saw the result first to the change.';

do $narrowed$
declare
    of_channel constant text := $query$
        select r.source, bi.business_day(coalesce(r.%4$s, r.%5$s)) as day, %1$L::text as channel, r.revision,
            r.%6$s as score, f.%6$s as score_first, f.revision is not null and r.%6$s is distinct from f.%6$s as rescored
        from sobot.%1$s_result r
        left join sobot.%1$s_result_history f
            on f.source = r.source and f.%2$s = r.%2$s and f.agentid = r.agentid and %3$s and f.revision = 1
        where r.deleted_at is null
    $query$;
begin
    execute sync.without_retired(
        'create or replace view bi.revision_daily as
        select source, day, channel,
            count(*) as results,
            count(*) filter (where 1 < revision) as revised,
            count(*) filter (where 1 < revision)::numeric / count(*) as revised_share,
            count(*) filter (where rescored) as rescored,
            count(*) filter (where rescored)::numeric / count(*) as rescored_share,
            avg(score - score_first) filter (where rescored) as score_change_mean,
            avg(abs(score - score_first)) filter (where rescored) as score_change_size,
            max(abs(score - score_first)) filter (where rescored) as score_change_max
        from ('
        || format(of_channel, 'call', 'call_log_jestid', 'true', 'call_start_datetime', 'quality_datetime', 'total_score')
        || ' union all '
        || format(of_channel, 'chat', 'cid', 'f.schemeid = r.schemeid', 'chat_start_datetime', 'update_datetime', 'quality_score')
        || ') result group by source, day, channel');
end
$narrowed$;
comment on column bi.revision_daily.day is 'Business day of the contacts; of the inspection where the contact''s time is not known. Null: the results of which neither time is known.';
comment on column bi.revision_daily.results is 'Inspection results that the vendor still reports.';
comment on column bi.revision_daily.revised is 'Results of which anything changed after they were first seen (revision above 1).';
comment on column bi.revision_daily.rescored is 'Results whose total score is another now than in the first version seen, changes between no score and a score included.';
comment on column bi.revision_daily.score_change_mean is 'Mean difference from first to now, in points, of the rescored results that have both scores; positive where scores rose. Null where there is none.';
comment on column bi.revision_daily.score_change_size is 'Mean size of that difference, whatever its sign, in points. Null where there is none.';
comment on column bi.revision_daily.score_change_max is 'Largest such difference, whatever its sign, in points. Null where there is none.';

-- Versions that differ in nothing that is shown are one stretch. Time in which the membership was marked deleted ends it;
-- a version that was replaced at the instant of its beginning was at no time.
do $narrowed$
begin
    execute sync.without_retired($query$
create or replace view bi.skill_group_member_history as
with version as (
    select source, exten, agent_number, agent_name, priority, valid_from, valid_to, deleted_at, revision
    from moor.queue_member_history
    union all
    select source, exten, agent_number, agent_name, priority, changed_at, null, deleted_at, revision
    from moor.queue_member
), live as (
    select *,
        lag(valid_to) over versions is distinct from valid_from
            or lag(agent_name) over versions is distinct from agent_name
            or lag(priority) over versions is distinct from priority as begins
    from version
    where deleted_at is null and (valid_to is null or valid_from < valid_to)
    window versions as (partition by source, exten, agent_number order by revision)
), numbered as (
    select *, count(*) filter (where begins) over (
        partition by source, exten, agent_number order by revision) as stretch
    from live
), stretches as (
    select source, exten, agent_number, agent_name, priority, min(valid_from) as valid_from,
        nullif(max(coalesce(valid_to, 'infinity')), 'infinity') as valid_to
    from numbered
    group by source, exten, agent_number, stretch, agent_name, priority
)
select
    v.source,
    v.exten,
    q.display_name as skill_group,
    v.agent_number,
    v.agent_name,
    v.priority,
    v.valid_from,
    v.valid_to
from stretches v
left join moor.queue q on q.source = v.source and q.exten = v.exten
$query$);
end
$narrowed$;
comment on column bi.skill_group_member_history.valid_from is 'When ccsync first saw it so.';
comment on column bi.skill_group_member_history.valid_to is 'When ccsync saw it otherwise: changed, or no longer so; null where it still is so.';

-- Days are looked up between the first and the last one of a stretch or stay, and not compared with all of the calendar.
create or replace view bi.skill_group_member_daily as
select m.source, c.day, m.exten, m.skill_group, m.agent_number, m.agent_name, m.priority,
    least(m.valid_to, bi.day_start(c.day + 1), now()) - greatest(m.valid_from, bi.day_start(c.day)) as time_in_group,
    m.valid_from, m.valid_to
from bi.skill_group_member_history m
join bi.calendar c
    on c.day between bi.business_day(m.valid_from)
        and least(bi.business_day(m.valid_to - interval '1 microsecond'), bi.business_day(now()));
comment on view bi.skill_group_member_daily is 'Members of the skill groups on each business day of bi.calendar, from the day on which ccsync saw them first until today: one row for each day and stretch in which group, agent, name and priority stayed the same.';
comment on column bi.skill_group_member_daily.time_in_group is 'Time of that day for which it was so, as far as it has passed; days have 23 or 25 hours where clocks change.';

do $narrowed$
begin
    execute sync.without_retired($query$
create or replace view bi.agent_state_daily as
with part as (
    select s.source, s.extno, bi.business_day(s.since) as day, s.status_name as state, s.since, s.until
    from workbench.agent_status s
    where not (s.until is null or bi.business_day(s.since) <> bi.business_day(s.until)) and s.deleted_at is null
    union all
    select g.source, g.extno, bi.business_day(g.since), 'not heard'::text, g.since, g.until
    from workbench.feed_gap g
    where not (g.until is null or bi.business_day(g.since) <> bi.business_day(g.until))
    union all
    select s.source, s.extno, c.day, s.status_name,
        greatest(s.since, bi.day_start(c.day)),
        least(coalesce(s.until, f.seen_to), bi.day_start(c.day + 1))
    from workbench.agent_status s
    left join sync.feed_session f on f.source = s.source and f.extno = s.extno
    join bi.calendar c
        on c.day between bi.business_day(s.since)
            and bi.business_day(coalesce(s.until, f.seen_to) - interval '1 microsecond')
    where (s.until is null or bi.business_day(s.since) <> bi.business_day(s.until)) and s.deleted_at is null
    union all
    select g.source, g.extno, c.day, 'not heard'::text,
        greatest(g.since, bi.day_start(c.day)),
        least(coalesce(g.until, now()), bi.day_start(c.day + 1))
    from workbench.feed_gap g
    join bi.calendar c
        on c.day between bi.business_day(g.since)
            and bi.business_day(coalesce(g.until, now()) - interval '1 microsecond')
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
comment on column bi.agent_state_daily.duration is 'Time in that state on that day. A stay that lasts is known as far as its agent was heard, a gap that lasts until now.';
comment on column bi.agent_state_daily.stays is 'Stays in that state (or gaps) that touch the day; one that reaches over midnight counts on both days.';

do $narrowed$
begin
    execute sync.without_retired($function$
create or replace function sync.agent_accounts() returns table (
    person_id text,
    account text,
    vendor text,
    source text,
    account_id text,
    name text,
    email text,
    state text,
    rule text,
    reason text,
    candidates text[],
    first_seen_at timestamptz
)
language sql stable parallel restricted security definer rows 1000
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set jit = off
set work_mem = '32MB'
as $query$
with recursive named as (
    select source, agent_number, agent_name, deleted_at is not null as gone, 0 as rank, changed_at, exten,
        first_seen_at
    from moor.queue_member
    union all
    select source, agent_number, agent_name, deleted_at is not null, 1, changed_at, exten, first_seen_at
    from moor.agent_claim_status
), known as (
    select 'sobot' as vendor, 1 as vendor_rank, source, agentid as account_id, agent_name as name,
        agent_email as email, first_seen_at
    from sobot.agent
    union all
    select 'moor', 2, source, agent_number,
        (array_agg(agent_name order by gone, agent_name is null, rank, changed_at desc, exten))[1],
        null, min(first_seen_at)
    from named
    group by source, agent_number
    union all
    select 'workbench', 3, source, extno, null, null, null
    from sync.feed_session
), account as materialized (
    -- pid: the person that was stated, else the account itself. Stated accounts of one person and the
    -- account that the person is called after belong together whatever the rules say.
    select k.*, k.vendor || '/' || k.source || '/' || k.account_id as key, k.vendor || '/' || k.source as scope,
        l.person_id as stated,
        coalesce(l.person_id, k.vendor || '/' || k.source || '/' || k.account_id) as pid
    from known k
    left join sync.agent_link l
        on l.vendor = k.vendor and l.source = k.source and l.account_id = k.account_id
), plain as (
    select key, scope, vendor, lower(btrim(account_id)) as number,
        lower(regexp_replace(normalize(name, nfkc), '\s', '', 'g')) as name,
        btrim(name) ~ '^hmac[0-9]+:' as name_is_token, btrim(name) as name_token,
        lower(btrim(email)) as email,
        btrim(email) ~ '^hmac[0-9]+:' as email_is_token, btrim(email) as email_token
    from account
), sign as (
    -- What an account can be known by, at the rule's two sides; 0 where the sides are alike.
    select key, scope, 'email' as rule, 0 as side,
        case when email_is_token then email_token when email like '%_@_%' and email not like '%*%' then email end
            as token
    from plain
    union all
    select key, scope, 'email_number', 1,
        case when not email_is_token and email like '%_@_%' and email not like '%*%' then split_part(email, '@', 1) end
    from plain
    union all
    select key, scope, 'email_number', 2, number from plain where vendor <> 'sobot'
    union all
    select key, scope, 'name', 0,
        case when name_is_token then name_token
            when name not like '%*%' and name ~ '[^0-9[:punct:]]' then name end
    from plain
    union all
    select key, scope, 'number', case vendor when 'moor' then 1 else 2 end, number
    from plain
    where vendor <> 'sobot'
), borne as materialized (
    select s.*, count(*) over (partition by rule, side, scope, token) as bearers
    from sign s
    where token <> ''
), telling as materialized (
    -- What more than twenty of one vendor account bear (a desk's name, a shared mailbox) tells nobody apart.
    select * from borne where bearers <= 20
), common as (
    select distinct a.key
    from borne a
    join (select distinct rule, side, token from borne where 20 < bearers) b
        on b.rule = a.rule and b.token = a.token and (a.side = 0 or b.side <> a.side or 20 < a.bearers)
    where a.rule <> 'number'
), candidate as materialized (
    select a.key, a.scope, b.key as other, b.scope as other_scope, a.rule,
        count(*) over (partition by a.key, b.scope, a.rule) = 1
            and count(*) over (partition by b.key, a.scope, a.rule) = 1 as only_one
    from telling a
    join telling b on b.rule = a.rule and b.token = a.token and b.scope <> a.scope and (a.side = 0 or b.side <> a.side)
), speaking as (
    -- How many rules say anything of an account in another scope.
    select key, other_scope, count(distinct rule) as rules
    from candidate
    where rule <> 'number'
    group by key, other_scope
), agreed as (
    select c.key, c.scope, c.other, c.other_scope, count(*) as rules, min(c.rule) filter (where c.only_one) as rule
    from candidate c
    where c.rule <> 'number'
    group by c.key, c.scope, c.other, c.other_scope
), link as materialized (
    -- One rule finds exactly one on both sides, and no other rule that finds anybody leaves this one out. No
    -- more rules can speak for the pair than for one of it; written as an equation, the planner would join
    -- the two by it.
    select g.key, g.other, g.rule
    from agreed g
    join speaking here on here.key = g.key and here.other_scope = g.other_scope and here.rules <= g.rules
    join speaking there on there.key = g.other and there.other_scope = g.scope and there.rules <= g.rules
    join account a on a.key = g.key and a.stated is null
    join account b on b.key = g.other and b.stated is null
    where g.rule is not null
        and not exists (select from account s where s.stated = g.key and s.scope = g.other_scope)
        and not exists (select from account s where s.stated = g.other and s.scope = g.scope)
), reach as (
    select distinct pid as start, pid as reached from account
    union
    select r.start, l.other from reach r join link l on l.key = r.reached
), clash as materialized (
    -- By way of a third account, two of one vendor account would be one person: none of these links holds.
    select distinct start from (
        select r.start
        from reach r
        join account a on a.pid = r.reached
        group by r.start, a.scope
        having count(distinct a.pid) > 1
    ) doubled
), person as materialized (
    select r.start as pid,
        (array_agg(a.pid order by a.stated is null, a.vendor_rank, a.first_seen_at, a.key))[1] as person_id
    from reach r
    join account a on a.pid = r.reached
    where r.reached = r.start or not exists (select from clash c where c.start = r.start)
    group by r.start
), holder as materialized (
    select a.*, p.person_id,
        count(*) over (partition by p.person_id) as accounts,
        count(a.stated) over (partition by p.person_id) as stated_accounts,
        exists (select from clash c where c.start = a.pid) as clashes
    from account a
    join person p on p.pid = a.pid
), open as (
    -- Who might be meant, where neither has anybody yet.
    select c.key, bool_or(c.rule <> 'number') as has_basis,
        array_agg(distinct c.other order by c.other) filter (where c.rule <> 'number') as by_rule,
        array_agg(distinct c.other order by c.other) as by_any
    from candidate c
    join holder a on a.key = c.key
    join holder b on b.key = c.other
    where a.stated is null and b.person_id <> a.person_id
        and not exists (select from holder o where o.person_id = a.person_id and o.scope = c.other_scope)
        and not exists (select from holder o where o.person_id = b.person_id and o.scope = c.scope)
    group by c.key
), taken as (
    -- Who is alike but has somebody there already, as far as open does not name them.
    select c.key, array_agg(distinct c.other order by c.other) as others
    from candidate c
    join holder a on a.key = c.key
    join holder b on b.key = c.other
    where c.rule <> 'number' and a.stated is null and b.person_id <> a.person_id
    group by c.key
), linked as (
    select key, min(rule) as rule, array_agg(other order by other) as others from link group by key
), readable as (
    select distinct key from telling where rule in ('email', 'name')
)
select h.person_id, h.key, h.vendor, h.source, h.account_id, h.name, h.email,
    case
        when h.accounts > 1 then 'matched'
        when h.stated is not null then 'separate'
        when h.clashes or o.has_basis then 'ambiguous'
        else 'unmatched'
    end,
    case
        when h.stated is not null then 'overruled'
        when h.clashes then null
        when k.rule is not null then k.rule
        when h.stated_accounts > 0 then 'named'
    end,
    case
        when h.stated is not null then null
        when h.clashes then 'clash'
        when o.has_basis then 'ambiguous'
        when h.accounts > 1 then null
        when o.key is not null then 'number_only'
        when t.key is not null then 'taken'
        when w.key is not null then 'common'
        when r.key is null then 'no_basis'
        else 'no_match'
    end,
    case when h.clashes then k.others when o.has_basis then o.by_rule when h.accounts = 1 then coalesce(o.by_any, t.others) end,
    h.first_seen_at
from holder h
left join open o on o.key = h.key
left join linked k on k.key = h.key
left join taken t on t.key = h.key
left join common w on w.key = h.key
left join readable r on r.key = h.key
$query$;
$function$);
end
$narrowed$;
comment on column bi.agent_account.reason is 'Why it has no match, or not one at every vendor: ambiguous (several could be meant, or the rules disagree), clash (by way of a third one, two accounts of one vendor account would be one person), number_only (only an equal number at another vendor), taken (who is alike has an account there already, or is somebody else by an overrule), common (more than twenty agents of one vendor account have the same name or address, which therefore tells nobody apart), no_basis (nothing readable to match by), no_match (nobody alike at another vendor account). Null where nothing is open.';
comment on column bi.agent_account.candidates is 'The accounts that could be meant, by their keys; where reason is taken, those that are alike.';
comment on column bi.agent_unmatched.reason is 'ambiguous, clash, number_only, taken, common, no_basis or no_match; see bi.agent_account.reason.';
comment on column bi.agent_unmatched.candidates is 'The accounts that could be meant, by their keys (vendor/source/id); where reason is taken, those that are alike.';

comment on view bi.day_state is 'Each business day that may have results, by stream: final, provisional or partial. A day that is not listed is partial. Days are days of the windows by which the stream is read; the vendor fills windows by the time of the contact or of the inspection, which no document says. A day''s state is that of the results whose contacts fall on it: it looks at the windows that overlap the day and at those that begin within bi.freshness.reach after it.';
comment on column bi.day_state.day is 'A day of the stream''s windows, in the zone of business days.';
comment on view bi.week_state is 'Each week that may have results, by stream: final, provisional or partial. Its days are those of bi.day_state.';
comment on view bi.month_state is 'Each month that may have results, by stream: final, provisional or partial. Its days are those of bi.day_state.';
