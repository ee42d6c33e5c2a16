-- Why an agent's socket does not open, for whoever looks at one agent among many.
alter table sync.feed_session
    add column failing_since timestamptz,
    add column failure_kind text,
    add column failure_message text,
    add constraint feed_session_failure_check check (
        (failing_since is null) = (failure_kind is null) and (failing_since is null) = (failure_message is null)
    );
comment on column sync.feed_session.failing_since is 'First failed try in a row to open the agent''s socket; null where the last try did not fail.';
comment on column sync.feed_session.failure_kind is 'Kind of the last failed try.';
comment on column sync.feed_session.failure_message is 'What was said at the last failed try.';
