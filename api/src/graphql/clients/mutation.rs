//! Telling clients.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use domain::clients::update::{self, Compose};

use super::row::ClientUpdate;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, IncidentPayload};
use crate::graphql::scalars::{id, ids};

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
