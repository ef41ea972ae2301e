//! What is kept, and for how long.

use std::{future::ready, time::Duration};

use tokio::time::Instant;

use super::near_cache::{After, CAPACITY, NearCache, UNTRACKED, Weighs};

impl Weighs for &'static str {
    fn bytes(&self) -> usize {
        self.len()
    }

    fn after(&self) -> After {
        match *self {
            "none" => After::TakesBack,
            "failed" => After::Nothing,
            _ => After::StandsIn,
        }
    }
}

type Near = NearCache<u8, &'static str>;

fn found(value: &'static str, secs: u64) -> Option<(&'static str, Instant)> {
    Some((value, Instant::now() + Duration::from_secs(secs)))
}

#[tokio::test(start_paused = true)]
async fn what_was_found_is_kept_until_it_runs_out_or_is_written() {
    let near = Near::default();
    near.open(true);
    assert_eq!(near.fill(&1, ready(found("a", 60))).await, Some("a"));
    assert_eq!(near.get(&1), Some("a"));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(near.get(&1), None);
    assert_eq!(near.fill(&1, ready(found("b", 60))).await, Some("b"), "in its place");
    assert_eq!(near.get(&1), Some("b"));
    near.drop_key(&1);
    assert_eq!(near.get(&1), None);
    assert_eq!(near.fill(&1, ready(None)).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_is_written_during_the_look_is_not_kept() {
    let near = Near::default();
    near.open(true);
    for (at, write) in
        [Near::drop_all as fn(&Near), |near| near.drop_key(&1), |near| near.open(true)]
            .into_iter()
            .enumerate()
    {
        let look = async {
            let found = found("old", 60);
            write(&near);
            found
        };
        assert_eq!(near.fill(&1, look).await, Some("old"), "{at}");
        assert_eq!(near.get(&1), None, "{at}");
    }
    assert_eq!(near.fill(&1, ready(found("new", 60))).await, Some("new"));
    assert_eq!(near.get(&1), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn two_looks_at_once_are_both_answered() {
    let near = Near::default();
    near.open(true);
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let first = near.fill(&1, async {
        let _ = gone.await;
        found("first", 60)
    });
    tokio::pin!(first);
    assert!(tokio::time::timeout(Duration::ZERO, &mut first).await.is_err());
    assert_eq!(near.fill(&1, ready(found("second", 60))).await, Some("second"));
    go.send(()).unwrap();
    assert_eq!(first.await, Some("first"));
}

#[tokio::test(start_paused = true)]
async fn without_tracking_nothing_gets_old_and_without_a_line_nothing_is_kept() {
    let near = Near::default();
    near.fill(&1, ready(found("a", 600))).await;
    assert_eq!(near.get(&1), None, "closed at first");
    near.open(false);
    near.fill(&1, ready(found("a", 600))).await;
    tokio::time::advance(UNTRACKED - Duration::from_millis(1)).await;
    assert_eq!(near.get(&1), Some("a"));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(near.get(&1), None);
    near.fill(&1, ready(found("a", 600))).await;
    near.close();
    assert_eq!(near.get(&1), None);
}

#[tokio::test(start_paused = true)]
async fn it_is_bounded_by_bytes() {
    #[derive(Clone)]
    struct Large;
    impl Weighs for Large {
        fn bytes(&self) -> usize {
            1024 * 1024
        }
    }
    let near = NearCache::<u32, Large>::default();
    near.open(true);
    for key in 0..100 {
        let until = Instant::now() + Duration::from_secs(60);
        near.fill(&key, ready(Some((Large, until)))).await;
    }
    assert!(near.slots.weight() <= CAPACITY, "{}", near.slots.weight());
    assert!((0..100).any(|key| near.get(&key).is_some()));
}

const AGO: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_put_aside_for_a_while_and_no_longer() {
    let near = Near::default();
    near.open(true);
    near.fill(&1, ready(found("a", 60))).await;
    assert_eq!(near.ended(&1, AGO), None, "it has not");
    tokio::time::advance(Duration::from_secs(70)).await;
    near.fill(&1, ready(found("failed", 1))).await;
    assert_eq!(near.ended(&1, AGO), Some("a"), "a failure says nothing of it");
    tokio::time::advance(Duration::from_secs(50)).await;
    assert_eq!(near.ended(&1, AGO), None, "since its end, not since it was put aside");
    near.fill(&1, ready(found("b", 60))).await;
    near.drop_key(&1);
    tokio::time::advance(AGO - Duration::from_millis(1)).await;
    assert_eq!(near.ended(&1, AGO), Some("b"));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(near.ended(&1, AGO), None);
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_back_or_may_have_been_is_not_put_aside() {
    for (at, act) in [
        Near::drop_all as fn(&Near),
        Near::close,
        |near| near.open(true),
        |near| near.take_back(&1),
    ]
    .into_iter()
    .enumerate()
    {
        for is_aside in [false, true] {
            let near = Near::default();
            near.open(true);
            near.fill(&1, ready(found("a", 60))).await;
            if is_aside {
                near.drop_key(&1);
            }
            act(&near);
            near.drop_key(&1);
            assert_eq!(near.ended(&1, AGO), None, "{at}");
        }
    }
    let near = Near::default();
    near.open(true);
    near.fill(&1, ready(found("a", 60))).await;
    near.drop_key(&1);
    near.fill(&1, ready(found("none", 60))).await;
    assert_eq!(near.ended(&1, AGO), None, "the vendor has none any more");
    near.open(false);
    near.fill(&1, ready(found("a", 60))).await;
    near.drop_key(&1);
    assert_eq!(near.ended(&1, AGO), None, "nobody tells of writes");
}

#[tokio::test(start_paused = true)]
async fn what_is_put_aside_is_bounded() {
    let near = Near::default();
    near.open(true);
    let large: &'static str = "x".repeat(64 * 1024).leak();
    for key in 0..=u8::MAX {
        near.fill(&key, ready(found(large, 60))).await;
        near.drop_key(&key);
    }
    let aside = (0..=u8::MAX).filter(|key| near.ended(key, AGO).is_some()).count();
    assert!((16..=128).contains(&aside), "{aside} of 64 KiB in 8 MiB");
}
