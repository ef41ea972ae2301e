//! Text as documents need it: JSON strings, dates for headers, and words that fill a page.

use chrono::{DateTime, Utc};

use super::picker::Picker;

/// A JSON string, safe within a script tag.
pub(crate) fn js(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace("</", "<\\/")
}

/// A time as HTTP headers write it.
pub(crate) fn http_date(unix: i64) -> String {
    let at = DateTime::<Utc>::from_timestamp(unix, 0).unwrap_or_default();
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The time that a header's text means.
pub(crate) fn parse_http_date(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc2822(&text.replace("GMT", "+0000")).ok().map(|at| at.timestamp())
}

const LARDER: [&str; 24] = [
    "Water",
    "Sea Salt",
    "Canola Oil",
    "Yellow Onion",
    "Garlic",
    "Crushed Tomatoes (Vine Tomatoes, Tomato Puree, Citric Acid)",
    "Carrots",
    "Celery",
    "Black Pepper",
    "Vegetable Base (Carrot, Onion, Celery, Salt, Natural Flavor [Yeast Extract, Herbs])",
    "Cornstarch",
    "Cane Sugar",
    "Parsley",
    "Lemon Juice (Lemon Juice Concentrate, Water, Lemon Oil)",
    "White Vinegar",
    "Ground Cumin",
    "Paprika (Paprika, Silicon Dioxide)",
    "Thyme",
    "Bay Leaf",
    "Red Bell Pepper",
    "Olive Oil &amp; Canola Oil Blend",
    "Mustard (Distilled Vinegar, Mustard Seed, Turmeric)",
    "Brown Rice",
    "Spices",
];

/// A list of ingredients of the length that kitchens write.
pub(crate) fn ingredients(seed: u64) -> String {
    let mut picker = Picker::new(&seed.to_string());
    let words: Vec<&str> = (0..10 + picker.below(22))
        .filter_map(|_| LARDER.get(picker.below(LARDER.len())).copied())
        .collect();
    words.join(if seed.is_multiple_of(9) { ",\n" } else { "; " })
}
