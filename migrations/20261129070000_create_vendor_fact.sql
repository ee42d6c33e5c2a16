-- What the vendors' documents leave open, and what an account was found to do.
create table sync.vendor_fact (
    source text not null,
    stream text not null,
    question text not null,
    answer text,
    evidence text not null,
    found_at timestamptz not null,
    primary key (source, stream, question)
);
comment on table sync.vendor_fact is 'What ccsync probe found of an account where its vendor''s documents leave it open. Nothing personal.';
comment on column sync.vendor_fact.source is 'The operator''s name for the vendor account.';
comment on column sync.vendor_fact.stream is 'The stream that was asked.';
comment on column sync.vendor_fact.question is 'What was asked, for example filter_time or page_size.';
comment on column sync.vendor_fact.answer is 'What was found; null where the account''s data did not decide it.';
comment on column sync.vendor_fact.evidence is 'What was seen.';
comment on column sync.vendor_fact.found_at is 'When it was last asked.';
