-- Quality by agent, scheme and channel, for each day, week and month, and by the hour. All are made from the
-- same texts, so that a figure means the same in each of them. What they cost at ten million results: docs/bi.md.

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
    -- both tables are read at once. Windows are looked up for groups, not for results.
    by_agent_and_day constant text := $sql$
        select %1$L::text as channel, q.source, q.day, q.agent_id, max(q.agent_name) as agent_name, %2$s,
            min(q.window_start) as first_read, max(q.window_end) as last_read
        from (
            select source, bi.business_day(coalesce(%4$s, %5$s)) as day, agentid as agent_id, agent_name,
                %6$s as score, %7$s as score_max, revision, interval '3 days' < %5$s - %4$s as late, window_start,
                window_end
            from %3$s
            where deleted_at is null
        ) q
        group by q.day, q.agent_id, q.source
    $sql$;
    by_any constant text := $sql$
        select q.source, q.channel, %1$s, %2$s, bool_and(q.state = 'final') as final
        from bi.quality_result q
        group by q.source, q.channel, %1$s
    $sql$;
    -- From one agent's sums to those of all: unlike a count of distinct agents, done by several workers at once.
    of_all_agents constant text := $sql$
        select source, channel, %1$s, count(distinct agent_id) as agents, sum(results)::bigint as results,
            sum(scored)::bigint as scored, sum(score_sum) as score_sum, min(score_min) as score_min,
            max(score_max) as score_max, sum(reached) as reached, sum(reachable) as reachable,
            sum(revised)::bigint as revised, sum(late)::bigint as late, sum(dated)::bigint as dated,
            %3$s
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
        case when %1$s then sync.state_of(t.settled, t.start_at, q.%2$s, %3$s) else 'provisional' end as state,
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
        ['state', 'final, or provisional while a figure of this row may still change with more than 1 % probability.'],
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
    by_window boolean;
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
            ('agent', 'daily', 'day', 'q.day', 'day', 'Quality by agent, business day and channel.'),
            ('agent', 'weekly', 'week', 'q.week + 6', 'week', 'Quality by agent, week and channel.'),
            ('agent', 'monthly', 'month', '(q.month + interval ''1 month - 1 day'')::date', 'month', 'Quality by agent, month and channel.'),
            ('channel', 'hourly', 'day', 'q.day', 'day, hour', 'Quality by channel and hour of the business day.'),
            ('channel', 'daily', 'day', 'q.day', 'day', 'Quality by channel and business day.'),
            ('channel', 'weekly', 'week', 'q.week + 6', 'week', 'Quality by channel and week.'),
            ('channel', 'monthly', 'month', '(q.month + interval ''1 month - 1 day'')::date', 'month', 'Quality by channel and month.'),
            ('scheme', 'daily', 'day', 'q.day', 'day', 'Quality by inspection scheme, channel and business day.'),
            ('scheme', 'weekly', 'week', 'q.week + 6', 'week', 'Quality by inspection scheme, channel and week.'),
            ('scheme', 'monthly', 'month', '(q.month + interval ''1 month - 1 day'')::date', 'month', 'Quality by inspection scheme, channel and month.')
        ) as v (dimension, name, period, last_day, keys, comment)
    loop
        relation := format('bi.%s_quality_%s', of_view.dimension, of_view.name);
        grouped := of_view.keys;
        by_window := of_view.name = 'daily' and of_view.dimension <> 'scheme';
        quality := case
            when by_window then of_agents
            when of_view.dimension = 'scheme' then format(by_any, grouped || ', scheme_id', measures)
            when of_view.name = 'hourly' then format(by_any, grouped, measures)
            else format(by_any, grouped || ', agent_id', 'max(q.agent_name) as agent_name, ' || measures)
        end;
        if of_view.dimension = 'channel' and of_view.name <> 'hourly' then
            quality := format(of_all_agents, grouped, quality, case
                when by_window then 'min(first_read) as first_read, max(last_read) as last_read'
                else 'bool_and(final) as final' end);
        end if;
        execute format(
            'create or replace view %1$s as select q.source, %2$s, q.channel, %3$s %4$s from (%5$s) q '
            'left join sync.settled_time t on t.source = q.source and t.stream = '
                'case q.channel when ''call'' then ''sobot.call_result'' else ''sobot.chat_result'' end',
            relation,
            'q.' || replace(grouped, ', ', ', q.'),
            case
                when of_view.dimension = 'agent' then 'q.agent_id, q.agent_name,'
                when of_view.dimension = 'scheme' then 'q.scheme_id,'
                when of_view.name <> 'hourly' then 'q.agents,'
                else ''
            end,
            format(shown, case
                when by_window then 't.settled @> tstzrange(q.first_read, q.last_read)'
                else 'q.final' end, of_view.period, of_view.last_day),
            quality);
        execute format('comment on view %s is %L', relation,
            of_view.comment || ' A row is provisional while results of it may still come or change.');
        foreach comment slice 1 in array comments loop
            if exists (select from pg_catalog.pg_attribute
                where attrelid = relation::regclass and attname = comment[1]) then
                execute format('comment on column %s.%s is %L', relation, comment[1], comment[2]);
            end if;
        end loop;
    end loop;
end
$$;
