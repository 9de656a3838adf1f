//! The secret link of a person's calendar ([`crate::agenda`]), which programs read without signing in.
//!
//! Each person makes their own, and has at most one. It is shown when it is made; of its secret only the hash is kept. It ends when they
//! make another one, take it back, or leave the team.

use entity::{AuditAction, PersonId, PersonKind, calendar_feed, person};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};

use super::access::VISITING;
use super::{find, manage};
use crate::audit::{self, Entry};
use crate::authz::{Actor, Presented};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::people::secrets::hash;

/// Granularity at which it is recorded that a calendar was read.
const LAST_READ_GRAIN: chrono::Duration = chrono::Duration::hours(1);

/// Makes the link of the caller's calendar, and ends the one they had. Returns its secret, which can't be retrieved later.
///
/// # Errors
/// `FORBIDDEN` with less than their own rights, with a token that is bound, and for visitors; `FAILED_PRECONDITION` for services.
pub async fn make(ctx: &Ctx) -> Result<(person::Model, String)> {
    use calendar_feed::Column;
    let person = themselves(ctx).await?;
    if person.kind == PersonKind::Service {
        return Err(Error::precondition(format!("{} is a service: it has no shifts and no reviews.", person.name)));
    }
    let secret = ctx.ids.secret();
    let row = calendar_feed::Model { person_id: person.id, secret_hash: hash(&secret), created_at: ctx.now(), last_read_at: None };
    let anew = OnConflict::column(Column::PersonId).update_columns([Column::SecretHash, Column::CreatedAt, Column::LastReadAt]).to_owned();
    let tx = ctx.db.begin().await?;
    calendar_feed::Entity::insert(row.into_active_model()).on_conflict(anew).exec_without_returning(&tx).await?;
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::CalendarFeedMade).about(person.id)]).await?;
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok((person, secret))
}

/// Ends the link of the caller's calendar, if they have one.
///
/// # Errors
/// `FORBIDDEN` as for [`make`].
pub async fn revoke(ctx: &Ctx) -> Result<person::Model> {
    let person = themselves(ctx).await?;
    let tx = ctx.db.begin().await?;
    if calendar_feed::Entity::delete_by_id(person.id).exec(&tx).await?.rows_affected > 0 {
        audit::append(ctx, &tx, vec![Entry::new(AuditAction::CalendarFeedRevoked).about(person.id)]).await?;
    }
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok(person)
}

/// The caller, with all that they may do: what the link shows is all of theirs, for longer than a token lasts.
async fn themselves(ctx: &Ctx) -> Result<person::Model> {
    if matches!(ctx.actor, Actor::Visitor { .. }) {
        return Err(Error::Forbidden(VISITING.to_owned()));
    }
    let person = find(ctx, ctx.actor.person_id().ok_or(Error::NotFound("person"))?).await?;
    if !manage::is_themselves(ctx, &person) || ctx.actor.token().is_some_and(Presented::is_bound) {
        let way_out = "Sign in, or use a token with your own level of access that is not bound, for the link of your calendar.";
        return Err(Error::Forbidden(way_out.to_owned()));
    }
    Ok(person)
}

/// The link of `person`'s calendar, which is nobody's business but theirs.
pub async fn of_person(ctx: &Ctx, person: PersonId) -> Result<Option<calendar_feed::Model>> {
    match ctx.actor {
        Actor::Person { id, .. } if id == person => Ok(calendar_feed::Entity::find_by_id(person).one(ctx.db.read()).await?),
        Actor::Person { .. } | Actor::Visitor { .. } | Actor::System => Ok(None),
    }
}

/// Whose calendar it is that is read with the secret of this hash.
///
/// # Errors
/// `NOT_FOUND`.
pub(crate) async fn by_hash(ctx: &Ctx, hash: &str) -> Result<(calendar_feed::Model, person::Model)> {
    const UNKNOWN: Error = Error::NotFound("calendar");
    let feed = calendar_feed::Entity::find().filter(calendar_feed::Column::SecretHash.eq(hash)).one(ctx.db.read()).await?;
    let feed = feed.ok_or(UNKNOWN)?;
    let person = person::Entity::find_by_id(feed.person_id).one(ctx.db.read()).await?;
    let person = person.filter(|person| person.deactivated_at.is_none()).ok_or(UNKNOWN)?;
    Ok((feed, person))
}

/// Notes that a calendar was read, once an hour. A failure is only logged, so that it does not fail the request.
pub(crate) async fn record_read(ctx: &Ctx, feed: &calendar_feed::Model) {
    use calendar_feed::Column;
    let now = ctx.now();
    if feed.last_read_at.is_some_and(|last| now - last < LAST_READ_GRAIN) {
        return;
    }
    let row = calendar_feed::ActiveModel { last_read_at: Set(Some(now)), ..Default::default() };
    // Another link may have taken its place.
    let same = Column::SecretHash.eq(&feed.secret_hash);
    if let Err(error) = calendar_feed::Entity::update_many().set(row).filter(same).exec(ctx.db.write()).await {
        tracing::warn!(%error, person.id = %feed.person_id, "could not record that a calendar was read");
    }
}
