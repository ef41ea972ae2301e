//! A page of what is served, found by words. Dishes are looked for first, judged by what somebody
//! can eat, and then asked where they are served, best ones first, until the page is full.

use std::{collections::BTreeMap, time::Duration};

use common::store::{FoundDishes, FoundItem, Place, Span, Store, StoreError};
use tokio::{sync::Semaphore, time::timeout};

use crate::diet::{Verdict, Wishes};

/// More dishes than this of one rank are met so often that walking day by day is quicker than
/// asking each.
const FEW: usize = 70;
/// For a page, its turn included.
const PATIENCE: Duration = Duration::from_secs(2);
/// Searches at once in one process: whoever searches without end leaves Postgres to the menus.
static TURNS: Semaphore = Semaphore::const_new(4);

/// What is looked for.
pub(crate) struct Search {
    pub(crate) words: String,
    pub(crate) wishes: Wishes,
    pub(crate) span: Span,
    /// The last item of the page before.
    pub(crate) after: Option<Place>,
    pub(crate) limit: usize,
}

impl Search {
    /// The page, with one item more where there are more.
    pub(crate) async fn page(&self, store: &Store) -> Result<Vec<FoundItem>, StoreError> {
        let in_turn = async {
            let _turn = TURNS.acquire().await;
            let dishes = self.ranked(store.dishes_like(&self.words).await?);
            self.served(store, dishes).await
        };
        timeout(PATIENCE, in_turn).await.unwrap_or(Err(StoreError::Timeout))
    }

    /// The dishes that may be shown on this page or a later one, by rank.
    fn ranked(&self, found: Vec<FoundDishes>) -> BTreeMap<i16, Vec<i64>> {
        let mut ranked: BTreeMap<i16, Vec<i64>> = BTreeMap::new();
        for FoundDishes { rank, tags, ids } in found {
            let past = self.after.as_ref().is_some_and(|after| rank < after.rank);
            if !past && self.wishes.judge(&tags) != Verdict::Drop {
                ranked.entry(rank).or_default().extend(ids);
            }
        }
        ranked
    }

    async fn served(
        &self,
        store: &Store,
        dishes: BTreeMap<i16, Vec<i64>>,
    ) -> Result<Vec<FoundItem>, StoreError> {
        let mut page = Vec::new();
        let mut few = Few::default();
        for (rank, ids) in dishes {
            if few.dishes.len() + ids.len() > FEW {
                self.add_few(store, std::mem::take(&mut few), &mut page).await?;
            }
            if ids.len() > FEW {
                self.add_many(store, (&ids, rank), &mut page).await?;
            } else {
                few.ranks.extend(ids.iter().map(|_| rank));
                few.dishes.extend(ids);
            }
        }
        self.add_few(store, few, &mut page).await?;
        Ok(page)
    }

    async fn add_few(
        &self,
        store: &Store,
        few: Few,
        page: &mut Vec<FoundItem>,
    ) -> Result<(), StoreError> {
        let Some(missing) = self.missing(page).filter(|_| !few.dishes.is_empty()) else {
            return Ok(());
        };
        let dishes = (&*few.dishes, &*few.ranks);
        page.extend(store.items_of_few(dishes, &self.span, self.after.as_ref(), missing).await?);
        Ok(())
    }

    async fn add_many(
        &self,
        store: &Store,
        (dishes, rank): (&[i64], i16),
        page: &mut Vec<FoundItem>,
    ) -> Result<(), StoreError> {
        let Some(missing) = self.missing(page) else { return Ok(()) };
        let after = self.after.as_ref().filter(|after| after.rank == rank);
        page.extend(store.items_of_many((dishes, rank), &self.span, after, missing).await?);
        Ok(())
    }

    /// How many items are to be found yet, the one more included.
    fn missing(&self, page: &[FoundItem]) -> Option<i64> {
        let missing = (self.limit + 1).checked_sub(page.len()).filter(|missing| *missing > 0);
        i64::try_from(missing?).ok()
    }
}

/// Dishes of one or more ranks that are asked one by one.
#[derive(Default)]
struct Few {
    dishes: Vec<i64>,
    ranks: Vec<i16>,
}
