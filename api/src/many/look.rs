//! One look into Redis for many keys; what it finds is kept near, as after a look for one.

use std::{pin::pin, sync::Arc};

use common::{cache::Look, entry::MenuKey};
use futures::future::join_all;
use tokio::sync::oneshot;

use crate::{app::App, ready::Ready};

/// What Redis has of each of these keys, in their order; `None` where it cannot be asked.
pub(super) async fn look(app: &App, keys: &[MenuKey]) -> Option<Vec<Option<Arc<Ready>>>> {
    let redis = app.redis.as_ref()?;
    let (tell, told): (Vec<_>, Vec<_>) =
        keys.iter().map(|_| oneshot::channel::<Arc<Ready>>()).unzip();
    let fills = keys.iter().zip(told).map(|(key, told)| {
        app.near.menus.fill(key, async {
            let ready = told.await.ok()?;
            let until = ready.until;
            Some((ready, until))
        })
    });
    let mut fills = pin!(join_all(fills));
    // All places are reserved before Redis is asked: a write that comes meanwhile takes them away.
    let _ = futures::poll!(fills.as_mut());
    let looks = redis.cache.get_many(keys).await;
    let looks = looks.inspect_err(|error| tracing::debug!(%error, "the cache is not asked"));
    for (tell, look) in tell.into_iter().zip(looks.ok()?) {
        if let Look::Held(held) = look {
            // Somebody always listens: the places are waited for below.
            let _ = tell.send(Arc::new(Ready::new(held)));
        }
    }
    Some(fills.await)
}
