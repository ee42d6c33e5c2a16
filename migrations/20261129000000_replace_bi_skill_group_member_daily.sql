-- The first and the last day of a stretch are computed once for each stretch, as bounds of the search in the calendar,
-- and no longer compared with each of its days.
create or replace view bi.skill_group_member_daily as
select m.source, c.day, m.exten, m.skill_group, m.agent_number, m.agent_name, m.priority,
    least(m.valid_to, bi.day_start(c.day + 1), now()) - greatest(m.valid_from, bi.day_start(c.day)) as time_in_group,
    m.valid_from, m.valid_to
from bi.skill_group_member_history m
-- Where clocks go back over midnight, instants after the second midnight may bear the date of the day before: they are
-- instants of the next day.
join bi.calendar c
    on bi.business_day(m.valid_from)
        + (bi.day_start(bi.business_day(m.valid_from) + 1) <= m.valid_from)::integer <= c.day
    and c.day <= least(
        bi.business_day(m.valid_to) - 1
            + (bi.day_start(bi.business_day(m.valid_to)) < m.valid_to)::integer
            + (bi.day_start(bi.business_day(m.valid_to) + 1) < m.valid_to)::integer,
        bi.business_day(now()));
