//! A lease has two halves, which are asked for at once: who gets one alone must not keep it.

use common::{
    entry::MenuKey,
    hall::HallId,
    lease::{Asked, FreshCopy, Leases},
    meal::Meal,
    vendors::Document,
};
use sqlx::Executor as _;
use tests::{Stack, eventually};

use super::{SECOND, redis_of};

#[tokio::test]
async fn who_gets_one_half_of_a_lease_lets_go_of_it() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    let document = Document::Feed(HallId::Frary);
    let others = stack.database.store().locks();
    let leases = Leases::new(Some(redis_of(&stack)), Some(stack.database.store().locks()));
    let menu = MenuKey { hall: HallId::Frary, date: stack.weekday(), meal: Meal::Lunch };
    let ask = async || leases.ask_at_once(document, &menu).await.0;
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

async fn asked(leases: &Leases, document: Document, menu: &MenuKey, copy: FreshCopy) -> Asked {
    let (asked, said) = leases.ask_at_once(document, menu).await;
    assert_eq!(said, copy);
    asked
}
