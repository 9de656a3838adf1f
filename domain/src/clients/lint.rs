//! Names of our machines in texts for clients, who must not learn how our systems are built. Pure.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

/// Domains that exist only inside a network.
const INSIDE: [&str; 11] =
    ["internal", "local", "localdomain", "localhost", "lan", "corp", "intranet", "private", "svc", "consul", "home.arpa"];
/// Words that machines are named after, followed by a number: `db-01`, `prod-web-3`.
const MACHINES: [&str; 35] = [
    "app",
    "backend",
    "bastion",
    "cache",
    "cassandra",
    "db",
    "elastic",
    "esx",
    "frontend",
    "haproxy",
    "host",
    "k8s",
    "kafka",
    "kube",
    "lb",
    "mariadb",
    "memcached",
    "mongo",
    "mysql",
    "nas",
    "nginx",
    "node",
    "pg",
    "postgres",
    "prod",
    "proxy",
    "queue",
    "rabbitmq",
    "redis",
    "server",
    "srv",
    "staging",
    "varnish",
    "vm",
    "worker",
];
/// The same, which are ordinary words unless a hyphen follows.
const WITH_HYPHEN: [&str; 1] = ["web"];

/// The names and addresses of machines in `text`, each once. `known` are more names of ours, in lower case; `public` are hosts that
/// clients know.
pub fn machines_in(text: &str, known: &HashSet<String>, public: &HashSet<String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '_'))) {
        let word = word.trim_matches(|c| matches!(c, '.' | '-' | ':' | '_'));
        let name = without_port(word).to_lowercase();
        if !public.contains(&name) && (known.contains(&name) || is_machine(&name)) && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The name in an alert's label such as `instance`, if only we can know it: clients know hosts with a domain.
pub fn machine_of(label: &str) -> Option<String> {
    let name = without_port(label.trim()).to_lowercase();
    let is_word = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (is_word && name.len() > 3 && name.contains(|c: char| c.is_ascii_digit() || c == '-')).then_some(name)
}

fn without_port(word: &str) -> &str {
    match word.split_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => word,
    }
}

fn is_machine(name: &str) -> bool {
    if let Ok(address) = name.parse::<IpAddr>() {
        return is_inside(address);
    }
    let is_under = |domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // On its own, only localhost is more than a word.
    (INSIDE.into_iter().any(is_under) && (name.contains('.') || name == "localhost"))
        || name.contains(".svc.cluster.")
        || is_numbered(name.split('.').next().unwrap_or_default())
}

fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address == Ipv6Addr::LOCALHOST || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Whether a name is a machine's, such as `db01`, `web-3` or `prod-db-2`.
fn is_numbered(name: &str) -> bool {
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if word.len() == name.len() {
        return false;
    }
    let has_hyphen = word.contains('-');
    word.split('-').any(|part| MACHINES.contains(&part) || (has_hyphen && WITH_HYPHEN.contains(&part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> HashSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_and_addresses_of_machines_are_found() {
        for (text, expected) in [
            ("db-01.prod.internal is down", &["db-01.prod.internal"][..]),
            ("We restarted DB01, and web-3.", &["db01", "web-3"]),
            ("https://grafana.corp/d/7 and http://10.0.4.7:9090/x", &["grafana.corp", "10.0.4.7"]),
            ("redis-master-0 (192.168.1.4), again 192.168.1.4", &["redis-master-0", "192.168.1.4"]),
            ("api.shop.svc.cluster.local; localhost:8080", &["api.shop.svc.cluster.local", "localhost"]),
            ("fd00::12 or fe80::1", &["fd00::12", "fe80::1"]),
            ("prod-db-2.example.net failed", &["prod-db-2.example.net"]),
            ("kim@mail.lan", &["mail.lan"]),
            ("checkout-7d9f", &["checkout-7d9f"]),
        ] {
            assert_eq!(machines_in(text, &set(&["checkout-7d9f"]), &HashSet::new()), expected, "{text}");
        }
    }

    #[test]
    fn ordinary_words_and_public_hosts_are_left_alone() {
        for text in [
            "Your site www.example.org was down from 10:30 to 11:05 on 2026-11-22.",
            "COVID-19, UTF-8, HTTP/2, web3, top-10, INC-42, 24-7, IPv6, v2.3.4, 99.9%",
            "The database server and the app server are back; our internal systems, local time.",
            "See https://status.example.org/incidents/42 or write to support@example.org.",
            "8.8.8.8 answers; the api-v2 is fine.",
            "shop-prod-1.example.org is your shop",
        ] {
            assert_eq!(machines_in(text, &HashSet::new(), &set(&["shop-prod-1.example.org"])), [""; 0], "{text}");
        }
    }

    #[test]
    fn labels_name_machines_unless_they_have_a_domain() {
        assert_eq!(machine_of("checkout-7d9f:9100").as_deref(), Some("checkout-7d9f"));
        for label in ["https://shop.example.org", "shop.example.org:443", "prod", "eu", ""] {
            assert_eq!(machine_of(label), None, "{label}");
        }
    }
}
