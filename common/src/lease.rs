//! The right to read a document: one holder in the process, one among all processes. It is a key of
//! Redis and a lock of Postgres, or that of the two that can be had: so a holder keeps out who can ask
//! only the other. Either lasts as long as its holder lives and a few seconds more.

mod renewed;

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures::future::{Either, select};
use tokio::sync::OwnedMutexGuard;

use crate::{
    cache::Names,
    entry::MenuKey,
    link::{Link, LinkError},
    store::{Lock, Locks, StoreError},
    vendors::Document,
};
use renewed::Renewed;

/// Who asked both stores at once and is turned away by Redis has let go of the lock after this.
const LET_GO: Duration = Duration::from_millis(2);

/// Hands out turns and leases.
pub struct Leases {
    turns: Mutex<HashMap<Document, Weak<tokio::sync::Mutex<()>>>>,
    redis: Option<(Link, Names)>,
    locks: Option<Locks>,
}

/// The turn of one task of this process; ends with the value.
pub struct Turn {
    /// Whether another task had it first.
    pub was_waited_for: bool,
    _guard: OwnedMutexGuard<()>,
}

/// What became of asking for a lease.
pub enum Asked {
    /// It is ours until [`Lease::release`], or until we die.
    Taken(Lease),
    /// Another process reads the document now.
    Busy,
    /// Nobody can say: there is neither a Redis nor a Postgres to ask.
    Away,
}

/// Whether Postgres has a copy of a menu's day that is still fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreshCopy {
    /// It was not asked, or could not say while it gave the lock.
    Unknown,
    /// It is away, or did not say in time.
    Away,
    /// It has one.
    There,
    /// It has none.
    NotThere,
}

/// A lease that is held while the value lives.
pub struct Lease {
    key: Option<Renewed>,
    /// Given back when it is dropped.
    lock: Option<Lock>,
}

/// What one of the two stores says.
enum Word<T> {
    Ours(T),
    Busy,
    Away,
}

impl Leases {
    /// Leases among all processes that share this Redis, or else these locks; without either, within
    /// this process only.
    #[must_use]
    pub fn new(redis: Option<(Link, Names)>, locks: Option<Locks>) -> Self {
        Self { turns: Mutex::new(HashMap::new()), redis, locks }
    }

    /// Waits for this process's turn on a document.
    pub async fn turn(&self, document: Document) -> Turn {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let known = turns.get(&document).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::new(tokio::sync::Mutex::new(()));
                turns.insert(document, Arc::downgrade(&turn));
                turn
            })
        };
        match Arc::clone(&turn).try_lock_owned() {
            Ok(guard) => Turn { was_waited_for: false, _guard: guard },
            Err(_) => Turn { was_waited_for: true, _guard: turn.lock_owned().await },
        }
    }

    /// Asks both stores for the lease at once, as a visitor may be waiting, and does not wait for it;
    /// and Postgres besides for a fresh copy of a menu that the document has. What Redis says counts:
    /// who is turned away there lets go of the lock at once, and who is not asks once more for a lock
    /// that another may have had for that moment only.
    pub async fn ask_at_once(&self, document: Document, menu: &MenuKey) -> (Asked, FreshCopy) {
        let key = pin!(self.ask_redis(document));
        let lock = pin!(self.ask_postgres_and_look(document, menu));
        let (key, (lock, copy)) = match select(key, lock).await {
            Either::Left((Word::Busy, _)) => return (Asked::Busy, FreshCopy::Unknown),
            Either::Left((key, lock)) => (key, lock.await),
            Either::Right((lock, key)) => (key.await, lock),
        };
        let asked = match (key, lock) {
            (Word::Busy, _) | (Word::Away, Word::Busy) => Asked::Busy,
            (Word::Away, Word::Ours(lock)) => Asked::Taken(Lease { key: None, lock: Some(lock) }),
            (Word::Ours(key), Word::Busy) => {
                tokio::time::sleep(LET_GO).await;
                self.ask_for_lock(document, Some(key)).await
            }
            (Word::Away, Word::Away) => self.ask_for_lock(document, None).await,
            (Word::Ours(key), lock) => Asked::Taken(Lease::of(key, lock)),
        };
        (asked, copy)
    }

    /// Asks for it once, without waiting: Redis first, then Postgres. So those who ask again and again
    /// do not have one half of what another has the other half of.
    pub async fn ask(&self, document: Document) -> Asked {
        match self.ask_redis(document).await {
            Word::Ours(key) => self.ask_for_lock(document, Some(key)).await,
            Word::Busy => Asked::Busy,
            Word::Away => self.ask_for_lock(document, None).await,
        }
    }

    /// The half that Postgres has; `key`: the other.
    async fn ask_for_lock(&self, document: Document, key: Option<Renewed>) -> Asked {
        match (self.ask_postgres(document, key.is_some()).await, key) {
            (Word::Busy, key) => {
                // It is being read by a process that has no Redis.
                if let Some(key) = key {
                    key.release().await;
                }
                Asked::Busy
            }
            (Word::Away, None) => Asked::Away,
            (Word::Ours(lock), None) => Asked::Taken(Lease { key: None, lock: Some(lock) }),
            (lock, Some(key)) => Asked::Taken(Lease::of(key, lock)),
        }
    }

    async fn ask_redis(&self, document: Document) -> Word<Renewed> {
        let Some((link, names)) = &self.redis else { return Word::Away };
        match Renewed::take(link, names.lease(&document)).await {
            Ok(Some(key)) => Word::Ours(key),
            Ok(None) => Word::Busy,
            Err(LinkError::Away) => Word::Away,
            Err(error) => {
                tracing::warn!(document = %document, %error, "no lease of Redis");
                Word::Away
            }
        }
    }

    async fn ask_postgres(&self, document: Document, is_second: bool) -> Word<Lock> {
        let Some(locks) = &self.locks else { return Word::Away };
        let name = lock_name(document);
        let asked =
            if is_second { locks.ask_beside_redis(&name).await } else { locks.ask(&name).await };
        match asked {
            Err(StoreError::Away) => Word::Away,
            Err(error) if !is_second => {
                tracing::warn!(document = %document, %error, "no lease to be had: reading without");
                Word::Away
            }
            asked => beside_redis(document, asked),
        }
    }

    async fn ask_postgres_and_look(
        &self,
        document: Document,
        menu: &MenuKey,
    ) -> (Word<Lock>, FreshCopy) {
        let Some(locks) = &self.locks else { return (Word::Away, FreshCopy::Unknown) };
        match locks.ask_and_look(&lock_name(document), menu).await {
            Ok((lock, is_fresh)) => {
                let copy = match is_fresh {
                    Some(true) => FreshCopy::There,
                    Some(false) => FreshCopy::NotThere,
                    None => FreshCopy::Unknown,
                };
                (beside_redis(document, Ok(lock)), copy)
            }
            Err(StoreError::Away) => (Word::Away, FreshCopy::Away),
            // It was waited for as long as for any look: who has no answer by then asks no second time.
            Err(error @ StoreError::Timeout) => {
                (beside_redis(document, Err(error)), FreshCopy::Away)
            }
            Err(error) => (beside_redis(document, Err(error)), FreshCopy::Unknown),
        }
    }
}

fn lock_name(document: Document) -> String {
    format!("5c-menus lease {document}")
}

/// What Postgres says where Redis is asked as well.
fn beside_redis(document: Document, asked: Result<Option<Lock>, StoreError>) -> Word<Lock> {
    match asked {
        Ok(Some(lock)) => Word::Ours(lock),
        Ok(None) => Word::Busy,
        Err(StoreError::Away) => Word::Away,
        Err(error) => {
            tracing::debug!(document = %document, %error, "a lease of Redis alone");
            Word::Away
        }
    }
}

impl Lease {
    /// With a key; the lock too, if Postgres has given it.
    fn of(key: Renewed, lock: Word<Lock>) -> Self {
        let lock = if let Word::Ours(lock) = lock { Some(lock) } else { None };
        Self { key: Some(key), lock }
    }

    /// Gives it back. One that cannot be given back runs out by itself.
    pub async fn release(self) {
        // The lock first: who gets the key asks for the lock next.
        drop(self.lock);
        if let Some(key) = self.key {
            key.release().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hall::HallId;

    #[tokio::test]
    async fn one_task_at_a_time_has_the_turn_on_a_document() {
        let leases = Leases::new(None, None);
        let (frank, frary) = (Document::Feed(HallId::Frank), Document::Feed(HallId::Frary));
        let first = leases.turn(frank).await;
        let second = leases.turn(frank);
        tokio::pin!(second);
        assert!(futures::poll!(&mut second).is_pending());
        let _other_document = leases.turn(frary).await;
        assert!(!first.was_waited_for);
        drop(first);
        assert!(second.await.was_waited_for);
        assert!(matches!(leases.ask(frank).await, Asked::Away));
    }
}
