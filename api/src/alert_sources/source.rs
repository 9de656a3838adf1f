//! A source as the settings have it, and the translation of what it posts: a pure function, for the hooks, for trying things out, and for
//! reading a kept body again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use axum::http::HeaderMap;
use domain::alerts::Alarms;
use domain::alerts::mailbox::Mail;
use domain::config::WatchedSource;
use domain::zone::Zone;
use entity::Severity;
use serde_json::Value;

use super::cloudwatch::Topic;
use super::fields::parsed;
use super::generic;
use super::kind::{Kind, Levels, Post, Reading};
use super::mail_rules::MailRule;
use super::mapping::Mapping;
use super::{grafana, message};

/// The hook of the form that is Muster's own, which needs no settings.
pub const OWN_HOOK: &str = "alerts";

/// Whether a body is a form.
const CONTENT_TYPE: &str = "content-type";

/// A source of alerts.
#[derive(Clone)]
pub struct AlertSource {
    /// Its name in the settings; none for the hooks that need no settings.
    pub name: Option<String>,
    /// What kind of system it is.
    pub kind: &'static Kind,
    /// What it shows in a header or in its address.
    pub secret: Option<String>,
    /// What it signs with.
    pub signing_secret: Option<String>,
    /// What its levels mean, in lower case; without it, what the levels of all mean, and its kind's own words.
    pub levels: Option<BTreeMap<String, Severity>>,
    /// Where its clock hangs.
    pub zone: Option<Zone>,
    /// Where things are in a body of the team's own.
    pub map: Mapping,
    /// What mails mean, the first that matches.
    pub mail: Vec<MailRule>,
    /// Topics that may post.
    pub topics: Vec<Topic>,
    /// After which silence an alarm is raised.
    pub silent_after: Option<chrono::Duration>,
}

impl AlertSource {
    /// A source of which the settings say nothing.
    pub fn plain(kind: &'static Kind) -> Self {
        Self {
            name: None,
            kind,
            secret: None,
            signing_secret: None,
            levels: None,
            zone: None,
            map: Mapping::default(),
            mail: Vec::new(),
            topics: Vec::new(),
            silent_after: None,
        }
    }

    /// The end of the address that it posts to, after `/hooks/` and without a secret.
    pub fn hook(&self) -> String {
        match &self.name {
            Some(name) => format!("alerts/{name}"),
            None if self.kind.name == generic::KIND.name => OWN_HOOK.to_owned(),
            None => self.kind.name.to_owned(),
        }
    }

    /// The headers of what it posted that count when that is read: to be kept with it. No secret is among them.
    pub fn kept_headers(&self, headers: &HeaderMap) -> BTreeMap<String, String> {
        let counts = self.kind.headers.iter().copied().chain([CONTENT_TYPE]);
        counts.filter_map(|name| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned()))).collect()
    }

    /// What people know it by: its name in the settings, or its hook if it needs none.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.hook())
    }

    /// Its hook, and what has to be known to notice that it is silent.
    pub fn watched(&self) -> (String, WatchedSource) {
        (self.hook(), WatchedSource { name: self.shown(), silent_after: self.silent_after })
    }

    /// The notifications in a body that it posted, with the meaning of `levels` unless the source has its own. `kinds` are those that it
    /// might be from instead.
    ///
    /// # Errors
    /// What is wrong and what to do, for whoever set it up.
    pub fn alarms(
        &self,
        levels: &BTreeMap<String, Severity>,
        headers: &HeaderMap,
        body: &[u8],
        kinds: &[Kind],
    ) -> Result<Vec<Alarms>, String> {
        let body = parsed(headers, body).map_err(|problem| self.explained(&problem, None))?;
        let other = kinds.iter().find(|kind| kind.name != self.kind.name && (kind.looks_like)(&body));
        let reading = Reading {
            named: self.name.as_deref(),
            kind: self.kind.name,
            levels: self.levels(levels),
            zone: self.zone.as_ref(),
            map: &self.map,
            mail: &self.mail,
        };
        (self.kind.read)(&reading, Post { headers, body: &body }).map_err(|problem| self.explained(&problem, other))
    }

    /// What the label `severity` of an alert that it lists means, with the meaning of `levels` unless it has its own. The label is empty if
    /// there is none.
    pub fn severity(&self, levels: &BTreeMap<String, Severity>, label: &str) -> Option<Severity> {
        let level = if self.kind.name == grafana::KIND.name { grafana::level(label) } else { label };
        self.levels(levels).severity(level)
    }

    fn levels<'a>(&'a self, levels: &'a BTreeMap<String, Severity>) -> Levels<'a> {
        match &self.levels {
            Some(own) => Levels { set: own, words: &[] },
            None => Levels { set: levels, words: self.kind.words },
        }
    }

    /// What it means by a mail that did not come by a hook, and what is kept of that: the same as if it had been posted.
    pub fn mail(&self, levels: &BTreeMap<String, Severity>, mail: &[u8]) -> Mail {
        let headers = message::posted();
        Mail {
            hook: self.hook(),
            kind: self.kind.name,
            headers: self.kept_headers(&headers),
            body: kept_body(&headers, mail).into_owned(),
            bytes: mail.len(),
            alarms: self.alarms(levels, &headers, mail, &[]),
        }
    }

    /// A problem with the way out.
    fn explained(&self, problem: &str, other: Option<&Kind>) -> String {
        match other {
            Some(other) => format!(
                "This looks like what a source of kind {} posts, and this address is for {}: give it one of its own. See {}.",
                other.name, self.kind.name, other.docs
            ),
            None => format!("{problem} See {}.", self.kind.docs),
        }
    }
}

/// Names it: settings hold secrets.
impl fmt::Debug for AlertSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertSource").field("name", &self.name).field("kind", &self.kind.name).finish_non_exhaustive()
    }
}

/// What is kept of a body that was posted with these headers: all of it; of a mail what is read of it, decoded and without files, so that people
/// can read it and secrets are found in it. It means the same when it is read again.
pub fn kept_body<'a>(headers: &HeaderMap, body: &'a [u8]) -> Cow<'a, [u8]> {
    if !message::is_mail(headers) {
        return Cow::Borrowed(body);
    }
    parsed(headers, body).map_or(Cow::Borrowed(body), |mail| Cow::Owned(mail.to_string().into_bytes()))
}

/// The body as JSON, before anything is made of it.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    parsed(headers, body)
}
