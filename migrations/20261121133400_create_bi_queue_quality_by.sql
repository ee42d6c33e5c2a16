-- Quality by skill group for weeks and months too, and by the day from sums of agents that are quick to make. All
-- three are made from one text.

-- Agents who are in the same groups on a day are summed up before their groups are told apart.
create function sync.agent_places() returns table (
    agent text,
    first_day date,
    last_day date,
    moor_sources text[],
    extens text[],
    roster_days date[]
)
language sql stable parallel restricted security definer rows 2000
set search_path = pg_catalog, pg_temp
set jit = off
as $query$
with seat as materialized (
    select * from sync.agent_seats()
), point as (
    select source, agent_id, day, lead(day) over (partition by source, agent_id order by day) as next
    from (
        select source, agent_id, '-infinity'::date as day from seat
        union
        select source, agent_id, first_day from seat where exten is not null
        union
        select source, agent_id, last_day + 1 from seat where exten is not null and last_day < 'infinity'
    ) p
)
-- One key and not two: of two, the planner may take the source alone, which tells no agents apart.
select p.source || '/' || p.agent_id, p.day, coalesce(p.next - 1, 'infinity'),
    coalesce(array_agg(s.moor_source order by s.moor_source, s.exten) filter (where s.exten is not null), '{}'),
    coalesce(array_agg(s.exten order by s.moor_source, s.exten) filter (where s.exten is not null), '{}'),
    coalesce(array_agg(s.roster_day order by s.moor_source, s.exten) filter (where s.exten is not null), '{}')
from point p
left join seat s
    on s.source = p.source and s.agent_id = p.agent_id and s.exten is not null
    and s.first_day <= p.day and p.day <= s.last_day
group by p.source, p.agent_id, p.day, p.next
$query$;
comment on function sync.agent_places() is 'For each Sobot agent with a 7moor number, stretches of business days that together are all time, and the skill groups that the agent was in on them: one row for each stretch.';

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
                sum(d.score_reachable) as reachable,
                bool_and(d.final) as final
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
                bool_and(final) as final,
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
            case when g.final then sync.state_of(t.settled, t.start_at, g.period, %3$s) else 'provisional' end as state,
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
    execute 'create or replace view bi.queue_quality_daily as ' || format(by_group, 'day', of_day, 'g.period', 'g.agents,');
    for period in
        select * from (values
            ('week', 'weekly', 'g.period + 6', 'Monday of the week of the contacts.'),
            ('month', 'monthly', '(g.period + interval ''1 month - 1 day'')::date', 'First day of the month of the contacts.')
        ) as p (key, name, last_day, comment)
    loop
        relation := format('bi.queue_quality_%s', period.name);
        execute format('create view %s as ', relation)
            || format(by_group, period.key, format(of_days, period.key), period.last_day, '');
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
            and a.attname not in ('day', 'agents', 'state', 'placed_share')
    loop
        execute format('comment on column %s.%I is %L', described.relation, described.attname, described.comment);
    end loop;
end
$$;
