//! The shapes of bodies that are sent as ready JSON, or that `common` makes. They are never made
//! here; `tests/tests/openapi.rs` holds real answers against them.
#![expect(
    dead_code,
    reason = "they are read by the macro that describes them, and by nothing else"
)]

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use common::{hall, meal};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use crate::diet;

/// A text that is one of these.
fn one_of<'a>(words: impl IntoIterator<Item = &'a str>, description: &str) -> RefOr<Schema> {
    let words: Vec<&str> = words.into_iter().collect();
    let example: Option<serde_json::Value> = words.last().map(|word| (*word).into());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .examples(example)
        .enum_values(Some(words))
        .build()
        .into()
}

/// One of the seven.
pub(crate) struct HallId;

impl PartialSchema for HallId {
    fn schema() -> RefOr<Schema> {
        one_of(hall::HallId::ALL.map(hall::HallId::as_str), "A hall: exactly so, in lower case.")
    }
}

impl ToSchema for HallId {
    fn name() -> Cow<'static, str> {
        "HallId".into()
    }
}

/// A word of `diet`.
pub(crate) struct DietId;

impl PartialSchema for DietId {
    fn schema() -> RefOr<Schema> {
        one_of(diet::diets(), "What a vendor may promise of a dish; see `/api/v2/labels`.")
    }
}

impl ToSchema for DietId {
    fn name() -> Cow<'static, str> {
        "DietId".into()
    }
}

/// A word of `exclude_allergen`.
pub(crate) struct AllergenId;

impl PartialSchema for AllergenId {
    fn schema() -> RefOr<Schema> {
        one_of(diet::allergens(), "What a dish may contain; see `/api/v2/labels`.")
    }
}

impl ToSchema for AllergenId {
    fn name() -> Cow<'static, str> {
        "AllergenId".into()
    }
}

/// One of the three.
pub(crate) struct VendorType;

impl PartialSchema for VendorType {
    fn schema() -> RefOr<Schema> {
        one_of(hall::Vendor::ALL.map(hall::Vendor::as_str), "Whose site the menus are read from.")
    }
}

impl ToSchema for VendorType {
    fn name() -> Cow<'static, str> {
        "VendorType".into()
    }
}

/// The canonical word of a meal.
pub(crate) struct Meal;

impl PartialSchema for Meal {
    fn schema() -> RefOr<Schema> {
        let usual = meal::Meal::OF_A_DAY.map(|meal| meal.as_str().to_owned());
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!(
                "A meal: {}, or a vendor's own (`holiday_buffet`).",
                usual.join(", ")
            )))
            .pattern(Some("^[a-z0-9_]{1,64}$"))
            .examples(usual)
            .build()
            .into()
    }
}

impl ToSchema for Meal {
    fn name() -> Cow<'static, str> {
        "Meal".into()
    }
}

/// What a hall serves at one meal of one day.
#[derive(ToSchema)]
pub(crate) struct Menu {
    hall_id: HallId,
    /// The hall's own day (Pacific).
    date: NaiveDate,
    meal: Meal,
    /// In the vendor's order.
    #[schema(min_items = 1)]
    stations: Vec<Station>,
    /// `true`: an older copy, because the vendor could not be read in time or does not show that day
    /// any more.
    is_stale: bool,
    /// When the vendor was read.
    fetched_at: DateTime<Utc>,
}

/// A counter within a hall.
#[derive(ToSchema)]
pub(crate) struct Station {
    /// The vendor's name for it.
    #[schema(min_length = 1, max_length = 500, example = "Grill")]
    name: String,
    /// In the vendor's order, each name once.
    #[schema(min_items = 1)]
    items: Vec<MenuItem>,
}

/// A dish.
#[derive(ToSchema)]
pub(crate) struct MenuItem {
    /// The vendor's name for it, as one clean line.
    #[schema(min_length = 1, max_length = 500, example = "Veggie Burger")]
    name: String,
    /// What the vendor adds, choices within the dish included.
    #[schema(required)]
    description: Option<String>,
    /// What the vendor states of it, sorted. No tag means "not stated", never "free of".
    #[schema(example = json!(["contains-soy", "vegan", "vegetarian"]))]
    tags: Vec<String>,
}

/// A place that serves.
#[derive(ToSchema)]
pub(crate) struct Hall {
    id: HallId,
    #[schema(example = "Hoch-Shanahan")]
    name: String,
    #[schema(example = "Harvey Mudd")]
    college: String,
    vendor_type: VendorType,
    /// For showing it.
    #[schema(pattern = "^#[0-9a-f]{6}$", example = "#eaaa00")]
    color: String,
}

/// An error, in the form of RFC 9457. Decide by `type` and `reason`; `detail` is for people.
#[derive(ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem; the path of a page about it.
    #[schema(format = "uri-reference", example = "/problems/no-menu")]
    r#type: String,
    #[schema(example = "No menu")]
    title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    status: u16,
    #[schema(example = "No menu found for hoch on 2026-02-09 for brunch")]
    detail: String,
    /// Why, where a status has several causes that a program should tell apart.
    #[schema(nullable = false, example = "meal_not_served")]
    reason: Option<Reason>,
    /// The id of the request, as in `x-request-id`.
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$", example = "0beb1ec60b3192a1b85d8438")]
    instance: String,
}

/// The words of `reason`.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Reason {
    Closed,
    NotPosted,
    MealNotServed,
    OutOfRange,
    VendorError,
    Pending,
}

/// A page of a search.
#[derive(ToSchema)]
pub(crate) struct FoundItems {
    /// Best ones first.
    #[schema(max_items = 100)]
    items: Vec<FoundItem>,
    /// What to send as `cursor` for the next page; `null` on the last one.
    #[schema(required, max_length = 256)]
    next_cursor: Option<String>,
}

/// A dish as it is served somewhere.
#[derive(ToSchema)]
pub(crate) struct FoundItem {
    hall_id: HallId,
    /// The hall's own day (Pacific).
    date: NaiveDate,
    meal: Meal,
    /// The station's name.
    #[schema(max_length = 500, example = "Grill")]
    station: String,
    /// The vendor's name for the dish.
    #[schema(min_length = 1, max_length = 500, example = "Veggie Burger")]
    name: String,
    /// What the vendor adds to the name.
    #[schema(required, max_length = 500)]
    description: Option<String>,
    /// What the vendor states of it: sorted, without duplicates. Absent means "not stated".
    #[schema(example = json!(["vegan", "vegetarian"]))]
    tags: Vec<String>,
    /// As in a menu.
    is_stale: bool,
    /// When the vendor was read.
    fetched_at: DateTime<Utc>,
    /// With `exclude_allergen` alone: which of those allergens the vendor says nothing of.
    #[schema(nullable = false, example = json!(["milk"]))]
    not_stated: Option<Vec<String>>,
}

/// A tag that we know.
#[derive(ToSchema)]
pub(crate) struct Label {
    /// The tag.
    #[schema(example = "contains-almond")]
    id: String,
    /// `diet`, `promise`, `allergen` or `ingredient`.
    #[schema(example = "allergen")]
    kind: String,
    /// For people.
    #[schema(example = "Contains almond")]
    name: String,
    /// What is true of every dish that bears it, in tags.
    #[schema(example = json!(["contains-tree-nut"]))]
    implies: Vec<String>,
    vendors: LabelWords,
}

/// Each vendor's own words for a label; none where it never states it.
#[derive(ToSchema)]
pub(crate) struct LabelWords {
    sodexo: Vec<String>,
    bon_appetit: Vec<String>,
    pomona: Vec<String>,
}
