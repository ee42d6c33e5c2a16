-- Writes to a vendor, each made by a person's command.

create table sync.action (
    id bigint generated always as identity primary key,
    source text not null,
    command text not null,
    target text,
    request jsonb not null,
    operator text not null,
    intent_at timestamptz not null,
    sent_at timestamptz,
    state text not null default 'intended'
        check (state in ('intended', 'unknown', 'answered', 'refused', 'failed')),
    answer_code text,
    answer_message text,
    result text,
    answered_at timestamptz,
    observed text check (observed in ('done', 'not_done')),
    observed_at timestamptz,
    check ((state = 'intended') = (sent_at is null) or state = 'failed'),
    check ((observed is null) = (observed_at is null))
);
create index action_unknown on sync.action (source, command, target) where state = 'unknown' and observed is null;
comment on table sync.action is 'Each write to a vendor that a person ordered: recorded before it is sent, its answer after. Phone numbers are masked, texts of messages left out.';
comment on column sync.action.id is 'Number of the action.';
comment on column sync.action.source is 'The operator''s name for the vendor account.';
comment on column sync.action.command is 'What was ordered, for example moor.queue_assign.';
comment on column sync.action.target is 'What it is about: number of the skill group, name of the one to be made, or number of the agent; null where there is no such thing.';
comment on column sync.action.request is 'What was to be sent, with phone numbers masked and without the texts of messages.';
comment on column sync.action.operator is 'The operating system''s user who ordered it.';
comment on column sync.action.intent_at is 'When it was recorded, before anything was sent.';
comment on column sync.action.sent_at is 'When it was about to be sent; null: it was never sent.';
comment on column sync.action.state is 'intended (recorded, not sent), unknown (sent, and no answer says whether it was done), answered (done, says the vendor), refused (not done, says the vendor) or failed (it never left).';
comment on column sync.action.answer_code is 'The vendor''s code, where it gave one.';
comment on column sync.action.answer_message is 'What the vendor said, or why there is no answer; short, without phone numbers and secrets.';
comment on column sync.action.result is 'What the vendor made of it, for example the number of the new skill group.';
comment on column sync.action.answered_at is 'When the answer, or its absence, was recorded.';
comment on column sync.action.observed is 'For state unknown: whether a later look at the vendor showed it done or not_done; null while nobody looked.';
comment on column sync.action.observed_at is 'When the vendor was looked at.';
