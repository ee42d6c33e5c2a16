-- Rows that vanish: what a person has to decide, and where else a row was seen.

create table sync.absence_alarm (
    id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    table_name text not null,
    window_start timestamptz,
    window_end timestamptz,
    missing bigint not null,
    live bigint not null,
    deleted bigint not null default 0,
    raised_at timestamptz not null,
    run_id bigint not null,
    state text not null default 'open' check (state in ('open', 'accepted', 'resolved')),
    decided_at timestamptz,
    check ((window_start is null) = (window_end is null))
);
create index absence_alarm_open on sync.absence_alarm (source, table_name) where state = 'open';
comment on table sync.absence_alarm is 'So many rows missing from a window or snapshot at once that none was marked deleted: a person decides with `ccsync absence accept`, or the rows come back.';
comment on column sync.absence_alarm.id is 'Number of the alarm.';
comment on column sync.absence_alarm.source is 'The operator''s name for the vendor account.';
comment on column sync.absence_alarm.stream is 'Name of the stream.';
comment on column sync.absence_alarm.table_name is 'The table whose rows are missing; their keys are in sync.absence.';
comment on column sync.absence_alarm.window_start is 'First instant of the window; null for snapshots.';
comment on column sync.absence_alarm.window_end is 'First instant after the window; null for snapshots.';
comment on column sync.absence_alarm.missing is 'Rows missing, at the last read of the window.';
comment on column sync.absence_alarm.live is 'Live rows of the window before, the missing ones included.';
comment on column sync.absence_alarm.deleted is 'Rows marked deleted when it was accepted.';
comment on column sync.absence_alarm.raised_at is 'When it was raised.';
comment on column sync.absence_alarm.run_id is 'The run that raised it.';
comment on column sync.absence_alarm.state is 'open, accepted (a person said that the rows are gone) or resolved (so many are not missing any more).';
comment on column sync.absence_alarm.decided_at is 'When it left the state open.';

-- The rows of an alarm over a snapshot are noted without a window.
alter table sync.absence alter column window_start drop not null;
alter table sync.absence alter column window_end drop not null;
comment on column sync.absence.window_start is 'First instant of the window that missed it; null for snapshots.';
comment on column sync.absence.window_end is 'First instant after that window; null for snapshots.';

create table sync.sighting (
    source text not null,
    table_name text not null,
    key text[] not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    seen_at timestamptz not null,
    primary key (source, table_name, key, window_start)
);
create index sighting_window on sync.sighting (source, table_name, window_start);
comment on table sync.sighting is 'Rows whose last read of a window contained them although another window is their home. While one stands, a row that its home misses moves there instead of being marked deleted.';
comment on column sync.sighting.source is 'The operator''s name for the vendor account.';
comment on column sync.sighting.table_name is 'The row''s table.';
comment on column sync.sighting.key is 'The row''s key, without source, in the order of the primary key.';
comment on column sync.sighting.window_start is 'First instant of the window that contained it.';
comment on column sync.sighting.window_end is 'First instant after that window.';
comment on column sync.sighting.seen_at is 'When that was first noted; a read that contains it again changes nothing.';
