//! The mail server (S10).

use std::sync::Arc;

use document::Press;
use domain::config::Config;
use entity::System;
use worker::outlets::email::{self, EmailOutlet};

use super::{BY_HAND, Connector, Entry, Offer};
use crate::settings::{Secret, Source};

/// The mail server.
pub const EMAIL: Entry = Entry {
    system: System::Email,
    about: "The mail server",
    needs: "smtp.url and smtp.from",
    docs: "docs/integrations/email.md",
    without: BY_HAND,
    read: |source| Arc::new(Email(Smtp::read(source))),
};

struct Email(Option<Smtp>);

/// How mails are sent, both as `worker::outlets::email` reads them.
#[derive(Debug, PartialEq, Eq)]
struct Smtp {
    /// The server, with user and password.
    url: Secret,
    /// Whom mails come from.
    from: String,
    /// Whom clients see as the sender, and where their answers go.
    client_reply_to: Option<String>,
}

impl Smtp {
    fn read(source: &mut Source<'_>) -> Option<Self> {
        let (url, from) = (source.text("smtp.url"), source.text("smtp.from"));
        if let Some(Err(problem)) = url.as_deref().map(email::Relay::parse) {
            source.problem("smtp.url", problem);
        }
        if let Some(Err(problem)) = from.as_deref().map(email::sender) {
            source.problem("smtp.from", problem);
        }
        let client_reply_to = source.filled("smtp.client_reply_to");
        if let Some(Err(problem)) = client_reply_to.as_deref().map(email::sender) {
            source.problem("smtp.client_reply_to", problem);
        }
        match (url, from) {
            (Some(url), Some(from)) => return Some(Self { url: Secret(url), from, client_reply_to }),
            (Some(_), None) => source.problem("smtp.from", "is needed as well as smtp.url, such as Muster <muster@example.org>"),
            (None, Some(_)) => source.problem("smtp.url", "is needed as well as smtp.from, such as smtps://user:password@mail.example.org"),
            (None, None) => {}
        }
        None
    }
}

impl Connector for Email {
    fn is_connected(&self) -> bool {
        self.0.is_some()
    }

    fn connect(&self, press: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(Smtp { url, from, .. }) = &self.0 else { return Ok(None) };
        Ok(Some(Offer::of(Arc::new(EmailOutlet::connect(&url.0, from, press.clone())?))))
    }

    fn configure(&self, config: &mut Config) {
        config.client_reply_to = self.0.as_ref().and_then(|smtp| smtp.client_reply_to.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_needs_a_server_and_a_sender() {
        let read = |url: &str, sender: &str| {
            let environment = [("MUSTER_SMTP__URL", url), ("MUSTER_SMTP__FROM", sender)];
            Source::read("muster.toml", "", &environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), Smtp::read)
        };
        let (url, sender) = ("smtps://u:hunter2@mail.example.org", "Muster <muster@example.org>");
        assert_eq!(read("", "").unwrap(), None);
        let smtp = read(url, sender).unwrap();
        assert_eq!(smtp, Some(Smtp { url: Secret(url.into()), from: sender.into(), client_reply_to: None }));
        assert!(!format!("{smtp:?}").contains("hunter2"));
        assert_eq!(read(url, "").unwrap_err().len(), 1);
        assert_eq!(read("", sender).unwrap_err().len(), 1);
        let problems = read("http://u:hunter2@mail.example.org", "Muster").unwrap_err();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.contains("hunter2")), "{problems:?}");
    }
}
