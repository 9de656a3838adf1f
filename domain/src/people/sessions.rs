//! Browsers that are signed in: whose they are, and ending them.

use entity::{AuditAction, PersonId, SessionId, session};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::secrets::{Secret, hash};
use crate::audit::{self, Entry};
use crate::authz::{Actor, Right};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::sql::padded;

/// The sessions of `person` that have not expired, newest first.
///
/// # Errors
/// `FORBIDDEN` for another person's, unless the caller is an administrator.
pub async fn sessions_of(ctx: &Ctx, person: PersonId) -> Result<Vec<session::Model>> {
    if !may_manage(ctx, person) {
        return Err(Error::Forbidden("Only administrators see the sessions of others.".to_owned()));
    }
    let running = session::Entity::find().filter(session::Column::PersonId.eq(person)).filter(session::Column::ExpiresAt.gt(ctx.now()));
    let newest = running
        .order_by_desc(session::Column::CreatedAt)
        .order_by_desc(session::Column::Id)
        .limit(u64::try_from(limits::PAGE_MAX).unwrap_or(u64::MAX));
    Ok(newest.all(ctx.db.read()).await?)
}

/// The sessions among `ids` that exist: the caller's own and, for administrators, anyone's.
pub async fn sessions_by_ids(ctx: &Ctx, ids: &[SessionId]) -> Result<Vec<session::Model>> {
    let mut sessions = session::Entity::find().filter(session::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?;
    sessions.retain(|session| may_manage(ctx, session.person_id));
    Ok(sessions)
}

/// Whether `secret` is that of `session`.
pub fn is_of(session: &session::Model, secret: &Secret) -> bool {
    matches!(secret, Secret::Session(secret) if hash(secret) == session.secret_hash)
}

/// Ends a session, and what is open in its browser. Returns whose it was.
///
/// # Errors
/// `NOT_FOUND`, also for another person's, unless the caller is an administrator.
pub async fn end(ctx: &Ctx, id: SessionId) -> Result<PersonId> {
    let session = sessions_by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("session"))?;
    end_one(ctx, &session, AuditAction::SessionEnded).await?;
    Ok(session.person_id)
}

/// Ends `session`, for which the audit log has `action`.
pub(super) async fn end_one(ctx: &Ctx, session: &session::Model, action: AuditAction) -> Result<()> {
    let tx = ctx.db.begin().await?;
    if session::Entity::delete_by_id(session.id).exec(&tx).await?.rows_affected > 0 {
        let details = json!({ "session": session.id.to_string() });
        audit::append(ctx, &tx, vec![Entry::new(action).about(session.person_id).details(details)]).await?;
    }
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok(())
}

/// Ends all sessions of a person but the one that `except` opens, and returns how many there were.
///
/// # Errors
/// `FORBIDDEN` for another person's, unless the caller is an administrator.
pub async fn end_all(ctx: &Ctx, person: PersonId, except: Option<&Secret>) -> Result<u64> {
    if !may_manage(ctx, person) {
        return Err(Error::Forbidden("Only administrators end the sessions of others.".to_owned()));
    }
    let tx = ctx.db.begin().await?;
    let ended = end_all_in(&tx, person, except).await?;
    if ended > 0 {
        audit::append(ctx, &tx, vec![Entry::new(AuditAction::SessionsEnded).about(person).details(json!({ "ended": ended }))]).await?;
    }
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok(ended)
}

pub(super) async fn end_all_in(tx: &DatabaseTransaction, person: PersonId, except: Option<&Secret>) -> Result<u64> {
    let mut sessions = session::Entity::delete_many().filter(session::Column::PersonId.eq(person));
    if let Some(Secret::Session(secret)) = except {
        sessions = sessions.filter(session::Column::SecretHash.ne(hash(secret)));
    }
    Ok(sessions.exec(tx).await?.rows_affected)
}

/// Whether the caller sees and ends how `person` is signed in. Visitors came by a link that others may have read.
pub(super) fn may_manage(ctx: &Ctx, person: PersonId) -> bool {
    matches!(ctx.actor, Actor::Person { id, .. } if id == person) || ctx.actor.may(Right::Administer)
}
