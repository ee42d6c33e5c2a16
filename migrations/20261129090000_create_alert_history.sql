-- What stood, from when to when: `sync.alert` has only what stands.
create table sync.alert_history (
    id bigint generated always as identity primary key,
    kind text not null,
    source text not null,
    stream text not null,
    severity text not null,
    message text not null,
    raised_at timestamptz not null,
    cleared_at timestamptz
);
comment on table sync.alert_history is 'Alerts that stood for a minute or longer; kept for 30 days after their end.';
comment on column sync.alert_history.id is 'Number.';
comment on column sync.alert_history.kind is 'What was the matter, as in docs/runbook.md.';
comment on column sync.alert_history.source is 'The source; empty where it was none''s.';
comment on column sync.alert_history.stream is 'The stream; empty where it was none''s.';
comment on column sync.alert_history.severity is 'warning or critical.';
comment on column sync.alert_history.message is 'What was seen when it was raised.';
comment on column sync.alert_history.raised_at is 'When it was seen first.';
comment on column sync.alert_history.cleared_at is 'When it was seen last; null while it stands.';
create unique index alert_history_standing on sync.alert_history (kind, source, stream) where cleared_at is null;
comment on index sync.alert_history_standing is 'An alert stands once.';
