//! Browsers that are signed in: whose they are, and ending them.

use entity::{PersonId, SessionId, session};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::secrets::{Secret, hash};
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
    if !may_end(ctx, person) {
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
    sessions.retain(|session| may_end(ctx, session.person_id));
    Ok(sessions)
}

/// Whether `secret` is that of `session`.
pub fn is_of(session: &session::Model, secret: &Secret) -> bool {
    matches!(secret, Secret::Session(secret) if hash(secret) == session.secret_hash)
}

/// Ends a session, and what is open in its browser.
///
/// # Errors
/// `NOT_FOUND`, also for another person's, unless the caller is an administrator.
pub async fn end(ctx: &Ctx, id: SessionId) -> Result<()> {
    let session = sessions_by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("session"))?;
    session::Entity::delete_many().filter(session::Column::Id.eq(session.id)).exec(ctx.db.write()).await?;
    ctx.waker.access_changed();
    Ok(())
}

/// Ends all sessions of a person, and returns how many there were.
///
/// # Errors
/// `FORBIDDEN` for another person's, unless the caller is an administrator.
pub async fn end_all(ctx: &Ctx, person: PersonId) -> Result<u64> {
    if !may_end(ctx, person) {
        return Err(Error::Forbidden("Only administrators end the sessions of others.".to_owned()));
    }
    let ended = end_all_in(ctx.db.write(), person).await?;
    ctx.waker.access_changed();
    Ok(ended)
}

pub(super) async fn end_all_in<C: ConnectionTrait>(db: &C, person: PersonId) -> Result<u64> {
    Ok(session::Entity::delete_many().filter(session::Column::PersonId.eq(person)).exec(db).await?.rows_affected)
}

/// Visitors came by a link that others may have read.
fn may_end(ctx: &Ctx, person: PersonId) -> bool {
    matches!(ctx.actor, Actor::Person { id, .. } if id == person) || ctx.actor.may(Right::Administer)
}
