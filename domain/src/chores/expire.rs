//! Deletes what neither the record nor a running incident needs any more. A portion a statement, found by an index, so that no lock is held
//! for long; what was deleted stays deleted if it is cut off.

use entity::{
    DeliveryState, IncidentId, IncidentStatus, Operation, alert, alert_post, api_token, chat_arrival, chat_link, delivery, hook_event,
    idempotency_key, incident, page, passkey_attempt, role_offer, session, sign_in_link, webhook_endpoint, webhook_message,
};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, Iterable, PrimaryKeyToColumn, QueryFilter, Set};

use super::walk;
use crate::alerts::inbox;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::{files, limits};

/// Rows that one statement deletes: some milliseconds.
const PORTION: u64 = 500;

/// Name of the watermark: reminders of incidents before it are gone.
const REMINDED: &str = "expire-reminders";

/// States in which nothing more happens to a delivery unless a person wants it.
const OVER: [DeliveryState; 4] = [DeliveryState::Delivered, DeliveryState::DoneByHand, DeliveryState::Cancelled, DeliveryState::Failed];

/// Statuses in which an incident needs nobody.
const ENDED: [IncidentStatus; 3] = [IncidentStatus::Closed, IncidentStatus::Declined, IncidentStatus::Merged];

pub(super) async fn expire(ctx: &Ctx) -> Result<()> {
    let (now, kept) = (ctx.now(), ctx.config.retention);
    delete::<idempotency_key::Entity>(ctx, idempotency_key::Column::ExpiresAt.lte(now)).await?;
    delete::<hook_event::Entity>(ctx, hook_event::Column::ReceivedAt.lte(now - limits::HOOK_EVENT_KEPT)).await?;
    delete::<chat_arrival::Entity>(ctx, chat_arrival::Column::ArrivedAt.lte(now - limits::CHAT_ARRIVAL_KEPT)).await?;
    delete::<chat_link::Entity>(ctx, chat_link::Column::ExpiresAt.lte(now)).await?;
    delete::<session::Entity>(ctx, session::Column::ExpiresAt.lte(now)).await?;
    delete::<sign_in_link::Entity>(ctx, sign_in_link::Column::ExpiresAt.lte(now)).await?;
    delete::<passkey_attempt::Entity>(ctx, passkey_attempt::Column::ExpiresAt.lte(now)).await?;
    delete::<api_token::Entity>(ctx, api_token::Column::ExpiresAt.lte(now - kept.tokens)).await?;
    delete::<api_token::Entity>(ctx, api_token::Column::RevokedAt.lte(now - kept.tokens)).await?;
    let reported_nothing = alert::Column::IncidentId.is_null().and(alert::Column::Firing.eq(false));
    delete::<alert::Entity>(ctx, reported_nothing.and(alert::Column::ReceivedAt.lte(now - kept.alerts))).await?;
    delete::<alert_post::Entity>(ctx, alert_post::Column::ReceivedAt.lte(now - limits::ALERT_POSTS_KEPT)).await?;
    inbox::make_room(ctx).await?;
    let of_no_incident = delivery::Column::IncidentId.is_null().and(delivery::Column::State.is_in(OVER));
    delete::<delivery::Entity>(ctx, of_no_incident.and(delivery::Column::CreatedAt.lte(now - kept.deliveries))).await?;
    delete::<webhook_message::Entity>(ctx, webhook_message::Column::CreatedAt.lte(now - limits::WEBHOOK_MESSAGES_KEPT)).await?;
    let endpoints = Query::select().column(webhook_endpoint::Column::Id).from(webhook_endpoint::Entity).to_owned();
    delete::<webhook_message::Entity>(ctx, webhook_message::Column::EndpointId.not_in_subquery(endpoints)).await?;
    forget_reminders(ctx).await?;
    forget_secrets(ctx).await?;
    files::forget(ctx).await
}

/// Deletes reminders of incidents that ended and have been left alone since. What else was sent in an incident is part of its record: pages,
/// the duty to tell and updates to clients are read from their deliveries.
async fn forget_reminders(ctx: &Ctx) -> Result<()> {
    let before = ctx.now() - ctx.config.retention.deliveries;
    loop {
        let quiet = walk::changed(ctx, REMINDED, before).await?;
        let Some((last, changed_at)) = quiet.last().copied() else { return Ok(()) };
        let these: Vec<IncidentId> = quiet.into_iter().map(|(incident, _)| incident).collect();
        let ended = Query::select()
            .column(incident::Column::Id)
            .from(incident::Entity)
            .and_where(incident::Column::Id.is_in(these).and(incident::Column::Status.is_in(ENDED)))
            .to_owned();
        // One that failed is a person's to deal with.
        let over = delivery::Column::State.is_in(OVER).and(delivery::Column::State.ne(DeliveryState::Failed));
        let reminders = delivery::Column::IncidentId.in_subquery(ended).and(delivery::Column::Operation.eq(Operation::Remind));
        delete::<delivery::Entity>(ctx, reminders.and(over)).await?;
        walk::reached(ctx, REMINDED, changed_at, last).await?;
    }
}

/// Forgets the secrets of links whose messages never left.
async fn forget_secrets(ctx: &Ctx) -> Result<()> {
    let long_ago = ctx.now() - limits::PAGE_SECRET_KEPT;
    let forgotten = page::ActiveModel { secret: Set(None), ..Default::default() };
    let old = page::Column::Secret.is_not_null().and(page::Column::PagedAt.lte(long_ago));
    page::Entity::update_many().set(forgotten).filter(old).exec(ctx.db.write()).await?;
    let forgotten = role_offer::ActiveModel { secret: Set(None), ..Default::default() };
    let old = role_offer::Column::Secret.is_not_null().and(role_offer::Column::OfferedAt.lte(long_ago));
    role_offer::Entity::update_many().set(forgotten).filter(old).exec(ctx.db.write()).await?;
    Ok(())
}

/// Deletes the rows that pass `filter`.
async fn delete<E: EntityTrait>(ctx: &Ctx, filter: Expr) -> Result<()> {
    let keys = || E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    loop {
        let portion = Query::select().columns(keys()).from(E::default()).and_where(filter.clone()).limit(PORTION).to_owned();
        let these = Expr::tuple(keys().map(Expr::col)).in_subquery(portion);
        if E::delete_many().filter(these).exec(ctx.db.write()).await?.rows_affected < PORTION {
            return Ok(());
        }
    }
}
