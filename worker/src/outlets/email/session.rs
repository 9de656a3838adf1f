//! One connection to the mail server. Every step is bounded in time, and a failure says at which step it happened.

use std::error::Error;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::time::{Instant, timeout, timeout_at};

use super::message::Mail;
use super::relay::{Relay, Tls};

/// Why a mail was not sent, and how far it got.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) stage: Stage,
    pub(super) cause: Cause,
}

/// How far a mail got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Up to the server's greeting, over TLS if required.
    Connecting,
    /// User and password.
    SigningIn,
    /// Sender and recipient. Until its end the server has nothing to forward.
    Envelope,
    /// The text, until the server accepts responsibility for it.
    Text,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Cause {
    /// The server said no.
    Answer { code: u16, words: String },
    /// The connection failed or the protocol was violated.
    Lost(String),
    /// Too slow.
    Late,
    /// This server can't do what this mail needs.
    Unable(&'static str),
}

impl Broken {
    /// Whether the connection is to blame and the server can't have the mail, so that another connection may be tried.
    pub(super) fn is_lost_before_the_text(&self) -> bool {
        self.stage != Stage::Text && matches!(self.cause, Cause::Lost(_) | Cause::Late | Cause::Answer { code: 421, .. })
    }
}

/// A connection that has signed in.
pub(super) struct Session {
    smtp: AsyncSmtpConnection,
    sent: usize,
}

impl Session {
    /// Connects and signs in by `end`, with the parameters from [`Relay::trust`].
    pub(super) async fn open(relay: &Relay, trust: Option<&TlsParameters>, end: Instant) -> Result<Self, Broken> {
        let hello = ClientId::default();
        let (at_once, then) = if relay.tls == Tls::AtOnce { (trust, None) } else { (None, trust) };
        let connecting = AsyncSmtpConnection::connect_tokio1((relay.host.as_str(), relay.port), None, &hello, at_once.cloned(), None);
        let mut smtp = step(Stage::Connecting, end, connecting).await?;
        if let Some(trust) = then {
            step(Stage::Connecting, end, smtp.starttls(trust.clone(), &hello)).await?;
        }
        if let Some(credentials) = &relay.credentials {
            step(Stage::SigningIn, end, smtp.auth(&[Mechanism::Plain, Mechanism::Login], credentials)).await?;
        }
        Ok(Self { smtp, sent: 0 })
    }

    /// Sends one mail: each command within `patience`, all of it by `end`. After an error the session is unusable.
    pub(super) async fn send(&mut self, mail: &Mail, patience: Duration, end: Instant) -> Result<(), Broken> {
        let soon = || end.min(Instant::now() + patience);
        let smtp = &mut self.smtp;
        let mut parameters = Vec::new();
        if mail.needs_utf8 {
            if !smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
                let what = "The mail server can't send to an address with non-ASCII characters before the @.";
                return Err(Broken { stage: Stage::Envelope, cause: Cause::Unable(what) });
            }
            parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        step(Stage::Envelope, soon(), smtp.command(MailFrom::new(Some(mail.from.clone()), parameters))).await?;
        step(Stage::Envelope, soon(), smtp.command(Rcpt::new(mail.to.clone(), Vec::new()))).await?;
        step(Stage::Envelope, soon(), smtp.command(Data)).await?;
        step(Stage::Text, end, smtp.message(&mail.bytes)).await?;
        self.sent += 1;
        Ok(())
    }

    /// How many mails it has sent.
    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    /// Says goodbye, within `patience`.
    pub(super) async fn quit(mut self, patience: Duration) {
        timeout(patience, self.smtp.quit()).await.ok();
    }
}

async fn step<T>(stage: Stage, end: Instant, work: impl Future<Output = Result<T, SmtpError>>) -> Result<T, Broken> {
    match timeout_at(end, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => match error.status() {
            Some(code) => Err(Broken { stage, cause: Cause::Answer { code: code.into(), words: innermost(&error) } }),
            None => Err(Broken { stage, cause: Cause::Lost(innermost(&error)) }),
        },
        Err(_) => Err(Broken { stage, cause: Cause::Late }),
    }
}

/// The innermost cause of an error, without the wrapping layers.
fn innermost(error: &SmtpError) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
