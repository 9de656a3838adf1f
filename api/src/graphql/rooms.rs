//! The channel of an incident in the team's chat.

use std::sync::Arc;

use async_graphql::{Context, Description, Object};
use entity::chat_channel;

use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::Url;

/// The channel of an incident in the team's chat.
#[derive(Description)]
pub struct ChatChannel(chat_channel::Model);

#[Object(use_type_description)]
impl ChatChannel {
    /// What it is called, without `#`. Null until it is there.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }
    /// Where people see it. Null until it is there.
    async fn url(&self) -> Option<Url> {
        self.0.url.clone().map(Url)
    }
    /// Whether only its members see it.
    async fn is_private(&self) -> bool {
        self.0.is_private
    }
    /// Whether it is yet to be made: `deliveries` say why if that takes long.
    async fn is_waiting(&self) -> bool {
        self.0.name.is_none()
    }
    /// Whether it is archived.
    async fn is_archived(&self) -> bool {
        self.0.archived_at.is_some()
    }
    /// What is wrong with it, for people.
    async fn problem(&self) -> Option<&str> {
        self.0.problem.as_deref()
    }
}

/// An incident in the team's chat.
#[derive(Description)]
pub struct IncidentChat(pub Arc<entity::incident::Model>);

#[Object(use_type_description)]
impl IncidentChat {
    /// Its channel in the team's chat. Null if it needs none: no chat is connected, or it was not declared.
    async fn channel(&self, gql: &Context<'_>) -> ApiResult<Option<ChatChannel>> {
        if self.0.channel_ordered_at.is_none() {
            return Ok(None);
        }
        let rows = loaders(gql).chat_channels.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.first().cloned().map(ChatChannel))
    }
}
