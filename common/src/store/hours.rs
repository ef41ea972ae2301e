//! The opening hours of all halls, with the overrides of a range of dates.

use chrono::{NaiveDate, NaiveTime};

use super::{Store, StoreError};
use crate::{
    hall::HallId,
    hours::{HallHours, Override, Schedule, Times, WeeklyHours},
    meal::Meal,
};

impl Store {
    /// All that opening depends on: halls by name, their usual hours, and the overrides of the
    /// dates `from..=to`.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn hours(&self, from: NaiveDate, to: NaiveDate) -> Result<Schedule, StoreError> {
        let mut halls = self.halls_without_hours().await?;
        for (hall, row) in self.weekly_hours().await? {
            if let Some(hall) = find(&mut halls, &hall) {
                hall.weekly.push(row);
            }
        }
        for (hall, one) in self.overrides(from, to).await? {
            if let Some(hall) = find(&mut halls, &hall) {
                hall.overrides.push(one);
            }
        }
        Ok(Schedule { from, to, halls })
    }

    /// A hall that this program does not know is left out: while a release rolls out, the table may
    /// be newer than the program.
    async fn halls_without_hours(&self) -> Result<Vec<HallHours>, StoreError> {
        let rows = sqlx::query!(
            r#"select id, name, college, color, closed_since from halls order by name collate "C""#
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?.into_iter();
        let halls = rows.filter_map(|row| {
            Some(HallHours {
                id: HallId::parse(&row.id)?,
                name: row.name,
                college: row.college,
                color: row.color,
                closed_since: row.closed_since,
                weekly: Vec::new(),
                overrides: Vec::new(),
            })
        });
        Ok(halls.collect())
    }

    async fn weekly_hours(&self) -> Result<Vec<(String, WeeklyHours)>, StoreError> {
        let rows = sqlx::query!(
            "select hall_id, day_of_week, meal, start_time, end_time from dining_hours
             order by hall_id, day_of_week, start_time, meal"
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?.into_iter();
        rows.map(|row| {
            let day_of_week = u8::try_from(row.day_of_week)
                .map_err(|_| StoreError::Foreign(format!("weekday {}", row.day_of_week)))?;
            let times = Times { start: row.start_time, end: row.end_time };
            Ok((row.hall_id, WeeklyHours { day_of_week, meal: meal(&row.meal)?, times }))
        })
        .collect()
    }

    async fn overrides(
        &self,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Vec<(String, Override)>, StoreError> {
        let rows = sqlx::query!(
            "select hall_id, date, meal, start_time, end_time, reason from dining_hours_overrides
             where date between $1 and $2
             order by hall_id, date, start_time nulls first, meal nulls first",
            from,
            to,
        );
        let rows = self.within(rows.fetch_all(&self.pool)).await?.into_iter();
        rows.map(|row| {
            let meal = row.meal.as_deref().map(meal).transpose()?;
            let times = |(start, end): (NaiveTime, NaiveTime)| Times { start, end };
            let times = row.start_time.zip(row.end_time).map(times);
            Ok((row.hall_id, Override { date: row.date, meal, times, reason: row.reason }))
        })
        .collect()
    }
}

fn find<'a>(halls: &'a mut [HallHours], id: &str) -> Option<&'a mut HallHours> {
    halls.iter_mut().find(|hall| hall.id.as_str() == id)
}

/// These tables are written by hand: "Late Night" and "Holiday buffet" are meals too.
fn meal(text: &str) -> Result<Meal, StoreError> {
    let meal = Meal::parse(text).or_else(|| Meal::from_label(text));
    meal.ok_or_else(|| StoreError::Foreign(format!("meal {text:?}")))
}
