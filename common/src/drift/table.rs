//! What each way of changing comes to, one line each.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    Figures, LOOK_BACK, Verdict, judge, judge_empty,
    plausible::{Doubts, agree, doubts},
};
use crate::meal::Meal;

const STATIONS: [&str; 8] =
    ["grill", "home", "ovens", "stocks", "options", "sweets", "salad bar", "deli"];

fn figures(items: u32, untagged: u32, stations: &[&str], unknown: &[(&str, u32)]) -> Figures {
    let unknown = unknown.iter().map(|(word, dishes)| ((*word).to_owned(), *dishes));
    Figures {
        items,
        untagged,
        stations: stations.iter().map(|&name| name.to_owned()).collect(),
        unknown: Some(unknown.collect()),
    }
}

fn eight() -> Vec<Figures> {
    [60, 58, 64, 61, 55, 62, 59, 66]
        .map(|items| figures(items, items / 3, &STATIONS, &[("offered often", 4)]))
        .to_vec()
}

fn verdict(now: &Figures) -> Verdict {
    let history = eight();
    judge(now, &history.iter().collect::<Vec<_>>()).verdict
}

#[test]
fn each_way_of_changing_has_its_verdict() {
    let renamed: Vec<String> = STATIONS.iter().map(|name| format!("New {name}")).collect();
    let renamed: Vec<&str> = renamed.iter().map(String::as_str).collect();
    for (what, now, expected) in [
        ("as usual", figures(60, 20, &STATIONS, &[]), Verdict::Ok),
        ("a poor day", figures(45, 15, &STATIONS[..7], &[]), Verdict::Ok),
        ("a rich day", figures(90, 30, &STATIONS, &[]), Verdict::Ok),
        ("a known odd word", figures(60, 20, &STATIONS, &[("offered often", 30)]), Verdict::Ok),
        ("a new word on a dish", figures(60, 20, &STATIONS, &[("keto", 2)]), Verdict::Ok),
        ("a new word on many", figures(60, 20, &STATIONS, &[("keto", 9)]), Verdict::Watch),
        ("half of the stations", figures(60, 20, &STATIONS[..4], &[]), Verdict::Watch),
        ("and half of the dishes", figures(30, 10, &STATIONS[..4], &[]), Verdict::Drift),
        ("half of the dishes", figures(30, 10, &STATIONS, &[]), Verdict::Watch),
        ("fewer than a third", figures(19, 6, &STATIONS, &[]), Verdict::Drift),
        ("four times as many", figures(240, 80, &STATIONS, &[]), Verdict::Watch),
        ("other names", figures(60, 20, &renamed, &[]), Verdict::Drift),
        ("one station for all", figures(60, 20, &["Lunch"], &[]), Verdict::Drift),
        ("no tags", figures(60, 60, &STATIONS, &[]), Verdict::Drift),
        ("half of the tags", figures(60, 45, &STATIONS, &[]), Verdict::Watch),
    ] {
        assert_eq!(verdict(&now), expected, "{what}");
    }
}

#[test]
fn too_little_history_says_nothing() {
    let history = eight();
    let three: Vec<&Figures> = history.iter().take(3).collect();
    assert_eq!(judge(&Figures::default(), &three).verdict, Verdict::Ok);
    assert_eq!(judge_empty(9, &three).verdict, Verdict::Ok);
}

#[test]
fn a_meal_that_is_due_may_be_missing_once() {
    let history = eight();
    let history: Vec<&Figures> = history.iter().collect();
    let verdicts = [0, 1, 2, 3, 50].map(|reads| judge_empty(reads, &history).verdict);
    assert_eq!(
        verdicts,
        [Verdict::Ok, Verdict::Ok, Verdict::Watch, Verdict::Drift, Verdict::Drift]
    );
}

#[test]
fn words_are_new_only_where_the_old_ones_are_known() {
    let before: Vec<Figures> =
        eight().into_iter().map(|one| Figures { unknown: None, ..one }).collect();
    let now = figures(60, 20, &STATIONS, &[("keto", 30)]);
    assert_eq!(judge(&now, &before.iter().collect::<Vec<_>>()).verdict, Verdict::Ok);
}

fn day(lunch: u32, dinner: u32) -> BTreeMap<Meal, Figures> {
    let meals = [(Meal::Lunch, lunch), (Meal::Dinner, dinner)].into_iter();
    let meals = meals.filter(|(_, items)| *items > 0);
    meals.map(|(meal, items)| (meal, figures(items, 0, &STATIONS, &[]))).collect()
}

#[test]
fn only_what_would_take_most_of_a_good_copy_away_is_doubted() {
    let history = eight();
    let doubted = |(lunch, dinner), copy: (u32, u32), known: bool| -> Vec<(Meal, u32)> {
        let history = || if known { history.iter().collect() } else { Vec::new() };
        let (read, copy) = (day(lunch, dinner), day(copy.0, copy.1));
        doubts(&read, &copy, |_| history()).into_iter().collect()
    };
    let (good, none) = ((60, 60), Vec::<(Meal, u32)>::new());
    for known in [true, false] {
        assert_eq!(doubted((60, 60), good, known), none);
        assert_eq!(doubted((21, 60), good, known), none, "more than a third");
        assert_eq!(doubted((60, 19), good, known), [(Meal::Dinner, 19)]);
        assert_eq!(doubted((0, 60), good, known), [(Meal::Lunch, 0)]);
        assert_eq!(doubted((0, 0), good, known).len(), 2);
        assert_eq!(doubted((10, 10), (0, 0), known), none, "nothing to lose");
    }
    assert_eq!(doubted((9, 60), (15, 60), true), none, "believed before");
    assert_eq!(doubted((0, 60), (5, 60), false), none, "a shelf comes and goes");
}

#[test]
fn two_readings_agree_that_are_doubted_for_the_same() {
    let doubts = |list: &[(Meal, u32)]| -> Doubts { list.iter().cloned().collect() };
    let one = doubts(&[(Meal::Lunch, 12)]);
    assert!(agree(&one, &doubts(&[(Meal::Lunch, 12)])));
    assert!(agree(&one, &doubts(&[(Meal::Lunch, 15)])));
    assert!(!agree(&one, &doubts(&[(Meal::Lunch, 0)])));
    assert!(!agree(&one, &doubts(&[(Meal::Dinner, 12)])));
    assert!(!agree(&one, &doubts(&[(Meal::Lunch, 12), (Meal::Dinner, 3)])));
    assert!(agree(&doubts(&[(Meal::Lunch, 0)]), &doubts(&[(Meal::Lunch, 0)])));
}

fn any_figures() -> impl Strategy<Value = Figures> {
    let stations = prop::collection::btree_set("[a-f]{1,2}", 0..12);
    let unknown = prop::option::of(prop::collection::btree_map("[a-c]", 1_u32..50, 0..3));
    (0_u32..200, 0_u32..250, stations, unknown).prop_map(|(items, untagged, stations, unknown)| {
        Figures { items, untagged, stations: stations.into_iter().collect(), unknown }
    })
}

proptest! {
    #[test]
    fn whatever_the_figures_a_verdict_says_why_and_its_figures_are_finite(
        now in any_figures(), history in prop::collection::vec(any_figures(), 0..12)
    ) {
        let judgement = judge(&now, &history.iter().collect::<Vec<_>>());
        prop_assert_eq!(judgement.verdict == Verdict::Ok, judgement.signs.is_empty());
        let finite = judgement.signs.iter().all(|sign| sign.now.is_finite() && sign.usual.is_finite());
        prop_assert!(finite, "{:?}", judgement);
    }

    #[test]
    fn a_menu_that_is_like_all_before_it_is_fine(one in any_figures(), count in 0_usize..12) {
        let history = vec![&one; count];
        prop_assert_eq!(judge(&one, &history).verdict, Verdict::Ok);
    }

    #[test]
    fn a_menu_that_loses_dishes_and_nothing_else_is_never_thought_better_of(
        history in prop::collection::vec(any_figures(), 4..LOOK_BACK), more in 0_u32..100, less in 0_u32..100
    ) {
        let history: Vec<&Figures> = history.iter().collect();
        // Without tags and stations of its own, and never above the median.
        let Some(usual) = super::Usual::of(&history) else { return Ok(()) };
        let with = |items: u32| Figures { items, ..Figures::default() };
        prop_assume!(f64::from(more) <= usual.items && less <= more);
        let on_items = |items| {
            let signs = judge(&with(items), &history).signs.into_iter();
            signs.filter(|sign| sign.signal == super::Signal::Items).map(|sign| sign.is_strong).next()
        };
        prop_assert!(on_items(less) >= on_items(more));
    }
}
