//! What is saved of a hall's days, and what our own hours say of them.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::types::Json;

use super::{Store, StoreError};
use crate::{
    hall::HallId,
    meal::Meal,
    menu::{DayState, KnownDay, KnownMenu, MealMenu, Station},
};

/// For what is saved of a day: a visitor may be waiting, whoever asks.
pub(super) const LOOK: Duration = Duration::from_millis(750);

impl Store {
    /// What is known of these days of a hall, with the menus that count: of a posted day those of
    /// its last reading, of a day that is not posted all that were kept, of a closed day none.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn days(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
    ) -> Result<Vec<KnownDay>, StoreError> {
        self.days_until(hall, dates, None).await
    }

    /// Those of them that are fresh after that instant. Asked before a vendor is, when mostly there is
    /// none: so first whether there is any, which takes Postgres half as long.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn fresh_days(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
        after: DateTime<Utc>,
    ) -> Result<Vec<KnownDay>, StoreError> {
        let any = sqlx::query_scalar!(
            r#"select exists (
                   select from menu_days where hall_id = $1 and date = any($2) and fresh_until > $3
               ) as "any!""#,
            hall.as_str(),
            dates,
            after,
        );
        let any = self.bounded(self.patience.min(LOOK), any.fetch_one(&self.pool)).await?;
        if any { self.days_until(hall, dates, Some(after)).await } else { Ok(Vec::new()) }
    }

    async fn days_until(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
        after: Option<DateTime<Utc>>,
    ) -> Result<Vec<KnownDay>, StoreError> {
        let rows = sqlx::query!(
            r#"select d.date, d.state, d.fetched_at, d.fresh_until,
                      m.meal as "meal?", m.stations as "stations?: Json<Vec<Station>>",
                      m.start_time as "start_time?", m.end_time as "end_time?",
                      m.fetched_at as "menu_fetched_at?"
               from menu_days d
               left join menus m
                 on m.hall_id = d.hall_id and m.date = d.date
                and m.fetched_at = d.menus_read_at
               where d.hall_id = $1 and d.date = any($2)
                 and ($3::timestamptz is null or d.fresh_until > $3)
               order by d.date, m.start_time nulls last, m.meal"#,
            hall.as_str(),
            dates,
            after,
        );
        let rows = self.bounded(self.patience.min(LOOK), rows.fetch_all(&self.pool)).await?;
        let mut days: Vec<KnownDay> = Vec::new();
        for row in rows {
            if days.last().is_none_or(|day| day.date != row.date) {
                let (date, state) = (row.date, state(&row.state)?);
                let (fetched_at, fresh_until) = (row.fetched_at, row.fresh_until);
                days.push(KnownDay { date, state, fetched_at, fresh_until, menus: Vec::new() });
            }
            let menu = row.meal.zip(row.stations).zip(row.menu_fetched_at);
            if let (Some(day), Some(((meal, stations), fetched_at))) = (days.last_mut(), menu) {
                let Some(meal) = Meal::parse(&meal) else {
                    return Err(StoreError::Foreign(format!("meal {meal:?}")));
                };
                let (start, end, stations) = (row.start_time, row.end_time, stations.0);
                let menu = Arc::new(MealMenu { meal, start, end, stations });
                day.menus.push(KnownMenu { menu, fetched_at });
            }
        }
        Ok(days)
    }

    /// Those of the days on which our own hours say that the hall is shut all day.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn shut_days(
        &self,
        hall: HallId,
        dates: &[NaiveDate],
    ) -> Result<Vec<NaiveDate>, StoreError> {
        let days = sqlx::query_scalar!(
            r#"select asked.date as "date!"
               from unnest($2::date[]) as asked (date)
               where (exists (select from halls h where h.id = $1 and h.closed_since <= asked.date)
                      and not exists (select from dining_hours_overrides o
                                      where o.hall_id = $1 and o.date = asked.date
                                        and o.start_time is not null))
                  or exists (select from dining_hours_overrides o
                             where o.hall_id = $1 and o.date = asked.date
                               and o.meal is null and o.start_time is null)"#,
            hall.as_str(),
            dates,
        );
        self.within(days.fetch_all(&self.pool)).await
    }
}

pub(super) fn state(word: &str) -> Result<DayState, StoreError> {
    [DayState::Posted, DayState::Closed, DayState::NotPosted]
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| StoreError::Foreign(format!("day state {word:?}")))
}
