//! The figures of the dashboard, in three questions. Menus are counted by what is kept beside them
//! (`tag_names`, `station_names` and their `…_items`), never by opening their dishes.
//!
//! Which menus count is said as a `case`: from a plain equality of two times the planner infers
//! that hardly any menu counts, and then sorts what it should hash.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::types::Json;

use super::{Store, StoreError};
use crate::stats::{
    Counted, Dashboard, Fetches, Hall, MenuCounts, Menus, StationShare, TagShare, Window,
};

/// So many stations are listed: those in the most menus.
const STATIONS: i64 = 50;
/// And so many tags; a vendor could invent more.
const TAGS: i64 = 100;

/// A window of days, seen from where and when.
#[derive(Debug, Clone, Copy)]
pub struct Outlook {
    /// The days.
    pub window: Window,
    /// The halls' wall clock.
    pub zone: Tz,
    /// The time of asking: it decides what is stale, and what is past.
    pub now: DateTime<Utc>,
}

impl Store {
    /// The dashboard.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn dashboard(&self, outlook: Outlook) -> Result<Dashboard, StoreError> {
        let mut counted = self.count_menus(outlook).await?;
        counted.tags = self.count_tags(outlook).await?;
        counted.fetches = self.count_fetches(outlook).await?;
        Ok(counted.dashboard(outlook.window))
    }

    /// Halls, menus, and the stations in them.
    async fn count_menus(
        &self,
        Outlook { window, zone, now }: Outlook,
    ) -> Result<Counted, StoreError> {
        let question = sqlx::query!(
            r#"with counted as materialized (
                   select m.hall_id, m.meal, m.item_count, m.fetched_at,
                          m.station_names, m.station_items,
                          case when m.date < ($4::timestamptz at time zone $3)::date then 'past'
                               when d.state = 'not_posted' then 'kept'
                               when d.fresh_until <= $4 then 'stale'
                               else 'fresh' end as freshness
                   from menus m
                   join menu_days d on d.hall_id = m.hall_id and d.date = m.date
                   where d.menus_read_at >= ($1::date::timestamp at time zone $3)
                     and d.menus_read_at < (($2::date + 1)::timestamp at time zone $3)
                     and m.fetched_at = d.menus_read_at
               ),
               hall_rows as (
                   select id, name, vendor_type from halls order by name collate "C"
               ),
               menu_rows as (
                   select hall_id, meal, freshness, count(*) as menus,
                          sum(item_count) as items, max(fetched_at) as freshest
                   from counted
                   group by hall_id, meal, freshness
               ),
               station_rows as (
                   select hall_id, station, count(*) as menus, sum(items) as items
                   from (select hall_id, unnest(station_names) as station, unnest(station_items) as items
                         from counted) as own
                   group by hall_id, station
                   order by menus desc, items desc, hall_id, station collate "C"
                   limit $5
               )
               select (select json_agg(hall_rows) from hall_rows) as "halls: Json<Vec<Hall>>",
                      (select json_agg(menu_rows) from menu_rows) as "menus: Json<Vec<Menus>>",
                      (select json_agg(station_rows) from station_rows) as "stations: Json<Vec<StationShare>>""#,
            window.first(),
            window.last,
            zone.name(),
            now,
            STATIONS,
        );
        let row = self.within(question.fetch_one(&self.pool)).await?;
        let (halls, menus, stations) = (row.halls, row.menus, row.stations);
        Ok(Counted {
            halls: halls.map_or_else(Vec::new, |halls| halls.0),
            menus: menus.map_or_else(Vec::new, |menus| menus.0),
            stations: stations.map_or_else(Vec::new, |stations| stations.0),
            ..Counted::default()
        })
    }

    async fn count_tags(
        &self,
        Outlook { window, zone, .. }: Outlook,
    ) -> Result<Vec<TagShare>, StoreError> {
        let question = sqlx::query!(
            r#"select tag as "tag!", count(*) as "menus!", sum(items)::bigint as "items!"
               from (select unnest(m.tag_names) as tag, unnest(m.tag_items) as items
                     from menus m
                     join menu_days d on d.hall_id = m.hall_id and d.date = m.date
                     where d.menus_read_at >= ($1::date::timestamp at time zone $3)
                       and d.menus_read_at < (($2::date + 1)::timestamp at time zone $3)
                       and m.fetched_at = d.menus_read_at
                    ) as stated
               group by tag
               order by 3 desc, 1
               limit $4"#,
            window.first(),
            window.last,
            zone.name(),
            TAGS,
        );
        let rows = self.within(question.fetch_all(&self.pool)).await?;
        let share = |menus, items, tag| TagShare { tag, menus: MenuCounts { menus, items } };
        Ok(rows.into_iter().map(|row| share(row.menus, row.items, row.tag)).collect())
    }

    /// Day by day along the index on time: a year's reads need not be told their days one by one.
    async fn count_fetches(
        &self,
        Outlook { window, zone, .. }: Outlook,
    ) -> Result<Vec<Fetches>, StoreError> {
        let question = sqlx::query_as!(
            Fetches,
            r#"select day.date as "date!", run.hall_id, run.fetches as "fetches!",
                      run.failed as "failed!", run.took_ms as "took_ms!"
               from (select $1::date + ago as date from generate_series(0, $2::date - $1::date) as ago) as day
               cross join lateral (
                   select hall_id, count(*) as fetches,
                          count(*) filter (where state not in ('unchanged', 'changed', 'empty')) as failed,
                          (extract(epoch from sum(finished_at - started_at)) * 1000)::bigint as took_ms
                   from fetch_runs
                   where started_at >= (day.date::timestamp at time zone $3)
                     and started_at < ((day.date + 1)::timestamp at time zone $3)
                   group by hall_id
               ) as run"#,
            window.first(),
            window.last,
            zone.name(),
        );
        self.within(question.fetch_all(&self.pool)).await
    }
}
