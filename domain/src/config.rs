//! What a server is told about its surroundings.

use crate::delivery::policy::Pauses;
use crate::webhooks::rules::WebhookRules;
use chrono::Duration;
use entity::System;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The settings that the domain needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where files are stored.
    pub data_dir: PathBuf,
    /// Where people reach the server: scheme and host, without a trailing slash.
    pub public_url: String,
    /// The outside systems that are connected. Anything meant for another system is done by hand.
    pub systems: Vec<System>,
    /// How tickets follow incidents, and which tickets report one.
    pub tickets: TicketRules,
    /// How long failed deliveries wait for the next attempt.
    pub pauses: Pauses,
    /// How long rows are kept that nobody needs any more.
    pub retention: Retention,
    /// The sender that clients see and the address that gets their answers, as `Name <address>`; without it, those of all mails.
    pub client_reply_to: Option<String>,
    /// Whether Trello is asked to notify us of changes. Only if we can verify the sender.
    pub watches_cards: bool,
    /// What is taken from the team's chat, and who may come from there.
    pub chat: ChatRules,
    /// Where the ops docs are read from, in words for people; nothing if they are not.
    pub ops_docs: Option<String>,
    /// Where events may be posted to; `None` for nowhere.
    pub webhooks: Option<WebhookRules>,
    /// How many bytes of what was read of incidents a process keeps for those who ask next; none: nothing.
    pub cache_bytes: u64,
    /// Whether mailboxes are read for alerts.
    pub reads_mailboxes: bool,
    /// The catalogue elsewhere that is followed; `None` for none.
    pub catalogue: Option<CatalogueSource>,
    /// The sources of alerts that the settings name, by their hooks: `alerts/NAME`.
    pub alert_sources: BTreeMap<String, WatchedSource>,
}

/// A source of alerts, as far as its silence goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedSource {
    /// As the settings name it.
    pub name: String,
    /// After which silence an alarm is raised; `None` for never.
    pub silent_after: Option<Duration>,
}

/// A catalogue elsewhere that is read again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueSource {
    /// Where it is, in words for people.
    pub place: String,
    /// How often it is read.
    pub every: Duration,
}

/// What is taken from the team's chat, and who may come from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatRules {
    /// Whether every message of an incident's channel goes onto its timeline, rather than those that somebody picks.
    pub captures_all: bool,
    /// Whether somebody of the workspace whom Muster does not know becomes a viewer when they first turn to it.
    pub admits_newcomers: bool,
}

/// How long rows are kept that neither the record nor a running incident needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Reminders of an incident that ended, since it last changed, and messages that concern no incident, since they were ordered.
    pub deliveries: Duration,
    /// Alerts that reported nothing, since they ended.
    pub alerts: Duration,
    /// Tokens, since they expired or were revoked: people can see what they were.
    pub tokens: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { deliveries: Duration::days(400), alerts: Duration::days(90), tokens: Duration::days(90) }
    }
}

/// How tickets follow incidents, and which report one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketRules {
    /// The scheme and host of our account at the ticket system, if it is connected: only its tickets can be linked.
    pub account: Option<String>,
    /// When an incident gets its problem ticket.
    pub problem: WhenProblem,
    /// Whether the problem ticket is solved when the incident is resolved. Zendesk then solves the tickets linked to it as well.
    pub solve: bool,
    /// A new ticket with one of these tags reports an incident (R18).
    pub emergency_tags: BTreeSet<String>,
    /// A new ticket created with this form reports an incident (R18).
    pub emergency_form: Option<String>,
}

/// When an incident gets its problem ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenProblem {
    /// When it is declared, unless it is restricted.
    Declared,
    /// When a client is affected or a ticket is linked.
    Needed,
}

impl Default for TicketRules {
    fn default() -> Self {
        Self {
            account: None,
            problem: WhenProblem::Declared,
            solve: true,
            emergency_tags: BTreeSet::from(["emergency".to_owned()]),
            emergency_form: None,
        }
    }
}
