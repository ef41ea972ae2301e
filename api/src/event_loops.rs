//! The event loops that connections live on: one a core, each a thread with a runtime of its own. A request
//! whose answer is ready is read, answered and sent there without waking another thread; of a pool whose
//! threads take tasks from each other most requests wake one.

use std::{
    cell::Cell,
    io,
    num::NonZero,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::{self, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// So many requests between two looks for more of them are a crowd.
const CROWD: u32 = 8;
/// From one time that a loop lets others have its core to the next.
const BETWEEN_YIELDS: Duration = Duration::from_millis(1);

thread_local! {
    static PACE: Pace = const { Pace { requests: Cell::new(0), yielded: Cell::new(None) } };
}

/// The threads end when the last of these is dropped, and with them whatever is under way there.
#[derive(Clone)]
pub(crate) struct EventLoops(Arc<Threads>);

struct Threads {
    loops: Vec<EventLoop>,
    _end: DropGuard,
}

struct EventLoop {
    handle: Handle,
    /// Held once by this, and once by each connection here.
    connections: Arc<()>,
}

/// A connection's place on a loop, until dropped.
pub(crate) struct Place {
    pub(crate) handle: Handle,
    _connection: Arc<()>,
}

impl EventLoops {
    /// One for each core that this process may use.
    pub(crate) fn on_all_cores() -> io::Result<Self> {
        Self::start(thread::available_parallelism().map_or(1, NonZero::get))
    }

    fn start(count: usize) -> io::Result<Self> {
        let end = CancellationToken::new();
        let guard = end.clone().drop_guard();
        let loops = (0..count).map(|at| EventLoop::start(at, end.clone()));
        let loops = loops.collect::<io::Result<_>>()?;
        Ok(Self(Arc::new(Threads { loops, _end: guard })))
    }

    /// A place where the fewest connections are.
    pub(crate) fn place(&self) -> Option<Place> {
        let emptiest = self.0.loops.iter().min_by_key(|it| Arc::strong_count(&it.connections))?;
        let connection = Arc::clone(&emptiest.connections);
        Some(Place { handle: emptiest.handle.clone(), _connection: connection })
    }
}

impl EventLoop {
    fn start(at: usize, end: CancellationToken) -> io::Result<Self> {
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().on_thread_park(let_callers_go_on).build()?;
        let handle = runtime.handle().clone();
        let run = move || runtime.block_on(end.cancelled());
        thread::Builder::new().name(format!("connections-{at}")).spawn(run)?;
        Ok(Self { handle, connections: Arc::new(()) })
    }
}

/// Notes a request of a connection that lives on this thread.
pub(crate) fn note_request() {
    PACE.with(|pace| pace.requests.set(pace.requests.get().saturating_add(1)));
}

fn let_callers_go_on() {
    if PACE.with(|pace| pace.should_yield(Instant::now)) {
        thread::yield_now();
    }
}

/// How a loop shares its core. After a crowd, whoever else wants the core has it before the loop looks for
/// more, once a millisecond: the callers among them take their answers and ask again, and the next look finds
/// a crowd instead of the first of it. Otherwise the loop finds one more each time and keeps the core until
/// its slice is over, some three milliseconds, which is what the slowest callers wait for. Not more often, and
/// nobody yields for a few: who yields pays with a part of its share where others compute all the time.
struct Pace {
    /// Since this loop last looked for more.
    requests: Cell<u32>,
    yielded: Cell<Option<Instant>>,
}

impl Pace {
    /// Whether to, before a look for more.
    fn should_yield(&self, now: impl FnOnce() -> Instant) -> bool {
        if self.requests.replace(0) < CROWD {
            return false;
        }
        let now = now();
        let is_due = self.yielded.get().is_none_or(|last| now - last >= BETWEEN_YIELDS);
        if is_due {
            self.yielded.set(Some(now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    /// How many connections each has.
    fn taken(loops: &EventLoops) -> Vec<usize> {
        loops.0.loops.iter().map(|it| Arc::strong_count(&it.connections) - 1).collect()
    }

    #[test]
    fn connections_live_where_the_fewest_are() {
        let loops = EventLoops::start(3).unwrap();
        let mut places: Vec<_> = (0..6).map(|_| loops.place().unwrap()).collect();
        assert_eq!(taken(&loops), [2, 2, 2]);
        places.retain(|place| place.handle.id() != loops.0.loops[1].handle.id());
        assert_eq!(taken(&loops), [2, 0, 2]);
        places.extend((0..2).map(|_| loops.place().unwrap()));
        assert_eq!(taken(&loops), [2, 2, 2]);
    }

    #[test]
    fn what_lives_on_a_loop_runs_on_its_thread_and_ends_with_the_last_of_them() {
        let loops = EventLoops::start(2).unwrap();
        let [first, second] = [loops.place().unwrap(), loops.place().unwrap()];
        for (place, expected) in [(&first, "connections-0"), (&second, "connections-1")] {
            let (tell, told) = oneshot::channel();
            place
                .handle
                .spawn(async move { tell.send(thread::current().name().map(str::to_owned)) });
            assert_eq!(told.blocking_recv().unwrap().as_deref(), Some(expected));
        }
        let (held, dropped) = oneshot::channel::<()>();
        first.handle.spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        drop(loops);
        assert!(dropped.blocking_recv().is_err(), "what was under way there is dropped");
    }

    #[test]
    fn a_loop_yields_after_a_crowd_and_not_twice_in_a_millisecond() {
        let pace = Pace { requests: Cell::new(0), yielded: Cell::new(None) };
        let start = Instant::now();
        let after = |requests: u32, micros: u64| {
            pace.requests.set(requests);
            pace.should_yield(|| start + Duration::from_micros(micros))
        };
        assert!(!after(0, 0), "nobody came");
        assert!(!after(CROWD - 1, 0), "a few");
        assert!(after(CROWD, 0), "a crowd");
        assert!(!after(1000, 999), "again at once");
        assert!(after(CROWD, 1000), "a millisecond later");
        assert!(!after(0, 5000), "each is counted once");
    }
}
