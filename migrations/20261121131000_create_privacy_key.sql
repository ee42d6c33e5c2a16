-- Which keys the tokens in the tables were made with, so that a wrong file of keys is noticed before it is used.

create table sync.privacy_key (
    level integer primary key check (0 < level),
    mark text not null unique,
    first_used_at timestamptz not null
);
comment on table sync.privacy_key is 'The keys with which personal data became tokens, each by a mark that says nothing of the key.';
comment on column sync.privacy_key.level is 'Number of the key in its file, from 1; tokens made with it and those before it begin with hmac and this number.';
comment on column sync.privacy_key.mark is 'Keyed digest of a fixed text: equal for equal keys.';
comment on column sync.privacy_key.first_used_at is 'When ccsync first ran with this key.';
