-- The planner asks of each window whether rows of it are missing: with half a million missing at once it must not
-- read them all.
create index absence_window on sync.absence (source, table_name, window_start, window_end);
