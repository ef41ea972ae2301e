//! How menus changed from one reading to the next.

use chrono::NaiveDate;
use sqlx::types::Json;

use super::{Store, StoreError, columns::count};
use crate::{changes::Change, hall::HallId};

impl Store {
    /// Keeps changes of a hall's menus, those of one reading once.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn keep_changes(&self, hall: HallId, changes: &[Change]) -> Result<(), StoreError> {
        let dates: Vec<NaiveDate> = changes.iter().map(|one| one.date).collect();
        let meals: Vec<&str> = changes.iter().map(|one| one.meal.as_str()).collect();
        let at: Vec<_> = changes.iter().map(|one| one.changed_at).collect();
        let added: Vec<i32> = changes.iter().map(|one| count(one.added)).collect();
        let removed: Vec<i32> = changes.iter().map(|one| count(one.removed)).collect();
        let names = |of: fn(&Change) -> &[String]| -> Vec<Json<&[String]>> {
            changes.iter().map(|one| Json(of(one))).collect()
        };
        let keep = sqlx::query!(
            "insert into menu_changes (hall_id, date, meal, changed_at, added, removed, added_names, removed_names)
             select $1, date, meal, at, added, removed,
                    array(select jsonb_array_elements_text(came)), array(select jsonb_array_elements_text(went))
             from unnest($2::date[], $3::text[], $4::timestamptz[], $5::int[], $6::int[], $7::jsonb[], $8::jsonb[])
                 as one (date, meal, at, added, removed, came, went)
             on conflict do nothing",
            hall.as_str(),
            &dates,
            &meals as &[&str],
            &at,
            &added,
            &removed,
            &names(|one| &one.added_names) as &[Json<&[String]>],
            &names(|one| &one.removed_names) as &[Json<&[String]>],
        );
        self.within(keep.execute(&self.pool)).await.map(|_| ())
    }
}
