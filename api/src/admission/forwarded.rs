//! Whose address counts when a request comes through proxies: the last one that no proxy of ours has.
//! Only `X-Forwarded-For` is read, and only from a proxy that the operator named.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word is taken: `TRUSTED_PROXIES`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies(Arc<[IpNet]>);

impl Proxies {
    pub(super) fn have(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request that this proxy of ours hands on. What stands left of an address that
    /// is not ours was written by who has it, and what cannot be read by nobody we know.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer;
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
        for hop in hops {
            let Some(address) = read(hop.trim()) else { break };
            nearest = address;
            if !self.have(address) {
                break;
            }
        }
        nearest
    }
}

/// An address, with or without a port, an IPv6 one with or without brackets.
fn read(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Why it cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be addresses or networks such as 10.0.0.0/8,2001:db8::1, comma-separated")]
pub(crate) struct NotProxies;

impl FromStr for Proxies {
    type Err = NotProxies;

    fn from_str(text: &str) -> Result<Self, NotProxies> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network =
            |part: &str| part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        let networks = parts.map(|part| network(part).map_err(|_| NotProxies));
        Ok(Self(networks.collect::<Result<Vec<_>, _>>()?.into()))
    }
}

impl fmt::Display for Proxies {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        to.write_str(&networks.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn client(lines: &[&str]) -> String {
        let proxies: Proxies = "10.0.0.0/8, 192.0.2.1,2001:db8:1::/48".parse().unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        proxies.client("10.0.0.1".parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_last_address_that_is_none_of_ours_is_the_client() {
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&["203.0.113.9"], "203.0.113.9"),
            (&["203.0.113.9:4711"], "203.0.113.9"),
            (&["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.7, 203.0.113.9, 10.1.2.3,192.0.2.1"], "203.0.113.9"),
            (&["198.51.100.7", "203.0.113.9", "10.1.2.3"], "203.0.113.9"),
            (&["2001:db8::5"], "2001:db8::5"),
            (&["[2001:db8::5]"], "2001:db8::5"),
            (&["[2001:db8::5]:443, 2001:db8:1::7"], "2001:db8::5"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["10.9.9.9, 10.1.1.1"], "10.9.9.9"),
        ] {
            assert_eq!(client(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_nobody_we_know_wrote_is_not_believed() {
        for (lines, expected) in [
            (&["203.0.113.9, nonsense"][..], "10.0.0.1"),
            (&["203.0.113.9, unknown, 10.1.1.1"], "10.1.1.1"),
            (&["203.0.113.9,"], "10.0.0.1"),
            (&["203.0.113.9, _hidden, 198.51.100.7"], "198.51.100.7"),
        ] {
            assert_eq!(client(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn networks_and_addresses_are_read_and_nonsense_is_refused() {
        let proxies: Proxies = " 10.0.0.0/8,127.0.0.1 , ::1".parse().unwrap();
        assert_eq!(proxies.to_string(), "10.0.0.0/8,127.0.0.1/32,::1/128");
        assert!(proxies.have("10.255.0.1".parse().unwrap()));
        assert!(!proxies.have("11.0.0.1".parse().unwrap()));
        assert_eq!("".parse(), Ok(Proxies::default()));
        for text in ["10.0.0.0/33", "proxy.example", "10.0.0.0/8;127.0.0.1", "*"] {
            assert_eq!(text.parse::<Proxies>(), Err(NotProxies), "{text}");
        }
    }
}
