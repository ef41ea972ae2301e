//! What the queue rests on. First what apalis and apalis-redis do as they come, each fact with what
//! we do because of it: an upgrade that changes one fails here. Then what our own scripts promise,
//! asked of a real Redis. `docs/queue.md` is the story to both.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail in any way"
)]

#[path = "queue_contract/test_queue.rs"]
mod test_queue;

#[path = "queue_contract/layout.rs"]
mod layout;
#[path = "queue_contract/stock.rs"]
mod stock;
#[path = "queue_contract/stock_worker.rs"]
mod stock_worker;

#[path = "queue_contract/ack.rs"]
mod ack;
#[path = "queue_contract/beat.rs"]
mod beat;
#[path = "queue_contract/bounds.rs"]
mod bounds;
#[path = "queue_contract/fetch.rs"]
mod fetch;
#[path = "queue_contract/later.rs"]
mod later;
#[path = "queue_contract/push.rs"]
mod push;
