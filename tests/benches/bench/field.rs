//! Who answers the same bodies, side by side: a server with the body in memory, one that asks Redis
//! for it each time, nginx, Varnish, and ours.

use std::path::PathBuf;

use chrono::NaiveDate;
use tests::{
    Program, Stack, menu_path,
    stub::{Hall, Kind},
};

use crate::{
    crowd,
    numbers::median,
    proxies::Proxy,
    roles,
    wrk::{self, Load, Round},
};

/// How the five are called, ours last.
pub(crate) const NAMES: [&str; 5] = ["constant body", "one GET", "nginx", "Varnish", "ours"];

/// The log as shipped, and what `Stack::heard` waits for: what apis hear from Redis.
pub(crate) const LOG: &str = "info,api::app=debug";

/// The five, warm.
pub(crate) struct Field {
    pub(crate) stack: Stack,
    pub(crate) day: NaiveDate,
    pub(crate) bodies: [Body; 2],
    limits: Vec<[Program; 2]>,
    pub(crate) origin: Program,
    pub(crate) nginx: Proxy,
    pub(crate) varnish: Proxy,
}

/// A menu to ask for.
pub(crate) struct Body {
    pub(crate) size: &'static str,
    pub(crate) path: String,
    pub(crate) bytes: usize,
    file: PathBuf,
}

/// A server and a path, and what came of asking.
pub(crate) struct Target {
    pub(crate) name: String,
    url: String,
    pid: u32,
    rounds: Vec<Round>,
}

impl Field {
    /// Starts all of them; each has both bodies ready.
    pub(crate) async fn start() -> Self {
        let stack = Stack::wanted().with("LOG", "info").start().await;
        let day = stack.weekday();
        let small = Body::nearest(&stack, day, "small", 3_000).await;
        let feast = day.succ_opt().expect("a day");
        for hall in Hall::ALL {
            stack.vendor.post(hall, feast, Kind::Large, 0);
        }
        let large = Body::nearest(&stack, feast, "large", 18_000).await;
        let files = [&small, &large].map(|body| body.file.to_string_lossy().into_owned());
        let origin = roles::start("origin", &[("SMALL", &files[0]), ("LARGE", &files[1])]);
        let nginx = Proxy::nginx(origin.url()).await;
        let varnish = Proxy::varnish(origin.url()).await;
        // Once each: who came while it is fetched would wait half a second before nginx looks again.
        let http = crowd::stranger();
        for (cache, body) in
            [(&nginx, &small), (&nginx, &large), (&varnish, &small), (&varnish, &large)]
        {
            crowd::one(&http, &hot(cache.url(), body.size)).await;
        }
        let bodies = [small, large];
        let limits = bodies.iter().map(|body| body.limits(&stack)).collect();
        Self { stack, day, bodies, limits, origin, nginx, varnish }
    }

    /// All five with one body: 0 is small, 1 large.
    pub(crate) fn targets(&self, body: usize) -> Vec<Target> {
        let [constant, one_get] = &self.limits[body];
        let Body { size, path, .. } = &self.bodies[body];
        let api = &self.stack.apis[0];
        let served = |url: &str| hot(url, size);
        let places = [
            (constant.url().to_owned(), constant.pid()),
            (one_get.url().to_owned(), one_get.pid()),
            (served(self.nginx.url()), self.nginx.pid()),
            (served(self.varnish.url()), self.varnish.pid()),
            (format!("{}{path}", api.url()), api.pid()),
        ];
        let named = NAMES.into_iter().zip(places);
        named.map(|(name, (url, pid))| Target::new(name, url, pid)).collect()
    }
}

/// Where a cache has that body.
fn hot(url: &str, size: &str) -> String {
    format!("{url}/{size}/0/hot")
}

impl Body {
    async fn of(stack: &Stack, size: &'static str, path: String) -> Self {
        let answer = stack.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let file = std::env::temp_dir().join(format!("menus5c-{size}-{:016x}", fastrand::u64(..)));
        std::fs::write(&file, &answer.text).expect("the body");
        Self { size, path, bytes: answer.text.len(), file }
    }

    /// The menu of that day whose body has most nearly so many bytes.
    async fn nearest(stack: &Stack, day: NaiveDate, size: &'static str, bytes: usize) -> Self {
        let mut nearest: Option<Self> = None;
        for hall in [Hall::Hoch, Hall::Collins, Hall::Malott] {
            for meal in ["breakfast", "lunch", "dinner"] {
                let body = Self::of(stack, size, menu_path(hall, day, meal)).await;
                let far = |body: &Self| body.bytes.abs_diff(bytes);
                if nearest.as_ref().is_none_or(|known| far(&body) < far(known)) {
                    nearest = Some(body);
                }
            }
        }
        nearest.expect("a menu")
    }

    /// The key that it lies under in Redis.
    fn key(&self, stack: &Stack) -> String {
        let value = |name: &str| {
            let (_, rest) = self.path.split_once(&format!("{name}=")).expect("a parameter");
            rest.split('&').next().unwrap_or_default().to_owned()
        };
        stack.key(&format!("menu:{}:{}:{}", value("hall_id"), value("date"), value("meal")))
    }

    fn limits(&self, stack: &Stack) -> [Program; 2] {
        let (redis, key, file) = (stack.redis_url(), self.key(stack), self.file.to_string_lossy());
        let constant = roles::start("constant", &[("BODY", &file)]);
        [constant, roles::start("one-get", &[("REDIS_URL", &redis), ("KEY", &key)])]
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Target {
    pub(crate) fn new(name: &str, url: String, pid: u32) -> Self {
        Self { name: name.to_owned(), url, pid, rounds: Vec::new() }
    }

    /// As if they had been rounds of this one.
    pub(crate) fn add_rounds_of(&mut self, other: Self) {
        self.rounds.extend(other.rounds);
    }

    /// Of all its rounds.
    pub(crate) fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }
}

/// Asks each of them in turn, so many times round.
pub(crate) async fn in_turns(targets: &mut [Target], rounds: usize, load: Load<'_>) {
    for _ in 0..rounds {
        for target in &mut *targets {
            target.rounds.push(wrk::round(&target.url, target.pid, load).await);
        }
    }
}
