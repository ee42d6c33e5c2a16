-- Who was told of what: alerts that stand, and the notices of their changes on the way to each target.

create table sync.alert (
    kind text not null,
    source text not null default '',
    stream text not null default '',
    severity text not null,
    since timestamptz,
    message text not null,
    cure text not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    told_at timestamptz,
    primary key (kind, source, stream)
);
comment on table sync.alert is 'Alerts that stand, as the daemon whose turn it is saw them last; a row goes with its alert.';
comment on column sync.alert.kind is 'What is the matter, as in docs/runbook.md.';
comment on column sync.alert.source is 'The source; empty where it is none''s.';
comment on column sync.alert.stream is 'The stream; empty where it is none''s.';
comment on column sync.alert.severity is 'warning or critical.';
comment on column sync.alert.since is 'Since when it stands, where that is known.';
comment on column sync.alert.message is 'What was seen.';
comment on column sync.alert.cure is 'What the operator can do.';
comment on column sync.alert.first_seen_at is 'When it was seen first.';
comment on column sync.alert.last_seen_at is 'When it was seen last; one that is gone for a minute is over.';
comment on column sync.alert.told_at is 'When notices of it were written; null while it has not stood for a minute.';

create table sync.notice (
    id bigint generated always as identity primary key,
    target text not null,
    change text not null check (change in ('raised', 'cleared')),
    kind text not null,
    source text not null,
    stream text not null,
    severity text not null,
    since timestamptz,
    message text not null,
    cure text not null,
    created_at timestamptz not null,
    attempts integer not null default 0,
    failure text,
    next_try_at timestamptz,
    delivered_at timestamptz
);
comment on table sync.notice is 'Each change of an alert for each target of notices; kept for 30 days.';
comment on column sync.notice.id is 'Number.';
comment on column sync.notice.target is 'The target''s name in the configuration.';
comment on column sync.notice.change is 'raised or cleared.';
comment on column sync.notice.kind is 'What is the matter, as in docs/runbook.md.';
comment on column sync.notice.source is 'The source; empty where it is none''s.';
comment on column sync.notice.stream is 'The stream; empty where it is none''s.';
comment on column sync.notice.severity is 'warning or critical.';
comment on column sync.notice.since is 'Since when the alert stands, where that is known.';
comment on column sync.notice.message is 'What was seen.';
comment on column sync.notice.cure is 'What the operator can do.';
comment on column sync.notice.created_at is 'When the change was noted.';
comment on column sync.notice.attempts is 'Failed tries to send it.';
comment on column sync.notice.failure is 'Why the last try failed.';
comment on column sync.notice.next_try_at is 'When it is sent next; null once it was delivered or given up.';
comment on column sync.notice.delivered_at is 'When the target took it.';
create index notice_due on sync.notice (next_try_at) where next_try_at is not null;
comment on index sync.notice_due is 'Notices on their way.';

create table sync.notice_turn (
    id smallint primary key check (id = 1),
    worker uuid not null,
    until timestamptz not null
);
comment on table sync.notice_turn is 'Which daemon looks after notices; the others wait until its time is over.';
comment on column sync.notice_turn.id is 'There is one row.';
comment on column sync.notice_turn.worker is 'The daemon.';
comment on column sync.notice_turn.until is 'Until when, by the database''s clock; renewed at each look.';
