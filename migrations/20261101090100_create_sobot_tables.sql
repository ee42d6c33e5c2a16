-- Sobot quality inspection. Column names are the vendor's; what it sends as text is typed here.

create schema if not exists sobot;
comment on schema sobot is 'Quality inspection results from Sobot (智齿), as the vendor reports them.';

create table sobot.call_result (
    source text not null,
    call_log_jestid text not null,
    agentid text not null,
    agent_name text,
    agent_email text,
    call_start_datetime timestamptz,
    quality_datetime timestamptz,
    total_score_max numeric,
    standard_score_max numeric,
    pulse_max numeric,
    minus_max numeric,
    total_score numeric,
    standard_score numeric,
    pulse numeric,
    minus numeric,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    content_hash uuid not null,
    window_start timestamptz,
    window_end timestamptz,
    run_id bigint not null,
    primary key (source, call_log_jestid, agentid)
) with (fillfactor = 90);
create index call_result_window on sobot.call_result (source, window_start);
create index call_result_quality_datetime on sobot.call_result (quality_datetime);
comment on table sobot.call_result is 'Inspected calls, one row per call and agent, current version (Sobot 2.2 call_result). Earlier versions: sobot.call_result_history.';
comment on column sobot.call_result.call_log_jestid is 'Id of the call (通话id).';
comment on column sobot.call_result.agentid is 'Id of the agent (坐席id).';
comment on column sobot.call_result.agent_name is 'Name of the agent (坐席名称).';
comment on column sobot.call_result.agent_email is 'E-mail address of the agent (坐席邮箱).';
comment on column sobot.call_result.call_start_datetime is 'When the call began (通话开始时间).';
comment on column sobot.call_result.quality_datetime is 'When the call was inspected last (质检时间; the vendor also calls it qualify_time).';
comment on column sobot.call_result.total_score_max is 'Highest total score of the inspection form, in points (质检满分), as sent by the vendor.';
comment on column sobot.call_result.standard_score_max is 'Highest standard score, in points (质检标准分满分), as sent by the vendor.';
comment on column sobot.call_result.pulse_max is 'Most bonus points that can be given (质检加分项满分), as sent by the vendor.';
comment on column sobot.call_result.minus_max is 'Most points that can be taken off (质检减分项满分), as sent by the vendor; its sign is the vendor''s.';
comment on column sobot.call_result.total_score is 'Total score, in points (质检得分), as sent by the vendor; may exceed its maximum.';
comment on column sobot.call_result.standard_score is 'Standard score, in points (质检标准分得分), as sent by the vendor; may exceed its maximum.';
comment on column sobot.call_result.pulse is 'Bonus points (质检加分项得分), as sent by the vendor; may exceed their maximum.';
comment on column sobot.call_result.minus is 'Points taken off (质检减分项得分), as sent by the vendor; their sign is the vendor''s.';

create table sobot.chat_result (
    source text not null,
    cid text not null,
    schemeid text not null,
    agentid text not null,
    agent_name text,
    agent_email text,
    chat_start_datetime timestamptz,
    update_datetime timestamptz,
    total_score numeric,
    standard_total_score numeric,
    add_total_score numeric,
    minus_total_score numeric,
    quality_score numeric,
    standard_quality_score numeric,
    add_quality_score numeric,
    minus_quality_score numeric,
    revision integer not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    extra jsonb not null default '{}',
    content_hash uuid not null,
    window_start timestamptz,
    window_end timestamptz,
    run_id bigint not null,
    primary key (source, cid, schemeid, agentid)
) with (fillfactor = 90);
create index chat_result_window on sobot.chat_result (source, window_start);
create index chat_result_update_datetime on sobot.chat_result (update_datetime);
comment on table sobot.chat_result is 'Inspected chats, one row per chat, inspection scheme and agent, current version (Sobot 2.3 chat_result). Earlier versions: sobot.chat_result_history.';
comment on column sobot.chat_result.cid is 'Id of the chat (会话id).';
comment on column sobot.chat_result.schemeid is 'Id of the inspection scheme (质检方案id).';
comment on column sobot.chat_result.agentid is 'Id of the agent (坐席id).';
comment on column sobot.chat_result.agent_name is 'Name of the agent (坐席姓名).';
comment on column sobot.chat_result.agent_email is 'E-mail address of the agent (坐席邮箱).';
comment on column sobot.chat_result.chat_start_datetime is 'When the chat began (会话开始时间).';
comment on column sobot.chat_result.update_datetime is 'When the chat was inspected last (质检时间).';
comment on column sobot.chat_result.total_score is 'Highest total score of the scheme, in points (质检方案满分), as sent by the vendor. The score itself is quality_score.';
comment on column sobot.chat_result.standard_total_score is 'Highest standard score, in points (质检标准分满分), as sent by the vendor.';
comment on column sobot.chat_result.add_total_score is 'Most bonus points that can be given (质检加分项满分), as sent by the vendor.';
comment on column sobot.chat_result.minus_total_score is 'Most points that can be taken off (质检减分项满分), as sent by the vendor; usually negative.';
comment on column sobot.chat_result.quality_score is 'Total score, in points (质检得分), as sent by the vendor; may exceed its maximum.';
comment on column sobot.chat_result.standard_quality_score is 'Standard score, in points (质检标准分得分), as sent by the vendor; may exceed its maximum.';
comment on column sobot.chat_result.add_quality_score is 'Bonus points (质检加分项得分), as sent by the vendor; may exceed their maximum.';
comment on column sobot.chat_result.minus_quality_score is 'Points taken off (质检减分项得分), as sent by the vendor; usually negative.';
