//! The settings of outside systems beyond mail: how each is reached, and what is made of it.

use std::collections::BTreeSet;

use domain::config::{TicketRules, WhenProblem};
use url::Url;
use worker::outlets::http::{base_url, is_this_machine};
use worker::outlets::trello::TrelloSettings;
use worker::outlets::zendesk::{REQUESTS_PER_MINUTE, UPDATES_PER_MINUTE, ZendeskSettings};

use super::{Secret, Source};

/// What Zendesk signs with while somebody tries a webhook out that is not made yet. Everybody knows it.
const ZENDESK_TEST_SECRET: &str = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==";
/// Where Trello's API is.
const TRELLO: &str = "https://api.trello.com";
/// More requests in a minute than any plan of Zendesk takes.
const MOST_PER_MINUTE: usize = 100_000;

/// How Zendesk is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zendesk {
    base_url: String,
    email: String,
    api_token: Secret,
    senior_tag: Option<String>,
    senior_field: Option<String>,
    requests_per_minute: usize,
    updates_per_minute: usize,
}

impl Zendesk {
    /// The same for the outlet.
    pub fn connection(&self) -> ZendeskSettings {
        let Self { base_url, email, api_token, senior_tag, senior_field, requests_per_minute, updates_per_minute } = self.clone();
        ZendeskSettings { base_url, email, api_token: api_token.0, senior_tag, senior_field, requests_per_minute, updates_per_minute }
    }
}

/// How Trello is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trello {
    base_url: String,
    key: String,
    token: Secret,
}

impl Trello {
    /// The same for the outlet.
    pub fn connection(&self) -> TrelloSettings {
        let Self { base_url, key, token } = self.clone();
        TrelloSettings { base_url, key, token: token.0 }
    }
}

impl Source<'_> {
    pub(super) fn zendesk(&mut self) -> Option<Zendesk> {
        let given = ["base_url", "email", "api_token"].map(|name| self.text(&format!("zendesk.{name}")));
        let (senior_tag, senior_field) = (self.filled("zendesk.senior_tag"), self.filled("zendesk.senior_field"));
        let requests_per_minute = self.per_minute("zendesk.requests_per_minute").unwrap_or(REQUESTS_PER_MINUTE);
        let updates_per_minute = self.per_minute("zendesk.updates_per_minute").unwrap_or(UPDATES_PER_MINUTE);
        if let Some(Err(problem)) = given[0].as_deref().map(base_url) {
            self.problem("zendesk.base_url", problem);
        }
        if given[1].as_deref().is_some_and(|email| !email.contains('@') || email.ends_with("/token") || email.contains(char::is_whitespace))
        {
            self.problem("zendesk.email", "must be the e-mail address of an agent, without /token at its end");
        }
        if given[2].as_deref().is_some_and(|token| token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic())) {
            self.problem("zendesk.api_token", "must be a token as Zendesk shows it once, without blanks");
        }
        if given.iter().all(Option::is_none) {
            return None;
        }
        for (name, value) in ["zendesk.base_url", "zendesk.email", "zendesk.api_token"].into_iter().zip(&given) {
            if value.is_none() {
                self.problem(name, "is needed as well: Zendesk is connected by base_url, email and api_token together");
            }
        }
        let [base_url, email, api_token] = given;
        let (base_url, email, api_token) = (base_url?, email?, Secret(api_token?));
        Some(Zendesk { base_url, email, api_token, senior_tag, senior_field, requests_per_minute, updates_per_minute })
    }

    pub(super) fn zendesk_webhook_secret(&mut self) -> Option<Secret> {
        let secret = self.filled("zendesk.webhook_secret")?;
        let is_fake = self.text("zendesk.base_url").and_then(|url| Url::parse(&url).ok()).is_some_and(|url| is_this_machine(&url));
        if secret == ZENDESK_TEST_SECRET && !is_fake {
            self.problem("zendesk.webhook_secret", "is the one that Zendesk publishes for trials: take the signing secret of your webhook");
        }
        Some(Secret(secret))
    }

    pub(super) fn trello(&mut self) -> Option<Trello> {
        let base_url = self.text("trello.base_url").unwrap_or_else(|| TRELLO.to_owned());
        let given = ["key", "token"].map(|name| self.filled(&format!("trello.{name}")));
        if let Err(problem) = worker::outlets::http::base_url(&base_url) {
            self.problem("trello.base_url", problem);
        }
        for (name, value) in ["trello.key", "trello.token"].into_iter().zip(&given) {
            if value.as_deref().is_some_and(|value| !value.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
                self.problem(name, "must have letters and digits only, as Trello shows it");
            }
        }
        let [key, token] = given;
        match (key, token) {
            (Some(key), Some(token)) => return Some(Trello { base_url, key, token: Secret(token) }),
            (Some(_), None) => self.problem("trello.token", "is needed as well as trello.key"),
            (None, Some(_)) => self.problem("trello.key", "is needed as well as trello.token"),
            (None, None) => {}
        }
        None
    }

    pub(super) fn trello_secret(&mut self) -> Option<Secret> {
        self.filled("trello.secret").map(Secret)
    }

    pub(super) fn tickets(&mut self) -> TicketRules {
        let usual = TicketRules::default();
        let problem = match self.text("zendesk.problem_ticket").as_deref() {
            None => usual.problem,
            Some("declared") => WhenProblem::Declared,
            Some("needed") => WhenProblem::Needed,
            Some(_) => {
                self.problem("zendesk.problem_ticket", "must be declared (with each incident) or needed (with the first client or ticket)");
                usual.problem
            }
        };
        let solve = self.parsed("zendesk.solve_when_resolved", "true or false").unwrap_or(usual.solve);
        let tags = self.text("zendesk.emergency_tag").map(|text| tags(&text));
        let emergency_form = self.filled("zendesk.emergency_form");
        if emergency_form.as_deref().is_some_and(|form| !form.bytes().all(|byte| byte.is_ascii_digit())) {
            self.problem("zendesk.emergency_form", "must be the number of a ticket form, as at the end of its address in the Admin Center");
        }
        TicketRules { problem, solve, emergency_tags: tags.unwrap_or(usual.emergency_tags), emergency_form }
    }

    /// A text that has something in it.
    fn filled(&mut self, key: &str) -> Option<String> {
        self.text(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn per_minute(&mut self, key: &str) -> Option<usize> {
        let number = self.parsed(key, "a number of requests in a minute")?;
        if !(1..=MOST_PER_MINUTE).contains(&number) {
            self.problem(key, format_args!("must be between 1 and {MOST_PER_MINUTE}"));
        }
        Some(number)
    }
}

/// Tags as Zendesk writes them.
fn tags(text: &str) -> BTreeSet<String> {
    text.split(',').map(|tag| tag.trim().to_lowercase()).filter(|tag| !tag.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    const CONNECTED: &str = "[zendesk]\nbase_url = 'https://x.zendesk.com'\nemail = 'muster@example.org'\napi_token = 'hunter2'\n";

    fn read(file: &str) -> Result<Settings, Vec<String>> {
        Settings::read("muster.toml", file, &super::super::Environment::new())
    }

    #[test]
    fn zendesk_is_connected_by_three_settings() {
        let settings = read(CONNECTED).unwrap();
        let connection = settings.zendesk.clone().unwrap().connection();
        assert_eq!((connection.base_url.as_str(), connection.api_token.as_str()), ("https://x.zendesk.com", "hunter2"));
        assert_eq!((connection.requests_per_minute, connection.updates_per_minute), (200, 100));
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!((settings.tickets, settings.zendesk_webhook_secret), (TicketRules::default(), None));
        let problems = read("[zendesk]\nemail = 'muster@example.org'").unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(read("").unwrap().zendesk.is_none());
    }

    #[test]
    fn trello_is_connected_by_key_and_token() {
        let settings = read("[trello]\nkey = 'k1'\ntoken = 'hunter2'\nsecret = 'hunter3'").unwrap();
        let connection = settings.trello.clone().unwrap().connection();
        assert_eq!((&*connection.base_url, &*connection.key, &*connection.token), (TRELLO, "k1", "hunter2"));
        assert!(settings.trello_secret.is_some());
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("hunter3"), "{shown}");
        assert_eq!(read("").unwrap().trello, None);
        for wrong in [
            "key = 'k1'",
            "token = 'hunter2'",
            "key = 'k 1'\ntoken = 'hunter2'",
            "key = 'k1'\ntoken = 'hunter2'\nbase_url = 'http://x.org'",
        ] {
            let problems = read(&format!("[trello]\n{wrong}")).unwrap_err();
            assert!(problems.len() == 1 && !problems[0].contains("hunter2"), "{problems:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_zendesk_is_told_at_once() {
        let problems = read(
            "[zendesk]\nbase_url = 'http://x.zendesk.com'\nemail = 'muster@example.org/token'\napi_token = 'hun ter2'\nproblem_ticket = 'x'\n\
             solve_when_resolved = 'x'\nemergency_form = 'x'\nupdates_per_minute = 0\nrequests_per_minute = 'x'\nsenior = 'x'\n\
             webhook_secret = 'dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=='",
        )
        .unwrap_err();
        assert_eq!(problems.len(), 10, "{problems:#?}");
        assert!(problems.iter().all(|problem| problem.contains("zendesk.") && !problem.contains("hun ter2")), "{problems:#?}");
    }

    #[test]
    fn the_published_secret_is_for_this_machine_alone() {
        let file = |base: &str| {
            format!("[zendesk]\nbase_url = '{base}'\nemail = 'a@b'\napi_token = 'x'\nwebhook_secret = '{ZENDESK_TEST_SECRET}'")
        };
        assert!(read(&file("http://127.0.0.1:9000")).is_ok());
        assert!(read(&file("https://x.zendesk.com")).is_err());
    }

    #[test]
    fn tickets_follow_incidents_as_the_settings_say() {
        let rules = read(
            "[zendesk]\nproblem_ticket = 'needed'\nsolve_when_resolved = false\nemergency_tag = 'Emergency, p1'\nemergency_form = 360001",
        )
        .unwrap()
        .tickets;
        let emergency_tags = BTreeSet::from(["emergency".to_owned(), "p1".to_owned()]);
        let expected =
            TicketRules { problem: WhenProblem::Needed, solve: false, emergency_tags, emergency_form: Some("360001".to_owned()) };
        assert_eq!(rules, expected);
        assert!(read("[zendesk]\nemergency_tag = ''").unwrap().tickets.emergency_tags.is_empty());
    }
}
