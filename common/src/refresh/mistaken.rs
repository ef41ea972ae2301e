//! A day that was given another day's menus: it turned out when that other day was read.

use chrono::{NaiveDate, SubsecRound, TimeDelta, Utc};

use super::Refresher;
use crate::{
    entry::MenuKey,
    hall::HallId,
    meal::Meal,
    menu::{Day, KnownDay},
    vendors::Document,
};

impl Refresher {
    /// Takes back what was saved and cached of the day. It is read anew when somebody asks for it.
    pub(super) async fn withdraw(&self, hall: HallId, date: NaiveDate) {
        // Later than every reading so far, of which one may not be saved yet.
        let now = Utc::now().trunc_subsecs(0) + TimeDelta::seconds(1);
        tracing::warn!(hall.id = %hall, %date, "it had another day's menus: withdrawn");
        self.unsaved.forget(Document::of(hall, date));
        let nothing = KnownDay::read(date, Day::Posted(Vec::new()), now, now);
        if let Err(error) = self.store.save(hall, std::iter::once(&nothing)).await {
            tracing::warn!(hall.id = %hall, %date, %error, "still saved");
        }
        let Some(cache) = &self.cache else { return };
        for meal in Meal::SIX {
            if let Err(error) = cache.forget(&MenuKey { hall, date, meal }).await {
                tracing::debug!(hall.id = %hall, %date, %error, "still cached for a while");
            }
        }
    }
}
