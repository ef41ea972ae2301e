//! Is a reading to be believed against a good copy? Less is asked than of a verdict: only what would
//! take most of a menu away. What is doubted is asked for once more, and then believed.

use std::collections::BTreeMap;

use super::{Figures, MIN_ITEMS, THIRD, Usual};
use crate::meal::Meal;

/// What is doubted of a day: meals with how many dishes the reading gives them.
pub type Doubts = BTreeMap<Meal, u32>;

/// The meals of which the reading has less than a third of the usual dishes, or none, though the
/// copy is a good one. What is usual says the history; where there is too little of it, the copy.
pub fn doubts<'a>(
    read: &BTreeMap<Meal, Figures>,
    copy: &BTreeMap<Meal, Figures>,
    history: impl Fn(&Meal) -> Vec<&'a Figures>,
) -> Doubts {
    let mut doubts = Doubts::new();
    for (meal, good) in copy {
        let items = read.get(meal).map_or(0, |figures| figures.items);
        let copied = f64::from(good.items);
        let usual = Usual::of(&history(meal)).map_or(copied, |usual| usual.items);
        let is_little = |count: f64| count * THIRD < usual;
        // A copy that is as poor was believed before.
        if usual >= MIN_ITEMS && is_little(f64::from(items)) && !is_little(copied) {
            doubts.insert(meal.clone(), items);
        }
    }
    doubts
}

/// Whether two readings are doubted for the same: the same meals, about as many dishes in each. A
/// vendor that goes on editing need not write the same menu twice.
#[must_use]
pub fn agree(one: &Doubts, other: &Doubts) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((meal, count), (other_meal, other_count))| {
            let apart = count.abs_diff(*other_count);
            meal == other_meal && (apart <= 1 || apart * 4 <= *count.max(other_count))
        })
}
