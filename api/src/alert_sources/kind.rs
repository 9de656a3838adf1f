//! What every kind of source has: a name, how it proves who it is, words for how bad something is, and what reads its bodies.
//!
//! A kind is a file of this folder with one `KIND`, and a line in [`super::KINDS`]. It turns a body into alarms and does nothing else: no
//! network, no database, no clock.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use domain::alerts::Alarms;
use domain::zone::Zone;
use entity::{Severity, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::mail_rules::MailRule;
use super::mapping::Mapping;

/// A kind of system that posts alerts.
pub struct Kind {
    /// As the setting `kind` has it.
    pub name: &'static str,
    /// What it is, for people.
    pub about: &'static str,
    /// The page that says what to set there and here.
    pub docs: &'static str,
    /// How it can prove who it is.
    pub proofs: &'static [Proof],
    /// What its own words for how bad something is mean, in lower case, unless the settings say so.
    pub words: &'static [(&'static str, Severity)],
    /// The headers that `read` looks at: to be kept with a body that is to be read again.
    pub headers: &'static [&'static str],
    /// Whether a body is probably from a system of this kind.
    pub looks_like: fn(&Value) -> bool,
    /// The alarms in a body, or what is wrong with it, in a sentence.
    pub read: fn(&Reading<'_>, Post<'_>) -> Result<Vec<Alarms>, String>,
}

/// A way to prove who posts.
#[derive(Clone, Copy)]
pub enum Proof {
    /// By the secret or an API token as bearer token, or by the secret as the password of `Authorization: Basic`.
    Header,
    /// By the secret at the end of the address, for systems that can't send headers of their own.
    Address,
    /// By a signature of the body.
    Signature {
        /// The header that it is in.
        header: &'static str,
        /// Fails with what is missing or wrong, in a sentence.
        verify: fn(&Signed<'_>) -> Result<(), String>,
    },
    /// By Amazon's signature of a message from a topic.
    Topic,
}

impl Kind {
    /// Whether its secret may be in the address.
    pub fn takes_address(&self) -> bool {
        self.proofs.iter().any(|proof| matches!(proof, Proof::Address))
    }

    /// Whether it can send headers of our choice.
    pub fn takes_header(&self) -> bool {
        self.proofs.iter().any(|proof| matches!(proof, Proof::Header))
    }

    /// Whether it signs what it posts with a secret that both sides know.
    pub fn signs(&self) -> bool {
        self.proofs.iter().any(|proof| matches!(proof, Proof::Signature { .. }))
    }

    /// Whether its messages come from topics.
    pub fn has_topics(&self) -> bool {
        self.proofs.iter().any(|proof| matches!(proof, Proof::Topic))
    }
}

/// What was posted, once it is known who posted it.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// Its headers; of a recorded body perhaps none.
    pub headers: &'a HeaderMap,
    /// Its body: JSON, the fields of a form, or what is in a mail.
    pub body: &'a Value,
}

impl Post<'_> {
    /// The body as a `T`.
    ///
    /// # Errors
    /// What is missing or of another type, in a sentence.
    pub fn typed<T: DeserializeOwned>(self) -> Result<T, String> {
        <T as Deserialize>::deserialize(self.body).map_err(|error| format!("The body is not as expected: {error}."))
    }
}

/// What is signed, with what it is checked by.
pub struct Signed<'a> {
    /// What both sides know.
    pub secret: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as it arrived.
    pub body: &'a [u8],
    /// Our clock.
    pub now: Timestamp,
}

/// What a body is read by: the settings of its source.
pub struct Reading<'a> {
    /// The name in the settings; none for the hooks that need no settings.
    pub named: Option<&'a str>,
    /// The name of its kind.
    pub kind: &'static str,
    /// What levels mean.
    pub levels: Levels<'a>,
    /// Where its clock hangs, for times without a zone. Without it they are not known.
    pub zone: Option<&'a Zone>,
    /// Where things are in a body of the team's own.
    pub map: &'a Mapping,
    /// What mails mean, the first that matches.
    pub mail: &'a [MailRule],
}

impl Reading<'_> {
    /// What people and rules know the source by.
    pub fn source(&self) -> String {
        self.named.unwrap_or(self.kind).to_owned()
    }
}

/// What the levels of a source mean here.
pub struct Levels<'a> {
    /// By the settings, in lower case.
    pub set: &'a BTreeMap<String, Severity>,
    /// The kind's own words, where the settings have no table for this source alone.
    pub words: &'static [(&'static str, Severity)],
}

impl Levels<'_> {
    /// The severity that `level` means; `None` if it opens no incident.
    pub fn severity(&self, level: &str) -> Option<Severity> {
        let level = level.trim().to_lowercase();
        let word = || self.words.iter().find(|(word, _)| *word == level).map(|(_, severity)| *severity);
        self.set.get(&level).copied().or_else(word)
    }
}
