-- A first load is behind no promise while it goes on: what ended before it was wanted is progress, not stale.
alter table sync.stream add column wanted_since timestamptz;
update sync.stream set wanted_since = declared_at;
alter table sync.stream alter column wanted_since set default clock_timestamp();
alter table sync.stream alter column wanted_since set not null;
comment on column sync.stream.wanted_since is 'Since when all from start_at on is wanted: since the stream was first declared, enabled again or given an earlier start.';
