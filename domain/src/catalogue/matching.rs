//! Which site an address belongs to: by the longest part of its host that a site has, then by port, then by path. Pure.
//!
//! Hosts are compared as browsers understand them: IDN in ASCII, `www.` and a dot at the end left out, and what stands before an `@`
//! is not the host. Where two sites fit equally well, neither does: the wrong site's instructions cost more than none.

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use entity::SiteId;
use url::{Host, Url};

use crate::limits;

/// Parents of a host that are looked at.
const PARENTS: usize = 8;
/// What may stand around an address in a text.
const AROUND: [char; 20] = ['<', '>', '(', ')', '{', '}', '[', ']', '"', '\'', '`', '|', ',', ';', '“', '”', '‘', '’', '«', '»'];

/// A place on the web, as far as it tells sites apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// In lower case and ASCII, without `www.`.
    pub host: String,
    /// None for the usual one.
    pub port: Option<u16>,
    /// Empty for the whole host; without a slash at its end.
    pub path: String,
}

/// How much of a host must be a site's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    Host,
    /// A part of it that ends it: `db1.example.org` belongs to the site at `example.org`, unless a site is nearer.
    Parent,
}

impl Address {
    /// Reads a web address, or a host with or without port and path.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > 4 * limits::URL_CHARS || text.contains(char::is_whitespace) {
            return None;
        }
        // What follows a path or a question mark is no scheme: example.org/?next=https://example.net is on example.org.
        match text.split_once("://").filter(|(scheme, _)| !scheme.contains(['/', '?', '#'])) {
            Some(("http" | "https", _)) => Self::of(&Url::parse(text).ok()?),
            // Of others, such as wss:// and tcp://, the host is written alike.
            Some((_, rest)) => Self::of(&Url::parse(&format!("http://{rest}")).ok()?),
            None => Self::without_scheme(text),
        }
    }

    fn without_scheme(text: &str) -> Option<Self> {
        let authority = text.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        // An address of mail names no site.
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        let url = Url::parse(&format!("http://{text}")).ok()?;
        let is_as_written = match url.host()? {
            // 10.5 and 0x7f are numbers, not machines.
            Host::Ipv4(ip) => authority.starts_with(&ip.to_string()),
            Host::Domain(_) | Host::Ipv6(_) => true,
        };
        is_as_written.then(|| Self::of(&url)).flatten()
    }

    fn of(url: &Url) -> Option<Self> {
        let host = match url.host()? {
            Host::Domain(name) => without_www(name.trim_end_matches('.')).to_owned(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => format!("[{ip}]"),
        };
        if host.is_empty() || host.len() > limits::HOST_CHARS {
            return None;
        }
        let mut path = url.path().trim_end_matches('/');
        while path.len() > limits::PATH_CHARS {
            path = path.rfind('/').map_or("", |end| &path[..end]);
        }
        Some(Self { host, port: url.port(), path: path.to_owned() })
    }

    /// Its host, and the parents of that which a site may be found by: not `org`, and none of an IP address.
    pub fn suffixes(&self) -> impl Iterator<Item = &str> {
        let host = self.host.as_str();
        let is_ip = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
        let parents = host.match_indices('.').map(move |(dot, _)| &host[dot + 1..]).filter(|parent| parent.contains('.'));
        std::iter::once(host).chain(parents.take(if is_ip { 0 } else { PARENTS }))
    }

    /// How well the address of a site on the same host fits: better is more.
    fn fits(&self, site: &Self) -> (u8, Option<usize>) {
        let port = match site.port {
            port if port == self.port => 2,
            None => 1,
            Some(_) => 0,
        };
        let rest = self.path.strip_prefix(&*site.path);
        let is_within = rest.is_some_and(|rest| site.path.is_empty() || rest.is_empty() || rest.starts_with('/'));
        (port, is_within.then_some(site.path.len()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

fn without_www(host: &str) -> &str {
    host.strip_prefix("www.").filter(|rest| rest.contains('.')).unwrap_or(host)
}

/// The addresses in a text that people or programs wrote: links, and hosts on their own. What only looks like a host, such as `index.php`,
/// is among them and is no site's.
pub fn addresses_in(text: &str) -> Vec<Address> {
    let mut found = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || AROUND.contains(&c)) {
        let word = word.trim_matches(|c: char| matches!(c, '.' | ':' | '!' | '?' | '*' | '_'));
        let Some(address) = address_in(word).filter(|address| !found.contains(address)) else { continue };
        found.push(address);
        if found.len() == limits::ADDRESSES_IN_TEXT {
            break;
        }
    }
    found
}

fn address_in(word: &str) -> Option<Address> {
    if let Some(at) = word.find("://").filter(|at| !word[..*at].contains('?')) {
        // As in url=https://example.org.
        let before = word[..at].char_indices().rfind(|(_, c)| !c.is_ascii_alphanumeric());
        return Address::read(&word[before.map_or(0, |(place, c)| place + c.len_utf8())..]);
    }
    let host = word.split(['/', ':', '?', '#']).next().unwrap_or_default();
    // As in instance=example.org:9100.
    let start = host.rfind('=').map_or(0, |sign| sign + 1);
    let (host, word) = (&host[start..], &word[start..]);
    let (_, last) = host.rsplit_once('.')?;
    let is_name = last.len() > 1 && last.chars().all(|c| c.is_alphanumeric() || c == '-') && last.chars().any(char::is_alphabetic);
    (is_name || host.parse::<Ipv4Addr>().is_ok()).then(|| Address::read(word)).flatten()
}

/// The site that `address` belongs to, of those that are known on its host and, if wanted, on the parents of that.
pub fn site_at(address: &Address, known: &[(SiteId, Address)], reach: Reach) -> Option<SiteId> {
    let levels = match reach {
        Reach::Host => 1,
        Reach::Parent => usize::MAX,
    };
    let on = |host: &str| known.iter().filter(|(_, site)| site.host == host).collect::<Vec<_>>();
    let there = address.suffixes().take(levels).map(on).find(|there| !there.is_empty())?;
    let best = there.iter().map(|(_, site)| address.fits(site)).max()?;
    let sites: BTreeSet<SiteId> = there.iter().filter(|(_, site)| address.fits(site) == best).map(|(id, _)| *id).collect();
    sites.first().copied().filter(|_| sites.len() == 1)
}

/// The sites that `addresses` belong to, each once: those whose own host is named, and only if there is none, those that are parents.
pub fn sites_at(addresses: &[Address], known: &[(SiteId, Address)], reach: Reach) -> Vec<SiteId> {
    let found = |reach| {
        let mut sites: Vec<SiteId> = Vec::new();
        for site in addresses.iter().filter_map(|address| site_at(address, known, reach)) {
            if !sites.contains(&site) {
                sites.push(site);
            }
        }
        sites
    };
    let own = found(Reach::Host);
    if own.is_empty() && reach == Reach::Parent { found(Reach::Parent) } else { own }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn read(text: &str) -> String {
        Address::read(text).map(|address| address.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_address_is_read_as_browsers_understand_it() {
        for (text, expected) in [
            ("https://Example.ORG/", "example.org"),
            ("http://www.example.org.", "example.org"),
            ("https://example.org:443/shop/?a=b#c", "example.org/shop"),
            ("https://example.org:8443", "example.org:8443"),
            ("wss://example.org/live", "example.org/live"),
            ("tcp://db.example.org:5432", "db.example.org:5432"),
            ("jdbc:postgresql://db.example.org:5432/shop", "db.example.org:5432/shop"),
            ("shop.example.org/?next=https://login.example.com/", "shop.example.org"),
            ("example.org", "example.org"),
            ("example.org:9100", "example.org:9100"),
            ("web1", "web1"),
            ("web1:9100", "web1:9100"),
            ("https://münchen.example/", "xn--mnchen-3ya.example"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("www.org", "www.org"),
            ("10.0.0.5:9100", "10.0.0.5:9100"),
            ("https://[2001:DB8::1]:8080/", "[2001:db8::1]:8080"),
            // What stands before an @ is no host.
            ("https://example.org@evil.example/", "evil.example"),
            ("https://example.org:80@evil.example", "evil.example"),
            ("https://evil.example\\@example.org/", "evil.example/@example.org"),
            ("kim@example.org", ""),
            // Neither are numbers machines.
            ("10.5", ""),
            ("3", ""),
            ("", ""),
            ("https://", ""),
            ("example org", ""),
            ("/etc/passwd", ""),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        let long = format!("https://example.org/{}/b", "a".repeat(limits::PATH_CHARS));
        assert_eq!(read(&long), "example.org");
        assert_eq!(read(&format!("{}.example.org", "a".repeat(limits::HOST_CHARS))), "");
    }

    #[test]
    fn a_host_is_looked_for_with_its_parents_but_not_as_a_whole_domain_of_others() {
        for (text, expected) in [
            ("a.b.example.org", &["a.b.example.org", "b.example.org", "example.org"][..]),
            ("example.org", &["example.org"]),
            ("web1", &["web1"]),
            ("10.0.0.5", &["10.0.0.5"]),
            ("http://[::1]/", &["[::1]"]),
        ] {
            assert_eq!(Address::read(text).unwrap().suffixes().collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn addresses_are_found_in_what_people_write() {
        for (text, expected) in [
            ("https://example.org/a is slow, so is www.example.net.", &["example.org/a", "example.net"][..]),
            ("<https://example.org/|the shop>", &["example.org"]),
            ("[the shop](https://example.org/cart)!", &["example.org/cart"]),
            ("probe url=https://example.org/?next=https://evil.example failed", &["example.org"]),
            ("shop.example.org/?next=https://evil.example fails", &["shop.example.org"]),
            ("down—https://example.org/", &["example.org"]),
            ("instance=shop.example.org:9100 is away", &["shop.example.org:9100"]),
            ("Example.org errors", &["example.org"]),
            ("write to kim@example.org", &[]),
            ("see e.g. 3.14 or 10:30", &[]),
            ("10.0.0.5 is away", &["10.0.0.5"]),
            ("example.org and https://example.org/", &["example.org"]),
            ("nothing here", &[]),
        ] {
            let found: Vec<String> = addresses_in(text).iter().map(Address::to_string).collect();
            assert_eq!(found, expected, "{text}");
        }
        let many = (0..1_000).map(|number| format!("https://{number}.example.org")).collect::<Vec<_>>().join(" ");
        assert_eq!(addresses_in(&many).len(), limits::ADDRESSES_IN_TEXT);
    }

    /// Sites by number at these addresses.
    fn known(sites: &[(u128, &str)]) -> Vec<(SiteId, Address)> {
        sites.iter().map(|(number, at)| (SiteId(Uuid::from_u128(*number)), Address::read(at).unwrap())).collect()
    }

    #[test]
    fn the_nearest_host_wins_then_the_port_then_the_path() {
        let sites = known(&[
            (1, "https://example.org/"),
            (2, "https://shop.example.org/"),
            (3, "https://apps.example.org:8443/"),
            (4, "https://apps.example.org/"),
            (5, "https://apps.example.org/crm"),
            (6, "https://one.example.net/a"),
            (7, "https://two.example.net/a"),
            (8, "https://two.example.net/b"),
            (9, "https://münchen.example/"),
            (10, "10.0.0.5"),
            (11, "https://twin.example.com/"),
            (12, "https://twin.example.com/"),
            (13, "web1"),
        ]);
        for (link, expected) in [
            ("https://example.org/x", Some(1)),
            ("http://www.example.org", Some(1)),
            ("https://shop.example.org/x", Some(2)),
            ("https://db1.shop.example.org:9100", Some(2)),
            ("https://blog.example.org/", Some(1)),
            ("apps.example.org:8443", Some(3)),
            ("https://apps.example.org/", Some(4)),
            ("https://apps.example.org/crm/login", Some(5)),
            ("https://apps.example.org/crmx", Some(4)),
            // The only one there is meant, whatever its path.
            ("https://one.example.net/", Some(6)),
            // Neither of two.
            ("https://two.example.net/", None),
            ("https://two.example.net/b/c", Some(8)),
            ("https://twin.example.com/", None),
            ("https://xn--mnchen-3ya.example/", Some(9)),
            ("http://10.0.0.5:9100/metrics", Some(10)),
            ("http://10.0.0.50/", None),
            ("web1:9100", Some(13)),
            ("web12:9100", None),
            // Lookalikes.
            ("https://example.org.evil.example/", None),
            ("https://notexample.org/", None),
            ("https://example.org@evil.example/", None),
            ("https://evil.example/?https://example.org/", None),
            ("https://еxample.org/", None),
        ] {
            let found = site_at(&Address::read(link).unwrap(), &sites, Reach::Parent);
            assert_eq!(found, expected.map(|number| SiteId(Uuid::from_u128(number))), "{link}");
        }
        assert_eq!(site_at(&Address::read("blog.example.org").unwrap(), &sites, Reach::Host), None);
    }

    #[test]
    fn a_host_that_is_named_leaves_parents_out() {
        let sites = known(&[(1, "agency.example"), (2, "shop.example.org")]);
        let at = |texts: &[&str], reach| {
            let addresses: Vec<Address> = texts.iter().map(|text| Address::read(text).unwrap()).collect();
            sites_at(&addresses, &sites, reach).iter().map(|site| site.0.as_u128()).collect::<Vec<_>>()
        };
        let (shop, graph) = ("https://shop.example.org/cart", "https://grafana.agency.example/d/1");
        assert_eq!(at(&[graph, shop, shop], Reach::Parent), [2]);
        assert_eq!(at(&[graph], Reach::Parent), [1]);
        assert_eq!(at(&[graph], Reach::Host), [0_u128; 0]);
        assert_eq!(at(&[shop, "agency.example"], Reach::Parent), [2, 1]);
    }
}
