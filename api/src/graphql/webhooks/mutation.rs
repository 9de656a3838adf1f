//! Saying where events are posted to, and posting them again.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::validate::Edit;
use domain::webhooks::{self, AddEndpoint, Replay, UpdateEndpoint};
use entity::{Visibility, webhook_endpoint};

use super::row::{WebhookEndpoint, WebhookMessage};
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{Severity, Url, id, ids, optional_id};

/// An endpoint to add or change. When changing, omitted fields keep their value, and null removes what may be missing.
#[derive(InputObject)]
pub struct SaveWebhookEndpointInput {
    /// The endpoint to change; omit it to add a new one.
    id: Option<ID>,
    /// What people call it. Required for a new one.
    name: Option<String>,
    /// Where events are posted to, at one of `webhookHosts`. Required for a new one.
    url: Option<Url>,
    /// Which types of events, by name (`webhookEventTypes` has them) or as groups such as `incident.*`; null for all.
    types: MaybeUndefined<Vec<String>>,
    /// Only events of incidents that are at least this bad; null for all.
    least_severity: MaybeUndefined<Severity>,
    /// Whether events of restricted incidents are posted as well: what is theirs then leaves Muster. False for a new one.
    includes_restricted: Option<bool>,
}

/// An endpoint that gets another secret.
#[derive(InputObject)]
pub struct RotateWebhookSecretInput {
    /// The endpoint.
    endpoint_id: ID,
}

/// An endpoint to which nothing is to be posted for a while.
#[derive(InputObject)]
pub struct DisableWebhookEndpointInput {
    /// The endpoint.
    endpoint_id: ID,
}

/// An endpoint to which events are to be posted again.
#[derive(InputObject)]
pub struct EnableWebhookEndpointInput {
    /// The endpoint.
    endpoint_id: ID,
}

/// An endpoint to remove.
#[derive(InputObject)]
pub struct RemoveWebhookEndpointInput {
    /// The endpoint.
    endpoint_id: ID,
}

/// Messages to post again: some, or all that failed in a time.
#[derive(InputObject)]
pub struct ReplayWebhookMessagesInput {
    /// The endpoint.
    endpoint_id: ID,
    /// These, at most 100, whatever became of them.
    message_ids: Option<Vec<ID>>,
    /// All that were given up and are not older than this.
    failed_since: Option<DateTime<Utc>>,
}

/// An endpoint to try.
#[derive(InputObject)]
pub struct TestWebhookEndpointInput {
    /// The endpoint.
    endpoint_id: ID,
}

/// The added or changed endpoint.
#[derive(SimpleObject)]
pub struct SaveWebhookEndpointPayload {
    /// The endpoint.
    endpoint: WebhookEndpoint,
    /// What its messages are signed with, for its receiver: shown once, and only for a new one.
    secret: Option<String>,
}

/// An endpoint with another secret.
#[derive(SimpleObject)]
pub struct RotateWebhookSecretPayload {
    /// The endpoint.
    endpoint: WebhookEndpoint,
    /// What its messages are signed with from now on: shown once. For a day, they are signed with the old one as well.
    secret: String,
}

/// The disabled endpoint.
#[derive(SimpleObject)]
pub struct DisableWebhookEndpointPayload {
    /// The endpoint.
    endpoint: WebhookEndpoint,
}

/// The enabled endpoint.
#[derive(SimpleObject)]
pub struct EnableWebhookEndpointPayload {
    /// The endpoint.
    endpoint: WebhookEndpoint,
}

/// An endpoint that is no more.
#[derive(SimpleObject)]
pub struct RemoveWebhookEndpointPayload {
    /// Its id, which is nobody's any more.
    endpoint_id: ID,
}

/// What is posted again.
#[derive(SimpleObject)]
pub struct ReplayWebhookMessagesPayload {
    /// The endpoint.
    endpoint: WebhookEndpoint,
    /// How many messages. Of very many, some are left: replay once more when these are done.
    replayed: i32,
}

/// A test that is being posted.
#[derive(SimpleObject)]
pub struct TestWebhookEndpointPayload {
    /// The message. Its state says what came of it.
    message: WebhookMessage,
}

/// Mutations about where events are posted to.
#[derive(Default, Description)]
pub struct WebhookMutation;

#[Object(use_type_description)]
impl WebhookMutation {
    /// Adds an endpoint that events are posted to, or changes one. For administrators.
    async fn save_webhook_endpoint(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Where, and which events.")] input: SaveWebhookEndpointInput,
    ) -> ApiResult<SaveWebhookEndpointPayload> {
        let least_severity: Edit<entity::Severity> = input.least_severity.map_value(entity::Severity::from).into();
        let types: Edit<Vec<String>> = input.types.into();
        let (name, url) = (input.name, input.url.map(|url| url.0));
        if let Some(id) = optional_id("id", input.id.as_ref())? {
            let update = UpdateEndpoint { name, url, types, least_severity, reach: input.includes_restricted.map(reach) };
            return Ok(SaveWebhookEndpointPayload { endpoint: endpoint(webhooks::update(ctx(gql), id, update).await?), secret: None });
        }
        let add = AddEndpoint {
            name: name.unwrap_or_default(),
            url: url.unwrap_or_default(),
            types: types.flatten(),
            least_severity: least_severity.flatten(),
            reach: reach(input.includes_restricted.unwrap_or(false)),
        };
        let (row, secret) = webhooks::add(ctx(gql), add).await?;
        Ok(SaveWebhookEndpointPayload { endpoint: endpoint(row), secret: Some(secret) })
    }

    /// Gives an endpoint another secret. For administrators.
    async fn rotate_webhook_secret(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RotateWebhookSecretInput,
    ) -> ApiResult<RotateWebhookSecretPayload> {
        let (row, secret) = webhooks::rotate(ctx(gql), id("endpointId", &input.endpoint_id)?).await?;
        Ok(RotateWebhookSecretPayload { endpoint: endpoint(row), secret })
    }

    /// Posts nothing to an endpoint any more, until it is enabled. What happens meanwhile is not kept for it. For administrators.
    async fn disable_webhook_endpoint(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: DisableWebhookEndpointInput,
    ) -> ApiResult<DisableWebhookEndpointPayload> {
        let row = webhooks::switch_off(ctx(gql), id("endpointId", &input.endpoint_id)?).await?;
        Ok(DisableWebhookEndpointPayload { endpoint: endpoint(row) })
    }

    /// Posts events to an endpoint again that was disabled. For administrators.
    async fn enable_webhook_endpoint(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: EnableWebhookEndpointInput,
    ) -> ApiResult<EnableWebhookEndpointPayload> {
        let row = webhooks::enable(ctx(gql), id("endpointId", &input.endpoint_id)?).await?;
        Ok(EnableWebhookEndpointPayload { endpoint: endpoint(row) })
    }

    /// Removes an endpoint for good, with what was posted to it. For administrators.
    async fn remove_webhook_endpoint(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RemoveWebhookEndpointInput,
    ) -> ApiResult<RemoveWebhookEndpointPayload> {
        webhooks::remove(ctx(gql), id("endpointId", &input.endpoint_id)?).await?;
        Ok(RemoveWebhookEndpointPayload { endpoint_id: input.endpoint_id })
    }

    /// Posts messages to an endpoint once more, each under its old id and as it was. For administrators.
    async fn replay_webhook_messages(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: ReplayWebhookMessagesInput,
    ) -> ApiResult<ReplayWebhookMessagesPayload> {
        let endpoint_id = id("endpointId", &input.endpoint_id)?;
        let these = input.message_ids.map(|these| ids("messageIds", &these)).transpose()?;
        let what = match (&these, input.failed_since) {
            (Some(these), None) => Replay::These(these),
            (None, Some(since)) => Replay::FailedSince(since),
            (Some(_), Some(_)) | (None, None) => {
                return Err(Error::invalid("messageIds", "Say which messages: give messageIds, or failedSince, and not both.").into());
            }
        };
        let (row, replayed) = webhooks::replay(ctx(gql), endpoint_id, what).await?;
        Ok(ReplayWebhookMessagesPayload { endpoint: endpoint(row), replayed: i32::try_from(replayed).unwrap_or(i32::MAX) })
    }

    /// Posts a test to an endpoint. For administrators.
    async fn test_webhook_endpoint(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: TestWebhookEndpointInput,
    ) -> ApiResult<TestWebhookEndpointPayload> {
        let row = webhooks::test(ctx(gql), id("endpointId", &input.endpoint_id)?).await?;
        Ok(TestWebhookEndpointPayload { message: WebhookMessage(Arc::new(row)) })
    }
}

fn endpoint(row: webhook_endpoint::Model) -> WebhookEndpoint {
    WebhookEndpoint(Arc::new(row))
}

fn reach(includes_restricted: bool) -> Visibility {
    if includes_restricted { Visibility::Restricted } else { Visibility::Open }
}
