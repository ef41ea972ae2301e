//! A list, whole or a page of it: `page` from 1 up, `page_size` from 1 to 100, and the headers that
//! lead to the other pages (RFC 8288).

use std::ops::Range;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, header, request::Parts},
};
use percent_encoding::{CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::{extract::Parameters, problem::ApiError, rendered::Rendered};

/// The size of a page where only its number is given.
const USUAL_SIZE: u32 = 20;

/// The page that a caller wants.
pub(crate) struct Paging {
    /// `None`: the whole list.
    asked: Option<Page>,
    path: String,
    asked_for: String,
    /// The other parameters, as they were written.
    others: String,
}

#[derive(Clone, Copy)]
struct Page {
    number: u64,
    size: u64,
}

impl<S: Sync> FromRequestParts<S> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let asked = Parameters::of(query);
        let number = asked.number("page", 1..=u32::MAX)?;
        let size = asked.number("page_size", 1..=100)?;
        let page = (number.is_some() || size.is_some()).then(|| Page {
            number: number.unwrap_or(1).into(),
            size: size.unwrap_or(USUAL_SIZE).into(),
        });
        let others = asked.all_but(&["page", "page_size"]);
        // A query may be written in UTF-8, a header may not.
        let others = utf8_percent_encode(&others, CONTROLS).to_string();
        let path = parts.uri.path().to_owned();
        let asked_for = [&path, "?", query].concat();
        Ok(Self { asked: page, path, asked_for, others })
    }
}

impl Paging {
    /// What was asked for, whole, the path in its own spelling: the same for the same page.
    pub(crate) fn asked_for(&self) -> &str {
        &self.asked_for
    }

    /// The page of this list.
    pub(crate) fn page<T: Serialize>(&self, list: &[T]) -> Result<Rendered, ApiError> {
        let (range, more) = self.cut(list.len());
        let page = list.get(range).unwrap_or_default();
        Ok(Rendered { more, ..Rendered::of(page)? })
    }

    /// Which part of a list of this length, and the headers that say so.
    fn cut(&self, total: usize) -> (Range<usize>, Vec<(HeaderName, String)>) {
        let Some(page) = self.asked else { return (0..total, Vec::new()) };
        let all = u64::try_from(total).unwrap_or(u64::MAX);
        let place = |at: u64| usize::try_from(at.min(all)).unwrap_or(total);
        let start = (page.number - 1).saturating_mul(page.size);
        let range = place(start)..place(start.saturating_add(page.size));
        let total = HeaderName::from_static("x-total-count");
        (range, vec![(total, all.to_string()), (header::LINK, self.links(page, all))])
    }

    fn links(&self, page: Page, total: u64) -> String {
        let last = total.div_ceil(page.size).max(1);
        let previous = (page.number > 1).then(|| (page.number - 1).min(last));
        let next = (page.number < last).then_some(page.number + 1);
        let all = [("first", Some(1)), ("prev", previous), ("next", next), ("last", Some(last))];
        let (path, others, size) = (&self.path, &self.others, page.size);
        let joint = if others.is_empty() { "" } else { "&" };
        all.into_iter()
            .filter_map(|(name, number)| Some((name, number?)))
            .map(|(name, number)| {
                format!("<{path}?{others}{joint}page={number}&page_size={size}>; rel=\"{name}\"")
            })
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    async fn paging(uri: &str) -> Result<Paging, ApiError> {
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        Paging::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_list_that_is_not_paged_is_whole_and_says_nothing_of_pages() {
        let (range, more) = paging("/halls?college=Pomona").await.unwrap().cut(7);
        assert_eq!((range, more.len()), (0..7, 0));
    }

    #[tokio::test]
    async fn pages_cover_the_list_and_lead_to_each_other() {
        let first = "</halls?a=%C3%A9&page=1&page_size=3>; rel=\"first\"";
        let last = "</halls?a=%C3%A9&page=3&page_size=3>; rel=\"last\"";
        let (prev, next) = ("; rel=\"prev\"", "; rel=\"next\"");
        let link = |page: u32| format!("</halls?a=%C3%A9&page={page}&page_size=3>");
        for (page, range, links) in [
            ("1", 0..3, format!("{first}, {}{next}, {last}", link(2))),
            ("2", 3..6, format!("{first}, {}{prev}, {}{next}, {last}", link(1), link(3))),
            ("3", 6..7, format!("{first}, {}{prev}, {last}", link(2))),
            ("4", 7..7, format!("{first}, {}{prev}, {last}", link(3))),
            ("4294967295", 7..7, format!("{first}, {}{prev}, {last}", link(3))),
        ] {
            let uri = format!("/halls?page={page}&a=é&page_size=3");
            let (cut, more) = paging(&uri).await.unwrap().cut(7);
            assert_eq!(cut, range, "{page}");
            let more: Vec<&str> = more.iter().map(|(_, value)| value.as_str()).collect();
            assert_eq!(more, ["7", &links], "{page}");
        }
    }

    #[tokio::test]
    async fn an_empty_list_has_one_empty_page() {
        let (range, more) = paging("/halls?page=1").await.unwrap().cut(0);
        assert_eq!(range, 0..0);
        let links = "</halls?page=1&page_size=20>; rel=\"first\", </halls?page=1&page_size=20>; rel=\"last\"";
        assert_eq!(more.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["0", links]);
    }
}
