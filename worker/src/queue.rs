//! The workers' side of the queue: our own backend for apalis, because the one that comes with
//! apalis-redis loses jobs, wake-ups and workers (`docs/queue.md` says how). Kept of it: the key
//! layout and the form in which a task is read.

mod ack;
mod backend;
mod dashboard;
mod dead;
mod depth;
mod held;
mod jobs;
mod scripts;
mod trouble;
mod wake;
mod wanted;

pub(crate) use backend::{MenuQueue, beat_while_draining, leave};
pub(crate) use dashboard::{Dashboard, QUEUE};
pub(crate) use dead::{DeadLetter, DeadLetters, LISTED};
pub(crate) use depth::{Depth, QueueFigures};
pub(crate) use held::HeldJobs;
pub(crate) use wake::{Wake, follow};
pub(crate) use wanted::Wanted;
