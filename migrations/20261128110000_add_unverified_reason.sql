-- Why a committed read is unverified, and how often in a row it was.

alter table sync.time_window
    add column unverified_reason text,
    add column unverified_reads integer not null default 0;
alter table sync.snapshot
    add column unverified_reason text,
    add column unverified_reads integer not null default 0;
alter table sync.certificate add column unverified_reason text;

comment on column sync.time_window.unverified_reason is 'Why the last committed read is unverified: total_differs, result_cap, bounds_ignored, one_second, rows_moved, duplicates, reads_differ, not_reread. Null where it is proven or stable, and of reads before this was recorded.';
comment on column sync.time_window.unverified_reads is 'Committed reads in a row that are unverified, the last one included.';
comment on column sync.snapshot.unverified_reason is 'Why the last committed read is unverified; as in sync.time_window.';
comment on column sync.snapshot.unverified_reads is 'Committed reads in a row that are unverified, the last one included.';
comment on column sync.certificate.unverified_reason is 'Why this read is unverified; as in sync.time_window.';
