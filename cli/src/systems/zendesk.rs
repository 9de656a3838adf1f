//! Zendesk Support: tickets, clients and their contacts (S3).

use std::collections::BTreeSet;
use std::sync::Arc;

use document::Press;
use domain::config::{Config, TicketRules, WhenProblem};
use entity::System;
use url::Url;
use worker::outlets::client::{base_url, is_this_machine};
use worker::outlets::zendesk::{REQUESTS_PER_MINUTE, UPDATES_PER_MINUTE, ZendeskOutlet, ZendeskSettings};

use super::{BY_HAND, Connector, Entry, Offer};
use crate::settings::{Secret, Source};

/// Zendesk.
pub const ZENDESK: Entry = Entry {
    system: System::Zendesk,
    about: "Tickets, clients and their contacts",
    needs: "zendesk.base_url, zendesk.email and zendesk.api_token",
    docs: "docs/integrations/zendesk.md",
    without: BY_HAND,
    read: |source| Arc::new(Zendesk::read(source)),
};

/// What Zendesk signs with while somebody tries a webhook out that is not made yet. Everybody knows it.
const TEST_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
/// More requests in a minute than any plan of Zendesk takes.
const MOST_PER_MINUTE: usize = 100_000;

struct Zendesk {
    connection: Option<ZendeskSettings>,
    /// What it signs its webhooks with; none: they are refused.
    webhook_secret: Option<Secret>,
    /// How tickets follow incidents, whether Muster or people make them.
    rules: TicketRules,
}

impl Zendesk {
    fn read(source: &mut Source<'_>) -> Self {
        Self { connection: connection(source), webhook_secret: webhook_secret(source), rules: rules(source) }
    }
}

fn connection(source: &mut Source<'_>) -> Option<ZendeskSettings> {
    let names = ["zendesk.base_url", "zendesk.email", "zendesk.api_token"];
    let given = names.map(|name| source.text(name));
    let (senior_tag, senior_field) = (source.filled("zendesk.senior_tag"), source.filled("zendesk.senior_field"));
    let requests_per_minute = per_minute(source, "zendesk.requests_per_minute").unwrap_or(REQUESTS_PER_MINUTE);
    let updates_per_minute = per_minute(source, "zendesk.updates_per_minute").unwrap_or(UPDATES_PER_MINUTE);
    if let Some(Err(problem)) = given[0].as_deref().map(base_url) {
        source.problem("zendesk.base_url", problem);
    }
    if given[1].as_deref().is_some_and(|email| !email.contains('@') || email.ends_with("/token") || email.contains(char::is_whitespace)) {
        source.problem("zendesk.email", "must be the e-mail address of an agent, without /token at its end");
    }
    if given[2].as_deref().is_some_and(|token| token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic())) {
        source.problem("zendesk.api_token", "must be a token as Zendesk shows it once, without blanks");
    }
    if given.iter().all(Option::is_none) {
        return None;
    }
    for (name, value) in names.into_iter().zip(&given) {
        if value.is_none() {
            source.problem(name, "is needed as well: Zendesk is connected by base_url, email and api_token together");
        }
    }
    let [base_url, email, api_token] = given;
    let (base_url, email, api_token) = (base_url?, email?, api_token?);
    Some(ZendeskSettings { base_url, email, api_token, senior_tag, senior_field, requests_per_minute, updates_per_minute })
}

fn webhook_secret(source: &mut Source<'_>) -> Option<Secret> {
    let secret = source.secret("zendesk.webhook_secret")?;
    let is_fake = source.text("zendesk.base_url").and_then(|url| Url::parse(&url).ok()).is_some_and(|url| is_this_machine(&url));
    if secret.0 == TEST_SECRET && !is_fake {
        source.problem("zendesk.webhook_secret", "is the one that Zendesk publishes for trials: take the signing secret of your webhook");
    }
    Some(secret)
}

fn rules(source: &mut Source<'_>) -> TicketRules {
    let usual = TicketRules::default();
    let problem = match source.text("zendesk.problem_ticket").as_deref() {
        None => usual.problem,
        Some("declared") => WhenProblem::Declared,
        Some("needed") => WhenProblem::Needed,
        Some(_) => {
            source.problem("zendesk.problem_ticket", "must be declared (with each incident) or needed (with the first client or ticket)");
            usual.problem
        }
    };
    let solve = source.parsed("zendesk.solve_when_resolved", "true or false").unwrap_or(usual.solve);
    let tags = source.text("zendesk.emergency_tag").map(|text| tags(&text));
    let emergency_form = source.filled("zendesk.emergency_form");
    if emergency_form.as_deref().is_some_and(|form| !form.bytes().all(|byte| byte.is_ascii_digit())) {
        source.problem("zendesk.emergency_form", "must be the number of a ticket form, as at the end of its address in the Admin Center");
    }
    let account = source.filled("zendesk.base_url");
    TicketRules { account, problem, solve, emergency_tags: tags.unwrap_or(usual.emergency_tags), emergency_form }
}

fn per_minute(source: &mut Source<'_>, key: &str) -> Option<usize> {
    let number = source.parsed(key, "a number of requests in a minute")?;
    if !(1..=MOST_PER_MINUTE).contains(&number) {
        source.problem(key, format_args!("must be between 1 and {MOST_PER_MINUTE}"));
    }
    Some(number)
}

/// Tags as Zendesk writes them.
fn tags(text: &str) -> BTreeSet<String> {
    text.split(',').map(|tag| tag.trim().to_lowercase()).filter(|tag| !tag.is_empty()).collect()
}

impl Connector for Zendesk {
    fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    fn connect(&self, press: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(connection) = &self.connection else { return Ok(None) };
        let zendesk = Arc::new(ZendeskOutlet::connect(connection, press.clone())?);
        Ok(Some(Offer { clients: Some(zendesk.clone()), ticket_desk: Some(zendesk.clone()), ..Offer::of(zendesk) }))
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.webhook_secret.is_none() {
            notes.push(
                "zendesk.webhook_secret is not set: what clients answer does not appear in Muster, and emergency tickets report no \
                 incident."
                    .to_owned(),
            );
        }
        if let Some(ZendeskSettings { senior_tag, senior_field, requests_per_minute, updates_per_minute, .. }) = &self.connection {
            if senior_tag.is_none() && senior_field.is_none() {
                notes.push(
                    "neither zendesk.senior_tag nor zendesk.senior_field is set: nobody is marked as a senior stakeholder.".to_owned(),
                );
            }
            notes.push(format!(
                "each process sends at most {requests_per_minute} requests a minute, and {updates_per_minute} changes of tickets."
            ));
        }
        notes
    }

    fn configure(&self, config: &mut Config) {
        config.tickets = self.rules.clone();
    }

    fn admit(&self, api: &mut api::Settings) {
        api.zendesk_secret = self.webhook_secret.as_ref().map(|secret| secret.0.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const CONNECTED: &str = "[zendesk]\nbase_url = 'https://x.zendesk.com'\nemail = 'muster@example.org'\napi_token = 'hunter2'\n";

    fn read(file: &str) -> Result<Zendesk, Vec<String>> {
        Source::read("muster.toml", file, &BTreeMap::new(), Zendesk::read)
    }

    #[test]
    fn zendesk_is_connected_by_three_settings() {
        let zendesk = read(CONNECTED).unwrap();
        let connection = zendesk.connection.as_ref().unwrap();
        assert_eq!((connection.base_url.as_str(), connection.api_token.as_str()), ("https://x.zendesk.com", "hunter2"));
        assert_eq!((connection.requests_per_minute, connection.updates_per_minute), (200, 100));
        let account = Some("https://x.zendesk.com".to_owned());
        assert_eq!((&zendesk.rules, &zendesk.webhook_secret), (&TicketRules { account, ..TicketRules::default() }, &None));
        assert_eq!(zendesk.notes().len(), 3);
        let problems = read("[zendesk]\nemail = 'muster@example.org'").err().unwrap();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(!read("").unwrap().is_connected());
    }

    #[test]
    fn what_is_wrong_with_zendesk_is_told_at_once() {
        let problems = read(
            "[zendesk]\nbase_url = 'http://x.zendesk.com'\nemail = 'muster@example.org/token'\napi_token = 'hun ter2'\nproblem_ticket = 'x'\n\
             solve_when_resolved = 'x'\nemergency_form = 'x'\nupdates_per_minute = 0\nrequests_per_minute = 'x'\nsenior = 'x'\n\
             webhook_secret = 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=='",
        )
        .err()
        .unwrap();
        assert_eq!(problems.len(), 10, "{problems:#?}");
        assert!(problems.iter().all(|problem| problem.contains("zendesk.") && !problem.contains("hun ter2")), "{problems:#?}");
    }

    #[test]
    fn the_published_secret_is_for_this_machine_alone() {
        let file = |base: &str| format!("[zendesk]\nbase_url = '{base}'\nemail = 'a@b'\napi_token = 'x'\nwebhook_secret = '{TEST_SECRET}'");
        assert!(read(&file("http://127.0.0.1:9000")).is_ok());
        assert!(read(&file("https://x.zendesk.com")).is_err());
    }

    #[test]
    fn tickets_follow_incidents_as_the_settings_say() {
        let rules = read(
            "[zendesk]\nproblem_ticket = 'needed'\nsolve_when_resolved = false\nemergency_tag = 'Emergency, p1'\nemergency_form = 360001",
        )
        .unwrap()
        .rules;
        let emergency_tags = BTreeSet::from(["emergency".to_owned(), "p1".to_owned()]);
        let expected = TicketRules {
            account: None,
            problem: WhenProblem::Needed,
            solve: false,
            emergency_tags,
            emergency_form: Some("360001".to_owned()),
        };
        assert_eq!(rules, expected);
        assert!(read("[zendesk]\nemergency_tag = ''").unwrap().rules.emergency_tags.is_empty());
    }
}
