//! A year of menus that are as they should be: how often is a healthy vendor suspected? And of those
//! that are maimed: how many are noticed? Run with `--nocapture` to see the figures.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::{Figures, LOOK_BACK, Verdict, judge};

const WEEKS: usize = 52;
const MEALS: usize = 7 * 3;

/// How a hall's meal is on a weekday: stations with how often and how many dishes they have.
struct Plan {
    stations: Vec<(String, f64, f64)>,
    tagged: f64,
}

impl Plan {
    fn new(rng: &mut Rng) -> Self {
        let count = rng.usize(4..12);
        let station = |at: usize, rng: &mut Rng| {
            // Most stations are always there, some every other week, guests now and then.
            let often = [0.98, 0.98, 0.95, 0.98, 0.5, 0.9, 0.98, 0.2][at % 8];
            (format!("Station {at}"), often, 2.0 + rng.f64() * 10.0)
        };
        let stations = (0..count).map(|at| station(at, rng)).collect();
        Self { stations, tagged: 0.25 + rng.f64() * 0.6 }
    }

    fn menu(&self, rng: &mut Rng) -> Figures {
        // A lean or a rich day as a whole, and each station by itself.
        let day = normal(rng).mul_add(0.08, 1.0).clamp(0.6, 1.5);
        let mut figures = Figures { unknown: Some(BTreeMap::new()), ..Figures::default() };
        for (name, often, dishes) in &self.stations {
            if rng.f64() < *often {
                let dishes = (dishes * day * normal(rng).mul_add(0.2, 1.0)).round().max(1.0) as u32;
                figures.items += dishes;
                figures.stations.push(name.clone());
                let tagged = normal(rng).mul_add(0.06, self.tagged);
                figures.untagged += (0..dishes).filter(|_| rng.f64() > tagged).count() as u32;
            }
        }
        let words = figures.unknown.get_or_insert_default();
        words.insert("offered often".to_owned(), figures.items / 10);
        if rng.f64() < 0.03 {
            words.insert(format!("word {}", rng.u8(..)), rng.u32(1..4));
        }
        figures
    }
}

/// About normal: the sum of twelve.
fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
}

/// Every meal of every weekday of seven halls, each over a year of weeks.
fn years(rng: &mut Rng, mut see: impl FnMut(&mut Rng, &Figures, &[&Figures])) {
    for _ in 0..MEALS * 7 {
        let plan = Plan::new(rng);
        let menus: Vec<Figures> = (0..WEEKS).map(|_| plan.menu(rng)).collect();
        for (week, now) in menus.iter().enumerate().skip(LOOK_BACK) {
            let history: Vec<&Figures> = menus[week - LOOK_BACK..week].iter().rev().collect();
            see(rng, now, &history);
        }
    }
}

#[test]
fn a_healthy_year_is_hardly_ever_suspected() {
    let (mut seen, mut found) = (0_u32, [0_u32; 3]);
    for seed in 0..10 {
        years(&mut Rng::with_seed(seed), |_, now, history| {
            seen += 1;
            found[judge(now, history).verdict as usize] += 1;
        });
    }
    let [_, watch, drift] = found.map(|count| f64::from(count) / f64::from(seen));
    eprintln!("{seen} healthy menus: watch {:.3} %, drift {:.4} %", watch * 100.0, drift * 100.0);
    assert!(watch < 0.004, "{found:?} of {seen}");
    assert!(drift < 0.000_5, "{found:?} of {seen}");
}

type Harm = fn(&mut Rng, &Figures) -> Figures;

fn half_of_the_stations(_: &mut Rng, menu: &Figures) -> Figures {
    let keep = menu.stations.len() / 2;
    let part = |count: u32| count * keep as u32 / (menu.stations.len() as u32).max(1);
    Figures {
        stations: menu.stations[..keep].to_vec(),
        items: part(menu.items),
        untagged: part(menu.untagged),
        unknown: menu.unknown.clone(),
    }
}

fn no_tags(_: &mut Rng, menu: &Figures) -> Figures {
    Figures { untagged: menu.items, ..menu.clone() }
}

fn under_a_third(rng: &mut Rng, menu: &Figures) -> Figures {
    let part = rng.f64().mul_add(0.1, 0.15);
    let items = (f64::from(menu.items) * part) as u32;
    Figures { items, untagged: items.min(menu.untagged), ..menu.clone() }
}

fn other_names(_: &mut Rng, menu: &Figures) -> Figures {
    let stations = menu.stations.iter().map(|name| format!("@{name}")).collect();
    Figures { stations, ..menu.clone() }
}

#[test]
fn a_page_that_changed_is_noticed() {
    let harms: [(&str, Harm, f64, f64); 4] = [
        ("half of the stations gone", half_of_the_stations, 0.9, 0.3),
        ("all tags gone", no_tags, 0.97, 0.97),
        ("dishes down to 15 to 25 %", under_a_third, 0.94, 0.94),
        ("all stations renamed", other_names, 0.99, 0.99),
    ];
    for (what, harm, least_noticed, least_alarmed) in harms {
        let (mut seen, mut noticed, mut alarmed) = (0.0, 0.0, 0.0);
        years(&mut Rng::with_seed(7), |rng, now, history| {
            let verdict = judge(&harm(rng, now), history).verdict;
            seen += 1.0;
            noticed += f64::from(u8::from(verdict != Verdict::Ok));
            alarmed += f64::from(u8::from(verdict == Verdict::Drift));
        });
        let (noticed, alarmed) = (noticed / seen, alarmed / seen);
        eprintln!("{what}: noticed {:.2} %, drift {:.2} %", noticed * 100.0, alarmed * 100.0);
        assert!(noticed > least_noticed && alarmed > least_alarmed, "{what}: {noticed} {alarmed}");
    }
}
