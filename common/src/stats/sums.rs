//! Adding up.

use std::collections::BTreeMap;

use chrono::{NaiveDate, SubsecRound};

use super::{
    Counted, Dashboard, FetchCounts, FetchDay, Fetches, Freshness, FreshnessShare, Hall, HallShare,
    MealShare, MenuCounts, Menus, Overview, VendorShare, Window,
};
use crate::meal::Meal;

impl Counted {
    /// The dashboard of these counts.
    pub(crate) fn dashboard(self, window: Window) -> Dashboard {
        let by_hall: Vec<HallShare> = self.halls.iter().map(|hall| self.hall(hall)).collect();
        let newest = || by_hall.iter().filter_map(|hall| hall.freshest);
        let overview = Overview {
            halls: count(self.halls.len()),
            menus: menus(&self.menus, |_| true),
            fetches: fetches(&self.fetches, |_| true),
            freshest: newest().max(),
            stalest: newest().min(),
        };
        Dashboard {
            reference_date: window.last,
            days: window.days,
            overview,
            by_vendor: self.by_vendor(),
            by_meal: self.by_meal(),
            by_freshness: self.by_freshness(),
            fetches_daily: self.fetches_daily(window),
            by_hall,
            by_station: self.stations,
            by_tag: self.tags,
        }
    }

    fn hall(&self, hall: &Hall) -> HallShare {
        let own = self.menus.iter().filter(|menus| menus.hall_id == hall.id);
        HallShare {
            hall_id: hall.id.clone(),
            name: hall.name.clone(),
            menus: menus(&self.menus, |menus| menus.hall_id == hall.id),
            fetches: fetches(&self.fetches, |fetches| fetches.hall_id == hall.id),
            freshest: own.map(|menus| menus.freshest.trunc_subsecs(0)).max(),
        }
    }

    fn by_vendor(&self) -> Vec<VendorShare> {
        let mut vendors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for hall in &self.halls {
            vendors.entry(&hall.vendor_type).or_default().push(&hall.id);
        }
        let share = |(vendor_type, halls): (&str, Vec<&str>)| VendorShare {
            vendor_type: vendor_type.to_owned(),
            halls: count(halls.len()),
            menus: menus(&self.menus, |menus| halls.contains(&&*menus.hall_id)),
            fetches: fetches(&self.fetches, |fetches| halls.contains(&&*fetches.hall_id)),
        };
        vendors.into_iter().map(share).collect()
    }

    fn by_meal(&self) -> Vec<MealShare> {
        let mut meals: Vec<&Meal> = self.menus.iter().map(|menus| &menus.meal).collect();
        let place = |meal| Meal::OF_A_DAY.iter().position(|one| one == meal).unwrap_or(usize::MAX);
        meals.sort_by_key(|meal| (place(*meal), meal.as_str()));
        meals.dedup();
        let share = |meal: &Meal| MealShare {
            meal: meal.clone(),
            menus: menus(&self.menus, |menus| menus.meal == *meal),
        };
        meals.into_iter().map(share).collect()
    }

    fn by_freshness(&self) -> Vec<FreshnessShare> {
        let all = [Freshness::Fresh, Freshness::Stale, Freshness::Kept, Freshness::Past];
        let share = |freshness| FreshnessShare {
            freshness,
            menus: menus(&self.menus, |menus| menus.freshness == freshness),
        };
        all.map(share).into()
    }

    /// A row a day, also where nothing was read.
    fn fetches_daily(&self, window: Window) -> Vec<FetchDay> {
        let mut days: BTreeMap<NaiveDate, Vec<&Fetches>> = window
            .first()
            .iter_days()
            .take_while(|date| *date <= window.last)
            .map(|date| (date, Vec::new()))
            .collect();
        for fetches in &self.fetches {
            if let Some(day) = days.get_mut(&fetches.date) {
                day.push(fetches);
            }
        }
        let row = |(date, own): (NaiveDate, Vec<&Fetches>)| FetchDay {
            date,
            fetches: fetches(own, |_| true),
        };
        days.into_iter().map(row).collect()
    }
}

fn menus(all: &[Menus], which: impl Fn(&Menus) -> bool) -> MenuCounts {
    all.iter().filter(|menus| which(menus)).fold(MenuCounts::default(), |sum, menus| MenuCounts {
        menus: sum.menus + menus.menus,
        items: sum.items + menus.items,
    })
}

fn fetches<'a>(
    all: impl IntoIterator<Item = &'a Fetches>,
    which: impl Fn(&Fetches) -> bool,
) -> FetchCounts {
    let (mut fetches, mut failed, mut took_ms) = (0_i64, 0_i64, 0_i64);
    for one in all.into_iter().filter(|fetches| which(fetches)) {
        fetches += one.fetches;
        failed += one.failed;
        took_ms += one.took_ms;
    }
    FetchCounts {
        fetches,
        failed,
        success_ratio: ratio(fetches - failed, fetches),
        mean_ms: took_ms.checked_div(fetches),
    }
}

/// To four places.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted() -> Counted {
        let hall = |id: &str, vendor: &str| Hall {
            id: id.to_owned(),
            name: id.to_uppercase(),
            vendor_type: vendor.to_owned(),
        };
        let menus = |hall: &str, meal: &str, freshness, menus| Menus {
            hall_id: hall.to_owned(),
            meal: Meal::parse(meal).unwrap(),
            freshness,
            menus,
            items: menus * 10,
            freshest: format!("2026-02-0{menus}T12:00:00.5Z").parse().unwrap(),
        };
        let fetches = |date: &str, hall: &str, fetches, failed| Fetches {
            date: date.parse().unwrap(),
            hall_id: hall.to_owned(),
            fetches,
            failed,
            took_ms: fetches * 100,
        };
        Counted {
            halls: vec![hall("hoch", "sodexo"), hall("frank", "pomona"), hall("frary", "pomona")],
            menus: vec![
                menus("hoch", "tea", Freshness::Fresh, 1),
                menus("hoch", "dinner", Freshness::Past, 2),
                menus("frary", "snack", Freshness::Kept, 3),
                menus("frary", "dinner", Freshness::Past, 4),
            ],
            stations: Vec::new(),
            tags: Vec::new(),
            fetches: vec![
                fetches("2026-02-07", "hoch", 3, 1),
                fetches("2026-02-09", "frary", 3, 0),
                fetches("2026-01-01", "frary", 1, 1),
            ],
        }
    }

    fn dashboard() -> Dashboard {
        counted().dashboard(Window { last: "2026-02-09".parse().unwrap(), days: 4 })
    }

    #[test]
    fn every_day_of_the_window_has_a_row_and_no_other() {
        let rows: Vec<_> = dashboard()
            .fetches_daily
            .into_iter()
            .map(|day| (day.date.to_string(), day.fetches.fetches, day.fetches.success_ratio))
            .collect();
        let day = |date: &str, fetches, ratio| (date.to_owned(), fetches, ratio);
        assert_eq!(
            rows,
            [
                day("2026-02-06", 0, None),
                day("2026-02-07", 3, Some(0.6667)),
                day("2026-02-08", 0, None),
                day("2026-02-09", 3, Some(1.0)),
            ]
        );
    }

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let all = dashboard();
        assert_eq!(
            (all.overview.halls, all.overview.menus.menus, all.overview.menus.items),
            (3, 10, 100)
        );
        assert_eq!((all.overview.fetches.fetches, all.overview.fetches.mean_ms), (7, Some(100)));
        assert_eq!(
            all.by_vendor.iter().map(|v| (v.halls, v.menus.menus)).collect::<Vec<_>>(),
            [(2, 7), (1, 3)]
        );
        assert_eq!(all.by_hall.iter().map(|hall| hall.menus.menus).collect::<Vec<_>>(), [3, 0, 7]);
        assert_eq!(all.by_hall[1].freshest, None);
        assert_eq!(
            all.by_freshness.iter().map(|f| f.menus.menus).collect::<Vec<_>>(),
            [1, 0, 3, 6]
        );
        let meals: Vec<_> = all.by_meal.iter().map(|m| (m.meal.as_str(), m.menus.menus)).collect();
        assert_eq!(meals, [("snack", 3), ("dinner", 6), ("tea", 1)]);
    }

    #[test]
    fn the_stalest_is_the_hall_that_waited_longest() {
        let overview = dashboard().overview;
        assert_eq!(overview.freshest, "2026-02-04T12:00:00Z".parse().ok());
        assert_eq!(overview.stalest, "2026-02-02T12:00:00Z".parse().ok());
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let text = serde_json::to_string(&dashboard()).unwrap();
        assert_eq!(serde_json::from_str::<Dashboard>(&text).unwrap(), dashboard());
        assert!(serde_json::from_str::<Dashboard>("{}").is_err());
    }
}
