//! Who the affected clients are, and what they are told (R12, R21, R22).
//!
//! An [`update`] may be saved as a draft and reviewed by somebody else; it goes out only when a person sends it. The [`board`] shows who
//! was told what and when the next update is due, [`addresses`] exports the list of contacts.

pub mod addresses;
pub mod board;
pub mod directory;
pub mod proposal;
pub mod update;

use entity::{DeliveryState, TicketLink, ticket};

use crate::tickets::rows;

/// How far an update has got, with one client or with all of them. Ordered worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Part of it did not arrive and will not be retried automatically.
    Failed,
    /// Part of it needs a person.
    ByHand,
    /// It is on its way.
    Sending,
    /// All of it arrived.
    Sent,
}

impl Outcome {
    /// The worst of the states of its deliveries.
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

/// The tickets on which to reply to the requester: the open ones, or if there are none the solved ones, such as those that were solved
/// with the incident. A reply does not reopen them.
fn that_take_replies<'a>(tickets: impl Iterator<Item = &'a ticket::Model> + Clone) -> Vec<&'a ticket::Model> {
    let linked = tickets.filter(|row| !row.parent && row.link == TicketLink::Linked);
    let status_is = |row: &ticket::Model, is: fn(&str) -> bool| row.status.as_deref().is_some_and(is);
    let open: Vec<_> = linked.clone().filter(|row| !status_is(row, rows::is_over)).collect();
    if open.is_empty() { linked.filter(|row| !status_is(row, |status| status == rows::CLOSED)).collect() } else { open }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState::{ByHand, Cancelled, Delivered, DoneByHand, Failed, Queued, Retrying, Sending};

    #[test]
    fn solved_tickets_take_replies_if_none_is_open() {
        let ticket = |number: &str, status: Option<&str>, link, parent| ticket::Model {
            id: entity::TicketId(uuid::Uuid::nil()),
            incident_id: entity::IncidentId(uuid::Uuid::nil()),
            system: entity::System::Zendesk,
            external_id: number.to_owned(),
            url: None,
            parent,
            link,
            subject: None,
            status: status.map(str::to_owned),
            seen_at: None,
            client_id: None,
            created_at: entity::Timestamp::UNIX_EPOCH,
        };
        let (linked, suggested) = (TicketLink::Linked, TicketLink::Suggested);
        let over = [
            ticket("1", Some("solved"), linked, false),
            ticket("2", Some("closed"), linked, false),
            ticket("3", Some("solved"), suggested, false),
            ticket("4", Some("open"), linked, true),
        ];
        let numbers = |tickets: &[ticket::Model]| -> Vec<String> {
            that_take_replies(tickets.iter()).into_iter().map(|row| row.external_id.clone()).collect()
        };
        assert_eq!(numbers(&over), ["1"]);
        let open = [over.to_vec(), vec![ticket("5", Some("pending"), linked, false), ticket("6", None, linked, false)]].concat();
        assert_eq!(numbers(&open), ["5", "6"]);
        assert_eq!(numbers(&over[1..]), [] as [&str; 0]);
    }

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
