//! Affected clients: the board that shows who was told when, and the updates that they are sent.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
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

/// Where an update to clients stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "progress::UpdateState")]
pub enum ClientUpdateState {
    /// Not sent.
    Draft,
    /// On its way to somebody, or waiting for a person who brings it.
    Sending,
    /// It reached everybody.
    Sent,
    /// It did not reach somebody, and will not by itself: see `retryClientUpdate`.
    Failed,
}

/// How far an update has come with one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "progress::UpdateOutcome")]
pub enum ClientOutcomeState {
    /// Something of it did not arrive and will not be tried again by itself.
    Failed,
    /// Something of it waits for a person.
    ByHand,
    /// It is under way.
    Sending,
    /// All of it arrived.
    Sent,
}

/// What affected clients were told, or will be.
#[derive(Clone)]
pub struct ClientUpdate(pub Arc<client_update::Model>);

impl From<client_update::Model> for ClientUpdate {
    fn from(row: client_update::Model) -> Self {
        Self(Arc::new(row))
    }
}

/// What affected clients were told, or will be when a person sends it.
#[Object]
impl ClientUpdate {
    /// Begins with `upd_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// About what.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, Some(self.0.incident_id)).await
    }
    /// Plain text, as clients read it.
    async fn body(&self) -> &str {
        &self.0.body
    }
    /// Who wrote it as it stands.
    async fn author(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.author_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// Where it stands.
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
    /// Who else has read it as it stands and found it right.
    async fn approved_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.approved_by_id).await
    }
    /// When they said so.
    async fn approved_at(&self) -> Option<DateTime<Utc>> {
        self.0.approved_at
    }
    /// Who sent it.
    async fn sent_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.sent_by_id).await
    }
    /// When they did.
    async fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.0.sent_at
    }
    /// The contacts, as they are now, of the clients that it is for. A client with open tickets is told there instead of by e-mail.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn recipients(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        let clients = loaders(gql).update_clients.get(self.0.id).await?.unwrap_or_default();
        Ok(try_join_all(clients.iter().map(|client| contacts_of(gql, *client))).await?.concat())
    }
    /// How far it came, client by client; empty for a draft.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn outcomes(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientUpdateOutcome>> {
        let outcomes = loaders(gql).client_outcomes.get(self.0.id).await?.unwrap_or_default();
        Ok(outcomes.iter().map(|outcome| ClientUpdateOutcome { update: self.0.clone(), outcome: *outcome }).collect())
    }
}

/// How far an update has come with one client.
pub struct ClientUpdateOutcome {
    update: Arc<client_update::Model>,
    outcome: ClientOutcome,
}

/// How far an update has come with one client.
#[Object]
impl ClientUpdateOutcome {
    /// The client. Empty for whoever asked on linked tickets of which nobody knows whose they are.
    async fn client(&self, gql: &Context<'_>) -> ApiResult<Option<Client>> {
        let Some(client) = self.outcome.client else { return Ok(None) };
        Ok(loaders(gql).client.get(client).await?.map(Client))
    }
    /// How far it came.
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
    /// Where people see it.
    url: Option<Url>,
    /// One line.
    subject: Option<String>,
    /// As its system calls it, in lower case.
    status: Option<String>,
}

impl From<&ticket::Model> for ClientTicket {
    fn from(row: &ticket::Model) -> Self {
        let ticket::Model { external_id, url, subject, status, .. } = row.clone();
        Self { external_id, url: url.map(Url), subject, status }
    }
}

/// A line of the client board.
pub struct ClientBoardRow(Row);

/// A line of the client board: an affected client, and when they were and must be told.
#[Object]
impl ClientBoardRow {
    /// The client.
    async fn client(&self) -> Client {
        Client(Arc::new(self.0.client.clone()))
    }
    /// Since when they are marked affected.
    async fn since(&self) -> DateTime<Utc> {
        self.0.affected.since
    }
    /// How they are affected.
    async fn note(&self) -> Option<&str> {
        self.0.affected.note.as_deref()
    }
    /// Who is told there, senior ones first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn contacts(&self) -> Vec<Contact> {
        self.0.contacts.iter().cloned().map(Contact).collect()
    }
    /// Their tickets about it.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn tickets(&self) -> Vec<ClientTicket> {
        self.0.tickets.iter().map(ClientTicket::from).collect()
    }
    /// How many updates went to them.
    async fn told_count(&self) -> usize {
        self.0.told_count
    }
    /// When the newest of them was sent.
    async fn last_told_at(&self) -> Option<DateTime<Utc>> {
        self.0.told.map(|told| told.at)
    }
    /// The newest of them.
    async fn last_update(&self, gql: &Context<'_>) -> ApiResult<Option<ClientUpdate>> {
        let Some(Told { update, .. }) = self.0.told else { return Ok(None) };
        Ok(loaders(gql).client_update.get(update).await?.map(ClientUpdate))
    }
    /// How far that came.
    async fn last_outcome(&self) -> Option<ClientOutcomeState> {
        self.0.told.map(|told| told.outcome.into())
    }
    /// When they must be told next: past, when that is late. Empty once the incident is over.
    async fn next_due_at(&self) -> Option<DateTime<Utc>> {
        self.0.next.map(|next| next.due_at)
    }
    /// UPCOMING, DUE or OVERDUE. Empty once the incident is over.
    async fn next_state(&self) -> Option<StepState> {
        self.0.next.map(|next| domain::incident::StepState::Open(next.state).into())
    }
    /// Both in words, such as `Last update 35 min ago; next in 25 min.`
    async fn standing(&self) -> &str {
        &self.0.standing
    }
}

/// The part of an incident that is about its clients.
pub struct IncidentClients(pub Arc<entity::incident::Model>);

/// The part of an incident that is about its clients.
#[Object]
impl IncidentClients {
    /// What affected clients were told, and drafts, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn client_updates(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientUpdate>> {
        let rows = loaders(gql).client_updates.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ClientUpdate::from).collect())
    }
    /// Affected clients and when they must be told, those first that have been affected longest.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn client_board(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientBoardRow>> {
        let rows = loaders(gql).client_board.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ClientBoardRow).collect())
    }
    /// The text that is proposed for an update now: the playbook's words with what is known, to be put into one's own. For responders.
    #[graphql(complexity = "10")]
    async fn client_update_draft(&self, gql: &Context<'_>) -> ApiResult<String> {
        Ok(proposal::draft_text(ctx(gql), self.0.id).await?)
    }
}

/// An update to clients, to be sent at once.
#[derive(InputObject)]
pub struct SendClientUpdateInput {
    /// About which incident.
    incident_id: ID,
    /// Plain text.
    body: String,
    /// To which of the affected clients; left out, to all of them.
    client_ids: Option<Vec<ID>>,
    /// The same key again gives the same update, and nobody is told twice.
    idempotency_key: Option<String>,
}

/// An update to clients, to be kept.
#[derive(InputObject)]
pub struct DraftClientUpdateInput {
    /// About which incident.
    incident_id: ID,
    /// Plain text.
    body: String,
    /// For which of the affected clients; left out, for all that are affected when it is sent.
    client_ids: Option<Vec<ID>>,
}

/// Another text of a draft, and other clients.
#[derive(InputObject)]
pub struct EditClientUpdateInput {
    /// Which.
    client_update_id: ID,
    /// Plain text.
    body: String,
    /// For which of the affected clients from now on; left out, for all that are affected when it is sent.
    client_ids: Option<Vec<ID>>,
}

/// A draft that one has read.
#[derive(InputObject)]
pub struct ApproveClientUpdateInput {
    /// Which.
    client_update_id: ID,
    /// What to say.
    note: Option<String>,
}

/// A draft to throw away.
#[derive(InputObject)]
pub struct DiscardClientUpdateInput {
    /// Which.
    client_update_id: ID,
}

/// A draft to send.
#[derive(InputObject)]
pub struct SendDraftedClientUpdateInput {
    /// Which.
    client_update_id: ID,
}

/// An update that did not reach everybody.
#[derive(InputObject)]
pub struct RetryClientUpdateInput {
    /// Which.
    client_update_id: ID,
}

/// An update to clients and its incident after a change.
#[derive(SimpleObject)]
pub struct ClientUpdatePayload {
    /// The update.
    client_update: ClientUpdate,
    /// The incident, with its new version.
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
#[derive(Default)]
pub struct ClientMutation;

/// Mutations that tell clients.
#[Object]
impl ClientMutation {
    /// Tells affected clients: by a public reply on their open tickets, else by e-mail to their contacts. Linked tickets of nobody known have a
    /// reply as well, when all are told. Restarts the hour.
    async fn send_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What, to whom.")] input: SendClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let compose = composed(&input.incident_id, input.body, input.client_ids.as_deref())?;
        Ok(Box::pin(update::send(ctx(gql), &compose, input.idempotency_key.as_deref())).await?.into())
    }

    /// Keeps an update to clients, for later or for somebody else to read.
    async fn draft_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What, for whom.")] input: DraftClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let compose = composed(&input.incident_id, input.body, input.client_ids.as_deref())?;
        Ok(Box::pin(update::draft(ctx(gql), &compose)).await?.into())
    }

    /// Writes a draft anew; an approval of the old words ends.
    async fn edit_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which, and what it says.")] input: EditClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let clients: Option<Vec<entity::ClientId>> = input.client_ids.map(|clients| ids("clientIds", &clients)).transpose()?;
        let which = id("clientUpdateId", &input.client_update_id)?;
        Ok(Box::pin(update::edit(ctx(gql), which, &input.body, clients.as_deref())).await?.into())
    }

    /// Says that one has read a draft of somebody else and found it right.
    async fn approve_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: ApproveClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        let which = id("clientUpdateId", &input.client_update_id)?;
        Ok(Box::pin(update::approve(ctx(gql), which, input.note.as_deref())).await?.into())
    }

    /// Throws a draft away.
    async fn discard_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: DiscardClientUpdateInput,
    ) -> ApiResult<IncidentPayload> {
        Ok(Box::pin(update::discard(ctx(gql), id("clientUpdateId", &input.client_update_id)?)).await?.into())
    }

    /// Sends a draft to those of its clients who are affected now. Again, it tells nobody anything.
    async fn send_drafted_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: SendDraftedClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        Ok(Box::pin(update::send_draft(ctx(gql), id("clientUpdateId", &input.client_update_id)?)).await?.into())
    }

    /// Has what failed of an update tried again now; what arrived is not repeated.
    async fn retry_client_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RetryClientUpdateInput,
    ) -> ApiResult<ClientUpdatePayload> {
        Ok(Box::pin(update::retry(ctx(gql), id("clientUpdateId", &input.client_update_id)?)).await?.into())
    }
}
