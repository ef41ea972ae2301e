//! Café pages in the vendor's shape, with dishes of our own.

use std::sync::Arc;

use chrono::NaiveDate;
use common::menu::{Day, MealMenu, MenuItem, Reading};
use common::vendors::{ParseError, bon_appetit};
use serde_json::{Value, json};

/// The day that every page of these tests is asked for: a Wednesday.
pub(crate) const DAY: &str = "2026-04-15";

/// A page while it is put together.
pub(crate) struct Page {
    shown: String,
    items: String,
    special_hours: String,
    sections: String,
}

impl Page {
    /// Of [`DAY`], without meals.
    pub(crate) fn with_items(items: &Value) -> Self {
        Self {
            shown: DAY.to_owned(),
            items: format!("Bamco.menu_items = {items};"),
            special_hours: String::new(),
            sections: String::new(),
        }
    }

    /// A page that has no data, as when a café is shut for long.
    pub(crate) fn without_data() -> Self {
        Self { items: String::new(), ..Self::with_items(&json!({})) }
    }

    /// Sections added from here on say this day.
    pub(crate) fn shown(mut self, day: &str) -> Self {
        self.shown = day.to_owned();
        self
    }

    /// A meal's section with its script.
    pub(crate) fn meal(self, id: &str, daypart: &Value) -> Self {
        let title = daypart["label"].as_str().unwrap_or_default().to_owned();
        self.section(&title, &format!("Bamco.dayparts['{id}'] = {daypart};"))
    }

    /// A section with that title and that script, which need not be a meal.
    pub(crate) fn section(mut self, title: &str, script: &str) -> Self {
        let shown = &self.shown;
        self.sections += &format!(
            r#"
<section class="panel s-wrapper site-panel site-panel--daypart site-panel--daypart-even"
  data-jump-nav-title="{title}" data-type="daypart">
<div
  class="l-container site-panel__daypart-container "
  data-end-date="{shown}"
  data-js="site-panel__daypart-container"
>
<h2 class="panel__title site-panel__daypart-panel-title ">{title}</h2>
</div>
<script>
(function() {{
Bamco = Bamco || {{}};
Bamco.dayparts = Bamco.dayparts || {{}};
{script}
}})();
</script>
</section>"#
        );
        self
    }

    /// An entry of the special hours: who or what, and when; with a message below.
    pub(crate) fn special(mut self, what: &str, when: &str, message: &str) -> Self {
        self.special_hours += &format!(
            "<div class='cafe-hours-special' style='color:red;'><p>SPECIAL HOURS</p><ul>\
             <li class='day-part dotted-leader-container'>\
             <span class='pull-left'>{what}&nbsp;</span>\
             <span class='pull-right'>&nbsp;{when}</span></li>\
             <li class='day-part'><i class='cafe-hour-message'>{message}</i></li></ul></div>"
        );
        self
    }

    pub(crate) fn html(&self) -> String {
        let Self { items, special_hours, sections, .. } = self;
        format!(
            r#"<!DOCTYPE html>
<html lang="en-US"><head><title>Test Café</title></head><body>
<section class="panel site-panel--cafeinfo" id="cafe-hours">
{special_hours}
<div class="site-panel__cafeinfo-currently--closed">Currently Closed</div>
<p class='current-status'>Weekly Schedule</p>
<ul><li class='day-part dotted-leader-container'><span>Lunch</span>
<span>Mon-Fri, 11:00 am - 1:00 pm</span></li></ul>
</section>
<script>
(function() {{
Bamco = (typeof Bamco !== "undefined") ? Bamco : {{}};
Bamco.menu_items_nonce = 'abcdef';
Bamco.current_cafe = {{
name: 'Test ',		id: 1				}};
Bamco.view_tier = 1;
{items}
Bamco.cor_icons = [];
}})();
</script>
{sections}
</body></html>
"#
        )
    }

    /// What the parser makes of it when [`DAY`] is asked for.
    pub(crate) fn read(&self) -> Result<Reading, ParseError> {
        read(&self.html())
    }

    /// The meals; the test fails if there are none.
    pub(crate) fn meals(&self) -> Vec<Arc<MealMenu>> {
        match day(self.read().unwrap()) {
            Day::Posted(meals) => meals,
            other => panic!("no meals: {other:?}"),
        }
    }
}

/// What the parser makes of any text when [`DAY`] is asked for.
pub(crate) fn read(page: &str) -> Result<Reading, ParseError> {
    bon_appetit::parse(page, date(DAY))
}

pub(crate) fn date(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

/// The one day that a reading is about.
pub(crate) fn day(mut reading: Reading) -> Day {
    assert_eq!(reading.days.len(), 1);
    reading.days.pop_first().unwrap().1
}

/// A dish with all the fields that the vendor sends.
pub(crate) fn dish(id: &str, label: &str) -> Value {
    json!({
        "id": id, "label": label, "recipes": null, "description": "", "short_name": "",
        "raw_cooked": "0", "is_rotating": "0", "zero_entree": "0", "cor_icon": [],
        "ordered_cor_icon": [], "nextepid": null, "price": "", "sizes": [],
        "nutrition": { "kcal": "", "well_being": "", "well_being_image": "" }, "special": 1,
        "tier3": 0, "tier": 1, "rating": "", "connector": "", "options": [],
        "station_id": "7", "station": "<strong>@grill</strong>", "nutrition_details": {},
        "ingredients": "", "sub_station": "", "monotony": {}
    })
}

/// The same with some fields as given.
pub(crate) fn dish_with(id: &str, label: &str, fields: &Value) -> Value {
    let mut dish = dish(id, label);
    for (name, value) in fields.as_object().unwrap() {
        dish[name] = value.clone();
    }
    dish
}

/// A daypart from noon to two with these stations.
pub(crate) fn lunch(stations: &Value) -> Value {
    meal("Lunch", "12:00", "14:00", stations)
}

pub(crate) fn meal(label: &str, start: &str, end: &str, stations: &Value) -> Value {
    json!({
        "starttime": start, "endtime": end, "id": "3", "label": label, "abbreviation": "X",
        "message": " ", "stations": stations, "print_urls": { "day": "https://example.org/1" },
        "time_formatted": "12:00 pm - 2:00 pm"
    })
}

/// A station with these ids.
pub(crate) fn station(order: &str, label: &str, items: &Value) -> Value {
    json!({
        "order_id": order, "id": "7", "label": label, "price": "", "note": "", "soup": 0,
        "image": "", "items": items
    })
}

/// Each station with the names of its items.
pub(crate) fn served(meal: &MealMenu) -> Vec<(&str, Vec<&str>)> {
    meal.stations
        .iter()
        .map(|station| {
            (station.name.as_str(), station.items.iter().map(|item| item.name.as_str()).collect())
        })
        .collect()
}

/// The tags in their order.
pub(crate) fn tags(item: &MenuItem) -> Vec<&str> {
    item.tags.iter().collect()
}
