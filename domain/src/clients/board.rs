//! The client board of an incident: who has been affected since when, who their contacts are, when they were last updated and when the
//! next update is due (R12, R21, R22).
//!
//! The playbook asks for one update to all clients; the board shows each client separately, because one that was left out of an update
//! has waited longer than the others.

use std::borrow::Borrow;
use std::cmp::max;
use std::collections::HashMap;

use entity::delivery::{self, Column};
use entity::{
    ClientId, ClientUpdateId, DeliveryState, IncidentId, Operation, TicketLink, Timestamp, client, client_update, contact, incident,
    incident_client, ticket,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::catalogue::{clients_by_ids, contacts_of};
use crate::clients::progress::{UpdateOutcome, clients_in};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::kept::Version;
use crate::incident::parts;
use crate::playbook::Playbook;
use crate::playbook::steps::{Stage, later};
use crate::sql::padded;

/// What there is to know about an affected client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How they are affected.
    pub affected: incident_client::Model,
    /// Who they are.
    pub client: client::Model,
    /// Their contacts, senior ones first.
    pub contacts: Vec<contact::Model>,
    /// Their tickets about it.
    pub tickets: Vec<ticket::Model>,
    /// The newest update that went to them.
    pub told: Option<Told>,
    /// How many updates went to them.
    pub told_count: usize,
    /// When the next update is due, while the incident lasts.
    pub next: Option<Next>,
    /// `told` and `next` in words.
    pub standing: String,
}

/// An update that went to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The update.
    pub update: ClientUpdateId,
    /// When it was sent.
    pub at: Timestamp,
    /// How far it got with this client.
    pub outcome: UpdateOutcome,
}

/// When a client's next update is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// The time by which it should go out.
    pub due_at: Timestamp,
    /// Whether it is upcoming, due or overdue.
    pub state: Stage,
}

/// The boards of incidents that the caller has seen, the clients affected longest first.
pub async fn boards<R: Borrow<incident::Model> + Sync>(ctx: &Ctx, incidents: &[R]) -> Result<HashMap<IncidentId, Vec<Row>>> {
    let versions: Vec<Version> = incidents.iter().map(|incident| Version::from(incident.borrow())).collect();
    let affected = parts::of::<incident_client::Entity>(ctx, &versions).await?;
    let ids: Vec<ClientId> = affected.values().flat_map(|rows| rows.iter().map(|row| row.client_id)).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (clients, contacts, tickets, sent) = tokio::try_join!(
        clients_by_ids(ctx, &ids),
        contacts_of(ctx, &ids),
        parts::of::<ticket::Entity>(ctx, &versions),
        told(ctx, &versions)
    )?;
    let clients: HashMap<ClientId, client::Model> = clients.into_iter().map(|client| (client.id, client)).collect();
    let (playbook, now) = (ctx.playbook(), ctx.now());
    let mut boards: HashMap<IncidentId, Vec<Row>> = HashMap::new();
    for (incident, version) in incidents.iter().map(Borrow::borrow).zip(&versions) {
        let linked: Vec<&ticket::Model> =
            parts::rows(&tickets, *version).iter().filter(|row| row.link == TicketLink::Linked && !row.parent).collect();
        let on_board = parts::rows(&affected, *version).iter().filter_map(|row| Some((row.clone(), clients.get(&row.client_id)?.clone())));
        let row = |(affected, client): (incident_client::Model, client::Model)| {
            let updates = sent.get(&(incident.id, client.id)).map_or(&[][..], Vec::as_slice);
            let told = updates.iter().max_by_key(|told| (told.at, told.update)).copied();
            let next = next(&playbook, incident, affected.since, told.as_ref(), now);
            Row {
                contacts: contacts.iter().filter(|contact| contact.client_id == client.id).cloned().collect(),
                tickets: linked.iter().copied().filter(|row| row.client_id == Some(client.id)).cloned().collect(),
                told,
                told_count: updates.len(),
                next,
                standing: standing(told.as_ref(), next.as_ref(), now),
                affected,
                client,
            }
        };
        boards.insert(incident.id, on_board.map(row).collect());
    }
    Ok(boards)
}

type Sent = HashMap<(IncidentId, ClientId), Vec<Told>>;

/// The updates that went to each client.
async fn told(ctx: &Ctx, versions: &[Version]) -> Result<Sent> {
    let updates = parts::of::<client_update::Entity>(ctx, versions).await?;
    let updates: Vec<(&client_update::Model, Timestamp)> =
        versions.iter().flat_map(|version| parts::rows(&updates, *version)).filter_map(|update| Some((update, update.sent_at?))).collect();
    if updates.is_empty() {
        return Ok(Sent::new());
    }
    let incidents: Vec<IncidentId> = updates.iter().map(|(update, _)| update.incident_id).collect();
    let sent_at: HashMap<ClientUpdateId, Timestamp> = updates.iter().map(|(update, at)| (update.id, *at)).collect();
    let rows: Vec<(IncidentId, ClientId, ClientUpdateId, DeliveryState)> = delivery::Entity::find()
        .select_only()
        .columns([Column::IncidentId, Column::ClientId, Column::ClientUpdateId, Column::State])
        .filter(Column::IncidentId.is_in(padded(&incidents)))
        .filter(Column::Operation.eq(Operation::ClientUpdate))
        .filter(Column::ClientId.is_not_null())
        .filter(Column::ClientUpdateId.is_not_null())
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    let mut states: HashMap<(IncidentId, ClientId, ClientUpdateId), Vec<DeliveryState>> = HashMap::new();
    for (incident, client, update, state) in rows {
        states.entry((incident, client, update)).or_default().push(state);
    }
    // A client whose contacts are all reached through another client shares the outcome of all clients.
    for (update, _) in &updates {
        let of_update = states.iter().filter(|((_, _, of), _)| *of == update.id);
        let all: Vec<DeliveryState> = of_update.flat_map(|(_, states)| states.clone()).collect();
        for client in update.clients.as_ref().and_then(clients_in).into_iter().flatten() {
            states.entry((update.incident_id, client, update.id)).or_insert_with(|| all.clone());
        }
    }
    let mut sent = Sent::new();
    for ((incident, client, update), states) in states {
        let Some(at) = sent_at.get(&update).copied() else { continue };
        sent.entry((incident, client)).or_default().push(Told { update, at, outcome: UpdateOutcome::of(states) });
    }
    Ok(sent)
}

/// A client's next update is due the playbook's interval after its last one, or after it became affected. An update that fell due before
/// the incident was reopened is no longer asked for.
fn next(playbook: &Playbook, incident: &incident::Model, since: Timestamp, told: Option<&Told>, now: Timestamp) -> Option<Next> {
    if !incident.live {
        return None;
    }
    let every = playbook.client_update_every;
    let mut due_at = later(told.map_or(since, |told| max(told.at, since)), every);
    if let Some(reopened) = incident.reopened_at.filter(|reopened| due_at < *reopened) {
        due_at = later(reopened, every);
    }
    Some(Next { due_at, state: Stage::of(due_at, later(due_at, playbook.grace), now) })
}

fn standing(told: Option<&Told>, next: Option<&Next>, now: Timestamp) -> String {
    let told = match told {
        Some(told) => match told.outcome {
            UpdateOutcome::Sent => format!("Last update {} ago", span(now - told.at)),
            UpdateOutcome::Sending => format!("An update has been on its way for {}", span(now - told.at)),
            UpdateOutcome::ByHand => "An update needs a person to deliver it".to_owned(),
            UpdateOutcome::Failed => "The last update did not arrive".to_owned(),
        },
        None => "No update yet".to_owned(),
    };
    match next {
        Some(Next { due_at, state: Stage::Upcoming }) => format!("{told}; next in {}.", span(*due_at - now)),
        Some(Next { due_at, state: Stage::Due | Stage::Overdue }) => format!("{told}; next due {} ago.", span(now - *due_at)),
        None => format!("{told}."),
    }
}

/// A duration in words, to the minute.
fn span(span: chrono::Duration) -> String {
    match (span.num_hours(), max(span.num_minutes(), 0) % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_given_to_the_minute() {
        for (seconds, words) in
            [(-5, "less than a minute"), (59, "less than a minute"), (60, "1 min"), (3_599, "59 min"), (7_200, "2 h"), (7_500, "2 h 5 min")]
        {
            assert_eq!(span(chrono::Duration::seconds(seconds)), words);
        }
    }
}
