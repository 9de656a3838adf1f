//! E-mail over SMTP (S10).
//!
//! One mail goes to one person, over a connection that is kept for the next. The protocol is spoken step by step ([`session`]), so that
//! a failure before the text was handed over ("not sent") differs from one after it ("perhaps sent").
//!
//! SMTP can't be asked whether a mail arrived. If the outcome is unclear, the next attempt sends the mail again with the same
//! Message-ID, byte for byte: most mail systems show such a mail once.

mod message;
mod relay;
mod session;

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use document::{Press, html};
use domain::ports::{Effect, Finding, MailOrder, Order, Outlet, Receipt, Refusal};
use lettre::message::Mailbox;
use lettre::transport::smtp::client::TlsParameters;
use message::{Letter, Mail};
use session::{Broken, Cause, Session, Stage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::{paper, readable};

pub use relay::{Relay, sender};

/// Mails in flight at the same time, and connections kept. Mail servers refuse many more from one client.
const CONNECTIONS: usize = 8;
/// Mails on one connection. Exim, for one, only queues what comes after the tenth, and delivers it with its next queue run.
const MAILS_PER_CONNECTION: usize = 10;
/// Beginnings of answers by which a mailbox or a mail system is full: it may have room later, whatever the code says.
const FULL: [&str; 2] = ["5.2.2", "5.3.1"];
/// Insufficient storage. In answer to the recipient it is about their mailbox, in answer to the text about the mail's size.
const NO_ROOM: u16 = 552;
/// Answers that ask to sign in, with other credentials or encrypted. They need an administrator, and hence time.
const SIGN_IN: [u16; 4] = [530, 534, 535, 538];

/// How long things may take. The defaults are for production; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connecting and signing in, and each command. The answer to a mail's text may take all that is left of `whole`.
    pub step: Duration,
    /// One mail, from start to finish.
    pub whole: Duration,
    /// How long an idle connection is kept.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { step: Duration::from_secs(15), whole: Duration::from_secs(30), idle: Duration::from_secs(30) }
    }
}

/// Sends mails through one server.
pub struct EmailOutlet {
    relay: Relay,
    trust: Option<TlsParameters>,
    from: Mailbox,
    press: Arc<Press>,
    limits: Limits,
    slots: Arc<Semaphore>,
    kept: Arc<Kept>,
}

/// Idle connections, the most recently used last, each with its expiry.
type Kept = Mutex<Vec<(Session, Instant)>>;

impl EmailOutlet {
    /// An outlet for the settings `smtp.url` ([`Relay::parse`]) and `smtp.from` ([`sender`]), with
    /// `press` for the files of documents. It connects with the first mail.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(url: &str, from: &str, press: Arc<Press>) -> Result<Self, String> {
        Self::with_limits(url, from, press, Limits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(url: &str, from: &str, press: Arc<Press>, limits: Limits) -> Result<Self, String> {
        let relay = Relay::parse(url).map_err(|problem| format!("smtp.url {problem}"))?;
        let from = sender(from).map_err(|problem| format!("smtp.from {problem}"))?;
        let trust = relay.trust().map_err(|error| format!("smtp.url requires encryption, which can't be set up: {error}"))?;
        Ok(Self { relay, trust, from, press, limits, slots: Arc::new(Semaphore::new(CONNECTIONS)), kept: Arc::default() })
    }

    /// Connects and signs in, without sending a mail.
    ///
    /// # Errors
    /// Why that fails, for an administrator.
    pub async fn check(&self) -> Result<(), String> {
        let session = self.open(Instant::now() + self.limits.step).await.map_err(|broken| words(&broken))?;
        self.keep(session, None);
        Ok(())
    }

    async fn send(&self, mail: &Mail, is_page: bool) -> Result<(), Broken> {
        let end = Instant::now() + self.limits.whole;
        let slot = timeout_at(end, self.slots.clone().acquire_owned())
            .await
            .map_err(|_| Broken { stage: Stage::Connecting, cause: Cause::Late })?;
        match self.kept() {
            // A server may hold back what comes late on a connection, and a page must not wait.
            Some(session) if is_page => drop(tokio::spawn(session.quit(self.limits.step))),
            Some(mut session) => match session.send(mail, self.limits.step, end).await {
                // The server closed it meanwhile, or died. This mail was not handed over.
                Err(broken) if broken.is_lost_before_the_text() => {}
                Err(broken) => return Err(broken),
                Ok(()) => {
                    self.keep(session, slot.ok());
                    return Ok(());
                }
            },
            None => {}
        }
        let mut session = self.open(end.min(Instant::now() + self.limits.step)).await?;
        session.send(mail, self.limits.step, end).await?;
        self.keep(session, slot.ok());
        Ok(())
    }

    async fn open(&self, end: Instant) -> Result<Session, Broken> {
        Session::open(&self.relay, self.trust.as_ref(), end).await
    }

    /// A kept connection that has not expired.
    fn kept(&self) -> Option<Session> {
        let (session, until) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        (until > Instant::now()).then_some(session)
    }

    /// Keeps a connection for the next mail, and closes it when none comes or it has had its share.
    fn keep(&self, session: Session, slot: Option<OwnedSemaphorePermit>) {
        if session.sent() >= MAILS_PER_CONNECTION {
            let patience = self.limits.step;
            tokio::spawn(async move {
                session.quit(patience).await;
                // Only now may another one be opened in its place.
                drop(slot);
            });
            return;
        }
        let until = Instant::now() + self.limits.idle;
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < CONNECTIONS {
                kept.push((session, until));
            }
        }
        tokio::spawn(close_at(until, Arc::downgrade(&self.kept), self.limits.step));
    }
}

/// Waits until `until`, then closes the connections that have expired.
async fn close_at(until: Instant, kept: Weak<Kept>, patience: Duration) {
    tokio::time::sleep_until(until).await;
    let Some(kept) = kept.upgrade() else { return };
    let old: Vec<_> = kept.lock().unwrap_or_else(PoisonError::into_inner).extract_if(.., |(_, good)| *good <= until).collect();
    for (session, _) in old {
        session.quit(patience).await;
    }
}

#[async_trait]
impl Outlet for EmailOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        let Effect::Mail(MailOrder::Email(email)) = &order.effect else {
            return Err(Refusal::Never("a mail server sends nothing but mails".to_owned()));
        };
        let letter = match &email.paper {
            Some(paper) => Some(Letter { html: html(&paper.document()), file: paper::file(&self.press, paper).await }),
            None => None,
        };
        let mail = message::compose(order, email, letter, &self.from).map_err(Refusal::Never)?;
        match self.send(&mail, order.is_page).await {
            Ok(()) => Ok(Receipt { external_id: Some(mail.id), ..Receipt::default() }),
            Err(broken) => Err(refusal(&broken)),
        }
    }

    async fn check(&self) -> Vec<Finding> {
        let problem = Self::check(self).await.err();
        vec![Finding { what: "Muster can connect to the mail server".to_owned(), problem }]
    }
}

/// What a failed send means for the delivery.
fn refusal(broken: &Broken) -> Refusal {
    let reason = words(broken);
    match (broken.stage, &broken.cause) {
        (Stage::Text, Cause::Lost(_) | Cause::Late) => Refusal::Unclear(reason),
        (_, Cause::Unable(_)) => Refusal::Never(reason),
        (stage, Cause::Answer { code, words }) if is_full(stage, *code, words) => Refusal::Later { reason, after: None },
        (Stage::Envelope | Stage::Text, Cause::Answer { code, .. }) if *code >= 500 && !SIGN_IN.contains(code) => Refusal::Never(reason),
        _ => Refusal::Later { reason, after: None },
    }
}

/// Whether the answer says that there is no room for the mail now.
fn is_full(stage: Stage, code: u16, words: &str) -> bool {
    let is_enhanced = words.split('.').next().is_some_and(|class| class == "5" || class == "4");
    FULL.iter().any(|full| words.starts_with(full)) || (stage == Stage::Envelope && code == NO_ROOM && !is_enhanced)
}

/// A failed send in words for people.
fn words(broken: &Broken) -> String {
    match (broken.stage, &broken.cause) {
        (_, Cause::Answer { code, words }) if SIGN_IN.contains(code) || broken.stage == Stage::SigningIn => {
            format!("The mail server did not accept Muster's sign-in; check the user and password in smtp.url: {code} {}", readable(words))
        }
        (Stage::Connecting, Cause::Answer { code, words }) => {
            format!("The mail server refused the connection: {code} {}", readable(words))
        }
        (_, Cause::Answer { code, words }) => format!("The mail server refused the mail: {code} {}", readable(words)),
        (_, Cause::Unable(what)) => (*what).to_owned(),
        (Stage::Connecting | Stage::SigningIn, Cause::Lost(what)) => format!("The mail server can't be reached: {}", readable(what)),
        (Stage::Connecting | Stage::SigningIn, Cause::Late) => "The mail server can't be reached: it did not answer in time.".to_owned(),
        (Stage::Envelope, Cause::Lost(what)) => {
            format!("The connection to the mail server was lost before the mail was handed over: {}", readable(what))
        }
        (Stage::Envelope, Cause::Late) => "The mail server did not answer in time, before the mail was handed over.".to_owned(),
        (Stage::Text, Cause::Lost(what)) => {
            format!(
                "The connection to the mail server was lost while it took the mail, which may or may not have been sent: {}",
                readable(what)
            )
        }
        (Stage::Text, Cause::Late) => {
            "The mail server did not say in time whether it took the mail, which may or may not have been sent.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(stage: Stage, code: u16, words: &str) -> Refusal {
        refusal(&Broken { stage, cause: Cause::Answer { code, words: words.to_owned() } })
    }

    #[test]
    fn permanent_and_temporary_answers_differ() {
        use Stage::{Connecting, Envelope, SigningIn, Text};
        for (stage, code, never) in [
            (Envelope, 550, true),
            (Envelope, 553, true),
            (Text, 554, true),
            (Text, 552, true),
            (Envelope, 450, false),
            (Envelope, 421, false),
            (Text, 451, false),
            (Connecting, 554, false),
            (SigningIn, 535, false),
            (SigningIn, 504, false),
            (Envelope, 530, false),
        ] {
            let refused = answered(stage, code, "so it is");
            assert_eq!(matches!(refused, Refusal::Never(_)), never, "{stage:?} {code}: {refused:?}");
            assert_eq!(matches!(refused, Refusal::Later { .. }), !never, "{stage:?} {code}: {refused:?}");
        }
    }

    #[test]
    fn a_full_mailbox_may_have_room_later() {
        use Stage::{Envelope, Text};
        for (stage, code, words, later) in [
            (Envelope, 552, "5.2.2 Mailbox full", true),
            (Envelope, 552, "Mailbox full", true),
            (Envelope, 550, "5.2.2 <kim@example.org>: user is over quota", true),
            (Text, 552, "5.2.2 Over quota", true),
            (Text, 554, "5.3.1 Mail system full", true),
            (Envelope, 552, "5.3.4 Message size exceeds fixed limit", false),
            (Text, 552, "Message exceeds maximum size", false),
            (Envelope, 550, "5.1.1 No such user; 5.2.2 is not what this is", false),
        ] {
            let refused = answered(stage, code, words);
            assert_eq!(matches!(refused, Refusal::Later { .. }), later, "{code} {words}: {refused:?}");
        }
    }

    #[test]
    fn only_a_failure_during_the_text_is_unclear() {
        for (stage, unclear) in [(Stage::Connecting, false), (Stage::SigningIn, false), (Stage::Envelope, false), (Stage::Text, true)] {
            for cause in [Cause::Late, Cause::Lost("reset".to_owned())] {
                assert_eq!(matches!(refusal(&Broken { stage, cause }), Refusal::Unclear(_)), unclear, "{stage:?}");
            }
        }
    }

    #[test]
    fn the_servers_message_is_one_short_line() {
        let Refusal::Never(reason) = answered(Stage::Envelope, 550, &format!("no\r\n\u{1b}[31msuch user{}", "x".repeat(1000))) else {
            panic!()
        };
        assert!(reason.starts_with("The mail server refused the mail: 550 no [31msuch user"), "{reason}");
        assert!(!reason.chars().any(char::is_control) && reason.chars().count() < 350, "{reason}");
    }
}
