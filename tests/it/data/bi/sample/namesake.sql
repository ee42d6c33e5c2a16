-- Three agents and three skill groups of one name each: two ids of one account, and one of these ids at another account.
-- Agents have 11, 13 and 17 results of each channel on two days. Two agents of two workbenches have one number.
create temp table namesake (source, agentid, agent_number, moor_source, exten, results) as values
    ('sobot', 'n1', '91001', 'moor2', '10018523', 11),
    ('sobot', 'n2', '91002', 'moor2', 'n2', 13),
    ('sobot2', 'n1', '91003', 'moor3', '10018523', 17);

insert into sobot.agent
select source, agentid, 'namesake', agent_number || '@example.com', now(), now(), now() from namesake;

insert into moor.queue (source, exten, display_name, revision, first_seen_at, changed_at, content_hash, run_id)
select moor_source, exten, 'namesakes', 1, '2026-01-01', '2026-01-01', gen_random_uuid(), 1 from namesake;

insert into moor.queue_member (source, exten, agent_number, agent_name, priority, revision, first_seen_at, changed_at,
    content_hash, run_id)
select moor_source, exten, agent_number, 'namesake', 1, 1, '2026-01-01', '2026-01-01', gen_random_uuid(), 1 from namesake;

create temp table contact as
select source, agentid, concat_ws('-', agentid, day, number) as id, day + interval '12 hours' as at,
    -- Every band, and two results without one.
    case number when 1 then null else (number - 2) * 10 + 5 end as score
from namesake, unnest(array[timestamptz '2026-02-25 00:00+08', '2026-03-05 00:00+08']) day,
    generate_series(1, results) number;

insert into sobot.call_result (source, call_log_jestid, agentid, agent_name, call_start_datetime, quality_datetime,
    total_score, total_score_max, revision, first_seen_at, changed_at, content_hash, run_id)
select source, id, agentid, 'namesake', at, at, score, 100, 1, at, at, gen_random_uuid(), 1 from contact;

insert into sobot.chat_result (source, cid, schemeid, agentid, agent_name, chat_start_datetime, update_datetime,
    quality_score, total_score, revision, first_seen_at, changed_at, content_hash, run_id)
select source, id, 'scheme', agentid, 'namesake', at, at, score, 100, 1, at, at, gen_random_uuid(), 1 from contact;

insert into workbench.agent_status (source, extno, since, until, status, status_name, connection_id, message_no, revision,
    first_seen_at, changed_at, run_id)
values
    ('workbench', 'n1', '2026-03-05 08:00+08', '2026-03-05 19:00+08', 1, 'idle', gen_random_uuid(), 1, 1, now(), now(), 1),
    ('workbench2', 'n1', '2026-03-04 00:00+08', '2026-03-04 17:00+08', 1, 'idle', gen_random_uuid(), 1, 1, now(), now(), 1);
