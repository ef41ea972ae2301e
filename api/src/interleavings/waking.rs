//! Requests, a worker, the line to Redis and its loss, each a thread. Whoever waits is woken by a call:
//! no look at a clock saves him here, and there is no end of his patience, so one lost wake-up leaves
//! him asleep when nobody else can go on, which shuttle calls a deadlock.

use std::collections::VecDeque;

use common::{entry::MenuKey, line::LineEvent};
use shuttle::{
    check_pct, check_random,
    future::block_on,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

use super::waiters::Waiters;

/// What is played, and which rule is broken on purpose.
#[derive(Clone, Copy, Default)]
struct Game {
    requests: usize,
    /// Others who register and go away again.
    leavers: usize,
    /// The line is lost once, and comes back.
    loses_line: bool,
    /// Broken: the look that decides to wait comes before the registration.
    looks_first: bool,
    /// Broken: the worker says that the entry is there before it is.
    says_first: bool,
    /// Broken: nobody is woken when the line is back.
    comes_back_in_silence: bool,
}

fn key() -> MenuKey {
    "menu:hoch:2026-02-09:lunch".parse().unwrap()
}

/// Redis: what it holds, and what is on its way from it.
#[derive(Default)]
struct Held {
    entry: bool,
    job: bool,
    /// Whether it sends on the line, and what is under way there.
    subscribed: bool,
    under_way: VecDeque<LineEvent>,
    over: bool,
}

#[derive(Clone)]
struct World {
    game: Game,
    waiters: Waiters,
    redis: Arc<(Mutex<Held>, Condvar)>,
}

impl World {
    fn new(game: Game) -> Self {
        let waiters = Waiters::default();
        waiters.hear(&LineEvent::Up { tracking: true });
        let held = Held { subscribed: true, ..Held::default() };
        Self { game, waiters, redis: Arc::new((Mutex::new(held), Condvar::new())) }
    }

    /// A command or a script: nothing comes between.
    fn redis(&self) -> MutexGuard<'_, Held> {
        self.redis.0.lock().unwrap()
    }

    /// Waits until there is something, or the game is over.
    fn until<T>(&self, some: impl Fn(&mut Held) -> Option<T>) -> Option<T> {
        let (_, changed) = &*self.redis;
        let mut held = self.redis();
        loop {
            match some(&mut held) {
                Some(found) => return Some(found),
                None if held.over => return None,
                None => held = changed.wait(held).unwrap(),
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.redis());
        self.redis.1.notify_all();
    }

    /// As `read_through::fly` does it.
    fn request(&self) {
        if self.game.looks_first {
            self.looks();
        }
        let mut interest = self.waiters.register(&key());
        let mut asleep = self.game.looks_first;
        while asleep || !self.looks() {
            block_on(interest.called());
            asleep = false;
        }
    }

    /// Whether the entry is there; if not, a job is pushed, where there is none.
    fn looks(&self) -> bool {
        let found = self.redis().entry;
        if !found {
            self.change(|held| held.job = true);
        }
        found
    }

    /// Entry and word of it in one step, as `put.lua` does it; or in two, in the wrong order.
    fn work(&self) {
        let Some(()) = self.until(|held| held.job.then_some(())) else { return };
        let say = |held: &mut Held| {
            if held.subscribed {
                held.under_way.push_back(LineEvent::Said(key().to_string()));
            }
        };
        if self.game.says_first {
            self.change(say);
        }
        self.change(|held| {
            held.entry = true;
            if !self.game.says_first {
                say(held);
            }
        });
    }

    /// The task that reads the line.
    fn read_line(&self) {
        while let Some(event) = self.until(|held| held.under_way.pop_front()) {
            self.waiters.hear(&event);
        }
    }

    /// Lost with all that is under way; heard of; subscribed again; heard of.
    fn lose_line(&self) {
        self.change(|held| {
            held.subscribed = false;
            held.under_way.clear();
        });
        self.waiters.hear(&LineEvent::Down);
        self.change(|held| held.subscribed = true);
        if !self.game.comes_back_in_silence {
            self.waiters.hear(&LineEvent::Up { tracking: true });
        }
    }

    fn play(&self) {
        let start = |act: fn(&Self)| {
            let world = self.clone();
            thread::spawn(move || act(&world))
        };
        let mut passing = vec![start(Self::work), start(Self::read_line)];
        passing.extend(self.game.loses_line.then(|| start(Self::lose_line)));
        let leave: fn(&Self) = |world| drop(world.waiters.register(&key()));
        passing.extend((0..self.game.leavers).map(|_| start(leave)));
        let requests: Vec<_> = (0..self.game.requests).map(|_| start(Self::request)).collect();
        for request in requests {
            request.join().unwrap();
        }
        self.change(|held| held.over = true);
        for other in passing {
            other.join().unwrap();
        }
        assert_eq!(self.waiters.keys().len(), 0, "nothing stays behind");
    }
}

/// In orders drawn at random, and in orders of few changes, which find what is rare.
fn play(game: Game) {
    check_random(move || World::new(game).play(), 2_000);
    check_pct(move || World::new(game).play(), 2_000, 3);
}

#[test]
fn nobody_sleeps_for_ever_whatever_comes_between() {
    play(Game { requests: 2, leavers: 1, ..Game::default() });
    play(Game { requests: 3, leavers: 2, loses_line: true, ..Game::default() });
}

#[test]
#[should_panic(expected = "deadlock")]
fn who_looks_before_he_registers_sleeps_for_ever() {
    play(Game { requests: 1, looks_first: true, ..Game::default() });
}

#[test]
#[should_panic(expected = "deadlock")]
fn word_before_the_entry_leaves_somebody_asleep() {
    play(Game { requests: 1, says_first: true, ..Game::default() });
}

#[test]
#[should_panic(expected = "deadlock")]
fn a_line_that_comes_back_in_silence_leaves_somebody_asleep() {
    play(Game { requests: 1, loses_line: true, comes_back_in_silence: true, ..Game::default() });
}
