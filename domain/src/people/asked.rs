//! Sign-in links that people ask for by mail.
//!
//! Anybody may ask, for any address. Guarantee: nothing that the asker can see depends on whether somebody has the address, because `api`
//! answers before it calls [`ask`]. The secret is made when the mail leaves and is in no row: who reads the database can't sign in.

use entity::{DeliveryState, Operation, PersonId, PersonKind, delivery, person};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use crate::authz::Right;
use crate::ctx::Ctx;
use crate::delivery::order::{self, New};
use crate::error::Result;
use crate::limits;
use crate::people::{access, by_email};
use crate::ports::Email;

/// Placeholder for the link, filled in when the mail is sent.
pub(crate) const SIGN_IN_LINK: &str = "{sign-in-link}";

/// Mails a sign-in link to the person with this address, if there is one, unless they got as many as [`limits::ASKED_LINKS`] in the last
/// hour.
///
/// # Errors
/// `BAD_USER_INPUT` if it is not an address.
pub async fn ask(ctx: &Ctx, address: &str) -> Result<()> {
    ctx.require(Right::Administer)?;
    let Some(person) = by_email(ctx, address).await?.filter(may_have_one) else { return Ok(()) };
    if asked(ctx, person.id).await? >= limits::ASKED_LINKS {
        return Ok(());
    }
    let Some(to) = person.email else { return Ok(()) };
    let text = format!(
        "Hello {},\n\nsomebody, probably you, asked for a link that signs you in to Muster at {}. It works once, within an hour:\n\n\
         {SIGN_IN_LINK}\n\nIf it wasn't you, delete this mail: without the link nobody gets in.\n",
        person.name, ctx.config.public_url
    );
    let subject = "Sign in to Muster".to_owned();
    let email = Email { to_name: person.name, to, subject, text, thread: None, answers_to: None, paper: None, invitation: None };
    order::place(ctx, New { person: Some(person.id), ..New::of(Operation::SignIn, email) }).await
}

fn may_have_one(person: &person::Model) -> bool {
    person.deactivated_at.is_none() && person.kind == PersonKind::Human
}

/// How many links this person was mailed in the last hour, or will be.
async fn asked(ctx: &Ctx, person: PersonId) -> Result<u64> {
    use delivery::Column;
    let mailed = delivery::Entity::find()
        .filter(Column::IncidentId.is_null())
        .filter(Column::PersonId.eq(person))
        .filter(Column::CreatedAt.gt(ctx.now() - limits::ASKED_LINK_WITHIN))
        .filter(Column::Operation.eq(Operation::SignIn))
        .filter(Column::State.ne(DeliveryState::Cancelled));
    Ok(mailed.count(ctx.db.read()).await?)
}

/// Whether the mail is still worth sending: soon after it was asked for, to somebody who may still sign in.
pub(crate) async fn is_wanted(ctx: &Ctx, row: &delivery::Model) -> Result<bool> {
    let Some(person) = row.person_id else { return Ok(false) };
    let is_fresh = ctx.now() - row.created_at <= limits::ASKED_LINK_WAIT;
    Ok(is_fresh && person::Entity::find_by_id(person).one(ctx.db.read()).await?.as_ref().is_some_and(may_have_one))
}

/// A new link for the mail. One that is sent again has another; whichever copy arrives, its link works.
pub(crate) async fn link(ctx: &Ctx, row: &delivery::Model) -> Result<String> {
    let secret = match row.person_id {
        Some(person) => access::link(ctx, person, limits::ASKED_LINK_LIFETIME).await?,
        None => String::new(),
    };
    Ok(format!("{}/sign-in?link={secret}", ctx.config.public_url))
}
