-- What the answers of the vendors said of the time. A command that asks no vendor, and the next process, know it from here.

create table sync.vendor_clock (
    source text primary key,
    vendor_date timestamptz not null,
    answered_at timestamptz not null,
    stands_still boolean not null
);
comment on table sync.vendor_clock is 'The Date header of the last answers of each source. The present is the earlier of the database''s clock and the vendor''s; an embedded database shares the host''s clock, and the vendor''s counts alone.';
comment on column sync.vendor_clock.source is 'The operator''s name for the vendor account.';
comment on column sync.vendor_clock.vendor_date is 'The Date of an answer: of the last three the middle one.';
comment on column sync.vendor_clock.answered_at is 'When that answer came, by the database''s clock. Both differ by as much as the clocks do.';
comment on column sync.vendor_clock.stands_still is 'The header does not move on from answer to answer: it is no clock, and is left out of account.';
