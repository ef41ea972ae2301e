//! Whom reads of vendors can reach: public addresses, and the hosts that an operator named as a base
//! URL. A vendor's name that is made to point into our own network leads nowhere.

use std::{
    collections::HashSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::{config::VendorSettings, hall::Vendor};

/// See the top of the file. Cheap to clone; also the client's resolver of names.
#[derive(Debug, Clone)]
pub(super) struct Reach {
    named: Arc<HashSet<String>>,
}

impl Reach {
    pub(super) fn new(settings: &VendorSettings) -> Self {
        let bases = Vendor::ALL.into_iter().filter_map(|vendor| settings.base(vendor));
        let hosts = bases.filter_map(|base| base.host_str().map(str::to_owned));
        Self { named: Arc::new(hosts.collect()) }
    }

    /// Whether this address may be asked, as far as can be told from how it is written: a name is
    /// judged by what it resolves to.
    pub(super) fn allows(&self, url: &Url) -> bool {
        let is_named = url.host_str().is_some_and(|host| self.named.contains(host));
        match url.host() {
            Some(Host::Domain(_)) => true,
            Some(Host::Ipv4(address)) => is_named || is_public(address.into()),
            Some(Host::Ipv6(address)) => is_named || is_public(address.into()),
            None => false,
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let is_named = self.named.contains(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let reachable: Vec<SocketAddr> =
                found.filter(|address| is_named || is_public(address.ip())).collect();
            if reachable.is_empty() {
                let refused = format!("{} resolves to no public address", name.as_str());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused).into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the open internet: not of this machine, of a private or shared
/// network, of a link (where clouds keep their metadata), for many at once, or reserved (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

const fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127, ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [192, 168, ..]
            | [198, 18..=19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [224..=255, ..]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // IPv4 within IPv6 (mapped, and by NAT64) goes where the IPv4 address says.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo, benchmarks, ORCHID, documentation; 6to4, which nobody needs.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // All that is given out is within 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use tokio::{net::TcpListener, time::Instant};

    use super::*;
    use crate::{
        config::Vars,
        vendors::{FetchError, addresses::Address, fetch::Fetcher},
    };

    #[test]
    fn only_addresses_of_the_open_internet_are_public() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "134.173.0.1",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2a00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    fn settings(base: Option<String>) -> VendorSettings {
        let get = |name: &str| base.clone().filter(|_| name == "POMONA_BASE_URL");
        let mut vars = Vars::new(&get);
        VendorSettings::read(&mut vars)
    }

    #[test]
    fn an_address_that_is_written_out_is_judged_as_it_stands() {
        let allows = |base: Option<&str>, url: &str| {
            Reach::new(&settings(base.map(str::to_owned))).allows(&Url::parse(url).unwrap())
        };
        for refused in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/",
            "file:///etc/passwd",
        ] {
            assert!(!allows(None, refused), "{refused}");
        }
        assert!(allows(None, "https://api.pomona.edu/") && allows(None, "https://1.1.1.1/"));
        assert!(allows(Some("http://127.0.0.1:8082"), "http://127.0.0.1:8082/"));
        assert!(!allows(Some("http://127.0.0.1:8082"), "http://127.0.0.2:8082/"));
        assert!(allows(Some("http://[::1]:8082"), "http://[::1]:8082/"));
    }

    /// Whether a read of a vendor at this host came through to a listener of this machine.
    async fn comes_through(host: &str, base: bool) -> bool {
        let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{host}:{}", canary.local_addr().unwrap().port());
        let fetcher = Fetcher::new(&settings(base.then(|| url.clone())), None, None);
        let address = Address { vendor: Vendor::Pomona, url, accept: "text/html", key: None };
        let deadline = Instant::now() + std::time::Duration::from_secs(20);
        let read = async { fetcher.get(address, deadline, None, None).await.err() };
        tokio::select! {
            connection = canary.accept() => connection.is_ok(),
            error = read => {
                assert!(matches!(error, Some(FetchError::Connect(_))), "{error:?}");
                false
            }
        }
    }

    #[tokio::test]
    async fn v19_a_vendors_name_that_points_to_this_machine_leads_nowhere() {
        assert!(!comes_through("localhost", false).await);
        assert!(!comes_through("127.0.0.1", false).await);
        assert!(comes_through("localhost", true).await, "unless an operator named it");
    }
}
