-- Quality by skill group for weeks and months too, and by the day from sums of agents that are quick to make. All
-- three are made from one text.

do $$
declare
    by_group constant text := $sql$
        with seat as materialized (
            select * from sync.agent_seats()
        ), numbered as materialized (
            select distinct source, agent_id from seat
        ), agent_day as (
            select *, sum(results) over (partition by source, %1$s, channel) as all_results
            from (%2$s) cell
        ), placed as (
            select d.*, s.moor_source, s.exten,
                case
                    when d.day < s.roster_day then 'assumed'
                    when s.exten is not null then 'member'
                    when n.agent_id is not null then 'no_group'
                    else 'no_identity'
                end as placement
            from agent_day d
            left join seat s
                on s.source = d.source and s.agent_id = d.agent_id and s.first_day <= d.day and d.day <= s.last_day
            left join numbered n on n.source = d.source and n.agent_id = d.agent_id
        ), grouped as (
            select source, moor_source, exten, %1$s, channel, placement,
                sum(results)::bigint as results,
                sum(scored)::bigint as scored,
                sum(score_sum) as score_sum,
                min(score_min) as score_min,
                max(score_max) as score_max,
                sum(score_reached) as reached,
                sum(score_reachable) as reachable,
                count(distinct agent_id) as agents,
                bool_and(final) as final,
                max(all_results) as all_results,
                sum(sum(results) filter (where exten is null)) over (partition by source, %1$s, channel) as unplaced
            from placed
            group by source, moor_source, exten, %1$s, channel, placement
        )
        select g.source, g.moor_source, g.exten, r.display_name as skill_group, g.%1$s, g.channel, g.placement,
            g.results,
            g.scored,
            g.score_sum / nullif(g.scored, 0) as score_mean,
            g.score_min,
            g.score_max,
            g.reached / nullif(g.reachable, 0) as score_share,
            g.agents,
            case when g.final then sync.state_of(t.settled, t.start_at, g.%1$s, %3$s) else 'provisional' end as state,
            1 - coalesce(g.unplaced, 0) / g.all_results as placed_share,
            g.score_sum
        from grouped g
        left join moor.queue r on r.source = g.moor_source and r.exten = g.exten
        left join sync.settled_time t
            on t.source = g.source
            and t.stream = case g.channel when 'call' then 'sobot.call_result' else 'sobot.chat_result' end
    $sql$;
    of_day constant text := $sql$
        select source, day, channel, agent_id, results, scored, score_sum, score_min, score_max, score_reached,
            score_reachable, state = 'final' as final
        from bi.agent_quality_daily
    $sql$;
    of_days constant text := $sql$
        select source, day, %1$s, channel, agent_id, count(*) as results, count(score) as scored,
            sum(score) as score_sum, min(score) as score_min, max(score) as score_max,
            sum(score) filter (where 0 < score_max) as score_reached,
            sum(score_max) filter (where 0 < score_max and score is not null) as score_reachable,
            bool_and(state = 'final') as final
        from bi.quality_result
        group by source, day, %1$s, channel, agent_id
    $sql$;
    period record;
    relation text;
begin
    execute 'create or replace view bi.queue_quality_daily as ' || format(by_group, 'day', of_day, 'g.day');
    for period in
        select * from (values
            ('week', 'weekly', 'g.week + 6', 'Monday of the week of the contacts.'),
            ('month', 'monthly', '(g.month + interval ''1 month - 1 day'')::date', 'First day of the month of the contacts.')
        ) as p (key, name, last_day, comment)
    loop
        relation := format('bi.queue_quality_%s', period.name);
        execute format('create view %s as ', relation)
            || format(by_group, period.key, format(of_days, period.key), period.last_day);
        execute format('comment on view %s is %L', relation, format(
            'Quality by 7moor skill group, %s and channel: results count under the groups that their agents were in on the day of the contact, as in bi.queue_quality_daily.',
            period.key));
        execute format('comment on column %s.%s is %L', relation, period.key, period.comment);
        execute format('comment on column %s.state is %L', relation,
            'final, or provisional while a figure of this row may still change with more than 1 % probability.');
        execute format('comment on column %s.placed_share is %L', relation, format(
            'Share of all results of that source, %s and channel that could be placed in a group, 0 to 1: the same in each row of them.',
            period.key));
    end loop;
end
$$;

-- What is said of the daily view's columns holds for the others.
do $$
declare
    described record;
begin
    for described in
        select v.relation, a.attname, col_description('bi.queue_quality_daily'::regclass, a.attnum) as comment
        from pg_catalog.pg_attribute a
        cross join unnest(array['weekly', 'monthly']) name
        cross join lateral (select format('bi.queue_quality_%s', name) as relation) v
        where a.attrelid = 'bi.queue_quality_daily'::regclass and 0 < a.attnum
            and a.attname not in ('day', 'state', 'placed_share')
    loop
        execute format('comment on column %s.%I is %L', described.relation, described.attname, described.comment);
    end loop;
end
$$;
