//! What must hold of every query string, whoever wrote it: it is read without a panic, and what is
//! taken from it is within its bounds. In tests and under `cargo fuzz` only; the programs do not
//! have it.

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, Request},
};
use common::{entry::parse_date, meal::Meal};
use futures::FutureExt;

use crate::{
    cursor::Question,
    diet::Wishes,
    express,
    extract::{MOST_WORDS, Parameters},
    paging::Paging,
};

/// Reads a query string in every way that an endpoint does.
///
/// # Panics
/// When what was read is out of its bounds.
pub fn query(query: &str) {
    let asked = Parameters::of(query);
    texts(&asked);
    days_and_numbers(&asked);
    what_is_left(&asked);
    pages(query);
    in_haste(query, &asked);
}

/// What the express lane takes for a key is what is read with care.
fn in_haste(query: &str, asked: &Parameters) {
    if let Some(key) = express::key(query) {
        assert_eq!((asked.hall(), asked.date("date")), (Ok(key.hall), Ok(key.date)));
        let meal = asked.required("meal").ok().and_then(|meal| Meal::parse(&meal));
        assert_eq!(meal, Some(key.meal));
    }
}

fn texts(asked: &Parameters) {
    for name in ["hall_id", "meal", "q", "college", "vendor_type"] {
        if let Ok(Some(text)) = asked.optional(name) {
            assert!(!text.is_empty() && text.len() <= 64, "{text:?}");
            let key = Meal::parse(&text).map(|meal| meal.to_string()).unwrap_or_default();
            assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{key}");
        }
        if let Ok(Some(text)) = asked.sought(name) {
            assert!(!text.contains('\0'), "Postgres takes no NUL");
        }
    }
    if let Ok(Some(words)) = asked.words("diet") {
        assert!((1..=MOST_WORDS).contains(&words.len()), "{words:?}");
    }
    let _ = (Wishes::read(asked), asked.hall());
    if let Ok(Some(cursor)) = asked.longer("cursor") {
        let question = Question::of([asked.optional("q").ok().flatten().as_deref()]);
        if let Some(place) = question.place(&cursor) {
            assert_eq!(question.cursor(&place), cursor, "one text for one place");
        }
    }
}

fn days_and_numbers(asked: &Parameters) {
    if let Ok(day) = asked.date("date") {
        assert_eq!(parse_date(&day.to_string()), Some(day));
    }
    let _ = asked.optional_date("from");
    if let Ok(Some(days)) = asked.number("days", 1..=365) {
        assert!((1..=365).contains(&days), "{days}");
    }
}

/// Parameters that were taken out are gone, the others stay what they were.
fn what_is_left(asked: &Parameters) {
    let left = Parameters::of(&asked.all_but(&["page", "page_size"]));
    assert_eq!(left.optional("page"), Ok(None));
    assert_eq!(left.optional("meal"), asked.optional("meal"));
}

/// Whatever page is asked for, its links can be sent.
fn pages(query: &str) {
    let Ok(request) = Request::builder().uri(format!("/api/v2/halls?{query}")).body(()) else {
        return;
    };
    let (mut parts, ()) = request.into_parts();
    let paging = Paging::from_request_parts(&mut parts, &()).now_or_never();
    if let Some(Ok(paging)) = paging
        && let Ok(page) = paging.page(&[0; 7])
    {
        for (name, value) in &page.more {
            assert!(HeaderValue::from_str(value).is_ok(), "{name}: {value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    /// Query strings that are nearly right: the names that there are, with all kinds of values.
    fn queries() -> impl Strategy<Value = String> {
        let names = [
            "hall_id",
            "date",
            "meal",
            "page",
            "page_size",
            "days",
            "from",
            "q",
            "diet",
            "cursor",
            "%6deal",
            "p%61ge",
            "",
        ];
        let values = prop_oneof![
            select(vec!["hoch", "2026-02-09", "2026-02-30", "0000-01-01", "lunch", "4294967295"])
                .prop_map(str::to_owned),
            "[0-9a-zA-Z%+,._~-]{0,70}",
            "(%[0-9a-fA-F]{2}){0,30}",
            any::<String>(),
        ];
        let pair = (select(names.to_vec()), select(vec!["=", "", "=="]), values);
        vec(pair.prop_map(|(name, is, value)| format!("{name}{is}{value}")), 0..6)
            .prop_map(|pairs| pairs.join("&"))
    }

    /// What a menu is asked for by, in our spelling and in others.
    const PAIRS: [&str; 10] = [
        "hall_id=hoch",
        "hall_id=Hoch",
        "date=2026-02-09",
        "date=2026-2-9",
        "meal=lunch",
        "meal=late_night",
        "meal=Late%20Night",
        "%6deal=lunch",
        "x=1",
        "",
    ];

    #[test]
    fn the_plainest_question_is_read_in_haste() {
        let key = crate::express::key("meal=lunch&hall_id=hoch&date=2026-02-09");
        assert_eq!(key.unwrap().to_string(), "menu:hoch:2026-02-09:lunch");
    }

    proptest! {
        #[test]
        fn any_query_string_is_read_within_its_bounds(query in queries()) {
            super::query(&query);
        }

        #[test]
        fn in_haste_as_with_care(pairs in vec(select(PAIRS.to_vec()), 0..5)) {
            super::query(&pairs.join("&"));
        }

        #[test]
        fn so_is_any_text(query in any::<String>()) {
            super::query(&query);
        }
    }
}
