-- A ledger of many accounts, or of one with many windows: for `psql -v streams=1000 -v hours=24 -v days=365 -v run_days=365
-- -v run_minutes=1440 -f ledger.sql`, in a migrated database that holds nothing. One stream of ten years of hours:
-- `-v streams=1 -v hours=1 -v days=3667 -v run_days=31 -v run_minutes=5`.
--
-- Windows end where the present is, one in 997 fails, those of the last three days are open, a few of them unverified.
insert into sync.stream (source, stream, kind, start_at, schedule, timezone, lookback, settle)
select 'account ' || a, 'sobot.call_result', 'windowed', date_trunc('day', now()) - make_interval(days => :days),
    '0 */5 * * * *', 'Asia/Shanghai', interval '31 days', interval '1 hour'
from generate_series(1, :streams) a;

insert into sync.time_window (source, stream, window_start, window_end, state, rows, requests, pages, verdict, reads, read_at,
    complete_to, first_read_at, run_id, final_at, failed_at, failing_since, failure_kind, failure_message, failed_attempts)
select s.source, s.stream, w, w + make_interval(hours => :hours), 'complete', 40, 2, 2, 'proven', 2, w + interval '40 days',
    w + make_interval(hours => :hours), w + interval '1 day', 1, w + interval '31 days',
    case when n % 997 = 0 then now() - make_interval(hours => n % 50) end, case when n % 997 = 0 then now() - interval '3 days' end,
    case when n % 997 = 0 then 'vendor_failed' end, case when n % 997 = 0 then 'the vendor answered 500' end,
    (n % 997 = 0)::integer
from sync.stream s
cross join generate_series(0, :days * 24 / :hours - 1) n
cross join lateral (select s.start_at + make_interval(hours => n * :hours) as w) begun;

update sync.time_window
set state = 'open', read_at = least(read_at, now()),
    verdict = case when extract(hour from window_start)::integer % 7 = 0 and now() - interval '2 days' < window_start
        then 'unverified' else verdict end
where now() - interval '3 days' < window_start;

insert into sync.run (source, stream, trigger, worker, started_at, finished_at, heartbeat_at, outcome, windows, requests, rows_read,
    inserted)
select s.source, s.stream, 'schedule', '00000000-0000-0000-0000-000000000001', r, r + interval '20 seconds',
    r + interval '20 seconds', 'succeeded', 3, 6, 120, 4
from generate_series(now() - make_interval(days => :run_days), now(), make_interval(mins => :run_minutes)) r
cross join sync.stream s;

insert into sync.run_day (source, stream, day, runs, requests, rows_read, changes)
select r.source, r.stream, (r.started_at at time zone s.timezone)::date, count(*), sum(r.requests), sum(r.rows_read),
    sum(r.inserted + r.updated + r.deleted)
from sync.run r
join sync.stream s on s.source = r.source and s.stream = r.stream
group by 1, 2, 3;

vacuum analyze;
