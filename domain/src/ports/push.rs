//! What makes a phone ring: push messages, and the team's own gateway.

use entity::{IncidentId, Operation, PersonId, person};
use serde::{Deserialize, Serialize};

/// What is ordered of the server for push messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PushOrder {
    /// A message to one person's phone.
    Push(Push),
}

/// A message to one person's phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The person's name.
    pub to_name: String,
    /// Where their phone listens.
    pub topic: String,
    /// What it shows.
    pub shown: Shown,
}

/// What is ordered of the team's own gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WebhookOrder {
    /// A message to one person.
    Webhook(Webhook),
}

/// A message to one person, which the gateway takes to them in its own way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Whom it is for.
    pub to: Addressee,
    /// The incident that it is about.
    pub incident: IncidentId,
    /// The incident's number, such as `INC-42`.
    pub reference: String,
    /// What it says.
    pub shown: Shown,
}

/// A person of the team, with all that a gateway may need to reach them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their telephone number, as they wrote it.
    pub phone: Option<String>,
}

impl Addressee {
    /// What is known of `person`.
    pub fn of(person: &person::Model) -> Self {
        Self { id: person.id, name: person.name.clone(), email: person.email.clone(), phone: person.phone.clone() }
    }
}

/// A message as a phone shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What it is to the person: a page, an offer, a reminder.
    pub purpose: Operation,
    /// One line.
    pub title: String,
    /// Plain text, the most important first.
    pub text: String,
    /// What a tap on it opens.
    pub link: String,
}
