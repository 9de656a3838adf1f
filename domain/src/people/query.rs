//! Finding people.

use entity::{AccessLevel, PersonId, PersonKind, person};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::cursor::{NameKey, Slice, Window};
use crate::error::{Error, Result};
use crate::sql::{by_name, contains, padded};
use crate::validate;

/// The person `id`.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn find(ctx: &Ctx, id: PersonId) -> Result<person::Model> {
    person::Entity::find_by_id(id).one(ctx.db.read()).await?.ok_or(Error::NotFound("person"))
}

/// Everybody who is or was on the team, by name.
pub async fn all(ctx: &Ctx) -> Result<Vec<person::Model>> {
    ctx.require(Right::Administer)?;
    Ok(person::Entity::find().order_by_asc(person::Column::Name).order_by_asc(person::Column::Id).all(ctx.db.read()).await?)
}

/// The team at this moment: people, never services.
pub(crate) async fn team(ctx: &Ctx) -> Result<Vec<person::Model>> {
    let team = person::Entity::find().filter(person::Column::DeactivatedAt.is_null()).filter(person::Column::Kind.eq(PersonKind::Human));
    Ok(team.all(ctx.db.read()).await?)
}

/// The people among `ids` that exist.
pub async fn by_ids(ctx: &Ctx, ids: &[PersonId]) -> Result<Vec<person::Model>> {
    Ok(person::Entity::find().filter(person::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?)
}

/// The person with this address.
///
/// # Errors
/// `BAD_USER_INPUT` if it is not an address.
pub async fn by_email(ctx: &Ctx, email: &str) -> Result<Option<person::Model>> {
    let email = validate::email("email", email)?;
    Ok(person::Entity::find().filter(person::Column::Email.eq(email)).one(ctx.db.read()).await?)
}

/// The administrator who has been there longest. A service is nobody who could sign in.
pub async fn first_administrator(ctx: &Ctx) -> Result<Option<person::Model>> {
    let administrators = person::Entity::find()
        .filter(person::Column::AccessLevel.eq(AccessLevel::Admin))
        .filter(person::Column::DeactivatedAt.is_null())
        .filter(person::Column::Kind.eq(PersonKind::Human));
    Ok(administrators.order_by_asc(person::Column::Id).one(ctx.db.read()).await?)
}

/// The person named by `field`, who must be on the team and able to work on incidents.
///
/// # Errors
/// `BAD_USER_INPUT`, saying what to do about it.
pub async fn able_to_respond(ctx: &Ctx, field: &'static str, id: PersonId) -> Result<person::Model> {
    let person = able_to_read(ctx, field, id).await?;
    if person.access_level < AccessLevel::Responder {
        return Err(Error::invalid(field, format!("{} has viewer access only: an administrator can raise it to RESPONDER.", person.name)));
    }
    Ok(person)
}

/// The person named by `field`, who must be on the team.
///
/// # Errors
/// `BAD_USER_INPUT`, saying what to do about it.
pub async fn able_to_read(ctx: &Ctx, field: &'static str, id: PersonId) -> Result<person::Model> {
    let person = person::Entity::find_by_id(id)
        .one(ctx.db.read())
        .await?
        .ok_or_else(|| Error::invalid(field, format!("{field} names nobody on the team.")))?;
    if person.kind == PersonKind::Service {
        return Err(Error::invalid(field, format!("{} is a service, not a person: name somebody who can act.", person.name)));
    }
    if person.deactivated_at.is_some() {
        return Err(Error::invalid(field, format!("{} has left the team.", person.name)));
    }
    Ok(person)
}

/// The service `name`, which is whose tokens are nobody's.
pub(super) async fn service(ctx: &Ctx, name: &str) -> Result<Option<person::Model>> {
    let services = person::Entity::find().filter(person::Column::Kind.eq(PersonKind::Service)).filter(person::Column::Name.eq(name));
    Ok(services.order_by_asc(person::Column::Id).one(ctx.db.read()).await?)
}

/// A page of the people, or the services, whose name or address contains `text`, by name.
pub async fn page(ctx: &Ctx, kind: PersonKind, text: Option<&str>, window: &Window<NameKey>) -> Result<Slice<person::Model>> {
    use person::Column;
    let wanted = text.map(|text| {
        Condition::any().add(contains(ctx.db.backend(), Column::Name, text)).add(contains(ctx.db.backend(), Column::Email, text))
    });
    let select = person::Entity::find().filter(Condition::all().add(Column::Kind.eq(kind)).add_option(wanted));
    let rows = by_name(select, Column::Name, Column::Id, window).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}
