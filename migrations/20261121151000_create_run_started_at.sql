-- What passes did day by day is asked every few seconds, and runs are never deleted.
create index run_started_at on sync.run (started_at);
