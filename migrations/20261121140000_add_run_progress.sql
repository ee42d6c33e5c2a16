-- How far a run has come: beside `windows`, how many it will have read when nothing more is due.

alter table sync.run add column windows_due bigint;
comment on column sync.run.windows_due is 'Windows of this run, those read already (windows) and those still to be read, as planned at the last commit; null before the first. A snapshot counts as one.';
