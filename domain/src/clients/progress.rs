//! How far updates to clients have come: read from the deliveries that carry them.

use std::collections::{BTreeSet, HashMap};

use entity::delivery::{self, Column};
use entity::{ClientId, ClientUpdateId, DeliveryState, IncidentId, client_update};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::affected_clients_of;
use crate::sql::{self, padded};

/// The state of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateState {
    /// Not sent.
    Draft,
    /// Still on its way to somebody.
    Sending,
    /// It reached everybody.
    Sent,
    /// It did not reach everybody, and will not be retried automatically.
    Failed,
}

/// How far an update has got with one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientOutcome {
    /// The client; `None` for the requesters of tickets whose client is unknown.
    pub client: Option<ClientId>,
    /// How far it has got.
    pub outcome: UpdateOutcome,
}

/// The state of `row`, given the `outcomes` with its clients.
pub fn state_of(row: &client_update::Model, outcomes: &[ClientOutcome]) -> UpdateState {
    if row.sent_at.is_none() {
        return UpdateState::Draft;
    }
    match outcomes.iter().map(|one| one.outcome).min() {
        Some(UpdateOutcome::Failed) => UpdateState::Failed,
        Some(UpdateOutcome::ByHand | UpdateOutcome::Sending) => UpdateState::Sending,
        Some(UpdateOutcome::Sent) | None => UpdateState::Sent,
    }
}

/// The update `id`.
///
/// # Errors
/// `NOT_FOUND`, also in incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: ClientUpdateId) -> Result<client_update::Model> {
    sql::find_seen::<client_update::Entity>(ctx, id).await
}

/// The updates of incidents that the caller has seen, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<client_update::Model>> {
    sql::of_incidents::<client_update::Entity>(ctx, incidents).await
}

/// The updates among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[ClientUpdateId]) -> Result<Vec<client_update::Model>> {
    sql::seen_by_ids::<client_update::Entity>(ctx, ids).await
}

/// How far updates have got with each client they went to. A client whose contacts are all reached through another client shares the
/// outcome of all clients.
pub async fn outcomes_of(ctx: &Ctx, updates: &[ClientUpdateId]) -> Result<HashMap<ClientUpdateId, Vec<ClientOutcome>>> {
    let rows: Vec<(ClientUpdateId, Option<ClientId>, DeliveryState)> = delivery::Entity::find()
        .select_only()
        .columns([Column::ClientUpdateId, Column::ClientId, Column::State])
        .filter(Column::ClientUpdateId.is_in(padded(updates)))
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(ctx.db.read())
        .await?;
    let mut places: HashMap<(ClientUpdateId, Option<ClientId>), usize> = HashMap::new();
    let mut lists: HashMap<ClientUpdateId, Vec<(Option<ClientId>, Vec<DeliveryState>)>> = HashMap::new();
    for (update, client, state) in rows {
        let list = lists.entry(update).or_default();
        let place = *places.entry((update, client)).or_insert_with(|| {
            list.push((client, Vec::new()));
            list.len() - 1
        });
        list[place].1.push(state);
    }
    for row in by_ids(ctx, updates).await?.iter().filter(|row| row.sent_at.is_some()) {
        let list = lists.entry(row.id).or_default();
        let all: Vec<DeliveryState> = list.iter().filter(|(client, _)| client.is_some()).flat_map(|(_, states)| states.clone()).collect();
        let others = chosen(row).into_iter().flatten().filter(|client| !places.contains_key(&(row.id, Some(*client))));
        list.extend(others.map(|client| (Some(client), all.clone())));
    }
    let outcome = |(client, states): (Option<ClientId>, Vec<DeliveryState>)| ClientOutcome { client, outcome: UpdateOutcome::of(states) };
    Ok(lists.into_iter().map(|(update, list)| (update, list.into_iter().map(outcome).collect())).collect())
}

/// The clients that updates went to or, for drafts, would go to now.
pub async fn clients_of(ctx: &Ctx, updates: &[ClientUpdateId]) -> Result<HashMap<ClientUpdateId, Vec<ClientId>>> {
    let rows = by_ids(ctx, updates).await?;
    let (drafts, sent): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.sent_at.is_none());
    let sent: Vec<ClientUpdateId> = sent.iter().map(|row| row.id).collect();
    let outcomes = if sent.is_empty() { HashMap::new() } else { outcomes_of(ctx, &sent).await? };
    let mut clients: HashMap<_, Vec<ClientId>> =
        outcomes.into_iter().map(|(update, list)| (update, list.into_iter().filter_map(|one| one.client).collect())).collect();
    let incidents: Vec<IncidentId> = drafts.iter().map(|row| row.incident_id).collect();
    let affected = if incidents.is_empty() { Vec::new() } else { affected_clients_of(ctx, &incidents).await? };
    for row in drafts {
        let chosen = chosen(&row);
        let of_incident = affected.iter().filter(|(affected, _)| affected.incident_id == row.incident_id).map(|(_, client)| client.id);
        clients.insert(row.id, of_incident.filter(|id| chosen.as_ref().is_none_or(|chosen| chosen.contains(id))).collect());
    }
    Ok(clients)
}

/// The deliveries of updates of incidents that the caller has seen.
///
/// # Errors
/// `FORBIDDEN` for viewers.
pub async fn deliveries_of(ctx: &Ctx, updates: &[ClientUpdateId]) -> Result<Vec<delivery::Model>> {
    ctx.require(Right::Respond)?;
    let select = delivery::Entity::find().filter(Column::ClientUpdateId.is_in(padded(updates)));
    Ok(select.order_by_asc(Column::Id).all(ctx.db.read()).await?)
}

/// The ids of the clients that an update is for; `None` for all that are affected.
pub(crate) fn chosen(row: &client_update::Model) -> Option<BTreeSet<ClientId>> {
    row.clients.as_ref().and_then(clients_in)
}

/// The ids of clients as they are stored with an update.
pub(super) fn clients_in(stored: &serde_json::Value) -> Option<BTreeSet<ClientId>> {
    BTreeSet::deserialize(stored).ok()
}

/// How far an update has got, with one client or with all of them. Ordered worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpdateOutcome {
    /// Part of it did not arrive and will not be retried automatically.
    Failed,
    /// Part of it needs a person.
    ByHand,
    /// It is on its way.
    Sending,
    /// All of it arrived.
    Sent,
}

impl UpdateOutcome {
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

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState::{ByHand, Cancelled, Delivered, DoneByHand, Failed, Queued, Retrying, Sending};

    #[test]
    fn an_outcome_is_the_worst_of_its_deliveries() {
        for (states, expected) in [
            (&[Delivered, DoneByHand, Cancelled][..], UpdateOutcome::Sent),
            (&[], UpdateOutcome::Sent),
            (&[Delivered, Queued], UpdateOutcome::Sending),
            (&[Sending], UpdateOutcome::Sending),
            (&[Retrying, Delivered], UpdateOutcome::Sending),
            (&[Retrying, ByHand], UpdateOutcome::ByHand),
            (&[ByHand, Failed, Delivered], UpdateOutcome::Failed),
        ] {
            assert_eq!(UpdateOutcome::of(states.iter().copied()), expected, "{states:?}");
        }
    }
}
