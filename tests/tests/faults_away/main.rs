//! Menus while stores are away, or nobody works: the rows R1 to R4, C1 to C4 and Q6 of what can go
//! wrong, each with its figure.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail in any way, and so may what it stands on"
)]

mod both;
mod door;
mod going;
mod moment;
mod nobody;
mod without_redis;

use std::time::{Duration, Instant};

use tests::{Answer, Stack, menu_path, stub::Hall};

/// One site for three halls.
const CAFES: [Hall; 3] = [Hall::Collins, Hall::Malott, Hall::Mcconnell];

/// Dinners of the cafés from so many days ahead on, each of another document.
fn dinners(stack: &Stack, from: u64, count: usize) -> Vec<String> {
    let days = (from..from + 14).flat_map(|ahead| CAFES.map(|hall| (hall, ahead)));
    days.take(count).map(|(hall, ahead)| menu_path(hall, stack.in_days(ahead), "dinner")).collect()
}

/// All at once, spread over the apis.
async fn ask_all(stack: &Stack, paths: &[String]) -> Vec<Answer> {
    let asked = paths.iter().enumerate().map(async |(turn, path)| {
        stack.ask(turn % stack.apis.len(), reqwest::Method::GET, path, &[]).await
    });
    futures::future::join_all(asked).await
}

/// Reads menus of as many documents, and sees that all are saved: one after the other, since what is
/// new to the search takes its time to save.
async fn warm(stack: &Stack, paths: &[String]) {
    for path in paths {
        are_fresh(&[stack.get(path).await]);
        stack.is_idle().await;
    }
    let saved = "select count(*) from menu_days where fresh_until > now() + interval '10 minutes'";
    assert_eq!(stack.database.number(saved).await, i64::try_from(paths.len()).unwrap());
}

/// One after the other in a steady beat, whether or not the one before is answered.
async fn paced(stack: &Stack, paths: &[String], a_second: u32, time: Duration) -> Vec<Answer> {
    let start = Instant::now();
    let beat = Duration::from_secs(1) / a_second;
    let count = u32::try_from(time.as_millis() / beat.as_millis()).unwrap();
    let asked = (0..count).map(async |turn| {
        tokio::time::sleep_until((start + beat * turn).into()).await;
        stack.get(&paths[turn as usize % paths.len()]).await
    });
    futures::future::join_all(asked).await
}

/// The time within which 99 of 100 are answered.
fn p99(answers: &[Answer]) -> Duration {
    let mut times: Vec<Duration> = answers.iter().map(|answer| answer.took).collect();
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1]
}

fn are_fresh(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["is_stale"], false, "{answer:?}");
    }
}

/// 503 with a word on when to come back, and nothing else.
fn is_put_off(answer: &Answer) {
    let (_, reason) = answer.problem(503);
    assert!(["vendor_error", "pending"].contains(&reason.as_str()), "{answer:?}");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1, "{answer:?}");
}
