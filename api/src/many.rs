//! Many menus at once: days of halls in, for each of their six meals out what `read_through` would
//! say of it. All keys are looked for in one round trip; for each document of which some are
//! missing one key is asked for as any single menu is, all documents side by side; what that leaves
//! open is told from the copies and from what the answers say of their day.

mod look;
mod word;

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, Utc};
use common::{
    cache::Held,
    entry::{MenuKey, NoMenu},
    hall::HallId,
    meal::Meal,
    vendors::{self, Document},
};
use futures::future::join_all;
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    admission::{Policy, charge},
    app::App,
    degraded,
    flights::Landing,
    last_resort,
    problem::ApiError,
    read_through, refresh_ahead,
    served::{From, Served},
};
use word::{Word, is_saved, no_menu};

/// A hall on a day.
pub(crate) type HallDay = (HallId, NaiveDate);
/// What is known of each key.
pub(crate) type Menus = HashMap<MenuKey, Landing>;
type Copies = HashMap<MenuKey, Held>;

/// The order in which a document's meals are asked for: the likeliest to have a menu first.
const LIKELIEST: [Meal; 6] =
    [Meal::Dinner, Meal::Lunch, Meal::Brunch, Meal::Breakfast, Meal::Snack, Meal::LateNight];

/// All meals of these days, within the budgets of a single miss that began at `started`. Days for
/// which no vendor is asked come from Postgres alone.
pub(crate) async fn menus(
    app: &App,
    days: &[HallDay],
    request_id: &str,
    started: Instant,
) -> Menus {
    let (first, last) = vendors::window(app.day_of(Utc::now()));
    let is_asked_for = |(_, date): &HallDay| (first..=last).contains(date);
    let (inside, outside): (Vec<HallDay>, Vec<HallDay>) =
        days.iter().partition(|day| is_asked_for(day));
    let hard = started + app.miss_wait;
    let soft = started + app.soft_wait.min(app.miss_wait);
    let known = OnceCell::new();
    let asking = Asking { app, days: &inside, request_id, soft, hard, known };
    let (menus, saved) = tokio::join!(asking.menus(), saved(app, &outside));
    let menus = menus.into_iter().map(|(key, landing)| {
        let landing = last_resort::instead(app, &key, landing);
        (key, landing)
    });
    menus.chain(saved).collect()
}

fn six(days: &[HallDay]) -> impl Iterator<Item = MenuKey> {
    days.iter().flat_map(|&(hall, date)| Meal::SIX.map(|meal| MenuKey { hall, date, meal }))
}

/// What Postgres has of days that no vendor is asked for.
async fn saved(app: &App, days: &[HallDay]) -> Menus {
    if days.is_empty() {
        return Menus::new();
    }
    if charge(Policy::Queries).is_err() {
        return six(days).map(|key| (key, Err(ApiError::Pending))).collect();
    }
    let copies = degraded::copies(app, days).await;
    let copies = copies.inspect_err(|error| tracing::warn!(%error, "no copies at hand"));
    let landing = |key: &MenuKey| match copies.as_ref().map(|copies| copies.get(key)) {
        Ok(Some(held)) => Ok(Served::new(held.clone(), From::Postgres)),
        Ok(None) => Ok(no_menu(NoMenu::NotPosted, app.negative)),
        Err(_) => Err(ApiError::StoresAway),
    };
    six(days).map(|key| (key.clone(), landing(&key))).collect()
}

/// One request for many menus.
struct Asking<'a> {
    app: &'a App,
    days: &'a [HallDay],
    request_id: &'a str,
    /// From here on copies will do.
    soft: Instant,
    /// Nothing is waited for after this.
    hard: Instant,
    /// The copies as they were at `soft`; `None` where Postgres could not say.
    known: OnceCell<Option<Copies>>,
}

/// What is still open of some keys, and what is known of the others.
#[derive(Default)]
struct State {
    open: Vec<MenuKey>,
    menus: Menus,
    /// What was said of the days that were asked for.
    words: BTreeMap<NaiveDate, Word>,
    /// Whether the last look into the cache was answered.
    looked: bool,
}

impl State {
    /// Takes what this process keeps of the cache.
    fn take_near(&mut self, app: &App, request_id: &str) {
        let menus = &mut self.menus;
        self.open.retain(|key| {
            let kept = app.near.menus.get(key);
            let open = kept.is_none();
            if let Some(ready) = kept {
                refresh_ahead::if_due(app, key, &ready, request_id);
                menus.insert(key.clone(), Ok(Served { ready, from: From::Hit }));
            }
            open
        });
    }
}

impl Asking<'_> {
    async fn menus(&self) -> Menus {
        let mut all = State { open: six(self.days).collect(), ..State::default() };
        all.take_near(self.app, self.request_id);
        self.look(&mut all, From::Hit).await;
        let mut documents: HashMap<Document, Vec<MenuKey>> = HashMap::new();
        for key in all.open.drain(..) {
            documents.entry(Document::of(key.hall, key.date)).or_default().push(key);
        }
        let landed = join_all(documents.into_values().map(|open| self.land(open))).await;
        let days: Vec<HallDay> = landed.iter().flat_map(|state| open_days(&state.open)).collect();
        let copies = self.copies(&days).await;
        let told = landed.into_iter().map(|state| self.tell(state, copies.as_ref()));
        for menus in join_all(told).await {
            all.menus.extend(menus);
        }
        all.menus
    }

    /// Looks for all open keys in one round trip.
    async fn look(&self, state: &mut State, from: From) {
        let keys = std::mem::take(&mut state.open);
        let looked = look::look(self.app, &keys).await;
        state.looked = looked.is_some();
        for (key, ready) in keys.iter().zip(looked.unwrap_or_default()) {
            if let Some(ready) = ready {
                state.menus.insert(key.clone(), Ok(Served { ready, from }));
            }
        }
        state.open = keys.into_iter().filter(|key| !state.menus.contains_key(key)).collect();
    }

    /// Asks for one key of a document. A feed's answer may settle the one day alone (when that is
    /// put back from Postgres); then the other days are asked for, all of them at once.
    async fn land(&self, open: Vec<MenuKey>) -> State {
        let mut state = State { open, ..State::default() };
        let first = lead(&state.open);
        self.ask(&mut state, first.as_slice()).await;
        let silent = |day: &HallDay| !state.words.contains_key(&day.1);
        let others = open_days(&state.open).into_iter().filter(silent);
        let others: Vec<MenuKey> = others.filter_map(|day| likeliest(&state.open, day)).collect();
        if !others.is_empty() {
            self.ask(&mut state, &others).await;
        }
        state
    }

    /// Asks for these keys at once, then looks for what that has brought of the others.
    async fn ask(&self, state: &mut State, keys: &[MenuKey]) {
        let landed = join_all(keys.iter().map(|key| self.wait(key, &state.open))).await;
        for (key, landing) in keys.iter().zip(landed) {
            let word = Word::of(&landing, self.app.negative);
            let days = if word.is_of_document() { open_days(&state.open) } else { Vec::new() };
            for (_, date) in days.into_iter().chain([(key.hall, key.date)]) {
                state.words.entry(date).or_insert_with(|| word.clone());
            }
            if landing.is_ok() {
                state.open.retain(|open| open != key);
                state.menus.insert(key.clone(), landing);
            }
        }
        self.look(state, From::Stored).await;
    }

    /// A single miss; given up at the soft wait where each open day has a copy to show.
    async fn wait(&self, key: &MenuKey, open: &[MenuKey]) -> Landing {
        let asked = read_through::landing(self.app, key.clone(), self.request_id);
        tokio::pin!(asked);
        if let Ok(landing) = timeout_at(self.soft, &mut asked).await {
            return landing;
        }
        let known =
            self.known.get_or_init(async || degraded::copies(self.app, self.days).await.ok());
        let is_in =
            |copies: &Copies, day: &HallDay| copies.keys().any(|key| (key.hall, key.date) == *day);
        // The wait for Postgres is no reason to miss what lands meanwhile.
        let known = tokio::select! {
            landing = &mut asked => return landing,
            known = known => known,
        };
        if let Some(copies) = known
            && open_days(open).iter().all(|day| is_in(copies, day))
        {
            return Err(ApiError::Pending);
        }
        timeout_at(self.hard, asked).await.unwrap_or(Err(ApiError::Pending))
    }

    /// What is saved of these days, now or, when the time is up, at the soft wait.
    async fn copies(&self, days: &[HallDay]) -> Option<Copies> {
        let left = self.hard.saturating_duration_since(Instant::now());
        if days.is_empty() || left.is_zero() {
            return self.known.get().cloned().flatten();
        }
        match timeout(left, degraded::copies(self.app, days)).await {
            Ok(copies) => copies.ok(),
            Err(_) => self.known.get().cloned().flatten(),
        }
    }

    /// What follows for the keys that are still open.
    async fn tell(&self, state: State, copies: Option<&Copies>) -> Menus {
        let State { open, mut menus, words, looked } = state;
        let mut unknown: BTreeMap<NaiveDate, Vec<MenuKey>> = BTreeMap::new();
        for key in open {
            match words.get(&key.date).unwrap_or(&Word::Late) {
                Word::Posted if !looked && !is_saved(&key, copies) => {
                    unknown.entry(key.date).or_default().push(key);
                }
                word => {
                    let landing = word.on(&key, copies, self.app.negative);
                    menus.insert(key, landing);
                }
            }
        }
        // No store has the day: nobody but the vendor knows its other meals.
        for found in join_all(unknown.into_values().map(|keys| self.one_by_one(keys))).await {
            menus.extend(found);
        }
        menus
    }

    async fn one_by_one(&self, mut keys: Vec<MenuKey>) -> Menus {
        keys.sort_by_key(|key| LIKELIEST.iter().position(|meal| *meal == key.meal));
        let mut menus = Menus::new();
        for key in keys {
            let asked = read_through::landing(self.app, key.clone(), self.request_id);
            let landing = timeout_at(self.hard, asked).await.unwrap_or(Err(ApiError::Pending));
            menus.insert(key, landing);
        }
        menus
    }
}

/// The days of these keys, each once.
fn open_days(open: &[MenuKey]) -> Vec<HallDay> {
    let mut days: Vec<HallDay> = open.iter().map(|key| (key.hall, key.date)).collect();
    days.dedup();
    days
}

/// The key to ask for in the name of a document: of a day that is wholly unknown, and of the last of
/// those, which is the least likely to be put back from Postgres without a read.
fn lead(open: &[MenuKey]) -> Option<MenuKey> {
    let count = |day: &HallDay| open.iter().filter(|key| (key.hall, key.date) == *day).count();
    let day = open_days(open).into_iter().max_by_key(|day| (count(day), day.1))?;
    likeliest(open, day)
}

fn likeliest(open: &[MenuKey], day: HallDay) -> Option<MenuKey> {
    let of_day =
        |meal: &Meal| open.iter().find(|key| (key.hall, key.date) == day && key.meal == *meal);
    LIKELIEST.iter().find_map(of_day).cloned()
}
