//! Trello: the cards of follow-ups (S4).

use std::sync::Arc;

use document::Press;
use domain::config::Config;
use entity::System;
use worker::outlets::client::base_url;
use worker::outlets::trello::{TrelloOutlet, TrelloSettings};

use super::{BY_HAND, Connector, Entry, Offer};
use crate::settings::{Secret, Source};

/// Trello.
pub const TRELLO: Entry = Entry {
    system: System::Trello,
    about: "Cards of follow-ups",
    needs: "trello.key and trello.token",
    docs: "docs/integrations/trello.md",
    without: BY_HAND,
    read: |source| Arc::new(Trello::read(source)),
};

/// Where Trello's API is.
const API: &str = "https://api.trello.com";

struct Trello {
    connection: Option<TrelloSettings>,
    /// What it signs its webhooks with; none: they are refused.
    secret: Option<Secret>,
}

impl Trello {
    fn read(source: &mut Source<'_>) -> Self {
        Self { connection: connection(source), secret: source.secret("trello.secret") }
    }
}

fn connection(source: &mut Source<'_>) -> Option<TrelloSettings> {
    let address = source.text("trello.base_url").unwrap_or_else(|| API.to_owned());
    let given = ["trello.key", "trello.token"].map(|name| source.filled(name));
    if let Err(problem) = base_url(&address) {
        source.problem("trello.base_url", problem);
    }
    for (name, value) in ["trello.key", "trello.token"].into_iter().zip(&given) {
        if value.as_deref().is_some_and(|value| !value.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            source.problem(name, "must have letters and digits only, as Trello shows it");
        }
    }
    match given {
        [Some(key), Some(token)] => return Some(TrelloSettings { base_url: address, key, token }),
        [Some(_), None] => source.problem("trello.token", "is needed as well as trello.key"),
        [None, Some(_)] => source.problem("trello.key", "is needed as well as trello.token"),
        [None, None] => {}
    }
    None
}

impl Connector for Trello {
    fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    fn connect(&self, _: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let trello = Arc::new(TrelloOutlet::connect(connection)?);
        Ok(Some(Offer { boards: Some(trello.clone()), ..Offer::of(trello) }))
    }

    fn notes(&self) -> Vec<String> {
        let by_polling = "trello.secret is not set: changes at Trello are found every five minutes, and not at once.";
        if self.secret.is_none() { vec![by_polling.to_owned()] } else { Vec::new() }
    }

    fn configure(&self, config: &mut Config) {
        config.watches_cards = self.is_connected() && self.secret.is_some();
    }

    fn admit(&self, api: &mut api::Settings) {
        api.trello_secret = self.secret.as_ref().map(|secret| secret.0.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(file: &str) -> Result<Trello, Vec<String>> {
        Source::read("muster.toml", file, &BTreeMap::new(), Trello::read)
    }

    #[test]
    fn trello_is_connected_by_key_and_token() {
        let trello = read("[trello]\nkey = 'k1'\ntoken = 'hunter2'\nsecret = 'hunter3hunter3hunter3'").unwrap();
        let connection = trello.connection.as_ref().unwrap();
        assert_eq!((&*connection.base_url, &*connection.key, &*connection.token), (API, "k1", "hunter2"));
        assert!(trello.secret.is_some() && trello.notes().is_empty());
        assert!(!read("").unwrap().is_connected());
        for wrong in [
            "key = 'k1'",
            "token = 'hunter2'",
            "key = 'k 1'\ntoken = 'hunter2'",
            "key = 'k1'\ntoken = 'hunter2'\nbase_url = 'http://x.org'",
        ] {
            let problems = read(&format!("[trello]\n{wrong}")).err().unwrap();
            assert!(problems.len() == 1 && !problems[0].contains("hunter2"), "{problems:?}");
        }
    }
}
