//! Networks by which callers are told apart.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Some networks; an address alone is the network of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Whether `address` is in one of them. An IPv4 address that is written as an IPv6 one is itself.
    pub fn have(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Each as it is usually written.
    pub fn names(&self) -> Vec<String> {
        let name = |network: &IpNet| {
            if network.prefix_len() == network.max_prefix_len() { network.addr().to_string() } else { network.to_string() }
        };
        self.0.iter().map(name).collect()
    }

    /// Reads `192.0.2.0/24`, `2001:db8::/32` or an address.
    pub fn one(text: &str) -> Option<Self> {
        let text = text.trim();
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(|address| address.to_canonical().into()));
        Some(Self(vec![network.ok()?.trunc()]))
    }

    /// All of these.
    #[must_use]
    pub fn joined(all: impl IntoIterator<Item = Self>) -> Self {
        Self(all.into_iter().flat_map(|networks| networks.0).collect())
    }
}

impl FromStr for Networks {
    type Err = ();

    /// Reads networks that are separated by commas.
    fn from_str(text: &str) -> Result<Self, ()> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| Self::one(part).ok_or(())).collect::<Result<Vec<_>, ()>>().map(Self::joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_read() {
        let networks: Networks = "192.0.2.7/24, 2001:db8::/32,198.51.100.1".parse().expect("networks");
        assert_eq!(networks.names(), ["192.0.2.0/24", "2001:db8::/32", "198.51.100.1"]);
        let has = |text: &str| networks.have(text.parse().expect("an address"));
        assert!(has("192.0.2.200") && has("::ffff:192.0.2.200") && has("2001:db8:1::1") && has("198.51.100.1"));
        assert!(!has("192.0.3.1") && !has("198.51.100.2") && !has("::1"));
        for wrong in ["192.0.2.0/33", "example.org", "192.0.2", "::/129", "192.0.2.0/"] {
            assert!(wrong.parse::<Networks>().is_err(), "{wrong}");
        }
    }
}
