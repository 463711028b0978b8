//! Who is behind a proxy. Its word is taken only where `server.trusted_proxies` names it: anybody can send a header.

use std::net::{IpAddr, SocketAddr};

use warp::http::{HeaderMap, HeaderName};

use super::accept::Peer;
use crate::config::Proxy;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Addresses in `X-Forwarded-For` that are looked at; more proxies in a row are nobody's.
const MAX_HOPS: usize = 32;

/// `server.trusted_proxies`.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<Proxy>);

impl Proxies {
    /// Those of the configuration.
    pub fn new(proxies: &[Proxy]) -> Self {
        Self(proxies.to_vec())
    }

    /// Whether a proxy is one of them; without an address it came over a Unix socket.
    pub fn trust(&self, address: Option<IpAddr>) -> bool {
        self.0.iter().any(|proxy| match (proxy, address) {
            (Proxy::Network(network), Some(address)) => network.contains(&address.to_canonical()),
            (Proxy::Unix, None) => true,
            _ => false,
        })
    }

    /// Whether the word of who sent a request may be taken.
    pub fn believe(&self, peer: &Peer) -> bool {
        peer.believed && self.trust(peer.address)
    }

    /// Whose request it is: the first one, seen from here, who is no proxy that is believed. `None`: nobody says.
    pub fn behind(&self, peer: &Peer, headers: &HeaderMap) -> Option<IpAddr> {
        let mut from = peer.address;
        if !self.believe(peer) {
            return from;
        }
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let hops = lines
            .map(|line| line.to_str().unwrap_or_default())
            .flat_map(|line| line.rsplit(','));
        for hop in hops.take(MAX_HOPS) {
            // What is no address was written by somebody beyond the last one that is believed.
            let Some(address) = address(hop.trim()) else {
                break;
            };
            from = Some(address);
            if !self.trust(from) {
                break;
            }
        }
        from
    }
}

/// An address, with or without a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let plain = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = plain.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    fn behind(peer: Option<&str>, lines: &[&str]) -> Option<String> {
        let network = |text: &str| Proxy::Network(text.parse().unwrap());
        let trusted = [network("127.0.0.0/8"), network("fd00::/8"), Proxy::Unix];
        let headers = lines
            .iter()
            .map(|line| (FORWARDED_FOR, HeaderValue::from_str(line).unwrap()))
            .collect();
        let peer = Peer::at(peer.map(|address| address.parse().unwrap()));
        let found = Proxies::new(&trusted).behind(&peer, &headers);
        found.map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_proxy_says_who_is_behind_it() {
        let here = Some("127.0.0.1");
        let cases: [(Option<&str>, &[&str], Option<&str>); 13] = [
            (Some("9.9.9.9"), &["1.2.3.4"], Some("9.9.9.9")),
            (here, &[], here),
            (here, &["1.2.3.4"], Some("1.2.3.4")),
            (here, &["6.6.6.6, 1.2.3.4"], Some("1.2.3.4")),
            (here, &["6.6.6.6", "1.2.3.4"], Some("1.2.3.4")),
            (here, &["1.2.3.4, 127.0.0.2, fd00::7"], Some("1.2.3.4")),
            (here, &["1.2.3.4, nonsense, 127.0.0.2"], Some("127.0.0.2")),
            (here, &["nonsense"], here),
            (here, &["1.2.3.4:5678"], Some("1.2.3.4")),
            (here, &["[2001:db8::1]:443"], Some("2001:db8::1")),
            (here, &["::ffff:1.2.3.4"], Some("1.2.3.4")),
            (None, &["1.2.3.4"], Some("1.2.3.4")),
            (None, &[], None),
        ];
        for (peer, lines, found) in cases {
            assert_eq!(behind(peer, lines).as_deref(), found, "{peer:?} {lines:?}");
        }
    }

    #[test]
    fn through_a_proxy_that_knows_no_client_nobody_says_who_is_behind() {
        let proxies = Proxies::new(&[Proxy::Unix, Proxy::Network("10.0.0.0/8".parse().unwrap())]);
        for address in [None, Some("10.0.0.1".parse().unwrap())] {
            let mut peer = Peer::at(address);
            peer.believed = false;
            let headers = [(FORWARDED_FOR, HeaderValue::from_static("1.2.3.4"))];
            let headers = headers.into_iter().collect();
            assert_eq!(proxies.behind(&peer, &headers), address);
            assert!(!proxies.believe(&peer));
        }
    }

    #[test]
    fn an_address_of_version_4_is_the_same_in_the_form_of_version_6() {
        assert_eq!(
            behind(Some("::ffff:127.0.0.1"), &["1.2.3.4"]).as_deref(),
            Some("1.2.3.4")
        );
    }
}
