//! Tells a webhook of alerts: one worker each, in their order, until it has taken them or too many
//! tries were in vain. Whose turn it is, a row in Postgres decides.

mod webhook;

use std::time::Duration;

use common::{
    drift::Verdict,
    hall::Vendor,
    metrics::{ALERTS, DRIFT},
    store::{DueAlert, Store, StoreError},
};
use tokio_util::sync::CancellationToken;
pub(crate) use webhook::Webhook;

/// How often a worker looks for alerts.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a worker has an alert for itself: longer than a try can take.
const CLAIM: Duration = Duration::from_secs(30);
/// An alert is tried so often: with the pauses as shipped for about ten minutes.
const TRIES: i32 = 8;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// What happened so long ago is no news.
const OLDEST: Duration = Duration::from_secs(6 * 3600);
/// So many alerts may wait; the oldest are given up.
const MOST_WAITING: i64 = 100;
/// How often the states are counted for metrics.
const COUNT_EVERY: u32 = 5;

/// Tells until the token is cancelled; counts states all the while.
pub(crate) async fn run(store: Store, webhook: Option<Webhook>, stop: CancellationToken) {
    let mut looks = 0_u32;
    while !stop.is_cancelled() {
        if looks.is_multiple_of(COUNT_EVERY) {
            count_states(&store).await;
        }
        looks = looks.wrapping_add(1);
        if let Some(webhook) = &webhook {
            while !stop.is_cancelled() && tell_next(&store, webhook).await {}
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Whether there was one, and it took its end.
async fn tell_next(store: &Store, webhook: &Webhook) -> bool {
    let told = async {
        let old = store.give_up_alerts(OLDEST, MOST_WAITING).await?;
        if old > 0 {
            ALERTS.add(&["untold"], old);
            tracing::warn!(alerts = old, "alerts given up untold: too old, or too many");
        }
        let Some(alert) = store.take_alert(CLAIM).await? else { return Ok(false) };
        tell(store, webhook, &alert).await
    };
    told.await.unwrap_or_else(|error: StoreError| {
        tracing::debug!(%error, "no look at the alerts");
        false
    })
}

async fn tell(store: &Store, webhook: &Webhook, alert: &DueAlert) -> Result<bool, StoreError> {
    let Err(error) = webhook.post(alert).await else {
        store.end_alert(alert, None).await?;
        ALERTS.one(&["delivered"]);
        tracing::info!(alert.id = alert.id, alert.kind, tries = alert.tries, "alert delivered");
        return Ok(true);
    };
    let error = error.to_string();
    if alert.tries >= TRIES {
        store.end_alert(alert, Some(&error)).await?;
        ALERTS.one(&["given_up"]);
        tracing::error!(
            alert.id = alert.id,
            alert.kind,
            tries = alert.tries,
            error,
            "alert given up"
        );
        return Ok(true);
    }
    let pause = pause(webhook.retry, alert.tries);
    store.retry_alert(alert, pause, &error).await?;
    ALERTS.one(&["retried"]);
    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(
        alert.id = alert.id,
        alert.kind,
        tries = alert.tries,
        pause_ms,
        error,
        "alert not delivered yet"
    );
    Ok(false)
}

/// Doubles with every try; half of it by chance, so that receivers are not met in step.
fn pause(base: Duration, tries: i32) -> Duration {
    let doublings = u32::try_from(tries).unwrap_or(1).clamp(1, 20) - 1;
    let longest = base.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST_PAUSE);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

async fn count_states(store: &Store) {
    let counts = store.drift_counts().await.ok();
    for vendor in Vendor::ALL {
        for verdict in Verdict::ALL {
            let meals = counts.as_ref().map(|counts| {
                let own =
                    counts.iter().filter(|(hall, of, _)| hall.vendor() == vendor && *of == verdict);
                own.map(|(.., meals)| meals).sum()
            });
            DRIFT.set(&[vendor.as_str(), verdict.as_str()], meals);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_minutes_and_are_spread() {
        let base = Duration::from_secs(5);
        for (tries, longest) in [(1, 5), (2, 10), (5, 80), (8, 600), (30, 600)] {
            let drawn: Vec<Duration> = (0..1000).map(|_| pause(base, tries)).collect();
            let longest = Duration::from_secs(longest);
            assert!(drawn.iter().all(|pause| *pause >= longest / 2 && *pause <= longest));
            assert!(drawn.iter().max() > drawn.iter().min(), "{tries}");
        }
        assert!(pause(Duration::from_millis(10), i32::MAX) <= LONGEST_PAUSE);
    }
}
