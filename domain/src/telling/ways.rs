//! By which ways a page went to its person, and how far each has come: derived from the deliveries that carry it.

use entity::{DeliveryState, IncidentId, PageId, System, Timestamp, delivery};

use crate::ctx::Ctx;
use crate::delivery::rows_of_incidents;
use crate::error::Result;

/// One way of a page to its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The page.
    pub page: PageId,
    /// The system that carries it.
    pub system: System,
    /// How far it has come.
    pub state: DeliveryState,
    /// When it was ordered.
    pub asked_at: Timestamp,
    /// How often Muster has tried to send it.
    pub attempts: i32,
    /// When the system accepted it: a mail server that accepts a mail has not shown it to anybody yet.
    pub accepted_at: Option<Timestamp>,
    /// When somebody went that way in Muster's place.
    pub by_hand_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

impl Way {
    fn of(row: delivery::Model) -> Option<Self> {
        let reached = |state: DeliveryState| row.delivered_at.filter(|_| row.state == state);
        Some(Self {
            page: row.page_id?,
            system: row.system,
            state: row.state,
            asked_at: row.created_at,
            attempts: row.attempts,
            accepted_at: reached(DeliveryState::Delivered),
            by_hand_at: reached(DeliveryState::DoneByHand),
            problem: row.last_error,
        })
    }
}

/// The ways of all pages of incidents that the caller is known to see.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<(IncidentId, Way)>> {
    let rows = rows_of_incidents(ctx, incidents).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.incident_id?, Way::of(row)?))).collect())
}
