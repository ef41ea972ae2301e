//! What was usual: a hall's last weeks, in figures.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use sqlx::types::Json;

use super::{Store, StoreError};
use crate::{
    drift::{Figures, LOOK_BACK, LOOK_BACK_WEEKS, plausible::Doubts},
    hall::HallId,
    meal::Meal,
};

/// A day as it is saved, in figures.
#[derive(Debug, Default)]
pub struct PastDay {
    /// Tells whether a reading differs from it.
    pub content_hash: i64,
    /// Of which reading the menus are that count; `None`: there are none.
    pub menus_read_at: Option<DateTime<Utc>>,
    /// Those of the menus that count.
    pub figures: BTreeMap<Meal, Figures>,
    /// Readings in a row without a meal that was due.
    pub empty_reads: BTreeMap<Meal, u32>,
    /// What the last reading was not believed in, and since when.
    pub suspect: Option<(Doubts, DateTime<Utc>)>,
}

/// A hall's last weeks, in figures.
#[derive(Debug, Default)]
pub struct Past(BTreeMap<NaiveDate, PastDay>);

impl Past {
    /// What is saved of a day.
    #[must_use]
    pub fn day(&self, date: NaiveDate) -> Option<&PastDay> {
        self.0.get(&date)
    }

    /// The last menus of that meal on that weekday, before that date; the newest first.
    #[must_use]
    pub fn history(&self, date: NaiveDate, meal: &Meal) -> Vec<&Figures> {
        let before = self.0.range(..date).rev();
        let days = before.filter(|(day, _)| day.weekday() == date.weekday());
        days.filter_map(|(_, day)| day.figures.get(meal)).take(LOOK_BACK).collect()
    }

    /// The meals that there ever were on that weekday.
    pub fn meals(&self, date: NaiveDate) -> impl Iterator<Item = &Meal> {
        let before = self.0.range(..date);
        let days = before.filter(move |(day, _)| day.weekday() == date.weekday());
        let meals: BTreeSet<&Meal> = days.flat_map(|(_, day)| day.figures.keys()).collect();
        meals.into_iter()
    }
}

impl Store {
    /// The last weeks of a hall up to the last of these dates, in one question.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn past(&self, hall: HallId, dates: &[NaiveDate]) -> Result<Past, StoreError> {
        let (Some(first), Some(last)) = (dates.iter().min(), dates.iter().max()) else {
            return Ok(Past::default());
        };
        let rows = sqlx::query!(
            r#"select d.date, d.content_hash, d.menus_read_at,
                      f.meal as "meal?", f.items as "items?", f.untagged as "untagged?",
                      f.stations as "stations?", f.unknown as "unknown?: Json<BTreeMap<String, u32>>",
                      case when d.date >= $3 then (
                          select jsonb_object_agg(v.meal, v.empty_reads) from menu_verdicts v
                          where v.hall_id = d.hall_id and v.date = d.date and v.empty_reads > 0
                      ) end as "empty_reads?: Json<BTreeMap<Meal, u32>>",
                      s.meals as "doubts?: Json<Doubts>", s.first_read_at as "doubted_at?"
               from menu_days d
               left join menu_figures f
                 on f.hall_id = d.hall_id and f.date = d.date and f.read_at = d.menus_read_at
                and f.date between $2 and $4
               left join menu_suspects s on s.hall_id = d.hall_id and s.date = d.date
               where d.hall_id = $1 and d.date between $2 and $4"#,
            hall.as_str(),
            first.checked_sub_days(Days::new(LOOK_BACK_WEEKS * 7)).unwrap_or(*first),
            first,
            last,
        );
        let mut past = Past::default();
        for row in self.within(rows.fetch_all(&self.pool)).await? {
            let day = past.0.entry(row.date).or_insert_with(|| PastDay {
                content_hash: row.content_hash,
                menus_read_at: row.menus_read_at,
                figures: BTreeMap::new(),
                empty_reads: row.empty_reads.map(|reads| reads.0).unwrap_or_default(),
                suspect: row.doubts.map(|doubts| doubts.0).zip(row.doubted_at),
            });
            let Some(meal) = row.meal.as_deref().and_then(Meal::parse) else { continue };
            let number = |count: Option<i32>| u32::try_from(count.unwrap_or(0)).unwrap_or(0);
            let figures = Figures {
                items: number(row.items),
                untagged: number(row.untagged),
                stations: row.stations.unwrap_or_default(),
                unknown: row.unknown.map(|words| words.0),
            };
            day.figures.insert(meal, figures);
        }
        Ok(past)
    }
}
