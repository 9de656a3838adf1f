//! What Muster asks of outside systems, and what they answer.
//!
//! `worker` has one [`Outlet`] a system; [`crate::delivery`] keeps the orders and decides what follows from the answers.

use std::time::Duration;

use async_trait::async_trait;
use entity::{DeliveryId, System, Timestamp};
use serde::{Deserialize, Serialize};

/// Something to be done at an outside system, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Names the order for ever, also at the other side.
    pub delivery: DeliveryId,
    /// 1 for the first attempt. From the second on, the one before may have succeeded without our knowing.
    pub attempt: i32,
    /// When it was decided.
    pub created_at: Timestamp,
    /// What is to be done.
    pub effect: Effect,
}

/// What is to be done. Stored as JSON with the delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// An e-mail to one person.
    Email(Email),
    /// A notice to everybody, in the team's general channel (R7).
    Notice(Notice),
}

/// An e-mail to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The person's name.
    pub to_name: String,
    /// The person's address; empty when nobody knows one.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// What the mails of one conversation have in common, e.g. the incident's id.
    pub thread: Option<String>,
}

/// A notice to everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Plain text.
    pub text: String,
}

impl Effect {
    /// Where it happens.
    pub fn system(&self) -> System {
        match self {
            Self::Email(_) => System::Email,
            Self::Notice(_) => System::Slack,
        }
    }

    /// The same effect as an instruction to a person, with the text to copy.
    pub fn instructions(&self) -> String {
        match self {
            Self::Email(Email { to_name, to, subject, text, .. }) if to.is_empty() => {
                format!("Reach {to_name}, whose e-mail address is not known, and say:\n\n{subject}\n\n{text}")
            }
            Self::Email(Email { to_name, to, subject, text, .. }) => {
                format!("Write to {to_name} <{to}>, or reach them another way:\n\nSubject: {subject}\n\n{text}")
            }
            Self::Notice(Notice { text }) => format!("Post in the general channel:\n\n{text}"),
        }
    }
}

/// What the system made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Its name for the result: a ticket's number, a message's id.
    pub external_id: Option<String>,
    /// Where the result is seen.
    pub external_url: Option<String>,
}

/// Why it was not done. Reasons are for people and hold no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not as it stands: trying again will not help.
    Never(String),
    /// Not now.
    Later {
        /// Why.
        reason: String,
        /// Not before this long, when the system said so.
        after: Option<Duration>,
    },
    /// Perhaps it was done: the answer got lost. The next attempt must look first, where that is possible.
    Unclear(String),
}

/// The way to one outside system.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Does what `order` says. May be called again for the same order after anything but a receipt.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal>;
}
