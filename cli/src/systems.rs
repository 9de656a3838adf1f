//! The outside systems that the settings connect: their outlets, and what else of them the parts of a server need.

use std::sync::Arc;

use domain::Domain;
use domain::ports::TicketDesk;
use entity::System;
use worker::Connections;
use worker::outlets::email::EmailOutlet;
use worker::outlets::trello::TrelloOutlet;
use worker::outlets::zendesk::ZendeskOutlet;

use crate::settings::Settings;

/// Everything that is connected. One outlet a system and process, because it keeps the system's limits.
#[derive(Default)]
pub struct Systems {
    /// For the worker.
    pub connections: Connections,
    ticket_desk: Option<Arc<dyn TicketDesk>>,
}

impl Systems {
    /// The ways to the systems of the settings. They connect when something is to be done.
    ///
    /// # Errors
    /// What is wrong with the settings, which their reader could not see.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let mut systems = Self::default();
        if let Some(smtp) = &settings.smtp {
            let email = EmailOutlet::connect(&smtp.url.0, &smtp.from).map_err(anyhow::Error::msg)?;
            systems.connections.outlets.insert(System::Email, Arc::new(email));
        }
        if let Some(zendesk) = &settings.zendesk {
            let zendesk = Arc::new(ZendeskOutlet::connect(&zendesk.connection()).map_err(anyhow::Error::msg)?);
            systems.connections.outlets.insert(System::Zendesk, zendesk.clone());
            systems.connections.clients = Some(zendesk.clone());
            systems.ticket_desk = Some(zendesk);
        }
        if let Some(trello) = &settings.trello {
            let trello = Arc::new(TrelloOutlet::connect(&trello.connection()).map_err(anyhow::Error::msg)?);
            systems.connections.outlets.insert(System::Trello, trello.clone());
            systems.connections.boards = Some(trello);
        }
        Ok(systems)
    }

    /// Tells the domain where people look for things. Once, before it serves.
    pub fn join(&self, domain: &Domain) {
        if let Some(desk) = &self.ticket_desk {
            // The first one stays.
            let _ = domain.ticket_desk.set(desk.clone());
        }
    }
}

/// The systems that the settings connect, without connecting them.
pub fn connected(settings: &Settings) -> Vec<System> {
    let all = [
        (System::Email, settings.smtp.is_some()),
        (System::Zendesk, settings.zendesk.is_some()),
        (System::Trello, settings.trello.is_some()),
    ];
    all.into_iter().filter(|(_, is_connected)| *is_connected).map(|(system, _)| system).collect()
}
