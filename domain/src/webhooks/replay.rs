//! Posting again what was posted, and trying an endpoint. For administrators.

use entity::webhook_message::Column;
use entity::{AuditAction, Timestamp, WebhookEndpointId, WebhookMessageId, WebhookMessageState, webhook_endpoint, webhook_message};
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, Order, PaginatorTrait, QueryFilter, Set};
use serde_json::json;

use super::event_type::EventType;
use super::manage::rules;
use super::message;
use super::query::find;
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::{limits, validate};

/// The states from which a message can be posted again.
const OVER: [WebhookMessageState; 3] = [WebhookMessageState::Delivered, WebhookMessageState::Failed, WebhookMessageState::Cancelled];

/// What to post again.
#[derive(Clone, Copy, Debug)]
pub enum Replay<'a> {
    /// These, whatever became of them; those that wait anyway are left alone.
    These(&'a [WebhookMessageId]),
    /// All that were given up and are not older than this.
    FailedSince(Timestamp),
}

/// Posts messages to an endpoint once more, each under its old id and with what it said then; as if for the first time, so ten attempts are
/// made again. Returns how many; of very many, some are left for another call. What is restricted by now stays here.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if the endpoint is disabled, or very much waits for it already.
pub async fn replay(ctx: &Ctx, id: WebhookEndpointId, what: Replay<'_>) -> Result<(webhook_endpoint::Model, u64)> {
    ctx.require(Right::Administer)?;
    let endpoint = usable(ctx, id).await?;
    let of_endpoint = Column::EndpointId.eq(id);
    let (these, asked) = match what {
        Replay::These(ids) => {
            let ids = validate::list("messageIds", ids)?;
            if ids.is_empty() {
                return Err(Error::invalid("messageIds", "messageIds must not be empty."));
            }
            (Column::Id.is_in(ids.iter().copied()).and(Column::State.is_in(OVER)), json!({ "name": endpoint.name, "messages": ids.len() }))
        }
        Replay::FailedSince(since) => {
            let room = room(ctx, id).await?;
            let oldest = Query::select()
                .column(Column::Id)
                .from(webhook_message::Entity)
                .and_where(of_endpoint.clone())
                .and_where(Column::State.eq(WebhookMessageState::Failed))
                .and_where(Column::CreatedAt.gte(validate::storable(since)))
                .order_by(Column::Id, Order::Asc)
                .limit(room)
                .to_owned();
            (Column::Id.in_subquery(oldest), json!({ "name": endpoint.name, "failedSince": since }))
        }
    };
    let queued = webhook_message::ActiveModel {
        state: Set(WebhookMessageState::Queued),
        attempts: Set(0),
        next_attempt_at: Set(Some(ctx.now())),
        ended_at: Set(None),
        ..Default::default()
    };
    let tx = ctx.db.begin().await?;
    let replayed = webhook_message::Entity::update_many().set(queued).filter(of_endpoint).filter(these).exec(&tx).await?.rows_affected;
    if replayed > 0 {
        audit::append(ctx, &tx, vec![Entry::new(AuditAction::WebhookReplayed).about(id).details(asked)]).await?;
    }
    tx.commit().await?;
    ctx.posts.ring();
    Ok((endpoint, replayed))
}

/// Posts a test to an endpoint, as any other message. It is sent whatever the endpoint wants.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if the endpoint is disabled.
pub async fn test(ctx: &Ctx, id: WebhookEndpointId) -> Result<webhook_message::Model> {
    ctx.require(Right::Administer)?;
    let endpoint = usable(ctx, id).await?;
    let now = ctx.now();
    let row = message::row(ctx, id, EventType::Test, message::of_test(id, &endpoint.name, now), now);
    webhook_message::Entity::insert(row.clone().into_active_model()).exec_without_returning(ctx.db.write()).await?;
    ctx.posts.ring();
    Ok(row)
}

/// How many more messages may wait for the endpoint because of a replay: too many would have it disabled.
async fn room(ctx: &Ctx, id: WebhookEndpointId) -> Result<u64> {
    let waiting = webhook_message::Entity::find().filter(Column::EndpointId.eq(id)).filter(Column::NextAttemptAt.is_not_null());
    let waiting = waiting.count(ctx.db.read()).await?;
    if waiting >= limits::WEBHOOK_REPLAYED {
        return Err(Error::precondition(format!(
            "{waiting} messages wait for this endpoint already: replay those that failed once it has taken most of these."
        )));
    }
    Ok(limits::WEBHOOK_REPLAYED - waiting)
}

async fn usable(ctx: &Ctx, id: WebhookEndpointId) -> Result<webhook_endpoint::Model> {
    rules(ctx)?;
    let endpoint = find(ctx, id).await?;
    if endpoint.disabled_at.is_some() {
        return Err(Error::precondition("Nothing is posted to this endpoint, because it is disabled: enable it first."));
    }
    Ok(endpoint)
}
