//! What a vendor means by `Retry-After`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// A `Retry-After` above this is cut to it.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(15 * 60);

/// Seconds, or an HTTP date (RFC 9110, 10.2.3); nonsense is no wish at all.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let wish = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match wish.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = chrono::DateTime::parse_from_rfc2822(wish).ok()?;
            // By the vendor's own clock where it shows it: ours may go wrong.
            let shown = headers.get(DATE).and_then(|date| date.to_str().ok());
            let sent = shown.and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
            (at.to_utc() - sent.map_or(now, |sent| sent.to_utc())).to_std().ok()?
        }
    };
    Some(wait.min(MAX_RETRY_AFTER)).filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_sent_is_no_wish_or_one_of_a_second_to_a_quarter_of_an_hour(
            wish in prop_oneof![
                "[ -~]{0,40}",
                any::<u128>().prop_map(|number| number.to_string()),
                any::<i64>().prop_map(|number| number.to_string()),
                (-8_000_000_000_i64..8_000_000_000).prop_filter_map("no date", |at| {
                    Some(DateTime::from_timestamp(at, 0)?.to_rfc2822())
                }),
            ],
        ) {
            let wait = wished(&wish, None);
            prop_assert!(wait.is_none_or(|wait| (1..=900).contains(&wait)), "{wish}: {wait:?}");
        }
    }

    fn wished(wish: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, wish.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        let now = "2026-02-09T12:00:00Z".parse().unwrap();
        retry_after(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_understood_up_to_a_quarter_of_an_hour() {
        assert_eq!(wished("7", None), Some(7));
        assert_eq!(wished(" 7 ", None), Some(7));
        assert_eq!(wished("86400", None), Some(900));
        assert_eq!(wished("Mon, 09 Feb 2026 12:00:30 GMT", None), Some(30), "by our clock");
        let sent = Some("Mon, 09 Feb 2026 12:00:20 GMT");
        assert_eq!(wished("Mon, 09 Feb 2026 12:00:30 GMT", sent), Some(10), "by the vendor's");
        assert_eq!(wished("Tue, 09 Feb 2027 12:00:30 GMT", sent), Some(900));
    }

    #[test]
    fn nonsense_is_no_wish() {
        let past = "Mon, 09 Feb 2026 11:59:30 GMT";
        for wish in ["", "0", "-1", "9e99", "x", "7.5", "99999999999999999999", past, "Mon, 99"] {
            assert_eq!(wished(wish, None), None, "{wish}");
        }
    }
}
