//! A lease has two halves, which are asked for at once: who gets one alone must not keep it.

use common::{
    entry::MenuKey,
    hall::HallId,
    lease::{Asked, FreshCopy, Leases},
    meal::Meal,
    vendors::Document,
};
use futures::future::join_all;
use sqlx::Executor as _;
use tests::{Stack, eventually, stub::Hall};

use super::{SECOND, redis_of};

#[tokio::test]
async fn who_gets_one_half_of_a_lease_lets_go_of_it() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    let document = Document::Feed(HallId::Frary);
    let others = stack.database.store().locks();
    let leases = Leases::new(Some(redis_of(&stack)), Some(stack.database.store().locks()));
    let menu = MenuKey { hall: HallId::Frary, date: stack.weekday(), meal: Meal::Lunch };
    let ask = async || Box::pin(leases.ask_at_once(document, &menu)).await.0;
    let (key, lock) = ("lease:pomona:frary", format!("5c-menus lease {document}"));

    stack.write(redis::cmd("SET").arg(stack.key(key)).arg("somebody").arg("EX").arg(60)).await;
    assert!(matches!(ask().await, Asked::Busy), "the key is another's");
    let held = eventually("the lock can be had", SECOND * 5, async || {
        others.ask(&lock).await.expect("Postgres")
    })
    .await;

    stack.write(redis::cmd("DEL").arg(stack.key(key))).await;
    assert!(matches!(ask().await, Asked::Busy), "the lock is another's");
    assert!(!stack.keys().await.iter().any(|known| known == key), "the key can be had");

    drop(held);
    let lease = eventually("both can be had", SECOND * 5, async || match ask().await {
        Asked::Taken(lease) => Some(lease),
        Asked::Busy => None,
        Asked::Away => panic!("both stores are there"),
    })
    .await;
    assert!(stack.keys().await.iter().any(|known| known == key), "the key is held");
    assert!(others.ask(&lock).await.expect("Postgres").is_none(), "and so is the lock");
    lease.release().await;
}

#[tokio::test]
async fn a_table_that_cannot_be_read_keeps_nobody_from_a_lease_and_costs_no_other() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    let document = Document::Feed(HallId::Frary);
    let menu = MenuKey { hall: HallId::Frary, date: stack.weekday(), meal: Meal::Lunch };
    let locks = stack.database.store().locks();
    let others = stack.database.store().locks();
    let leases = Leases::new(Some(redis_of(&stack)), Some(locks.clone()));
    let held = locks.ask("held before").await.expect("Postgres").expect("free");

    let mut keeper = stack.database.connect().await;
    keeper.execute("begin; lock table menu_days in access exclusive mode").await.unwrap();
    let Asked::Taken(lease) = asked(&leases, document, &menu, FreshCopy::Unknown).await else {
        panic!("nobody else has it");
    };
    let lock = format!("5c-menus lease {document}");
    assert!(others.ask(&lock).await.expect("Postgres").is_none(), "with both of its halves");
    assert!(others.ask("held before").await.expect("Postgres").is_none(), "the session goes on");
    keeper.execute("commit").await.unwrap();

    lease.release().await;
    let free = eventually("it is given back whole", SECOND * 5, async || {
        others.ask(&lock).await.expect("Postgres")
    })
    .await;
    drop((free, held));
}

/// What many ask for at once is one question to Postgres.
#[tokio::test]
async fn locks_that_are_wanted_at_once_are_had_by_one_each() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    let (locks, others) = (stack.database.store().locks(), stack.database.store().locks());
    let theirs = others.ask("theirs").await.expect("Postgres").expect("free");
    let held = locks.ask("held").await.expect("Postgres").expect("free");
    let names = ["one", "two", "one", "theirs", "three", "held"];
    let ask = || join_all(names.map(async |name| locks.ask(name).await.expect("Postgres")));

    let given = ask().await;
    let had: Vec<bool> = given.iter().map(Option::is_some).collect();
    assert_eq!(had, [true, true, false, false, true, false]);
    for name in names {
        assert!(others.ask(name).await.expect("Postgres").is_none(), "{name}");
    }

    drop((given, theirs, held));
    eventually("each can be had again", SECOND * 5, async || {
        let had = ask().await.iter().filter(|lock| lock.is_some()).count();
        (had == 5).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_asks_beside_others_is_told_of_a_fresh_copy_of_his_own_day() {
    let stack = Stack::start().await;
    let (known, other) = (stack.in_days(1), stack.in_days(2));
    assert_eq!(stack.menu(Hall::Collins, known, "dinner").await.status, 200);
    stack.is_idle().await;
    let leases = Leases::new(None, Some(stack.database.store().locks()));
    let days = [
        (HallId::Collins, known, FreshCopy::There),
        (HallId::Collins, other, FreshCopy::NotThere),
        (HallId::Malott, known, FreshCopy::NotThere),
    ];
    let asked = days.map(async |(hall, date, copy)| {
        let menu = MenuKey { hall, date, meal: Meal::Dinner };
        asked(&leases, Document::Day(hall, date), &menu, copy).await
    });
    for asked in join_all(asked).await {
        assert!(matches!(asked, Asked::Taken(_)));
    }
}

async fn asked(leases: &Leases, document: Document, menu: &MenuKey, copy: FreshCopy) -> Asked {
    let (asked, said) = leases.ask_at_once(document, menu).await;
    assert_eq!(said, copy);
    asked
}
