-- Which tables a stream fills is said by its declaration alone: whoever counts its rows anew names them.

drop function sync.row_count_refresh(text, text);

create function sync.row_count_refresh(of_source text, of_stream text, of_tables text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    counted text;
    live_rows bigint;
begin
    for counted in select t from unnest(of_tables) t order by t
    loop
        -- Whoever wrote rows before this lock has told so and is seen by the count; whoever tells later waits and adds to it.
        insert into sync.row_count as r (source, stream, table_name, live)
        values (of_source, of_stream, counted, 0)
        on conflict (source, stream, table_name) do update set live = r.live;
        execute format('select count(*) from %s where source = $1 and deleted_at is null', counted)
            using of_source into live_rows;
        update sync.row_count set live = live_rows
        where source = of_source and stream = of_stream and table_name = counted;
    end loop;
end
$$;
comment on function sync.row_count_refresh(text, text, text[]) is 'Counts the live rows of a source in these tables of a stream anew: for rows that were written or removed by hand.';
