//! The rows of the vocabulary. A vendor's words stand as the vendor writes them.

use super::{Kind, Label};

const MEAT: [&str; 4] = ["contains-beef", "contains-lamb", "contains-pork", "contains-poultry"];
const FOR_VEGETARIANS: [&str; 6] =
    ["contains-fish", "contains-shellfish", MEAT[0], MEAT[1], MEAT[2], MEAT[3]];
const FOR_VEGANS: [&str; 8] = [
    "contains-milk",
    "contains-egg",
    "contains-fish",
    "contains-shellfish",
    MEAT[0],
    MEAT[1],
    MEAT[2],
    MEAT[3],
];

/// All of them: diets, promises, allergens, ingredients.
pub const ALL: [Label; 38] = [
    diet("vegan", "Vegan")
        .said(&["isVegan"], &["Vegan"], &["Vegan"])
        .implying(&["vegetarian"])
        .ruling_out(&FOR_VEGANS),
    diet("vegetarian", "Vegetarian")
        .said(&["isVegetarian"], &["Vegetarian"], &["Vegetarian"])
        .ruling_out(&FOR_VEGETARIANS),
    // Not wheat: starch of wheat may be free of gluten, and harms those whom wheat itself harms.
    diet("gluten-free", "Gluten-free")
        .said(&["isGlutenFree"], &["Made without Gluten-Containing Ingredients"], &["Gluten Free"])
        .or_spelt(&["gluten-free"])
        .ruling_out(&["contains-gluten"]),
    diet("halal", "Halal").said(&[], &["Halal"], &["Halal"]),
    diet("kosher", "Kosher").said(&[], &["Kosher"], &["Kosher"]),
    diet("plant-based", "Plant-based")
        .said(&["isPlantBased"], &["Plant Based"], &[])
        .or_spelt(&["plant-based"]),
    promise("organic", "Organic").said(&[], &["Organic"], &["Organic"]),
    promise("humane", "Humanely raised").said(&[], &["Humane"], &["Humanely Raised"]),
    promise("local", "Local")
        .said(&[], &["Locally Crafted"], &["Local"])
        .or_spelt(&["locally sourced"]),
    promise("sustainable", "Sustainable").said(&[], &[], &["Sustainable"]),
    promise("seafood-watch", "Seafood Watch").said(&[], &["Seafood Watch"], &[]),
    promise("farm-to-fork", "Farm to Fork").said(&[], &["Farm to Fork"], &[]),
    promise("in-balance", "In Balance").said(&[], &["In Balance"], &[]),
    promise("mindful", "Mindful")
        .said(&["isMindful"], &[], &["Mindful Mondays"])
        .or_spelt(&["mindful", "mindful monday"]),
    allergen("contains-milk", "Contains milk")
        .said(&["Milk"], &["Milk", "Dairy"], &["Milk"])
        .or_spelt(&["dairy"]),
    allergen("contains-egg", "Contains egg")
        .said(&["Egg"], &["Egg", "Eggs"], &["Egg"])
        .or_spelt(&["eggs"]),
    allergen("contains-fish", "Contains fish").said(&["Fish"], &["Fish"], &["Fish"]),
    allergen("contains-shellfish", "Contains shellfish").said(
        &["Shellfish"],
        &["Shellfish"],
        &["Shellfish"],
    ),
    allergen("contains-peanut", "Contains peanuts")
        .said(&["Peanut"], &["Peanut", "Peanuts"], &["Peanut"])
        .or_spelt(&["peanuts"]),
    allergen("contains-tree-nut", "Contains tree nuts")
        .said(&["Tree Nut"], &["Tree Nut", "Tree Nuts"], &["Tree Nut"])
        .or_spelt(&["tree-nuts", "treenut", "treenuts"]),
    nut("contains-almond", "Contains almond").said(&[], &[], &["Tree Nut (Almond)"]),
    nut("contains-cashew", "Contains cashew").said(&[], &[], &["Tree Nut (Cashew)"]),
    nut("contains-chestnut", "Contains chestnut").said(&[], &[], &["Tree Nut (Chestnut)"]),
    nut("contains-coconut", "Contains coconut").said(&[], &[], &["Tree Nut (Coconut)"]),
    nut("contains-hazelnut", "Contains hazelnut").said(&[], &[], &["Tree Nut (Hazelnut)"]),
    nut("contains-macadamia-nut", "Contains macadamia nut").said(
        &[],
        &[],
        &["Tree Nut (Macadamia Nut)"],
    ),
    nut("contains-pecan", "Contains pecan").said(&[], &[], &["Tree Nut (Pecan)"]),
    nut("contains-pine-nut", "Contains pine nut").said(&[], &[], &["Tree Nut (Pine Nut)"]),
    nut("contains-pistachio", "Contains pistachio").said(&[], &[], &["Tree Nut (Pistachio)"]),
    nut("contains-walnut", "Contains walnut").said(&[], &[], &["Tree Nut (Walnut)"]),
    allergen("contains-soy", "Contains soy")
        .said(&["Soy"], &["Soy", "Soybeans"], &["Soy"])
        .or_spelt(&["soybean", "soybeans"]),
    allergen("contains-wheat", "Contains wheat")
        .said(&["Wheat"], &["Wheat", "Wheat/Gluten"], &["Wheat"])
        .implying(&["contains-gluten"]),
    allergen("contains-gluten", "Contains gluten").said(
        &["Gluten"],
        &["Gluten", "Wheat/Gluten"],
        &[],
    ),
    allergen("contains-sesame", "Contains sesame").said(&["Sesame"], &["Sesame"], &["Sesame"]),
    ingredient("contains-beef", "Contains beef").said(&[], &[], &["Contains Beef"]),
    ingredient("contains-lamb", "Contains lamb").said(&[], &[], &["Contains Lamb"]),
    ingredient("contains-pork", "Contains pork").said(&[], &[], &["Contains Pork"]),
    ingredient("contains-poultry", "Contains poultry").said(&[], &[], &["Contains Poultry"]),
];

const fn diet(id: &'static str, name: &'static str) -> Label {
    Label::new(Kind::Diet, id, name)
}

const fn promise(id: &'static str, name: &'static str) -> Label {
    Label::new(Kind::Promise, id, name)
}

const fn allergen(id: &'static str, name: &'static str) -> Label {
    Label::new(Kind::Allergen, id, name)
}

/// A tree nut, by the word of the vendor that names them one by one (coconut included).
const fn nut(id: &'static str, name: &'static str) -> Label {
    allergen(id, name).implying(&["contains-tree-nut"])
}

const fn ingredient(id: &'static str, name: &'static str) -> Label {
    Label::new(Kind::Ingredient, id, name)
}
