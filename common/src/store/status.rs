//! What the status page shows, in three questions: the next days with what is thought of them, how
//! vendors fared, and how menus changed. Each goes along an index, however many years are saved.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use sqlx::types::Json;

use super::{Store, StoreError, days::state, drift::verdict};
use crate::{
    drift::Sign,
    hall::{HallId, Vendor},
    meal::Meal,
    status::{ChangeRow, DayRow, DriftRow, Ends, Failing, FetchRow, MealRow},
};

/// So many changes are shown, the newest.
const CHANGES: i64 = 100;

impl Store {
    /// What is saved of the days from `first` to `last`, of every hall: each day, each menu that
    /// counts, each verdict.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn status_days(
        &self,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<(Vec<DayRow>, Vec<MealRow>), StoreError> {
        let rows = sqlx::query!(
            r#"select h.id as hall_id, d.date, d.state, d.fetched_at, d.fresh_until,
                      m.meal as "meal?", m.item_count as "item_count?", m.fetched_at as "menu_fetched_at?",
                      v.verdict as "verdict?"
               from halls h
               -- offset 0: hall by hall, along the key
               cross join lateral (select * from menu_days
                                   where hall_id = h.id and date between $1 and $2
                                   offset 0) as d
               left join menus m
                 on m.hall_id = d.hall_id and m.date = d.date and m.fetched_at = d.menus_read_at
                and m.date between $1 and $2
               left join menu_verdicts v
                 on v.hall_id = m.hall_id and v.date = m.date and v.meal = m.meal
               order by h.id, d.date, m.meal"#,
            first,
            last,
        );
        let (mut days, mut meals): (Vec<DayRow>, Vec<MealRow>) = Default::default();
        for row in self.within(rows.fetch_all(&self.pool)).await? {
            let Some(hall) = HallId::parse(&row.hall_id) else { continue };
            if days.last().is_none_or(|day| (day.hall, day.date) != (hall, row.date)) {
                let (state, fetched_at) = (state(&row.state)?, row.fetched_at);
                let (date, fresh_until) = (row.date, row.fresh_until);
                days.push(DayRow { hall, date, state, fetched_at, fresh_until });
            }
            let Some(meal) = row.meal.as_deref().and_then(Meal::parse) else { continue };
            meals.push(MealRow {
                hall,
                date: row.date,
                meal,
                items: u32::try_from(row.item_count.unwrap_or(0)).unwrap_or(0),
                fetched_at: row.menu_fetched_at.unwrap_or(row.fetched_at),
                verdict: row.verdict.map(verdict),
            });
        }
        Ok((days, meals))
    }

    /// The state of every meal of every hall that was ever judged.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn drift_states(&self) -> Result<Vec<DriftRow>, StoreError> {
        let rows = sqlx::query!(
            r#"select hall_id, meal, verdict, signs as "signs: Json<Vec<Sign>>", date, since
               from drift_states order by hall_id, meal"#
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?.into_iter();
        let states = rows.filter_map(|row| {
            Some(DriftRow {
                hall_id: HallId::parse(&row.hall_id)?,
                meal: Meal::parse(&row.meal)?,
                verdict: verdict(row.verdict),
                signs: row.signs.0,
                date: row.date,
                since: row.since,
            })
        });
        Ok(states.collect())
    }

    /// How the reads of the last hour and of the last day ended, by vendor; and the documents whose
    /// last read of the day failed, with the first failure since it last did not.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn status_fetches(
        &self,
        now: DateTime<Utc>,
    ) -> Result<(Vec<FetchRow>, Failing), StoreError> {
        let day_ago = now.checked_sub_days(Days::new(1)).unwrap_or(now);
        let hour_ago = now - TimeDelta::hours(1);
        let question = sqlx::query!(
            r#"with run as materialized (
                   select vendor, document, state, started_at, http_status, error_class,
                          extract(epoch from finished_at - started_at) * 1000 as took_ms
                   from fetch_runs where started_at >= $1
               ),
               spanned as (
                   select run.*, 24 as hours from run
                   union all
                   select run.*, 1 from run where started_at >= $2
               ),
               counted as (
                   select vendor, hours, count(*) as reads,
                          count(*) filter (where state in ('unchanged', 'changed', 'empty')) as ok,
                          percentile_cont(0.5) within group (order by took_ms) as p50_ms,
                          percentile_cont(0.95) within group (order by took_ms) as p95_ms
                   from spanned group by vendor, hours
               ),
               ended as (
                   select vendor, hours, jsonb_object_agg(word, reads) as ends
                   from (select vendor, hours, coalesce(error_class, 'ok') as word, count(*) as reads
                         from spanned group by 1, 2, 3) as own
                   group by vendor, hours
               ),
               answered as (
                   select vendor, hours, jsonb_object_agg(word, reads) as answers
                   from (select vendor, hours, coalesce(http_status / 100 || 'xx', 'none') as word, count(*) as reads
                         from spanned group by 1, 2, 3) as own
                   group by vendor, hours
               ),
               failing as (
                   select document, min(started_at) as since
                   from (select document, state, started_at,
                                max(started_at) filter (where state in ('unchanged', 'changed', 'empty'))
                                    over (partition by document) as last_good
                         from run) as own
                   where last_good is null or started_at > last_good
                   group by document
               )
               select c.vendor as "vendor?", c.hours as "hours?", c.reads as "reads?", c.ok as "ok?",
                      c.p50_ms as "p50_ms?", c.p95_ms as "p95_ms?",
                      e.ends as "ends?: Json<Ends>", a.answers as "answers?: Json<Ends>",
                      (select jsonb_object_agg(document, since) from failing) as "failing?: Json<Failing>"
               from counted c
               join ended e using (vendor, hours)
               join answered a using (vendor, hours)
               order by c.vendor, c.hours"#,
            day_ago,
            hour_ago,
        );
        let mut rows = self.within(question.fetch_all(&self.pool)).await?;
        let failing = rows.first_mut().and_then(|row| row.failing.take());
        let number = |count: Option<i64>| u64::try_from(count.unwrap_or(0)).unwrap_or(0);
        let rows = rows.into_iter().filter_map(|row| {
            let word = row.vendor?;
            Some(FetchRow {
                vendor: Vendor::ALL.into_iter().find(|vendor| vendor.as_str() == word)?,
                hours: u32::try_from(row.hours?).ok()?,
                reads: number(row.reads),
                ok: number(row.ok),
                p50_ms: row.p50_ms?,
                p95_ms: row.p95_ms?,
                ends: row.ends?.0,
                http: row.answers?.0,
            })
        });
        Ok((rows.collect(), failing.map(|failing| failing.0).unwrap_or_default()))
    }

    /// How menus changed in the last two days, the newest first.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn status_changes(&self, now: DateTime<Utc>) -> Result<Vec<ChangeRow>, StoreError> {
        let rows = sqlx::query!(
            "select hall_id, date, meal, changed_at, added, removed, added_names, removed_names
             from menu_changes where changed_at >= $1
             order by changed_at desc, hall_id, date, meal limit $2",
            now.checked_sub_days(Days::new(2)).unwrap_or(now),
            CHANGES,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?.into_iter();
        let number = |count: i32| u32::try_from(count).unwrap_or(0);
        let changes = rows.filter_map(|row| {
            Some(ChangeRow {
                hall_id: HallId::parse(&row.hall_id)?,
                date: row.date,
                meal: Meal::parse(&row.meal)?,
                at: row.changed_at,
                added: number(row.added),
                removed: number(row.removed),
                added_names: row.added_names,
                removed_names: row.removed_names,
            })
        });
        Ok(changes.collect())
    }
}
