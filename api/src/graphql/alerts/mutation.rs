//! Taking again what was posted, and deleting it.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use domain::alerts::inbox;

use super::row::AlertPost;
use crate::alert_sources::AlertReader;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::id;

/// What to take again.
#[derive(InputObject)]
pub struct ReceiveAlertPostInput {
    /// What was posted.
    post_id: ID,
}

/// What was taken again.
#[derive(SimpleObject)]
pub struct ReceiveAlertPostPayload {
    /// The post, with what came of it now.
    post: AlertPost,
}

/// What to delete.
#[derive(InputObject)]
pub struct DeleteAlertPostInput {
    /// What was posted.
    post_id: ID,
}

/// A post that is no more.
#[derive(SimpleObject)]
pub struct DeleteAlertPostPayload {
    /// Its id, which is nobody's any more.
    post_id: ID,
}

/// Mutations about what was posted to the hooks of alerts.
#[derive(Default, Description)]
pub struct AlertMutation;

#[Object(use_type_description)]
impl AlertMutation {
    /// Takes what was posted as if it arrived now, by the settings and rules of now: after a mapping was put right, say. Only what is new is
    /// recorded, so doing it twice is harmless; but an old body may tell of what is over since. For administrators.
    async fn receive_alert_post(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: ReceiveAlertPostInput,
    ) -> ApiResult<ReceiveAlertPostPayload> {
        let reader = gql.data_unchecked::<AlertReader>();
        let again = inbox::again(ctx(gql), id("postId", &input.post_id)?, |kept| reader.read(kept));
        Ok(ReceiveAlertPostPayload { post: Box::pin(again).await?.into() })
    }

    /// Deletes what was posted before its time, for good: a body that holds what should not be kept. Its alerts and their incident stay. For
    /// administrators.
    async fn delete_alert_post(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: DeleteAlertPostInput,
    ) -> ApiResult<DeleteAlertPostPayload> {
        inbox::delete(ctx(gql), id("postId", &input.post_id)?).await?;
        Ok(DeleteAlertPostPayload { post_id: input.post_id })
    }
}
