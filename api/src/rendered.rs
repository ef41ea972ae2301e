//! An answer made of a list: for one question, and for as long as it would come out the same.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{http::HeaderName, response::Response};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    answer::{Answer, Conditional, cache_status},
    coded::Coded,
    problem::ApiError,
    served::From,
};

/// One list keeps so many of its renderings, none of them of a longer question.
const KEPT: usize = 32;
const LONGEST: usize = 200;

/// See the top of the file.
pub(crate) struct Rendered {
    pub(crate) body: Coded,
    /// When it would come out otherwise although the list is the same; `None`: never.
    pub(crate) until: Option<Instant>,
    /// Headers that belong to it.
    pub(crate) more: Vec<(HeaderName, String)>,
}

impl Rendered {
    /// The JSON of this value.
    pub(crate) fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(value).map_err(|_| ApiError::Internal)?;
        Ok(Self { body: Coded::new(body.into()), until: None, more: Vec::new() })
    }

    /// What is left of it, of a list that has this much left.
    pub(crate) fn left(&self, left: Duration) -> Duration {
        let now = Instant::now();
        self.until.map_or(left, |until| left.min(until.saturating_duration_since(now)))
    }

    /// As an answer, made of a list that came from there and has this much left.
    pub(crate) fn answer(&self, from: From, left: Duration, known: &Conditional) -> Response {
        let max_age = self.left(left);
        let cache_status = Some(cache_status(from, max_age.as_secs()));
        let (body, more) = (&self.body, self.more.clone());
        Answer { body, max_age, cache_status, last_modified: None, more }.respond(known)
    }
}

/// What was made of one list; gone with it.
#[derive(Default)]
pub(crate) struct Renderings(Mutex<HashMap<String, Arc<Rendered>>>);

impl Renderings {
    /// The rendering for this question, made anew when there is none that still holds.
    pub(crate) fn get_or_make(
        &self,
        question: &str,
        make: impl FnOnce() -> Result<Rendered, ApiError>,
    ) -> Result<Arc<Rendered>, ApiError> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |one: &&Arc<Rendered>| one.until.is_none_or(|until| until > Instant::now());
        if let Some(rendered) = kept().get(question).filter(holds) {
            return Ok(Arc::clone(rendered));
        }
        let made = Arc::new(make()?);
        let mut kept = kept();
        if question.len() <= LONGEST && (kept.len() < KEPT || kept.contains_key(question)) {
            kept.insert(question.to_owned(), Arc::clone(&made));
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(made: &mut u32, secs: Option<u64>) -> Result<Rendered, ApiError> {
        *made += 1;
        let until = secs.map(|secs| Instant::now() + Duration::from_secs(secs));
        Ok(Rendered { until, ..Rendered::of(made)? })
    }

    #[tokio::test(start_paused = true)]
    async fn a_rendering_is_made_once_for_as_long_as_it_holds() {
        let (renderings, mut made) = (Renderings::default(), 0);
        let mut body = |question: &str| {
            let rendered = renderings.get_or_make(question, || counted(&mut made, Some(10)));
            rendered.unwrap().body.plain().clone()
        };
        assert_eq!([body("a"), body("a"), body("b")], ["1", "1", "2"]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!([body("a"), body("a")], ["3", "3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn any_number_of_questions_fills_a_bounded_place() {
        let (renderings, mut made) = (Renderings::default(), 0);
        for question in 0..1000 {
            renderings.get_or_make(&question.to_string(), || counted(&mut made, None)).unwrap();
        }
        let long = "x".repeat(LONGEST + 1);
        renderings.get_or_make(&long, || counted(&mut made, None)).unwrap();
        assert_eq!((renderings.0.lock().unwrap().len(), made), (KEPT, 1001));
    }
}
