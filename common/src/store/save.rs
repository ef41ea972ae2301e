//! Saving what was read of a hall, all of it in one statement.

use chrono::NaiveTime;
use sqlx::types::Json;

use super::{Store, StoreError, columns::columns};
use crate::{
    hall::HallId,
    menu::{KnownDay, Station},
};

impl Store {
    /// Saves what was read of a hall's days and every menu in them, all or nothing; a day that was
    /// read later already keeps what it has. Tells how many days changed.
    ///
    /// # Errors
    /// When Postgres cannot be asked or refuses.
    pub async fn save<'a>(
        &self,
        hall: HallId,
        days: impl Iterator<Item = &'a KnownDay>,
    ) -> Result<i64, StoreError> {
        let (day, menu) = columns(days);
        // One statement is one transaction, and one round trip.
        let saved = sqlx::query_scalar!(
            r#"with incoming as (
                   select * from unnest($2::date[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[])
                       as day (date, state, fetched_at, fresh_until, content_hash)
               ),
               before as (
                   select date, content_hash from menu_days where hall_id = $1 and date = any($2)
               ),
               moved as (
                   insert into menu_days as held (hall_id, date, state, fetched_at, fresh_until, content_hash, menus_read_at)
                   select $1, date, state, fetched_at, fresh_until, content_hash,
                          case when state = 'posted' then fetched_at end
                   from incoming
                   on conflict (hall_id, date) do update
                   set state = excluded.state, fetched_at = excluded.fetched_at,
                       fresh_until = excluded.fresh_until, content_hash = excluded.content_hash,
                       menus_read_at = case when excluded.state = 'not_posted' then held.menus_read_at
                                            else excluded.menus_read_at end
                   where held.fetched_at <= excluded.fetched_at
                   returning date
               ),
               kept as (
                   insert into menus as held (hall_id, date, meal, stations, station_count, item_count, start_time, end_time, fetched_at)
                   select $1, menu.date, menu.meal, menu.stations, menu.station_count, menu.item_count,
                          menu.start_time, menu.end_time, menu.fetched_at
                   from unnest($7::date[], $8::text[], $9::jsonb[], $10::int[], $11::int[], $12::time[], $13::time[], $14::timestamptz[])
                       as menu (date, meal, stations, station_count, item_count, start_time, end_time, fetched_at)
                   join moved using (date)
                   on conflict (hall_id, date, meal) do update
                   set stations = excluded.stations, station_count = excluded.station_count,
                       item_count = excluded.item_count, start_time = excluded.start_time,
                       end_time = excluded.end_time, fetched_at = excluded.fetched_at
                   where held.fetched_at <= excluded.fetched_at
               )
               select count(*) filter (where before.content_hash is distinct from incoming.content_hash) as "changed!"
               from moved join incoming using (date) left join before using (date)"#,
            hall.as_str(),
            &day.date,
            &day.state as &[&str],
            &day.fetched_at,
            &day.fresh_until,
            &day.content_hash,
            &menu.date,
            &menu.meal as &[&str],
            &menu.stations as &[Json<&[Station]>],
            &menu.station_count,
            &menu.item_count,
            &menu.start_time as &[Option<NaiveTime>],
            &menu.end_time as &[Option<NaiveTime>],
            &menu.fetched_at,
        );
        self.within(saved.fetch_one(&self.pool)).await
    }
}
