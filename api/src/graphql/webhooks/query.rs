//! Reading where events are posted to.

use std::sync::Arc;

use async_graphql::{Context, Description, Object, SimpleObject};
use domain::webhooks;
use domain::webhooks::event_type::EventType;

use super::row::WebhookEndpoint;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;

/// A type of events that endpoints can choose.
#[derive(SimpleObject)]
pub struct WebhookEventType {
    /// E.g. `incident.declared`. What is before the dot is its group: `incident.*` chooses all of it.
    name: &'static str,
    /// What happened.
    about: &'static str,
}

impl From<EventType> for WebhookEventType {
    fn from(of: EventType) -> Self {
        Self { name: of.name(), about: of.about() }
    }
}

/// Queries about where events are posted to.
#[derive(Default, Description)]
pub struct WebhookQuery;

#[Object(use_type_description)]
impl WebhookQuery {
    /// Where events are posted to, oldest first. For administrators.
    #[graphql(complexity = "domain::limits::WEBHOOK_ENDPOINTS * child_complexity")]
    async fn webhook_endpoints(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<WebhookEndpoint>>> {
        let rows = webhooks::endpoints(ctx(gql)).await?;
        Ok(Some(rows.into_iter().map(|row| WebhookEndpoint(Arc::new(row))).collect()))
    }

    /// The hosts that endpoints may be at, e.g. `hooks.example.org` or `*.example.net`; none as long as the settings name none. For
    /// administrators.
    async fn webhook_hosts(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<String>>> {
        Ok(Some(webhooks::hosts(ctx(gql))?))
    }

    /// The types of events that endpoints can choose. For administrators.
    async fn webhook_event_types(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<WebhookEventType>>> {
        Ok(Some(webhooks::event_types(ctx(gql))?.map(Into::into).collect()))
    }
}
