//! What is served, found by its words. Straight from Postgres: every question is another one.

use std::time::Duration;

use axum::{
    extract::State,
    http::{Uri, header},
    response::Response,
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use common::{
    entry::instant,
    hall,
    meal::Meal,
    store::{FoundItem, Span},
    tags::Tags,
};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::past_the_cache;
use crate::{
    answer::{Answer, Conditional, cache_status},
    app::App,
    coded::Coded,
    cursor::Question,
    diet::{Verdict, Wishes},
    extract::Parameters,
    openapi::{
        params::{DietParams, IfNoneMatch},
        responses::{BadRequest, NotModified, Unavailable, UnknownHall},
        schemas::{FoundItems, HallId},
    },
    problem::ApiError,
    search::Search,
    served::From,
};

/// How long a page holds, if nothing in it changes sooner.
const LIFE: Duration = Duration::from_secs(60);
/// The longest words to look for, in bytes.
const LONGEST: usize = 64;
/// Items on a page where nobody says how many.
const USUAL: u32 = 20;

/// A page as it is served.
#[derive(Serialize)]
struct Page<'a> {
    items: Vec<Listed<'a>>,
    next_cursor: Option<&'a str>,
}

/// An item as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    hall_id: &'a str,
    date: NaiveDate,
    meal: &'a str,
    station: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    tags: &'a Tags,
    is_stale: bool,
    fetched_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_stated: Option<Vec<&'static str>>,
}

/// Search
///
/// What is served somewhere, found by its words: first what has all of them in its name, then what
/// begins so, then what says so in its description, then what merely looks like it (typos); within
/// each by day, hall and meal. Only what is saved is found; no vendor is asked.
#[utoipa::path(
    get,
    path = "/api/v2/items",
    tag = "Menus",
    operation_id = "items",
    params(
        ("q" = String, Query, description = "The words: letter case, accents and order do not matter. With at least \
            one letter or digit.", min_length = 1, max_length = 64, example = "tikka masala"),
        DietParams,
        ("hall_id" = Option<HallId>, Query, description = "This hall alone.", example = "hoch"),
        ("from" = Option<NaiveDate>, Query, description = "The first day, past ones included; else today.",
            pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-02-09"),
        ("to" = Option<NaiveDate>, Query, description = "The last day; else as far as is known.",
            pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-02-15"),
        ("meal" = Option<String>, Query, description = "This meal alone, written as in `/api/v2/menus`.",
            min_length = 1, max_length = 64, example = "lunch"),
        ("limit" = Option<u32>, Query, description = "How many items a page; else 20.", minimum = 1, maximum = 100,
            example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before, with the other parameters \
            as they were (`limit` may change).", min_length = 1, max_length = 256),
        IfNoneMatch,
    ),
    responses(
        (status = 200, description = "A page of what was found; nothing found is a page without items. A further page \
            is in `next_cursor` and in `link` (`next`).", body = FoundItems),
        NotModified, BadRequest, UnknownHall, Unavailable,
    ),
)]
pub(super) async fn search(
    State(app): State<App>,
    known: Conditional,
    uri: Uri,
    asked: Parameters,
) -> Result<Response, ApiError> {
    let today = app.day_of(Utc::now());
    let (search, question) = read(&asked, today)?;
    let mut items = past_the_cache(search.page(&app.store)).await?;
    let more = items.len() > search.limit;
    items.truncate(search.limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|item| question.cursor(&item.place));
    let now = Utc::now();
    let listed = items.iter().map(|item| Listed::at(now, item, &search.wishes)).collect();
    let page = Page { items: listed, next_cursor: next.as_deref() };
    let link = next.as_ref().map(|next| (header::LINK, link(&uri, &asked, next)));
    let body = Coded::new(serde_json::to_vec(&page).map_err(|_| ApiError::Internal)?.into());
    let answer = Answer {
        body: &body,
        max_age: holds_for(&app, &items, now),
        cache_status: Some(cache_status(From::Postgres, 0)),
        last_modified: None,
        more: link.into_iter().collect(),
    };
    Ok(answer.respond(&known))
}

/// What is looked for, and which question that is.
fn read(asked: &Parameters, today: NaiveDate) -> Result<(Search, Question), ApiError> {
    let words = words(asked)?;
    let asked_hall = asked.optional("hall_id")?;
    let hall = asked_hall.map(|word| hall::HallId::parse(&word).ok_or(ApiError::UnknownHall(word)));
    let (from, to) = (asked.optional_date("from")?, asked.optional_date("to")?);
    // What can be no meal's word stays as it is, and finds nothing.
    let meal = asked.sought("meal")?;
    let meal = meal.map(|word| Meal::parse(&word).map_or(word, |meal| meal.to_string()));
    let span = Span { from: from.unwrap_or(today), to, hall: hall.transpose()?, meal };
    let wishes = Wishes::read(asked)?;
    let limit = asked.number("limit", 1..=100)?.unwrap_or(USUAL);
    let (first, last) = (from.map(|day| day.to_string()), to.map(|day| day.to_string()));
    let question = Question::of([
        Some(&*words),
        span.hall.map(hall::HallId::as_str),
        first.as_deref(),
        last.as_deref(),
        span.meal.as_deref(),
        asked.longer("diet")?.as_deref(),
        asked.longer("exclude_allergen")?.as_deref(),
    ]);
    let after =
        match asked.longer("cursor")? {
            Some(cursor) => Some(question.place(&cursor).ok_or_else(|| {
                wrong("cursor is none of this search: leave it out to begin anew")
            })?),
            None => None,
        };
    let limit = usize::try_from(limit).unwrap_or_default();
    Ok((Search { words, wishes, span, after, limit }, question))
}

/// `q`: something that can be looked for.
fn words(asked: &Parameters) -> Result<String, ApiError> {
    let words = asked.longer("q")?.ok_or_else(|| wrong("q is missing"))?;
    let words = words.trim();
    if words.len() > LONGEST {
        return Err(wrong("q is longer than 64 bytes"));
    }
    if words.chars().any(char::is_control) {
        return Err(wrong("q holds a control character"));
    }
    if !words.chars().any(char::is_alphanumeric) {
        return Err(wrong("q holds no letter or digit"));
    }
    Ok(words.to_owned())
}

fn wrong(what: &str) -> ApiError {
    ApiError::Parameter(format!("Parameter {what}"))
}

/// The way to the next page (RFC 8288).
fn link(uri: &Uri, asked: &Parameters, next: &str) -> String {
    // A query may be written in UTF-8, a header may not.
    let others = asked.all_but(&["cursor"]);
    let others = utf8_percent_encode(&others, CONTROLS);
    format!("<{}?{others}&cursor={next}>; rel=\"next\"", uri.path())
}

/// Until an item on the page turns stale, or the day ends from which a search begins.
fn holds_for(app: &App, items: &[FoundItem], now: DateTime<Utc>) -> Duration {
    let tomorrow = app.day_of(now).succ_opt().map(|day| day.and_time(NaiveTime::MIN));
    let midnight = tomorrow.and_then(|at| at.and_local_timezone(app.zone).earliest());
    let ends = items.iter().filter_map(|item| item.fresh_until);
    let ends = ends.chain(midnight.map(|at| at.with_timezone(&Utc)));
    let left = ends.filter_map(|end| (end - now).to_std().ok()).filter(|left| !left.is_zero());
    left.min().unwrap_or(LIFE).min(LIFE)
}

impl<'a> Listed<'a> {
    fn at(now: DateTime<Utc>, item: &'a FoundItem, wishes: &Wishes) -> Self {
        let not_stated = match wishes.judge(&item.tags) {
            Verdict::Keep { not_stated } => not_stated,
            // What is dropped was not asked for.
            Verdict::Drop => None,
        };
        Self {
            hall_id: &item.place.hall_id,
            date: item.place.date,
            meal: &item.place.meal,
            station: &item.station,
            name: &item.name,
            description: item.description.as_deref(),
            tags: &item.tags,
            is_stale: item.fresh_until.is_none_or(|until| until <= now),
            fetched_at: instant(item.fetched_at),
            not_stated,
        }
    }
}
