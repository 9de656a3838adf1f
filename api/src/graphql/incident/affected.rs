//! The clients that an incident affects.

use std::sync::Arc;

use async_graphql::{Context, Description, Object};
use chrono::{DateTime, Utc};
use domain::clients::board;
use entity::{client, incident_client};

use crate::graphql::catalogue::{Client, Contact, contacts_of};
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::Incident;

/// A client that an incident affects.
#[derive(Description)]
pub struct AffectedClient {
    pub(super) incident: Incident,
    pub(super) row: incident_client::Model,
    pub(super) client: Arc<client::Model>,
}

impl AffectedClient {
    async fn on_board(&self, gql: &Context<'_>) -> ApiResult<Option<board::Row>> {
        let rows = loaders(gql).client_board.get(self.incident.row()).await?.unwrap_or_default();
        Ok(rows.iter().find(|row| row.client.id == self.client.id).cloned())
    }
}

#[Object(use_type_description)]
impl AffectedClient {
    /// The client.
    async fn client(&self) -> Client {
        Client(self.client.clone())
    }
    /// When it was marked affected.
    async fn since(&self) -> DateTime<Utc> {
        self.row.since
    }
    /// How it is affected.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
    /// The people to tell there, senior ones first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn contacts(&self, gql: &Context<'_>) -> ApiResult<Vec<Contact>> {
        contacts_of(gql, self.client.id).await
    }
    /// When they were last told.
    async fn last_updated_at(&self, gql: &Context<'_>) -> ApiResult<Option<DateTime<Utc>>> {
        Ok(self.on_board(gql).await?.and_then(|row| row.told).map(|told| told.at))
    }
    /// When they must be told next; in the past if that is late.
    async fn next_update_due_at(&self, gql: &Context<'_>) -> ApiResult<Option<DateTime<Utc>>> {
        Ok(self.on_board(gql).await?.and_then(|row| row.next).map(|next| next.due_at))
    }
}
