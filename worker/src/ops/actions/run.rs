//! What an action does. Each is looked at twice, before the question and before the deed: what stands
//! against it is said both times.

use common::{
    cache::HOURS,
    entry::MenuKey,
    hall::Vendor,
    queue::{Pushed, Reason, RefreshMenu},
};

use super::{
    Refusal,
    action::{Action, menu, minutes, vendor_name},
};
use crate::{
    ops::{
        Ops,
        overrides::{self, rules},
    },
    queue::DeadLetter,
};

/// What is to be known before it is done.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// For whoever is asked to confirm.
    pub(super) notes: Vec<String>,
    /// Why there is nothing to do.
    pub(super) needless: Option<String>,
}

impl Outlook {
    fn needless(why: String) -> Self {
        Self { notes: vec![why.clone()], needless: Some(why) }
    }
}

/// Looks at how things are. A refusal: it cannot be done.
pub(super) async fn look(ops: &Ops, action: &Action) -> Result<Outlook, Refusal> {
    match action {
        Action::Refetch(key) => refetch_outlook(ops, key).await,
        Action::RetryJob(id) => {
            let letter = dead(ops, id).await?;
            let job = retriable(ops, &letter)?;
            refetch_outlook(ops, &job.key).await
        }
        Action::DeleteJob(id) => dead(ops, id).await.map(|_| Outlook::default()),
        Action::ResumeVendor(vendor) => Ok(match paused(ops, *vendor).await? {
            Some(_) => Outlook::default(),
            None => Outlook::needless(format!("{} is not paused", vendor_name(*vendor))),
        }),
        Action::PauseVendor(vendor, _) => {
            let notes = paused(ops, *vendor).await?.map(|left| {
                format!(
                    "It is paused for {} more; the new pause takes the place of that",
                    minutes(left)
                )
            });
            Ok(Outlook { notes: notes.into_iter().collect(), needless: None })
        }
        Action::AddOverride(new) => {
            let there = ops.store.overrides_on(new.hall, new.hours.date).await?;
            Ok(match rules::judge(new, &there)? {
                rules::Verdict::There(id) => {
                    Outlook::needless(format!("Override {id} says exactly that already"))
                }
                rules::Verdict::New(notes) => Outlook { notes, needless: None },
            })
        }
        Action::DeleteOverride(id) => {
            let row = ops.store.override_row(*id).await?;
            let row = row.ok_or_else(|| Refusal::gone("override"))?;
            Ok(Outlook { notes: vec![overrides::sentence(&row)], needless: None })
        }
        Action::DropEntry(_) => Ok(Outlook::default()),
    }
}

/// Does it, and says in a sentence what came of it.
pub(super) async fn run(ops: &Ops, action: &Action) -> Result<String, Refusal> {
    let outlook = look(ops, action).await?;
    if let Some(why) = outlook.needless
        && !matches!(action, Action::RetryJob(_))
    {
        return Ok(format!("Nothing to do: {why}"));
    }
    match action {
        Action::Refetch(key) => push(ops, key, None).await,
        Action::DropEntry(key) => {
            let there = ops.cache.forget(key).await?;
            let what = menu(key);
            Ok(if there {
                format!("Forgotten: {what}")
            } else {
                format!("Nothing was cached of {what}")
            })
        }
        Action::PauseVendor(vendor, length) => {
            ops.desk.pauses.pause(*vendor, *length).await?;
            Ok(format!("{} is not asked for {}", vendor_name(*vendor), minutes(*length)))
        }
        Action::ResumeVendor(vendor) => {
            ops.desk.pauses.resume(*vendor).await?;
            Ok(format!("{} is asked again", vendor_name(*vendor)))
        }
        Action::RetryJob(id) => retry(ops, id).await,
        Action::DeleteJob(id) => {
            ops.desk.dead.forget(id).await?;
            Ok("The dead job is forgotten".to_owned())
        }
        Action::AddOverride(new) => {
            let added = ops.store.add_override(new.hall, &new.hours).await?;
            let taken =
                || Refusal::conflict("An override of that meal that starts then was there first");
            let id = added.ok_or_else(taken)?;
            Ok(format!("Override {id}: {}. {}", new.sentence(), drop_hours(ops).await))
        }
        Action::DeleteOverride(id) => {
            if !ops.store.delete_override(*id).await? {
                return Err(Refusal::gone("override"));
            }
            Ok(format!("Override {id} is deleted. {}", drop_hours(ops).await))
        }
    }
}

/// Whether a reading is needed, and possible.
async fn refetch_outlook(ops: &Ops, key: &MenuKey) -> Result<Outlook, Refusal> {
    if let Some(left) = paused(ops, key.hall.vendor()).await? {
        let (vendor, left) = (vendor_name(key.hall.vendor()), minutes(left));
        return Err(Refusal::conflict(format!(
            "{vendor} is paused for {left} more; resume it first"
        )));
    }
    Ok(match ops.desk.refresher.just_read(key).await {
        Some(age) => Outlook::needless(format!(
            "It was read {} s ago; a copy younger than a minute is not read again",
            age.as_secs()
        )),
        None => Outlook::default(),
    })
}

/// Asks for a job that reads the vendor whatever is cached.
async fn push(ops: &Ops, key: &MenuKey, request_id: Option<String>) -> Result<String, Refusal> {
    let job =
        RefreshMenu { key: key.clone(), reason: Reason::Manual, request_id, traceparent: None };
    match ops.desk.queue.push(&job, true).await?.pushed {
        Pushed::Coalesced => {
            Ok(format!("A job for {} waits or runs already; it reads anew", menu(key)))
        }
        Pushed::Full => {
            let why = "Too many jobs wait: none was added";
            Err(Refusal::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, why))
        }
        Pushed::Enqueued | Pushed::Healed | Pushed::Cached => {
            Ok(format!("A job was pushed that reads {} anew", menu(key)))
        }
    }
}

/// First the push, then away with the letter: were it the other way round, the job could be lost.
async fn retry(ops: &Ops, id: &str) -> Result<String, Refusal> {
    let letter = dead(ops, id).await?;
    let job = retriable(ops, &letter)?;
    let done = push(ops, &job.key, job.request_id.clone()).await?;
    ops.desk.dead.forget(id).await?;
    Ok(done)
}

async fn dead(ops: &Ops, id: &str) -> Result<DeadLetter, Refusal> {
    ops.desk.dead.find(id).await?.ok_or_else(|| Refusal::gone("dead job"))
}

/// The job of a letter, if it may be tried again.
fn retriable<'a>(ops: &Ops, letter: &'a DeadLetter) -> Result<&'a RefreshMenu, Refusal> {
    let ours = || Refusal::conflict("It is none of our jobs; it can only be deleted");
    let job = letter.job.as_ref().ok_or_else(ours)?;
    if ops.desk.refresher.may_read(&job.key) {
        return Ok(job);
    }
    Err(Refusal::conflict(
        "No vendor is asked for that day or meal any more; it can only be deleted",
    ))
}

async fn paused(ops: &Ops, vendor: Vendor) -> Result<Option<std::time::Duration>, Refusal> {
    let left = ops.desk.pauses.left().await?;
    Ok(left.get(vendor as usize).copied().flatten())
}

/// How long an api may take to make the list of hours: what it read before the change, it has written
/// after that.
const STRAGGLERS: std::time::Duration = std::time::Duration::from_secs(4);

/// Drops the cached hours, now and once more: an api may have read the table just before the change
/// and write what it read just after the drop.
async fn drop_hours(ops: &Ops) -> &'static str {
    let cache = ops.cache.clone();
    let dropped = cache.forget_list(HOURS).await;
    tokio::spawn(async move {
        tokio::time::sleep(STRAGGLERS).await;
        if let Err(error) = cache.forget_list(HOURS).await {
            tracing::warn!(%error, "the cached hours may be old for some minutes");
        }
    });
    match dropped {
        Ok(_) => "It holds at once",
        Err(error) => {
            tracing::warn!(%error, "the cached hours may be old for some minutes");
            "Redis cannot be asked: cached hours may hold for five more minutes"
        }
    }
}
