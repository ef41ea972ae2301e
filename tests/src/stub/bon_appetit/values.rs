//! The script values of the page: dishes by number, icons, and one assignment for each meal.

use std::fmt::Write;

use super::super::hall::Hall;
use super::super::menu::{Item, Meal};
use super::super::text::js;
use super::ICONS;

/// Gives the dishes of a page their numbers, in the order in which the page lists them.
pub(super) struct Ids {
    pub(super) next: u32,
}

impl Default for Ids {
    fn default() -> Self {
        Self { next: 32_310_000 }
    }
}

impl Ids {
    pub(super) fn take(&mut self) -> u32 {
        self.next += 1;
        self.next
    }
}

/// The script that holds the dishes.
pub(super) fn script(out: &mut String, hall: Hall, meals: &[Meal]) {
    let _ = write!(
        out,
        "<script>\n(function() {{\nBamco = (typeof Bamco !== \"undefined\") ? Bamco : {{}};\n\
         Bamco.admin_ajax = 'https://cafe.example/wp-admin/admin-ajax.php';\n\
         Bamco.menu_items_nonce = '0f1e2d3c4b';\n\
         Bamco.current_cafe = {{\nname: '{} ',\nid: 243\t\t\t\t}};\nBamco.view_tier = 1;\n\
         Bamco.menu_items = {{",
        hall.title()
    );
    let mut ids = Ids::default();
    let mut first = true;
    for meal in meals {
        for (at, station) in meal.stations.iter().enumerate() {
            for item in &station.items {
                out.push_str(if std::mem::take(&mut first) { "" } else { "," });
                dish(out, item, ids.take(), at, station.written);
            }
        }
    }
    out.push_str("};\nBamco.cor_icons = ");
    icons(out, meals.is_empty());
    out.push_str(
        ";\nBamco.filtered_cor_icons = [];\nBamco.dietary_filters = [];\n})();\n</script>\n",
    );
}

/// Of no icons the site makes a list, of some an object.
fn icons(out: &mut String, none: bool) {
    if none {
        out.push_str("[]");
        return;
    }
    out.push('{');
    for (at, (slug, id, label, _)) in ICONS.into_iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(
            out,
            r#"{comma}"{id}":{{"sort":"{at}","label":"{label}","description":"{label}: as the kitchen states it.","image":"https:\/\/assets.example\/cor_icons\/{slug}.png?v=1","is_filter":"Y","allergen":0,"type":"diet","position":"{at}","show_name_ds":"N","slug":"{slug}","id":"{id}"}}"#
        );
    }
    out.push('}');
}

fn dish(out: &mut String, item: &Item, id: u32, at: usize, station: &str) {
    let standing = at > 6;
    // One page holds `tier` as a number and as text.
    let (special, tier) = match (standing, item.seed % 3) {
        (false, _) => (1, "1"),
        (true, 0) => (0, "\"3\""),
        (true, 1) => (0, "2"),
        (true, _) => (0, "\"2\""),
    };
    let recipes = match special {
        1 => "null".to_owned(),
        _ => format!(
            r#"{{"entrees":[{{"recipe_id":"{}.4","recipe_name":{}}}]}}"#,
            item.seed % 90_000,
            js(&item.name)
        ),
    };
    let _ = write!(
        out,
        r#""{id}":{{"id":"{id}","label":{},"recipes":{recipes},"description":{},"short_name":"","raw_cooked":"0","is_rotating":"0","zero_entree":"0","cor_icon":"#,
        js(&item.written),
        js(&item.written_about),
    );
    marks(out, item);
    let kcal = kcal(item);
    let _ = write!(
        out,
        r#","nextepid":{},"price":"","sizes":[],"nutrition":{{"kcal":"{kcal}","well_being":"","well_being_image":""}},"special":{special},"tier3":0,"tier":{tier},"rating":"","#,
        if standing { "null" } else { "\"0\"" },
    );
    options(out, item);
    let _ = write!(
        out,
        r#","station_id":"{}","station":"<strong>@{station}<\/strong>","nutrition_details":"#,
        370 + at
    );
    nutrition(out, item, &kcal);
    let _ = write!(
        out,
        r#","ingredients":"","nutrition_link":"nutrition information","sub_station_id":"","sub_station":"{}","sub_station_order":"","monotony":{}}}"#,
        if standing { "toppings" } else { "" },
        monotony(item),
    );
}

fn marks(out: &mut String, item: &Item) {
    let has: Vec<_> = ICONS.into_iter().filter(|(fact, ..)| item.dish.is(fact)).collect();
    if has.is_empty() {
        out.push_str(r#"[],"ordered_cor_icon":[]"#);
        return;
    }
    let plain: Vec<String> =
        has.iter().map(|(_, id, label, _)| format!(r#""{id}":"{label}""#)).collect();
    let ordered: Vec<String> = has
        .iter()
        .enumerate()
        .map(|(at, (_, id, label, _))| {
            format!(r#""{:04}-{id:04}":{{"id":"{id}","label":"{label}"}}"#, at + 1)
        })
        .collect();
    let _ = write!(out, r#"{{{}}},"ordered_cor_icon":{{{}}}"#, plain.join(","), ordered.join(","));
}

fn options(out: &mut String, item: &Item) {
    if item.choices.is_empty() {
        out.push_str(r#""connector":"","options":[]"#);
        return;
    }
    let values: Vec<String> = item
        .choices
        .iter()
        .map(|label| format!(r#"{{"label":"{label}","description":"","nutrition":{{"kcal":20}}}}"#))
        .collect();
    let _ = write!(
        out,
        r#""connector":"custom","options":{{"label":"sides","type":"items","values":[{}]}}"#,
        values.join(",")
    );
}

/// The vendor knows no calories of today's dishes now and then.
pub(super) fn kcal(item: &Item) -> String {
    if item.seed.is_multiple_of(6) { String::new() } else { (10 + item.seed % 70 * 10).to_string() }
}

fn nutrition(out: &mut String, item: &Item, kcal: &str) {
    if kcal.is_empty() {
        out.push_str("{}");
        return;
    }
    let _ = write!(out, r#"{{"calories":{{"label":"Calories","value":"{kcal}","unit":""}}"#);
    let parts = [
        ("servingSize", "Serving Size", "oz"),
        ("fatContent", "Total Fat", "g"),
        ("saturatedFatContent", "Saturated Fat", "g"),
        ("transFatContent", "Trans Fat", "g"),
        ("cholesterolContent", "Cholesterol", "mg"),
        ("sodiumContent", "Sodium", "mg"),
        ("carbohydrateContent", "Total Carbohydrate", "g"),
        ("fiberContent", "Dietary Fiber", "g"),
        ("sugarContent", "Sugars", "g"),
        ("proteinContent", "Protein", "g"),
    ];
    for (at, (key, label, unit)) in parts.into_iter().enumerate() {
        let value = match (item.seed >> (at * 4)) % 40 {
            0 => "\"< 1\"".to_owned(),
            number @ 1..=4 => number.to_string(),
            number => format!("\"{number}\""),
        };
        let _ = write!(out, r#","{key}":{{"label":"{label}","value":{value},"unit":"{unit}"}}"#);
    }
    out.push('}');
}

fn monotony(item: &Item) -> &'static str {
    if item.seed.is_multiple_of(97) {
        r#"{"id":"12","name":"Chef's Pick","link_text":"","short_name":"","url":""}"#
    } else {
        "{}"
    }
}

/// One meal's assignment, in a script of its own.
pub(super) fn daypart(out: &mut String, meal: &Meal, id: u8, ids: &mut Ids) {
    let mut stations: Vec<String> = meal
        .stations
        .iter()
        .enumerate()
        .map(|(at, station)| {
            let mut items: Vec<String> =
                station.items.iter().map(|_| format!("\"{}\"", ids.take())).collect();
            // Of a meal's dishes one is named that the page does not hold.
            if at == 1 {
                items.push("\"9999999\"".to_owned());
            }
            format!(
                r#"{{"order_id":"{:04}-{}","id":"{}","label":{},"price":"","note":"{}","soup":0,"image":"","items":[{}]}}"#,
                at * 3 + 1,
                370 + at,
                370 + at,
                js(station.written),
                if at % 3 == 0 { "2019" } else { "" },
                items.join(",")
            )
        })
        .collect();
    // The list's order means nothing: `order_id` does.
    if id != 1 {
        stations.reverse();
    }
    let (start, end) = (super::chrome::clock(meal.start), super::chrome::clock(meal.end));
    let _ = write!(
        out,
        "<script>\n(function() {{\nBamco = Bamco || {{}};\nBamco.dayparts = Bamco.dayparts || {{}};\n\
         Bamco.dayparts['{id}'] = {{\"starttime\":\"{}\",\"endtime\":\"{}\",\"id\":\"{id}\",\
         \"label\":\"{}\",\"abbreviation\":\"M\",\"message\":\" \",\"stations\":[{}],\
         \"print_urls\":{{\"day\":\"https:\\/\\/legacy.example\\/print-menu\\/\"}},\
         \"starttime_formatted\":\"{start}\",\"endtime_formatted\":\"{end}\",\
         \"time_formatted\":\"{start} - {end}\"}};\n}})();\n</script>\n",
        meal.start,
        meal.end,
        meal.label,
        stations.join(","),
    );
}
