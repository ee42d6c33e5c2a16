-- The ledger: what was read, by whom, how far it can be trusted, and what the vendors allow.
-- Everything here is small; the rows of the vendors are in the schemas named after them.

create schema if not exists sync;
comment on schema sync is 'Ledger of ccsync: runs, read windows, quarantine, leases, limits. Not for analysts; see schema bi.';

comment on table sync.migration is 'Migrations that were applied to this database; written by `ccsync migrate` only.';
comment on column sync.migration.version is 'Number of the migration, YYYYMMDDHHMMSS.';
comment on column sync.migration.description is 'Name of the migration.';
comment on column sync.migration.installed_on is 'When it was applied.';
comment on column sync.migration.success is 'Always true: migrations are transactional.';
comment on column sync.migration.checksum is 'SHA-384 of the migration''s text.';
comment on column sync.migration.execution_time is 'How long it took, in nanoseconds.';

create sequence sync.fence as bigint;
comment on sequence sync.fence is 'Fencing numbers: every lease ever given has a higher one than those before it.';

create table sync.stream (
    source text not null,
    stream text not null,
    kind text not null,
    start_at timestamptz,
    schedule text not null,
    declared_at timestamptz not null default clock_timestamp(),
    primary key (source, stream)
);
comment on table sync.stream is 'Streams that are configured now, as the last started daemon or command declared them.';
comment on column sync.stream.source is 'The operator''s name for the vendor account.';
comment on column sync.stream.stream is 'Name of the stream, for example sobot.call_result.';
comment on column sync.stream.kind is 'windowed (read by time windows) or snapshot (read whole each time).';
comment on column sync.stream.start_at is 'First instant wanted; null for snapshots.';
comment on column sync.stream.schedule is 'Cron expression with six fields, seconds first, in the configured time zone.';
comment on column sync.stream.declared_at is 'When this declaration was first made or last changed.';

create table sync.run (
    id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    trigger text not null,
    worker uuid not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    heartbeat_at timestamptz not null default clock_timestamp(),
    outcome text not null default 'running',
    message text,
    windows bigint not null default 0,
    requests bigint not null default 0,
    rows_read bigint not null default 0,
    inserted bigint not null default 0,
    updated bigint not null default 0,
    unchanged bigint not null default 0,
    superseded bigint not null default 0,
    deleted bigint not null default 0,
    quarantined bigint not null default 0
);
create index run_running on sync.run (source, stream) where outcome = 'running';
comment on table sync.run is 'One row for each pass over one stream. Counts are committed together with the rows they count.';
comment on column sync.run.id is 'Number of the run; fact rows name it in run_id.';
comment on column sync.run.source is 'The operator''s name for the vendor account.';
comment on column sync.run.stream is 'Name of the stream.';
comment on column sync.run.trigger is 'Why it was started: schedule, sync or backfill.';
comment on column sync.run.worker is 'Which process; a new number at each start.';
comment on column sync.run.started_at is 'When it began.';
comment on column sync.run.finished_at is 'When it ended; null while it runs.';
comment on column sync.run.heartbeat_at is 'Last sign of life, by the database''s clock.';
comment on column sync.run.outcome is 'running, succeeded, partial, failed, cancelled or interrupted (its process went away).';
comment on column sync.run.message is 'Why it did not succeed.';
comment on column sync.run.windows is 'Windows or snapshots committed.';
comment on column sync.run.requests is 'Requests sent to the vendor.';
comment on column sync.run.rows_read is 'Elements received in the reads that counted.';
comment on column sync.run.inserted is 'Fact rows written for the first time.';
comment on column sync.run.updated is 'Later versions of fact rows written, revived rows included.';
comment on column sync.run.unchanged is 'Fact rows found as they were; nothing was written for them.';
comment on column sync.run.superseded is 'Rows left out because a later version of them was at hand.';
comment on column sync.run.deleted is 'Fact rows marked deleted.';
comment on column sync.run.quarantined is 'Records set aside in sync.quarantine.';

create table sync.time_window (
    source text not null,
    stream text not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    state text not null,
    rows bigint not null default 0,
    requests bigint not null default 0,
    pages integer not null default 0,
    vendor_total bigint,
    digest uuid,
    verdict text,
    reads integer not null default 0,
    read_at timestamptz,
    complete_to timestamptz,
    first_read_at timestamptz,
    run_id bigint not null,
    failed_at timestamptz,
    failure_kind text,
    failure_message text,
    failed_attempts integer not null default 0,
    primary key (source, stream, window_start),
    check (window_start < window_end)
);
comment on table sync.time_window is 'What is known of each half-open window [window_start, window_end) of each windowed stream. Windows of one stream never overlap.';
comment on column sync.time_window.source is 'The operator''s name for the vendor account.';
comment on column sync.time_window.stream is 'Name of the stream.';
comment on column sync.time_window.window_start is 'First instant inside.';
comment on column sync.time_window.window_end is 'First instant after.';
comment on column sync.time_window.state is 'complete (read whole, old enough), open (read whole, still growing) or failed (never read).';
comment on column sync.time_window.rows is 'Elements in the last committed read.';
comment on column sync.time_window.requests is 'Requests that the last committed read took.';
comment on column sync.time_window.pages is 'Pages of the last committed read.';
comment on column sync.time_window.vendor_total is 'How many rows the vendor said there were, at the last committed read; null where it does not say.';
comment on column sync.time_window.digest is 'Order-free digest of table, key and content hash of the rows of the last committed read.';
comment on column sync.time_window.verdict is 'How far the last committed read can be trusted: proven (totals agree), stable (two reads equal) or unverified.';
comment on column sync.time_window.reads is 'Number of committed reads.';
comment on column sync.time_window.read_at is 'When the last committed read began.';
comment on column sync.time_window.complete_to is 'Complete up to here: the beginning of the last read minus the settling time, at most window_end.';
comment on column sync.time_window.first_read_at is 'When the first committed read began.';
comment on column sync.time_window.run_id is 'Run of the last committed read, or of the last attempt where none was committed.';
comment on column sync.time_window.failed_at is 'Last failed attempt, if it is newer than the last committed read.';
comment on column sync.time_window.failure_kind is 'Kind of that failure.';
comment on column sync.time_window.failure_message is 'What was said at that failure.';
comment on column sync.time_window.failed_attempts is 'Attempts failed in a row.';

create table sync.snapshot (
    source text not null,
    stream text not null,
    state text not null,
    rows bigint not null default 0,
    requests bigint not null default 0,
    pages integer not null default 0,
    vendor_total bigint,
    digest uuid,
    verdict text,
    reads integer not null default 0,
    read_at timestamptz,
    complete_to timestamptz,
    first_read_at timestamptz,
    run_id bigint not null,
    failed_at timestamptz,
    failure_kind text,
    failure_message text,
    failed_attempts integer not null default 0,
    primary key (source, stream)
);
comment on table sync.snapshot is 'What is known of each snapshot stream: its last read.';
comment on column sync.snapshot.source is 'The operator''s name for the vendor account.';
comment on column sync.snapshot.stream is 'Name of the stream.';
comment on column sync.snapshot.state is 'complete (read whole) or failed (never read).';
comment on column sync.snapshot.rows is 'Elements in the last committed read.';
comment on column sync.snapshot.requests is 'Requests that the last committed read took.';
comment on column sync.snapshot.pages is 'Pages of the last committed read.';
comment on column sync.snapshot.vendor_total is 'How many elements the vendor said there were, at the last committed read; null where it does not say.';
comment on column sync.snapshot.digest is 'Order-free digest of table, key and content hash of the rows of the last committed read.';
comment on column sync.snapshot.verdict is 'How far the last committed read can be trusted: proven, stable or unverified.';
comment on column sync.snapshot.reads is 'Number of committed reads.';
comment on column sync.snapshot.read_at is 'When the last committed read began.';
comment on column sync.snapshot.complete_to is 'The snapshot shows the vendor''s state as of this instant.';
comment on column sync.snapshot.first_read_at is 'When the first committed read began.';
comment on column sync.snapshot.run_id is 'Run of the last committed read, or of the last attempt where none was committed.';
comment on column sync.snapshot.failed_at is 'Last failed attempt, if it is newer than the last committed read.';
comment on column sync.snapshot.failure_kind is 'Kind of that failure.';
comment on column sync.snapshot.failure_message is 'What was said at that failure.';
comment on column sync.snapshot.failed_attempts is 'Attempts failed in a row.';

create table sync.lease (
    name text primary key,
    worker uuid not null,
    fence bigint not null,
    acquired_at timestamptz not null,
    expires_at timestamptz not null
);
comment on table sync.lease is 'Who works on what just now. A lease that ended may be taken over; its old holder can then write nothing.';
comment on column sync.lease.name is 'A window or snapshot of a stream, or token/<account> for a token''s renewal.';
comment on column sync.lease.worker is 'Which process.';
comment on column sync.lease.fence is 'Fencing number from sync.fence; a commit under an older one is refused.';
comment on column sync.lease.acquired_at is 'When it was given, by the database''s clock.';
comment on column sync.lease.expires_at is 'When it ends unless it is renewed, by the database''s clock.';

create table sync.quarantine (
    id bigint generated always as identity primary key,
    source text not null,
    stream text not null,
    payload text not null,
    payload_hash uuid not null,
    reason text not null,
    window_start timestamptz,
    window_end timestamptz,
    run_id bigint not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    seen integer not null default 1,
    state text not null default 'open',
    resolved_at timestamptz,
    unique (source, stream, payload_hash)
);
create index quarantine_open on sync.quarantine (source, stream) where state = 'open';
comment on table sync.quarantine is 'Records that could not be read, whole. Holds raw vendor data: not for analysts.';
comment on column sync.quarantine.id is 'Number of the entry.';
comment on column sync.quarantine.source is 'The operator''s name for the vendor account.';
comment on column sync.quarantine.stream is 'Name of the stream.';
comment on column sync.quarantine.payload is 'The record as the vendor sent it, phone numbers treated as configured.';
comment on column sync.quarantine.payload_hash is 'MD5 of payload.';
comment on column sync.quarantine.reason is 'Which field, what was expected, what came.';
comment on column sync.quarantine.window_start is 'First instant of the window in which it came; null for snapshots.';
comment on column sync.quarantine.window_end is 'First instant after that window; null for snapshots.';
comment on column sync.quarantine.run_id is 'The run that saw it last.';
comment on column sync.quarantine.first_seen_at is 'When it came first.';
comment on column sync.quarantine.last_seen_at is 'When it came last.';
comment on column sync.quarantine.seen is 'How many committed reads contained it.';
comment on column sync.quarantine.state is 'open, resolved (a later read of its window did not contain it any more), retried or dropped.';
comment on column sync.quarantine.resolved_at is 'When it left the state open.';

create table sync.token (
    account text primary key,
    secret text not null,
    generation bigint not null,
    obtained_at timestamptz not null,
    expires_at timestamptz not null
);
comment on table sync.token is 'SECRET. The one live token of each vendor account, shared by all workers. Grant nobody but the service''s own role.';
comment on column sync.token.account is 'The account, for example sobot:<app_id>@<host>.';
comment on column sync.token.secret is 'SECRET. The token itself.';
comment on column sync.token.generation is 'Counts the renewals of the account.';
comment on column sync.token.obtained_at is 'When it was obtained.';
comment on column sync.token.expires_at is 'When the vendor ends it.';

create table sync.request_budget (
    name text primary key,
    per_minute integer not null,
    next_at timestamptz not null
);
comment on table sync.request_budget is 'The vendors'' limits, shared by all workers and kept across restarts.';
comment on column sync.request_budget.name is 'One limit: <vendor>:<account>@<host>/<endpoint>.';
comment on column sync.request_budget.per_minute is 'Requests per minute, as last used.';
comment on column sync.request_budget.next_at is 'The next moment not yet given away, by the database''s clock.';

create table sync.absence (
    source text not null,
    table_name text not null,
    key text[] not null,
    first_absent_at timestamptz not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    primary key (source, table_name, key)
);
comment on table sync.absence is 'Rows that the last closed read of their window did not contain, not yet marked deleted.';
comment on column sync.absence.source is 'The operator''s name for the vendor account.';
comment on column sync.absence.table_name is 'The row''s table.';
comment on column sync.absence.key is 'The row''s key, without source, in the order of the primary key.';
comment on column sync.absence.first_absent_at is 'When it was first missed.';
comment on column sync.absence.window_start is 'First instant of the window that missed it.';
comment on column sync.absence.window_end is 'First instant after that window.';
