-- Quality by skill group: Sobot's results, through bi.agent_account, under 7moor's groups of that day.

-- A function for the reasons told at sync.agent_accounts.
create function sync.agent_seats() returns table (
    source text,
    agent_id text,
    moor_source text,
    exten text,
    first_day date,
    last_day date,
    roster_day date
)
language sql stable parallel restricted security definer rows 5000
set search_path = pg_catalog, pg_temp
set enable_nestloop = off
set jit = off
set work_mem = '32MB'
as $query$
with account as materialized (
    select * from sync.agent_accounts()
), zone as (
    select coalesce(max(timezone), 'Asia/Shanghai') as name from sync.stream
), roster as (
    select source, min(first_seen_at) as first_read_at from moor.queue group by source
), stretch as (
    -- Who was in the first roster that was read is taken to have been there before.
    select m.source, m.exten, m.agent_number,
        case when r.first_read_at < m.valid_from then (m.valid_from at time zone zone.name)::date else '-infinity' end
            as first_day,
        coalesce(((m.valid_to - interval '1 microsecond') at time zone zone.name)::date, 'infinity') as last_day,
        (r.first_read_at at time zone zone.name)::date as roster_day
    from bi.skill_group_member_history m
    join roster r on r.source = m.source
    cross join zone
    where m.valid_to is null or m.valid_from < m.valid_to
), seat as (
    select a.source, a.account_id as agent_id, s.source as moor_source, s.exten, s.first_day, s.last_day, s.roster_day,
        max(s.last_day) over (
            partition by a.source, a.account_id, s.source, s.exten order by s.first_day, s.last_day
            rows between unbounded preceding and 1 preceding) as reached
    from account a
    join account b on b.person_id = a.person_id and b.vendor = 'moor'
    join stretch s on s.source = b.source and s.agent_number = b.account_id
    where a.vendor = 'sobot'
), island as (
    -- Stretches that share a day become one, so that no day counts twice.
    select *, count(*) filter (where reached is null or reached < first_day) over (
        partition by source, agent_id, moor_source, exten order by first_day, last_day) as number
    from seat
)
select source, agent_id, moor_source, exten, min(first_day), max(last_day), min(roster_day)
from island
group by source, agent_id, moor_source, exten, number
union all
-- Who has a number, in a group or not: these cover no day.
select distinct a.source, a.account_id, null, null, null::date, null::date, null::date
from account a
join account b on b.person_id = a.person_id and b.vendor = 'moor'
where a.vendor = 'sobot'
$query$;
comment on function sync.agent_seats() is 'Business days on which a Sobot agent, through bi.agent_account, was in a 7moor skill group, as stretches without overlap; and one row without a group for each who has a 7moor number.';

create view bi.queue_quality_daily as
with seat as materialized (
    select * from sync.agent_seats()
), agent_day as (
    -- Grouped before it is joined: a month has far fewer agents' days than results.
    select q.source, q.day, q.channel, q.agent_id,
        count(*) as results,
        count(q.score) as scored,
        sum(q.score) as score_sum,
        min(q.score) as score_min,
        max(q.score) as score_max,
        sum(q.score) filter (where 0 < q.score_max) as reached,
        sum(q.score_max) filter (where 0 < q.score_max and q.score is not null) as reachable,
        bool_and(q.state = 'final') as final,
        sum(count(*)) over (partition by q.source, q.day, q.channel) as day_results
    from bi.quality_result q
    group by q.source, q.day, q.channel, q.agent_id
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
    select source, moor_source, exten, day, channel, placement,
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
        sum(sum(results) filter (where exten is null)) over (partition by source, day, channel) as unplaced
    from placed
    group by source, moor_source, exten, day, channel, placement
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
    g.score_sum
from grouped g
left join moor.queue r on r.source = g.moor_source and r.exten = g.exten
left join bi.day_state s
    on s.source = g.source and s.day = g.day
    and s.stream = case g.channel when 'call' then 'sobot.call_result' else 'sobot.chat_result' end;
comment on view bi.queue_quality_daily is 'Quality by 7moor skill group, business day and channel: the results of the agents (through bi.agent_account) who were in the group at any time of that day. An agent in several groups counts in each of them, so groups do not add up to a total. What could not be placed is there too, in rows without a group: a day''s results are those rows plus each result placed once. Filter by day.';
comment on column bi.queue_quality_daily.source is 'The operator''s name for the Sobot account that the results come from.';
comment on column bi.queue_quality_daily.moor_source is 'The operator''s name for the 7moor account that the group is at; null for what could not be placed.';
comment on column bi.queue_quality_daily.exten is 'Number of the skill group; null for what could not be placed.';
comment on column bi.queue_quality_daily.skill_group is 'Name of the skill group as it was last known.';
comment on column bi.queue_quality_daily.day is 'Business day of the contacts.';
comment on column bi.queue_quality_daily.channel is 'call or chat.';
comment on column bi.queue_quality_daily.placement is 'member (in the group on that day), assumed (before ccsync first read the rosters: the first roster that it read counts), no_group (the agent was in no group on that day) or no_identity (no 7moor agent is known for the agent, see bi.agent_unmatched).';
comment on column bi.queue_quality_daily.results is 'Inspection results.';
comment on column bi.queue_quality_daily.scored is 'Results that have a total score.';
comment on column bi.queue_quality_daily.score_mean is 'Mean total score, in points.';
comment on column bi.queue_quality_daily.score_min is 'Lowest total score, in points.';
comment on column bi.queue_quality_daily.score_max is 'Highest total score, in points.';
comment on column bi.queue_quality_daily.score_share is 'Points reached as a share of the points that could be reached, 0 to 1; more with bonus points.';
comment on column bi.queue_quality_daily.agents is 'Agents with a result.';
comment on column bi.queue_quality_daily.state is 'final, or provisional while the day may still change with more than 1 % probability. A later change of rosters or identities is not foreseen by it.';
comment on column bi.queue_quality_daily.placed_share is 'Share of all results of that source, day and channel that could be placed in a group, 0 to 1: the same in each row of them.';
comment on column bi.queue_quality_daily.score_sum is 'Sum of the total scores, in points: means over several rows are its sum over that of scored.';
