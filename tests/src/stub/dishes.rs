//! Dishes of our own invention, by course. Every menu of the stub is picked from this table.

use std::sync::LazyLock;

/// One invented dish and all that is known of it.
#[derive(Debug)]
pub(crate) struct Dish {
    pub(crate) name: &'static str,
    /// What a menu may say below the name; may be empty.
    pub(crate) about: &'static str,
    pub(crate) course: &'static str,
    facts: Vec<&'static str>,
}

impl Dish {
    /// Whether the dish is so ("vegan") or contains this ("milk").
    pub(crate) fn is(&self, fact: &str) -> bool {
        self.facts.contains(&fact)
    }
}

static DISHES: LazyLock<Vec<Dish>> = LazyLock::new(|| {
    let mut course = "";
    let mut dishes = Vec::new();
    for line in TABLE.lines() {
        if let Some(next) = line.strip_prefix("# ") {
            course = next;
        } else if let [name, about, facts] = line.splitn(3, '|').collect::<Vec<_>>()[..] {
            let facts = facts.split_whitespace().collect();
            dishes.push(Dish { name: name.trim(), about: about.trim(), course, facts });
        }
    }
    dishes
});

/// The dishes of these courses, in the table's order.
pub(crate) fn of_courses(courses: &[&str]) -> Vec<&'static Dish> {
    DISHES.iter().filter(|dish| courses.contains(&dish.course)).collect()
}

/// `name | description | diets and what it contains`.
const TABLE: &str = "
# morning
Sunrise Scramble | soft eggs with chives | vegetarian gluten-free halal egg milk
Foothill Frittata | spinach, leek and farmer cheese | vegetarian gluten-free egg milk local
Cinnamon Swirl French Toast || vegetarian egg milk wheat
Buttermilk Silver Dollars | small pancakes, warm syrup | vegetarian egg milk wheat
Maple Turkey Links || gluten-free humane poultry
Crisp Breakfast Potatoes | onion, paprika, sea salt | vegan gluten-free
Steel-Cut Oats | brown sugar and raisins on the side | vegan mindful
Tofu Garden Scramble | turmeric, kale, tomato | vegan gluten-free soy mindful
Green Chile Egg Cups | baked in the cup | vegetarian gluten-free egg milk
Thick-Cut Pepper Bacon || gluten-free pork
Ruby Yam Skillet | black beans, poblano | vegan gluten-free local
Biscuits & Mushroom Gravy | thyme gravy, flaky biscuits | vegetarian milk wheat
Apple Chia Porridge | almond milk, toasted seeds | vegan almond
Corn Griddle Cakes || vegetarian egg milk wheat
Huevos Verdes | crisp tortilla, tomatillo | vegetarian gluten-free egg milk
Chorizo Potato Tacos | warm corn tortillas | gluten-free pork
# bakery
Orange Poppy Muffin || vegetarian egg milk wheat
Blueberry Oat Scone | glazed | vegetarian egg milk wheat
Seeded Country Loaf | baked here each morning | vegan wheat sesame
Banana Walnut Bread || vegetarian egg wheat walnut
Plain Morning Bagel || vegan wheat
Vegan Zucchini Loaf | no egg, no dairy | vegan wheat
Almond Twist || vegetarian egg milk wheat almond
Rosemary Focaccia | olive oil, flaky salt | vegan wheat
Cardamom Bun || vegetarian egg milk wheat
Corn & Honey Muffin | local honey | vegetarian egg milk wheat local
# main
Lemon Herb Chicken Thighs | roasted with thyme and garlic | gluten-free halal humane poultry
Slow-Braised Short Rib | red wine, root vegetables | beef local
Miso Glazed Cod | ginger, scallion | fish soy seafood-watch wheat
Citrus Pork Shoulder | twelve hours, orange and bay | gluten-free pork
Lentil Shepherd's Pie | mashed potato top | vegetarian milk
Chickpea Spinach Curry | coconut, mild | vegan gluten-free halal mindful
Baked Penne Pomodoro | basil, provolone | vegetarian milk wheat
Sesame Tofu Stir-Fry | snow peas, bell pepper | vegan soy sesame wheat
Turkey Meatloaf | tomato glaze | poultry egg wheat
Eggplant Stack | house marinara | vegetarian egg milk wheat
Shrimp & Corn Grits | smoked paprika | shellfish milk seafood-watch
Moroccan Lamb Tagine | apricot, cinnamon | gluten-free halal lamb
Mushroom Stroganoff | egg noodles, dill | vegetarian egg milk wheat
Chicken Tinga | chipotle, onion | gluten-free halal poultry
Black Bean Enchiladas | two to a plate | vegetarian gluten-free milk
Peanut Noodle Bowl | lime, cilantro, cucumber | vegan peanut soy wheat
Butter Chicken | tomato cream | gluten-free halal poultry milk
Roast Salmon with Dill || gluten-free fish seafood-watch mindful
Mac & Three Cheeses | crumb top | vegetarian milk wheat
Stuffed Poblano | rice, corn, cotija | vegetarian gluten-free milk
Harissa Cauliflower Steak | tahini drizzle | vegan gluten-free sesame mindful
# side
Garlic Green Beans || vegan gluten-free local
Nutty Brown Rice || vegan gluten-free mindful
Roasted Rainbow Carrots | cumin, lemon | vegan gluten-free organic local
Mashed Yukon Potatoes | butter and cream | vegetarian gluten-free milk
Cilantro & Lime Rice || vegan gluten-free
Charred Broccolini | chili flake | vegan gluten-free mindful
Parsley Orzo || vegetarian milk wheat
Braised Greens | apple vinegar | vegan gluten-free organic
Coconut Basmati || vegan gluten-free halal
Sweet Corn Succotash || vegan gluten-free
Roasted Beets & Citrus | mint | vegan gluten-free local
Refried Pinto Beans || vegan gluten-free
Sauteed Zucchini || vegan gluten-free
Creamed Spinach || vegetarian milk wheat
# grill
Campus Cheeseburger | brioche bun, pickles | beef milk wheat egg
Garden Veggie Burger | lettuce, tomato | vegan soy wheat
Oregano Chicken Fillet | lemon, oregano | gluten-free halal humane poultry
Crinkle Fries || vegan
Turkey Patty Melt | rye, onions | poultry milk wheat
Sweet Onion Rings || vegetarian milk wheat
Beef Frank in a Bun || beef wheat
Grilled Cheese on Sourdough || vegetarian milk wheat
Falafel Wrap | pickled turnip, tahini | vegan wheat sesame
Fish Sandwich | slaw, lemon | fish milk egg wheat
Chili Lime Corn Cob || vegan gluten-free
Bratwurst with Peppers || pork wheat
Chicken Tenders & Ranch || poultry milk egg wheat
Black Bean Quesadilla || vegetarian milk wheat
# pizza
Margherita Square | basil, fresh mozzarella | vegetarian milk wheat
Pepperoni Slice || pork milk wheat
Roasted Garlic White Pie || vegetarian milk wheat
Pesto & Tomato Slice | pine nut pesto | vegetarian milk wheat pine-nut
Vegan Mushroom Pie | cashew cream | vegan wheat cashew
Barbecue Chicken Pizza || poultry milk wheat
Four Cheese Calzone || vegetarian milk wheat
Hawaiian Slice | ham, pineapple | pork milk wheat
Gluten Free Cheese Pizza || vegetarian gluten-free milk
Spinach & Artichoke Pie || vegetarian milk wheat
# soup
Tomato Basil Bisque || vegetarian gluten-free milk
Chicken & Wild Rice Soup || gluten-free poultry
Golden Lentil Soup | cumin, lemon | vegan gluten-free mindful
Clam Chowder || shellfish milk wheat
Smoked Black Bean Pot || vegan gluten-free
Miso Broth with Tofu || vegan soy
Minestrone | small pasta, beans | vegan wheat
Barley & Beef Kettle || beef wheat
Roasted Squash Soup | sage | vegan gluten-free local
Turkey Chili || gluten-free poultry
# salad
Garden Lettuces || vegan gluten-free organic local
Caesar with Crisp Crumbs || egg milk fish wheat
Quinoa Tabbouleh || vegan gluten-free mindful
Cucumber & Dill Salad || vegetarian gluten-free milk
Kale Apple Slaw || vegan gluten-free
Wheat Berry Salad | cranberry, pecan | vegan wheat pecan
Potato & Mustard Salad || vegetarian gluten-free egg
Greek Village Salad || vegetarian gluten-free milk
Sesame Noodle Salad || vegan soy sesame wheat
Three Bean Salad || vegan gluten-free
Watermelon & Mint || vegan gluten-free local
Farro with Roasted Roots || vegan wheat mindful
# dessert
Fudge Brownie || vegetarian egg milk wheat
Raisin Oat Round || vegetarian egg wheat
Lemon Olive Oil Cake || vegetarian egg wheat
Vegan Chocolate Cupcake || vegan soy wheat
Rice Pudding | cinnamon | vegetarian gluten-free milk
Peach Crumble || vegetarian milk wheat local
Peanut Butter Bar || vegetarian peanut milk wheat
Fresh Fruit Cup || vegan gluten-free
Coconut Macaroon || vegetarian gluten-free egg coconut
Soft Serve Vanilla || vegetarian gluten-free milk
Snickerdoodle || vegetarian egg milk wheat
# bowl
Build a Burrito Bowl | beans, rice, three salsas | vegan gluten-free
Ramen Bar | wheat noodles, egg, greens | egg soy wheat sesame
Island Tuna Bowl | tuna, seaweed, rice | fish soy sesame seafood-watch
Pasta to Order | two sauces nightly | vegetarian milk wheat
Stir-Fry Station | tofu or chicken | soy poultry wheat
Gyro Plate | lamb, cucumber yogurt | lamb milk wheat halal
Bibimbap | fried egg, kimchi | egg soy sesame
Taco Bar | carnitas or mushrooms | gluten-free pork
Omelets to Order || gluten-free egg milk
Sushi Rolls | avocado and cucumber | vegan gluten-free sesame
Loaded Potato Counter || vegetarian gluten-free milk
Pho with Rice Noodles || gluten-free beef fish
# deli
Hickory Turkey Slices || gluten-free poultry
Rare Roast Slices || gluten-free beef
Black Forest Ham || gluten-free pork
Lemon Tuna Spread || gluten-free fish egg
Hummus & Veggie Wrap || vegan wheat sesame
Alpine Cheese Slices || vegetarian gluten-free milk
Sharp Cheddar || vegetarian gluten-free milk
Ciabatta Roll || vegan wheat
Caprese Panini || vegetarian milk wheat
Turkey Pesto Panini | walnut pesto | poultry milk wheat walnut
Dill Egg Spread || vegetarian gluten-free egg
# standing
Tender Spinach Leaves || vegan gluten-free
Cherry Tomatoes || vegan gluten-free
Shredded Carrots || vegan gluten-free
Sliced Cucumber || vegan gluten-free
Garbanzo Beans || vegan gluten-free
Feta Crumbles || vegetarian gluten-free milk
Hard-Cooked Eggs || vegetarian gluten-free egg
Sunflower Seeds || vegan gluten-free
Rye Crumb Cubes || vegetarian wheat milk
House Balsamic Drizzle || vegan gluten-free
Creamy Ranch || vegetarian gluten-free egg milk
Crunchy Corn Petals || vegan
Granola Clusters | oats, honey, almonds | vegetarian almond
Greek Yogurt || vegetarian gluten-free milk
Whole Wheat Toast || vegan wheat
Stone-Ground Peanut Spread || vegan gluten-free peanut
Strawberry Jam || vegan gluten-free
Whipped Soft Cheese || vegetarian gluten-free milk
Orange Wedges || vegan gluten-free
Whole Bananas || vegan gluten-free
Chilled Oat Drink || vegan
Campus Ketchup ||
House Hot Sauce || vegan gluten-free
Bright Mustard ||
Dark Soy Drops || vegan soy wheat
Sliced Red Onion || vegan gluten-free
Pickled Jalapenos || vegan gluten-free
Purple Olive Halves || vegan gluten-free
Sweet Dried Berries || vegan
Toasted Almonds || vegan gluten-free almond
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dish_is_in_one_course_has_its_own_name_and_known_facts() {
        let known = "vegan vegetarian gluten-free halal organic humane local seafood-watch mindful \
                     milk egg wheat soy fish shellfish peanut sesame almond walnut cashew pecan \
                     pine-nut coconut beef pork poultry lamb";
        let known: Vec<&str> = known.split_whitespace().collect();
        let mut names: Vec<&str> = DISHES.iter().map(|dish| dish.name).collect();
        names.sort_unstable();
        assert!(names.len() >= 150 && names.windows(2).all(|pair| pair[0] != pair[1]));
        for dish in DISHES.iter() {
            assert!(!dish.course.is_empty() && !dish.name.is_empty());
            for fact in &dish.facts {
                assert!(known.contains(fact), "{}: {fact}", dish.name);
            }
        }
    }
}
