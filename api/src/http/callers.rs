//! How often each caller asked for what anybody may ask for.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use chrono::Duration;
use entity::Timestamp;

use crate::connections::CallerAddress;

/// Addresses that are remembered. Beyond that, who is new is not counted.
const MOST: usize = 10_000;

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
    pub fn admit(&self, CallerAddress(address): CallerAddress, now: Timestamp) -> bool {
        let Some(address) = address else { return true };
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
    use super::*;

    #[test]
    fn each_caller_has_a_limit_of_its_own_that_passes() {
        let callers = Callers::new(2, Duration::hours(1));
        let of = |text: &str| CallerAddress(Some(text.parse().unwrap()));
        let start = Timestamp::UNIX_EPOCH;
        let admitted = [(); 3].map(|()| callers.admit(of("203.0.113.7"), start));
        assert_eq!(admitted, [true, true, false]);
        assert!(callers.admit(of("203.0.113.8"), start));
        assert!(callers.admit(of("203.0.113.7"), start + Duration::hours(1)));
        let admitted = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"].map(|text| callers.admit(of(text), start));
        assert_eq!(admitted, [true, true, false, true]);
    }
}
