//! What Postgres is asked beside a vendor: nobody waits for it then, and who waits for the menus need
//! not wait for Postgres once they are read.

use std::{pin::pin, time::Duration};

use chrono::{DateTime, NaiveDate, Utc};
use futures::future::{Either, select};
use tokio::time::{Instant, timeout};

use super::Refresher;
use crate::{
    entry::MenuKey,
    hall::HallId,
    menu::KnownDay,
    metrics,
    store::{Past, StoreError},
    vendors::{Document, Read, VendorError, VendorTurn},
};

/// The request is sent first: on a machine with little to spare the one would wait for the other.
const HEAD_START: Duration = Duration::from_millis(5);
/// It is waited for no longer than this once the vendor has answered: without it a reading is
/// believed, and what it lacks is asked for when it is needed.
const PATIENCE: Duration = Duration::from_millis(300);

/// What was learnt meanwhile.
#[derive(Default)]
pub(super) struct Beside {
    /// What is usual; `None`: nobody can say.
    pub(super) past: Option<Past>,
    /// Days on which our own hours shut the hall; `None`: not asked yet.
    shut: Option<Vec<NaiveDate>>,
}

impl Refresher {
    /// The document, and beside it what is usual there.
    pub(super) async fn read_beside(
        &self,
        document: Document,
        key: &MenuKey,
        started_at: DateTime<Utc>,
        turn: VendorTurn,
    ) -> (Result<Read, VendorError>, Beside) {
        let dates = self.dates(document, key, started_at);
        let read = async {
            let asked = Instant::now();
            let read = self.vendors.read(document, started_at, turn).await;
            metrics::vendor_read(document.hall(), &read, asked.elapsed());
            read
        };
        let (mut read, asked) = (pin!(read), pin!(self.ask_beside(document, &dates)));
        // As long as the vendor takes, Postgres may take as well; what fails asks for nothing.
        let (read, asked) = match timeout(HEAD_START, &mut read).await {
            Ok(Err(error)) => return (Err(error), Beside::default()),
            Ok(read) => (read, timeout(PATIENCE, asked).await),
            Err(_) => match select(read, asked).await {
                Either::Left((Err(error), _)) => return (Err(error), Beside::default()),
                Either::Left((read, asked)) => (read, timeout(PATIENCE, asked).await),
                Either::Right((asked, read)) => (read.await, Ok(asked)),
            },
        };
        let beside = asked.unwrap_or_else(|_| {
            tracing::warn!(document = %document, "not known yet what is usual: Postgres is slow");
            Beside::default()
        });
        (read, beside)
    }

    async fn ask_beside(&self, document: Document, dates: &[NaiveDate]) -> Beside {
        let past = match self.store.past(document.hall(), dates).await {
            Ok(past) => Some(past),
            Err(StoreError::Away) => None,
            Err(error) => {
                tracing::warn!(document = %document, %error, "not known yet what is usual");
                None
            }
        };
        // A feed is silent on half of the days that lead to it; of a document of one day that is
        // rarely so, and found out when it is.
        let shut = match document {
            Document::Feed(hall) => self.store.shut_days(hall, dates).await.ok(),
            Document::Day(..) => None,
        };
        Beside { past, shut }
    }

    /// What is saved of days on which the vendor is silent; `None` where nobody can say. Most have
    /// nothing, which is known by what was usual, and then Postgres is not asked again.
    pub(super) async fn copies(
        &self,
        hall: HallId,
        silent: &[NaiveDate],
        beside: &Beside,
    ) -> Option<Vec<KnownDay>> {
        let has_menus = |date: &NaiveDate| match &beside.past {
            Some(past) => past.day(*date).is_some_and(|day| day.menus_read_at.is_some()),
            None => true,
        };
        let saved: Vec<NaiveDate> = silent.iter().copied().filter(has_menus).collect();
        if saved.is_empty() { Some(Vec::new()) } else { self.saved_days(hall, &saved).await }
    }

    /// The silent days on which our own hours shut the hall.
    pub(super) async fn shut_of(
        &self,
        hall: HallId,
        silent: &[NaiveDate],
        beside: &Beside,
    ) -> Vec<NaiveDate> {
        match &beside.shut {
            Some(shut) => shut.clone(),
            None if silent.is_empty() => Vec::new(),
            None => self.store.shut_days(hall, silent).await.unwrap_or_default(),
        }
    }
}
