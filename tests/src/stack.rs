//! The whole system for one test: its own database, its own names in Redis, its own vendors, and
//! the real programs on free ports.

mod days;
mod end;
mod jobs;
mod seen;
mod wanted;

use std::path::PathBuf;

use chrono::NaiveDate;

pub use jobs::Jobs;
pub use wanted::Wanted;

use crate::{
    answer::Answer,
    process::{Program, binary},
    stores::{Database, OwnPostgres, OwnRedis},
    stub::{Hall, VendorStub},
};

/// A running system; stopped, checked and cleaned up with the value.
pub struct Stack {
    /// The vendors.
    pub vendor: VendorStub,
    /// The database.
    pub database: Database,
    /// The Redis of this test alone, if it asked for one.
    pub own_redis: Option<OwnRedis>,
    /// The Postgres of this test alone, if it asked for one.
    pub own_postgres: Option<OwnPostgres>,
    /// The running apis.
    pub apis: Vec<Program>,
    /// The running workers.
    pub workers: Vec<Program>,
    http: reqwest::Client,
    redis_url: String,
    prefix: String,
    variables: Vec<(String, String)>,
    for_apis: Vec<(String, String)>,
    for_workers: Vec<(String, String)>,
    logs: PathBuf,
    leftovers_are_fine: bool,
}

impl Stack {
    /// One api and one worker.
    pub async fn start() -> Self {
        Self::wanted().start().await
    }

    /// As [`Stack::start`], with wishes.
    #[must_use]
    pub const fn wanted() -> Wanted {
        Wanted::USUAL
    }

    fn log(&self, program: &str) -> PathBuf {
        self.logs.join(format!("{program}-{:08x}.log", fastrand::u32(..)))
    }

    /// One more api.
    pub fn add_api(&mut self) {
        let log = self.log("api");
        let variables = [self.variables.as_slice(), &self.for_apis].concat();
        self.apis.push(Program::start(&binary("api"), &variables, log));
    }

    /// One more worker.
    pub fn add_worker(&mut self) {
        let log = self.log("worker");
        let variables = [self.variables.as_slice(), &self.for_workers].concat();
        self.workers.push(Program::start(&binary("worker"), &variables, log));
    }

    /// Jobs that stay behind when the test ends are part of it.
    pub const fn leftovers_are_fine(&mut self) {
        self.leftovers_are_fine = true;
    }

    /// A variable for apis that are started from now on.
    pub fn for_apis(&mut self, name: &str, value: &str) {
        self.for_apis.push((name.to_owned(), value.to_owned()));
    }

    /// A variable for workers that are started from now on.
    pub fn for_workers(&mut self, name: &str, value: &str) {
        self.for_workers.push((name.to_owned(), value.to_owned()));
    }

    /// A variable of all programs, if it is set.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut set = self.variables.iter().rev();
        set.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A variable of all programs that are started from now on.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.variables.push((name.to_owned(), value.to_string()));
    }

    /// Asks the first api.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(0, reqwest::Method::GET, path, &[]).await
    }

    /// Asks an api in any way.
    ///
    /// # Panics
    /// When no answer comes: law G of this service is that one always does.
    #[expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test cannot go on without")]
    pub async fn ask(
        &self,
        api: usize,
        method: reqwest::Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let url = format!("{}{path}", self.apis[api].url());
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request).await.expect("an answer")
    }

    /// A menu from the first api.
    pub async fn menu(&self, hall: Hall, date: NaiveDate, meal: &str) -> Answer {
        self.get(&menu_path(hall, date, meal)).await
    }

    /// The same path asked so many times at once, spread over all apis.
    ///
    /// # Panics
    /// When an answer does not come.
    #[expect(clippy::expect_used, reason = "a test cannot go on without")]
    pub async fn get_many(&self, count: usize, path: &str) -> Vec<Answer> {
        let urls = self.apis.iter().cycle().take(count).map(|api| format!("{}{path}", api.url()));
        let asked = urls.map(|url| tokio::spawn(Answer::of(self.http.get(url))));
        futures::future::join_all(asked)
            .await
            .into_iter()
            .map(|answer| answer.expect("no panic").expect("an answer"))
            .collect()
    }
}

/// `GET /api/v2/menus` with these parameters.
#[must_use]
pub fn menu_path(hall: Hall, date: NaiveDate, meal: &str) -> String {
    format!("/api/v2/menus?hall_id={}&date={date}&meal={meal}", hall.as_str())
}
