-- Plain names: an observation is a row that a read of a window contained although another window owns it; what an operator can do
-- is a remedy.

alter table sync.sighting rename to observation;
alter table sync.observation rename constraint sighting_pkey to observation_pkey;
alter index sync.sighting_window rename to observation_window;
comment on table sync.observation is 'Rows whose last read of a window contained them although another window owns them. While one stands, a row that its owning window misses moves there instead of being marked deleted.';

alter table sync.alert rename column cure to remedy;
alter table sync.notice rename column cure to remedy;
