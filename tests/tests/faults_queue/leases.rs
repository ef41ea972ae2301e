//! A lease has two halves, which are asked for at once: who gets one alone must not keep it.

use common::{
    hall::HallId,
    lease::{Asked, Leases},
    vendors::Document,
};
use tests::{Stack, eventually};

use super::{SECOND, redis_of};

#[tokio::test]
async fn who_gets_one_half_of_a_lease_lets_go_of_it() {
    let stack = Stack::wanted().apis(0).workers(0).start().await;
    let document = Document::Feed(HallId::Frary);
    let others = stack.database.store().locks();
    let leases = Leases::new(Some(redis_of(&stack)), Some(stack.database.store().locks()));
    let (key, lock) = ("lease:pomona:frary", format!("5c-menus lease {document}"));

    stack.write(redis::cmd("SET").arg(stack.key(key)).arg("somebody").arg("EX").arg(60)).await;
    assert!(matches!(leases.ask_at_once(document).await, Asked::Busy), "the key is another's");
    let held = eventually("the lock can be had", SECOND * 5, async || {
        others.ask(&lock).await.expect("Postgres")
    })
    .await;

    stack.write(redis::cmd("DEL").arg(stack.key(key))).await;
    assert!(matches!(leases.ask_at_once(document).await, Asked::Busy), "the lock is another's");
    assert!(!stack.keys().await.iter().any(|known| known == key), "the key can be had");

    drop(held);
    let lease = eventually("both can be had", SECOND * 5, async || {
        match leases.ask_at_once(document).await {
            Asked::Taken(lease) => Some(lease),
            Asked::Busy => None,
            Asked::Away => panic!("both stores are there"),
        }
    })
    .await;
    assert!(stack.keys().await.iter().any(|known| known == key), "the key is held");
    assert!(others.ask(&lock).await.expect("Postgres").is_none(), "and so is the lock");
    lease.release().await;
}
