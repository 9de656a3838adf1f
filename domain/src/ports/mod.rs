//! What Muster asks of outside systems, and what they answer.
//!
//! `worker` has one [`Outlet`] per system; [`crate::delivery`] stores the orders and decides what follows from the answers.

mod board;
mod chat;
mod desk;
mod directory;
mod mail;

pub use board::{BoardOrder, Boards, Card, CardField, Member, Owner, Place, SeenCard};
pub use chat::{ChatOrder, Notice};
pub use desk::{Comment, DeskOrder, LinkTicket, ProblemStatus, ProblemTicket, SeenTicket, TicketDesk, UnlinkTicket};
pub use directory::{Batch, ClientDirectory, SeenOrganization, SeenPerson};
pub use mail::{Email, MailOrder};

use std::time::Duration;

use async_trait::async_trait;
use entity::{DeliveryId, Timestamp};
use serde::{Deserialize, Serialize};

/// Something to be done in an outside system, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Permanently identifies the order, in the outside system as well.
    pub delivery: DeliveryId,
    /// 1 for the first attempt. From the second on, an earlier one may have succeeded without our knowing.
    pub attempt: i32,
    /// When the order was placed.
    pub created_at: Timestamp,
    /// What is to be done.
    pub effect: Effect,
}

/// What is to be done. Stored as JSON with the delivery, tagged by its `kind`: a kind is never renamed, and new fields have a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Effect {
    /// By e-mail.
    Mail(MailOrder),
    /// In the team's chat.
    Chat(ChatOrder),
    /// On tickets.
    Desk(DeskOrder),
    /// On boards.
    Board(BoardOrder),
}

macro_rules! effects {
    ($($order:ty => $system:ident($orders:ident::$variant:ident),)+) => {
        $(impl From<$order> for Effect {
            fn from(order: $order) -> Self {
                Self::$system($orders::$variant(order))
            }
        })+
    };
}

effects! {
    Email => Mail(MailOrder::Email),
    Notice => Chat(ChatOrder::Notice),
    ProblemTicket => Desk(DeskOrder::OpenProblem),
    ProblemStatus => Desk(DeskOrder::ProblemStatus),
    LinkTicket => Desk(DeskOrder::LinkTicket),
    UnlinkTicket => Desk(DeskOrder::UnlinkTicket),
    Comment => Desk(DeskOrder::Comment),
    Box<Card> => Board(BoardOrder::Card),
}

/// What the system did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The system's id for the result: a ticket's number, a message's id.
    pub external_id: Option<String>,
    /// Where people see the result.
    pub external_url: Option<String>,
    /// The result as it is there now.
    pub seen: Option<Seen>,
}

/// Something in an outside system, as it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A ticket.
    Ticket(SeenTicket),
    /// A card.
    Card(SeenCard),
    /// The card was deleted.
    CardGone,
}

/// Why it was not done. Reasons are meant for people and contain no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not in this form: trying again will not help.
    Never(String),
    /// Not now.
    Later {
        /// Why.
        reason: String,
        /// How long to wait at least, if the system said so.
        after: Option<Duration>,
    },
    /// It may have been done: the answer was lost. The next attempt must look first, if that is possible.
    Unclear(String),
    /// The system rejects our credentials: nothing will be done there until they are fixed.
    Locked(String),
}

impl Refusal {
    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Never(reason) | Self::Later { reason, .. } | Self::Unclear(reason) | Self::Locked(reason) => reason,
        }
    }
}

/// The result of one check when a connection was tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What works, or should.
    pub what: String,
    /// What is wrong with it and what to do about it.
    pub problem: Option<String>,
}

/// Access to one outside system.
#[async_trait]
pub trait Outlet: Send + Sync {
    /// Carries out `order`. May be called again for the same order after anything but a receipt.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal>;

    /// Tests the connection without changing anything there: whether the credentials are right and what they
    /// allow. Empty for a system that can't be tested this way.
    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}
