-- Runs are kept for a while and then removed. What the chart of days shows, and when a stream was read last, does not
-- depend on how many there are.

create table sync.run_day (
    source text not null,
    stream text not null,
    day date not null,
    runs bigint not null default 0,
    requests bigint not null default 0,
    rows_read bigint not null default 0,
    changes bigint not null default 0,
    primary key (source, stream, day)
);
comment on table sync.run_day is 'What the runs of each stream that began on a business day did together; written in the transaction that adds to the run. Feeds have no days.';
comment on column sync.run_day.source is 'The operator''s name for the vendor account.';
comment on column sync.run_day.stream is 'Name of the stream.';
comment on column sync.run_day.day is 'Business day on which they began, in the zone of sync.stream at that time.';
comment on column sync.run_day.runs is 'Runs.';
comment on column sync.run_day.requests is 'Requests sent to the vendor.';
comment on column sync.run_day.rows_read is 'Elements received in the reads that counted.';
comment on column sync.run_day.changes is 'Rows that were inserted, updated or marked deleted.';

insert into sync.run_day (source, stream, day, runs, requests, rows_read, changes)
select r.source, r.stream, (r.started_at at time zone s.timezone)::date, count(*), sum(r.requests), sum(r.rows_read),
    sum(r.inserted + r.updated + r.deleted)
from sync.run r
join sync.stream s on s.source = r.source and s.stream = r.stream and s.kind <> 'feed'
group by 1, 2, 3;
analyze sync.run_day;

create index run_of_stream on sync.run (source, stream, started_at);
comment on index sync.run_of_stream is 'For the last run of each stream, which is shown and kept.';
comment on table sync.run is 'One row for each pass over one stream. Counts are committed together with the rows they count. Kept for scheduler.runs_kept; the last run of each stream stays.';
