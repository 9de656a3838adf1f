//! What updates to clients look like, and what an incident shows of its clients.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::clients::progress::{self, ClientOutcome};
use domain::clients::proposal;
use entity::client_update;
use futures_util::future::try_join_all;

use super::board::ClientBoardRow;
use super::row::{ClientOutcomeState, ClientUpdate, ClientUpdateState};
use crate::graphql::catalogue::{Client, Contact, client, contacts_of};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::delivery::Delivery;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};

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
        client(gql, self.outcome.client).await
    }
    /// How far it got.
    async fn state(&self) -> ClientOutcomeState {
        self.outcome.outcome.into()
    }
    /// What carries it to them: a reply on each open ticket, or an e-mail to each contact. For responders.
    #[graphql(complexity = "1 + 3 * child_complexity")]
    async fn deliveries(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<Delivery>>> {
        let rows = loaders(gql).update_deliveries.get(self.update.id).await?.unwrap_or_default();
        let to_them = rows.iter().filter(|row| row.client_id == self.outcome.client);
        Ok(Some(to_them.cloned().map(|row| Delivery(Arc::new(row))).collect()))
    }
}

/// The client-facing side of an incident.
#[derive(Description)]
pub struct IncidentClients(pub Incident);

#[Object(use_type_description)]
impl IncidentClients {
    /// Updates to affected clients, including drafts, oldest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn client_updates(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientUpdate>> {
        let rows = loaders(gql).client_updates.get(self.0.read_as()).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ClientUpdate::from).collect())
    }
    /// Affected clients and when they must be told, longest affected first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn client_board(&self, gql: &Context<'_>) -> ApiResult<Vec<ClientBoardRow>> {
        let rows = loaders(gql).client_board.get(self.0.row()).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(ClientBoardRow).collect())
    }
    /// A proposed text for an update now: the playbook's template filled in with what is known, to put into your own words. For responders.
    #[graphql(complexity = "10")]
    async fn client_update_draft(&self, gql: &Context<'_>) -> ApiResult<Option<String>> {
        Ok(Some(proposal::draft_text(ctx(gql), self.0.0.id).await?))
    }
}
