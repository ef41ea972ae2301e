//! Weeks that have been: what was just read, saved once more for the same weekday of each.

use chrono::NaiveDate;

use crate::{Stack, stub::Hall};

/// How the migration fills the figures of menus that are there already, word for word.
///
/// # Panics
/// When the migration is no more.
#[must_use]
#[expect(clippy::expect_used, reason = "a test cannot go on without")]
pub fn figures_by_the_migration() -> String {
    let migration = include_str!("../../migrations/20261121000007_drift.sql");
    let start = migration.find("insert into menu_figures").expect("it fills the figures");
    migration.get(start..).expect("the end of the file").to_owned()
}

impl Stack {
    /// Reads a hall's day, and saves it as that of the eight weeks before as well, with figures as the
    /// migration makes them.
    pub async fn eight_good_weeks(&self, hall: Hall, date: NaiveDate, meal: &str) {
        assert_eq!(self.menu(hall, date, meal).await.status, 200);
        self.is_idle().await;
        let hall = hall.as_str();
        self.database
            .run(&format!(
                "insert into menu_days
                 select hall_id, date - 7 * ago, state, fetched_at - ago * interval '7 days',
                        fresh_until - ago * interval '7 days', content_hash,
                        menus_read_at - ago * interval '7 days'
                 from menu_days, generate_series(1, 8) as ago
                 where hall_id = '{hall}' and date = '{date}';
                 insert into menus (hall_id, date, meal, stations, station_count, item_count,
                                    start_time, end_time, fetched_at)
                 select hall_id, date - 7 * ago, meal, stations, station_count, item_count, start_time,
                        end_time, fetched_at - ago * interval '7 days'
                 from menus, generate_series(1, 8) as ago
                 where hall_id = '{hall}' and date = '{date}';"
            ))
            .await;
        let figures = figures_by_the_migration();
        let figures = figures.trim_end().trim_end_matches(';');
        self.database.run(&format!("{figures} on conflict do nothing")).await;
    }
}
