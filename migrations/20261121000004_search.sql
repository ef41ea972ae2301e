-- What can be found by its words. A dish is what a vendor says in the same words and with the same
-- tags, wherever and whenever it is served: a year holds 300 000 items and a few thousand dishes,
-- so words, typos and diets are looked up among the few, and only places and days among the many.
--
-- Triggers keep both tables in step with the menus, so that an older release, which knows nothing
-- of them, feeds them too. Only menus that count have items here (menus.fetched_at =
-- menu_days.menus_read_at). A menu that is saved again as it was touches nothing.

create extension if not exists pg_trgm;

-- Words as they are compared: without letter case, accents and apostrophes, one blank in between.
create function search_text(words text) returns text
language sql immutable strict parallel safe
as $$
    select btrim(regexp_replace(
        regexp_replace(lower(normalize(words, nfkd)), '[''\u2018\u2019\u0300-\u036f]', '', 'g'),
        '[^a-z0-9\u00c0-\u1fff\u2c00-\U0010ffff]+', ' ', 'g'))
$$;

-- All of these words, each followed by `mark` (`:A` is "in the name", `:*` "begins so"). Words
-- consist of letters and digits by now, so nothing in them is an operator. No word: null.
create function search_query(words text, mark text) returns tsquery
language sql immutable strict parallel safe
as $$
    select to_tsquery('simple', replace(nullif(search_text(words), ''), ' ', mark || ' & ') || mark)
$$;

create table dishes (
    id bigint generated always as identity primary key,
    -- of name, description and tags: they may be longer than an index takes
    hash uuid not null unique,
    name text not null,
    description text,
    tags text[] not null,
    folded text not null generated always as (search_text(name)) stored,
    -- A: the name, D: the description
    words tsvector not null generated always as (
        setweight(to_tsvector('simple', search_text(name)), 'A')
        || setweight(to_tsvector('simple', coalesce(search_text(description), '')), 'D')) stored
);

create index dishes_by_word on dishes using gin (words);
create index dishes_by_trigram on dishes using gin (folded gin_trgm_ops);

-- The dishes that these words find, and how well: 0 where all of them stand in the name, 1 where they
-- begin words of the name, 2 where they begin words of name and description, from 3 on where the
-- name only looks like them, the less the higher: four tenths of the letters in threes, six tenths
-- of words of four letters and fewer, which agree with anything by chance.
-- The planner takes the comparison of letters for a cheap one; reading every dish for it is not.
create function search_dishes(words text) returns table (id bigint, rank smallint, tags text[])
language sql stable strict
set enable_seqscan = off
set pg_trgm.word_similarity_threshold = 0.4
as $$
    with folded as materialized (select search_text(words) as text),
    asked as materialized (
        select text, search_query(text, ':A') as whole, search_query(text, ':*A') as begun,
               search_query(text, ':*') as anywhere
        from folded
    )
    select d.id,
           case when not d.words @@ anywhere then 3 + floor((1 - word_similarity(text, d.folded)) * 10)
                when d.words @@ whole then 0
                when d.words @@ begun then 1
                else 2 end::smallint,
           d.tags
    from asked
    join dishes d on d.words @@ anywhere
                  or (text <% d.folded and (length(text) > 4 or word_similarity(text, d.folded) >= 0.6))
$$;

-- Compared byte by byte, since pages are cut by these columns: the order must be the same for ever.
create table menu_items (
    hall_id text collate "C" not null,
    date date not null,
    -- of a day; a vendor's own meals come last, by name
    meal_order smallint not null generated always as (
        coalesce(array_position(array['breakfast', 'brunch', 'lunch', 'snack', 'dinner', 'late_night'], meal), 7)) stored,
    meal text collate "C" not null,
    position integer not null,
    station text not null,
    dish_id bigint not null references dishes (id),
    primary key (hall_id, date, meal_order, meal, position) include (dish_id),
    foreign key (hall_id, date, meal) references menus (hall_id, date, meal) on update cascade on delete cascade
);

create index menu_items_by_day on menu_items (date, hall_id, meal_order, meal, position) include (dish_id);
create index menu_items_by_meal on menu_items (meal, date, hall_id, meal_order, position) include (dish_id);
create index menu_items_by_dish on menu_items (dish_id, date, hall_id, meal_order, meal, position);

-- Triggers act with the rights of whoever migrates: who may save a menu need not be let in here.
-- A dish goes with its last item. Changes of these tables take turns, so that no dish goes while
-- another transaction serves it.
create function forget_dishes() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
    if exists (select from gone) then
        perform pg_advisory_xact_lock(hashtext('menu_items'));
        delete from dishes d
        where d.id in (select dish_id from gone)
          and not exists (select from menu_items i where i.dish_id = d.id);
    end if;
    return null;
end
$$;

create trigger dishes_without_items after delete on menu_items
referencing old table as gone
for each statement execute function forget_dishes();

create trigger dishes_without_items_left after update on menu_items
referencing old table as gone
for each statement execute function forget_dishes();

-- Brings the items of some menus in step: `menus_to_read` are keys, and whether the dishes may
-- differ from before. What has no name or is no object is no item.
create function keep_menu_items(menus_to_read jsonb) returns void
language plpgsql
as $$
declare
    out_of_step jsonb;
begin
    if menus_to_read is null then
        return;
    end if;
    select jsonb_agg(jsonb_build_object('hall_id', hall_id, 'date', date, 'meal', meal, 'counts', counts))
    into out_of_step
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
    where case when counts then differs or not has_items else has_items end;
    if out_of_step is null then
        return;
    end if;

    perform pg_advisory_xact_lock(hashtext('menu_items'));
    with menu as materialized (
        select m.hall_id, m.date, m.meal, case when asked.counts then m.stations end as stations
        from jsonb_to_recordset(out_of_step) as asked (hall_id text, date date, meal text, counts boolean)
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
end
$$;

-- A menu is worth more than being found by its words: what goes wrong here is a line in the log of
-- Postgres, and the menu is saved all the same.
create function menus_were_saved() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
    if tg_table_name = 'menu_days' and tg_op = 'DELETE' then
        perform keep_menu_items(jsonb_agg(jsonb_build_object(
            'hall_id', m.hall_id, 'date', m.date, 'meal', m.meal, 'differs', false)))
        from before join menus m using (hall_id, date);
    elsif tg_table_name = 'menu_days' then
        perform keep_menu_items(jsonb_agg(jsonb_build_object(
            'hall_id', m.hall_id, 'date', m.date, 'meal', m.meal, 'differs', false)))
        from after join menus m using (hall_id, date);
    elsif tg_op = 'INSERT' then
        perform keep_menu_items(jsonb_agg(jsonb_build_object(
            'hall_id', hall_id, 'date', date, 'meal', meal, 'differs', true)))
        from after;
    else
        perform keep_menu_items(jsonb_agg(jsonb_build_object(
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

create trigger items_of_new_menus after insert on menus
referencing new table as after
for each statement execute function menus_were_saved();

create trigger items_of_changed_menus after update on menus
referencing old table as before new table as after
for each statement execute function menus_were_saved();

create trigger items_of_new_days after insert on menu_days
referencing new table as after
for each statement execute function menus_were_saved();

create trigger items_of_changed_days after update on menu_days
referencing old table as before new table as after
for each statement execute function menus_were_saved();

create trigger items_of_lost_days after delete on menu_days
referencing old table as before
for each statement execute function menus_were_saved();

-- What is there already: some ten seconds for a year, in which no menu is saved.
select keep_menu_items(jsonb_agg(jsonb_build_object(
    'hall_id', hall_id, 'date', date, 'meal', meal, 'differs', true)))
from menus;
