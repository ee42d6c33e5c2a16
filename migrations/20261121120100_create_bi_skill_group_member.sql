-- Who is, and who was, in which skill group.

create view bi.skill_group_member as
select
    m.source,
    m.exten,
    q.display_name as skill_group,
    m.agent_number,
    m.agent_name,
    m.priority,
    s.pc_auto_claim as at_desk,
    s.mobile_auto_claim as in_app,
    q.assign_rule,
    m.first_seen_at,
    m.changed_at
from moor.queue_member m
join moor.queue q on q.source = m.source and q.exten = m.exten and q.deleted_at is null
left join moor.agent_claim_status s
    on s.source = m.source and s.exten = m.exten and s.agent_number = m.agent_number and s.deleted_at is null
where m.deleted_at is null;

comment on view bi.skill_group_member is 'Members of the skill groups now: one row for each group and agent.';
comment on column bi.skill_group_member.source is 'The operator''s name for the vendor account.';
comment on column bi.skill_group_member.exten is 'Number of the skill group.';
comment on column bi.skill_group_member.skill_group is 'Name of the skill group; several groups may have one name.';
comment on column bi.skill_group_member.agent_number is 'The agent''s number at 7moor.';
comment on column bi.skill_group_member.agent_name is 'The agent''s name.';
comment on column bi.skill_group_member.priority is 'Priority of the agent in the group, as sent by the vendor.';
comment on column bi.skill_group_member.at_desk is 'Takes new chats at the desk; null where the claim state is not known.';
comment on column bi.skill_group_member.in_app is 'Takes new chats in the app; null where the claim state is not known.';
comment on column bi.skill_group_member.assign_rule is 'How the group gives out chats: random, queue (in turn), least or priority.';
comment on column bi.skill_group_member.first_seen_at is 'When this membership was seen first.';
comment on column bi.skill_group_member.changed_at is 'When it was last seen to change.';

create view bi.skill_group_member_history as
with version as (
    select source, exten, agent_number, agent_name, priority, valid_from, valid_to, deleted_at
    from moor.queue_member_history
    union all
    select source, exten, agent_number, agent_name, priority, changed_at, null, deleted_at
    from moor.queue_member
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
from version v
left join moor.queue q on q.source = v.source and q.exten = v.exten
where v.deleted_at is null;

comment on view bi.skill_group_member_history is 'Members of the skill groups at any time that ccsync has seen: one row for each stretch in which group, agent, name and priority stayed the same. Members on a past day: valid_from < its end and (valid_to is null or its beginning < valid_to).';
comment on column bi.skill_group_member_history.source is 'The operator''s name for the vendor account.';
comment on column bi.skill_group_member_history.exten is 'Number of the skill group.';
comment on column bi.skill_group_member_history.skill_group is 'Name of the skill group as it was last known.';
comment on column bi.skill_group_member_history.agent_number is 'The agent''s number at 7moor.';
comment on column bi.skill_group_member_history.agent_name is 'The agent''s name in that stretch.';
comment on column bi.skill_group_member_history.priority is 'Priority of the agent in the group in that stretch.';
comment on column bi.skill_group_member_history.valid_from is 'When ccsync first saw it so.';
comment on column bi.skill_group_member_history.valid_to is 'When ccsync saw it otherwise; null where it still is so.';
