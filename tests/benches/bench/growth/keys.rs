//! Cost by the number of keys. Vendors are asked for sixteen days, so at most some 700 menus can be in
//! the cache; what grows without end is what Postgres keeps of the past, and what a Redis holds besides.
//! So twice: the same questions over stores that hold so many menus; and so many different menus asked
//! in turn, of which those outside of the sixteen days come from Postgres.

use std::{fmt::Write, path::PathBuf, time::Duration};

use chrono::{Days, NaiveDate};
use tests::{
    Answer, Stack, menu_path,
    stub::{Hall, Scope},
};

use crate::{
    crowd,
    field::{LOG, Target, in_turns},
    numbers::{Spread, grouped, short},
    report::{Line, Plot, Report},
    settings,
    wrk::Load,
};

const KEYS: [usize; 5] = [10, 100, 1_000, 10_000, 100_000];
const MEALS: [&str; 4] = ["breakfast", "lunch", "dinner", "late_night"];
const DELAY: Duration = Duration::from_millis(20);
const CONNECTIONS: usize = 64;
/// So many of the menus that are asked for are of days for which vendors are asked.
const WINDOW: usize = 14 * 28;
/// Who is read anew: each of these has a document for each day, and none has the hit that is measured.
const COLD: [Hall; 3] = [Hall::Hoch, Hall::Collins, Hall::Mcconnell];

/// What questions cost over stores that hold so many menus.
struct Cost {
    hit: [f64; 2],
    past: Spread,
    cold: Spread,
    spread: [f64; 3],
    redis_mb: f64,
    postgres_mb: f64,
}

pub(super) async fn measure(report: &mut Report) {
    let stack =
        Stack::wanted().own_redis().with("LOG", LOG).with("VENDOR_CONCURRENCY", 64).start().await;
    stack.vendor.delay(Scope::All, DELAY);
    // What is found in the past is searched elsewhere (`make test ARGS="--test search_year"`): here it
    // would be an index of millions of dishes, made by the worker while we measure.
    let quiet =
        ["menus", "menu_days"].map(|table| format!("alter table {table} disable trigger user;"));
    stack.database.run(&quiet.concat()).await;
    let hot = menu_path(Hall::Oldenborg, stack.weekday(), "lunch");
    let body = stack.get(&hot).await.text;
    let (mut held, mut costs) = (0, Vec::new());
    for keys in KEYS {
        fill(&stack, held, keys, &body).await;
        held = keys;
        costs.push(cost(&stack, keys, &hot).await);
    }
    tables(report, &costs, body.len());
    plots(report, &costs);
}

/// The menu with this number: all halls and meals of a day, then those of the day before it.
fn menu(today: NaiveDate, number: usize) -> (Hall, NaiveDate, &'static str) {
    let (of_day, ago) = (number % 28, number / 28);
    // Two days ago is the first for which no vendor is asked.
    let day = today.checked_sub_days(Days::new(2 + ago as u64)).expect("a day");
    (Hall::ALL[of_day % 7], day, MEALS[of_day / 7])
}

/// Puts menus with these numbers into both stores.
async fn fill(stack: &Stack, from: usize, until: usize, body: &str) {
    let mut redis = stack.redis().await;
    let today = stack.today();
    let mut pipe = redis::pipe();
    for number in from..until {
        let (hall, day, meal) = menu(today, number);
        let value = renamed(body, hall, day, meal);
        let key = stack.key(&format!("menu:{}:{day}:{meal}", hall.as_str()));
        pipe.cmd("SET").arg(key).arg(value).arg("EX").arg(3600).ignore();
        if number % 1000 == 999 || number + 1 == until {
            pipe.query_async::<()>(&mut redis).await.expect("entries");
            pipe.clear();
        }
    }
    let halls = Hall::ALL.map(|hall| format!("'{}'", hall.as_str())).join(", ");
    let meals = MEALS.map(|meal| format!("'{meal}'")).join(", ");
    let numbered = format!(
        "(select (array[{halls}])[1 + n % 28 % 7] as hall, (array[{meals}])[1 + n % 28 / 7] as meal,
                 date '{today}' - 2 - n / 28 as day
          from generate_series({from}, {until} - 1) as n) as numbered"
    );
    let days = format!(
        "insert into menu_days (hall_id, date, state, fetched_at, fresh_until, content_hash, menus_read_at)
         select distinct hall, day, 'posted', now(), now(), 1, now() from {numbered}
         on conflict do nothing"
    );
    // Of the same day, so that they count: a menu is worth what its day's last reading is worth.
    let menus = format!(
        "insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
         select d.hall_id, d.date, numbered.meal, one.stations, one.station_count, one.item_count, d.menus_read_at
         from {numbered} join menu_days d on d.hall_id = hall and d.date = day,
              (select * from menus where hall_id = 'oldenborg' and meal = 'lunch' order by date desc limit 1) as one"
    );
    // What is copied from is saved a moment after it is served.
    stack.is_idle().await;
    for statement in [&days, &menus, "vacuum analyze menus", "vacuum analyze menu_days"] {
        stack.database.run(statement).await;
    }
}

/// The same dishes under another name, so that it is an entry of ours.
fn renamed(body: &str, hall: Hall, day: NaiveDate, meal: &str) -> String {
    let (_, dishes) = body.split_once("\"stations\":").expect("stations");
    let hall = hall.as_str();
    format!("{{\"hall_id\":\"{hall}\",\"date\":\"{day}\",\"meal\":\"{meal}\",\"stations\":{dishes}")
}

async fn cost(stack: &Stack, keys: usize, hot: &str) -> Cost {
    let (http, api) = (crowd::stranger(), &stack.apis[0]);
    let mut past = Vec::new();
    for _ in 0..settings::times(300) {
        let (hall, day, meal) = menu(stack.today(), fastrand::usize(..keys));
        past.push(crowd::one(&http, &format!("{}{}", api.url(), menu_path(hall, day, meal))).await);
    }
    let cold = cold(stack, &http).await;
    // Whatever vendors are asked for is in the cache, and what is not served is known not to be.
    let window = paths(stack, WINDOW).into_iter().map(|path| format!("{}{path}", api.url()));
    crowd::at_once(&http, window.collect()).await;
    stack.is_idle().await;
    let (rounds, seconds) = (settings::times(3), settings::seconds(1));
    let mut hit = [Target::new("", format!("{}{hot}", api.url()), api.pid())];
    in_turns(&mut hit, rounds, Load::of(CONNECTIONS, seconds)).await;
    let script = script(&paths(stack, keys));
    let load = Load { script: Some(&script), negative: true, ..Load::of(CONNECTIONS, seconds) };
    let mut spread = [Target::new("", api.url().to_owned(), api.pid())];
    in_turns(&mut spread, rounds, load).await;
    let _ = std::fs::remove_file(&script);
    let [hit, spread] = [&hit[0], &spread[0]];
    let times = |answers: &[Answer]| Spread::of(answers.iter().map(|answer| answer.took));
    Cost {
        hit: [hit.median(|round| round.per_second), hit.median(|round| round.p50)],
        past: times(&past),
        cold,
        spread: [
            spread.median(|round| round.per_second),
            spread.median(|round| round.p50),
            spread.median(|round| round.p99),
        ],
        redis_mb: redis_mb(stack).await,
        postgres_mb: stack.database.number("select pg_database_size(current_database())").await
            as f64
            / 1e6,
    }
}

/// Cold menus one after the other, over the delay.
async fn cold(stack: &Stack, http: &reqwest::Client) -> Spread {
    // Only what vendors are asked for is made old: what fills the stores stays.
    let today = stack.today();
    stack.is_idle().await;
    let mut unlink = redis::cmd("UNLINK");
    for day in 0..15 {
        for hall in COLD {
            for meal in ["breakfast", "brunch", "lunch", "dinner", "late_night", "snack"] {
                unlink.arg(stack.key(&format!(
                    "menu:{}:{}:{meal}",
                    hall.as_str(),
                    stack.in_days(day)
                )));
            }
        }
    }
    stack.write(&unlink).await;
    let old = "update menu_days set fresh_until = now() - interval '1 second' where date >=";
    stack.database.run(&format!("{old} '{today}'")).await;
    let mut over = Vec::new();
    for turn in 0..settings::times(45) {
        let hall = COLD[turn % 3];
        let path = menu_path(hall, stack.in_days(turn as u64 / 3 % 15), "dinner");
        let answer = crowd::one(http, &format!("{}{path}", stack.apis[0].url())).await;
        over.push(answer.took.saturating_sub(DELAY));
    }
    Spread::of(over)
}

/// So many different menus: those of today and two weeks more first, which are in the cache, then those
/// of the past.
fn paths(stack: &Stack, count: usize) -> Vec<String> {
    let path = |number: usize| {
        let (of_day, day) = (number % 28, number / 28);
        if number < WINDOW {
            return menu_path(Hall::ALL[of_day % 7], stack.in_days(day as u64), MEALS[of_day / 7]);
        }
        let (hall, day, meal) = menu(stack.today(), number - WINDOW);
        menu_path(hall, day, meal)
    };
    (0..count).map(path).collect()
}

/// A script for `wrk` that asks for all of these in turn.
fn script(paths: &[String]) -> PathBuf {
    let mut list = String::new();
    for path in paths {
        let _ = writeln!(list, "\"{path}\",");
    }
    let file = std::env::temp_dir().join(format!("menus5c-{:016x}.lua", fastrand::u64(..)));
    // Put into words once, or the client would be slower than the server.
    let script = format!(
        "local paths = {{\n{list}}}
         local requests, at = {{}}, 0
         function init() for i, path in ipairs(paths) do requests[i] = wrk.format('GET', path) end end
         function request() at = at % #requests + 1; return requests[at] end
        "
    );
    std::fs::write(&file, script).expect("a script");
    file
}

async fn redis_mb(stack: &Stack) -> f64 {
    let info: String =
        redis::cmd("INFO").arg("memory").query_async(&mut stack.redis().await).await.expect("INFO");
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    line.and_then(|bytes| bytes.trim().parse::<f64>().ok()).unwrap_or_default() / 1e6
}

fn tables(report: &mut Report, costs: &[Cost], bytes: usize) {
    let rows = KEYS.iter().zip(costs).map(|(keys, cost)| {
        let [rate, p50] = cost.hit;
        vec![
            grouped(*keys as f64),
            grouped(rate),
            format!("{p50:.2}"),
            format!("{} / {}", short(cost.past.at(0.5)), short(cost.past.at(0.99))),
            format!("{} / {}", short(cost.cold.at(0.5)), short(cost.cold.at(0.99))),
            grouped(cost.redis_mb),
            grouped(cost.postgres_mb),
        ]
    });
    let note = format!(
        "Redis and Postgres hold so many menus of {} bytes besides; times in ms, p50 / p99 where there are two; a cold miss is over the delay of {} ms:",
        grouped(bytes as f64),
        DELAY.as_millis()
    );
    let head = [
        "menus held",
        "hits/s, 64 connections",
        "hit p50",
        "a day in the past",
        "a cold miss",
        "Redis MB",
        "Postgres MB",
    ];
    report.table("keys-held", note, &head, rows.collect());
    let rows = KEYS.iter().zip(costs).map(|(keys, cost)| {
        let [rate, p50, p99] = cost.spread;
        vec![grouped(*keys as f64), grouped(rate), short(p50), short(p99)]
    });
    let note = format!(
        "So many different menus asked in turn by {CONNECTIONS} connections; up to some 400 are in the cache, the others are days in the past, each a question to Postgres:"
    );
    report.table(
        "keys-asked",
        note,
        &["menus asked", "requests/s", "p50 ms", "p99 ms"],
        rows.collect(),
    );
}

fn plots(report: &mut Report, costs: &[Cost]) {
    let line = |name: &str, of: &dyn Fn(&Cost) -> f64| Line {
        name: name.to_owned(),
        points: KEYS.iter().zip(costs).map(|(keys, cost)| (*keys as f64, of(cost))).collect(),
    };
    let held = vec![
        line("a hit, 64 connections, p50", &|cost| cost.hit[1]),
        line("a day in the past, p50", &|cost| cost.past.at(0.5)),
        line("a cold miss over the delay, p50", &|cost| cost.cold.at(0.5)),
        line("a cold miss over the delay, p99", &|cost| cost.cold.at(0.99)),
    ];
    let asked = vec![line("p50", &|cost| cost.spread[1]), line("p99", &|cost| cost.spread[2])];
    for (name, title, x, lines) in [
        ("keys-held", "Cost by menus that the stores hold", "menus in Redis and in Postgres", held),
        ("keys-asked", "Cost by menus asked in turn, 64 connections", "different menus", asked),
    ] {
        let (name, title, x) = (name.to_owned(), title.to_owned(), x.to_owned());
        report.plots.push(Plot { name, title, x, y: "ms".to_owned(), lines });
    }
}
