//! A year of figures is added up in no time: each question of the dashboard, as the program asks it,
//! over 7 halls, 365 days, 3 meals of 40 dishes, and a read of each hall every half hour.

use std::time::Duration;

use chrono::{Days, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};
use tests::{Stack, asked_by_the_program};

/// What any machine must do. `docs/performance.md` has what a common one does: below 50 ms.
const ENOUGH: Duration = Duration::from_millis(250);

/// One year to today, with tags and stations that differ from menu to menu. Its 300 000 dishes are
/// all different, which no search has to bear: they are kept out of it.
const YEAR: &str = r"
    alter table menus disable trigger user;

    insert into menu_days
    select h.id, day::date, 'posted', day + interval '18 hours', day + interval '18.5 hours', 1, day + interval '18 hours'
    from halls h, generate_series(current_date - 364, current_date, interval '1 day') as day;

    insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
    select h.id, day::date, meal, (
               select jsonb_agg(jsonb_build_object(
                   'name', 'Station ' || (station + length(meal) + length(h.id)) % 12,
                   'items', (
                       select jsonb_agg(jsonb_build_object(
                           'name', 'Dish ' || md5(random()::text || station || item),
                           'description', md5(random()::text || h.id || day),
                           'tags', (
                               select coalesce(jsonb_agg('tag-' || tag), '[]')
                               from generate_series(1, 20) as tag
                               where (tag * 7 + item * 3 + station * 5 + length(h.id || meal) + extract(doy from day)) % 6 = 0)))
                       from generate_series(1, 5) as item)))
               from generate_series(1, 8) as station),
           8, 40, day + interval '18 hours'
    from halls h, generate_series(current_date - 364, current_date, interval '1 day') as day,
         unnest(array['breakfast', 'lunch', 'dinner']) as meal;

    insert into fetch_runs (vendor, document, hall_id, reason, state, started_at, finished_at, http_status, bytes, meals, items, skipped)
    select h.vendor_type, h.id || ':' || at::date, h.id, 'miss',
           case when random() < 0.05 then 'failed' when random() < 0.2 then 'changed' else 'unchanged' end,
           at, at + random() * interval '2 seconds', 200, 10000, 3, 120, 0
    from halls h, generate_series(now() - interval '365 days', now(), interval '30 minutes') as at;

    analyze;";

#[tokio::test]
async fn no_question_takes_long_over_a_year() {
    let stack = Stack::wanted().workers(0).start().await;
    stack.database.run(YEAR).await;
    let mut link = stack.database.connect().await;
    // A table that grew over a year was vacuumed many times; a fresh one pays for its first reading.
    link.execute("vacuum").await.unwrap();
    link.execute("set jit = off").await.unwrap();
    for question in ["station_rows as (", "m.tag_names", "from fetch_runs\n"] {
        let plan = plan(&mut link, &asked_by_the_program(question)).await;
        let took = plan.iter().find_map(|line| line.strip_prefix("Execution Time: ")).unwrap();
        eprintln!("{question:?}: {took}\n{}\n", plan.join("\n"));
        let took: f64 = took.trim_end_matches(" ms").parse().unwrap();
        assert!(took < ENOUGH.as_secs_f64() * 1000.0, "{question:?}: {took} ms");
    }

    let answer = stack.get("/api/v2/stats/dashboard?days=365").await;
    eprintln!("the whole answer: {:?}, {} bytes", answer.took, answer.text.len());
    let all = answer.json();
    let overview = &all["overview"];
    // What was read today and is dated in UTC may still be yesterday's to the halls, never more.
    assert!(overview["items"].as_u64().unwrap() >= 7 * 364 * 3 * 40, "{overview}");
    assert!(overview["fetches"].as_u64().unwrap() >= 7 * 364 * 48, "{overview}");
    assert_eq!(
        (all["by_tag"].as_array().unwrap().len(), all["by_station"].as_array().unwrap().len()),
        (20, 50)
    );
    assert!(answer.took < ENOUGH * 4, "{:?}", answer.took);
}

#[expect(clippy::unwrap_used, reason = "that is what a test does")]
async fn plan(link: &mut PgConnection, query: &str) -> Vec<String> {
    let today: NaiveDate = Utc::now().date_naive();
    let question = AssertSqlSafe(format!("explain (analyze, timing off, costs off) {query}"));
    let asked = sqlx::query(question)
        .bind(today.checked_sub_days(Days::new(364)).unwrap())
        .bind(today)
        .bind("America/Los_Angeles");
    let asked = match query.contains("$5") {
        true => asked.bind(Utc::now()).bind(50_i64),
        false if query.contains("$4") => asked.bind(100_i64),
        false => asked,
    };
    let lines = asked.fetch_all(link).await.unwrap();
    lines.iter().map(|line| line.get(0)).collect()
}
