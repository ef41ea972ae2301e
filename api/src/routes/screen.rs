//! The meals of a hall on a day as one screen shows them, and how long an answer holds that shows
//! many. Listed is every menu there is; of the meals that the hall usually serves also why there is
//! none, unless the day is posted without them, or shown from a copy that is.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::header::{CACHE_CONTROL, RETRY_AFTER},
    response::Response,
};
use bytes::Bytes;
use common::{
    entry::{Entry, MenuKey, NoMenu, instant},
    meal::Meal,
    menu::{MenuItem, Station},
};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use crate::{
    answer::{Answer, Conditional, cache_status},
    app::App,
    diet::{Verdict, Wishes},
    flights::Landing,
    many::{HallDay, Menus},
    openapi::schemas,
    problem::ApiError,
    served::{From, stale_left},
};

/// How long it holds that a store could not be asked.
const AWAY: Duration = Duration::from_secs(1);

/// A meal of a hall on a day, or why there is none.
#[derive(Serialize, ToSchema)]
#[schema(as = MealOfDay)]
pub(super) struct Listed<'a> {
    #[schema(value_type = schemas::Meal)]
    meal: Meal,
    #[schema(value_type = Status)]
    status: &'static str,
    /// When the vendor was read; `null` where there is no menu.
    #[schema(required, format = DateTime)]
    fetched_at: Option<String>,
    /// In the vendor's order; empty where there is no menu, and where nothing in it fits the filter.
    #[schema(value_type = Vec<Fitting<'_>>)]
    stations: Cow<'a, RawValue>,
}

/// An answer that shows many menus.
pub(super) struct Screen<'a> {
    menus: &'a Menus,
    wishes: &'a Wishes,
    /// The least that anything shown has left: in our cache, and in a caller's.
    ttl: Option<Duration>,
    max_age: Option<Duration>,
    /// The worst of where all of it came from.
    from: Option<From>,
    is_pending: bool,
}

impl<'a> Screen<'a> {
    /// Nothing shown yet.
    pub(super) const fn new(menus: &'a Menus, wishes: &'a Wishes) -> Self {
        Self { menus, wishes, ttl: None, max_age: None, from: None, is_pending: false }
    }

    /// The meals of one day in the order of a day.
    pub(super) fn meals(
        &mut self,
        (hall, date): HallDay,
        usual: &[Meal],
    ) -> Result<Vec<Listed<'a>>, ApiError> {
        let keys = Meal::OF_A_DAY.map(|meal| MenuKey { hall, date, meal });
        let menus = self.menus;
        // A copy is one of the whole day: what it lacks was not served when it was made.
        let is_copy = keys.iter().filter_map(|key| menus.get(key)).any(is_stale);
        let mut listed = Vec::new();
        for key in keys {
            let Some(landing) = menus.get(&key) else { continue };
            let is_usual = usual.contains(&key.meal) && !is_copy;
            let status = status(landing, is_usual);
            self.came_from(landing, status.is_some());
            if let Some((status, left)) = status {
                self.holds(status, left);
                listed.push(self.listed(key.meal, status, landing)?);
            }
        }
        Ok(listed)
    }

    /// The answer holds no longer than this, whatever it shows.
    pub(super) fn ends_within(&mut self, left: Duration) {
        self.max_age = Some(self.max_age.map_or(left, |max_age| max_age.min(left)));
    }

    /// The answer. `bare`: where an answer that shows nothing came from, and what it has left; `None`:
    /// the halls have no names, which no cache is to keep.
    pub(super) fn respond(
        self,
        app: &App,
        body: &impl Serialize,
        bare: Option<(From, Duration)>,
        known: &Conditional,
    ) -> Result<Response, ApiError> {
        let body = serde_json::to_vec(body).map_err(|_| ApiError::Internal)?;
        let body = &*app.near.bodies.coded(body);
        let nameless = bare.is_none();
        let bare = bare.unwrap_or((From::Postgres, Duration::ZERO));
        let ttl = self.ttl.unwrap_or(bare.1);
        let status = match self.from {
            _ if self.is_pending => "menus5c; fwd=miss".to_owned(),
            from => cache_status(from.unwrap_or(bare.0), ttl.as_secs()),
        };
        let mut more = Vec::new();
        if self.is_pending || nameless {
            more.push((CACHE_CONTROL, "no-store".to_owned()));
        }
        if self.is_pending {
            more.push((RETRY_AFTER, "1".to_owned()));
        }
        let (max_age, cache_status) = (self.max_age.unwrap_or(ttl), Some(status));
        Ok(Answer { body, max_age, cache_status, last_modified: None, more }.respond(known))
    }

    /// Of what is not listed it counts only whether it was waited for.
    fn came_from(&mut self, landing: &Landing, is_listed: bool) {
        let from = match landing {
            Ok(served) if is_listed || served.from == From::Hit => served.from,
            Err(error) if is_listed && *error != ApiError::Pending => From::Postgres,
            _ => From::Stored,
        };
        if self.from.is_none_or(|worst| rank(worst) < rank(from)) {
            self.from = Some(from);
        }
    }

    fn holds(&mut self, status: &str, left: Duration) {
        self.is_pending |= status == "pending";
        self.ttl = Some(self.ttl.map_or(left, |ttl| ttl.min(left)));
        self.ends_within(if status == "stale" { left.min(stale_left()) } else { left });
    }

    fn listed(
        &self,
        meal: Meal,
        status: &'static str,
        landing: &'a Landing,
    ) -> Result<Listed<'a>, ApiError> {
        let (fetched_at, stations) = match landing.as_ref().map(|served| &served.ready.entry) {
            Ok(Entry::Menu { body, fetched_at, .. }) => {
                (Some(instant(*fetched_at)), stations(body, self.wishes))
            }
            _ => (None, to_raw_value::<[(); 0]>(&[]).map(Cow::Owned)),
        };
        let stations = stations.map_err(|_| ApiError::Internal)?;
        Ok(Listed { meal, status, fetched_at, stations })
    }
}

fn is_stale(landing: &Landing) -> bool {
    landing
        .as_ref()
        .is_ok_and(|served| matches!(served.ready.entry, Entry::Menu { is_stale: true, .. }))
}

/// What is said of a meal, and for how long; nothing of one that is not listed.
fn status(landing: &Landing, is_usual: bool) -> Option<(&'static str, Duration)> {
    let served = match landing {
        Ok(served) => served,
        Err(_) if !is_usual => return None,
        Err(ApiError::Pending) => return Some(("pending", Duration::ZERO)),
        Err(_) => return Some(("unavailable", AWAY)),
    };
    let status = match served.ready.entry {
        Entry::Menu { is_stale, .. } => {
            if is_stale {
                "stale"
            } else {
                "ok"
            }
        }
        Entry::NoMenu { reason: NoMenu::MealNotServed, .. } => return None,
        _ if !is_usual => return None,
        Entry::NoMenu { reason: NoMenu::Closed, .. } => "closed",
        Entry::NoMenu { reason: NoMenu::NotPosted | NoMenu::OutOfRange, .. } => "not_posted",
        Entry::Failed { .. } => "unavailable",
    };
    Some((status, served.ready.left()))
}

/// How far from a plain hit.
const fn rank(from: From) -> u8 {
    match from {
        From::Hit => 0,
        From::Stored => 1,
        From::Copy => 2,
        From::Postgres => 3,
        From::Live => 4,
    }
}

/// The stations of a menu's body: as they are, or without what does not fit the wishes.
fn stations<'a>(body: &'a Bytes, wishes: &Wishes) -> serde_json::Result<Cow<'a, RawValue>> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        stations: &'a RawValue,
    }
    let Body { stations } = serde_json::from_slice(body)?;
    if !wishes.are_any() {
        return Ok(Cow::Borrowed(stations));
    }
    let stations: Vec<Station> = serde_json::from_str(stations.get())?;
    to_raw_value(&fitting(&stations, wishes)).map(Cow::Owned)
}

/// How it stands with a meal.
#[derive(ToSchema)]
#[schema(as = MealStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "the words are for who reads the description")]
enum Status {
    /// There is a menu.
    Ok,
    /// An older copy, because the vendor could not be read in time or does not show that day any
    /// more.
    Stale,
    /// The hall is shut that day.
    Closed,
    /// The vendor says nothing of that day (yet).
    NotPosted,
    /// The vendor failed and there is no good copy.
    Unavailable,
    /// It is being read: ask again in a second.
    Pending,
}

/// A counter within a hall, with what fits of what it serves.
#[derive(Serialize, ToSchema)]
#[schema(as = StationOfDay)]
struct Fitting<'a> {
    /// The vendor's name for it.
    #[schema(min_length = 1, max_length = 500, example = "Grill")]
    name: &'a str,
    /// In the vendor's order, each name once.
    #[schema(min_items = 1)]
    items: Vec<FittingItem<'a>>,
}

/// A dish that fits.
#[derive(Serialize, ToSchema)]
#[schema(as = ItemOfDay)]
struct FittingItem<'a> {
    #[serde(flatten)]
    #[schema(value_type = schemas::MenuItem)]
    item: &'a MenuItem,
    /// Exactly where allergens were excluded: those of which the vendor says nothing. They may be in
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["soy"]))]
    not_stated: Option<Vec<&'static str>>,
}

fn fitting<'a>(stations: &'a [Station], wishes: &Wishes) -> Vec<Fitting<'a>> {
    let fits = |item: &'a MenuItem| match wishes.judge(&item.tags) {
        Verdict::Keep { not_stated } => Some(FittingItem { item, not_stated }),
        Verdict::Drop => None,
    };
    let left = stations.iter().map(|station| Fitting {
        name: &station.name,
        items: station.items.iter().filter_map(fits).collect(),
    });
    left.filter(|station| !station.items.is_empty()).collect()
}
