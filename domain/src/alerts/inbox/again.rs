//! Taking again what was posted, as if it arrived now: after a mapping was put right, or when a sender does not send again by itself.
//!
//! It is harmless to do so twice, because alerts are: only what is new about them is recorded. An old body may tell of what is over since,
//! though, so it is for a person to decide.

use entity::{AlertPostId, AlertPostOutcome, Source, alert_post};
use sea_orm::{DbErr, EntityTrait, Set};

use super::post::number;
use super::query::{Kept, kept};
use crate::alerts::{Alarms, receive_all};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Takes a kept body as if it had arrived now; `read` says what it means. The alerts are Muster's doing, as when they arrive by themselves; who
/// wanted it is kept with the post.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`, `FAILED_PRECONDITION` if it can't be read.
pub async fn again(ctx: &Ctx, id: AlertPostId, read: impl FnOnce(&Kept) -> Result<Vec<Alarms>, String>) -> Result<alert_post::Model> {
    ctx.require(Right::Administer)?;
    let kept = kept(ctx, id).await?;
    let calls = read(&kept).map_err(|why| Error::precondition(format!("It can't be read. {why}")))?;
    let alarms = calls.iter().map(|call| call.alerts.len()).sum();
    let hearing = ctx.on_own_behalf().by_way_of(Source::Alert);
    let received = receive_all(&hearing, calls).await?;
    let taken = alert_post::ActiveModel {
        id: Set(id),
        outcome: Set(AlertPostOutcome::Taken),
        alarms: Set(number(alarms)),
        began: Set(number(received.new)),
        ended: Set(number(received.ended)),
        ignored: Set(number(received.ignored)),
        dropped: Set(number(received.dropped)),
        recorded: Set(number(received.recorded)),
        quiet: Set(number(received.quiet)),
        too_low: Set(number(received.too_low)),
        unjoined: Set(number(received.unjoined)),
        not_firing: Set(number(received.not_firing)),
        incident_id: Set(received.incident.or(kept.post.incident_id)),
        problem: Set(None),
        again_at: Set(Some(ctx.now())),
        again_by_id: Set(ctx.actor.person_id()),
        ..Default::default()
    };
    tracing::info!(post.id = %id, source = kept.post.source, new = received.new, "somebody had what was posted taken again");
    match alert_post::Entity::update(taken).exec(ctx.db.write()).await {
        // It went meanwhile, by its age or because somebody deleted it.
        Err(DbErr::RecordNotUpdated) => Err(Error::NotFound("post")),
        taken => Ok(taken?),
    }
}
