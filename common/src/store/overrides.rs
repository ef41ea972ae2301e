//! Overrides of opening hours, for who changes them. What they mean is in [`crate::hours`].

use chrono::{NaiveDate, NaiveTime};

use super::{Store, StoreError};
use crate::{
    hall::HallId,
    hours::{Override, Times},
    meal::Meal,
};

/// An override as it lies in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideRow {
    /// Counts up.
    pub id: i64,
    /// Whose hours; an id that this program may not know.
    pub hall: String,
    /// The day that they start on.
    pub date: NaiveDate,
    /// The meal's word, where the text is one; `None`: the whole day.
    pub meal: Option<String>,
    /// When; `None`: closed.
    pub times: Option<Times>,
    /// Why.
    pub reason: String,
}

struct Columns {
    id: i64,
    hall_id: String,
    date: NaiveDate,
    meal: Option<String>,
    start_time: Option<NaiveTime>,
    end_time: Option<NaiveTime>,
    reason: String,
}

impl From<Columns> for OverrideRow {
    fn from(row: Columns) -> Self {
        let times = row.start_time.zip(row.end_time).map(|(start, end)| Times { start, end });
        let word = |text: String| {
            let meal = Meal::parse(&text).or_else(|| Meal::from_label(&text));
            meal.map_or(text, |meal| meal.to_string())
        };
        let (id, hall, date, reason) = (row.id, row.hall_id, row.date, row.reason);
        Self { id, hall, date, meal: row.meal.map(word), times, reason }
    }
}

impl Store {
    /// The overrides from a day on, by date and hall.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn overrides_from(
        &self,
        from: NaiveDate,
        limit: i64,
    ) -> Result<Vec<OverrideRow>, StoreError> {
        let rows = sqlx::query_as!(
            Columns,
            "select id, hall_id, date, meal, start_time, end_time, reason from dining_hours_overrides
             where date >= $1
             order by date, hall_id, start_time nulls first, meal nulls first limit $2",
            from,
            limit,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(OverrideRow::from).collect())
    }

    /// The overrides of a hall on a day.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn overrides_on(
        &self,
        hall: HallId,
        date: NaiveDate,
    ) -> Result<Vec<OverrideRow>, StoreError> {
        let rows = sqlx::query_as!(
            Columns,
            "select id, hall_id, date, meal, start_time, end_time, reason from dining_hours_overrides
             where hall_id = $1 and date = $2 order by id",
            hall.as_str(),
            date,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(OverrideRow::from).collect())
    }

    /// One override.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn override_row(&self, id: i64) -> Result<Option<OverrideRow>, StoreError> {
        let row = sqlx::query_as!(
            Columns,
            "select id, hall_id, date, meal, start_time, end_time, reason from dining_hours_overrides
             where id = $1",
            id,
        );
        Ok(self.within(row.fetch_optional(&self.pool)).await?.map(OverrideRow::from))
    }

    /// Adds one and gives its id; `None`: there is one already of that meal that starts then.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn add_override(
        &self,
        hall: HallId,
        new: &Override,
    ) -> Result<Option<i64>, StoreError> {
        let insert = sqlx::query_scalar!(
            "insert into dining_hours_overrides (hall_id, date, meal, start_time, end_time, reason)
             values ($1, $2, $3, $4, $5, $6)
             on conflict do nothing returning id",
            hall.as_str(),
            new.date,
            new.meal.as_ref().map(Meal::as_str),
            new.times.map(|times| times.start),
            new.times.map(|times| times.end),
            new.reason,
        );
        self.within(insert.fetch_optional(&self.pool)).await
    }

    /// Deletes one; tells whether it was there.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn delete_override(&self, id: i64) -> Result<bool, StoreError> {
        let delete = sqlx::query!("delete from dining_hours_overrides where id = $1", id);
        Ok(self.within(delete.execute(&self.pool)).await?.rows_affected() > 0)
    }
}
