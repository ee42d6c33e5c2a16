-- A contact centre of 1,000 agents over two years: half the results are calls, half chats, one in twenty was
-- changed once. Results come in the order of their inspection, some days after the contact, one window a day.
-- $rows and $days are replaced.

insert into sync.stream (source, stream, kind, start_at, schedule, timezone, declared_at)
select 'sobot', stream, 'windowed', timestamptz '2026-11-21 00:00+08' - interval '$days days', '0 */10 * * * *',
    'Asia/Shanghai', now()
from unnest(array['sobot.call_result', 'sobot.chat_result']) stream
on conflict do nothing;

create unlogged table public.result as
select i, agent, 'agent-' || lpad(agent::text, 4, '0') as agentid, '坐席' || agent as agent_name,
    'agent' || agent || '@example.com' as agent_email, at - lag as contact_at, at, score,
    date_trunc('day', at at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai' as window_start,
    i % 20 = 0 as revised
from (
    select i, abs(hashint4(i)::bigint) % 1000 as agent,
        timestamptz '2026-11-21 00:00+08' - interval '$days days'
            + (i * $days.0 / ($rows / 2)) * interval '1 day' as at,
        -ln(1 - abs(hashint4extended(i, 7)) % 1000000 / 1000001.0) * 2 * interval '1 day' as lag,
        (abs(hashint4extended(i, 9)) % 1001)::numeric / 10 as score
    from generate_series(0, $rows / 2 - 1) i
) drawn
order by i;

insert into sobot.call_result (source, call_log_jestid, agentid, agent_name, agent_email, call_start_datetime,
    quality_datetime, total_score_max, standard_score_max, pulse_max, minus_max, total_score, standard_score,
    pulse, minus, revision, first_seen_at, changed_at, extra, content_hash, window_start, window_end, run_id)
select 'sobot', md5('call' || i), agentid, agent_name, agent_email, contact_at, at, 100, 100, 10, -10, score,
    score, 0, 0, 1 + revised::integer, at + interval '1 hour', at + interval '1 hour' + revised::integer * interval '1 day',
    jsonb_build_object('record_url', 'https://records.example.com/' || md5('r' || i) || '.mp3'), md5('h' || i)::uuid,
    window_start, window_start + interval '1 day', 1
from public.result order by i;

insert into sobot.chat_result (source, cid, schemeid, agentid, agent_name, agent_email, chat_start_datetime,
    update_datetime, total_score, standard_total_score, add_total_score, minus_total_score, quality_score,
    standard_quality_score, add_quality_score, minus_quality_score, revision, first_seen_at, changed_at, extra,
    content_hash, window_start, window_end, run_id)
select 'sobot', md5('chat' || i), 'scheme-' || i % 5, agentid, agent_name, agent_email, contact_at, at, 100, 100, 10,
    -10, score, score, 0, 0, 1 + revised::integer, at + interval '1 hour',
    at + interval '1 hour' + revised::integer * interval '1 day', '{}', md5('h' || i)::uuid, window_start,
    window_start + interval '1 day', 1
from public.result order by i;

insert into sobot.call_result_history
select (jsonb_populate_record(null::sobot.call_result_history, to_jsonb(r) || jsonb_build_object(
    'revision', 1, 'total_score', r.total_score + 1, 'changed_at', r.first_seen_at,
    'valid_from', r.first_seen_at, 'valid_to', r.changed_at))).*
from sobot.call_result r where revision = 2;

insert into sobot.chat_result_history
select (jsonb_populate_record(null::sobot.chat_result_history, to_jsonb(r) || jsonb_build_object(
    'revision', 1, 'quality_score', r.quality_score + 1, 'changed_at', r.first_seen_at,
    'valid_from', r.first_seen_at, 'valid_to', r.changed_at))).*
from sobot.chat_result r where revision = 2;

insert into sync.time_window (source, stream, window_start, window_end, state, rows, requests, reads, read_at,
    complete_to, final_at, verdict, run_id)
select 'sobot', stream, window_start, window_start + interval '1 day', 'complete', count(*), 1, 1,
    window_start + interval '32 days', window_start + interval '1 day', window_start + interval '31 days', 'proven', 1
from public.result cross join unnest(array['sobot.call_result', 'sobot.chat_result']) stream
group by stream, window_start;

insert into sync.finality (source, stream, reach)
select 'sobot', stream, interval '480 hours' from unnest(array['sobot.call_result', 'sobot.chat_result']) stream;

insert into sobot.agent (source, agentid, agent_name, agent_email, named_at, first_seen_at, changed_at)
select 'sobot', agentid, agent_name, agent_email, max(at), min(at), min(at)
from public.result group by agentid, agent_name, agent_email;

-- Fifty skill groups; each agent is in two of them, and names tell who is who.
insert into moor.queue (source, exten, display_name, revision, first_seen_at, changed_at, content_hash, run_id)
select 'moor', 1000 + g, '技能组' || g, 1, '2024-01-01', '2024-01-01', md5('q' || g)::uuid, 1
from generate_series(0, 49) g;
insert into moor.queue_member (source, exten, agent_number, agent_name, priority, revision, first_seen_at,
    changed_at, content_hash, run_id)
select 'moor', 1000 + g, 8000 + a, '坐席' || a, 1, 1, '2024-01-01', '2024-01-01', md5('m' || a)::uuid, 1
from generate_series(0, 999) a cross join lateral (values (a % 50), ((a + 17) % 50)) as g (g);

-- Twenty agents are followed, 300 stays a day each, over the last hundred days.
insert into workbench.agent_status (source, extno, since, until, status, status_name, connection_id, message_no,
    revision, first_seen_at, changed_at, run_id)
select 'bench', 8000 + a, t, t + interval '288 seconds', 1 + n % 3, (array['idle', 'busy', 'wrap_up'])[1 + n % 3],
    gen_random_uuid(), n, 1, t, t, 1
from generate_series(0, 19) a cross join generate_series(0, 300 * 100 - 1) n
cross join lateral (select timestamptz '2026-08-12 00:00+08' + n * interval '288 seconds' as t) at;

-- The least of what a commit costs, with and without the index on the business day.
create table public.with_index (like sobot.call_result including all);
create table public.without_index (like sobot.call_result including all);
