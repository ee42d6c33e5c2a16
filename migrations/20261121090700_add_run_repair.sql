-- A new reason for a run.

comment on column sync.run.trigger is 'Why it was started: schedule, sync, backfill, retry (of quarantined records; no vendor is asked) or repair (`ccsync verify --repair`: what the vendor sends replaces what is stored, whatever version that claims to be).';
