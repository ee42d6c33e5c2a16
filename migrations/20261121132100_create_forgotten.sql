-- Who is forgotten: keyed digests only, under a key that is made here and that analysts cannot read.

create table sync.forgetting (
    one boolean primary key default true check (one),
    key bytea not null,
    version bigint not null default 0
);
comment on table sync.forgetting is 'One row: the key of the digests in sync.forgotten_digest, and the number of the list. No commit that was prepared under another number is taken.';
comment on column sync.forgetting.one is 'Always true.';
comment on column sync.forgetting.key is 'Random, made in this database. Without it the digests say nothing.';
comment on column sync.forgetting.version is 'Grows whenever somebody is forgotten, or that is undone.';
insert into sync.forgetting (key)
select uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

create table sync.forgotten (
    id bigint generated always as identity primary key,
    kind text not null check (kind in ('agent', 'phone')),
    source text,
    forgotten_at timestamptz not null,
    forgotten_by text not null,
    rows bigint not null,
    undone_at timestamptz,
    undone_by text,
    check ((undone_at is null) = (undone_by is null))
);
comment on table sync.forgotten is 'Who was forgotten when, by whose command. Nothing in it says who it was.';
comment on column sync.forgotten.id is 'Number of the entry, for `ccsync forget --undo`.';
comment on column sync.forgotten.kind is 'agent, or phone.';
comment on column sync.forgotten.source is 'The source whose agent it was; null for all.';
comment on column sync.forgotten.forgotten_at is 'When.';
comment on column sync.forgotten.forgotten_by is 'The operating system''s user who gave the command.';
comment on column sync.forgotten.rows is 'Rows that were rewritten.';
comment on column sync.forgotten.undone_at is 'When it was undone; later reads then store the person again.';
comment on column sync.forgotten.undone_by is 'Who undid it.';

create table sync.forgotten_digest (
    forgotten_id bigint not null references sync.forgotten (id),
    kind text not null check (kind in ('agent', 'phone', 'email', 'form')),
    digest bytea not null,
    length smallint not null,
    primary key (forgotten_id, kind, digest)
);
comment on table sync.forgotten_digest is 'What forgotten persons are known by, as HMAC-SHA-256 under sync.forgetting.key, cut to 128 bits.';
comment on column sync.forgotten_digest.forgotten_id is 'Entry in sync.forgotten.';
comment on column sync.forgotten_digest.kind is 'agent (id of one source), phone (national digits), email (lower case), form (what a privacy policy made of one of these).';
comment on column sync.forgotten_digest.digest is 'The digest.';
comment on column sync.forgotten_digest.length is 'Digits of a phone number, so that it is found within longer runs; else 0.';

-- A page that was read under an older list is not kept.
alter table sync.walk_page add column list_version bigint not null default 0;
comment on column sync.walk_page.list_version is 'Number of the list of forgotten persons (sync.forgetting) under which the page was read.';
