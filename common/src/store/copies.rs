//! The saved menus that stand in for what the cache lacks: of one key, or of many days at once.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::types::Json;

use super::{Store, StoreError};
use crate::{entry::MenuKey, hall::HallId, meal::Meal, menu::Station};

/// A saved menu of one key.
#[derive(Debug, Clone)]
pub struct Copy {
    /// What is served.
    pub stations: Vec<Station>,
    /// When it was read.
    pub fetched_at: DateTime<Utc>,
    /// Until when it is not stale; `None`: the vendor does not post that day any more.
    pub fresh_until: Option<DateTime<Utc>>,
}

impl Store {
    /// The saved menu of one key, if it still counts.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn copy(&self, key: &MenuKey) -> Result<Option<Copy>, StoreError> {
        let row = sqlx::query!(
            r#"select m.stations as "stations: Json<Vec<Station>>", m.fetched_at,
                      case when d.state = 'posted' then d.fresh_until end as fresh_until
               from menus m
               join menu_days d on d.hall_id = m.hall_id and d.date = m.date
               where m.hall_id = $1 and m.date = $2 and m.meal = $3
                 and m.fetched_at = d.menus_read_at"#,
            key.hall.as_str(),
            key.date,
            key.meal.as_str(),
        );
        let row = self.within(row.fetch_optional(&self.pool)).await?;
        Ok(row.map(|row| Copy {
            stations: row.stations.0,
            fetched_at: row.fetched_at,
            fresh_until: row.fresh_until,
        }))
    }

    /// The same for every meal of these days, in one question.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn copies(
        &self,
        days: &[(HallId, NaiveDate)],
    ) -> Result<HashMap<MenuKey, Copy>, StoreError> {
        let halls: Vec<&str> = days.iter().map(|(hall, _)| hall.as_str()).collect();
        let dates: Vec<NaiveDate> = days.iter().map(|(_, date)| *date).collect();
        let rows = sqlx::query!(
            r#"select m.hall_id, m.date, m.meal, m.stations as "stations: Json<Vec<Station>>",
                      m.fetched_at,
                      case when d.state = 'posted' then d.fresh_until end as fresh_until
               from unnest($1::text[], $2::date[]) as asked (hall_id, date)
               join menu_days d on d.hall_id = asked.hall_id and d.date = asked.date
               join menus m
                 on m.hall_id = d.hall_id and m.date = d.date
                and m.fetched_at = d.menus_read_at"#,
            &halls as &[&str],
            &dates,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?.into_iter();
        let copies = rows.filter_map(|row| {
            let (hall, meal) = (HallId::parse(&row.hall_id)?, Meal::parse(&row.meal)?);
            let key = MenuKey { hall, date: row.date, meal };
            let (stations, fetched_at) = (row.stations.0, row.fetched_at);
            Some((key, Copy { stations, fetched_at, fresh_until: row.fresh_until }))
        });
        Ok(copies.collect())
    }
}
