-- 7moor online skill groups. Read whole each time: these tables have no windows.

create schema if not exists moor;
comment on schema moor is 'Online skill groups from 7moor (容联七陌), as the vendor reports them.';

create table moor.queue (
    source text not null,
    exten text not null,
    display_name text,
    assign_rule text,
    is_memory boolean,
    memory_time integer,
    update_time timestamptz,
    update_agent text,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    content_hash uuid not null,
    window_start timestamptz,
    window_end timestamptz,
    run_id bigint not null,
    primary key (source, exten)
) with (fillfactor = 90);
comment on table moor.queue is 'Online skill groups, current version (7moor queueQueue). Earlier versions: moor.queue_history.';
comment on column moor.queue.exten is 'Number of the skill group (技能组编号).';
comment on column moor.queue.display_name is 'Name of the skill group (技能组名称).';
comment on column moor.queue.assign_rule is 'How chats are given out (分配策略): random, queue (in turn), least (least busy) or priority.';
comment on column moor.queue.is_memory is 'Whether a customer comes back to the same agent (是否启用记忆分配).';
comment on column moor.queue.memory_time is 'For how long a customer comes back to the same agent, in minutes (记忆分配时长).';
comment on column moor.queue.update_time is 'When the vendor says the group was last changed (最后更新时间).';
comment on column moor.queue.update_agent is 'Number of the agent who last changed the group (最后更新坐席工号); may be null.';

create table moor.queue_member (
    source text not null,
    exten text not null,
    agent_number text not null,
    agent_name text,
    priority integer,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    content_hash uuid not null,
    window_start timestamptz,
    window_end timestamptz,
    run_id bigint not null,
    primary key (source, exten, agent_number)
) with (fillfactor = 90);
comment on table moor.queue_member is 'Members of online skill groups, current version (assignMembers of 7moor queueQueue). Earlier versions: moor.queue_member_history.';
comment on column moor.queue_member.exten is 'Number of the skill group (技能组编号).';
comment on column moor.queue_member.agent_number is 'Number of the agent (坐席工号).';
comment on column moor.queue_member.agent_name is 'Name of the agent (坐席名称).';
comment on column moor.queue_member.priority is 'The agent''s priority within the group (优先级), as sent by the vendor.';

create table moor.agent_claim_status (
    source text not null,
    exten text not null,
    agent_number text not null,
    display_name text,
    assign_rule text,
    agent_name text,
    pc_auto_claim boolean,
    mobile_auto_claim boolean,
    priority integer,
    phone text,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    content_hash uuid not null,
    window_start timestamptz,
    window_end timestamptz,
    run_id bigint not null,
    primary key (source, exten, agent_number)
) with (fillfactor = 90);
comment on table moor.agent_claim_status is 'Whether each member of a skill group takes new chats now (7moor queueQueueAgentClaimStatus). Every earlier state: moor.agent_claim_status_history.';
comment on column moor.agent_claim_status.exten is 'Number of the skill group (技能组编号).';
comment on column moor.agent_claim_status.agent_number is 'Number of the agent (座席工号).';
comment on column moor.agent_claim_status.display_name is 'Name of the skill group (技能组名称).';
comment on column moor.agent_claim_status.assign_rule is 'How chats are given out (分配策略): random, queue (in turn), least (least busy) or priority.';
comment on column moor.agent_claim_status.agent_name is 'Nickname of the agent (座席昵称).';
comment on column moor.agent_claim_status.pc_auto_claim is 'Whether the agent takes chats at the desk (PC领取状态): true online, false busy.';
comment on column moor.agent_claim_status.mobile_auto_claim is 'Whether the agent takes chats in the app (APP领取状态): true on, false off.';
comment on column moor.agent_claim_status.priority is 'The agent''s priority within the group (优先级), as sent by the vendor.';
comment on column moor.agent_claim_status.phone is 'Mobile number of the agent (手机号), masked, kept or left out as configured.';
