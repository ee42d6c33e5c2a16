-- What re-reads of complete windows showed of late and revised results: from it ccsync learns when a window
-- is worth another look and when it is final.

create table sync.revision_lag (
    source text not null,
    stream text not null,
    month date not null,
    age_hours integer not null,
    changes double precision not null,
    rows double precision not null,
    windows double precision not null,
    primary key (source, stream, month, age_hours)
);
comment on table sync.revision_lag is 'Late and revised results by the age of their window: sums of what re-reads showed, from which the times of later re-reads are learned.';
comment on column sync.revision_lag.source is 'The operator''s name for the vendor account.';
comment on column sync.revision_lag.stream is 'Name of the stream.';
comment on column sync.revision_lag.month is 'First day of the month of the re-reads; older months stop to count after a year.';
comment on column sync.revision_lag.age_hours is 'Where this stretch of age begins: hours since the window''s end.';
comment on column sync.revision_lag.changes is 'Rows that were new, changed or gone at this age. Not a whole number: a change whose time is not known is spread over the time between two reads.';
comment on column sync.revision_lag.rows is 'Rows that were watched through this stretch of age.';
comment on column sync.revision_lag.windows is 'Windows that were watched through this stretch of age.';

create table sync.reread_day (
    source text not null,
    stream text not null,
    day date not null,
    requests bigint not null,
    primary key (source, stream, day)
);
comment on table sync.reread_day is 'What second looks at complete windows cost on each business day, held against reread_requests_per_day.';
comment on column sync.reread_day.source is 'The operator''s name for the vendor account.';
comment on column sync.reread_day.stream is 'Name of the stream.';
comment on column sync.reread_day.day is 'Business day.';
comment on column sync.reread_day.requests is 'Requests of the committed second looks.';

alter table sync.time_window add column final_at timestamptz;
comment on column sync.time_window.final_at is 'A read that begins at or after this instant is final: with 99 % probability nothing changes after it. Earlier ones are provisional. Null if never read since this was recorded.';
