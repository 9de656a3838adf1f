//! Where events may be posted to. Administrators add endpoints while the server runs; these settings bound where they may be.

use domain::networks::Networks;
use domain::webhooks::rules::{Hosts, WebhookRules};
use domain::webhooks::secret::WebhookKey;

use super::Source;

/// Reads the settings; `None` without any.
pub fn read(source: &mut Source<'_>) -> Option<WebhookRules> {
    let (key, hosts) = (source.filled("webhooks.key"), source.filled("webhooks.hosts"));
    let networks = source.parsed::<Networks>("webhooks.networks", "addresses or networks, separated by commas, such as 10.0.0.0/8");
    match (key, hosts) {
        (None, None) => {
            if networks.is_some_and(|networks| networks != Networks::default()) {
                source.problem("webhooks.networks", "is of no use without webhooks.key and webhooks.hosts");
            }
            None
        }
        (Some(key), Some(hosts)) => {
            let key = WebhookKey::read(&key).map_err(|problem| source.problem("webhooks.key", problem));
            let wrong = "must be hosts, separated by commas, such as hooks.example.org, *.example.net";
            let hosts = hosts.parse::<Hosts>().map_err(|()| source.problem("webhooks.hosts", wrong));
            Some(WebhookRules { key: key.ok()?, hosts: hosts.ok()?, networks: networks.unwrap_or_default() })
        }
        (Some(_), None) => {
            source.problem(
                "webhooks.hosts",
                "is needed as well as webhooks.key: the hosts that events may be posted to, such as hooks.example.org",
            );
            None
        }
        (None, Some(_)) => {
            source.problem(
                "webhooks.key",
                "is needed as well as webhooks.hosts: what secrets are made of, as printed by: openssl rand -base64 32",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KEY: &str = "key = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='\n";

    fn of(settings: &str) -> Result<Option<WebhookRules>, Vec<String>> {
        Source::read("muster.toml", &format!("[webhooks]\n{settings}"), &BTreeMap::new(), read)
    }

    #[test]
    fn two_settings_are_enough() {
        assert_eq!(of("").unwrap(), None);
        let rules = of(&format!("{KEY}hosts = 'hooks.example.org'")).unwrap().unwrap();
        assert!(rules.address("https://hooks.example.org/").is_ok() && !format!("{rules:?}").contains("MDEy"));
        let rules = of(&format!("{KEY}hosts = '10.0.0.8'\nnetworks = '10.0.0.0/8'")).unwrap().unwrap();
        assert!(rules.address("https://10.0.0.8/").is_ok());
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (settings, name) in [
            (KEY.to_owned(), "webhooks.hosts"),
            ("hosts = 'hooks.example.org'".to_owned(), "webhooks.key"),
            ("networks = '10.0.0.0/8'".to_owned(), "webhooks.networks"),
            (format!("{KEY}hosts = 'https://hooks.example.org'"), "webhooks.hosts"),
            (format!("{KEY}hosts = '*'"), "webhooks.hosts"),
            ("key = 'hunter2'\nhosts = 'hooks.example.org'".to_owned(), "webhooks.key"),
            (format!("{KEY}hosts = 'hooks.example.org'\nnetworks = 'ours'"), "webhooks.networks"),
        ] {
            let problems = of(&settings).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(name) && !problems[0].contains("hunter2"), "{problems:?}");
        }
    }
}
