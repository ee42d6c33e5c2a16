-- What operations leads ask beyond the means: how scores are spread, how late inspections come, how much they
-- change afterwards, who was where on a day, and what agents did with their time.

create view bi.score_distribution_daily as
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
    select source, day, channel, scheme_id,
        greatest(0, least(10, floor(score_share * 10)))::integer as band,
        count(*) as results
    from bi.quality_result
    group by source, day, channel, scheme_id, greatest(0, least(10, floor(score_share * 10)))::integer
) banded;
comment on view bi.score_distribution_daily is 'How the scores of each business day are spread, in tenths of the highest score. A row is a band with at least one result.';
comment on column bi.score_distribution_daily.source is 'The operator''s name for the vendor account.';
comment on column bi.score_distribution_daily.day is 'Business day of the contacts.';
comment on column bi.score_distribution_daily.channel is 'call or chat.';
comment on column bi.score_distribution_daily.scheme_id is 'Id of the inspection scheme; null for calls, whose results do not name it.';
comment on column bi.score_distribution_daily.band is 'Tenth of the highest score, rounded down: 0 (below a tenth, negative too) to 10 (full score and more); null without a score or its maximum.';
comment on column bi.score_distribution_daily.band_name is 'The same in words.';
comment on column bi.score_distribution_daily.results is 'Inspection results in the band.';
comment on column bi.score_distribution_daily.share is 'The same as a share of the day''s results of this channel and scheme, 0 to 1.';

create view bi.inspection_lag_daily as
select source, day, channel,
    count(*) as results,
    count(lag) as dated,
    count(*) filter (where lag <= interval '1 day') as within_1_day,
    count(*) filter (where lag <= interval '3 days') as within_3_days,
    count(*) filter (where lag <= interval '7 days') as within_7_days,
    count(*) filter (where lag <= interval '31 days') as within_31_days,
    count(*) filter (where late) as late,
    count(*) filter (where late)::numeric / nullif(count(lag), 0) as late_share,
    avg(lag) as lag_mean,
    max(lag) as lag_max
from bi.quality_result
group by source, day, channel;
comment on view bi.inspection_lag_daily is 'How long after the contact results were inspected, by business day of the contacts and channel. Days that are still provisional (bi.day_state) lack their latest inspections.';
comment on column bi.inspection_lag_daily.source is 'The operator''s name for the vendor account.';
comment on column bi.inspection_lag_daily.day is 'Business day of the contacts.';
comment on column bi.inspection_lag_daily.channel is 'call or chat.';
comment on column bi.inspection_lag_daily.results is 'Inspection results.';
comment on column bi.inspection_lag_daily.dated is 'Results whose contact and inspection are both dated, the inspection not before the contact.';
comment on column bi.inspection_lag_daily.within_1_day is 'Inspected within a day of the contact.';
comment on column bi.inspection_lag_daily.within_3_days is 'Inspected within three days of the contact.';
comment on column bi.inspection_lag_daily.within_7_days is 'Inspected within seven days of the contact.';
comment on column bi.inspection_lag_daily.within_31_days is 'Inspected within 31 days of the contact.';
comment on column bi.inspection_lag_daily.late is 'Inspected more than three days after the contact.';
comment on column bi.inspection_lag_daily.late_share is 'The same as a share of the dated results, 0 to 1.';
comment on column bi.inspection_lag_daily.lag_mean is 'Mean time from contact to inspection.';
comment on column bi.inspection_lag_daily.lag_max is 'Longest time from contact to inspection.';

-- From the versions that were replaced, which are few, to the versions after them.
create view bi.quality_revision as
select h.source, 'call'::text as channel, h.call_log_jestid as contact_id, null::text as scheme_id,
    h.agentid as agent_id, h.agent_name,
    bi.business_day(coalesce(h.call_start_datetime, h.quality_datetime)) as day,
    bi.business_day(h.valid_to) as revised_on,
    h.valid_to as revised_at,
    h.revision + 1 as revision,
    case when coalesce(n.deleted_at, t.deleted_at) is not null then 'withdrawn'
        when h.deleted_at is not null then 'restored' else 'changed' end as kind,
    h.total_score as score_before,
    coalesce(n.total_score, t.total_score) as score_after,
    coalesce(n.total_score, t.total_score) - h.total_score as score_change,
    h.valid_to - h.first_seen_at as since_first_seen
from sobot.call_result_history h
left join sobot.call_result_history n
    on n.source = h.source and n.call_log_jestid = h.call_log_jestid and n.agentid = h.agentid
    and n.revision = h.revision + 1
left join sobot.call_result t
    on t.source = h.source and t.call_log_jestid = h.call_log_jestid and t.agentid = h.agentid
    and t.revision = h.revision + 1
union all
select h.source, 'chat'::text, h.cid, h.schemeid, h.agentid, h.agent_name,
    bi.business_day(coalesce(h.chat_start_datetime, h.update_datetime)),
    bi.business_day(h.valid_to),
    h.valid_to,
    h.revision + 1,
    case when coalesce(n.deleted_at, t.deleted_at) is not null then 'withdrawn'
        when h.deleted_at is not null then 'restored' else 'changed' end,
    h.quality_score,
    coalesce(n.quality_score, t.quality_score),
    coalesce(n.quality_score, t.quality_score) - h.quality_score,
    h.valid_to - h.first_seen_at
from sobot.chat_result_history h
left join sobot.chat_result_history n
    on n.source = h.source and n.cid = h.cid and n.schemeid = h.schemeid and n.agentid = h.agentid
    and n.revision = h.revision + 1
left join sobot.chat_result t
    on t.source = h.source and t.cid = h.cid and t.schemeid = h.schemeid and t.agentid = h.agentid
    and t.revision = h.revision + 1;
comment on view bi.quality_revision is 'Each change of an inspection result after it was first seen: one row for each later version.';
comment on column bi.quality_revision.source is 'The operator''s name for the vendor account.';
comment on column bi.quality_revision.channel is 'call or chat.';
comment on column bi.quality_revision.contact_id is 'Id of the call or chat.';
comment on column bi.quality_revision.scheme_id is 'Id of the inspection scheme; null for calls, whose results do not name it.';
comment on column bi.quality_revision.agent_id is 'Sobot''s id of the agent.';
comment on column bi.quality_revision.agent_name is 'Name of the agent.';
comment on column bi.quality_revision.day is 'Business day of the contact; of the inspection where the contact''s time is not known.';
comment on column bi.quality_revision.revised_on is 'Business day on which ccsync saw the change.';
comment on column bi.quality_revision.revised_at is 'When ccsync saw the change.';
comment on column bi.quality_revision.revision is 'Number of the version that the change made.';
comment on column bi.quality_revision.kind is 'changed, withdrawn (the vendor does not report the result any more) or restored (it does again).';
comment on column bi.quality_revision.score_before is 'Total score before, in points.';
comment on column bi.quality_revision.score_after is 'Total score afterwards, in points.';
comment on column bi.quality_revision.score_change is 'Difference in points; 0 where something else changed.';
comment on column bi.quality_revision.since_first_seen is 'Time from when ccsync saw the result first to the change.';

create view bi.revision_daily as
select source, day, channel,
    count(*) as results,
    count(*) filter (where 1 < revision) as revised,
    count(*) filter (where 1 < revision)::numeric / count(*) as revised_share,
    count(*) filter (where score <> score_first) as rescored,
    count(*) filter (where score <> score_first)::numeric / count(*) as rescored_share,
    avg(score - score_first) filter (where score <> score_first) as score_change_mean,
    avg(abs(score - score_first)) filter (where score <> score_first) as score_change_size,
    max(abs(score - score_first)) filter (where score <> score_first) as score_change_max
from (
    select r.source, bi.business_day(coalesce(r.call_start_datetime, r.quality_datetime)) as day,
        'call'::text as channel, r.revision, r.total_score as score, f.total_score as score_first
    from sobot.call_result r
    left join sobot.call_result_history f
        on f.source = r.source and f.call_log_jestid = r.call_log_jestid and f.agentid = r.agentid
        and f.revision = 1
    where r.deleted_at is null
    union all
    select r.source, bi.business_day(coalesce(r.chat_start_datetime, r.update_datetime)),
        'chat'::text, r.revision, r.quality_score, f.quality_score
    from sobot.chat_result r
    left join sobot.chat_result_history f
        on f.source = r.source and f.cid = r.cid and f.schemeid = r.schemeid and f.agentid = r.agentid
        and f.revision = 1
    where r.deleted_at is null
) result
group by source, day, channel;
comment on view bi.revision_daily is 'How often, and by how much, results changed since they were first seen, by business day of the contacts and channel. Each change alone: bi.quality_revision.';
comment on column bi.revision_daily.source is 'The operator''s name for the vendor account.';
comment on column bi.revision_daily.day is 'Business day of the contacts.';
comment on column bi.revision_daily.channel is 'call or chat.';
comment on column bi.revision_daily.results is 'Inspection results.';
comment on column bi.revision_daily.revised is 'Results of which anything changed.';
comment on column bi.revision_daily.revised_share is 'The same as a share of the results, 0 to 1.';
comment on column bi.revision_daily.rescored is 'Results whose total score is another now than at first.';
comment on column bi.revision_daily.rescored_share is 'The same as a share of the results, 0 to 1.';
comment on column bi.revision_daily.score_change_mean is 'Mean difference of those from first to now, in points; positive where scores rose.';
comment on column bi.revision_daily.score_change_size is 'Mean size of that difference, whatever its sign, in points.';
comment on column bi.revision_daily.score_change_max is 'Largest such difference, in points.';

create view bi.skill_group_member_daily as
select m.source, c.day, m.exten, m.skill_group, m.agent_number, m.agent_name, m.priority,
    least(m.valid_to, bi.day_start(c.day + 1), now()) - greatest(m.valid_from, bi.day_start(c.day)) as time_in_group,
    m.valid_from, m.valid_to
from bi.calendar c
join bi.skill_group_member_history m
    on m.valid_from < bi.day_start(c.day + 1) and (m.valid_to is null or bi.day_start(c.day) < m.valid_to)
where c.day <= bi.business_day(now());
comment on view bi.skill_group_member_daily is 'Members of the skill groups on each business day, from the day on which ccsync saw them first until today: one row for each day and stretch in which group, agent, name and priority stayed the same.';
comment on column bi.skill_group_member_daily.source is 'The operator''s name for the vendor account.';
comment on column bi.skill_group_member_daily.day is 'Business day.';
comment on column bi.skill_group_member_daily.exten is 'Number of the skill group.';
comment on column bi.skill_group_member_daily.skill_group is 'Name of the skill group as it was last known.';
comment on column bi.skill_group_member_daily.agent_number is 'The agent''s number at 7moor.';
comment on column bi.skill_group_member_daily.agent_name is 'The agent''s name in that stretch.';
comment on column bi.skill_group_member_daily.priority is 'Priority of the agent in the group in that stretch.';
comment on column bi.skill_group_member_daily.time_in_group is 'Time of that day for which it was so, as far as it has passed.';
comment on column bi.skill_group_member_daily.valid_from is 'When ccsync first saw it so.';
comment on column bi.skill_group_member_daily.valid_to is 'When ccsync saw it otherwise; null where it still is so.';

-- Stays and gaps that begin and end on one day are found by that day; the few that reach over a midnight, or
-- last, are cut by the calendar. An open stay is known as far as the feed was heard.
create view bi.agent_state_daily as
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
        on bi.business_day(s.since) <= c.day
        and bi.day_start(c.day) < coalesce(s.until, f.seen_to)
    where (s.until is null or bi.business_day(s.since) <> bi.business_day(s.until)) and s.deleted_at is null
    union all
    select g.source, g.extno, c.day, 'not heard'::text,
        greatest(g.since, bi.day_start(c.day)),
        least(coalesce(g.until, now()), bi.day_start(c.day + 1))
    from workbench.feed_gap g
    join bi.calendar c
        on bi.business_day(g.since) <= c.day
        and bi.day_start(c.day) < coalesce(g.until, now())
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
group by source, extno, day, state;
comment on view bi.agent_state_daily is 'Time that each agent spent in each state of the workbench, by business day. The states of one agent and day add up to the time in which ccsync followed the agent.';
comment on column bi.agent_state_daily.source is 'The operator''s name for the workbench.';
comment on column bi.agent_state_daily.extno is 'The agent (坐席工号).';
comment on column bi.agent_state_daily.day is 'Business day.';
comment on column bi.agent_state_daily.state is 'signed_out, idle, busy, wrap_up, unknown (connected, but nothing was told yet), or not heard (the feed was not heard: workbench.feed_gap).';
comment on column bi.agent_state_daily.duration is 'Time in that state on that day.';
comment on column bi.agent_state_daily.hours is 'The same in hours.';
comment on column bi.agent_state_daily.share is 'The same as a share of the agent''s followed time on that day, 0 to 1.';
comment on column bi.agent_state_daily.stays is 'Stays in that state that touch the day; one that reaches over midnight counts on both days.';
