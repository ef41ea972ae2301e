//! Dead letters, for who looks after them: which there are, and away with one. To try a job again is
//! to push it anew.

use common::{
    cache::Names,
    link::{Link, LinkError},
    queue::RefreshMenu,
};

use super::scripts;

/// So many are listed.
pub(crate) const LISTED: usize = 100;

/// A job that was given up for good.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetter {
    /// `id~n`; of a letter that is none of ours anything.
    pub(crate) id: String,
    /// When it died, in Unix seconds.
    pub(crate) died_at: i64,
    /// The job, where it is one of ours.
    pub(crate) job: Option<RefreshMenu>,
    /// How often it was tried.
    pub(crate) attempts: u64,
    /// Why it died.
    pub(crate) error: String,
}

/// See the top of the file.
pub(crate) struct DeadLetters {
    link: Link,
    names: Names,
}

impl DeadLetters {
    pub(crate) const fn new(link: Link, names: Names) -> Self {
        Self { link, names }
    }

    /// The newest of them.
    pub(crate) async fn newest(&self) -> Result<Vec<DeadLetter>, LinkError> {
        let rows = self.link.ask(async |redis| scripts::dead(redis, &self.names, LISTED).await);
        Ok(rows.await?.into_iter().map(DeadLetter::from).collect())
    }

    /// One of them.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<DeadLetter>, LinkError> {
        let letters = self.newest().await?;
        Ok(letters.into_iter().find(|letter| letter.id == id))
    }

    /// Forgets one; tells whether it was there.
    pub(crate) async fn forget(&self, id: &str) -> Result<bool, LinkError> {
        self.link.ask(async |redis| scripts::forget(redis, &self.names, id).await).await
    }
}

impl From<scripts::DeadRow> for DeadLetter {
    fn from((id, died_at, arguments, attempts, result): scripts::DeadRow) -> Self {
        let job = serde_json::from_slice::<RefreshMenu>(&arguments).ok();
        let told = serde_json::from_slice::<serde_json::Value>(&result).ok();
        let error = told.as_ref().and_then(|told| told.get("Err")?.as_str());
        let error = error.unwrap_or("it does not say").chars().take(300).collect();
        Self { id: String::from_utf8_lossy(&id).into_owned(), died_at, job, attempts, error }
    }
}
