//! Postgres dies, freezes, locks, refuses and loses words, with visitors at the door: one test a row
//! of the faults that are survived (`docs/operations.md`, "Faults").

#![expect(clippy::print_stdout, reason = "figures that are worth reading")]
#![expect(clippy::expect_used, reason = "a test cannot go on without")]

mod away;
mod refuses;
mod rows;
mod start;

use std::time::Duration;

use tests::{Asked, Load, OwnPostgres, Seen, Stack, Wanted, eventually, warm};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Over a Postgres of their own.
async fn own(wanted: Wanted) -> Stack {
    wanted.postgres(OwnPostgres::start().await).start().await
}

fn postgres(stack: &mut Stack) -> &mut OwnPostgres {
    stack.own_postgres.as_mut().expect("a Postgres of its own")
}

/// A cold menu that takes no longer than its job.
async fn cold(stack: &Stack, what: &str, key: Asked, calm: &Seen, bound: Duration) {
    let sample = Load::of(stack, &[key]).one(0).await;
    println!("{what}: cold after {:?} ({})", sample.took, sample.from);
    assert_eq!((sample.status, &sample.wrong, sample.stale), (200, &None, false), "{sample:?}");
    calm.bounds("a cold menu", sample.took, bound);
}

/// Waits until each of them is saved.
async fn rows_of(stack: &Stack, keys: &[Asked], within: Duration) {
    let begun = std::time::Instant::now();
    for (hall, date, meal) in keys {
        let sql = format!(
            "select count(*) from menus m join menu_days d using (hall_id, date)
             where hall_id = '{}' and date = '{date}' and meal = '{meal}'
               and m.fetched_at = d.menus_read_at",
            hall.as_str()
        );
        eventually("the row is written", within, async || {
            (stack.database.number(&sql).await == 1).then_some(())
        })
        .await;
    }
    println!("{} rows there after {:?}", keys.len(), begun.elapsed());
}
