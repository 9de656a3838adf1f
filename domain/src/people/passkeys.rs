//! Passkeys: another way in, which needs no mail, no administrator and no identity provider.
//!
//! Each is added by its owner, in a browser where they are signed in. Adding and using one take two steps: the server asks
//! ([`begin_adding`], [`begin_sign_in`]), and the browser answers ([`add`], [`sign_in`]) with the secret that came with the question.
//! Guarantee: a question is answered once, whichever process asked it, and by the browser that was asked.

use entity::{AuditAction, PasskeyId, PersonId, passkey, passkey_attempt, person};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, Set};
use serde_json::{Value, json};

use super::access::{self, VISITING, Way};
use super::secrets::hash;
use super::webauthn::{Party, Question, Refusal, Shown};
use super::{find, manage, sessions};
use crate::audit::{self, Entry};
use crate::authz::{Actor, Right};
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::sql::padded;
use crate::{limits, validate};

const LOST: &str = "It took longer than five minutes, has been answered before, or began in another browser: begin again.";
const UNKNOWN: Error =
    Error::Unauthenticated("This passkey signs nobody in here, or no longer: remove it from your device, and sign in another way.");
const UNPROVEN: Error = Error::Unauthenticated(
    "What your browser sent does not prove the passkey. Try again from Muster's own address, or sign in another way.",
);
const COUNTED_BACK: Error = Error::Unauthenticated(
    "This passkey has been used further elsewhere: it may have been copied. Sign in another way, remove it, and tell an administrator.",
);

/// A question for a browser.
#[derive(Debug)]
pub struct Asked {
    /// The options for `navigator.credentials`.
    pub options: Value,
    /// Goes with the answer; for a cookie that lasts [`limits::PASSKEY_PATIENCE`].
    pub secret: String,
}

/// Whether the server is at an address where browsers know passkeys.
pub fn are_offered(ctx: &Ctx) -> bool {
    party(ctx).is_ok()
}

fn party(ctx: &Ctx) -> Result<Party> {
    Party::at(&ctx.config.public_url).ok_or_else(|| {
        Error::precondition(
            "Browsers know passkeys only at an address with a name and TLS: set public_url to https://… or http://localhost:….",
        )
    })
}

/// The passkeys of `person`, oldest first.
///
/// # Errors
/// `FORBIDDEN` for another person's, unless the caller is an administrator.
pub async fn of_person(ctx: &Ctx, person: PersonId) -> Result<Vec<passkey::Model>> {
    if !sessions::may_manage(ctx, person) {
        return Err(Error::Forbidden("Only administrators see the passkeys of others.".to_owned()));
    }
    let passkeys = passkey::Entity::find().filter(passkey::Column::PersonId.eq(person));
    Ok(passkeys.order_by_asc(passkey::Column::Id).all(ctx.db.read()).await?)
}

/// The passkeys among `ids` that exist: the caller's own and, for administrators, anyone's.
pub async fn by_ids(ctx: &Ctx, ids: &[PasskeyId]) -> Result<Vec<passkey::Model>> {
    let mut passkeys = passkey::Entity::find().filter(passkey::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?;
    passkeys.retain(|passkey| sessions::may_manage(ctx, passkey.person_id));
    Ok(passkeys)
}

/// Has the caller's browser make a passkey.
///
/// # Errors
/// `FORBIDDEN` for tokens and visitors; `FAILED_PRECONDITION` where browsers know no passkeys, and for one too many.
pub async fn begin_adding(ctx: &Ctx) -> Result<Asked> {
    let person = signed_in(ctx).await?;
    let party = party(ctx)?;
    let known = of_person(ctx, person.id).await?;
    if known.len() >= limits::PASSKEYS {
        return Err(Error::precondition(format!("You have {} passkeys: remove one first.", limits::PASSKEYS)));
    }
    // They have one browser open at a time, so what they began before is given up.
    passkey_attempt::Entity::delete_many().filter(passkey_attempt::Column::PersonId.eq(person.id)).exec(ctx.db.write()).await?;
    let question = party.ask_for_new(&person, known.into_iter().map(|passkey| passkey.credential_id).collect())?;
    remember(ctx, Some(person.id), question).await
}

/// Adds the passkey that the caller's browser made.
///
/// # Errors
/// As [`begin_adding`]; `FAILED_PRECONDITION` if it was not asked for just now or is known already; `BAD_USER_INPUT` if it proves nothing.
pub async fn add(ctx: &Ctx, secret: &str, name: &str, answer: Value) -> Result<passkey::Model> {
    let person = signed_in(ctx).await?;
    let name = validate::name("name", name)?;
    let state = recall(ctx, secret, Some(person.id)).await?.ok_or_else(|| Error::precondition(LOST))?;
    let new = party(ctx)?.new_key(&state, answer).map_err(|why| {
        tracing::info!(person.id = %person.id, why, "a passkey was not added");
        Error::invalid("credential", "Your browser's answer does not prove the passkey. Try again from Muster's own address.")
    })?;
    let now = ctx.now();
    let row = passkey::Model {
        id: PasskeyId(ctx.ids.uuid(now)),
        person_id: person.id,
        name,
        credential_id: new.credential_id,
        public_key: new.public_key,
        state: new.state,
        created_at: now,
        used_at: None,
    };
    let tx = ctx.db.begin().await?;
    match passkey::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await {
        Err(error) if is_duplicate(&error, "passkey") => return Err(Error::precondition("This passkey has been added before.")),
        inserted => inserted.map(|_| ())?,
    }
    let details = json!({ "passkey": row.id.to_string(), "name": row.name });
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::PasskeyAdded).about(person.id).details(details)]).await?;
    tx.commit().await?;
    Ok(row)
}

/// Who is signed in, with all their rights: a passkey is good for all of them.
async fn signed_in(ctx: &Ctx) -> Result<person::Model> {
    match ctx.actor {
        Actor::Person { id, token: None, .. } => find(ctx, id).await,
        Actor::Person { .. } => Err(Error::Forbidden("A token adds no passkeys: sign in in the browser that will use it.".to_owned())),
        Actor::Visitor { .. } => Err(Error::Forbidden(VISITING.to_owned())),
        Actor::System => Err(Error::NotFound("person")),
    }
}

/// Removes a passkey for good, and returns whose it was. Sessions that it opened go on.
///
/// # Errors
/// `NOT_FOUND`, also for another person's, unless the caller is an administrator; `FORBIDDEN` with less than one's own rights.
pub async fn remove(ctx: &Ctx, id: PasskeyId) -> Result<person::Model> {
    let passkey = by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("passkey"))?;
    let owner = find(ctx, passkey.person_id).await?;
    if !manage::is_themselves(ctx, &owner) && !ctx.actor.may(Right::Administer) {
        return Err(Error::Forbidden("Sign in, or use a token with your own level of access, to remove a passkey.".to_owned()));
    }
    let tx = ctx.db.begin().await?;
    if passkey::Entity::delete_by_id(id).exec(&tx).await?.rows_affected > 0 {
        let details = json!({ "passkey": id.to_string(), "name": passkey.name });
        audit::append(ctx, &tx, vec![Entry::new(AuditAction::PasskeyRemoved).about(owner.id).details(details)]).await?;
    }
    tx.commit().await?;
    Ok(owner)
}

/// Has a browser show a passkey.
///
/// # Errors
/// `FAILED_PRECONDITION` where browsers know no passkeys; `RATE_LIMITED` while very many are asked.
pub async fn begin_sign_in(ctx: &Ctx) -> Result<Asked> {
    let question = party(ctx)?.ask_for_known()?;
    let running = passkey_attempt::Entity::find().filter(passkey_attempt::Column::ExpiresAt.gt(ctx.now()));
    if running.count(ctx.db.read()).await? >= limits::PASSKEY_ATTEMPTS {
        return Err(Error::RateLimited("Many people sign in just now: try again in a minute, or sign in another way.".to_owned()));
    }
    remember(ctx, None, question).await
}

/// Signs in the owner of the passkey that a browser shows, and returns the secret of their session, for a cookie.
///
/// # Errors
/// `UNAUTHENTICATED`, in words for the person; `FAILED_PRECONDITION` if it was not asked for just now.
pub async fn sign_in(ctx: &Ctx, secret: &str, answer: Value) -> Result<String> {
    let state = recall(ctx, secret, None).await?.ok_or_else(|| Error::precondition(LOST))?;
    let shown = Shown::read(answer).ok_or(UNPROVEN)?;
    let by_credential = passkey::Column::CredentialId.eq(shown.credential_id());
    let passkey = passkey::Entity::find().filter(by_credential).one(ctx.db.read()).await?.ok_or(UNKNOWN)?;
    let owner = find(ctx, passkey.person_id).await?;
    let next = match party(ctx)?.check(&state, &shown, &passkey) {
        Ok(next) => next,
        Err(Refusal::CountedBack) => {
            tracing::warn!(person.id = %owner.id, passkey.id = %passkey.id, "a passkey counted back: it may have been copied");
            access::sign_in_failed(ctx, owner.id, Way::Passkey, "counted back").await?;
            return Err(COUNTED_BACK);
        }
        Err(Refusal::Unproven(why)) => {
            tracing::info!(person.id = %owner.id, passkey.id = %passkey.id, why, "a passkey was refused");
            access::sign_in_failed(ctx, owner.id, Way::Passkey, "unproven").await?;
            return Err(UNPROVEN);
        }
    };
    if owner.deactivated_at.is_some() {
        access::sign_in_failed(ctx, owner.id, Way::Passkey, "deactivated").await?;
        return Err(UNKNOWN);
    }
    let used = passkey::ActiveModel { state: Set(next), used_at: Set(Some(ctx.now())), ..Default::default() };
    // It may be gone by now, or have been used at the same time: then one of the two counts back.
    let unchanged = passkey::Entity::update_many().set(used).filter(passkey::Column::Id.eq(passkey.id));
    let unchanged = unchanged.filter(passkey::Column::State.eq(passkey.state));
    let tx = ctx.db.begin().await?;
    if unchanged.exec(&tx).await?.rows_affected == 0 {
        return Err(UNKNOWN);
    }
    let secret = access::open(ctx, &tx, &owner, Way::Passkey).await?;
    tx.commit().await?;
    Ok(secret)
}

async fn remember(ctx: &Ctx, person_id: Option<PersonId>, Question { options, state }: Question) -> Result<Asked> {
    let secret = ctx.ids.secret();
    let expires_at = ctx.now() + limits::PASSKEY_PATIENCE;
    let row = passkey_attempt::Model { secret_hash: hash(&secret), person_id, state, expires_at };
    passkey_attempt::Entity::insert(row.into_active_model()).exec_without_returning(ctx.db.write()).await?;
    Ok(Asked { options, secret })
}

/// What is expected of the answer that comes with `secret`, once.
async fn recall(ctx: &Ctx, secret: &str, person_id: Option<PersonId>) -> Result<Option<Vec<u8>>> {
    let secret = hash(secret);
    let found = passkey_attempt::Entity::find_by_id(&*secret).one(ctx.db.read()).await?;
    let Some(attempt) = found.filter(|attempt| attempt.person_id == person_id && attempt.expires_at > ctx.now()) else { return Ok(None) };
    let taken = passkey_attempt::Entity::delete_by_id(secret).exec(ctx.db.write()).await?;
    Ok((taken.rows_affected == 1).then_some(attempt.state))
}
