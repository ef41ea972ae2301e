-- Saving a menu used to read its dishes as well, and whoever saved waited for that: 30 to 170 ms of
-- the database's time for a first save. Now a save only notes which menus are out of step with what
-- can be searched; a worker reads their dishes afterwards, a few menus at a time.

create table menus_to_index (
    hall_id text not null,
    date date not null,
    meal text not null,
    since timestamptz not null default now(),
    primary key (hall_id, date, meal)
);

-- `menus_to_read` are keys, and whether the dishes may differ from before. A note that is there is
-- locked all the same: nobody may work it off between here and the end of this transaction.
create function note_menus_to_index(menus_to_read jsonb) returns void
language sql
as $$
    insert into menus_to_index as noted (hall_id, date, meal)
    select hall_id, date, meal
    from (
        select m.hall_id, m.date, m.meal, asked.differs,
               coalesce(m.fetched_at = (select d.menus_read_at from menu_days d
                                        where d.hall_id = m.hall_id and d.date = m.date), false) as counts,
               exists (select from menu_items i
                       where i.hall_id = m.hall_id and i.date = m.date and i.meal = m.meal) as has_items
        from jsonb_to_recordset(menus_to_read) as asked (hall_id text, date date, meal text, differs boolean)
        -- offset 0: menu by menu; the planner expects a hundred, and would read the year for them
        cross join lateral (select * from menus m
                            where m.hall_id = asked.hall_id and m.date = asked.date and m.meal = asked.meal
                            offset 0) as m
    ) as menu
    where case when counts then differs or not has_items else has_items end
    order by hall_id, date, meal
    on conflict (hall_id, date, meal) do update set since = excluded.since
$$;

create or replace function menus_were_saved() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
    if tg_table_name = 'menu_days' and tg_op = 'DELETE' then
        perform note_menus_to_index(jsonb_agg(jsonb_build_object(
            'hall_id', m.hall_id, 'date', m.date, 'meal', m.meal, 'differs', false)))
        from before join menus m using (hall_id, date);
    elsif tg_table_name = 'menu_days' then
        perform note_menus_to_index(jsonb_agg(jsonb_build_object(
            'hall_id', m.hall_id, 'date', m.date, 'meal', m.meal, 'differs', false)))
        from after join menus m using (hall_id, date);
    elsif tg_op = 'INSERT' then
        perform note_menus_to_index(jsonb_agg(jsonb_build_object(
            'hall_id', hall_id, 'date', date, 'meal', meal, 'differs', true)))
        from after;
    else
        perform note_menus_to_index(jsonb_agg(jsonb_build_object(
            'hall_id', hall_id, 'date', date, 'meal', meal,
            'differs', before.stations is distinct from after.stations)))
        from after left join before using (hall_id, date, meal);
    end if;
    return null;
exception when others then
    raise warning 'menus are saved and cannot be searched: % (%)', sqlerrm, sqlstate;
    return null;
end
$$;

drop function keep_menu_items(jsonb);

-- Brings the items of these menus in step. What has no name or is no object is no item.
create function keep_menu_items(keys jsonb) returns void
language sql
as $$
    with menu as materialized (
        select m.hall_id, m.date, m.meal, case when m.fetched_at = (select d.menus_read_at from menu_days d
                                       where d.hall_id = m.hall_id and d.date = m.date) then m.stations end as stations
        from jsonb_to_recordset(keys) as asked (hall_id text, date date, meal text)
        cross join lateral (select * from menus m
                            where m.hall_id = asked.hall_id and m.date = asked.date and m.meal = asked.meal
                            offset 0) as m
    ),
    item as materialized (
        select read.*, md5(jsonb_build_array(name, description, tags)::text)::uuid as hash
        from (
            select menu.hall_id, menu.date, menu.meal,
                   row_number() over (partition by menu.hall_id, menu.date, menu.meal
                                      order by station.place, item.place)::integer as position,
                   coalesce(left(station.value ->> 'name', 500), '') as station,
                   left(item.value ->> 'name', 500) as name,
                   nullif(left(item.value ->> 'description', 500), '') as description,
                   array(select distinct (tag #>> '{}') collate "C"
                         from jsonb_path_query(item.value, '$.tags[*] ? (@.type() == "string")') as tag
                         order by 1) as tags
            from menu
            cross join lateral jsonb_array_elements(
                case jsonb_typeof(menu.stations) when 'array' then menu.stations end)
                with ordinality as station (value, place)
            cross join lateral jsonb_array_elements(
                case jsonb_typeof(station.value -> 'items') when 'array' then station.value -> 'items' end)
                with ordinality as item (value, place)
            where jsonb_typeof(item.value -> 'name') = 'string'
        ) as read
    ),
    new_dish as (
        insert into dishes (hash, name, description, tags)
        select distinct on (hash) hash, name, description, tags
        from item
        where not exists (select from dishes d where d.hash = item.hash)
        returning id, hash
    ),
    dish as (
        select id, hash from dishes where hash in (select hash from item)
        union all
        select id, hash from new_dish
    ),
    gone as (
        delete from menu_items i
        using menu
        where i.hall_id = menu.hall_id and i.date = menu.date and i.meal = menu.meal
          and not exists (select from item
                          where item.hall_id = i.hall_id and item.date = i.date and item.meal = i.meal
                            and item.position = i.position)
    )
    insert into menu_items as held (hall_id, date, meal, position, station, dish_id)
    select item.hall_id, item.date, item.meal, item.position, item.station, dish.id
    from item
    join dish using (hash)
    on conflict (hall_id, date, meal_order, meal, position) do update
    set station = excluded.station, dish_id = excluded.dish_id
    where held.station is distinct from excluded.station or held.dish_id is distinct from excluded.dish_id;
$$;

-- Works off some notes, those that have waited longest first, and tells how many; 0 where there are none,
-- or where another worker is at it. A menu that cannot be read is a line in the log of Postgres; it keeps
-- no other from being found.
create function index_menus(most integer) returns integer
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
            select hall_id, date, meal from menus_to_index order by since limit most for update skip locked)
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
