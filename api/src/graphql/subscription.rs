//! Live subscriptions: thin views of `crate::live`.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Subscription};
use domain::Error;
use domain::cursor::Cursor;
use domain::people::access;
use domain::people::secrets::Secret;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};

use super::context::ctx;
use super::error::ApiError;
use super::incident::{Incident, IncidentFilter};
use super::live_turn::LiveTurn;
use super::scalars::id;
use super::timeline::{TimelineEdge, TimelineEvent};
use crate::live::Hub;

/// What happens, as it happens.
#[derive(Default, Description)]
pub struct LiveSubscription;

#[Subscription(use_type_description, name = "Subscription")]
impl LiveSubscription {
    /// Every event of one incident in order: those after cursor `after` (all if omitted), then live ones. Nothing is
    /// skipped or repeated, even across a reconnect.
    async fn timeline(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The incident.")] incident_id: ID,
        #[graphql(desc = "The cursor of the last event you have.")] after: Option<String>,
    ) -> Result<BoxStream<'static, Result<TimelineEdge, ApiError>>, ApiError> {
        let ctx = ctx(gql).clone();
        let wrong = || Error::invalid("after", "after is not a timeline cursor: take one from an edge.");
        let sequence = after.as_deref().map(|after| i32::decode(after).ok_or_else(wrong)).transpose()?.unwrap_or(0);
        let events = hub(gql).timeline(&ctx, id("incidentId", &incident_id)?, sequence).await?;
        let secret = gql.data_unchecked::<Secret>().clone();
        let seen = events.and_then(move |event| {
            let (ctx, secret) = (ctx.clone(), secret.clone());
            async move {
                // The token may have been revoked since the subscription began.
                let actor = access::authenticate(&ctx, &secret).await?;
                if !event.visible_to(&actor) {
                    return Err(Error::NotFound("incident"));
                }
                event.record_sight(&ctx).await?;
                Ok(TimelineEdge::from(TimelineEvent::from(event)))
            }
        });
        Ok(in_turn(turn(gql), until_error(seen)).boxed())
    }

    /// Sent each time an incident that you may see is created or changed, if it passes the filter after the change: what a board
    /// needs. To notice that an incident leaves a board of live incidents, do not filter by status.
    async fn incident_changed(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which incidents.")] filter: Option<IncidentFilter>,
    ) -> Result<BoxStream<'static, Result<Incident, ApiError>>, ApiError> {
        let ctx = ctx(gql).clone();
        let changes = hub(gql).incidents(ctx.clone(), filter.unwrap_or_default().read()?);
        let secret = gql.data_unchecked::<Secret>().clone();
        let seen = changes.try_filter_map(move |change| {
            let (ctx, secret) = (ctx.clone(), secret.clone());
            async move {
                // The token may have been revoked since the subscription began.
                let actor = access::authenticate(&ctx, &secret).await?;
                if !change.visible_to(&actor) {
                    return Ok(None);
                }
                match change.record_sight(&ctx).await {
                    Ok(()) => Ok(Some(Incident(change.incident.clone()))),
                    // The board goes on without it.
                    Err(error @ Error::Unrecorded { .. }) => {
                        error.log("a change of a restricted incident was not shown");
                        Ok(None)
                    }
                    Err(error) => Err(error),
                }
            }
        });
        Ok(in_turn(turn(gql), until_error(seen)).boxed())
    }
}

fn hub<'a>(gql: &Context<'a>) -> &'a Arc<Hub> {
    gql.data_unchecked::<Arc<Hub>>()
}

fn turn(gql: &Context<'_>) -> LiveTurn {
    gql.data_unchecked::<LiveTurn>().clone()
}

/// Lets an event through when its fields may be resolved.
fn in_turn<T>(turn: LiveTurn, events: impl Stream<Item = T>) -> impl Stream<Item = T> {
    events.then(move |event| {
        let turn = turn.clone();
        async move {
            turn.take().await;
            event
        }
    })
}

/// The stream up to and including its first error.
fn until_error<T>(stream: impl Stream<Item = domain::Result<T>>) -> impl Stream<Item = Result<T, ApiError>> {
    let mut ended = false;
    let whole = stream.map_err(ApiError::from);
    whole.take_while(move |item| {
        let go_on = !ended;
        ended = item.is_err();
        std::future::ready(go_on)
    })
}
