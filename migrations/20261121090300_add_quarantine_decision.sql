-- An operator's decision about a quarantined record.

alter table sync.quarantine add column decision text;
comment on column sync.quarantine.decision is 'Why an operator dropped it; null unless the state is dropped.';
comment on column sync.quarantine.state is 'open, resolved (a later read of its window did not contain it any more), retried (read and stored by `ccsync quarantine retry`) or dropped (by an operator; stays so when it is seen again).';
comment on column sync.run.trigger is 'Why it was started: schedule, sync, backfill or retry (of quarantined records; no vendor is asked).';
