-- What the ledger of a busy site holds at 2026-11-21 10:30 in Beijing.

create temporary table day as
select n, (timestamp '2025-10-18' + make_interval(days => n)) at time zone 'Asia/Shanghai' as since,
    (timestamp '2025-10-18' + make_interval(days => n + 1)) at time zone 'Asia/Shanghai' as until
from generate_series(0, 399) n;

create temporary table stream (source text, stream text, place integer, proves boolean);
insert into stream values
    ('sobot-bj', 'sobot.call_result', 1, true), ('sobot-bj', 'sobot.chat_result', 2, false),
    ('sobot-gz', 'sobot.call_result', 3, true),
    ('sobot-sh', 'sobot.call_result', 4, true), ('sobot-sh', 'sobot.chat_result', 5, false);

insert into sync.run (source, stream, trigger, worker, started_at, finished_at, outcome, windows, requests, rows_read,
    inserted, updated, deleted, quarantined)
select s.source, s.stream, 'schedule', '7b0c5f0e-6d7b-4a43-9a5b-2f1de1c0a911',
    timestamptz '2026-11-21 02:20:00+00' - make_interval(hours => h), timestamptz '2026-11-21 02:20:40+00' - make_interval(hours => h),
    case when s.place = 5 and h < 6 then 'partial' else 'succeeded' end, 3, 20 + (h * 7 + s.place * 5) % 23,
    2000 + (h * 37) % 900, 60 + (h * 13 + s.place * 7) % 140 - 50 * (case when (h / 24) % 7 in (0, 6) then 1 else 0 end),
    (h * 3) % 17, (h % 29) / 28, (h % 311) / 310
from stream s, generate_series(719, 0, -1) h
order by h desc, s.place;
insert into sync.run (source, stream, trigger, worker, started_at, finished_at, outcome, windows, requests, rows_read, inserted, message)
values
    ('moor', 'moor.queue', 'schedule', '7b0c5f0e-6d7b-4a43-9a5b-2f1de1c0a911', '2026-11-21 02:00:00+00', '2026-11-21 02:00:09+00', 'succeeded', 1, 3, 212, 0, null),
    ('moor', 'moor.agent_claim_status', 'schedule', '7b0c5f0e-6d7b-4a43-9a5b-2f1de1c0a911', '2026-11-21 02:25:00+00', '2026-11-21 02:25:04+00', 'failed', 0, 4, 0, 0,
     'POST /v20210827/webChat/queueQueueAgentClaimStatus: the vendor answered code “403” “Authorization parameters error”, HTTP 200'),
    ('sobot-gz', 'sobot.call_result', 'backfill', '19f6b7aa-0f6e-4c38-8f39-61c9a6fd2c10', '2026-11-21 01:10:00+00', null, 'running', 300, 1422, 240118, 240118, null),
    ('sobot-sh', 'sobot.call_result', 'schedule', '7b0c5f0e-6d7b-4a43-9a5b-2f1de1c0a911', '2026-11-21 02:29:10+00', null, 'running', 1, 9, 640, 12, null),
    ('bench', 'workbench.agent_monitor', 'feed', '7b0c5f0e-6d7b-4a43-9a5b-2f1de1c0a911', '2026-11-19 00:00:00+00', null, 'running', 0, 2, 91022, 4120, null);
update sync.run set outcome = 'running', finished_at = null where finished_at is null;

insert into sync.time_window (source, stream, window_start, window_end, state, rows, requests, pages, vendor_total,
    digest, verdict, reads, read_at, complete_to, first_read_at, run_id, final_at)
select s.source, s.stream, d.since, d.until,
    case when d.n = 399 then 'open' else 'complete' end,
    800 + (d.n * 131 + s.place * 977) % 700 - 450 * (case when d.n % 7 in (0, 1) then 1 else 0 end), 12, 11,
    case when s.proves then 800 end, md5(d.n::text)::uuid,
    case when d.n in (231, 398) and s.place in (2, 5) then 'unverified' when s.proves then 'proven' else 'stable' end,
    4, least(d.until + interval '20 days', timestamptz '2026-11-21 02:20:00+00'),
    least(d.until, timestamptz '2026-11-21 01:50:00+00'), d.until, 1, d.until + interval '18 days'
from stream s, day d
where s.place <> 3 or d.n < 300;
-- As the product reads them: calls in pages of 50 with a total, chats in pages of 1000 without.
update sync.time_window
set vendor_total = case when vendor_total is not null then rows end,
    pages = ceil(rows / case when vendor_total is null then 1000.0 else 50.0 end),
    requests = ceil(rows / case when vendor_total is null then 1000.0 else 50.0 end) + 1;
update sync.time_window
set failed_at = '2026-11-21 02:20:10+00', failure_kind = 'rate_limited', failed_attempts = 3,
    failure_message = 'GET /qualityInspection/chat: the vendor answered code “900003” “调用频率超限 <script>alert(1)</script>”, HTTP 200'
where source = 'sobot-sh' and stream = 'sobot.chat_result' and window_start = timestamptz '2026-11-19 00:00+08';

insert into sync.certificate (source, stream, window_start, window_end, read_no, read_at, committed_at, run_id, verdict,
    vendor_total, pages, requests, rows, digest, inserted, updated, unchanged, superseded, deleted, quarantined)
select w.source, w.stream, w.window_start, w.window_end, k, r.read_at, r.read_at + interval '9 seconds', k, w.verdict,
    case when w.vendor_total is not null then w.rows - r.later end, w.pages, w.requests, w.rows - r.later,
    case k when 4 then w.digest else md5(w.digest::text || k)::uuid end,
    r.inserted, r.updated, w.rows - r.later - r.inserted - r.updated, 0, k / 4, 0
from sync.time_window w, generate_series(1, 4) k,
    -- later: by how many rows the reads after this one grew; the last one lacks a row of the one before.
    lateral (select w.window_end + (w.read_at - w.window_end) * (k * k / 16.0) as read_at,
        (array[42, 22, 9, 0])[k] as later, case k when 1 then w.rows - 42 else 40 / k end as inserted,
        case k when 1 then 0 else 7 / k end as updated) r
where w.state = 'complete';

insert into sync.snapshot (source, stream, state, rows, requests, pages, vendor_total, digest, verdict, reads, read_at,
    complete_to, first_read_at, run_id, failed_at, failure_kind, failure_message, failed_attempts)
values
    ('moor', 'moor.queue', 'complete', 212, 3, 3, 212, md5('q')::uuid, 'proven', 801, '2026-11-21 02:00:00+00',
     '2026-11-21 02:00:00+00', '2025-10-18 00:00:00+00', 1, null, null, null, 0),
    ('moor', 'moor.agent_claim_status', 'complete', 486, 4, 4, null, md5('c')::uuid, 'stable', 9120, '2026-11-21 01:55:00+00',
     '2026-11-21 01:55:00+00', '2025-10-18 00:00:00+00', 1, '2026-11-21 02:25:00+00', 'credentials_refused',
     'POST /v20210827/webChat/queueQueueAgentClaimStatus: the vendor answered code “403” “Authorization parameters error”, HTTP 200', 6);

insert into sync.row_count (source, stream, table_name, live)
select source, stream, stream, sum(rows) from sync.time_window group by source, stream
union all select source, stream, stream, rows from sync.snapshot
union all values ('moor', 'moor.queue', 'moor.queue_member', 1000);

insert into sync.revision_lag (source, stream, month, age_hours, changes, rows, windows)
select s.source, s.stream, date '2026-10-01', age, 9000.0 / (1 + age) , 200000, 200
from stream s, unnest(array[0,1,2,3,4,6,8,12,16,24,36,48,60,72,96,120,144,168,216,264,336,408,504,600]) age
where s.place <> 3;
insert into sync.reread_day (source, stream, day, requests)
select source, stream, date '2026-11-21', 137 * place from stream;
insert into sync.request_budget (name, per_minute, next_at) values ('sobot:sh@127.0.0.1:9/chat', 60, clock_timestamp() + interval '1 hour');

insert into sync.quarantine (source, stream, payload, payload_hash, reason, window_start, window_end, run_id,
    first_seen_at, last_seen_at, seen)
select 'sobot-sh', 'sobot.call_result', 'SECRET PAYLOAD', md5(n::text)::uuid, '`qualityScore`: expected a number, came text',
    timestamptz '2026-11-18 00:00+08', timestamptz '2026-11-19 00:00+08', 1, '2026-11-19 01:00+00', '2026-11-21 02:20+00', n
from generate_series(1, 3) n;
insert into sync.absence_alarm (source, stream, table_name, missing, live, raised_at, run_id)
values ('moor', 'moor.queue', 'moor.queue_member', 420, 1000, '2026-11-21 00:00:00+00', 1);
insert into sync.schema_drift (source, stream, kind, field, observed, expected, example, first_seen_at, first_run_id)
values ('sobot-bj', 'sobot.call_result', 'new_field', 'aiScore', '', 'no such field', 'number', '2026-11-20 03:00:00+00', 1);

insert into sync.lease (name, worker, fence, acquired_at, expires_at)
values
    ('sobot-gz/sobot.call_result [2026-08-13T16:00:00Z, 2026-08-14T16:00:00Z)', '19f6b7aa-0f6e-4c38-8f39-61c9a6fd2c10', 1,
     clock_timestamp() - interval '41 seconds', clock_timestamp() + interval '10 hours'),
    ('sobot-sh/sobot.call_result [2026-11-20T16:00:00Z, 2026-11-21T16:00:00Z)', '7b0c5f0e-6d7b-4a43-9a5b-2f1de1c0a911', 2,
     clock_timestamp() - interval '12 seconds', clock_timestamp() + interval '10 hours'),
    ('bench/workbench.agent_monitor agent 1001', '7b0c5f0e-6d7b-4a43-9a5b-2f1de1c0a911', 3,
     clock_timestamp() - interval '50 hours', clock_timestamp() + interval '10 hours');

insert into sync.feed_session (source, extno, connection_id, opened_at, seen_to, last_message_at, stay_since, gap_since, gap_reason)
values
    ('bench', '1001', md5('a')::uuid, '2026-11-20 22:00:00+00', '2026-11-21 02:29:58+00', '2026-11-21 02:29:31+00', '2026-11-21 02:00:00+00', null, null),
    ('bench', '1002', md5('b')::uuid, '2026-11-20 22:00:00+00', '2026-11-21 02:11:00+00', '2026-11-21 02:10:40+00', null, '2026-11-21 02:11:00+00', 'disconnected');
insert into workbench.feed_gap (source, extno, since, until, reason, lost_messages, first_seen_at, changed_at, run_id)
values
    ('bench', '1002', '2026-11-21 02:11:00+00', null, 'disconnected', null, '2026-11-21 02:11:00+00', '2026-11-21 02:11:00+00', 1),
    ('bench', '1001', '2026-11-20 21:58:00+00', '2026-11-20 22:00:00+00', 'shutdown', null, '2026-11-20 22:00:00+00', '2026-11-20 22:00:00+00', 1),
    ('bench', '1002', '2026-11-20 09:00:00+00', '2026-11-20 09:00:40+00', 'overflow', 12, '2026-11-20 09:01:00+00', '2026-11-20 09:01:00+00', 1);
analyze;
