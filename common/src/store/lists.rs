//! The lists: halls, and what is known of one hall from a day on.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
use crate::{hall::HallId, meal::Meal};

/// A hall as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HallRow {
    /// Its id.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// Whose it is.
    pub college: String,
    /// Who cooks.
    pub vendor_type: String,
    /// `#rrggbb`.
    pub color: String,
}

/// A menu of which only the size is told. Holds until when it is not stale rather than whether it
/// is: a cached row then says the right thing for as long as it is cached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MenuRow {
    /// The hall's own day.
    pub date: NaiveDate,
    /// The meal's word.
    pub meal: String,
    /// How many stations.
    pub station_count: i32,
    /// How many dishes.
    pub item_count: i32,
    /// When it was read.
    pub fetched_at: DateTime<Utc>,
    /// Until when it is not stale; `None`: the vendor does not post that day any more.
    pub fresh_until: Option<DateTime<Utc>>,
}

impl Store {
    /// All halls, by name.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn halls(&self) -> Result<Vec<HallRow>, StoreError> {
        self.halls_of(None, None).await
    }

    /// The halls of a college and of a vendor, in any letter case, by name.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn halls_of(
        &self,
        college: Option<&str>,
        vendor_type: Option<&str>,
    ) -> Result<Vec<HallRow>, StoreError> {
        let halls = sqlx::query_as!(
            HallRow,
            r#"select id, name, college, vendor_type, color
               from halls
               where ($1::text is null or lower(college) = lower($1))
                 and ($2::text is null or vendor_type = lower($2))
               order by name collate "C""#,
            college,
            vendor_type,
        );
        self.within(halls.fetch_all(&self.pool)).await
    }

    /// The menus of a hall that count (see [`Store::days`]) from one day to another, of one meal or
    /// of all: by date, and in the order of a day; a vendor's own meals come last, by name.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn menus_from(
        &self,
        hall: HallId,
        from: NaiveDate,
        to: Option<NaiveDate>,
        meal: Option<&str>,
    ) -> Result<Vec<MenuRow>, StoreError> {
        let order = Meal::OF_A_DAY.map(|meal| meal.to_string());
        let menus = sqlx::query_as!(
            MenuRow,
            r#"select m.date, m.meal, m.station_count, m.item_count, m.fetched_at,
                      case when d.state = 'posted' then d.fresh_until end as fresh_until
               from menus m
               join menu_days d on d.hall_id = m.hall_id and d.date = m.date
               where m.hall_id = $1 and m.date >= $2
                 and ($3::date is null or m.date <= $3)
                 and ($4::text is null or m.meal = $4)
                 and m.fetched_at = d.menus_read_at
               order by m.date, array_position($5::text[], m.meal), m.meal collate "C""#,
            hall.as_str(),
            from,
            to,
            meal,
            &order,
        );
        self.within(menus.fetch_all(&self.pool)).await
    }
}
