//! Live subscriptions: thin views of `crate::live`.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object, Subscription};
use domain::Error;
use domain::cursor::Cursor;
use domain::people::access;
use domain::people::secrets::Secret;
use entity::{EventId, IncidentId};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::context::{ctx, loaders};
use super::error::{ApiError, ApiResult};
use super::incident::{Incident, IncidentFilter, incident_if_visible};
use super::live_turn::LiveTurn;
use super::scalars::id;
use super::timeline::{TimelineEdge, TimelineEvent};
use crate::live::{Hint, Hub, What};

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

    /// Says what may have changed beside new events, so that a page which shows it looks again: deliveries, stars, events that were redacted, and
    /// who is on call. Hints are told a few times a second at most; one may come twice or, if a server dies, get lost.
    async fn changes(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only of these kinds; all if omitted.")] kinds: Option<Vec<ChangeKind>>,
    ) -> Result<BoxStream<'static, Result<Change, ApiError>>, ApiError> {
        let ctx = ctx(gql).clone();
        let hints = hub(gql).hints(ctx.clone());
        let secret = gql.data_unchecked::<Secret>().clone();
        let seen = hints.try_filter_map(move |hint| {
            let (ctx, secret) = (ctx.clone(), secret.clone());
            async move {
                // The token may have been revoked since the subscription began.
                let actor = access::authenticate(&ctx, &secret).await?;
                Ok(hint.visible_to(&actor).then_some(hint))
            }
        });
        let changes = seen.map_ok(move |hint| {
            let wanted = Change::of(&hint).into_iter().filter(|change| kinds.as_ref().is_none_or(|kinds| kinds.contains(&change.kind)));
            stream::iter(wanted.map(Ok).collect::<Vec<domain::Result<Change>>>())
        });
        Ok(in_turn(turn(gql), until_error(changes.try_flatten())).boxed())
    }
}

/// A kind of change that is told beside new events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChangeKind {
    /// Deliveries were ordered, attempted, or settled by hand. For responders.
    Deliveries,
    /// An event was starred, or is no longer.
    Stars,
    /// What an event said was taken out: show it no longer.
    Redactions,
    /// Who is on call changed, now or later; not told when a shift begins as planned.
    OnCall,
}

/// What may have changed.
#[derive(Description)]
pub struct Change {
    kind: ChangeKind,
    incident: Option<IncidentId>,
    event: Option<EventId>,
}

impl Change {
    fn of(hint: &Hint) -> Vec<Self> {
        let change = |kind| Self { kind, incident: hint.incident(), event: None };
        match hint.what {
            What::Deliveries(_) => vec![change(ChangeKind::Deliveries)],
            What::Star(event) => vec![Self { event: Some(event), ..change(ChangeKind::Stars) }],
            What::Redacted(event) => vec![Self { event: Some(event), ..change(ChangeKind::Redactions) }],
            What::OnCall => vec![change(ChangeKind::OnCall)],
            What::Everything => [ChangeKind::Deliveries, ChangeKind::Stars, ChangeKind::Redactions, ChangeKind::OnCall].map(change).into(),
        }
    }
}

#[Object(use_type_description)]
impl Change {
    /// The kind.
    async fn kind(&self) -> ChangeKind {
        self.kind
    }
    /// Of which incident; null for what belongs to none, and if hints got lost: then it may be any.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        incident_if_visible(gql, self.incident).await
    }
    /// The event that was starred, or redacted.
    async fn event(&self, gql: &Context<'_>) -> ApiResult<Option<TimelineEvent>> {
        let Some(id) = self.event else { return Ok(None) };
        Ok(loaders(gql).event.get(id).await?.map(TimelineEvent::from))
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
