//! What monitoring systems post, and what each of them means by it.
//!
//! A kind of system is a file with a [`Kind`] and a line in [`KINDS`]: how it proves who it is, and what turns its bodies into alarms. That
//! is pure ([`AlertSource::alarms`]), so that `http::hooks::alerts`, `muster playbook simulate` and what reads a kept body again
//! ([`AlertReader`]) ask the same function. Who may post, and what becomes of the alarms, is the same for all and elsewhere.
//!
//! Unknown fields are passed over, numbers count as texts, and a time that can't be read is an unknown one: an alert is not lost over it.

mod alertmanager;
mod betterstack;
pub mod cloudwatch;
mod fields;
mod generic;
mod github;
mod grafana;
mod healthchecks;
pub mod kind;
mod mail;
pub mod mail_rules;
mod mapping;
mod message;
mod moment;
mod nagios;
mod opsgenie;
mod own;
mod pagerduty;
mod pingdom;
mod reader;
mod sentry;
mod signature;
mod source;
mod standard;
mod statuscake;
mod told;
mod uptime_kuma;
mod uptimerobot;
mod zabbix;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use domain::alerts::Alarms;
use entity::Severity;

use self::source::OWN_HOOK;

pub use cloudwatch::Topic;
pub use kind::Kind;
pub use mail_rules::MailRule;
pub use mapping::Mapping;
pub use reader::AlertReader;
pub use source::{AlertSource, kept_body, read_body};

/// Every kind, in the order in which people see them.
pub static KINDS: [Kind; 19] = [
    alertmanager::KIND,
    grafana::KIND,
    pagerduty::KIND,
    own::KIND,
    standard::KIND,
    generic::KIND,
    opsgenie::KIND,
    statuscake::KIND,
    pingdom::KIND,
    uptimerobot::KIND,
    cloudwatch::KIND,
    sentry::KIND,
    healthchecks::KIND,
    betterstack::KIND,
    uptime_kuma::KIND,
    zabbix::KIND,
    nagios::KIND,
    github::KIND,
    mail::KIND,
];

/// The kind with this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// A hook that needs no settings: `/hooks/alertmanager` or `/hooks/alerts`.
///
/// # Panics
/// If there is no such kind.
pub fn plain(name: &str) -> AlertSource {
    AlertSource::plain(kind(name).expect("it is in the table"))
}

/// The one kind that a body is probably from, if there is just one.
pub fn kind_of(body: &[u8]) -> Option<&'static Kind> {
    let body = read_body(&shown(body), body).ok()?;
    let mut kinds = KINDS.iter().filter(|kind| (kind.looks_like)(&body));
    kinds.next().filter(|_| kinds.next().is_none())
}

/// The headers with which a body in a file was probably posted: a mail shows that it is one.
fn shown(body: &[u8]) -> HeaderMap {
    if message::parsed(body).is_ok() { message::posted() } else { HeaderMap::new() }
}

/// The notifications in a body, or a mail, that a source of the settings posted, for trying out what follows from it.
///
/// # Errors
/// Why it would be refused, in words.
pub fn alarms_of(source: &AlertSource, body: &[u8], levels: &BTreeMap<String, Severity>) -> Result<Vec<Alarms>, String> {
    source.alarms(levels, &shown(body), body, &KINDS)
}

/// What reads kept bodies again, by the sources of the settings and what levels mean for all.
pub fn reader(named: BTreeMap<String, Arc<AlertSource>>, levels: BTreeMap<String, Severity>) -> AlertReader {
    let plain = [alertmanager::KIND.name, generic::KIND.name].map(|name| Arc::new(plain(name)));
    AlertReader { plain, named, levels, kinds: &KINDS }
}

/// The notifications in a body, or a mail, that was posted to the hook `alerts` or by a source of the kind `hook`, for trying out what follows from it.
///
/// # Errors
/// Why it would be refused, in words.
pub fn alarms(hook: &str, body: &[u8], levels: &BTreeMap<String, Severity>) -> Result<Vec<Alarms>, String> {
    let name = if hook == OWN_HOOK { generic::KIND.name } else { hook };
    let names = || KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    let kind = kind(name).ok_or_else(|| format!("{hook:?} is not a hook that takes alerts: use {OWN_HOOK}, or one of {}.", names()))?;
    AlertSource::plain(kind).alarms(levels, &shown(body), body, &KINDS)
}
