-- Pages of reads that are not committed yet. Unlogged: what a crash of the server takes costs requests only.

create unlogged table sync.walk_page (
    lease_name text not null,
    page_no integer not null,
    page_size integer not null,
    walk integer not null,
    began_at timestamptz not null,
    ask_start timestamptz,
    ask_end timestamptz,
    page text not null,
    kept_at timestamptz not null default clock_timestamp(),
    primary key (lease_name, page_no, page_size)
);
comment on table sync.walk_page is 'Pages of windows and snapshots whose read is not committed yet, so that after a kill or a restart the next worker asks only for what is missing. Emptied by the commit.';
comment on column sync.walk_page.lease_name is 'The window or snapshot, as in sync.lease.';
comment on column sync.walk_page.page_no is 'Number of the page asked for, from 1.';
comment on column sync.walk_page.page_size is 'Rows asked for on a page.';
comment on column sync.walk_page.walk is 'Number of the walk; pages of an earlier one count no more.';
comment on column sync.walk_page.began_at is 'When the read began.';
comment on column sync.walk_page.ask_start is 'First instant that the vendor was asked for; null for snapshots.';
comment on column sync.walk_page.ask_end is 'First instant not asked for any more; null for snapshots.';
comment on column sync.walk_page.page is 'The page as it was read, after the privacy rules.';
comment on column sync.walk_page.kept_at is 'When it came, by the database''s clock.';
