//! The board of affected clients: when each was told, and when they must be told next.

use std::sync::Arc;

use async_graphql::{Context, Description, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::clients::board::{Row, Told};
use entity::ticket;

use super::row::{ClientOutcomeState, ClientUpdate};
use crate::graphql::catalogue::{Client, Contact, contacts_of};
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::Url;
use crate::graphql::steps::StepState;

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
pub struct ClientBoardRow(pub Row);

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
    async fn contacts(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        contacts_of(gql, self.0.client.id).await
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
