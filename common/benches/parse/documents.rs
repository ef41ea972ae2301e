//! The documents of this bench: the largest capture of each kind where captures are at hand, else
//! one of our own in the same shape and of about the same size.

use std::sync::LazyLock;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::support::capture;

/// A vendor's answer.
pub(crate) struct Document {
    pub(crate) body: String,
    /// The day that it is for.
    pub(crate) day: NaiveDate,
    /// Where in the body its JSON stands.
    json: std::ops::Range<usize>,
}

impl Document {
    fn new(body: String, day: (i32, u32, u32), json: std::ops::Range<usize>) -> Self {
        let day = NaiveDate::from_ymd_opt(day.0, day.1, day.2).unwrap_or_default();
        Self { body, day, json }
    }

    /// One that is JSON from end to end.
    fn bare(body: String, day: (i32, u32, u32)) -> Self {
        let all = 0..body.len();
        Self::new(body, day, all)
    }

    pub(crate) fn json(&self) -> &str {
        self.body.get(self.json.clone()).unwrap_or_default()
    }
}

pub(crate) static BON_APPETIT: LazyLock<Document> = LazyLock::new(bon_appetit);
pub(crate) static SODEXO_API: LazyLock<Document> = LazyLock::new(sodexo_api);
pub(crate) static SODEXO_PAGE: LazyLock<Document> = LazyLock::new(sodexo_page);
pub(crate) static POMONA: LazyLock<Document> = LazyLock::new(pomona);

/// Reads or makes all of them, so that nothing is said of it between the figures.
pub(crate) fn load() {
    for document in [&BON_APPETIT, &SODEXO_API, &SODEXO_PAGE, &POMONA] {
        LazyLock::force(document);
    }
}

fn bon_appetit() -> Document {
    let page = capture("bonappetit/collins_2026-02-07_page.html").unwrap_or_else(cafe_page);
    let name = "Bamco.menu_items = ";
    let start = page.find(name).map_or(0, |at| at + name.len());
    let line = page.get(start..).and_then(|rest| rest.find(";\n")).unwrap_or(0);
    Document::new(page, (2026, 2, 7), start..start + line)
}

fn sodexo_api() -> Document {
    let body = capture("sodexo/thomas_2025-12-08_api-v02.json");
    Document::bare(body.unwrap_or_else(|| sections().to_string()), (2025, 12, 8))
}

fn sodexo_page() -> Document {
    let state = || {
        json!({ "composition": { "context": { "content": {
            "localDateTime": "2025-11-15T12:00:00Z" } },
            "subject": { "regions": [{ "fragments": [{
                "content": { "main": { "sections": sections() } } }] }] } } })
    };
    let body = capture("sodexo/hoch_2025-11-15_location-page_preloaded-state.json");
    Document::bare(body.unwrap_or_else(|| state().to_string()), (2025, 11, 15))
}

fn pomona() -> Document {
    let body = capture("pomona/frary_2025-12-05_to_07.json");
    Document::bare(body.unwrap_or_else(|| feed().to_string()), (2025, 12, 5))
}

/// Brunch and dinner of 280 dishes each in a page of about a megabyte.
fn cafe_page() -> String {
    let ids: Vec<String> = (0..370).map(|id| (32_312_787 + id).to_string()).collect();
    let items: serde_json::Map<String, Value> =
        ids.iter().map(|id| (id.clone(), cafe_dish(id))).collect();
    let items = Value::Object(items);
    let mut sections = String::new();
    for (id, label, served) in [("2", "Brunch", ids.get(..280)), ("4", "Dinner", ids.get(90..))] {
        let stations: Vec<Value> = served
            .unwrap_or_default()
            .chunks(20)
            .enumerate()
            .map(|(order, items)| {
                json!({ "order_id": format!("{order:04}-37"), "label": format!("@counter {order}"),
                    "price": "", "note": "2019", "soup": 0, "image": "", "items": items })
            })
            .collect();
        let daypart = json!({ "starttime": "10:30", "endtime": "12:30", "id": id, "label": label,
            "message": "", "stations": stations });
        let rendered =
            "<div class=\"site-panel__daypart-item\" data-js=\"site-panel__daypart-item\">\
            <button class=\"h4 site-panel__daypart-item-title\">a dish</button></div>\n"
                .repeat(1_600);
        sections += &format!(
            "<section class=\"site-panel--daypart\" data-jump-nav-title=\"{label}\">\n<div \
             class=\"site-panel__daypart-container\" data-end-date=\"2026-02-07\">\n{rendered}</div>\n\
             <script>\nBamco.dayparts['{id}'] = {daypart};\n</script></section>\n"
        );
    }
    format!(
        "<!DOCTYPE html>\n<html><body>\n<script>\nBamco.menu_items = {items};\n</script>\n\
         {sections}</body></html>\n"
    )
}

fn cafe_dish(id: &str) -> Value {
    let nutrition: serde_json::Map<String, Value> = (0..9)
        .map(|row| {
            let value = json!({ "label": "Nutrient", "value": "12", "unit": "mg" });
            (format!("nutrient_{row}"), value)
        })
        .collect();
    json!({
        "id": id, "label": format!("dish number {id}"), "description": "oil | salt<br />pepper",
        "cor_icon": { "4": "Vegan", "9": "Made without Gluten-Containing Ingredients" },
        "ordered_cor_icon": { "0002-0004": { "id": "4", "label": "Vegan" } },
        "recipes": { "ingredients": "water, flour, oil, salt, ".repeat(12) },
        "nutrition_details": nutrition, "options": [], "tier": 1, "special": 1, "price": "",
        "station": "<strong>@home</strong>", "monotony": {}
    })
}

/// Three meals of 31 dishes each.
fn sections() -> Value {
    let dishes: Vec<Value> = (0..31_u64)
        .map(|id| {
            json!({
                "menuItemId": 5_000_000_000 + id, "formalName": format!("Dish Number {id}"),
                "description": "with a sauce", "ingredients": "water, flour, salt, ".repeat(40),
                "allergens": [{ "allergen": 1, "name": "Milk", "contains": "true" },
                    { "allergen": 2, "name": "Egg", "contains": "false" }],
                "isVegan": false, "isVegetarian": true, "isMindful": false, "isPlantBased": false,
                "calories": "120", "fat": "3g", "sodium": "580mg", "protein": "4g", "price": 0.0
            })
        })
        .collect();
    let groups: Vec<Value> = dishes
        .chunks(4)
        .map(|items| json!({ "name": "SOUP & GRILL", "sortOrder": 0, "items": items }))
        .collect();
    let named = |name: &str| json!({ "name": name, "groups": groups });
    json!([named("BREAKFAST"), named("LUNCH"), named("DINNER")])
}

/// 45 records of five recipes each.
fn feed() -> Value {
    let choice = |id: &str, answer: &str| json!({ "@id": id, "#text": answer });
    let recipe = |place: usize| {
        json!({
            "@id": "1", "@category": "Grill Station", "@shortName": format!("Dish Number {place}"),
            "@description": "Kitchen/Name", "@menuPosition": place.to_string(),
            "@displayonwebsite": "Yes", "@nutrients": "  12.00 |".repeat(16),
            "allergens": { "allergen": [choice("Egg", "No"), choice("Milk", "Yes")] },
            "dietaryChoices": { "dietaryChoice": [choice("Vegan", "No"), choice("Halal", "Yes")] },
            "ingredients": { "#cdata-section": "water, flour, oil, salt, ".repeat(50) }
        })
    };
    let meals = ["Breakfast", "Lunch", "Dinner"];
    let records: Vec<Value> = (0..45)
        .map(|record| {
            let recipes: Vec<Value> = (0..5).map(|place| recipe(record * 5 + place)).collect();
            json!({
                "@id": "9", "@name": "Hall Week 2", "@servedate": format!("2025120{}", 5 + record % 3),
                "@mealperiodname": meals.get(record / 3 % 3),
                "@menubulletin": "", "recipes": { "recipe": recipes }
            })
        })
        .collect();
    json!({ "EatecExchange": { "menu": records } })
}
