//! User and password: what a request says is compared in constant time, and who guesses is soon told
//! to wait.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::http::HeaderValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::config::Login;

/// So many wrong log-ins from one address …
const MOST_WRONG: u32 = 5;
/// … within this time.
const WINDOW: Duration = Duration::from_secs(60);
/// So many addresses are remembered; of more, the one that failed first is forgotten.
const MOST_ADDRESSES: usize = 4096;

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Known,
    Unknown,
    Locked(Duration),
}

/// Knows the one who may look, and who guessed lately.
pub(super) struct Doorkeeper {
    expected: [u8; 32],
    wrong: Mutex<HashMap<IpAddr, Wrong>>,
}

/// Wrong log-ins from one address.
struct Wrong {
    since: Instant,
    count: u32,
}

impl Doorkeeper {
    pub(super) fn new(login: &Login) -> Self {
        let expected = Sha256::digest(login.pair());
        Self { expected: expected.into(), wrong: Mutex::default() }
    }

    /// A request that says nothing is no guess: every browser's first one is like that. Whoever has
    /// guessed too often is not listened to, so that he does not learn of the guess that was right.
    pub(super) fn judge(
        &self,
        said: Option<&HeaderValue>,
        address: IpAddr,
        now: Instant,
    ) -> Verdict {
        let is_right = self.is_right(said);
        if said.is_none() {
            return Verdict::Unknown;
        }
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let address = network(address);
        if let Some(lately) = wrong.get(&address)
            && let Some(wait) = (lately.since + WINDOW).checked_duration_since(now)
            && lately.count >= MOST_WRONG
        {
            return Verdict::Locked(wait);
        }
        if is_right {
            return Verdict::Known;
        }
        note(&mut wrong, address, now);
        tracing::warn!(client.address = %address, "wrong log-in at the ops side");
        Verdict::Unknown
    }

    /// The same work whatever is said: user and password are compared as one.
    fn is_right(&self, said: Option<&HeaderValue>) -> bool {
        let pair = said.and_then(pair_of).unwrap_or_default();
        let actual: [u8; 32] = Sha256::digest(&pair).into();
        actual.ct_eq(&self.expected).into()
    }
}

/// `user:password` of a header of the scheme `Basic`.
fn pair_of(said: &HeaderValue) -> Option<Vec<u8>> {
    let (scheme, encoded) = said.to_str().ok()?.split_once(' ')?;
    let encoded = scheme.eq_ignore_ascii_case("basic").then(|| encoded.trim())?;
    STANDARD.decode(encoded).ok()
}

fn note(wrong: &mut HashMap<IpAddr, Wrong>, address: IpAddr, now: Instant) {
    let is_over = |wrong: &Wrong| now.duration_since(wrong.since) >= WINDOW;
    if wrong.len() >= MOST_ADDRESSES && !wrong.contains_key(&address) {
        wrong.retain(|_, wrong| !is_over(wrong));
        let oldest = wrong.iter().min_by_key(|(_, wrong)| wrong.since).map(|(address, _)| *address);
        if let Some(oldest) = oldest.filter(|_| wrong.len() >= MOST_ADDRESSES) {
            wrong.remove(&oldest);
        }
    }
    let lately = wrong.entry(address).or_insert(Wrong { since: now, count: 0 });
    if is_over(lately) {
        *lately = Wrong { since: now, count: 0 };
    }
    lately.count = lately.count.saturating_add(1);
}

/// One subscriber: of IPv6 the first half.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(long) => {
            let network = long.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::config::Secret;

    const PASSWORD: &str = "correct horse battery";

    fn doorkeeper() -> Doorkeeper {
        let password = Secret::new(PASSWORD.to_owned());
        Doorkeeper::new(&Login { user: "ops".to_owned(), password })
    }

    fn basic(pair: &str) -> HeaderValue {
        HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).unwrap()
    }

    fn address(last: u16) -> IpAddr {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, last, 0, 0, 0, 1))
    }

    #[test]
    fn one_pair_is_right_and_nothing_else() {
        let doorkeeper = doorkeeper();
        let right = format!("ops:{PASSWORD}");
        assert!(doorkeeper.is_right(Some(&basic(&right))));
        let lower = basic(&right).to_str().unwrap().replace("Basic", "basic");
        assert!(doorkeeper.is_right(Some(&HeaderValue::try_from(lower).unwrap())));
        for wrong in ["", ":", "ops:", "ops", PASSWORD, &format!("opS:{PASSWORD}"), "ops:x"] {
            assert!(!doorkeeper.is_right(Some(&basic(wrong))), "{wrong}");
        }
        for wrong in ["", "Basic", "Basic ", "Basic ?", "Bearer b3Bz", PASSWORD] {
            assert!(!doorkeeper.is_right(Some(&HeaderValue::from_str(wrong).unwrap())), "{wrong}");
        }
        assert!(!doorkeeper.is_right(None));
    }

    #[test]
    fn five_wrong_ones_close_the_door_for_a_minute_to_that_network_alone() {
        let (doorkeeper, begun) = (doorkeeper(), Instant::now());
        let (right, wrong) = (basic(&format!("ops:{PASSWORD}")), basic("ops:guess"));
        let neighbour = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9));
        for _ in 0..MOST_WRONG {
            assert_eq!(doorkeeper.judge(Some(&wrong), address(1), begun), Verdict::Unknown);
        }
        let later = begun + Duration::from_secs(20);
        let left = Verdict::Locked(Duration::from_secs(40));
        assert_eq!(doorkeeper.judge(Some(&wrong), neighbour, later), left);
        assert_eq!(doorkeeper.judge(Some(&right), address(1), later), left, "not listened to");
        assert_eq!(doorkeeper.judge(None, address(1), later), Verdict::Unknown);
        assert_eq!(doorkeeper.judge(Some(&right), address(2), later), Verdict::Known);
        let over = begun + WINDOW + Duration::from_millis(1);
        assert_eq!(doorkeeper.judge(Some(&right), address(1), over), Verdict::Known);
        assert_eq!(doorkeeper.judge(Some(&wrong), address(1), over), Verdict::Unknown);
    }

    #[test]
    fn however_many_guess_no_more_than_so_many_are_remembered() {
        let (doorkeeper, begun) = (doorkeeper(), Instant::now());
        let wrong = basic("ops:guess");
        for last in 0..=u16::try_from(MOST_ADDRESSES).unwrap() {
            let now = begun + Duration::from_micros(u64::from(last));
            doorkeeper.judge(Some(&wrong), address(last), now);
        }
        let known = doorkeeper.wrong.lock().unwrap();
        assert_eq!(known.len(), MOST_ADDRESSES);
        assert!(!known.contains_key(&network(address(0))), "the first is forgotten");
    }
}
