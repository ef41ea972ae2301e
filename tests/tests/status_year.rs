//! A verdict and the status page cost little over a year of menus: each question, as the program asks
//! it, goes along an index.
#![expect(clippy::unwrap_used, reason = "that is what a test does")]

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, TimeDelta, Utc};
use sqlx::{
    AssertSqlSafe, Executor, PgConnection, Postgres, Row, postgres::PgArguments, query::Query,
};
use tests::{Stack, asked_by_the_program, figures_by_the_migration};

/// What any machine must do, however busy. `docs/performance.md` has what a common one does.
const ENOUGH: Duration = Duration::from_millis(250);

/// A year to a week ahead: menus, what was thought of them, reads, and two days of changes.
const YEAR: &str = r#"
    alter table menus disable trigger user;
    alter table menu_days disable trigger user;

    insert into menu_days
    select h.id, day::date, 'posted', day + interval '18 hours', now() + interval '10 minutes', 1, day + interval '18 hours'
    from halls h, generate_series(current_date - 364, current_date + 7, interval '1 day') as day;

    insert into menus (hall_id, date, meal, stations, station_count, item_count, fetched_at)
    select h.id, day::date, meal, (
               select jsonb_agg(jsonb_build_object(
                   'name', 'Station ' || station,
                   'items', (
                       select jsonb_agg(jsonb_build_object(
                           'name', 'Dish ' || (station * 100 + item), 'description', null,
                           'tags', case when item % 3 = 0 then '[]'::jsonb else '["vegan"]'::jsonb end))
                       from generate_series(1, 5) as item)))
               from generate_series(1, 8) as station),
           8, 40, day + interval '18 hours'
    from halls h, generate_series(current_date - 364, current_date + 7, interval '1 day') as day,
         unnest(array['breakfast', 'lunch', 'dinner']) as meal;

    insert into menu_verdicts
    select hall_id, date, meal, 0, '[]', 0, fetched_at from menus where date >= current_date - 3;

    insert into drift_states
    select distinct on (hall_id, meal) hall_id, meal, 0, '[]'::jsonb, date, fetched_at from menus;

    insert into menu_changes
    select h.id, current_date + ahead, 'lunch', now() - ago * interval '10 minutes', 3, 1,
           array['Soup', 'Rice', 'Tofu'], array['Stew']
    from halls h, generate_series(0, 288) as ago, generate_series(0, 2) as ahead;

    insert into alerts (kind, event, made_at, next_try_at, ended_at, outcome)
    select 'drift', '{}', now(), now(), now(), 'delivered' from generate_series(1, 2000);

    insert into fetch_runs (vendor, document, hall_id, reason, state, started_at, finished_at, http_status, bytes, meals, items, skipped, error_class)
    select h.vendor_type, h.vendor_type || ':' || h.id || ':' || at::date, h.id, 'miss',
           case when n % 20 = 0 then 'failed' else 'unchanged' end, at,
           at + random() * interval '2 seconds', case when n % 20 = 0 then 503 else 200 end, 10000, 3,
           120, 0, case when n % 20 = 0 then 'status_5xx' end
    from halls h, generate_series(now() - interval '365 days', now(), interval '30 minutes')
         with ordinality as run (at, n);

    analyze;"#;

type Question<'q> = Query<'q, Postgres, PgArguments>;

/// Asks, along indexes alone, and tells how long it took in milliseconds. Verdicts and changes are not
/// looked at: they are kept for days, and fit into a few pages.
async fn ask<'q>(
    link: &mut PgConnection,
    text: &str,
    bind: impl FnOnce(Question<'q>) -> Question<'q>,
) -> f64 {
    let asked = asked_by_the_program(text);
    let question = AssertSqlSafe(format!("explain (analyze, timing off, costs off) {asked}"));
    let lines = bind(sqlx::query(question)).fetch_all(link).await.unwrap();
    let lines: Vec<String> = lines.iter().map(|line| line.get(0)).collect();
    let plan = lines.join("\n");
    for table in ["menus", "menu_days", "menu_figures", "fetch_runs", "alerts"] {
        let sequential = plan.lines().any(|line| line.contains(&format!("Seq Scan on {table} ")));
        assert!(!sequential, "{table}: {plan}");
    }
    let took = lines.iter().find_map(|line| line.strip_prefix("Execution Time: ")).unwrap();
    eprintln!("{text:?}: {took}\n{plan}\n");
    let took: f64 = took.trim_end_matches(" ms").parse().unwrap();
    assert!(took < ENOUGH.as_secs_f64() * 1000.0, "{text:?}: {took} ms");
    took
}

#[tokio::test]
async fn no_question_of_verdicts_and_status_reads_a_whole_year() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    stack.database.run(YEAR).await;
    let started = Instant::now();
    stack.database.run(&figures_by_the_migration()).await;
    eprintln!("the migration fills the figures of a year in {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    stack.database.run("analyze").await;

    let mut link = stack.database.connect().await;
    link.execute("set jit = off").await.unwrap();
    link.execute("set plan_cache_mode = force_custom_plan").await.unwrap();
    let now = Utc::now();
    let today: NaiveDate = now.date_naive();
    let day = |offset: i64| today.checked_add_signed(TimeDelta::days(offset)).unwrap();
    let filled = stack.database.number("select count(*) from menu_figures").await;
    assert!(filled >= 7 * 112 * 3, "{filled}");

    // A feed: sixteen days at once, and all that they are compared with.
    ask(&mut link, "left join menu_figures f", |asked| {
        asked.bind("frary").bind(day(-113)).bind(day(-1)).bind(day(14))
    })
    .await;
    ask(&mut link, "order by h.id, d.date, m.meal", |asked| asked.bind(day(0)).bind(day(6))).await;
    ask(&mut link, "with run as materialized", |asked| {
        asked.bind(now.checked_sub_days(Days::new(1)).unwrap()).bind(now - TimeDelta::hours(1))
    })
    .await;
    ask(&mut link, "order by changed_at desc", |asked| {
        asked.bind(now.checked_sub_days(Days::new(2)).unwrap()).bind(100_i64)
    })
    .await;
    ask(&mut link, "set tries = tries + 1", |asked| asked.bind(30.0_f64)).await;
}
