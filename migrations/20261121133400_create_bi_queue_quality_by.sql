-- Quality by skill group for weeks and months too. The daily view carries its week and month through all its
-- steps, so that a filter on them reaches the results.

create or replace view bi.queue_quality_daily as
with seat as materialized (
    select * from sync.agent_seats()
), agent_day as (
    -- Grouped before it is joined: a month has far fewer agents' days than results.
    select q.source, q.day, q.week, q.month, q.channel, q.agent_id,
        count(*) as results,
        count(q.score) as scored,
        sum(q.score) as score_sum,
        min(q.score) as score_min,
        max(q.score) as score_max,
        sum(q.score) filter (where 0 < q.score_max) as reached,
        sum(q.score_max) filter (where 0 < q.score_max and q.score is not null) as reachable,
        bool_and(q.state = 'final') as final,
        sum(count(*)) over (partition by q.source, q.day, q.week, q.month, q.channel)
            as day_results
    from bi.quality_result q
    group by q.source, q.day, q.week, q.month, q.channel, q.agent_id
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
    left join seat n on n.source = d.source and n.agent_id = d.agent_id and n.exten is null
), grouped as (
    select source, moor_source, exten, day, week, month, channel, placement,
        sum(results)::bigint as results,
        sum(scored)::bigint as scored,
        sum(score_sum) as score_sum,
        min(score_min) as score_min,
        max(score_max) as score_max,
        sum(reached) as reached,
        sum(reachable) as reachable,
        count(*) as agents,
        bool_and(final) as final,
        max(day_results) as day_results,
        sum(sum(results) filter (where exten is null)) over (
            partition by source, day, week, month, channel) as unplaced
    from placed
    group by source, moor_source, exten, day, week, month, channel, placement
)
select g.source, g.moor_source, g.exten, r.display_name as skill_group, g.day, g.channel, g.placement,
    g.results,
    g.scored,
    g.score_sum / nullif(g.scored, 0) as score_mean,
    g.score_min,
    g.score_max,
    g.reached / nullif(g.reachable, 0) as score_share,
    g.agents,
    case when g.final and s.state = 'final' then 'final' else 'provisional' end as state,
    1 - coalesce(g.unplaced, 0) / g.day_results as placed_share,
    g.score_sum,
    g.week,
    g.month,
    g.reached as score_reached,
    g.reachable as score_reachable,
    g.day_results
from grouped g
left join moor.queue r on r.source = g.moor_source and r.exten = g.exten
left join bi.day_state s
    on s.source = g.source and s.day = g.day
    and s.stream = case g.channel when 'call' then 'sobot.call_result' else 'sobot.chat_result' end;
comment on column bi.queue_quality_daily.week is 'Monday of the week of day.';
comment on column bi.queue_quality_daily.month is 'First day of the month of day.';
comment on column bi.queue_quality_daily.score_reached is 'Points reached in results whose maximum is known; score_share is this divided by score_reachable.';
comment on column bi.queue_quality_daily.score_reachable is 'Points that could be reached in those results.';
comment on column bi.queue_quality_daily.day_results is 'All results of that source, day and channel: the same in each row of them.';

do $$
declare
    period record;
    relation text;
begin
    for period in select * from (values ('week', 'weekly', 'Monday of the week'), ('month', 'monthly', 'First day of the month'))
        as p (key, name, first)
    loop
        relation := format('bi.queue_quality_%s', period.name);
        execute format($sql$
            create view %1$s as
            select g.source, g.moor_source, g.exten, g.skill_group, g.%2$s, g.channel, g.placement, g.results, g.scored,
                g.score_sum / nullif(g.scored, 0) as score_mean, g.score_min, g.score_max,
                g.score_reached / nullif(g.score_reachable, 0) as score_share,
                case when g.final and p.state = 'final' then 'final' else 'provisional' end as state,
                g.score_sum
            from (
                select source, moor_source, exten, max(skill_group) as skill_group, %2$s, channel, placement,
                    sum(results)::bigint as results, sum(scored)::bigint as scored, sum(score_sum) as score_sum,
                    min(score_min) as score_min, max(score_max) as score_max, sum(score_reached) as score_reached,
                    sum(score_reachable) as score_reachable, bool_and(state = 'final') as final
                from bi.queue_quality_daily
                group by source, moor_source, exten, %2$s, channel, placement
            ) g
            left join bi.%2$s_state p
                on p.source = g.source and p.%2$s = g.%2$s
                and p.stream = case g.channel when 'call' then 'sobot.call_result' else 'sobot.chat_result' end
        $sql$, relation, period.key);
        execute format('comment on view %s is %L', relation, format(
            'bi.queue_quality_daily added up by %s: results count under the groups that their agents were in on the day of the contact.',
            period.key));
        execute format('comment on column %s.source is %L', relation, 'The operator''s name for the Sobot account that the results come from.');
        execute format('comment on column %s.moor_source is %L', relation, 'The operator''s name for the 7moor account that the group is at; null for what could not be placed.');
        execute format('comment on column %s.exten is %L', relation, 'Number of the skill group; null for what could not be placed.');
        execute format('comment on column %s.skill_group is %L', relation, 'Name of the skill group as it was last known.');
        execute format('comment on column %s.%s is %L', relation, period.key, period.first || ' of the contacts.');
        execute format('comment on column %s.channel is %L', relation, 'call or chat.');
        execute format('comment on column %s.placement is %L', relation, 'member, assumed, no_group or no_identity: see bi.queue_quality_daily.');
        execute format('comment on column %s.results is %L', relation, 'Inspection results.');
        execute format('comment on column %s.scored is %L', relation, 'Results that have a total score.');
        execute format('comment on column %s.score_mean is %L', relation, 'Mean total score, in points.');
        execute format('comment on column %s.score_min is %L', relation, 'Lowest total score, in points.');
        execute format('comment on column %s.score_max is %L', relation, 'Highest total score, in points.');
        execute format('comment on column %s.score_share is %L', relation, 'Points reached as a share of the points that could be reached, 0 to 1; more with bonus points.');
        execute format('comment on column %s.state is %L', relation, 'final, or provisional while a figure of this row may still change with more than 1 % probability.');
        execute format('comment on column %s.score_sum is %L', relation, 'Sum of the total scores, in points.');
    end loop;
end
$$;
