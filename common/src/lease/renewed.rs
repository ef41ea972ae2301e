//! The half of a lease that is a key of Redis: renewed for as long as its holder lives.

use std::{sync::LazyLock, time::Duration};

use redis::Script;

use crate::link::{Link, LinkError};

/// How long a lease outlives a holder that died.
const LIFETIME: Duration = Duration::from_secs(4);
/// How often a living holder renews it.
const RENEWAL: Duration = Duration::from_secs(1);

/// A key that is renewed while the value lives.
pub(super) struct Renewed {
    link: Link,
    name: String,
    token: String,
    renewal: tokio::task::JoinHandle<()>,
}

static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0",
    )
});
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new("return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0")
});

impl Renewed {
    /// The key, if nobody has it.
    pub(super) async fn take(link: &Link, name: String) -> Result<Option<Self>, LinkError> {
        let token = format!("{:032x}", fastrand::u128(..));
        let mut set = redis::cmd("SET");
        set.arg(&name).arg(&token).arg("NX").arg("PX").arg(millis(LIFETIME));
        let taken = link.ask(async |redis| set.query_async::<Option<String>>(redis).await).await?;
        Ok(taken.map(|_| Self::hold(link.clone(), name, token)))
    }

    fn hold(link: Link, name: String, token: String) -> Self {
        let (renewing, key, value) = (link.clone(), name.clone(), token.clone());
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                let mut renew = RENEW.key(&key);
                renew.arg(&value).arg(millis(LIFETIME));
                let renewed = renewing.ask(async |redis| renew.invoke_async::<u64>(redis).await);
                if let Err(error) = renewed.await {
                    tracing::debug!(lease = key, %error, "lease not renewed");
                }
            }
        });
        Self { link, name, token, renewal }
    }

    /// Gives it back. One that cannot be given back runs out by itself.
    pub(super) async fn release(self) {
        self.renewal.abort();
        let mut release = RELEASE.key(&self.name);
        release.arg(&self.token);
        let released = self.link.ask(async |redis| release.invoke_async::<u64>(redis).await);
        if let Err(error) = released.await {
            tracing::debug!(lease = self.name, %error, "lease not given back");
        }
    }
}

impl Drop for Renewed {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
