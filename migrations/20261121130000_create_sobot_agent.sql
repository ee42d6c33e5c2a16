-- The agents that Sobot's results name, known without reading the results.

create table sobot.agent (
    source text not null,
    agentid text not null,
    agent_name text,
    agent_email text,
    named_at timestamptz,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (source, agentid)
) with (fillfactor = 50);
comment on table sobot.agent is 'Every agent that an inspection result ever named, one row each, kept by the commits that bring results. Name and e-mail are those of the result with the latest quality time; a withdrawn result leaves them as they are.';
comment on column sobot.agent.source is 'The operator''s name for the vendor account.';
comment on column sobot.agent.agentid is 'Id of the agent (坐席id).';
comment on column sobot.agent.agent_name is 'Name of the agent (坐席名称) in the result with the latest quality time.';
comment on column sobot.agent.agent_email is 'E-mail address of the agent (坐席邮箱) in that result.';
comment on column sobot.agent.named_at is 'Quality time of that result; null while no result of the agent has one.';
comment on column sobot.agent.first_seen_at is 'When ccsync first saw a result of the agent.';
comment on column sobot.agent.changed_at is 'When name or e-mail was last seen to change.';

-- Two passes that hash instead of one that sorts every result.
insert into sobot.agent (source, agentid, agent_name, agent_email, named_at, first_seen_at, changed_at)
with result as (
    select source, agentid, agent_name, agent_email, quality_datetime as at, first_seen_at, changed_at
    from sobot.call_result
    union all
    select source, agentid, agent_name, agent_email, update_datetime, first_seen_at, changed_at
    from sobot.chat_result
), latest as (
    select source, agentid, max(at) as at, min(first_seen_at) as first_seen_at
    from result
    where agentid <> ''
    group by source, agentid
)
select distinct on (l.source, l.agentid)
    l.source, l.agentid, r.agent_name, r.agent_email, l.at, l.first_seen_at, r.changed_at
from latest l
join result r
    on r.source = l.source and r.agentid = l.agentid
    and coalesce(r.at, '-infinity') = coalesce(l.at, '-infinity')
order by l.source, l.agentid, r.changed_at desc, r.agent_name, r.agent_email;
