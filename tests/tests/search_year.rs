//! A search takes no time over a year: 7 halls, 365 days, 3 meals of 40 items, made of some 4000
//! dishes, a quarter of them chicken. The real api is asked; its own queries are explained.

use std::time::Duration;

use chrono::{Days, NaiveDate};
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use tests::{Stack, asked_by_the_program};

/// What any machine must do, however busy. `docs/performance.md` has what a common one does.
const ENOUGH: Duration = Duration::from_millis(150);
/// Each search so many times.
const ROUNDS: usize = 3;

/// Until two weeks from today, with names put together of three words, and repeated as cooks do.
const YEAR: &str = r"
    create temporary table cook as
        select n, initcap(concat_ws(' ',
                   (array['roasted', 'grilled', 'braised', 'smoked', 'crispy', 'spicy', 'honey', 'lemon', 'garlic',
                          'maple', 'sesame', 'coconut', 'thai', 'harissa', 'miso', 'cajun', 'herbed', 'blackened',
                          'pesto', 'teriyaki', 'chipotle', 'rosemary', 'sweet'])[1 + n % 23],
                   (array['chicken', 'chicken', 'chicken', 'chicken', 'tofu', 'salmon', 'beef', 'pork', 'turkey', 'mushroom',
                          'eggplant', 'lentil', 'chickpea', 'zucchini', 'cauliflower', 'spinach'])[1 + n % 16],
                   (array['tikka masala', 'curry', 'pizza', 'stew', 'tacos', 'salad', 'sandwich', 'wrap', 'noodle bowl', 'soup',
                          'quesadilla', 'burger', 'lasagna', 'fried rice', 'skewers', 'enchiladas', 'pot pie', 'risotto',
                          'gnocchi', 'flatbread', 'omelet', 'hash', 'meatballs', 'ramen', 'casserole', 'chili', 'stir fry',
                          'panini', 'dumplings'])[1 + (n / 16) % 29])) as name,
               case when n % 3 <> 0 then concat_ws(' ', 'with',
                   (array['brown rice', 'mashed potatoes', 'green beans', 'crème fraîche', 'pico de gallo', 'chicken gravy',
                          'black beans', 'toasted almonds', 'roasted corn', 'parmesan'])[1 + n % 10], 'and',
                   (array['cilantro', 'basil', 'lime', 'scallions', 'thyme', 'paprika', 'ginger'])[1 + n % 7]) end as description,
               (select jsonb_agg(tag) from unnest(array['vegan', 'vegetarian', 'gluten-free', 'halal', 'contains-milk', 'contains-egg',
                          'contains-wheat', 'contains-soy', 'contains-tree-nut', 'local', 'mindful']) with ordinality as one (tag, k)
                where (n * k) % 7 < 2) as tags
        from generate_series(0, 3999) as n;
    create unique index on cook (n); analyze cook;

    insert into menu_days
    select h.id, day::date, 'posted', day + interval '18 hours', day + interval '18.5 hours', 1, day + interval '18 hours'
    from halls h, generate_series(current_date - 349, current_date + 15, interval '1 day') as day;

    insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
    select h.id, day::date, meal, (
               select jsonb_agg(jsonb_build_object('name', 'Station ' || station, 'items', items) order by station)
               from (select 1 + place / 5 as station,
                            jsonb_agg(jsonb_build_object('name', name, 'description', description, 'tags', coalesce(tags, '[]'))) as items
                     from generate_series(0, 39) as place
                     join cook on n = (hashtext(h.id || day || meal || place) & 1073741823) % 4000
                     group by 1) as own),
           8, 40, day + interval '18 hours'
    from halls h, generate_series(current_date - 349, current_date + 15, interval '1 day') as day,
         unnest(array['breakfast', 'lunch', 'dinner']) as meal;
    analyze;";

/// Words to look for: common, rare, two and more, begun, mistyped, of descriptions, of nothing.
const WORDS: [&str; 28] = [
    "chicken",
    "pizza",
    "curry",
    "tofu",
    "rice",
    "with",
    "chicken tikka",
    "lentil soup",
    "Smoked Salmon Ramen",
    "roasted chicken pot pie",
    "pizz",
    "ch",
    "c",
    "mush",
    "que",
    "chiken tikka",
    "quesedilla",
    "lasanga",
    "egplant parmesan",
    "mushrom risoto",
    "creme fraiche",
    "toasted almonds",
    "gnocchi",
    "blackened spinach",
    "zzzz",
    "sauerbraten",
    "chicken chicken chicken",
    "1/2",
];

// One test, as the year takes longer to make than all that is asked of it.
#[tokio::test]
async fn no_search_over_a_year_takes_long_or_reads_it_from_end_to_end() {
    let stack = Stack::wanted().workers(0).start().await;
    stack.database.run(YEAR).await;
    stack.database.index_menus().await;
    stack.database.run("vacuum analyze").await; // as the server does by itself in a year
    is_found_by_indexes(&stack).await;
    takes_no_time(&stack).await;
}

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "that is what a test does")]
async fn takes_no_time(stack: &Stack) {
    let (year_ago, today) =
        (stack.today().checked_sub_days(Days::new(340)).unwrap(), stack.today());
    let mut paths = Vec::new();
    for words in WORDS {
        let path = format!("/api/v2/items?q={}", words.replace(' ', "+"));
        for filter in [
            String::new(),
            format!("&from={year_ago}"),
            format!("&from={year_ago}&limit=100&diet=vegetarian&exclude_allergen=milk,egg"),
            format!("&from={year_ago}&hall_id=oldenborg&meal=dinner"),
            format!("&from={year_ago}&to={today}&meal=snack"),
        ] {
            let first = format!("{path}{filter}");
            let next = stack.get(&first).await.json()["next_cursor"].as_str().map(str::to_owned);
            paths.extend(next.map(|next| format!("{first}&cursor={next}")));
            paths.push(first);
        }
    }
    assert!(paths.len() > WORDS.len() * 6, "pages follow on: {}", paths.len());

    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        for path in &paths {
            let answer = stack.get(path).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            took.push((answer.took, path));
        }
    }
    took.sort();
    let at = |part: usize| took[took.len() * part / 100].0;
    eprintln!("{} searches: p50 {:?}, p90 {:?}, p99 {:?}", took.len(), at(50), at(90), at(99));
    for (took, path) in took.iter().rev().step_by(ROUNDS).take(10) {
        eprintln!("{took:?} {path}");
    }
    assert!(at(99) < ENOUGH, "p99 {:?}", at(99));
}

#[expect(clippy::unwrap_used, reason = "that is what a test does")]
async fn is_found_by_indexes(stack: &Stack) {
    let mut link = stack.database.connect().await;
    // What the function that finds dishes sets for itself.
    let settings =
        "set jit = off; set enable_seqscan = off; set pg_trgm.word_similarity_threshold = 0.4";
    link.execute(settings).await.unwrap();
    let from = stack.today().checked_sub_days(Days::new(340)).unwrap();
    for words in ["chicken", "chiken tikka", "zzzz"] {
        let plan = plan(&mut link, "search_dishes", Asked { words, from, ids: &[] }).await;
        eprintln!("{words}\n{plan}\n");
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
    link.execute("set enable_seqscan = on").await.unwrap();
    let ids = |sql: &'static str| {
        let link = stack.database.connect();
        async move { sqlx::query_scalar::<_, Vec<i64>>(sql).fetch_one(&mut link.await).await.unwrap() }
    };
    let few = ids("select array_agg(id) from dishes where name like '%Tikka Masala' and name like '%Chicken%'").await;
    let many = ids("select array_agg(id) from dishes where name like '%Chicken%'").await;
    assert!(few.len() < 200 && many.len() > 500, "{} {}", few.len(), many.len());
    for (question, ids) in [("found.rank > $7", &few), ("dish_id + 0 = any", &many)] {
        let plan = plan(&mut link, question, Asked { words: "", from, ids }).await;
        eprintln!("{question}\n{plan}\n");
        assert!(!plan.contains("Seq Scan"), "{plan}");
    }
}

struct Asked<'a> {
    words: &'a str,
    from: NaiveDate,
    ids: &'a [i64],
}

#[expect(clippy::unwrap_used, reason = "that is what a test does")]
async fn plan(link: &mut PgConnection, question: &str, asked: Asked<'_>) -> String {
    let query = match question {
        "search_dishes" => {
            let body = "select prosrc from pg_proc where proname = 'search_dishes'";
            let body: String = sqlx::query_scalar(body).fetch_one(&mut *link).await.unwrap();
            body.replace("(words)", "($1)")
        }
        _ => asked_by_the_program(question),
    };
    let explain = AssertSqlSafe(format!("explain (analyze, timing off) {query}"));
    let (no_day, no_text, no_number) = (None::<NaiveDate>, None::<&str>, None::<i16>);
    let asked = match question {
        "search_dishes" => sqlx::query(explain).bind(asked.words),
        "found.rank > $7" => sqlx::query(explain)
            .bind(asked.ids)
            .bind(vec![0_i16; asked.ids.len()])
            .bind(asked.from)
            .bind(no_day)
            .bind(no_text)
            .bind(no_text)
            .bind(no_number)
            .bind(no_day)
            .bind(no_text)
            .bind(no_number)
            .bind(no_text)
            .bind(None::<i32>)
            .bind(21_i64),
        _ => sqlx::query(explain)
            .bind(asked.ids)
            .bind(0_i16)
            .bind(asked.from)
            .bind(no_day)
            .bind(no_text)
            .bind(no_text)
            .bind(no_day)
            .bind(no_text)
            .bind(no_number)
            .bind(no_text)
            .bind(None::<i32>)
            .bind(21_i64),
    };
    let lines = asked.fetch_all(link).await.unwrap();
    let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
    lines.join("\n")
}
