//! What affected clients are told, and who they are (R12, R21, R22).
//!
//! An [`update`] is what they are told: it may be kept as a draft and read by somebody else, and goes out when a person sends it, and only
//! then. The [`board`] shows who is told when, [`addresses`] is the list to take elsewhere.

pub mod addresses;
pub mod board;
pub mod directory;
pub mod proposal;
pub mod update;

use entity::{DeliveryState, TicketLink, ticket};

use crate::tickets;

/// How far an update has come, with one client or with all of them. The worst is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Something of it did not arrive and will not be tried again by itself.
    Failed,
    /// Something of it waits for a person.
    ByHand,
    /// It is under way.
    Sending,
    /// All of it arrived.
    Sent,
}

impl Outcome {
    /// What the states of its deliveries come to: the worst of them.
    pub fn of(states: impl IntoIterator<Item = DeliveryState>) -> Self {
        let outcomes = states.into_iter().map(|state| match state {
            DeliveryState::Failed => Self::Failed,
            DeliveryState::ByHand => Self::ByHand,
            DeliveryState::Queued | DeliveryState::Sending | DeliveryState::Retrying => Self::Sending,
            DeliveryState::Delivered | DeliveryState::DoneByHand | DeliveryState::Cancelled => Self::Sent,
        });
        outcomes.min().unwrap_or(Self::Sent)
    }
}

/// Whether a client is told by a reply on this ticket of theirs.
fn takes_replies(row: &ticket::Model) -> bool {
    !row.parent && row.link == TicketLink::Linked && !row.status.as_deref().is_some_and(tickets::is_over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState::{ByHand, Cancelled, Delivered, DoneByHand, Failed, Queued, Retrying, Sending};

    #[test]
    fn an_outcome_is_the_worst_of_its_deliveries() {
        for (states, expected) in [
            (&[Delivered, DoneByHand, Cancelled][..], Outcome::Sent),
            (&[], Outcome::Sent),
            (&[Delivered, Queued], Outcome::Sending),
            (&[Sending], Outcome::Sending),
            (&[Retrying, Delivered], Outcome::Sending),
            (&[Retrying, ByHand], Outcome::ByHand),
            (&[ByHand, Failed, Delivered], Outcome::Failed),
        ] {
            assert_eq!(Outcome::of(states.iter().copied()), expected, "{states:?}");
        }
    }
}
