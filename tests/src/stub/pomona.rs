//! Pomona's feed: XML turned into JSON, a record for each day, meal and station.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::dishes::Dish;
use super::hall::Hall;
use super::menu::{Day, Item, Meal, Station};
use super::picker::Picker;
use super::text::{ingredients, js};

const LABELS: &str = "Calories (kcal)~CAL|Total Lipid/Fat (g)~TL|Saturated fatty acid (g)~FAS|Trans Fat (g)~TRF|Cholesterol (mg)~CHO|Sodium (mg)~Na|Carbohydrate (g)~CRB|Total Dietary Fiber (g)~FIB|Total Sugars (g)~SUG|Added Sugar (g)~SugA|Protein (g)~PRO|Vitamin C (mg)~vC|Calcium (mg)~CA|Iron (mg)~Fe|Vitamin A (mcg RAE)~(rae)|Phosphorus (mg)~PHO|Potassium (mg)~K|Vitamin D(iu)~VITD";

/// The feed's allergen, the facts of ours behind it, and the tag that a reader makes of it.
/// A nut of a kind is marked beside "Tree Nut", which is what the kind's tags say together.
const ALLERGENS: [(&str, &[&str], &str); 19] = [
    ("Egg", &["egg"], "egg"),
    ("Fish", &["fish"], "fish"),
    ("Milk", &["milk"], "milk"),
    ("Peanut", &["peanut"], "peanut"),
    ("Shellfish", &["shellfish"], "shellfish"),
    ("Soy", &["soy"], "soy"),
    ("Tree Nut", &["almond", "cashew", "coconut", "pecan", "pine-nut", "walnut"], "tree-nut"),
    ("Wheat", &["wheat"], "wheat"),
    ("Tree Nut (Almond)", &["almond"], "almond"),
    ("Tree Nut (Cashew)", &["cashew"], "cashew"),
    ("Tree Nut (Chestnut)", &[], ""),
    ("Tree Nut (Coconut)", &["coconut"], "coconut"),
    ("Tree Nut (Hazelnut)", &[], ""),
    ("Tree Nut (Macadamia Nut)", &[], ""),
    ("Tree Nut (Pecan)", &["pecan"], "pecan"),
    ("Tree Nut (Pine Nut)", &["pine-nut"], "pine-nut"),
    ("Tree Nut (Pistachio)", &[], ""),
    ("Tree Nut (Walnut)", &["walnut"], "walnut"),
    ("Sesame", &["sesame"], "sesame"),
];

const DIETS: [(&str, &[&str], &str); 11] = [
    ("Vegetarian", &["vegetarian"], "vegetarian"),
    ("Vegan", &["vegan"], "vegan"),
    ("Organic", &["organic"], "organic"),
    ("Gluten Free", &["gluten-free"], "gluten-free"),
    ("Halal", &["halal"], "halal"),
    ("Kosher", &[], ""),
    ("Contains Beef", &["beef"], "contains-beef"),
    ("Contains Lamb", &["lamb"], "contains-lamb"),
    ("Contains Poultry", &["poultry"], "contains-poultry"),
    ("Contains Pork", &["pork"], "contains-pork"),
    ("Mindful Mondays", &["mindful"], "mindful"),
];

const PROMISES: [(&str, &[&str], &str); 3] = [
    ("Local", &["local"], "local"),
    ("Sustainable", &[], ""),
    ("Humanely Raised", &["humane"], "humane"),
];

/// How Pomona writes a dish: `&` is lost on the way, blanks are left over, and a notice may stand
/// in the name.
pub(crate) fn item(name: String, dish: &'static Dish, picker: &mut Picker) -> Item {
    let mut written = name.replace('&', "");
    let mut name = name.replace("& ", "");
    if picker.one_in(15) {
        written = format!("{} - MADE TO ORDER; MAY CONTAIN NUTS", written.to_uppercase());
        name = format!("{} - MADE TO ORDER; MAY CONTAIN NUTS", name.to_uppercase());
    }
    if picker.one_in(15) {
        written = format!(" {written} ");
    }
    let mut tags = BTreeSet::new();
    for (_, facts, tag) in DIETS.into_iter().chain(PROMISES) {
        if facts.iter().any(|fact| dish.is(fact)) {
            tags.insert(tag.to_owned());
        }
    }
    for (_, facts, tag) in ALLERGENS {
        if facts.iter().any(|fact| dish.is(fact)) {
            tags.insert(format!("contains-{tag}"));
        }
    }
    if tags.contains("vegan") {
        tags.insert("vegetarian".to_owned());
    }
    Item {
        dish,
        written,
        name,
        written_about: String::new(),
        about: None,
        choices: &[],
        tags,
        hidden: picker.one_in(30),
        seed: picker.next(),
    }
}

/// The feed of these days, in its JSONP wrapper.
pub(crate) fn feed(hall: Hall, days: &[(NaiveDate, Day)]) -> String {
    let mut out = String::with_capacity(1_400_000);
    out.push_str("/**/ menuData({\"EatecExchange\":{\"menu\":[\n");
    let mut records = Records { hall, count: 0, position: 3_230_000 };
    for (date, day) in days {
        records.day(&mut out, *date, day);
    }
    out.push_str("\n]}});");
    out
}

/// Positions rise through the whole feed.
struct Records {
    hall: Hall,
    count: usize,
    position: u64,
}

impl Records {
    fn day(&mut self, out: &mut String, date: NaiveDate, day: &Day) {
        match day {
            Day::NotPosted => {}
            Day::Closed => {
                self.closed(out, date);
                // Each menu cycle that is shut may say so.
                if date.weekday() == Weekday::Sat && self.hall == Hall::Frank {
                    self.closed(out, date);
                }
            }
            Day::Menu(meals) => {
                for meal in meals {
                    for station in &meal.stations {
                        self.station(out, date, meal, station);
                    }
                }
                // A cycle without meals says "closed" beside another's meals.
                if date.weekday() == Weekday::Sun && self.hall == Hall::Frary {
                    self.closed(out, date);
                }
            }
        }
    }

    fn open(&mut self, out: &mut String, date: NaiveDate, cycle: &str, period: &str) {
        let title = if self.hall == Hall::Frary { "FRARY" } else { self.hall.title() };
        let monday = date - Days::new(u64::from(date.weekday().num_days_from_monday()));
        let comma = if self.count > 0 { ",\n" } else { "" };
        let bulletin = if period == "Closed" { "Closed" } else { "" };
        self.count += 1;
        let _ = write!(
            out,
            r#"{comma}{{"@id":"{}","@name":"{title} Fall {}  Week {} {cycle} {}","@servedate":"{}","@location":"{} Dining","@mealperiodname":"{period}","@menubulletin":"{bulletin}","nutrients":"{LABELS}","recipes":"#,
            2_100 + cycle.len(),
            date.year(),
            date.iso_week().week() % 4 + 1,
            monday.format("%b %-d").to_string().to_uppercase(),
            date.format("%Y%m%d"),
            self.hall.title(),
        );
    }

    fn closed(&mut self, out: &mut String, date: NaiveDate) {
        self.open(out, date, "Dinner", "Closed");
        let _ = write!(out, r#"{{"closed":"{} 12:00AM"}}}}"#, date.format("%b %e %Y"));
    }

    fn station(&mut self, out: &mut String, date: NaiveDate, meal: &Meal, station: &Station) {
        // Frank's cycles are named for brunch; Frary's say breakfast and only mean it.
        let cycle = match (self.hall, meal.word) {
            (Hall::Frank, "brunch") => "Brunch",
            _ => meal.label,
        };
        self.open(out, date, cycle, meal.label);
        let single = station.items.len() == 1;
        out.push_str(if single { "{\"recipe\":" } else { "{\"recipe\":[" });
        for (at, item) in station.items.iter().enumerate() {
            out.push_str(if at > 0 { "," } else { "" });
            self.position += 1 + item.seed % 3;
            recipe(out, item, station.written, self.position);
        }
        out.push_str(if single { "}}" } else { "]}}" });
    }
}

fn recipe(out: &mut String, item: &Item, category: &str, position: u64) {
    let seed = item.seed;
    let known = if seed.is_multiple_of(4) { "No" } else { "Yes" };
    let _ = write!(
        out,
        r#"{{"@id":"{}","@category":{},"@menuPosition":"{position}","@description":{},"@shortName":{},"@servingSize":"{}.00","@servingSizeUnit":"EA","@alternatedescription":"N/A","@servingDescription":"1 EA","@servingsPerContainer":"{}","@approvedNutrition":"{known}","@showIngredients":"{known}","@displayonwebsite":"{}","@localItems":"No","@itemDailyComment":"","#,
        3_000_000 + seed % 3_000_000,
        js(category),
        js(&format!("{}/Batch/{}", item.dish.name, seed % 40)),
        js(&item.written),
        1 + seed % 4,
        1 + seed % 60,
        if item.hidden { "No" } else { "Yes" },
    );
    if !seed.is_multiple_of(11) {
        out.push_str("\"@nutrients\":\"");
        for at in 0..16 {
            let bar = if at > 0 { "|" } else { "" };
            if at == 3 || at == 9 {
                let _ = write!(out, "{bar}NA");
            } else {
                let _ = write!(out, "{bar}{:8.2}", ((seed >> at) % 30_000) as f64 / 100.0);
            }
        }
        out.push_str("\",");
    }
    out.push_str("\"allergens\":{\"allergen\":");
    choices(out, item, &ALLERGENS);
    out.push_str("},\"dietaryChoices\":{\"dietaryChoice\":");
    choices(out, item, &DIETS);
    out.push_str("},\"sustainability\":{\"dietaryChoice\":");
    choices(out, item, &PROMISES);
    let text = if known == "Yes" { ingredients(seed) } else { String::new() };
    let _ = write!(out, r##"}},"ingredients":{{"#cdata-section":{}}}}}"##, js(&text));
}

/// Yes or no to each name; where only one is listed, an object stands for the list.
fn choices(out: &mut String, item: &Item, names: &[(&str, &[&str], &str)]) {
    let answer = |facts: &[&str]| facts.iter().any(|fact| item.dish.is(fact));
    let mut yes = names.iter().filter(|(_, facts, _)| answer(facts));
    if let (Some((name, ..)), None, true) = (yes.next(), yes.next(), item.seed.is_multiple_of(13)) {
        let _ = write!(out, r##"{{"@id":"{name}","#text":"Yes"}}"##);
        return;
    }
    for (at, (name, facts, _)) in names.iter().enumerate() {
        let comma = if at > 0 { "," } else { "[" };
        let text = if answer(facts) { "Yes" } else { "No" };
        let _ = write!(out, r##"{comma}{{"@id":"{name}","#text":"{text}"}}"##);
    }
    out.push(']');
}

/// The hall's page, which names the feed's address.
pub(crate) fn page(hall: Hall, base: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>{0} Dining Hall</title></head>\n<body>\n\
         <!-- <div class=\"dining-hours-top\"><span>Lunch</span>: 11 - 1 p.m.</div> -->\n\
         <div class=\"dining-hours-top\"><h3>Monday - Friday</h3>\n\
         <p><span>Breakfast</span>: 7:30 - 10 a.m.</p>\n\
         <p><span>Lunch</span>: 11 a.m. - 1:30 p.m.</p>\n\
         <p><span>Dinner</span>: 5 - 7:30 p.m.</p></div>\n\
         <div id=\"dining-menu-from-json\" \
         data-dining-menu-json-url=\"{base}/eatec/{0}.json\"></div>\n</body>\n</html>\n",
        hall.path_word(),
    )
}
