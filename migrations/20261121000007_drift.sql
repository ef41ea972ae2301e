-- What a vendor usually says, so that a page which changed its form without a word is noticed.

-- The figures of a saved menu: all that a later one is compared with, without opening any dish.
-- They count as the menu does: read_at = menu_days.menus_read_at.
create table menu_figures (
    hall_id text not null references halls (id),
    date date not null,
    meal text not null,
    read_at timestamptz not null,
    items integer not null,
    -- dishes of which nothing is stated
    untagged integer not null,
    stations text[] not null,
    -- words that the vocabulary lacks: {"word": dishes}; null: saved before anybody noted them
    unknown jsonb,
    primary key (hall_id, date, meal)
);

-- What the last reading of a meal was thought of.
create table menu_verdicts (
    hall_id text not null references halls (id),
    date date not null,
    meal text not null,
    -- 0 ok, 1 watch, 2 drift
    verdict smallint not null check (verdict between 0 and 2),
    -- [{"signal", "is_strong", "now", "usual", "words": []}]
    signs jsonb not null,
    -- readings in a row without this meal, though it is due
    empty_reads integer not null,
    judged_at timestamptz not null,
    primary key (hall_id, date, meal)
);

-- One row a hall and meal: the worst verdict of today and tomorrow. Who changes it tells of it.
create table drift_states (
    hall_id text not null references halls (id),
    meal text not null,
    verdict smallint not null check (verdict between 0 and 2),
    signs jsonb not null,
    -- of the reading that decided it
    date date not null,
    since timestamptz not null,
    primary key (hall_id, meal)
);

-- A reading that is not believed until the next one says the same.
create table menu_suspects (
    hall_id text not null references halls (id),
    date date not null,
    -- {"meal": dishes}: what is not believed
    meals jsonb not null,
    first_read_at timestamptz not null,
    primary key (hall_id, date)
);

-- How a menu changed from one reading to the next; kept for two days.
create table menu_changes (
    hall_id text not null references halls (id),
    date date not null,
    meal text not null,
    changed_at timestamptz not null,
    added integer not null,
    removed integer not null,
    -- names, the first twenty of each
    added_names text[] not null,
    removed_names text[] not null,
    primary key (changed_at, hall_id, date, meal)
);

-- What operators are to be told, until one worker has told them.
create table alerts (
    id bigint generated always as identity primary key,
    kind text not null,
    event jsonb not null,
    made_at timestamptz not null,
    tries integer not null default 0,
    -- also: until when the worker that tries is left alone with it
    next_try_at timestamptz not null,
    -- told, or given up
    ended_at timestamptz,
    outcome text check (outcome in ('delivered', 'given_up')),
    error text
);

create index alerts_waiting on alerts (next_try_at) where ended_at is null;

-- The last sixteen weeks are what a verdict looks back on: less than a second for them.
insert into menu_figures (hall_id, date, meal, read_at, items, untagged, stations)
select m.hall_id, m.date, m.meal, m.fetched_at, m.item_count,
       jsonb_array_length(jsonb_path_query_array(m.stations, '$[*].items[*] ? (!exists (@.tags[*]))')),
       m.station_names[1:64]
from menus m
join menu_days d on d.hall_id = m.hall_id and d.date = m.date and d.menus_read_at = m.fetched_at
where m.date >= current_date - 112;
