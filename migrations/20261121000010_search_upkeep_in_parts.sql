-- One menu whose dishes take longer to read than a statement may take kept all others from being found:
-- the timeout undid the whole batch, and the next one was the same. Who indexes asks for fewer then, and
-- puts off a menu that takes too long all by itself.

-- As before; but notes that were put off wait for their time, and ties have an order.
create or replace function index_menus(most integer) returns integer
language plpgsql
security definer
set search_path from current
as $$
declare
    keys jsonb;
    one jsonb;
begin
    if not pg_try_advisory_xact_lock(hashtext('menu_items')) then
        return 0;
    end if;
    with taken as (
        delete from menus_to_index
        where (hall_id, date, meal) in (
            select hall_id, date, meal from menus_to_index
            where since <= now()
            order by since, hall_id, date, meal limit most for update skip locked)
        returning hall_id, date, meal
    )
    select jsonb_agg(jsonb_build_object('hall_id', hall_id, 'date', date, 'meal', meal)) into keys from taken;
    if keys is null then
        return 0;
    end if;
    begin
        perform keep_menu_items(keys);
    exception when others then
        for one in select jsonb_build_array(value) from jsonb_array_elements(keys) loop
            begin
                perform keep_menu_items(one);
            exception when others then
                raise warning 'a menu cannot be searched: %: % (%)', one, sqlerrm, sqlstate;
            end;
        end loop;
    end;
    return jsonb_array_length(keys);
end
$$;

-- The note that comes first waits for four minutes, and is tried again: often enough for the alarm, which looks back over five. Tells which menu that is; null where there is none, or where another
-- worker is at it. A save makes a new note of it.
create function put_off_indexing() returns text
language plpgsql
security definer
set search_path from current
as $$
declare
    put_off text;
begin
    if not pg_try_advisory_xact_lock(hashtext('menu_items')) then
        return null;
    end if;
    update menus_to_index
    set since = now() + interval '4 minutes'
    where (hall_id, date, meal) in (
        select hall_id, date, meal from menus_to_index
        where since <= now()
        order by since, hall_id, date, meal limit 1 for update skip locked)
    returning concat_ws(':', 'menu', hall_id, date, meal) into put_off;
    return put_off;
end
$$;
