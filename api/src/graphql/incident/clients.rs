//! Affected clients: the board that shows who was told when, and the updates sent to them.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::clients::board::{Row, Told};
use domain::clients::progress::{self, ClientOutcome};
use domain::clients::proposal;
use domain::clients::update::{self, Compose};
use entity::{client_update, ticket};
use futures_util::future::try_join_all;

use super::mutation::IncidentPayload;
use super::steps::StepState;
use super::types::{Incident, incident_if_visible, person};
use crate::graphql::catalogue::{Client, Contact, contacts_of};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::delivery::Delivery;
use crate::graphql::error::ApiResult;
use crate::graphql::people::Person;
use crate::graphql::scalars::{Url, id, ids};

/// The state of an update to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "progress::UpdateState")]
pub enum ClientUpdateState {
    /// Not sent.
    Draft,
    /// On its way to someone, or waiting for a person to deliver it.
    Sending,
    /// Everyone received it.
    Sent,
    /// Someone did not receive it, and it will not be retried automatically: see `retryClientUpdate`.
    Failed,
}

/// How far an update has got with one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "progress::UpdateOutcome")]
pub enum ClientOutcomeState {
    /// Part of it did not arrive and will not be retried automatically.
    Failed,
    /// Part of it has to be delivered by a person.
    ByHand,
    /// On its way.
    Sending,
    /// All of it arrived.
    Sent,
}

/// What affected clients were told, or will be once a person sends it.
#[derive(Clone, Description)]
pub struct ClientUpdate(pub Arc<client_update::Model>);

impl From<client_update::Model> for ClientUpdate {
    fn from(row: client_update::Model) -> Self {
        Self(Arc::new(row))
    }
}

#[Object(use_type_description)]
impl ClientUpdate {
    /// Begins with `upd_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident it is about.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, Some(self.0.incident_id)).await
    }
    /// Plain text, as clients read it.
    async fn body(&self) -> &str {
        &self.0.body
    }
    /// Who wrote its current text.
    async fn author(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.author_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// Its state.
    async fn state(&self, gql: &Context<'_>) -> ApiResult<ClientUpdateState> {
        if self.0.sent_at.is_none() {
            return Ok(ClientUpdateState::Draft);
        }
        let outcomes = loaders(gql).client_outcomes.get(self.0.id).await?.unwrap_or_default();
        Ok(progress::state_of(&self.0, &outcomes).into())
    }
    /// When it was first written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// Who else has read and approved its current text.
    async fn approved_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.approved_by_id).await
    }
    /// When they approved it.
    async fn approved_at(&self) -> Option<DateTime<Utc>> {
        self.0.approved_at
    }
    /// Who sent it.
    async fn sent_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.sent_by_id).await
    }
    /// When it was sent.
    async fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.0.sent_at
    }
    /// The current contacts of the clients it is for. A client with open tickets is told there instead of by e-mail.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn recipients(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        let clients = loaders(gql).update_clients.get(self.0.id).await?.unwrap_or_default();
        Ok(try_join_all(clients.iter().map(|client| contacts_of(gql, *client))).await?.concat())
    }
    /// How far it got with each client; empty for a draft.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn outcomes(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientUpdateOutcome>> {
        let outcomes = loaders(gql).client_outcomes.get(self.0.id).await?.unwrap_or_default();
        Ok(outcomes.iter().map(|outcome| ClientUpdateOutcome { update: self.0.clone(), outcome: *outcome }).collect())
    }
}

/// How far an update has got with one client.
#[derive(Description)]
pub struct ClientUpdateOutcome {
    update: Arc<client_update::Model>,
    outcome: ClientOutcome,
}

#[Object(use_type_description)]
impl ClientUpdateOutcome {
    /// The client. Null for people who wrote in on linked tickets that belong to no known client.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        let Some(client) = self.outcome.client else { return Ok(None) };
        Ok(loaders(gql).client.get(client).await?.map(Client))
    }
    /// How far it got.
    async fn state(&self) -> ClientOutcomeState {
        self.outcome.outcome.into()
    }
    /// What carries it to them: a reply on each open ticket, or an e-mail to each contact. For responders.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn deliveries(&self, gql: &Context<'_>) -> ApiResult<Vec<Delivery>> {
        let rows = loaders(gql).update_deliveries.get(self.update.id).await?.unwrap_or_default();
        let to_them = rows.iter().filter(|row| row.client_id == self.outcome.client);
        Ok(to_them.cloned().map(|row| Delivery(Arc::new(row))).collect())
    }
}

/// A ticket of an affected client, as the board shows it.
#[derive(SimpleObject)]
pub struct ClientTicket {
    /// Its number.
    external_id: String,
    /// Where people can open it.
    url: Option<Url>,
    /// Its subject line.
    subject: Option<String>,
    /// Its status as its system names it, in lower case.
    status: Option<String>,
}

impl From<&ticket::Model> for ClientTicket {
    fn from(row: &ticket::Model) -> Self {
        let ticket::Model { external_id, url, subject, status, .. } = row.clone();
        Self { external_id, url: url.map(Url), subject, status }
    }
}

/// A line of the client board: an affected client, when they were last told and when they must be told next.
#[derive(Description)]
pub struct ClientBoardRow(Row);

#[Object(use_type_description)]
impl ClientBoardRow {
    /// The client.
    async fn client(&self) -> Client {
        Client(Arc::new(self.0.client.clone()))
    }
    /// When they were marked affected.
    async fn since(&self) -> DateTime<Utc> {
        self.0.affected.since
    }
    /// How they are affected.
    async fn note(&self) -> Option<&str> {
        self.0.affected.note.as_deref()
    }
    /// The people to tell there, senior ones first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn contacts(&self) -> Vec<Contact> {
        self.0.contacts.iter().cloned().map(Contact).collect()
    }
    /// Their tickets about the incident.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn tickets(&self) -> Vec<ClientTicket> {
        self.0.tickets.iter().map(ClientTicket::from).collect()
    }
    /// How many updates they were sent.
    async fn told_count(&self) -> usize {
        self.0.told_count
    }
    /// When the latest update was sent.
    async fn last_told_at(&self) -> Option<DateTime<Utc>> {
        self.0.told.map(|told| told.at)
    }
    /// The latest update.
    async fn last_update(&self, gql: &Context<'_>) -> ApiResult<Option<ClientUpdate>> {
        let Some(Told { update, .. }) = self.0.told else { return Ok(None) };
        Ok(loaders(gql).client_update.get(update).await?.map(ClientUpdate))
    }
    /// How far the latest update got.
    async fn last_outcome(&self) -> Option<ClientOutcomeState> {
        self.0.told.map(|told| told.outcome.into())
    }
    /// When they must be told next; in the past if that is late. Null once the incident is over.
    async fn next_due_at(&self) -> Option<DateTime<Utc>> {
        self.0.next.map(|next| next.due_at)
    }
    /// UPCOMING, DUE or OVERDUE. Null once the incident is over.
    async fn next_state(&self) -> Option<StepState> {
        self.0.next.map(|next| domain::incident::StepState::Open(next.state).into())
    }
    /// When they were and will be told, in words, e.g. `Told 35 min ago; next in 25 min.`
    async fn standing(&self) -> &str {
        &self.0.standing
    }
}

/// The client-facing side of an incident.
#[derive(Description)]
pub struct IncidentClients(pub Arc<entity::incident::Model>);

#[Object(use_type_description)]
impl IncidentClients {
    /// Updates to affected clients, including drafts, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn client_updates(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientUpdate>> {
        let rows = loaders(gql).client_updates.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ClientUpdate::from).collect())
    }
    /// Affected clients and when they must be told, longest affected first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn client_board(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientBoardRow>> {
        let rows = loaders(gql).client_board.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ClientBoardRow).collect())
    }
    /// A proposed text for an update now: the playbook's template filled in with what is known, to put into your own words. For responders.
    #[graphql(complexity = "10")]
    async fn client_update_draft(&self, gql: &Context<'_>) -> ApiResult<String> {
        Ok(proposal::draft_text(ctx(gql), self.0.id).await?)
    }
}

/// An update to send to clients now.
#[derive(InputObject)]
pub struct SendClientUpdateInput {
    /// The incident it is about.
    incident_id: ID,
    /// Plain text.
    body: String,
    /// The affected clients to send it to; omit to send it to all of them.
    client_ids: Option<Vec<ID>>,
    /// Repeating a key returns the same update and tells nobody twice.
    idempotency_key: Option<String>,
}

/// An update to clients to keep as a draft.
#[derive(InputObject)]
pub struct DraftClientUpdateInput {
    /// The incident it is about.
    incident_id: ID,
    /// Plain text.
    body: String,
    /// The affected clients it is for; omit for all that are affected when it is sent.
    client_ids: Option<Vec<ID>>,
}

/// A new text for a draft, and the clients it is for.
#[derive(InputObject)]
pub struct EditClientUpdateInput {
    /// The draft.
    client_update_id: ID,
    /// Plain text.
    body: String,
    /// The affected clients it is for from now on; omit for all that are affected when it is sent.
    client_ids: Option<Vec<ID>>,
}

/// Approval of a draft.
#[derive(InputObject)]
pub struct ApproveClientUpdateInput {
    /// The draft.
    client_update_id: ID,
    /// A comment.
    note: Option<String>,
}

/// A draft to discard.
#[derive(InputObject)]
pub struct DiscardClientUpdateInput {
    /// The draft.
    client_update_id: ID,
}

/// A draft to send.
#[derive(InputObject)]
pub struct SendDraftedClientUpdateInput {
    /// The draft.
    client_update_id: ID,
}

/// An update that did not reach everyone.
#[derive(InputObject)]
pub struct RetryClientUpdateInput {
    /// The update.
    client_update_id: ID,
}

/// A changed update to clients and its incident.
#[derive(SimpleObject)]
pub struct ClientUpdatePayload {
    /// The update.
    client_update: ClientUpdate,
    /// The incident, at its new version.
    incident: Incident,
}

impl From<update::Written> for ClientUpdatePayload {
    fn from((row, incident): update::Written) -> Self {
        Self { client_update: row.into(), incident: incident.into() }
    }
}

fn composed(incident: &ID, body: String, clients: Option<&[ID]>) -> ApiResult<Compose> {
    let client_ids = clients.map(|clients| ids("clientIds", clients)).transpose()?;
    Ok(Compose { incident_id: id("incidentId", incident)?, body, client_ids })
}

/// Mutations that tell clients.
#[derive(Default, Description)]
pub struct ClientMutation;

#[Object(use_type_description)]
impl ClientMutation {
    /// Updates affected clients: by a public reply on their open tickets, otherwise by e-mail to their contacts. When it goes to all
    /// clients, linked tickets of no known client get a reply as well. Restarts the hour.
    async fn send_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The update and its recipients.")] input: SendClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let compose = composed(&input.incident_id, input.body, input.client_ids.as_deref())?;
        Ok(Box::pin(update::send(ctx(gql), &compose, input.idempotency_key.as_deref())).await?.into())
    }

    /// Saves a draft of an update to clients, for later or for someone else to read.
    async fn draft_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The draft and its recipients.")] input: DraftClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let compose = composed(&input.incident_id, input.body, input.client_ids.as_deref())?;
        Ok(Box::pin(update::draft(ctx(gql), &compose)).await?.into())
    }

    /// Rewrites a draft; an approval of the old text lapses.
    async fn edit_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The draft and its new text.")] input: EditClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let clients: Option<Vec<entity::ClientId>> = input.client_ids.map(|clients| ids("clientIds", &clients)).transpose()?;
        let which = id("clientUpdateId", &input.client_update_id)?;
        Ok(Box::pin(update::edit(ctx(gql), which, &input.body, clients.as_deref())).await?.into())
    }

    /// Approves someone else's draft after reading it.
    async fn approve_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: ApproveClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let which = id("clientUpdateId", &input.client_update_id)?;
        Ok(Box::pin(update::approve(ctx(gql), which, input.note.as_deref())).await?.into())
    }

    /// Discards a draft.
    async fn discard_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: DiscardClientUpdateInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(Box::pin(update::discard(ctx(gql), id("clientUpdateId", &input.client_update_id)?)).await?.into())
    }

    /// Sends a draft to those of its clients that are affected now. Calling it again sends nothing.
    async fn send_drafted_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: SendDraftedClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        Ok(Box::pin(update::send_draft(ctx(gql), id("clientUpdateId", &input.client_update_id)?)).await?.into())
    }

    /// Retries now whatever failed in an update; what arrived is not repeated.
    async fn retry_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RetryClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        Ok(Box::pin(update::retry(ctx(gql), id("clientUpdateId", &input.client_update_id)?)).await?.into())
    }
}
