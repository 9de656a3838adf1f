//! Which address a request comes from. A proxy's own is everybody's, so the one that it names counts; what others name is their invention.

use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use domain::networks::Networks;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request comes from, if it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerAddress(pub Option<IpAddr>);

impl CallerAddress {
    /// The address of the caller of `request`.
    pub fn of(request: &Parts) -> Self {
        request.extensions.get().copied().unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for CallerAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

/// The proxies that are believed: addresses and networks, separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxies(Networks);

impl Default for Proxies {
    /// One on the same machine.
    fn default() -> Self {
        Self(Networks::joined(["127.0.0.1", "::1"].into_iter().filter_map(Networks::one)))
    }
}

impl Proxies {
    /// The address behind `peer`: that of the nearest machine on the way that is none of these proxies.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> CallerAddress {
        let mut address = peer.to_canonical();
        let named = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(",");
        let mut way = named.rsplit(',');
        while self.0.have(address) {
            let Some(next) = way.next().and_then(|text| text.trim().parse::<IpAddr>().ok()) else { break };
            address = next.to_canonical();
        }
        CallerAddress(Some(address))
    }
}

impl FromStr for Proxies {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(proxies: &str, peer: &str, named: &[&'static str]) -> String {
        let headers = named.iter().map(|text| (FORWARDED_FOR.parse().unwrap(), text.parse().unwrap())).collect();
        let proxies: Proxies = proxies.parse().unwrap();
        proxies.caller(peer.parse().unwrap(), &headers).0.unwrap().to_string()
    }

    #[test]
    fn only_proxies_are_believed() {
        for (proxies, peer, named, expected) in [
            ("", "127.0.0.1", &["192.0.2.7"] as &[_], "127.0.0.1"),
            ("127.0.0.1", "127.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("127.0.0.1", "::ffff:127.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("127.0.0.1", "127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", "127.0.0.1", &["nonsense"], "127.0.0.1"),
            ("127.0.0.1", "198.51.100.1", &["192.0.2.7"], "198.51.100.1"),
            // Whatever a client claims is before what the proxy adds.
            ("127.0.0.1", "127.0.0.1", &["203.0.113.9, 192.0.2.7"], "192.0.2.7"),
            ("127.0.0.1", "127.0.0.1", &["203.0.113.9", "192.0.2.7"], "192.0.2.7"),
            ("127.0.0.1, 10.0.0.0/8", "127.0.0.1", &["192.0.2.7, 10.1.2.3"], "192.0.2.7"),
            ("10.0.0.0/8", "11.0.0.1", &["192.0.2.7"], "11.0.0.1"),
            ("2001:db8::/32", "2001:db8:1::1", &["2001:db9::1"], "2001:db9::1"),
            ("0.0.0.0/0", "127.0.0.1", &["192.0.2.7"], "192.0.2.7"),
        ] {
            assert_eq!(caller(proxies, peer, named), expected, "{proxies} {peer} {named:?}");
        }
        for wrong in ["localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8"] {
            assert!(wrong.parse::<Proxies>().is_err(), "{wrong}");
        }
    }
}
