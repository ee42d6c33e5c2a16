-- What all fact tables share, and a history beside each of them. `like` copies columns and comments, so a
-- history cannot drift from its table at birth; later migrations change both.

do $$
declare
    fact text;
    stem text;
    key_columns text;
begin
    foreach fact in array array[
        'sobot.call_result', 'sobot.chat_result', 'moor.queue', 'moor.queue_member', 'moor.agent_claim_status'
    ] loop
        execute format('comment on column %s.source is %L', fact,
            'The operator''s name for the vendor account.');
        execute format('comment on column %s.revision is %L', fact,
            'Number of this version: 1 for the first version seen.');
        execute format('comment on column %s.first_seen_at is %L', fact,
            'When ccsync first saw this row.');
        execute format('comment on column %s.changed_at is %L', fact,
            'When ccsync saw this version first.');
        execute format('comment on column %s.deleted_at is %L', fact,
            'When the vendor was found not to report this row any more; null while it does.');
        execute format('comment on column %s.extra is %L', fact,
            'Every field that the vendor sent and that has no column.');
        execute format('comment on column %s.content_hash is %L', fact,
            'MD5 of the typed content; equal for equal content.');
        execute format('comment on column %s.window_start is %L', fact,
            'First instant of the window whose read delivered this row; null for snapshots.');
        execute format('comment on column %s.window_end is %L', fact,
            'First instant after the window whose read delivered this row; null for snapshots.');
        execute format('comment on column %s.run_id is %L', fact,
            'The run (sync.run) that wrote this version.');

        execute format(
            'create table %1$s_history (like %1$s including comments, '
            'valid_from timestamptz not null, valid_to timestamptz not null)', fact);
        select string_agg(quote_ident(a.attname), ', ' order by k.ord) into key_columns
        from pg_index i
        cross join unnest(i.indkey) with ordinality as k(attnum, ord)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indrelid = fact::regclass and i.indisprimary;
        execute format('alter table %s_history add primary key (%s, revision)', fact, key_columns);
        execute format('comment on table %s_history is %L', fact,
            'Earlier versions of ' || fact || ': one row for each version that was changed or marked deleted. '
            'A version with deleted_at says that the row was gone for that time.');
        execute format('comment on column %s_history.valid_from is %L', fact,
            'From when this version was the current one (its changed_at).');
        execute format('comment on column %s_history.valid_to is %L', fact,
            'Until when this version was the current one.');
    end loop;
end
$$;
