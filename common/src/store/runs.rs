//! One read of a vendor, as it goes on record.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, columns::count};
use crate::{
    menu::{DayState, KnownDay},
    queue::Reason,
    vendors::{Document, FetchError, Read, VendorError},
};

/// How a read ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// No answer, or one that refuses.
    Failed,
    /// An answer that was not whole.
    Broken,
    /// A whole answer that is not what it should be.
    Invalid,
    /// A good answer without any menu.
    Empty,
    /// Menus, as before.
    Unchanged,
    /// Menus that differ from what was saved.
    Changed,
}

impl RunState {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Broken => "broken",
            Self::Invalid => "invalid",
            Self::Empty => "empty",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
        }
    }
}

/// One read of a vendor.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the column of that name in `fetch_runs`")]
pub struct FetchRun {
    pub document: Document,
    pub reason: Reason,
    pub state: RunState,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    pub http_status: Option<i16>,
    pub bytes: i32,
    pub meals: i32,
    pub items: i32,
    pub skipped: i32,
    pub error_class: Option<&'static str>,
    pub error: Option<String>,
}

impl FetchRun {
    /// A read that starts now and has not gone well yet.
    #[must_use]
    pub const fn new(document: Document, reason: Reason, started_at: DateTime<Utc>) -> Self {
        Self {
            document,
            reason,
            state: RunState::Failed,
            started_at,
            finished_at: started_at,
            http_status: None,
            bytes: 0,
            meals: 0,
            items: 0,
            skipped: 0,
            error_class: None,
            error: None,
        }
    }

    /// Notes what was in it.
    pub fn count<'a>(&mut self, read: &Read, days: impl Iterator<Item = &'a KnownDay>) {
        let mut posted = false;
        for day in days {
            posted |= day.state == DayState::Posted;
            self.meals += count(day.menus.len());
            self.items += day.menus.iter().map(|known| count(known.menu.item_count())).sum::<i32>();
        }
        self.state = if posted { RunState::Changed } else { RunState::Empty };
        (self.http_status, self.bytes) = (Some(200), count(read.bytes));
        self.skipped = count(read.reading.skipped);
    }

    /// Notes what was read and is not believed yet.
    pub fn note_doubt(&mut self, doubt: &str) {
        self.error_class = Some("implausible");
        self.error = Some(doubt.chars().take(300).collect());
    }

    /// Notes how many days differ from what was saved.
    pub fn note_change(&mut self, changed_days: i64) {
        if self.state == RunState::Changed && changed_days == 0 {
            self.state = RunState::Unchanged;
        }
    }

    /// Notes why there was nothing.
    pub fn note_failure(&mut self, error: &VendorError) {
        (self.state, self.http_status) = match error {
            VendorError::Fetch(FetchError::Status { status, .. }) => {
                (RunState::Failed, i16::try_from(*status).ok())
            }
            VendorError::Fetch(FetchError::TooLarge | FetchError::Broken(_)) => {
                (RunState::Broken, Some(200))
            }
            VendorError::Fetch(_) | VendorError::NoKey => (RunState::Failed, None),
            VendorError::Parse { bytes, .. } => {
                self.bytes = count(*bytes);
                (RunState::Invalid, Some(200))
            }
            VendorError::Panic => (RunState::Invalid, Some(200)),
        };
        self.error_class = Some(error.class());
        // A parser's word may repeat the vendor's text, however long that is.
        self.error = Some(error.to_string().chars().take(300).collect());
    }
}

impl Store {
    /// Puts one read of a vendor on record.
    ///
    /// # Errors
    /// When Postgres cannot be asked.
    pub async fn record_run(&self, run: &FetchRun) -> Result<(), StoreError> {
        let insert = sqlx::query!(
            "insert into fetch_runs (vendor, document, hall_id, reason, state, started_at, finished_at,
                                     http_status, bytes, meals, items, skipped, error_class, error)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            run.document.hall().vendor().as_str(),
            run.document.to_string(),
            run.document.hall().as_str(),
            run.reason.as_str(),
            run.state.as_str(),
            run.started_at,
            run.finished_at,
            run.http_status,
            run.bytes,
            run.meals,
            run.items,
            run.skipped,
            run.error_class,
            run.error,
        );
        self.within(insert.execute(&self.pool)).await.map(|_| ())
    }
}
