//! The registry of outside systems.
//!
//! [`ALL`] lists them. Each has a file with everything that the command line and the servers know of it: its settings, what connects it,
//! its outlet and what else it offers, its part in the rules and the hooks. The rest of `cli` names
//! none, but for the warning at the start that nobody can be woken.

mod drive;
mod email;
mod ntfy;
mod slack;
mod trello;
mod webhook;
mod wordpress;
mod zendesk;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use clap::builder::PossibleValue;
use document::Press;
use domain::config::Config;
use domain::ports::{Boards, ClientDirectory, Outlet, TeamChat, TicketDesk};
use entity::System;
use worker::Connections;
use worker::outlets::slack::SlackOutlet;

use crate::settings::Source;

/// Every system that can be connected.
const ALL: [Entry; 8] =
    [email::EMAIL, ntfy::NTFY, webhook::WEBHOOK, slack::SLACK, zendesk::ZENDESK, trello::TRELLO, wordpress::WORDPRESS, drive::DRIVE];

/// What happens without most systems.
const BY_HAND: &str = "a person does it";
/// What happens without the systems that ring phones.
const SILENT: &str = "it rings no phone";

/// A system, before its settings are read.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The system.
    pub system: System,
    /// What it is for, in a help text.
    about: &'static str,
    /// The settings that connect it.
    pub needs: &'static str,
    /// The page that describes it.
    pub docs: &'static str,
    /// What happens as long as it is not connected.
    pub without: &'static str,
    read: fn(&mut Source<'_>) -> Arc<dyn Connector>,
}

/// The settings of one system, and what follows from them.
pub trait Connector: Send + Sync {
    /// What the system offers, if the settings connect it. It is reached only when there is something to do. `press` makes the files of
    /// documents that it sends.
    ///
    /// # Errors
    /// A problem with the settings that [`Entry::read`] could not see.
    fn connect(&self, press: &Arc<Press>) -> Result<Option<Offer>, String>;

    /// Whether the settings connect it.
    fn is_connected(&self) -> bool;

    /// What works less well than it could, by choice, and its limits. For a system that is connected.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Sets the domain's rules that are settings of this system.
    fn configure(&self, _: &mut Config) {}

    /// Sets the secrets of this system's hooks.
    fn admit(&self, _: &mut api::Settings) {}
}

/// What a connected system offers. One a process, because its outlet keeps the system's limits.
pub struct Offer {
    /// Carries out effects.
    pub outlet: Arc<dyn Outlet>,
    /// The source of clients and their contacts.
    pub clients: Option<Arc<dyn ClientDirectory>>,
    /// Where follow-ups have their cards.
    pub boards: Option<Arc<dyn Boards>>,
    /// Where people search for tickets.
    pub ticket_desk: Option<Arc<dyn TicketDesk>>,
    /// The team's chat.
    pub chat: Option<Arc<dyn TeamChat>>,
    /// What is listened to by a socket, if the settings say so.
    pub socket: Option<Arc<SlackOutlet>>,
}

impl Offer {
    /// An outlet and nothing else.
    fn of(outlet: Arc<dyn Outlet>) -> Self {
        Self { outlet, clients: None, boards: None, ticket_desk: None, chat: None, socket: None }
    }
}

/// The systems with their settings; without any, all are left to people.
#[derive(Clone, Default)]
pub struct Systems(BTreeMap<System, Arc<dyn Connector>>);

/// What all connected systems offer.
#[derive(Default)]
pub struct Offers {
    /// For the worker.
    pub connections: Connections,
    /// For the domain.
    pub ticket_desk: Option<Arc<dyn TicketDesk>>,
}

impl Systems {
    /// Reads the settings of each.
    pub fn read(source: &mut Source<'_>) -> Self {
        Self(ALL.iter().map(|entry| (entry.system, (entry.read)(source))).collect())
    }

    /// Those that are connected.
    pub fn connected(&self) -> Vec<System> {
        self.0.iter().filter(|(_, connector)| connector.is_connected()).map(|(system, _)| *system).collect()
    }

    /// What one of them offers, if it is connected, with [`Connector::notes`].
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub fn offer(&self, system: System, press: &Arc<Press>) -> anyhow::Result<Option<(Offer, Vec<String>)>> {
        let Some(connector) = self.0.get(&system) else { return Ok(None) };
        let offer = connector.connect(press).map_err(anyhow::Error::msg)?;
        Ok(offer.map(|offer| (offer, connector.notes())))
    }

    /// What they offer together.
    ///
    /// # Errors
    /// As [`Connector::connect`].
    pub fn connect(&self, press: &Arc<Press>) -> anyhow::Result<Offers> {
        let mut all = Offers::default();
        for (system, connector) in &self.0 {
            let Some(Offer { outlet, clients, boards, ticket_desk, chat, socket }) =
                connector.connect(press).map_err(anyhow::Error::msg)?
            else {
                continue;
            };
            all.connections.outlets.insert(*system, outlet);
            all.connections.clients = clients.or(all.connections.clients);
            all.connections.boards = boards.or(all.connections.boards);
            all.connections.chat = chat.or(all.connections.chat);
            all.connections.socket = socket.or(all.connections.socket);
            all.ticket_desk = ticket_desk.or(all.ticket_desk);
        }
        Ok(all)
    }

    /// Tells the domain which are connected, and sets the rules that are their settings.
    pub fn configure(&self, config: &mut Config) {
        config.systems = self.connected();
        self.0.values().for_each(|connector| connector.configure(config));
    }

    /// Sets the secrets of their hooks.
    pub fn admit(&self, settings: &mut api::Settings) {
        self.0.values().for_each(|connector| connector.admit(settings));
    }
}

/// Names what is connected: settings hold secrets.
impl fmt::Debug for Systems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Systems").field(&self.connected()).finish()
    }
}

/// Every system that can be connected, in the order in which people see them.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    ALL.iter()
}

/// Whether people do what `system` would, as long as it is not connected.
pub fn is_done_by_hand(system: System) -> bool {
    all().find(|entry| entry.system == system).is_none_or(|entry| entry.without == BY_HAND)
}

/// Their names on the command line, with what they are for.
pub fn names() -> impl Iterator<Item = PossibleValue> {
    all().map(|entry| PossibleValue::new(entry.system.as_str()).help(entry.about))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::settings::Settings;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    #[test]
    fn each_system_has_one_entry_and_a_page_about_it() {
        let systems: BTreeSet<System> = all().map(|entry| entry.system).collect();
        assert_eq!(systems.len(), ALL.len());
        for entry in all() {
            assert!(Path::new(ROOT).join(entry.docs).exists(), "{} is missing", entry.docs);
        }
    }

    #[test]
    fn nothing_is_connected_without_settings() {
        assert_eq!(Settings::of_file("").unwrap().systems.connected(), []);
        let offers = Systems::default().connect(&Settings::of_file("").unwrap().press()).unwrap();
        assert!(offers.connections.outlets.is_empty() && offers.ticket_desk.is_none());
    }
}
