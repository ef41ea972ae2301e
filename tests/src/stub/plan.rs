//! Which meals a hall serves on which day, from when to when, and at which stations.

use chrono::Weekday;

use super::hall::Hall;
use super::posting::Kind;

/// A station: its label as the vendor spells it, as a reader must show it, what it picks from,
/// and how many dishes.
pub(crate) type StationPlan = (&'static str, &'static str, &'static [&'static str], usize);

/// A meal before its dishes are picked.
pub(crate) struct MealPlan {
    /// The canonical word.
    pub(crate) word: &'static str,
    /// The vendor's label.
    pub(crate) label: &'static str,
    pub(crate) start: &'static str,
    pub(crate) end: &'static str,
    pub(crate) stations: Vec<StationPlan>,
}

/// The meals of a day of that kind; empty when the hall is shut.
pub(crate) fn meals(hall: Hall, kind: Kind, weekday: Weekday) -> Vec<MealPlan> {
    let weekday = effective(hall, kind, weekday);
    let weekend = matches!(weekday, Weekday::Sat | Weekday::Sun);
    let holiday = kind == Kind::HolidayBrunch;
    let words = match hall {
        _ if holiday => vec!["brunch", "dinner"],
        Hall::Frank if matches!(weekday, Weekday::Fri | Weekday::Sat) => vec![],
        Hall::Frank => vec!["brunch", "dinner"],
        Hall::Oldenborg if weekend => vec![],
        Hall::Oldenborg => vec!["lunch"],
        Hall::Malott if weekday == Weekday::Sat => vec!["brunch", "lunch", "dinner"],
        _ if weekend => vec!["brunch", "dinner"],
        Hall::Collins if weekday == Weekday::Fri => {
            vec!["breakfast", "continental", "lunch", "dinner"]
        }
        Hall::Collins => vec!["breakfast", "continental", "lunch", "dinner", "late_night"],
        Hall::Hoch if weekday == Weekday::Wed => vec!["breakfast", "lunch", "snack", "dinner"],
        _ => vec!["breakfast", "lunch", "dinner"],
    };
    words.into_iter().map(|word| meal(hall, word, weekend || holiday)).collect()
}

/// A posting may say that a day is like another day of the week.
fn effective(hall: Hall, kind: Kind, weekday: Weekday) -> Weekday {
    match kind {
        Kind::Weekday | Kind::Large => Weekday::Wed,
        Kind::Weekend if hall == Hall::Frank => Weekday::Sun,
        Kind::Weekend => Weekday::Sat,
        _ => weekday,
    }
}

fn meal(hall: Hall, word: &'static str, weekend: bool) -> MealPlan {
    let (start, end) = times(hall, word, weekend);
    let label = match (hall, word) {
        (Hall::Hoch, "breakfast") => "BREAKFAST",
        (Hall::Hoch, "brunch") => "BRUNCH",
        (Hall::Hoch, "lunch") => "LUNCH",
        (Hall::Hoch, "snack") => "AFTERNOON SNACK",
        (Hall::Hoch, _) => "DINNER",
        (Hall::Frank | Hall::Frary | Hall::Oldenborg, "brunch" | "breakfast") => "Breakfast",
        (_, "brunch") => "Brunch",
        (_, "breakfast") => "Breakfast",
        (_, "continental") => "Continental Breakfast",
        (_, "lunch") => "Lunch",
        (_, "late_night") => "Late Night",
        _ => "Dinner",
    };
    let stations = match hall {
        Hall::Hoch => hoch(word),
        Hall::Frank | Hall::Frary | Hall::Oldenborg => pomona(hall, word),
        _ => cafe(hall, word),
    };
    let word = if word == "continental" { "breakfast" } else { word };
    MealPlan { word, label, start, end, stations }
}

fn times(hall: Hall, word: &str, weekend: bool) -> (&'static str, &'static str) {
    match (hall, word) {
        (Hall::Collins, "breakfast") => ("07:30", "09:00"),
        (Hall::Collins, "continental") => ("09:00", "10:00"),
        (Hall::Collins, "brunch") => ("10:30", "12:30"),
        (Hall::Collins, "lunch") => ("11:00", "13:00"),
        (Hall::Collins, "dinner") if weekend => ("16:30", "18:30"),
        (Hall::Collins, "late_night") => ("22:30", "23:30"),
        (Hall::Malott, "breakfast") => ("07:30", "10:00"),
        (Hall::Malott, "brunch") => ("10:00", "13:00"),
        (Hall::Malott, "lunch") => ("11:00", "14:00"),
        (Hall::Malott, "dinner") if !weekend => ("17:00", "19:15"),
        (Hall::Mcconnell, "breakfast") => ("07:45", "10:00"),
        (Hall::Mcconnell, "lunch") => ("11:00", "13:30"),
        (Hall::Mcconnell, "brunch") => ("10:30", "13:30"),
        (Hall::Mcconnell, "dinner") => ("17:00", "19:30"),
        _ => ("17:00", "19:00"),
    }
}

/// Sodexo shouts its group names and misspells some; readers show them in title case.
fn hoch(word: &str) -> Vec<StationPlan> {
    let mut stations: Vec<StationPlan> = vec![("BAKERY", "Bakery", &["bakery"], 4)];
    stations.extend::<Vec<StationPlan>>(match word {
        "breakfast" => vec![
            ("CONTINENTAL B'FAST", "Continental B'fast", &["standing"], 5),
            ("GRILL", "Grill", &["morning"], 6),
            ("OMELETE  BAR", "Omelete Bar", &["morning"], 3),
            ("SALAD BAR YOGURT", "Salad Bar Yogurt", &["standing"], 5),
        ],
        "snack" => vec![("SNACK  SHELF", "Snack Shelf", &["dessert", "standing"], 4)],
        _ => vec![
            ("DELI BAR HMC", "Deli Bar Hmc", &["deli"], 5),
            ("ENTREE - MEAL", "Entree - Meal", &["main"], 4),
            ("EXHIBITION", "Exhibition", &["bowl", "main"], 3),
            ("GRILL", "Grill", &["grill"], 5),
            ("VEGTARIAN/VEGAN", "Vegtarian/Vegan", &["side"], 4),
            ("OVEN", "Oven", &["pizza"], 3),
            ("SOUP BAR", "Soup Bar", &["soup"], 2),
            ("- SPECIAL BAR SALAD -", "Special Bar Salad", &["salad"], 4),
            ("DESSERTS", "Desserts", &["dessert"], 3),
        ],
    });
    stations
}

/// Bon Appétit writes labels small, some behind an `@`; most of a page is standing offers.
fn cafe(hall: Hall, word: &str) -> Vec<StationPlan> {
    let mut stations: Vec<StationPlan> = match word {
        "breakfast" | "brunch" => vec![
            ("@home", "home", &["morning"], 7),
            ("breakfast @ home", "breakfast @ home", &["morning", "bakery"], 6),
            ("@grill", "grill", &["grill", "side"], 4),
            ("breakfast bakery", "breakfast bakery", &["bakery"], 10),
        ],
        "continental" => vec![("breakfast bakery", "breakfast bakery", &["bakery"], 6)],
        "late_night" => vec![("late night @grill", "late night @grill", &["grill", "dessert"], 8)],
        _ => vec![
            ("@home", "home", &["main", "side"], 7),
            ("expo- bowls", "expo- bowls", &["bowl"], 4),
            ("Ovens2", "Ovens2", &["pizza"], 5),
            ("@grill", "grill", &["grill"], 8),
            ("stocks", "stocks", &["soup"], 3),
            ("options", "options", &["main", "bowl", "deli"], 6),
            ("sweets", "sweets", &["dessert"], 5),
        ],
    };
    if matches!(word, "breakfast" | "brunch" | "lunch" | "dinner") {
        let more = if hall == Hall::Collins { 16 } else { 10 };
        stations.push(("salad bar", "salad bar", &["standing", "salad"], 40));
        stations.push(("deli &amp; toppings", "deli & toppings", &["deli", "standing"], 30 + more));
        stations.push(("chef's counter", "chef's counter", &[], 0));
    }
    stations
}

/// Pomona has one record for each of these; a single dish makes `recipe` an object.
fn pomona(hall: Hall, word: &str) -> Vec<StationPlan> {
    let small = hall == Hall::Oldenborg;
    let morning = word == "breakfast";
    let main: &'static [&'static str] = match word {
        "breakfast" => &["morning"],
        "brunch" => &["morning", "main"],
        _ => &["main", "side"],
    };
    let (mains, grills) = if small {
        (6, 0)
    } else if hall == Hall::Frank {
        (12, 10)
    } else {
        (8, 6)
    };
    let mut stations: Vec<StationPlan> = vec![
        ("Mainline", "Mainline", main, mains),
        ("Expo Station", "Expo Station", &["bowl"], if small { 1 } else { 3 }),
    ];
    if grills > 0 {
        stations.push(("Grill Station", "Grill Station", &["grill"], grills));
    }
    if !morning {
        stations.push(("Pizza", "Pizza", &["pizza"], if small { 2 } else { 6 }));
    }
    stations.push(("Soup Station", "Soup Station", &["soup"], 1));
    stations.push(("Salad Bar", "Salad Bar", &["salad"], if small { 1 } else { 3 }));
    if hall == Hall::Frank {
        stations.push(("Deli Bar", "Deli Bar", &["deli"], 4));
    }
    if small {
        stations.push(("Panini Station", "Panini Station", &["deli"], 2));
    } else {
        stations.push(("Desserts", "Desserts", &["dessert"], 4));
    }
    stations
}
