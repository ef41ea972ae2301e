//! What is known of one hall from today on. What is cached says until when each menu is fresh, and
//! may hold a day that has ended since: whether a menu is stale, and which days are in the past, is
//! decided for each answer.

use std::time::Duration;

use axum::{extract::State, response::Response};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use common::{
    cache::{LIST_LIFE, upcoming},
    entry::instant,
    hall,
    meal::Meal,
    store::MenuRow,
};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::past_the_cache;
use crate::{
    answer::{Conditional, ends_within},
    app::App,
    cached::{self, Family},
    extract::{HallInPath, Parameters},
    openapi::{
        params::{IfNoneMatch, PageParams},
        responses::{BadRequest, NotModified, Unavailable, UnknownHall},
        schemas::{self, HallId},
    },
    paging::Paging,
    problem::ApiError,
    rendered::Rendered,
    served::From,
};

/// A menu as it is listed.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedMenu)]
struct Listed<'a> {
    /// The hall's own day (Pacific).
    date: NaiveDate,
    #[schema(value_type = schemas::Meal)]
    meal: &'a str,
    #[schema(minimum = 1)]
    station_count: i32,
    #[schema(minimum = 1)]
    item_count: i32,
    /// Older than its lifetime, or of a day that the vendor does not show any more.
    is_stale: bool,
    /// When the vendor was read.
    #[schema(format = DateTime)]
    fetched_at: String,
}

/// What narrows the list down.
struct Filter {
    meal: Option<String>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

/// Menus of a hall
///
/// What is known of a hall from today on (Pacific), without the dishes: ordered by date and by the order of a
/// day. Nothing known is `[]`, and nothing in the past is ever listed. From the cached list; with a filter
/// straight from the database.
#[utoipa::path(
    get,
    path = "/api/v2/halls/{hall_id}/menus",
    tag = "Menus",
    operation_id = "hall_menus",
    params(
        ("hall_id" = HallId, Path, description = "Which hall.", example = "hoch"),
        ("meal" = Option<String>, Query, description = "Only this meal, written as for a menu; what is no \
            meal finds nothing.", min_length = 1, max_length = 64, example = "lunch"),
        ("from" = Option<NaiveDate>, Query, description = "From this day on; before today means today.",
            example = "2026-02-09"),
        ("to" = Option<NaiveDate>, Query, description = "Up to this day.",
            example = "2026-02-15"),
        PageParams,
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The menus, or a page of them.", body = Vec<Listed<'_>>,
            headers(("x-total-count" = u64, description = "How many there are on all pages; of a page only.")),
            example = json!([{
                "date": "2026-02-09", "meal": "lunch", "station_count": 10, "item_count": 37,
                "is_stale": false, "fetched_at": "2026-02-09T19:02:11Z",
            }])),
        NotModified, BadRequest, UnknownHall, Unavailable,
    ),
)]
pub(super) async fn list(
    State(app): State<App>,
    HallInPath(hall): HallInPath,
    known: Conditional,
    asked: Parameters,
    paging: Paging,
) -> Result<Response, ApiError> {
    let (now, filter) = (Utc::now(), Filter::read(&asked)?);
    let today = app.day_of(now);
    if let Some(filter) = filter {
        let menus = matching(&app, hall, today, filter).await?;
        let page = page(&app, &paging, now, &menus)?;
        return Ok(answer(&app, &page, (From::Postgres, LIST_LIFE), &known));
    }
    let store = app.store.clone();
    let make = async move { store.menus_from(hall, today, None, None).await };
    let menus = cached::get_or_load(&app, &upcoming(hall), Family::Few, make).await?;
    let page = menus.rendered(paging.asked_for(), |menus| page(&app, &paging, now, menus))?;
    Ok(answer(&app, &page, (menus.from, menus.left), &known))
}

/// The page. When the day is over nobody shows it any more: nothing in the past is ever listed.
fn answer(
    app: &App,
    page: &Rendered,
    (from, holds): (From, Duration),
    known: &Conditional,
) -> Response {
    let mut response = page.answer(from, holds, known);
    let now = Utc::now();
    if let Some(end) = midnight(app, app.day_of(now)).and_then(|end| left(end, now)) {
        ends_within(&mut response, page.left(holds), end);
    }
    response
}

async fn matching(
    app: &App,
    hall: hall::HallId,
    today: NaiveDate,
    filter: Filter,
) -> Result<Vec<MenuRow>, ApiError> {
    let from = filter.from.unwrap_or(today).max(today);
    past_the_cache(app.store.menus_from(hall, from, filter.to, filter.meal.as_deref())).await
}

/// The menus of today and later, as they are until the first of them turns stale or the day ends.
fn page(
    app: &App,
    paging: &Paging,
    now: DateTime<Utc>,
    menus: &[MenuRow],
) -> Result<Rendered, ApiError> {
    let today = app.day_of(now);
    let menus = || menus.iter().filter(|menu| menu.date >= today);
    let listed: Vec<Listed<'_>> = menus().map(|menu| Listed::at(now, menu)).collect();
    let ends = menus().filter_map(|menu| left(menu.fresh_until?, now));
    let unchanged = ends.chain(midnight(app, today).and_then(|end| left(end, now))).min();
    let until = unchanged.map(|left| Instant::now() + left);
    Ok(Rendered { until, ..paging.page(&listed)? })
}

impl Filter {
    fn read(asked: &Parameters) -> Result<Option<Self>, ApiError> {
        // What can be no meal's word stays as it is, and finds nothing.
        let meal = asked.sought("meal")?;
        let meal = meal.map(|word| Meal::parse(&word).map_or(word, |meal| meal.to_string()));
        let (from, to) = (asked.optional_date("from")?, asked.optional_date("to")?);
        let any = meal.is_some() || from.is_some() || to.is_some();
        Ok(any.then_some(Self { meal, from, to }))
    }
}

impl<'a> Listed<'a> {
    fn at(now: DateTime<Utc>, menu: &'a MenuRow) -> Self {
        let MenuRow { date, station_count, item_count, .. } = *menu;
        let is_stale = menu.fresh_until.is_none_or(|until| until <= now);
        let fetched_at = instant(menu.fetched_at);
        Self { date, meal: &menu.meal, station_count, item_count, is_stale, fetched_at }
    }
}

/// What is left of the time to this end, or nothing when it has passed.
pub(super) fn left(end: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    (end - now).to_std().ok().filter(|left| !left.is_zero())
}

/// The end of this day where the halls are.
pub(super) fn midnight(app: &App, day: NaiveDate) -> Option<DateTime<Utc>> {
    let end = day.succ_opt()?.and_time(NaiveTime::MIN).and_local_timezone(app.zone).earliest()?;
    Some(end.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_menu_turns_stale_while_it_is_cached_and_one_that_is_kept_is_stale_at_once() {
        let mut menu = MenuRow {
            date: "2026-02-09".parse().unwrap(),
            meal: "lunch".to_owned(),
            station_count: 1,
            item_count: 2,
            fetched_at: at("2026-02-09T18:00:00.5Z"),
            fresh_until: Some(at("2026-02-09T18:30:00Z")),
        };
        assert!(!Listed::at(at("2026-02-09T18:29:59Z"), &menu).is_stale);
        assert!(Listed::at(at("2026-02-09T18:30:00Z"), &menu).is_stale);
        menu.fresh_until = None;
        let listed = Listed::at(at("2026-02-09T18:00:01Z"), &menu);
        assert_eq!((listed.is_stale, &*listed.fetched_at), (true, "2026-02-09T18:00:00Z"));
    }
}
