//! What an order brings with it beyond what its outlet reads: one implementation for the orders of each system.

use async_trait::async_trait;
use entity::{System, delivery};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::ports::{Effect, Receipt};
use crate::record::Draft;

/// What follows from an order that was carried out: decided at the door, on what was loaded before.
pub type Consequence = Box<dyn Fn(&mut Draft<'_>, &delivery::Model) + Send + Sync>;

/// An order to an outside system, as the deliveries see it.
#[async_trait]
pub trait Outgoing: Send + Sync {
    /// Where it is carried out.
    fn system(&self) -> System;

    /// In one line: what it is, to whom, about what.
    fn title(&self) -> String;

    /// As an instruction to a person, with the text to copy.
    fn instructions(&self) -> String;

    /// What it changes there, by a name that is the same for all orders that change it.
    fn target(&self) -> Option<String> {
        None
    }

    /// Whether only a person can carry it out, because there is no address or place for it.
    fn is_nowhere(&self) -> bool {
        false
    }

    /// Whether it is still wanted before an attempt, whatever the playbook asks for.
    async fn is_wanted(&self, _ctx: &Ctx, _row: &delivery::Model) -> Result<bool> {
        Ok(true)
    }

    /// Brings it up to date before an attempt: what it is about may have moved on.
    async fn refresh(&mut self, _ctx: &Ctx, _row: &delivery::Model) -> Result<()> {
        Ok(())
    }

    /// Prepares it for being tried again at somebody's request.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` where trying again can't help.
    async fn readdress(&mut self, _ctx: &Ctx, _row: &delivery::Model) -> Result<()> {
        Ok(())
    }

    /// Whether something follows for the incident when it was carried out.
    fn has_consequences(&self) -> bool {
        false
    }

    /// Loads what is needed to decide what follows from what was done, or from what was seen instead.
    async fn consequence(&self, _ctx: &Ctx, _row: &delivery::Model, _receipt: &Receipt) -> Result<Option<Consequence>> {
        Ok(None)
    }

    /// Tidies up when it arrived.
    async fn arrived(&self, _ctx: &Ctx, _row: &delivery::Model) -> Result<()> {
        Ok(())
    }
}

impl Effect {
    /// The order that it holds.
    pub fn outgoing(&self) -> &dyn Outgoing {
        match self {
            Self::Mail(order) => order,
            Self::Chat(order) => order,
            Self::Desk(order) => order,
            Self::Board(order) => order,
            Self::Blog(order) => order,
            Self::Drive(order) => order,
            Self::Push(order) => order,
            Self::Webhook(order) => order,
        }
    }

    /// The same, to be changed.
    pub(super) fn outgoing_mut(&mut self) -> &mut dyn Outgoing {
        match self {
            Self::Mail(order) => order,
            Self::Chat(order) => order,
            Self::Desk(order) => order,
            Self::Board(order) => order,
            Self::Blog(order) => order,
            Self::Drive(order) => order,
            Self::Push(order) => order,
            Self::Webhook(order) => order,
        }
    }

    /// The order of a delivery.
    ///
    /// # Errors
    /// `INTERNAL` for a form that this version does not know.
    pub(crate) fn of(row: &delivery::Model) -> Result<Self> {
        serde_json::from_str(&row.effect).map_err(Error::internal)
    }
}

/// A delivery in words: what it is, to whom, about what.
pub fn what(row: &delivery::Model) -> String {
    Effect::of(row).map_or_else(|_| format!("The order to {}", row.system), |effect| effect.outgoing().title())
}
