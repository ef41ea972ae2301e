-- What vendors said, and what was read of them.

-- One row a hall and date: the last word of the vendor on that day. It decides what the day's
-- menus are worth:
--   posted:     menus of that reading are served; an older one was taken off by the vendor
--   not_posted: menus of the last reading that posted any are kept and served as stale
--   closed:     none is served, also when the day goes silent later
-- So a menu counts exactly if it was read at `menus_read_at`.
create table menu_days (
    hall_id text not null references halls (id),
    date date not null,
    state text not null check (state in ('posted', 'closed', 'not_posted')),
    fetched_at timestamptz not null,
    fresh_until timestamptz not null,
    -- of the day's meals; tells "changed" from "unchanged"
    content_hash bigint not null,
    menus_read_at timestamptz,
    primary key (hall_id, date)
);

create table menus (
    hall_id text not null references halls (id),
    date date not null,
    meal text not null,
    -- [{"name", "items": [{"name", "description", "tags": []}]}]
    stations jsonb not null,
    station_count integer not null,
    item_count integer not null,
    -- the vendor's own hours of that meal, where it states them
    start_time time,
    end_time time,
    fetched_at timestamptz not null,
    primary key (hall_id, date, meal)
);

-- One row for every read of a vendor, however it ended.
create table fetch_runs (
    id bigint generated always as identity primary key,
    vendor text not null,
    document text not null,
    hall_id text not null references halls (id),
    reason text not null,
    -- failed: no answer; broken: no whole body; invalid: not what it should be; empty: no menu in it
    state text not null check (state in ('failed', 'broken', 'invalid', 'empty', 'unchanged', 'changed')),
    started_at timestamptz not null,
    finished_at timestamptz not null,
    http_status smallint,
    bytes integer not null,
    meals integer not null,
    items integer not null,
    skipped integer not null,
    error_class text,
    error text
);

create index fetch_runs_by_time on fetch_runs (started_at);
