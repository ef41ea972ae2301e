//! A name that stands twice in one object: what was said last counts, as for every other reader.
#![expect(clippy::unwrap_used, reason = "a test cannot go on without")]

use common::{
    menu::{Day, Reading},
    vendors::{bon_appetit, pomona, sodexo},
};

/// The one dish, as `meal: station: name: tags`, and nothing was left out.
fn dish(reading: &Reading) -> String {
    assert_eq!(reading.skipped, 0, "{reading:?}");
    let Some(Day::Posted(meals)) = reading.days.values().next() else {
        return format!("{reading:?}");
    };
    let (meal, station) =
        (meals.first().unwrap(), meals.first().unwrap().stations.first().unwrap());
    let item = station.items.first().unwrap();
    let tags: Vec<&str> = item.tags.iter().collect();
    format!("{}: {}: {}: {}", meal.meal, station.name, item.name, tags.join(" "))
}

#[test]
fn of_a_name_that_is_there_twice_the_last_value_counts() {
    let day = "2026-02-09".parse().unwrap();
    let items = "\"items\":[3],\"items\":[{\"formalName\":7,\"formalName\":\"Stew\",\"isVegan\":true,\"isVegan\":false,\
                 \"allergens\":0,\"allergens\":[{\"name\":\"Egg\",\"name\":\"Milk\",\"contains\":1,\"contains\":true}]}]";
    let sections = format!(
        "[{{\"name\":\"DINNER\",\"name\":\"LUNCH\",\"groups\":[],\"groups\":[{{\"name\":5,\"name\":\"GRILL\",{items}}}]}}]"
    );
    let api = sodexo::parse_api(&sections, day).unwrap();
    assert_eq!(dish(&api), "lunch: Grill: Stew: contains-milk");

    let state = format!(
        "{{\"composition\":1,\"composition\":{{\"context\":{{\"content\":{{\"localDateTime\":\"2026-02-08\",\"localDateTime\":\"2026-02-09\"}}}},\
         \"subject\":{{\"regions\":[{{\"regions\":[]}}],\"regions\":[{{\"fragments\":7,\"fragments\":[{{\"content\":0,\"content\":\
         {{\"main\":{{\"sections\":8,\"sections\":{sections}}}}}}}]}}]}}}}}}"
    );
    let page = sodexo::parse_location_page(&state, day).unwrap();
    assert_eq!(dish(&page), "lunch: Grill: Stew: contains-milk");

    let recipe = "{\"@shortName\":1,\"@shortName\":\"Stew\",\"@category\":\"Soup\",\"@category\":\"Grill\",\
                  \"allergens\":5,\"allergens\":{\"allergen\":1,\"allergen\":{\"@id\":\"Egg\",\"@id\":\"Milk\",\"#text\":\"No\",\"#text\":\"Yes\"}}}";
    let feed = format!(
        "{{\"EatecExchange\":{{\"menu\":3}},\"EatecExchange\":{{\"menu\":[],\"menu\":{{\"@servedate\":\"soon\",\"@servedate\":\"20260209\",\
         \"@mealperiodname\":\"Dinner\",\"@mealperiodname\":\"Lunch\",\"recipes\":4,\"recipes\":{{\"recipe\":9,\"recipe\":{recipe}}}}}}}}}"
    );
    assert_eq!(dish(&pomona::parse(&feed).unwrap()), "lunch: Grill: Stew: contains-milk");

    let section =
        "<div class=\"site-panel__daypart-container\" data-end-date=\"2026-02-09\"></div>";
    let page = format!(
        "<html><script>Bamco.menu_items = {{\"1\":5,\"1\":{{\"label\":7,\"label\":\"stew\",\"cor_icon\":5,\"cor_icon\":{{\"1\":\"Vegan\"}}}}}};\
         Bamco.dayparts['1'] = {{\"label\":\"Dinner\",\"label\":\"Lunch\",\"stations\":[],\"stations\":\
         [{{\"label\":\"soup\",\"label\":\"grill\",\"items\":[],\"items\":[\"1\"]}}]}};</script>{section}</html>"
    );
    let page = bon_appetit::parse(&page, day).unwrap();
    assert_eq!(dish(&page), "lunch: grill: stew: vegan vegetarian");
}
