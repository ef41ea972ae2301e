//! What all workers know together of pre-warming: who took a tick, what its run did, and whether
//! entries were there when their meals began. Each key has a lifetime.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use redis::FromRedisValue;
use serde::{Deserialize, Serialize};

use crate::{
    cache::Names,
    entry::MenuKey,
    link::{Link, LinkError},
};

/// A tick that was taken stays taken for so long.
const TAKEN: Duration = Duration::from_secs(3_600);
/// What a tick holds that was seen to.
const DONE: &str = "done";
/// What a run did can be seen for so long.
const RUN_KEPT: Duration = Duration::from_secs(7 * 86_400);
/// Days for which it is told how meals began.
const DAYS_KEPT: u64 = 7;

/// Which of the two plans a run followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// The meals that are about to begin.
    Meals,
    /// The coming days.
    Days,
}

impl Plan {
    /// The word in keys, metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Meals => "meals",
            Self::Days => "days",
        }
    }
}

/// What one run did, whichever worker made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The plan.
    pub plan: Plan,
    /// The tick that it is the run of.
    pub tick: DateTime<Utc>,
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub took_ms: u64,
    /// Who took the tick.
    pub worker: String,
    /// When the hours that it went by were read.
    pub hours_read_at: DateTime<Utc>,
    /// A line a document.
    pub looked_at: Vec<LookedAt>,
}

/// What a run found of a document, and did about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedAt {
    /// The menu that stands for its document.
    pub key: MenuKey,
    /// When its meal begins; not told of the coming days.
    pub opens: Option<DateTime<Utc>>,
    /// `holds`, `missing`, `short`, `stale`, `failed` or `foreign`.
    pub found: String,
    /// What became of the push; `None`: there was no need for one.
    pub pushed: Option<String>,
}

/// How an entry was found when its meal began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// There, and fresh.
    Warm,
    /// There, and an older copy.
    Stale,
    /// Not there, or a failure.
    Cold,
    /// The vendor serves no such meal.
    NoMenu,
}

impl Start {
    /// The word in keys and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Stale => "stale",
            Self::Cold => "cold",
            Self::NoMenu => "no_menu",
        }
    }
}

/// How the meals of a day began, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Starts {
    /// The halls' own day.
    pub date: NaiveDate,
    /// With a fresh entry.
    pub warm: u64,
    /// With an older copy.
    pub stale: u64,
    /// Without an entry.
    pub cold: u64,
    /// Without a menu, by the vendor's word; in no ratio.
    pub no_menu: u64,
}

impl Starts {
    /// The share of these days' meals that began warm; `None` where none began.
    #[must_use]
    pub fn ratio(days: &[Self]) -> Option<f64> {
        let warm: u64 = days.iter().map(|day| day.warm).sum();
        let all: u64 = days.iter().map(|day| day.warm + day.stale + day.cold).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of a week")]
        (all > 0).then(|| warm as f64 / all as f64)
    }
}

/// Who has a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Whoever asked.
    Mine,
    /// Another worker, which is at it, or died over it.
    Underway,
    /// Another worker, which is through with it.
    Done,
}

/// See the top of the file.
#[derive(Clone)]
pub struct Prewarm {
    link: Link,
    names: Names,
}

impl Prewarm {
    /// Pre-warming behind this link.
    #[must_use]
    pub const fn new(link: Link, names: Names) -> Self {
        Self { link, names }
    }

    /// Takes a tick for good, unless somebody has it; whether it is now the asker's. One who dies
    /// with it loses nothing: at the next tick the entry is still missing.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn take(&self, tick: &str) -> Result<bool, LinkError> {
        let mut set = redis::cmd("SET");
        set.arg(self.names.prewarm(tick)).arg(1).arg("NX").arg("EX").arg(TAKEN.as_secs());
        Ok(self.ask::<Option<String>>(&set).await?.is_some())
    }

    /// Takes a tick that is not followed by another soon: for as long as it may take to see to it.
    /// [`Prewarm::done`] is to follow; where it does not, others can take it after that time.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn begin(&self, tick: &str, time: Duration) -> Result<Taken, LinkError> {
        let mut set = redis::cmd("SET");
        set.arg(self.names.prewarm(tick)).arg(1).arg("NX").arg("GET").arg("EX").arg(time.as_secs());
        Ok(match self.ask::<Option<String>>(&set).await?.as_deref() {
            None => Taken::Mine,
            Some(DONE) => Taken::Done,
            Some(_) => Taken::Underway,
        })
    }

    /// The tick was seen to, and nobody needs to take it any more.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn done(&self, tick: &str) -> Result<(), LinkError> {
        let mut set = redis::cmd("SET");
        set.arg(self.names.prewarm(tick)).arg(DONE).arg("EX").arg(TAKEN.as_secs());
        self.ask(&set).await
    }

    /// Lets everybody see what a run did.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn save(&self, run: &Run) -> Result<(), LinkError> {
        let json = serde_json::to_vec(run).unwrap_or_default();
        let mut set = redis::cmd("SET");
        set.arg(self.last(run.plan)).arg(json).arg("EX").arg(RUN_KEPT.as_secs());
        self.ask(&set).await
    }

    /// What the last run of the plan did; `None`: there was none for days, or what is there is not
    /// of this release's shape.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn last_run(&self, plan: Plan) -> Result<Option<Run>, LinkError> {
        let mut get = redis::cmd("GET");
        get.arg(self.last(plan));
        let json: Option<Vec<u8>> = self.ask(&get).await?;
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// Counts how meals of a day began.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn note_starts(&self, date: NaiveDate, starts: &[Start]) -> Result<(), LinkError> {
        let name = self.starts_of(date);
        let mut count = redis::pipe();
        count.atomic();
        for start in starts {
            count.hincr(&name, start.as_str(), 1).ignore();
        }
        count.expire(&name, i64::try_from(DAYS_KEPT + 1).unwrap_or(8) * 86_400).ignore();
        self.link.ask(async |redis| count.query_async::<()>(redis).await).await
    }

    /// How the meals of the last seven days began, today first.
    ///
    /// # Errors
    /// When Redis cannot be asked.
    pub async fn starts(&self, today: NaiveDate) -> Result<Vec<Starts>, LinkError> {
        let days: Vec<NaiveDate> = today.iter_days().rev().take(7).collect();
        let mut ask = redis::pipe();
        for date in &days {
            let name = self.starts_of(*date);
            ask.cmd("HMGET").arg(name).arg(&["warm", "stale", "cold", "no_menu"]);
        }
        type Counts = [Option<u64>; 4];
        let found =
            self.link.ask(async |redis| ask.query_async::<Vec<Counts>>(redis).await).await?;
        let starts = days.into_iter().zip(found).map(|(date, counts)| {
            let [warm, stale, cold, no_menu] = counts.map(Option::unwrap_or_default);
            Starts { date, warm, stale, cold, no_menu }
        });
        Ok(starts.collect())
    }

    fn last(&self, plan: Plan) -> String {
        self.names.prewarm(&format!("last:{}", plan.as_str()))
    }

    fn starts_of(&self, date: NaiveDate) -> String {
        self.names.prewarm(&format!("starts:{date}"))
    }

    async fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, LinkError> {
        self.link.ask(async |redis| command.query_async(redis).await).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_of_meals_that_have_a_menu() {
        let date = NaiveDate::from_ymd_opt(2026, 2, 9).unwrap();
        let day = |warm, stale, cold| Starts { date, warm, stale, cold, no_menu: 9 };
        assert_eq!(Starts::ratio(&[day(5, 1, 0), day(1, 0, 1)]), Some(0.75));
        assert_eq!(Starts::ratio(&[day(0, 0, 0)]), None);
        assert_eq!(Starts::ratio(&[]), None);
    }
}
