//! Who asks, by their address, and how often: for what anybody may ask for.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use chrono::Duration;
use entity::Timestamp;

use crate::connections::Peer;

/// Addresses that are remembered. Beyond that, who is new is not counted.
const MOST: usize = 10_000;

/// The address that a request comes from, as far as limits go: that of the other end, or, if this is a proxy at our machine or in our network,
/// the last one in its `X-Forwarded-For`. What stands before that, anybody may have written.
pub struct Caller(Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get().map(|Peer(address)| *address);
        Ok(Self(peer.map(|peer| forwarded(&parts.headers).filter(|_| is_near(peer)).unwrap_or(peer))))
    }
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").into_iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// When each caller asked, as far back as matters.
pub struct Callers {
    most: usize,
    within: Duration,
    asked: Mutex<HashMap<IpAddr, Vec<Timestamp>>>,
}

impl Callers {
    /// Admits each caller at most `most` times `within` any such time.
    pub fn new(most: usize, within: Duration) -> Self {
        Self { most, within, asked: Mutex::default() }
    }

    /// Whether this caller may ask once more; if so, it counts.
    pub fn admit(&self, caller: &Caller, now: Timestamp) -> bool {
        let Some(address) = caller.0 else { return true };
        // Each change of it is one step, so it is whole even after a panic.
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Timestamp| *at > now - self.within && *at <= now;
        if asked.len() >= MOST {
            asked.retain(|_, times| times.iter().any(is_recent));
        }
        let is_full = asked.len() >= MOST;
        let network = network(address);
        if is_full && !asked.contains_key(&network) {
            return true;
        }
        let times = asked.entry(network).or_default();
        times.retain(is_recent);
        if times.len() >= self.most {
            return false;
        }
        times.push(now);
        true
    }
}

/// Who has an address of IPv6 has the other 2^64 of its network as well.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    async fn caller(peer: &str, forwarded: &[&'static str]) -> Option<IpAddr> {
        let mut parts = axum::http::Request::new(()).into_parts().0;
        parts.extensions.insert(Peer(peer.parse().unwrap()));
        for value in forwarded {
            parts.headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        Caller::from_request_parts(&mut parts, &()).await.unwrap().0
    }

    #[tokio::test]
    async fn only_a_proxy_that_is_near_says_for_whom_it_asks() {
        let table: [(&str, &[&'static str], &str); 7] = [
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.2", &["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
            ("::ffff:10.0.0.2", &["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("198.51.100.9", &["203.0.113.7"], "198.51.100.9"),
            ("127.0.0.1", &["unknown"], "127.0.0.1"),
        ];
        for (peer, forwarded, expected) in table {
            assert_eq!(caller(peer, forwarded).await, Some(expected.parse().unwrap()), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn each_caller_has_a_limit_of_its_own_that_passes() {
        let callers = Callers::new(2, Duration::hours(1));
        let of = |text: &str| Caller(Some(text.parse().unwrap()));
        let start = Timestamp::UNIX_EPOCH;
        let admitted = [(); 3].map(|()| callers.admit(&of("203.0.113.7"), start));
        assert_eq!(admitted, [true, true, false]);
        assert!(callers.admit(&of("203.0.113.8"), start));
        assert!(callers.admit(&of("203.0.113.7"), start + Duration::hours(1)));
        let admitted = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"].map(|text| callers.admit(&of(text), start));
        assert_eq!(admitted, [true, true, false, true]);
    }
}
