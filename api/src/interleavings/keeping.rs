//! What is looked up while it is written, or while the line changes: in every order.

use std::time::Duration;

use shuttle::{
    check_dfs, check_random,
    future::{block_on, yield_now},
    sync::{Arc, Mutex},
    thread,
};
use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, advance},
};

use super::near_cache::{After, NearCache, UNTRACKED, Weighs};

/// Which edition it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edition(u8);

impl Weighs for Edition {
    fn bytes(&self) -> usize {
        1
    }

    fn after(&self) -> After {
        After::StandsIn
    }
}

/// What Redis holds of the one key, and what a process keeps of it.
#[derive(Clone)]
struct World {
    redis: Arc<Mutex<Edition>>,
    near: Arc<NearCache<u8, Edition>>,
}

impl World {
    /// Writes are told of.
    fn new() -> Self {
        let near = NearCache::default();
        near.open(true);
        Self { redis: Arc::new(Mutex::new(Edition(1))), near: Arc::new(near) }
    }

    fn look(&self) {
        let found = async {
            let found = *self.redis.lock().unwrap();
            // The answer is on its way.
            yield_now().await;
            Some((found, Instant::now() + Duration::from_secs(600)))
        };
        block_on(self.near.fill(&1, found));
    }

    fn start(&self, act: fn(&Self)) -> thread::JoinHandle<()> {
        let world = self.clone();
        thread::spawn(move || act(&world))
    }

    /// Looks of requests, and what happens beside them; then what is kept.
    fn play(&self, looks: usize, beside: fn(&Self)) -> Option<Edition> {
        let mut acts: Vec<_> = (0..looks).map(|_| self.start(Self::look)).collect();
        acts.push(self.start(beside));
        for act in acts {
            act.join().unwrap();
        }
        assert_eq!(self.near.get(&1), self.near.peek(&1));
        self.near.get(&1)
    }
}

/// At a time that stands still: one look in every order, two in orders drawn at random.
fn always(game: fn(&Runtime, usize)) {
    let still = move |looks| {
        let time = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let _entered = time.enter();
        game(&time, looks);
    };
    check_dfs(move || still(1), None);
    check_random(move || still(2), 2_000);
}

#[test]
fn what_is_written_while_it_is_looked_up_is_not_kept_as_it_was() {
    always(|_, looks| {
        let kept = World::new().play(looks, |world| {
            *world.redis.lock().unwrap() = Edition(2);
            world.near.drop_key(&1);
        });
        assert_ne!(kept, Some(Edition(1)));
    });
}

#[test]
fn what_is_looked_up_while_the_line_is_lost_and_back_is_what_is_there() {
    always(|_, looks| {
        let kept = World::new().play(looks, |world| {
            world.near.close();
            *world.redis.lock().unwrap() = Edition(2);
            world.near.open(true);
        });
        assert_ne!(kept, Some(Edition(1)));
    });
}

#[test]
fn what_is_looked_up_while_the_line_is_lost_is_not_kept() {
    always(|_, looks| assert_eq!(World::new().play(looks, |world| world.near.close()), None));
}

#[test]
fn what_is_looked_up_while_writes_are_told_of_no_more_gets_not_old() {
    always(|time, looks| {
        let world = World::new();
        world.play(looks, |world| world.near.open(false));
        time.block_on(advance(UNTRACKED));
        assert_eq!(world.near.get(&1), None);
    });
}

#[test]
fn what_is_taken_back_while_it_is_looked_up_is_not_put_aside() {
    always(|_, looks| {
        let world = World::new();
        let kept = world.play(looks, |world| {
            *world.redis.lock().unwrap() = Edition(2);
            world.near.take_back(&1);
        });
        assert_ne!(kept, Some(Edition(1)));
        assert_ne!(world.near.ended(&1, UNTRACKED), Some(Edition(1)));
    });
}
