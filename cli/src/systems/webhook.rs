//! The team's own gateway to telephones, by a signed webhook (R1, R18).

use std::sync::Arc;

use document::Press;
use entity::System;
use worker::outlets::webhook::{WebhookOutlet, WebhookSettings, address, key};

use super::{Connector, Entry, Offer, SILENT};
use crate::settings::Source;

/// The webhook.
pub const WEBHOOK: Entry = Entry {
    system: System::Webhook,
    about: "The team's own gateway to telephones",
    needs: "webhook.url and webhook.secret",
    docs: "docs/integrations/webhook.md",
    without: SILENT,
    read: |source| Arc::new(Gateway(read(source))),
};

struct Gateway(Option<WebhookSettings>);

fn read(source: &mut Source<'_>) -> Option<WebhookSettings> {
    let (url, secret) = (source.filled("webhook.url"), source.filled("webhook.secret"));
    if let Some(Err(problem)) = url.as_deref().map(address) {
        source.problem("webhook.url", problem);
    }
    if let Some(Err(problem)) = secret.as_deref().map(key) {
        source.problem("webhook.secret", problem);
    }
    match (url, secret) {
        (Some(url), Some(secret)) => return Some(WebhookSettings { url, secret }),
        (Some(_), None) => source.problem("webhook.secret", "is needed as well as webhook.url: messages are signed with it"),
        (None, Some(_)) => source.problem("webhook.url", "is needed as well as webhook.secret, such as https://gateway.example.org/muster"),
        (None, None) => {}
    }
    None
}

impl Connector for Gateway {
    fn is_connected(&self) -> bool {
        self.0.is_some()
    }

    fn connect(&self, _: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(settings) = &self.0 else { return Ok(None) };
        Ok(Some(Offer::of(Arc::new(WebhookOutlet::connect(settings)?))))
    }

    fn notes(&self) -> Vec<String> {
        vec!["not tested: whatever is posted there may ring a phone. Page somebody about a made-up incident to try it.".to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn gateway(file: &str) -> Result<Gateway, Vec<String>> {
        Source::read("muster.toml", file, &BTreeMap::new(), |source| Gateway(read(source)))
    }

    #[test]
    fn the_webhook_is_connected_by_address_and_secret() {
        let url = "url = 'https://gateway.example.org/muster'";
        assert!(gateway(&format!("[webhook]\n{url}\nsecret = '{SECRET}'")).unwrap().is_connected());
        assert!(!gateway("[webhook]\nurl = ''\nsecret = ''").unwrap().is_connected());
        for wrong in [
            url.to_owned(),
            format!("secret = '{SECRET}'"),
            format!("{url}\nsecret = 'hunter2'"),
            format!("url = 'http://gateway.example.org'\nsecret = '{SECRET}'"),
        ] {
            let problems = gateway(&format!("[webhook]\n{wrong}")).err().unwrap();
            assert!(problems.len() == 1 && !problems[0].contains("hunter2"), "{problems:?}");
        }
    }
}
