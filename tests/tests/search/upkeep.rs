//! What can be found is kept in step with the menus that count, and costs a save nothing.

use std::time::Duration;

use common::meal::Meal;
use tests::{Metrics, Stack, eventually, stub::Hall};

use crate::{alone, names, save};

/// Every row with its place in the table and the transaction that wrote it.
async fn rows(stack: &Stack) -> String {
    let rows = |table: &str| {
        format!(
            "select coalesce(string_agg(ctid::text || xmin::text, ' ' order by ctid), '') from {table}"
        )
    };
    let items = stack.database.text(&rows("menu_items")).await;
    items + &stack.database.text(&rows("dishes")).await
}

#[tokio::test]
async fn a_menu_that_does_not_count_is_not_found() {
    let stack = alone().await;
    save(&stack, "hoch", stack.today(), "lunch", &["Red Soup"]).await;
    save(&stack, "hoch", stack.today(), "dinner", &["Red Stew"]).await;
    assert_eq!(names(&stack, "q=red").await, ["Red Soup", "Red Stew"]);
    for (change, found) in [
        ("update menu_days set state = 'not_posted'", vec!["Red Soup", "Red Stew"]),
        ("update menu_days set state = 'closed', menus_read_at = null", vec![]),
        (
            "update menu_days set state = 'posted', menus_read_at = '2026-02-09T19:02:11Z'",
            vec!["Red Soup", "Red Stew"],
        ),
        ("update menus set fetched_at = now() where meal = 'lunch'", vec!["Red Stew"]),
        (
            "update menu_days set menus_read_at = (select fetched_at from menus where meal = 'lunch')",
            vec!["Red Soup"],
        ),
        (
            "update menus set fetched_at = (select menus_read_at from menu_days)",
            vec!["Red Soup", "Red Stew"],
        ),
        ("delete from menus where meal = 'lunch'", vec!["Red Stew"]),
        ("delete from menu_days", vec![]),
    ] {
        stack.database.run(change).await;
        assert_eq!(names(&stack, "q=red").await, found, "{change}");
    }
    stack.database.index_menus().await;
    let left = "select (select count(*) from menu_items) + (select count(*) from dishes)";
    assert_eq!(stack.database.number(left).await, 0, "a dish goes with its last item");
}

#[tokio::test]
async fn a_menu_that_is_read_again_as_it_was_touches_nothing() {
    let stack = Stack::start().await;
    let day = stack.weekday();
    for hall in [Hall::Hoch, Hall::Collins, Hall::Frank] {
        assert_eq!(stack.menu(hall, day, "dinner").await.status, 200);
    }
    stack.is_indexed().await;
    let (before, reads) = (rows(&stack).await, "select count(*) from fetch_runs");
    let first = stack.database.number(reads).await;
    assert!(before.len() > 1000, "{before}");
    stack.grow_old().await;
    for hall in [Hall::Hoch, Hall::Collins, Hall::Frank] {
        stack.menu(hall, day, "dinner").await;
    }
    stack.is_indexed().await;
    assert_eq!(stack.database.number(reads).await, first * 2, "it was read again");
    assert_eq!(rows(&stack).await, before);
}

#[tokio::test]
async fn while_it_fails_that_is_said_once_and_it_goes_on_when_it_can() {
    let stack = Stack::wanted().with("METRICS_ADDR", "127.0.0.1:0").start().await;
    let said = |text: &str| stack.workers[0].log().matches(text).count();
    let (soon, series) =
        (Duration::from_secs(20), "menus5c_upkeep_failures_total{task=\"search\"}");
    stack.database.run("alter table menus_to_index rename to put_away").await;
    eventually("it fails again and again", soon, async || {
        (Metrics::of(&stack.workers[0]).await.value(series) >= 3.0).then_some(())
    })
    .await;
    assert_eq!((said("upkeep fails"), said("upkeep works again")), (1, 0));
    stack.database.run("alter table put_away rename to menus_to_index").await;
    assert_eq!(stack.menu(Hall::Hoch, stack.weekday(), "lunch").await.status, 200);
    stack.is_indexed().await;
    eventually("that it works is said", soon, async || {
        (said("upkeep works again") == 1).then_some(())
    })
    .await;
    assert_eq!(said("upkeep fails"), 1);
    assert!(stack.database.number("select count(*) from menu_items").await > 0);
}

#[tokio::test]
async fn a_menu_that_takes_too_long_keeps_no_other_from_being_found() {
    let stack = Stack::start().await;
    // One dish takes longer than a statement may; a batch of the others would as well.
    let slow = "create function slow_down() returns trigger language plpgsql as $$ begin
                    perform pg_sleep(case when new.name like 'Endless%' then 60 when new.name like 'Heavy%' then 0.25 else 0 end);
                    return new;
                end $$;
                create trigger slow_down before insert on dishes for each row execute function slow_down();";
    stack.database.run(slow).await;
    let menu = |meal: usize, dish: &str| {
        format!(
            "insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
             values ('hoch', '{}', 'feast_{meal}', '[{{\"items\": [{{\"name\": \"{dish} {meal}\"}}]}}]', 1, 1, '2026-02-09T19:02:11Z');",
            stack.today()
        )
    };
    let day = format!(
        "insert into menu_days values ('hoch', '{}', 'posted', '2026-02-09T19:02:11Z', now(), 1, '2026-02-09T19:02:11Z');",
        stack.today()
    );
    stack.database.run(&(day + &menu(0, "Endless"))).await;
    stack.database.run(&(1..=12).map(|meal| menu(meal, "Heavy")).collect::<String>()).await;
    eventually("all others are searchable", Duration::from_secs(60), async || {
        let there =
            "select count(*) from menu_items join dishes on id = dish_id where name like 'Heavy%'";
        (stack.database.number(there).await == 12).then_some(())
    })
    .await;
    let waits = "select count(*) from menus_to_index where meal = 'feast_0' and since > now()";
    assert_eq!(stack.database.number(waits).await, 1, "it has its time");
    let said = format!("menu:hoch:{}:feast_0", stack.today());
    let log = stack.workers[0].log();
    assert_eq!(log.matches("put off").count(), 1, "{log}");
    assert!(log.contains(&said), "{log}");

    stack
        .database
        .run("drop trigger slow_down on dishes; update menus_to_index set since = now()")
        .await;
    stack.is_indexed().await;
    assert_eq!(
        stack.database.number("select count(*) from dishes where name = 'Endless 0'").await,
        1
    );
}

#[tokio::test]
async fn a_dish_that_changes_leaves_the_others_alone() {
    let stack = alone().await;
    save(&stack, "hoch", stack.today(), "lunch", &["Red Soup", "Red Stew", "Red Rice"]).await;
    let ids = "select string_agg(id::text, ' ' order by name) from dishes where name <> 'Red Stew'";
    let before = stack.database.text(ids).await;
    let change =
        "update menus set stations = jsonb_set(stations, '{0,items,1,name}', '\"Blue Stew\"')";
    stack.database.run(change).await;
    assert_eq!(names(&stack, "q=red").await, ["Red Soup", "Red Rice"]);
    assert_eq!(names(&stack, "q=stew").await, ["Blue Stew"]);
    let ids = ids.replace("Red Stew", "Blue Stew");
    assert_eq!(stack.database.text(&ids).await, before);
    stack.database.run("update menus set stations = stations #- '{0,items,0}'").await;
    assert_eq!(names(&stack, "q=red").await, ["Red Rice"]);
    assert_eq!(stack.database.number("select count(*) from dishes").await, 2);
}

#[tokio::test]
async fn any_shape_is_saved_and_what_is_no_dish_is_left_out() {
    let stack = alone().await;
    let long = "x".repeat(3000);
    for (meal, stations) in [
        ("a", "null".to_owned()),
        ("b", "\"text\"".to_owned()),
        ("c", "{\"items\": 1}".to_owned()),
        ("d", "[1, null, [], {\"name\": 5}, {\"items\": {}}]".to_owned()),
        ("e", "[{\"items\": [1, null, {}, {\"name\": null}, {\"name\": 7}, {\"name\": \"Odd One\"}]}]".to_owned()),
        ("f", "[{\"name\": {}, \"items\": [{\"name\": \"Odd Two\", \"description\": [1], \"tags\": \"vegan\"}]}]".to_owned()),
        ("g", format!("[{{\"items\": [{{\"name\": \"Odd {long}\", \"tags\": [1, null, \"b\", \"a\", \"b\"]}}]}}]")),
    ] {
        let read = "'2026-02-09T19:02:11Z'::timestamptz";
        let date = stack.today();
        stack
            .database
            .run(&format!(
                "insert into menu_days values ('hoch', '{date}', 'posted', {read}, {read}, 1, {read}) on conflict do nothing;
                 insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
                 values ('hoch', '{date}', '{meal}', '{stations}', 1, 1, {read})"
            ))
            .await;
    }
    assert_eq!(stack.database.number("select count(*) from menus").await, 7);
    let met = names(&stack, "q=odd").await;
    assert_eq!(met[..2], ["Odd One", "Odd Two"]);
    assert_eq!((met.len(), met[2].len()), (3, 500));
    let tags = stack.database.text("select tags::text from dishes where name like 'Odd x%'").await;
    assert_eq!(tags, "{a,b}");
}

#[tokio::test]
async fn meals_stand_in_the_order_of_a_day() {
    let stack = alone().await;
    let meals = [
        "zebra_buffet",
        "late_night",
        "dinner",
        "snack",
        "lunch",
        "brunch",
        "breakfast",
        "a_feast",
    ];
    for meal in meals {
        save(&stack, "hoch", stack.today(), meal, &[&format!("Toast {meal}")]).await;
    }
    let mut expected: Vec<String> = Meal::OF_A_DAY.iter().map(Meal::to_string).collect();
    expected.extend(["a_feast", "zebra_buffet"].map(str::to_owned));
    let met = names(&stack, "q=toast").await;
    let met: Vec<&str> = met.iter().filter_map(|name| name.strip_prefix("Toast ")).collect();
    assert_eq!(met, expected);
}
