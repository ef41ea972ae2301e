//! What all processes that share a Redis agree on of a site: three keys, each with a lifetime, and
//! the clock of Redis for all. `None` from here means that Redis could not say.

use std::{sync::LazyLock, time::Duration};

use redis::Script;
use tokio::time::{Instant, sleep};

use super::{Ended, OPENS_AFTER, Rules, Word, pause};
use crate::{
    cache::Names,
    hall::Vendor,
    link::{Link, LinkError},
};

/// Between two tries to give a slot back.
const AGAIN: Duration = Duration::from_millis(100);
/// Failures in a row are remembered this long after the last.
const REMEMBERED: Duration = Duration::from_secs(3600);

static ASK: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("pause.lua"), include_str!("ask.lua"))));
/// Open requests, and the time before the next: nothing of it is in the future.
static IDLE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now = time[1] * 1000 + math.floor(time[2] / 1000)
         return redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf') == 0",
    )
});
/// A later `next` is of somebody who has started since.
static WITHDRAW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if tonumber(redis.call('ZSCORE', KEYS[1], 'next') or 0) == tonumber(ARGV[2]) then
           redis.call('ZREM', KEYS[1], 'next')
         end
         return redis.call('ZREM', KEYS[1], ARGV[1])",
    )
});
static TELL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("tell.lua")));

/// What a process was told, for a Redis that may have forgotten it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// What is left of the vendor's pause.
    pub(super) pause: Option<Duration>,
    /// What is left of the site's quiet.
    pub(super) quiet: Option<Duration>,
}

/// Who asks Redis.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) link: Link,
    pub(super) names: Names,
}

/// A place among a site's requests, under a token of its own. Unless it is kept, Redis has it back with the
/// value, and the time before the next request too.
pub(super) struct Place {
    site: &'static str,
    token: String,
    /// When the next request may start (Unix ms by Redis' clock, 0: at once, or not known, as it may be ours
    /// by an answer that got lost); `None`: it is not ours.
    had: Option<u64>,
    shared: Option<Shared>,
}

impl Place {
    /// Not had yet.
    pub(super) fn new(shared: Option<Shared>, site: &'static str) -> Self {
        Self { site, token: format!("{:032x}", fastrand::u128(..)), had: None, shared }
    }

    /// For as long as a request may take; its token.
    pub(super) fn keep(mut self) -> String {
        self.shared = None;
        std::mem::take(&mut self.token)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (Some(had), Some(shared)) = (self.had, self.shared.take()) else { return };
        let (site, token) = (self.site, std::mem::take(&mut self.token));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { shared.withdraw(site, &token, had).await });
        }
    }
}

impl Shared {
    /// What is left of the vendor's pause; `None` also where Redis knows nothing of one.
    pub(super) async fn paused(&self, vendor: Vendor) -> Option<Option<Duration>> {
        let left = pause::ask(&self.link, &self.names, [vendor]).await;
        let [left] = said(vendor.as_str(), left)?;
        left
    }

    /// For how long the site still wants quiet.
    pub(super) async fn quiet(&self, site: &str) -> Option<Option<Duration>> {
        let [quiet, ..] = self.names.manners(site);
        let mut left = redis::cmd("PTTL");
        left.arg(quiet);
        let left = self.link.ask(async |redis| left.query_async::<i64>(redis).await).await;
        let left = u64::try_from(said(site, left)?).ok();
        Some(left.filter(|left| *left > 0).map(Duration::from_millis))
    }

    /// Failures in a row, and how long it still wants quiet.
    pub(super) async fn stands(&self, site: &str) -> Option<(u32, Option<Duration>)> {
        let [quiet, _, failing] = self.names.manners(site);
        let mut look = redis::pipe();
        look.hget(failing, "count").pttl(quiet);
        let looked =
            self.link.ask(async |redis| look.query_async::<(Option<u32>, i64)>(redis).await);
        let (failures, quiet) = said(site, looked.await)?;
        let quiet = u64::try_from(quiet).ok().map(Duration::from_millis);
        Some((failures.unwrap_or(0), quiet))
    }

    /// Whether no request is open, and the next need not wait.
    pub(super) async fn is_idle(&self, site: &str) -> Option<bool> {
        let [_, pace, _] = self.names.manners(site);
        let call = IDLE.key(pace);
        said(site, self.link.ask(async |redis| call.invoke_async::<bool>(redis).await).await)
    }

    /// Whether the site may be asked now; with [`Word::Go`] the place is one of its slots. `ahead`: of who may
    /// send nothing.
    pub(super) async fn ask(
        &self,
        vendor: Vendor,
        place: &mut Place,
        gap: Duration,
        known: Told,
        rules: &Rules,
        ahead: bool,
    ) -> Option<Word> {
        let site = place.site;
        let mut ask = ASK.prepare_invoke();
        for key in self.names.manners(site) {
            ask.key(key);
        }
        ask.key(self.names.pause(vendor));
        ask.arg(&place.token).arg(rules.at_once).arg(millis(gap)).arg(millis(rules.hold));
        ask.arg(OPENS_AFTER).arg(millis(rules.probe_every));
        ask.arg(millis(known.pause.unwrap_or_default()));
        ask.arg(millis(known.quiet.unwrap_or_default())).arg(if ahead { "ahead" } else { "" });
        let asked = self.link.ask(async |redis| ask.invoke_async::<(String, u64)>(redis).await);
        let Some((word, number)) = said(site, asked.await) else {
            place.had.get_or_insert(0);
            return None;
        };
        let left = Duration::from_millis(number);
        Some(match word.as_str() {
            "wait" => Word::Wait(left),
            "paused" => Word::Paused(left),
            "quiet" => Word::Quiet(left),
            "open" => Word::Open(left),
            _ => {
                place.had = place.had.filter(|next| *next > 0).or(Some(number));
                Word::Go
            }
        })
    }

    /// Gives back a slot with which nothing was sent, and the time before the next. Should Redis not hear of it,
    /// they run out.
    async fn withdraw(&self, site: &str, token: &str, next: u64) {
        let [_, pace, _] = self.names.manners(site);
        let mut give = WITHDRAW.key(pace);
        give.arg(token).arg(next);
        said(site, self.link.ask(async |redis| give.invoke_async::<u64>(redis).await).await);
    }

    /// How many failures in a row it was before an answer, or are with this failure. What Redis does
    /// not hear is told again until it does, or until the slot is free without: a few slots that
    /// nobody has would keep everybody from the site for as long.
    pub(super) async fn tell(
        &self,
        site: &str,
        token: &str,
        ended: Ended,
        quiet: Option<Duration>,
        rules: &Rules,
    ) -> Option<u32> {
        let told = self.tell_once(site, token, ended, quiet, rules, "").await;
        if told.is_none() {
            let (shared, site, token) = (self.clone(), site.to_owned(), token.to_owned());
            let (rules, until) = (*rules, Instant::now() + rules.hold);
            tokio::spawn(async move {
                let again =
                    async || shared.tell_once(&site, &token, ended, quiet, &rules, "again").await;
                while Instant::now() < until && again().await.is_none() {
                    sleep(AGAIN).await;
                }
            });
        }
        told
    }

    async fn tell_once(
        &self,
        site: &str,
        token: &str,
        ended: Ended,
        quiet: Option<Duration>,
        rules: &Rules,
        again: &str,
    ) -> Option<u32> {
        let mut tell = TELL.prepare_invoke();
        for key in self.names.manners(site) {
            tell.key(key);
        }
        tell.arg(token).arg(if ended == Ended::Failed { "failed" } else { "answered" });
        tell.arg(millis(quiet.unwrap_or_default())).arg(millis(rules.probe_every));
        tell.arg(millis(REMEMBERED + rules.probe_every)).arg(again);
        let told = self.link.ask(async |redis| tell.invoke_async::<u32>(redis).await);
        said(site, told.await)
    }
}

fn said<T>(site: &str, answer: Result<T, LinkError>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::debug!(site, %error, "each process keeps its own manners"))
        .ok()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
