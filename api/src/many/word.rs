//! What the answer for one key says of the other meals of its day. Pure.

use std::time::Duration;

use chrono::Utc;
use common::{
    cache::Held,
    entry::{Entry, MenuKey, NoMenu},
};

use super::Copies;
use crate::{
    flights::Landing,
    problem::ApiError,
    served::{From, Served},
};

/// What is said of a day.
#[derive(Clone)]
pub(super) enum Word {
    /// The day is posted: what cannot be found of it is not served.
    Posted,
    /// The same holds for all its meals: closed, not posted, or the vendor failed.
    Same(Served),
    /// Nothing yet: the job goes on.
    Late,
}

/// What is served where there is no menu, and no entry that says why.
pub(super) fn no_menu(reason: NoMenu, left: Duration) -> Served {
    let entry = Entry::NoMenu { reason, fetched_at: Utc::now() };
    Served::new(Held { entry, left }, From::Postgres)
}

impl Word {
    /// What this answer says. `negative`: how long "no menu" holds where no entry says so.
    pub(super) fn of(landing: &Landing, negative: Duration) -> Self {
        let Ok(served) = landing else { return Self::Late };
        match &served.ready.entry {
            _ if served.from == From::Copy => Self::Late,
            Entry::Menu { is_stale: false, .. }
            | Entry::NoMenu { reason: NoMenu::MealNotServed, .. } => Self::Posted,
            // Read just now, and old all the same: the vendor does not post that day any more.
            Entry::Menu { .. } if served.from == From::Live => {
                Self::Same(no_menu(NoMenu::NotPosted, negative))
            }
            Entry::Menu { .. } => Self::Late,
            Entry::NoMenu { .. } | Entry::Failed { .. } => Self::Same(served.clone()),
        }
    }

    /// Whether it holds for the other days of the document as well.
    pub(super) fn is_of_document(&self) -> bool {
        match self {
            Self::Posted => false,
            Self::Same(served) => matches!(served.ready.entry, Entry::Failed { .. }),
            Self::Late => true,
        }
    }

    /// What that makes of a key of the day that the cache does not hold.
    pub(super) fn on(&self, key: &MenuKey, copies: Option<&Copies>, negative: Duration) -> Landing {
        let copy = copies.and_then(|copies| copies.get(key));
        match (self, copy) {
            (Self::Same(served), None) => Ok(served.clone()),
            (Self::Same(served), _) if is_closed(served) => Ok(served.clone()),
            (_, Some(held)) => Ok(Served::from_postgres(held.clone())),
            _ if is_saved(key, copies) => Ok(no_menu(NoMenu::MealNotServed, negative)),
            (Self::Posted | Self::Late, None) => Err(ApiError::Pending),
        }
    }
}

/// Whether the day of this key is saved and still fresh. A day is saved whole.
pub(super) fn is_saved(key: &MenuKey, copies: Option<&Copies>) -> bool {
    copies.into_iter().flatten().any(|(of, held)| {
        let same_day = (of.hall, of.date) == (key.hall, key.date);
        same_day && matches!(held.entry, Entry::Menu { is_stale: false, .. })
    })
}

fn is_closed(served: &Served) -> bool {
    matches!(served.ready.entry, Entry::NoMenu { reason: NoMenu::Closed, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEGATIVE: Duration = Duration::from_secs(300);

    fn key(meal: &str) -> MenuKey {
        format!("menu:frary:2026-02-09:{meal}").parse().unwrap()
    }

    fn menu(is_stale: bool) -> Entry {
        let entry = Entry::menu(&key("dinner"), &[], is_stale, Utc::now());
        entry.unwrap()
    }

    fn served(entry: Entry, from: From) -> Landing {
        Ok(Served::new(Held { entry, left: Duration::from_secs(9) }, from))
    }

    fn negative(reason: NoMenu) -> Entry {
        Entry::NoMenu { reason, fetched_at: Utc::now() }
    }

    /// In one word, what this answer for dinner makes of a lunch with these copies.
    fn lunch(dinner: &Landing, copies: &Copies) -> &'static str {
        let word = Word::of(dinner, NEGATIVE);
        let Ok(served) = word.on(&key("lunch"), Some(copies), NEGATIVE) else { return "pending" };
        match &served.ready.entry {
            Entry::Failed { .. } => "failed",
            Entry::NoMenu { reason, .. } => reason.as_str(),
            Entry::Menu { is_stale: true, .. } => "stale",
            Entry::Menu { .. } => "ok",
        }
    }

    fn copies(meal: &str, is_stale: bool) -> Copies {
        let held = Held { entry: menu(is_stale), left: Duration::from_secs(30) };
        Copies::from([(key(meal), held)])
    }

    #[test]
    fn what_is_said_of_one_meal_is_said_of_a_day_that_has_no_copy() {
        let failed = Entry::Failed { fetched_at: Utc::now() };
        for (entry, from, said) in [
            (menu(false), From::Stored, "pending"),
            (menu(false), From::Live, "pending"),
            (negative(NoMenu::MealNotServed), From::Stored, "pending"),
            (negative(NoMenu::Closed), From::Stored, "closed"),
            (negative(NoMenu::NotPosted), From::Stored, "not_posted"),
            (failed, From::Stored, "failed"),
            (menu(true), From::Copy, "pending"),
            (menu(true), From::Stored, "pending"),
            (menu(true), From::Live, "not_posted"),
        ] {
            let what = format!("{entry:?} from {from:?}");
            assert_eq!(lunch(&served(entry, from), &Copies::new()), said, "{what}");
        }
        assert_eq!(lunch(&Err(ApiError::Pending), &Copies::new()), "pending");
        let unknown = Word::Posted.on(&key("lunch"), None, NEGATIVE);
        assert!(matches!(unknown, Err(ApiError::Pending)));
    }

    #[test]
    fn a_copy_is_shown_unless_the_hall_is_closed_and_a_fresh_day_tells_what_is_not_served() {
        let late = Err(ApiError::Pending);
        let (posted, failed) = (
            served(menu(false), From::Postgres),
            served(Entry::Failed { fetched_at: Utc::now() }, From::Stored),
        );
        for dinner in [&late, &posted, &failed] {
            assert_eq!(lunch(dinner, &copies("lunch", true)), "stale");
            assert_eq!(lunch(dinner, &copies("lunch", false)), "ok");
        }
        let closed = served(negative(NoMenu::Closed), From::Stored);
        assert_eq!(lunch(&closed, &copies("lunch", true)), "closed");
        for dinner in [&late, &posted] {
            assert_eq!(lunch(dinner, &copies("brunch", false)), "meal_not_served");
            assert_eq!(lunch(dinner, &copies("brunch", true)), "pending");
        }
        assert_eq!(lunch(&failed, &copies("brunch", true)), "failed");
    }
}
