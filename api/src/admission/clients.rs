//! Who is counted together, and what is counted of them: an IPv4 address, or the /64 that one
//! subscriber has of IPv6. So many are remembered and no more; who is forgotten begins anew.

use std::{
    fmt::Write,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use quick_cache::sync::Cache;

use super::{
    AdmissionSettings,
    bucket::{Bucket, now},
    policy::{Policy, Rates},
};

/// Remembered at once: some 10 MiB.
const MOST: usize = 65_536;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// All who were seen lately.
#[derive(Clone)]
pub(crate) struct Clients(Arc<Inner>);

struct Inner {
    settings: AdmissionSettings,
    seen: Cache<Name, Arc<Client>>,
}

/// What a client is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Name {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl From<IpAddr> for Name {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [first, second, third, fourth, ..] = address.segments();
                Self::V6([first, second, third, fourth])
            }
        }
    }
}

/// One of them.
#[derive(Debug, Default)]
pub(crate) struct Client {
    rates: Option<Arc<Rates>>,
    requests: Bucket,
    misses: Bucket,
    queries: Bucket,
    connections: AtomicUsize,
}

/// Who is at the other end of a connection; with each request of it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    address: IpAddr,
    /// Nobody, where it is a proxy of ours: each request is somebody else's.
    client: Option<Arc<Client>>,
}

/// A connection that counts until it is dropped.
pub(crate) struct Connected(Option<Arc<Client>>);

impl Clients {
    pub(crate) fn new(settings: AdmissionSettings) -> Self {
        Self(Arc::new(Inner { settings, seen: Cache::new(MOST) }))
    }

    /// Takes note of a connection; `None`: its client has too many.
    pub(crate) fn connected(&self, address: IpAddr) -> Option<(Peer, Connected)> {
        let address = address.to_canonical();
        if self.0.settings.proxies.have(address) {
            return Some((Peer { address, client: None }, Connected(None)));
        }
        let client = self.find(address);
        let before = client.connections.fetch_add(1, Ordering::Relaxed);
        let counted = Connected(Some(Arc::clone(&client)));
        let fits = before < self.0.settings.connections_each;
        fits.then_some((Peer { address, client: Some(client) }, counted))
    }

    /// Whose request this is.
    pub(super) fn of(&self, peer: &Peer, headers: &HeaderMap) -> Arc<Client> {
        match &peer.client {
            Some(client) => Arc::clone(client),
            None => self.find(self.0.settings.proxies.client(peer.address, headers)),
        }
    }

    fn find(&self, address: IpAddr) -> Arc<Client> {
        let rates = self.0.settings.rate_limit.0.as_ref();
        let first = || Ok::<_, ()>(Arc::new(Client { rates: rates.cloned(), ..Client::default() }));
        let found = self.0.seen.get_or_insert_with(&Name::from(address), first);
        found.unwrap_or_default()
    }
}

impl Client {
    const fn bucket(&self, policy: Policy) -> &Bucket {
        match policy {
            Policy::Requests => &self.requests,
            Policy::Misses => &self.misses,
            Policy::Queries => &self.queries,
        }
    }

    /// Takes one of what the policy gives.
    ///
    /// # Errors
    /// How long until there is one.
    pub(super) fn take(&self, policy: Policy) -> Result<(), Duration> {
        let Some(rates) = &self.rates else { return Ok(()) };
        self.bucket(policy).take(rates.of(policy), now())
    }

    /// Puts it back.
    pub(super) fn put_back(&self, policy: Policy) {
        if let Some(rates) = &self.rates {
            self.bucket(policy).put_back(rates.of(policy));
        }
    }

    /// Tells of every policy of which less than half is left; see `docs/api.md`.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Some(rates) = &self.rates else { return };
        let now = now();
        let is_low = |policy: &Policy| self.bucket(*policy).is_low(rates.of(*policy), now);
        let (mut limits, mut policies) = (String::new(), String::new());
        for policy in Policy::ALL.into_iter().filter(is_low) {
            let (rate, name) = (rates.of(policy), policy.as_str());
            let (left, more) = self.bucket(policy).left(rate, now);
            let comma = if limits.is_empty() { "" } else { ", " };
            let (more, window) = (seconds(more), seconds(Duration::from_nanos(rate.depth())));
            let _ = write!(limits, "{comma}\"{name}\";r={left};t={more}");
            let _ = write!(policies, "{comma}\"{name}\";q={};w={window}", rate.burst());
        }
        if limits.is_empty() {
            return;
        }
        for (name, value) in [(RATE_LIMIT, limits), (RATE_LIMIT_POLICY, policies)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// Whole seconds, rounded up, at least one.
fn seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let Some(client) = &self.0 {
            client.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(rate_limit: &str) -> Clients {
        Clients::new(AdmissionSettings {
            rate_limit: rate_limit.parse().unwrap(),
            proxies: "10.0.0.0/8".parse().unwrap(),
            connections_each: 2,
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_one_subscriber_are_one_client() {
        let clients = clients("misses=1/h:3");
        let same =
            |one, other| Arc::ptr_eq(&clients.find(address(one)), &clients.find(address(other)));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
        // Never one by chance: as numbers they are the same.
        assert!(!same("0.0.0.1", "0:0:0:1::"));
    }

    #[test]
    fn any_number_of_addresses_fills_a_bounded_place() {
        let clients = clients("misses=1/h:3");
        for at in 0..3 * u32::try_from(MOST).unwrap() {
            clients.find(IpAddr::from(at.to_be_bytes()));
        }
        assert!(clients.0.seen.len() <= MOST + 64, "{}", clients.0.seen.len());
    }

    #[test]
    fn a_client_has_so_many_connections_and_a_proxy_any_number() {
        let clients = clients("off");
        let first = clients.connected(address("192.0.2.1"));
        let second = clients.connected(address("192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(clients.connected(address("192.0.2.1")).is_none());
        assert!(clients.connected(address("192.0.2.2")).is_some());
        drop(first);
        assert!(
            clients.connected(address("192.0.2.1")).is_some(),
            "the refused one is not counted"
        );
        let proxied: Vec<_> = (0..9).map(|_| clients.connected(address("10.0.0.1"))).collect();
        assert!(proxied.iter().all(Option::is_some));
    }

    #[test]
    fn it_is_told_what_is_low_and_nothing_while_there_is_plenty() {
        let clients = clients("misses=1/h:4,requests=1/s:100");
        let client = clients.find(address("192.0.2.1"));
        let told = || {
            let mut headers = HeaderMap::new();
            client.tell(&mut headers);
            let text = |name| Some(headers.get(name)?.to_str().unwrap().to_owned());
            (text(RATE_LIMIT), text(RATE_LIMIT_POLICY))
        };
        assert!(client.take(Policy::Requests).is_ok() && client.take(Policy::Misses).is_ok());
        assert_eq!(told(), (None, None));
        assert!((0..3).all(|_| client.take(Policy::Misses).is_ok()));
        let wait = client.take(Policy::Misses).unwrap_err();
        assert!(Duration::from_secs(3590) < wait && wait <= Duration::from_secs(3600), "{wait:?}");
        let (limit, policy) = told();
        assert_eq!(policy.as_deref(), Some("\"misses\";q=4;w=14400"));
        let limit = limit.unwrap();
        assert!(limit.starts_with("\"misses\";r=0;t=3"), "{limit}");
        client.put_back(Policy::Misses);
        assert!(client.take(Policy::Misses).is_ok());
        let off = clients.0.settings.clone();
        let off = Clients::new(AdmissionSettings { rate_limit: "off".parse().unwrap(), ..off });
        let client = off.find(address("192.0.2.1"));
        assert!((0..10_000).all(|_| client.take(Policy::Misses).is_ok()));
    }
}
