//! Where events may be posted to: the settings decide, not who may add an endpoint. Without them, nothing is posted.
//!
//! An endpoint's host must be one that the settings name, and whatever address its name leads to must be on the internet, or in a network
//! that the settings name. The first is asked when an endpoint is added and at each attempt; the second when a connection is made
//! (`worker`), since a name may lead elsewhere each time.

use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

use super::secret::WebhookKey;
use crate::networks::{Networks, is_public};
use crate::web_address;

/// What an endpoint's address must be.
const FORM: &str = "must be a web address without user and password, such as https://hooks.example.org/muster";

/// Where events may be posted to, and what secrets are derived from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRules {
    /// What secrets are derived from.
    pub key: WebhookKey,
    /// The hosts that endpoints may be at.
    pub hosts: Hosts,
    /// The networks, among those that are not on the internet, that endpoints may be in.
    pub networks: Networks,
}

impl WebhookRules {
    /// Reads an endpoint's address.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of a field.
    pub fn address(&self, text: &str) -> Result<Url, String> {
        let url = web_address::endpoint(text, FORM)?;
        let host = url.host().map(|host| host.to_owned());
        let Some(host) = host.filter(|host| self.hosts.have(host)) else {
            return Err(
                "is at a host that events may not be posted to: whoever runs the server adds it to the setting webhooks.hosts".to_owned()
            );
        };
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        if address.is_some_and(|address| !self.may_reach(address)) {
            return Err(format!("is not on the internet: {NETWORKS}"));
        }
        Ok(url)
    }

    /// Whether a connection to this address may be made.
    pub fn may_reach(&self, address: IpAddr) -> bool {
        is_public(address) || self.networks.have(address)
    }
}

/// The way out, where an address is in a network of ours.
pub const NETWORKS: &str = "whoever runs the server adds its network to the setting webhooks.networks if it is meant";

/// Hosts by name, and whole domains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(Vec<Allowed>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    /// This one.
    Host(Host<String>),
    /// Any with a name that ends so, with the dot before it.
    Below(String),
}

impl Hosts {
    /// Whether `host` is one of them.
    fn have(&self, host: &Host<String>) -> bool {
        self.0.iter().any(|allowed| match (allowed, host) {
            (Allowed::Host(known), host) => known == host,
            (Allowed::Below(end), Host::Domain(name)) => name.ends_with(end.as_str()),
            (Allowed::Below(_), Host::Ipv4(_) | Host::Ipv6(_)) => false,
        })
    }

    /// Each as it is written in the settings.
    pub fn names(&self) -> Vec<String> {
        let name = |allowed: &Allowed| match allowed {
            Allowed::Host(host) => host.to_string(),
            Allowed::Below(end) => format!("*{end}"),
        };
        self.0.iter().map(name).collect()
    }

    fn one(text: &str) -> Option<Allowed> {
        let below = text.strip_prefix("*.");
        // A parser of hosts lets a star pass anywhere.
        if below.unwrap_or(text).contains('*') {
            return None;
        }
        match below {
            None => Host::parse(text).ok().map(Allowed::Host),
            Some(domain) => match Host::parse(domain).ok()? {
                // All of a top-level domain would be almost anybody.
                Host::Domain(name) if name.contains('.') => Some(Allowed::Below(format!(".{name}"))),
                Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => None,
            },
        }
    }
}

impl FromStr for Hosts {
    type Err = ();

    /// Reads `hooks.example.org, *.example.net`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let hosts = parts.map(|part| Self::one(part).ok_or(())).collect::<Result<Vec<_>, ()>>()?;
        if hosts.is_empty() { Err(()) } else { Ok(Self(hosts)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(hosts: &str, networks: &str) -> WebhookRules {
        let key = WebhookKey::read("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        WebhookRules { key, hosts: hosts.parse().unwrap(), networks: networks.parse().unwrap() }
    }

    #[test]
    fn only_hosts_of_the_settings_are_posted_to() {
        let rules = rules("hooks.example.org, *.example.net, 8.8.8.8, localhost", "");
        for good in [
            "https://hooks.example.org/muster?team=ops",
            "https://HOOKS.example.org:8443/",
            "https://a.b.example.net/",
            "https://8.8.8.8/",
            // By name; where that leads is asked when a connection is made.
            "http://localhost:9000/hook",
        ] {
            assert!(rules.address(good).is_ok(), "{good}: {:?}", rules.address(good));
        }
        for (bad, why) in [
            ("https://example.net/", "webhooks.hosts"),
            ("https://evil-example.net/", "webhooks.hosts"),
            ("https://hooks.example.org.evil.com/", "webhooks.hosts"),
            ("https://hooks.example.org@evil.com/", "without user"),
            ("https://8.8.4.4/", "webhooks.hosts"),
            ("http://hooks.example.org/", "https://"),
            ("https://u:p@hooks.example.org/", "without user"),
            ("https://hooks.example.org/#a", "web address"),
            ("ftp://hooks.example.org/", "web address"),
            ("hooks.example.org", "web address"),
            ("", "web address"),
        ] {
            let problem = rules.address(bad).unwrap_err();
            assert!(problem.contains(why), "{bad}: {problem}");
        }
    }

    #[test]
    fn what_is_not_on_the_internet_needs_its_network_as_well() {
        for (host, url) in [
            ("127.0.0.1", "https://127.0.0.1/"),
            ("127.0.0.1", "http://127.1:80/"),
            ("127.0.0.1", "https://2130706433/"),
            ("10.0.0.8", "https://10.0.0.8/"),
            ("169.254.169.254", "https://169.254.169.254/latest/meta-data"),
            ("[::1]", "https://[::1]/"),
            ("[::ffff:10.0.0.8]", "https://[::ffff:a00:8]/"),
        ] {
            assert!(rules(host, "").address(url).unwrap_err().contains("webhooks.networks"), "{url}");
            let networks = "127.0.0.0/8, 10.0.0.0/8, 169.254.0.0/16, ::1";
            assert!(rules(host, networks).address(url).is_ok(), "{url}");
        }
        let rules = rules("a.example.org", "10.0.0.0/8");
        let may = |address: &str| rules.may_reach(address.parse().unwrap());
        assert!(may("10.0.0.8") && may("8.8.8.8") && !may("127.0.0.1") && !may("192.168.0.1"));
    }

    #[test]
    fn hosts_are_read_or_refused() {
        for wrong in ["", " , ", "*", "*.org", "*.*.example.org", "https://example.org", "example.org/hook", "a b", "*.10.0.0.1"] {
            assert!(wrong.parse::<Hosts>().is_err(), "{wrong}");
        }
        let hosts: Hosts = "Hooks.Example.org, bücher.example".parse().unwrap();
        assert_eq!("*.example.net, 8.8.8.8".parse::<Hosts>().unwrap().names(), ["*.example.net", "8.8.8.8"]);
        assert!(hosts.have(&Host::parse("hooks.example.org").unwrap()) && hosts.have(&Host::parse("xn--bcher-kva.example").unwrap()));
    }
}
