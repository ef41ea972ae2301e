//! Few steps, every order: who comes, is called and leaves.

use common::{entry::MenuKey, line::LineEvent};
use futures::FutureExt;
use shuttle::{check_dfs, future::block_on, thread};

use super::waiters::{Interest, Waiters};

fn key() -> MenuKey {
    "menu:hoch:2026-02-09:lunch".parse().unwrap()
}

fn said(keys: &str) -> LineEvent {
    LineEvent::Said(keys.to_owned())
}

/// In every order.
fn always(game: impl Fn() + Send + Sync + 'static) {
    check_dfs(game, None);
}

/// Whether it was called and did not know it yet.
fn is_called(interest: &mut Interest) -> bool {
    interest.called().now_or_never().is_some()
}

#[test]
fn a_call_between_registering_and_waiting_is_not_lost() {
    always(|| {
        let waiters = Waiters::default();
        let mut interest = waiters.register(&key());
        waiters.hear(&said("menu:hoch:2026-02-09:dinner\nmenu:hoch:2026-02-09:lunch"));
        assert!(is_called(&mut interest), "woken by the call before");
        assert!(!is_called(&mut interest), "and once only");
    });
}

#[test]
fn a_line_that_is_lost_or_back_wakes_everybody() {
    always(|| {
        let waiters = Waiters::default();
        let keys = ["menu:hoch:2026-02-09:lunch", "menu:hoch:2026-02-09:dinner"];
        let mut interests = keys.map(|key| waiters.register(&key.parse().unwrap()));
        let up = LineEvent::Up { tracking: true };
        for event in [up.clone(), LineEvent::Down, up.clone()] {
            waiters.hear(&event);
            assert!(interests.iter_mut().all(is_called));
            assert_eq!(waiters.hears(), event == up);
        }
    });
}

#[test]
fn other_keys_wake_nobody_and_nothing_stays_behind() {
    always(|| {
        let waiters = Waiters::default();
        let (mut first, second) = (waiters.register(&key()), waiters.register(&key()));
        waiters.hear(&said("menu:hoch:2026-02-09:dinner"));
        assert!(!is_called(&mut first));
        drop(second);
        assert_eq!(waiters.keys().len(), 1);
        drop(first);
        assert_eq!(waiters.keys().len(), 0);
    });
}

#[test]
fn of_two_who_leave_at_once_nothing_stays_behind() {
    always(|| {
        let waiters = Waiters::default();
        let stays = [(); 2].map(|()| waiters.register(&key()));
        for leaving in stays.map(|stay| thread::spawn(|| drop(stay))) {
            leaving.join().unwrap();
        }
        assert_eq!(waiters.keys().len(), 0);
    });
}

#[test]
fn who_comes_while_the_last_one_leaves_is_called_all_the_same() {
    always(|| {
        let waiters = Waiters::default();
        let last = waiters.register(&key());
        let leaving = thread::spawn(|| drop(last));
        let mut interest = waiters.register(&key());
        let caller = waiters.clone();
        let calling = thread::spawn(move || caller.hear(&said("menu:hoch:2026-02-09:lunch")));
        block_on(interest.called());
        leaving.join().unwrap();
        calling.join().unwrap();
        drop(interest);
        assert_eq!(waiters.keys().len(), 0);
    });
}

#[test]
fn of_two_who_wait_both_are_called_whoever_leaves() {
    always(|| {
        let waiters = Waiters::default();
        let mut stays = [(); 2].map(|()| waiters.register(&key()));
        let caller = waiters.clone();
        let calling = thread::spawn(move || caller.hear(&LineEvent::Down));
        let [first, second] = &mut stays;
        block_on(async { futures::join!(first.called(), second.called()) });
        calling.join().unwrap();
        drop(stays);
        assert_eq!(waiters.keys().len(), 0);
    });
}
