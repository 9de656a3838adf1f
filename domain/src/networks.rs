//! Networks by which callers are told apart, and whom we may call.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

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

/// Of IPv4, what is nobody's on the internet: this machine, private networks, those of carriers and examples, groups (RFC 6890).
static NOT_PUBLIC: LazyLock<Networks> = LazyLock::new(|| {
    let networks = "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, 192.0.2.0/24, \
        192.88.99.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/3";
    networks.parse().expect("they are networks")
});

/// Of IPv6, all that is given out; and within it what isn't, or what stands for an address of IPv4 (Teredo, 6to4).
static GIVEN_OUT: LazyLock<[Networks; 2]> =
    LazyLock::new(|| ["2000::/3", "2001::/23, 2001:db8::/32, 2002::/16, 3fff::/20"].map(|text| text.parse().expect("they are networks")));

/// Whether `address` may be a machine on the internet, rather than this one or one of a network of ours.
pub fn is_public(address: IpAddr) -> bool {
    let [given_out, but] = &*GIVEN_OUT;
    match address.to_canonical() {
        address @ IpAddr::V4(_) => !NOT_PUBLIC.have(address),
        address @ IpAddr::V6(_) => given_out.have(address) && !but.have(address),
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

    #[test]
    fn only_what_is_on_the_internet_is_public() {
        for public in ["8.8.8.8", "192.0.1.1", "172.32.0.1", "100.128.0.1", "223.255.255.255", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for ours in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::1",
        ] {
            assert!(!is_public(ours.parse().expect("an address")), "{ours}");
        }
    }
}
