//! Every order in which a request, a worker and the line to Redis can get into each other's way, with
//! the real [`Waiters`]. Whoever waits is woken by a call: no look at a clock saves him here, and
//! there is no end of his patience, so one lost wake-up leaves him asleep when all else is over.
//!
//! A step is what nothing can come between: a call of [`Waiters`] (under its lock), a command or a
//! script of Redis. What happens within a step is not shown here: the lock is the standard library's,
//! the channel tokio's.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use common::{entry::MenuKey, line::LineEvent};

use super::{Interest, Waiters};

/// What is played, and which rule is broken on purpose.
#[derive(Clone, Copy, Default)]
struct Game {
    requests: usize,
    /// Somebody else who registers and goes away again.
    leaver: bool,
    /// The line is lost once, and comes back.
    loses_line: bool,
    /// Broken: the look that decides to wait comes before the registration.
    looks_first: bool,
    /// Broken: the worker says that the entry is there before it is.
    says_first: bool,
    /// Broken: nobody is woken when the line is back.
    comes_back_in_silence: bool,
}

/// A request, by what it does next.
enum Request {
    Registers,
    Looks(Option<Interest>),
    Pushes(Option<Interest>),
    GoesToSleep(Interest),
    Sleeps(Pin<Box<dyn Future<Output = Interest>>>, Arc<Alarm>),
    IsAnswered,
}

#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One game under way.
struct World {
    game: Game,
    waiters: Waiters,
    requests: Vec<Request>,
    /// The stay of the leaver.
    stay: Option<Interest>,
    has_left: bool,
    /// Redis: the entry, and a job that waits.
    entry: bool,
    job: bool,
    /// What the worker has done of its two things.
    worked: usize,
    /// The line: whether Redis sends on it, what is under way, and how far its loss has got.
    subscribed: bool,
    under_way: Vec<LineEvent>,
    lost: usize,
}

fn key() -> MenuKey {
    "menu:hoch:2026-02-09:lunch".parse().unwrap()
}

impl World {
    fn new(game: Game) -> Self {
        let waiters = Waiters::default();
        waiters.hear(&LineEvent::Up { tracking: true });
        let start = |_| if game.looks_first { Request::Looks(None) } else { Request::Registers };
        Self {
            game,
            waiters,
            requests: (0..game.requests).map(start).collect(),
            stay: None,
            has_left: !game.leaver,
            entry: false,
            job: false,
            worked: 0,
            subscribed: true,
            under_way: Vec::new(),
            lost: if game.loses_line { 0 } else { 4 },
        }
    }

    /// Who can do something: the requests, the worker, the line's messages, its loss, the leaver.
    fn able(&self) -> Vec<usize> {
        let awake = |request: &Request| match request {
            Request::IsAnswered => false,
            Request::Sleeps(_, alarm) => alarm.0.load(Ordering::SeqCst),
            _ => true,
        };
        let requests = self.requests.iter().map(awake);
        let others = [
            self.job && self.worked < 2,
            !self.under_way.is_empty(),
            self.lost < 4,
            !self.has_left,
        ];
        requests.chain(others).enumerate().filter_map(|(who, able)| able.then_some(who)).collect()
    }

    fn step(&mut self, who: usize) {
        match who.checked_sub(self.requests.len()) {
            None => self.request(who),
            Some(0) => self.work(),
            Some(1) => self.waiters.hear(&self.under_way.remove(0)),
            Some(2) => self.lose(),
            Some(_) => self.leave(),
        }
    }

    /// As `read_through::fly` does it.
    fn request(&mut self, who: usize) {
        let request = std::mem::replace(&mut self.requests[who], Request::IsAnswered);
        self.requests[who] = match request {
            Request::Registers => {
                let interest = self.waiters.register(&key());
                if self.game.looks_first {
                    Request::GoesToSleep(interest)
                } else {
                    Request::Looks(Some(interest))
                }
            }
            Request::Looks(_) if self.entry => Request::IsAnswered,
            // A job was pushed already, by this request or another.
            Request::Looks(Some(interest)) if self.job => Request::GoesToSleep(interest),
            Request::Looks(interest) => Request::Pushes(interest),
            Request::Pushes(interest) => {
                self.job = true;
                interest.map_or(Request::Registers, Request::GoesToSleep)
            }
            Request::GoesToSleep(mut interest) => {
                let sleep = async move {
                    interest.called().await;
                    interest
                };
                Self::sleep(Box::pin(sleep))
            }
            Request::Sleeps(sleep, _) => Self::sleep(sleep),
            Request::IsAnswered => Request::IsAnswered,
        };
    }

    fn sleep(mut sleep: Pin<Box<dyn Future<Output = Interest>>>) -> Request {
        let alarm = Arc::new(Alarm::default());
        let waker = Waker::from(Arc::clone(&alarm));
        match sleep.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(interest) => Request::Looks(Some(interest)),
            Poll::Pending => Request::Sleeps(sleep, alarm),
        }
    }

    /// Entry and word of it in one step, as `put.lua` does it; or in two, in the wrong order.
    fn work(&mut self) {
        let (puts, says) = match (self.game.says_first, self.worked) {
            (false, _) => (true, true),
            (true, 0) => (false, true),
            (true, _) => (true, false),
        };
        self.worked = if puts { 2 } else { 1 };
        self.entry |= puts;
        if says && self.subscribed {
            self.under_way.push(LineEvent::Said(key().to_string()));
        }
    }

    /// Lost with all that is under way; heard of; subscribed again; heard of.
    fn lose(&mut self) {
        match self.lost {
            0 => {
                self.subscribed = false;
                self.under_way.clear();
            }
            1 => self.waiters.hear(&LineEvent::Down),
            2 => self.subscribed = true,
            _ if self.game.comes_back_in_silence => {}
            _ => self.waiters.hear(&LineEvent::Up { tracking: true }),
        }
        self.lost += 1;
    }

    fn leave(&mut self) {
        self.has_left = self.stay.is_some();
        self.stay = if self.has_left { None } else { Some(self.waiters.register(&key())) };
    }
}

/// Plays a game in every order: how many there are, and in how many somebody sleeps for ever.
fn play(game: Game) -> (usize, usize) {
    let (mut games, mut lost) = (0, 0);
    // The way to go, as the how-manieth of those who can, and of how many.
    let mut way: Vec<(usize, usize)> = Vec::new();
    loop {
        let mut world = World::new(game);
        let mut at = 0;
        loop {
            let able = world.able();
            if able.is_empty() {
                break;
            }
            if at == way.len() {
                way.push((0, able.len()));
            }
            world.step(able[way[at].0]);
            at += 1;
        }
        games += 1;
        let answered = |request: &Request| matches!(request, Request::IsAnswered);
        lost += usize::from(!world.requests.iter().all(answered));
        if lost == 0 {
            assert_eq!(world.waiters.keys().len(), 0, "nothing stays behind");
        }
        while way.last().is_some_and(|(turn, of)| turn + 1 == *of) {
            way.pop();
        }
        match way.last_mut() {
            Some((turn, _)) => *turn += 1,
            None => return (games, lost),
        }
    }
}

#[test]
fn nobody_sleeps_for_ever_whatever_comes_between() {
    for (game, at_least) in [
        (Game { requests: 1, loses_line: true, ..Game::default() }, 3_000),
        (Game { requests: 2, ..Game::default() }, 2_500),
        (Game { requests: 1, leaver: true, ..Game::default() }, 100),
        (Game { requests: 1, leaver: true, loses_line: true, ..Game::default() }, 50_000),
    ] {
        let (games, lost) = play(game);
        assert!(games >= at_least, "{games} orders are too few to mean anything");
        assert_eq!(lost, 0, "of {games}");
    }
}

#[test]
fn each_rule_that_is_broken_leaves_somebody_asleep() {
    let one = Game { requests: 1, ..Game::default() };
    for game in [
        Game { looks_first: true, ..one },
        Game { says_first: true, ..one },
        Game { loses_line: true, comes_back_in_silence: true, ..one },
    ] {
        let (games, lost) = play(game);
        assert!(0 < lost && lost < games, "{lost} of {games}");
    }
}
