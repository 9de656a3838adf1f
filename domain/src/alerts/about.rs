//! Which sites alerts are about, by the addresses that they name (R4).
//!
//! What an alert says in its own fields counts most: what was probed, or where it runs. Its words count only if they name a site's very host,
//! because they are full of links to graphs and instructions, and those are on hosts of the team's own.

use std::collections::BTreeSet;

use entity::SiteId;
use serde_json::Value;

use super::alarm::Alarm;
use crate::catalogue::known_at;
use crate::catalogue::matching::{Address, Reach, addresses_in, sites_at};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;

/// Addresses of one statement: with the parents of their hosts, they are fewer hosts than [`limits::HOSTS_AT_ONCE`].
const AT_ONCE: usize = 100;
/// Labels that name what an alert is about. None that name who watches it: `generatorURL` is Prometheus, `dashboardURL` is Grafana, and a
/// runbook is the team's wiki.
const NAMING: [&str; 20] = [
    "address",
    "app_url",
    "check_url",
    "domain",
    "endpoint",
    "fqdn",
    "host",
    "hostname",
    "http_host",
    "ingress",
    "instance",
    "monitor_url",
    "server_name",
    "site",
    "site_url",
    "target",
    "uri",
    "url",
    "vhost",
    "website",
];

/// The addresses that an alert names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Links {
    /// In fields that say what it is about.
    of_subject: Vec<Address>,
    /// In its words.
    in_words: Vec<Address>,
}

/// The sites that alerts are about, at most as many as a list may have.
pub(super) async fn sites<'a>(ctx: &Ctx, alarms: impl IntoIterator<Item = &'a Alarm>) -> Result<Vec<SiteId>> {
    let alarms: Vec<&Alarm> = alarms.into_iter().take(limits::ALERTS_LOOKED_UP).collect();
    let mut sites = Vec::new();
    for mut found in sites_of(ctx, alarms).await? {
        found.retain(|site| !sites.contains(site));
        sites.append(&mut found);
    }
    sites.truncate(limits::LIST_ITEMS);
    Ok(sites)
}

/// The sites that each of these alerts is about; one statement for all of them, unless they name very many addresses.
pub(super) async fn sites_of<'a>(ctx: &Ctx, alarms: impl IntoIterator<Item = &'a Alarm>) -> Result<Vec<Vec<SiteId>>> {
    let links: Vec<Links> = alarms.into_iter().map(links_of).collect();
    let all: BTreeSet<&Address> = links.iter().flat_map(|links| links.of_subject.iter().chain(&links.in_words)).collect();
    let all: Vec<Address> = all.into_iter().take(limits::ADDRESSES_LOOKED_UP).cloned().collect();
    let mut known = Vec::new();
    for some in all.chunks(AT_ONCE) {
        known.extend(known_at(ctx, some).await?);
    }
    let sites = |Links { of_subject, in_words }: &Links| {
        let own = sites_at(of_subject, &known, Reach::Parent);
        if own.is_empty() { sites_at(in_words, &known, Reach::Host) } else { own }
    };
    Ok(links.iter().map(sites).collect())
}

/// The addresses that an alert names: those that its source told, those in its labels, and those in its words.
fn links_of(alarm: &Alarm) -> Links {
    let told = alarm.links.iter().filter_map(|link| Address::read(link));
    let own = [alarm.labels.as_object(), alarm.labels.get("labels").and_then(Value::as_object)];
    let labels = own.into_iter().flatten().flatten();
    let naming = labels.filter(|(name, _)| NAMING.contains(&name.to_lowercase().as_str()));
    let named = naming.filter_map(|(_, value)| Address::read(value.as_str()?));
    let mut of_subject: Vec<Address> = told.chain(named).collect();
    of_subject.truncate(limits::ADDRESSES_IN_TEXT);
    let words = [Some(alarm.title.as_str()), alarm.description.as_deref()];
    let mut in_words: Vec<Address> = words.into_iter().flatten().flat_map(addresses_in).collect();
    in_words.truncate(limits::ADDRESSES_IN_TEXT);
    Links { of_subject, in_words }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn links(title: &str, links: &[&str], labels: Value) -> (Vec<String>, Vec<String>) {
        let alarm = Alarm {
            fingerprint: "f".to_owned(),
            title: title.to_owned(),
            description: Some("See https://grafana.agency.example/d/1 and kim@agency.example.".to_owned()),
            firing: true,
            starts_at: None,
            ends_at: None,
            labels,
            links: links.iter().map(|link| (*link).to_owned()).collect(),
            severity: None,
        };
        let Links { of_subject, in_words } = links_of(&alarm);
        let texts = |addresses: Vec<Address>| addresses.iter().map(Address::to_string).collect();
        (texts(of_subject), texts(in_words))
    }

    #[test]
    fn what_an_alert_is_about_is_told_apart_from_who_watches_it() {
        let graph = "grafana.agency.example/d/1";
        let of_alertmanager = json!({
            "labels": { "alertname": "Down", "instance": "https://shop.example.org/", "job": "blackbox" },
            "annotations": { "runbook_url": "https://wiki.agency.example/down", "summary": "down" },
            "source": "https://prometheus.agency.example/graph",
        });
        for (title, told, labels, subject, words) in [
            ("Down", &[][..], of_alertmanager, &["shop.example.org"][..], &[graph][..]),
            ("shop.example.org is down", &[], json!({ "labels": { "severity": "major" } }), &[], &["shop.example.org", graph]),
            ("Down", &["https://shop.example.org/cart"], json!({}), &["shop.example.org/cart"], &[graph]),
            ("Down", &[], json!({ "URL": "https://a.example", "host": "web1:9100", "port": 80 }), &["a.example", "web1:9100"], &[graph]),
            ("Down", &[], json!({ "generatorURL": "https://prometheus.agency.example/graph" }), &[], &[graph]),
            ("Down", &[], json!("none"), &[], &[graph]),
            ("Down", &[], Value::Null, &[], &[graph]),
        ] {
            let found = links(title, told, labels.clone());
            assert_eq!(
                (found.0, found.1),
                (subject.iter().map(ToString::to_string).collect(), words.iter().map(ToString::to_string).collect()),
                "{labels}"
            );
        }
    }
}
