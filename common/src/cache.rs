//! The cache in Redis: entries in, entries out, and who is told. The only file with cache commands.

mod names;

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use redis::{RedisResult, Script};

use crate::{
    entry::{Entry, MenuKey},
    hall::HallId,
    link::{Link, LinkError},
    vendors::Document,
};
pub use names::Names;

/// Redis could not be asked, or refused.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// No answer, or an error for one.
    #[error(transparent)]
    Redis(#[from] LinkError),
    /// An entry could not be written as JSON.
    #[error("entry: {0}")]
    Json(#[from] serde_json::Error),
}

impl CacheError {
    /// Whether Redis is known to be away, and was not even asked.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        matches!(self, Self::Redis(LinkError::Away))
    }
}

/// The list of all opening hours.
pub const HOURS: &str = "hours:all";

/// The list of what is known of a hall from today on.
#[must_use]
pub fn upcoming(hall: HallId) -> String {
    format!("menus:upcoming:{hall}")
}

/// Life of a cached list or figure.
pub const LIST_LIFE: Duration = Duration::from_secs(300);

/// An entry and how long it still holds.
#[derive(Debug, Clone)]
pub struct Held {
    /// The entry.
    pub entry: Entry,
    /// The rest of its lifetime.
    pub left: Duration,
}

/// What the key of a list or figure holds, and how long it still holds.
#[derive(Debug, Clone)]
pub struct HeldList {
    /// As it was put.
    pub body: Bytes,
    /// The rest of its lifetime.
    pub left: Duration,
}

/// An entry to be written.
#[derive(Debug, Clone)]
pub struct Settled {
    /// Under which key.
    pub key: MenuKey,
    /// What it holds.
    pub entry: Entry,
    /// For how long.
    pub lifetime: Duration,
    /// What to do where the key holds something already.
    pub over: Overwrite,
}

/// What to do where a key holds something already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Replace it unless it was fetched later: writes only move forward in time.
    Older,
    /// Leave it: a failed read never takes away what is there.
    Nothing,
}

/// On the ready channel, before a key of which what it held was taken back.
pub const FORGOTTEN: char = '-';

/// The cache of one deployment.
#[derive(Clone)]
pub struct Cache {
    link: Link,
    names: Names,
}

static PUT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("cache/put.lua")));

impl Cache {
    /// The cache behind this link.
    #[must_use]
    pub const fn new(link: Link, names: Names) -> Self {
        Self { link, names }
    }

    /// What the key holds, and for how long, in one round trip. A value that is not one of ours,
    /// or that would never expire, is no entry; [`Cache::get`] logs it and the next write replaces it.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn get(&self, key: &MenuKey) -> Result<Look, CacheError> {
        let looks = self.get_many(std::slice::from_ref(key)).await?;
        Ok(looks.into_iter().next().unwrap_or(Look::Nothing))
    }

    /// As [`Cache::get`] for each of the keys, in their order, in one round trip for all.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn get_many(&self, keys: &[MenuKey]) -> Result<Vec<Look>, CacheError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = redis::pipe();
        ask.ignore_errors();
        for key in keys {
            let name = self.names.entry(key);
            ask.get(&name).pttl(&name);
        }
        let found = self.link.ask(async |redis| ask.query_async::<Vec<Found>>(redis).await).await?;
        keys.iter().zip(found).map(|(key, found)| look(key, found)).collect()
    }

    /// Writes entries and wakes whoever waits for any of them, in one step.
    ///
    /// # Errors
    /// When Redis cannot be asked or refuses.
    pub async fn put(&self, settled: &[Settled]) -> Result<(), CacheError> {
        if settled.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = settled.iter().map(|one| one.key.to_string()).collect();
        let mut call = PUT.prepare_invoke();
        call.key(self.names.ready());
        for one in settled {
            call.key(self.names.entry(&one.key));
        }
        call.arg(keys.join("\n"));
        for one in settled {
            let lifetime = u64::try_from(one.lifetime.as_millis()).unwrap_or(u64::MAX).max(1);
            call.arg(if one.over == Overwrite::Older { "newer" } else { "absent" });
            call.arg(one.entry.to_bytes(&one.key)?.as_ref()).arg(lifetime);
        }
        self.link.ask(async |redis| call.invoke_async::<u64>(redis).await).await?;
        Ok(())
    }

    /// Wakes whoever waits for this key, without writing anything.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn announce(&self, key: &MenuKey) -> Result<(), CacheError> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(self.names.ready()).arg(key.to_string());
        self.link.ask(async |redis| publish.query_async::<u64>(redis).await).await?;
        Ok(())
    }

    /// Counts one more failed read of a document and tells how many there were in a row, give or
    /// take: the count is forgotten two minutes after the last.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn count_failure(&self, document: &Document) -> Result<u32, CacheError> {
        let name = self.names.failures(document);
        let mut count = redis::pipe();
        count.atomic().incr(&name, 1).expire(&name, 120).ignore();
        let (count,) =
            self.link.ask(async |redis| count.query_async::<(u32,)>(redis).await).await?;
        Ok(count)
    }

    /// What the key of a list or figure holds, and for how long, in one round trip; whoever asks
    /// must tell whether that is a list. A value that is no text, or that would never expire, has
    /// nothing left.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn get_list(&self, list: &str) -> Result<Option<HeldList>, CacheError> {
        let name = self.names.list(list);
        type Both = (RedisResult<Option<Vec<u8>>>, RedisResult<i64>);
        let mut both = redis::pipe();
        both.ignore_errors().get(&name).pttl(&name);
        let (value, left) =
            self.link.ask(async |redis| both.query_async::<Both>(redis).await).await?;
        let value = match value {
            Err(error) if error.code() == Some("WRONGTYPE") => Some(Vec::new()),
            value => value.map_err(LinkError::from)?,
        };
        let left = u64::try_from(left.map_err(LinkError::from)?).map(Duration::from_millis);
        let left = left.unwrap_or_default();
        Ok(value.map(|body| HeldList { body: body.into(), left }))
    }

    /// Caches a list or figure for [`LIST_LIFE`].
    ///
    /// # Errors
    /// When Redis cannot be asked or refuses.
    pub async fn put_list(&self, list: &str, body: &[u8]) -> Result<(), CacheError> {
        let mut set = redis::cmd("SET");
        set.arg(self.names.list(list)).arg(body).arg("EX").arg(LIST_LIFE.as_secs());
        Ok(self.link.ask(async |redis| set.query_async(redis).await).await?)
    }

    /// Forgets what a key holds, whatever it is; tells whether it held anything. Processes that keep
    /// a copy of their own hear of it from Redis, and on the ready channel that it did not just expire.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn forget(&self, key: &MenuKey) -> Result<bool, CacheError> {
        let mut forget = redis::pipe();
        forget.cmd("UNLINK").arg(self.names.entry(key));
        forget.cmd("PUBLISH").arg(self.names.ready()).arg(format!("{FORGOTTEN}{key}")).ignore();
        let (held,): (bool,) = self.link.ask(async |redis| forget.query_async(redis).await).await?;
        Ok(held)
    }

    /// The same for a list.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn forget_list(&self, list: &str) -> Result<bool, CacheError> {
        self.unlink(self.names.list(list)).await
    }

    /// Forgets what is listed of a hall, because what was saved of it is another list.
    pub async fn forget_upcoming(&self, hall: HallId) {
        if let Err(error) = self.forget_list(&upcoming(hall)).await
            && !error.is_away()
        {
            tracing::warn!(hall.id = %hall, %error, "a list may be told as it was");
        }
    }

    async fn unlink(&self, name: String) -> Result<bool, CacheError> {
        let mut unlink = redis::cmd("UNLINK");
        unlink.arg(name);
        Ok(self.link.ask(async |redis| unlink.query_async(redis).await).await?)
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), CacheError> {
        Ok(self.link.ask(async |redis| redis::cmd("PING").query_async(redis).await).await?)
    }
}

/// A value, and how many milliseconds it lives.
type Found = (RedisResult<Option<Vec<u8>>>, RedisResult<i64>);

fn look(key: &MenuKey, (value, left): Found) -> Result<Look, CacheError> {
    let value = match value {
        Err(error) if error.code() == Some("WRONGTYPE") => Some(Vec::new()),
        value => value.map_err(LinkError::from)?,
    };
    let Some(value) = value else { return Ok(Look::Nothing) };
    let left = u64::try_from(left.map_err(LinkError::from)?).ok().map(Duration::from_millis);
    match left.zip(Entry::from_bytes(key, Bytes::from(value))) {
        Some((left, entry)) => Ok(Look::Held(Held { entry, left })),
        None => {
            tracing::warn!(cache.key = %key, "not an entry of ours in the cache: a miss");
            Ok(Look::Foreign)
        }
    }
}

/// What a look into the cache finds.
#[derive(Debug, Clone)]
pub enum Look {
    /// An entry.
    Held(Held),
    /// No value.
    Nothing,
    /// A value that we did not write, or one without a lifetime.
    Foreign,
}
