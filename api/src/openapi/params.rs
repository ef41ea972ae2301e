//! The parameters that several endpoints take.
#![expect(
    dead_code,
    reason = "they are read by the macro that describes them, and by nothing else"
)]

use utoipa::IntoParams;

use super::schemas::{AllergenId, DietId};

/// Of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Which page of the list; with `page_size` alone it is 1. Past the end is `[]`.
    #[param(required = false, minimum = 1, maximum = 4_294_967_295_u64, example = 1)]
    page: u64,
    /// How many a page; with `page` alone it is 20. Without both the list is whole.
    #[param(required = false, minimum = 1, maximum = 100, example = 20)]
    page_size: u32,
}

/// Of what somebody can eat; see `diet.rs`.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DietParams {
    /// Diets and promises with commas in between: only dishes of which the vendor states all of them.
    #[param(required = false, style = Form, explode = false, min_items = 1, max_items = 16,
        example = json!(["vegetarian", "local"]))]
    diet: Vec<DietId>,
    /// Allergens and ingredients with commas in between, with or without their `contains-`: no dish of
    /// which the vendor states one of them. Those that it does not speak of are in each dish's
    /// `not_stated`: that is not "free of".
    #[param(required = false, style = Form, explode = false, min_items = 1, max_items = 16,
        example = json!(["milk", "tree-nut"]))]
    exclude_allergen: Vec<AllergenId>,
}

/// Of what has an `etag`.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfNoneMatch {
    /// The `etag` of what you have: 304 if it is still the same. Lists, weak tags and `*` are
    /// understood.
    #[param(
        rename = "if-none-match",
        required = false,
        example = "\"66e8b3a9bca3b02373240c7de99d9e6e\""
    )]
    if_none_match: String,
}
