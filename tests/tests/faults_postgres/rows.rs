//! Writes to Postgres that fail, come late, or of which nobody knows whether they happened.

use tests::{
    Load, OwnPostgres, Proxy, Stack, Trouble, dinners, eventually, lives, menu_path,
    stub::{Hall, Kind, Scope},
};

use super::{MS, SECOND, rows_of, warm};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p7_what_a_read_only_postgres_did_not_take_is_saved_when_it_takes_it() {
    let stack = Stack::start().await;
    let load = Load::of(&stack, &dinners(&stack, 1..4));
    warm(&stack, &load).await;
    rows_of(&stack, &dinners(&stack, 1..4), SECOND * 30).await;
    let name = stack.database.text("select current_database()::text").await;
    let read_only =
        |on: &str| format!("alter database {name} set default_transaction_read_only = {on}");
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
               where application_name = '5c-menus' and datname = current_database()";
    stack.database.run(&read_only("on")).await;
    stack.database.run(cut).await;
    let cold = dinners(&stack, 6..9);
    let cold_load = Load::of(&stack, &cold);
    let (hits, misses) = tokio::join!(load.lasting(SECOND), cold_load.at_once(2));
    hits.all_ok();
    misses.all_ok();
    assert_eq!(stack.database.number("select count(*) from menu_days").await, 12, "nothing new");
    let mut operator = stack.database.connect().await;
    for undo in ["set default_transaction_read_only = off", &read_only("off")] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(undo.to_owned())).execute(&mut operator).await.unwrap();
    }
    stack.database.run(cut).await;
    rows_of(&stack, &cold, SECOND * 30).await;
    assert_eq!(stack.vendor.total_reads(), 12 + 12, "no vendor was asked for that");
}

#[tokio::test]
async fn p8_a_save_of_which_nobody_knows_whether_it_happened_leaves_one_row() {
    let postgres = OwnPostgres::start().await;
    let line = Proxy::to(postgres.address()).await;
    let mut stack = Stack::wanted().postgres(postgres).workers(0).start().await;
    stack.for_workers("DATABASE_URL", &line.url(stack.database.url()));
    stack.add_worker();
    stack.somebody_works().await;
    // One of its values: of a statement that is prepared no more is sent than its name and those.
    line.set(Trouble::LoseAnswersTo("posted"));
    let key = dinners(&stack, 1..2)[0];
    lives(&stack, key).await;
    eventually("it is told that it is not known", SECOND * 5, async || {
        stack.workers[0].log().contains("not saved").then_some(())
    })
    .await;
    line.set(Trouble::None);
    rows_of(&stack, &[key], SECOND * 30).await;
    eventually("it is saved for good", SECOND * 30, async || {
        stack.workers[0].log().contains("saved after all").then_some(())
    })
    .await;
    assert_eq!(stack.database.number("select count(*) from menu_days").await, 1);
    let newest = "select count(*) from menus m join menu_days d using (hall_id, date)
                  where m.fetched_at <> d.fetched_at";
    assert_eq!(stack.database.number(newest).await, 0);
}

#[tokio::test]
async fn p9_a_save_that_comes_late_overwrites_nothing_newer() {
    let postgres = OwnPostgres::start().await;
    let line = Proxy::to(postgres.address()).await;
    let mut stack = Stack::wanted().postgres(postgres).workers(0).start().await;
    stack.for_workers("DATABASE_URL", &line.url(stack.database.url()));
    stack.add_worker();
    stack.somebody_works().await;
    let day = stack.weekday();
    let path = menu_path(Hall::Collins, day, "lunch");
    // The first worker reads; what it saves gets stuck on its way.
    stack.vendor.delay(Scope::All, 500 * MS);
    let (first, ()) = tokio::join!(stack.get(&path), async {
        eventually("the vendor is asked", SECOND * 5, async || {
            (!stack.vendor.journal().is_empty()).then_some(())
        })
        .await;
        line.set(Trouble::Hold);
    });
    assert_eq!(first.status, 200, "{first:?}");
    stack.is_idle().await;
    assert_eq!(stack.database.number("select count(*) from menus").await, 0);
    stack.workers[0].kill();
    // Another reads something newer, a second later at least: that is how finely reads are told apart.
    stack.vendor.post(Hall::Collins, day, Kind::Weekday, 7);
    let direct = stack.database.url().to_owned();
    stack.for_workers("DATABASE_URL", &direct);
    tokio::time::sleep(1100 * MS).await;
    stack.expire("menu:").await;
    stack.add_worker();
    lives(&stack, (Hall::Collins, day, "lunch")).await;
    let newest = stack.get(&path).await;
    assert_ne!(newest.json()["stations"], first.json()["stations"]);
    stack.is_idle().await;
    let stations = format!(
        "select stations::text from menus where hall_id = 'collins' and date = '{day}' and meal = 'lunch'"
    );
    let (asked, _) = line.bytes();
    line.set(Trouble::None);
    eventually("the late save arrives", SECOND * 5, async || {
        (line.bytes().0 > asked && line.open() == 0).then_some(())
    })
    .await;
    let saved: serde_json::Value =
        serde_json::from_str(&stack.database.text(&stations).await).unwrap();
    assert_eq!(saved, newest.json()["stations"]);
    assert_eq!(stack.get(&path).await.text, newest.text);
}
