//! A year of everything that is kept: days, menus, dishes to be found, figures, reads, alerts, actions.

use crate::{Database, figures_by_the_migration};

/// Until a week ahead: three meals of all halls, each of eight dishes out of four hundred.
const YEAR: &str = "
    insert into menu_days
    select h.id, day::date, 'posted', day + interval '18 hours', now() + interval '10 minutes', 1, day + interval '18 hours'
    from halls h, generate_series(current_date - 364, current_date + 7, interval '1 day') as day;

    insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
    select h.id, day::date, meal, (
               select jsonb_agg(jsonb_build_object('name', 'Station ' || station, 'items', items))
               from (select place / 4 as station, jsonb_agg(jsonb_build_object(
                                'name', 'Dish ' || (hashtext(h.id || day || meal || place) & 1073741823) % 400,
                                'description', null, 'tags', '[\"vegan\"]'::jsonb)) as items
                     from generate_series(0, 7) as place group by 1) as own),
           2, 8, day + interval '18 hours'
    from halls h, generate_series(current_date - 364, current_date + 7, interval '1 day') as day,
         unnest(array['breakfast', 'lunch', 'dinner']) as meal;

    insert into menu_verdicts
    select hall_id, date, meal, 0, '[]', 0, fetched_at from menus where date >= current_date - 3;
    insert into drift_states
    select distinct on (hall_id, meal) hall_id, meal, 0, '[]'::jsonb, date, fetched_at from menus;
    insert into menu_changes
    select h.id, current_date + ahead, 'lunch', now() - ago * interval '10 minutes', 3, 1, array['Soup'], array['Stew']
    from halls h, generate_series(0, 288) as ago, generate_series(0, 2) as ahead;
    insert into alerts (kind, event, made_at, next_try_at, ended_at, outcome)
    select 'drift', '{}', now(), now(), now(), 'delivered' from generate_series(1, 2000);
    insert into ops_audit (at, who, action, arguments)
    select now() - ago * interval '1 hour', 'ops', 'forget-menu', '{}' from generate_series(1, 5000) as ago;
    insert into fetch_runs (vendor, document, hall_id, reason, state, started_at, finished_at, http_status, bytes, meals, items, skipped)
    select h.vendor_type, h.vendor_type || ':' || h.id || ':' || at::date, h.id, 'miss', 'unchanged', at,
           at + interval '1 second', 200, 10000, 3, 120, 0
    from halls h, generate_series(now() - interval '365 days', now(), interval '30 minutes') as at;";

/// Fills a database with it, as it is after a year: indexed, with what is known of each table's rows.
pub async fn a_year(database: &Database) {
    database.run(YEAR).await;
    database.run(&figures_by_the_migration()).await;
    database.index_menus().await;
    // As the server does by itself in a year.
    database.run("vacuum analyze").await;
}
