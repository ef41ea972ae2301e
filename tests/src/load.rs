//! Visitors who keep asking while something is broken, and law G, which holds whatever that is: every
//! answer comes in time, is what it says it is, and is right.

mod seen;

use std::{
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{Answer, Stack, eventually, menu_path, stub::Hall};
pub use seen::{Sample, Seen};

/// A menu that is asked for.
pub type Asked = (Hall, NaiveDate, &'static str);

/// Longer than the longest wait that is promised: for an answer to be called late.
const LATE: Duration = Duration::from_secs(1);
/// What no body says: of which stores, libraries and files an answer is made.
const INSIDE: [&str; 7] = ["redis", "Redis", "sqlx", "postgres", "panicked", "/src/", "os error"];
/// The longest life of a fresh entry, where no test says otherwise.
const LONGEST_LIFE: Duration = Duration::from_secs(2100);

/// Dinners of the four halls that have a document for each day: as many documents as menus.
#[must_use]
pub fn dinners(stack: &Stack, days: std::ops::Range<u64>) -> Vec<Asked> {
    let halls = [Hall::Hoch, Hall::Collins, Hall::Malott, Hall::Mcconnell];
    let of_day = |ahead| halls.map(|hall| (hall, stack.in_days(ahead), "dinner"));
    days.flat_map(of_day).collect()
}

/// Asks until the menu is there and fresh, which takes ten seconds at most after any fault: a key
/// lives. Tells how long it took.
pub async fn lives(stack: &Stack, (hall, date, meal): Asked) -> Duration {
    let (asked, path) = (Instant::now(), menu_path(hall, date, meal));
    eventually("a fresh 200", Duration::from_secs(10), async || {
        let answer = stack.get(&path).await;
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        (answer.status == 200 && answer.json().get("is_stale") == Some(&Value::Bool(false)))
            .then_some(())
    })
    .await;
    asked.elapsed()
}

/// Visitors of some menus.
#[derive(Clone)]
pub struct Load {
    keys: Arc<Vec<Key>>,
    /// Where the apis are; a test that replaces one says so here.
    pub apis: Arc<RwLock<Vec<String>>>,
    http: reqwest::Client,
    rate: u32,
    budget: Duration,
    life: Duration,
    late: Duration,
    asks_another: bool,
}

struct Key {
    path: String,
    /// What it may hold: the stub's `stations`, of any edition that was posted.
    right: Vec<Value>,
}

impl Load {
    /// Of these menus, 50 a second in turn, spread over the apis.
    ///
    /// # Panics
    /// When the vendors do not serve one of them.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub fn of(stack: &Stack, asked: &[Asked]) -> Self {
        let key = |(hall, date, meal): &Asked| {
            let expected = stack.vendor.expected(*hall, *date);
            let stations = expected.stations(meal).expect("a menu that is served");
            Key { path: menu_path(*hall, *date, meal), right: vec![stations.clone()] }
        };
        let budget = stack.variable("MISS_WAIT_MS").and_then(|text| text.parse().ok());
        let budget = Duration::from_millis(budget.unwrap_or(5000));
        let builder = reqwest::Client::builder().no_proxy().timeout(budget + LATE * 5);
        // What is not used is closed soon: a test may count an api's connections.
        let builder = builder.pool_idle_timeout(LATE);
        Self {
            keys: Arc::new(asked.iter().map(key).collect()),
            apis: Arc::new(RwLock::new(urls(stack))),
            http: builder.build().expect("an HTTP client"),
            rate: 50,
            budget,
            life: LONGEST_LIFE,
            late: LATE,
            asks_another: false,
        }
    }

    /// So many requests a second.
    #[must_use]
    pub const fn rate(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    /// Entries of this system live no longer.
    #[must_use]
    pub const fn life(mut self, life: Duration) -> Self {
        self.life = life;
        self
    }

    /// So much over the waiting budget is late: for a machine that has all of it to carry.
    #[must_use]
    pub const fn late(mut self, late: Duration) -> Self {
        self.late = late;
        self
    }

    /// Who gets no answer asks another api, once, as a load balancer does.
    #[must_use]
    pub const fn asks_another(mut self) -> Self {
        self.asks_another = true;
        self
    }

    /// From now on the apis are these.
    pub fn now_at(&self, stack: &Stack) {
        if let Ok(mut apis) = self.apis.write() {
            *apis = urls(stack);
        }
    }

    /// Goes on until that ends, and a little longer, so that it is in between.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> (Seen, T) {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let load = self.clone();
        let running = tokio::spawn(async move { load.run(stopped).await });
        let done = work.await;
        let _ = stop.send(true);
        (running.await.unwrap_or_default(), done)
    }

    /// Goes on for that long.
    pub async fn lasting(&self, time: Duration) -> Seen {
        self.during(tokio::time::sleep(time)).await.0
    }

    /// Each of them so many times, all at once.
    pub async fn at_once(&self, times: usize) -> Seen {
        let begun = Instant::now();
        let mut asking = JoinSet::new();
        for turn in 0..self.keys.len() * times {
            let load = self.clone();
            asking.spawn(async move { load.ask(turn, begun).await });
        }
        Seen(asking.join_all().await)
    }

    /// One of them, in turn.
    pub async fn one(&self, turn: usize) -> Sample {
        self.ask(turn, Instant::now()).await
    }

    async fn run(self, mut stopped: tokio::sync::watch::Receiver<bool>) -> Seen {
        let begun = Instant::now();
        let mut asking = JoinSet::new();
        let mut ticks = tokio::time::interval(Duration::from_secs(1) / self.rate.max(1));
        for turn in 0.. {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
            let load = self.clone();
            asking.spawn(async move { load.ask(turn, begun).await });
        }
        Seen(asking.join_all().await)
    }

    async fn ask(&self, turn: usize, begun: Instant) -> Sample {
        let key = turn % self.keys.len();
        let apis = self.apis.read().map(|apis| apis.clone()).unwrap_or_default();
        let api = |turn: usize| apis.get(turn % apis.len().max(1)).cloned().unwrap_or_default();
        let path = self.keys.get(key).map(|key| key.path.as_str()).unwrap_or_default();
        // Another api each time that a key comes round.
        let first = turn / self.keys.len() + turn;
        let asked = Instant::now();
        let mut answer = Answer::of(self.http.get(format!("{}{path}", api(first)))).await;
        if answer.is_err() && self.asks_another {
            answer = Answer::of(self.http.get(format!("{}{path}", api(first + 1)))).await;
        }
        let (at, took) = (begun.elapsed(), asked.elapsed());
        let none =
            Sample { at, key, status: 0, took, stale: false, from: String::new(), wrong: None };
        match answer {
            Err(error) => Sample { wrong: Some(format!("no answer: {error:?}")), ..none },
            Ok(answer) => Sample {
                status: answer.status,
                took: answer.took,
                stale: answer.text.contains("\"is_stale\":true"),
                from: answer.header("cache-status").to_owned(),
                wrong: self.broken_law(key, &answer).map(|what| format!("{what}: {answer:?}")),
                ..none
            },
        }
    }

    /// How this answer breaks law G.
    fn broken_law(&self, key: usize, answer: &Answer) -> Option<String> {
        let kind = answer.header("content-type");
        let body: Value = match serde_json::from_str(&answer.text) {
            Ok(body) => body,
            Err(error) => return Some(format!("no JSON ({error})")),
        };
        let right_kind =
            if answer.status == 200 { "application/json" } else { "application/problem+json" };
        if kind != right_kind {
            return Some(format!("{kind:?}"));
        }
        if let Some(word) = INSIDE.iter().find(|word| answer.text.contains(**word)) {
            return Some(format!("tells of the inside: {word}"));
        }
        if answer.took > self.budget + self.late {
            return Some(format!("late by {:?}", answer.took - self.budget));
        }
        match answer.status {
            200 => self.wrong_menu(key, &body),
            503 if answer.header("retry-after").parse::<u32>().is_err() => {
                Some("no retry-after".to_owned())
            }
            503 => None,
            status => Some(format!("{status}")),
        }
    }

    fn wrong_menu(&self, key: usize, body: &Value) -> Option<String> {
        let right = self.keys.get(key).is_some_and(|key| {
            body.get("stations").is_some_and(|stations| key.right.contains(stations))
        });
        if !right {
            return Some("another menu".to_owned());
        }
        let fetched = body.get("fetched_at").and_then(Value::as_str);
        let fetched = fetched.and_then(|text| text.parse::<DateTime<Utc>>().ok());
        let Some(fetched) = fetched else { return Some("no fetched_at".to_owned()) };
        let age = (Utc::now() - fetched).to_std().unwrap_or_default();
        // `fetched_at` is cut to whole seconds, and the answer was some time on its way.
        let fresh = age <= self.life + LATE * 2;
        let flagged = body.get("is_stale") == Some(&Value::Bool(true));
        (!fresh && !flagged).then(|| format!("stale without the flag, {age:?} old"))
    }
}

/// A menu that is what it should be.
pub(crate) fn is_fresh(sample: &Sample) -> bool {
    sample.status == 200 && !sample.stale && sample.wrong.is_none()
}

fn urls(stack: &Stack) -> Vec<String> {
    stack.apis.iter().map(|api| api.url().to_owned()).collect()
}
