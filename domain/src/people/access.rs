//! What opens Muster: tokens, sign-in links and sessions, random secrets that are stored only as hashes.
//!
//! A secret has 256 random bits, so a plain SHA-256 is enough and no password hashing is needed. What a secret opens is
//! cached for [`CACHED_FOR`], so that a busy client does not cost a lookup per request. A revocation is announced to all servers, and takes
//! effect at once; one that is made where no server runs, on the command line, after that time.

use std::sync::Arc;

use entity::{
    ApiTokenId, AuditAction, IncidentId, PersonId, PersonKind, SessionId, SignInLinkId, SignInWay, Timestamp, TokenBounds, api_token,
    calendar_feed, page, passkey, person, session, sign_in_link,
};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::{find, sessions};
use crate::audit::{self, Entry};
use crate::authz::{Actor, Presented, Right};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::limits;
use crate::networks::Networks;
use crate::people::secrets::{CACHED_FOR, Opened, Secret, hash};

/// What every token begins with, so that scanners for leaked secrets find it.
pub const TOKEN_PREFIX: &str = "muster_";

/// Granularity at which a token's last use is recorded.
const LAST_USED_GRAIN: chrono::Duration = chrono::Duration::minutes(1);
const NOT_VALID: Error = Error::Unauthenticated("This token or session is not valid: it is unknown, has expired or was revoked.");

/// Why a visitor is refused what is not about their incident.
pub const VISITING: &str = "You came by the link of a page, which is good for its incident only: sign in for anything else.";

/// The actor who presents this secret, from the address of `ctx`.
///
/// # Errors
/// `UNAUTHENTICATED`; `FORBIDDEN` for a token that is good from other networks only; `UNAVAILABLE` if the database can't be reached.
pub async fn authenticate(ctx: &Ctx, secret: &Secret) -> Result<Actor> {
    let hash = match secret {
        Secret::Token(text) if !text.starts_with(TOKEN_PREFIX) => {
            return Err(Error::Unauthenticated("This is not a Muster API token: those begin with muster_."));
        }
        Secret::Token(text) | Secret::Session(text) => hash(text),
    };
    let is_token = matches!(secret, Secret::Token(_));
    // A token does not count as a cookie, nor the other way round.
    let known = ctx.secrets.get(&hash, &ctx.waker).await.filter(|opened| opened.token.is_some() == is_token);
    let opened = if let Some(opened) = known {
        opened
    } else {
        let opened = match secret {
            Secret::Token(_) => read_token(ctx, &hash).await?,
            Secret::Session(_) => read_session(ctx, &hash).await?,
        };
        ctx.secrets.keep(hash.clone(), opened.clone()).await;
        opened
    };
    let now = ctx.now();
    if opened.expires_at.is_some_and(|at| at <= now) {
        return Err(NOT_VALID);
    }
    let networks = opened.actor.token().and_then(|token| token.networks.as_deref());
    if networks.is_some_and(|networks| !ctx.address.is_some_and(|address| networks.have(address))) {
        return Err(elsewhere(ctx, &opened.actor).await);
    }
    if let Some((id, last)) = opened.token
        && last.is_none_or(|last| now - last >= LAST_USED_GRAIN)
    {
        ctx.secrets.keep(hash, Opened { token: Some((id, Some(now))), ..opened.clone() }).await;
        record_use(ctx, id, now).await;
    }
    Ok(opened.actor)
}

/// Refuses a token that is shown where it does not belong: somebody may have stolen it, so administrators learn of it, once an hour.
async fn elsewhere(ctx: &Ctx, holder: &Actor) -> Error {
    let from = ctx.address.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string());
    let mut ctx = ctx.clone();
    ctx.actor = holder.clone();
    if let Err(error) = audit::saw(&ctx, AuditAction::TokenRefused, holder.person_id()).await {
        tracing::warn!(%error, from, "could not record that a token was refused");
    }
    Error::Forbidden(format!("This token can't be used from here ({from}), only from the networks that it was made for."))
}

/// Waits until `secret` no longer opens what `ctx` was opened with, and says why.
pub async fn until_changed(ctx: &Ctx, secret: &Secret) -> Error {
    let mut changes = ctx.waker.watch_access();
    loop {
        match authenticate(ctx, secret).await {
            Ok(actor) if actor != ctx.actor => {
                return Error::precondition("Your rights have changed since this began: begin again.");
            }
            Err(error @ Error::Unauthenticated(_)) => return error,
            // While the database is away, nobody's access changes.
            Ok(_) | Err(_) => {}
        }
        // It may also expire, or be revoked where no notification comes from.
        let _ = tokio::time::timeout(CACHED_FOR, changes.changed()).await;
    }
}

/// A failure is only logged, so that it does not fail the request.
async fn record_use(ctx: &Ctx, token: ApiTokenId, now: Timestamp) {
    let row = api_token::ActiveModel { id: Set(token), last_used_at: Set(Some(now)), ..Default::default() };
    if let Err(error) = api_token::Entity::update_many().set(row).filter(api_token::Column::Id.eq(token)).exec(ctx.db.write()).await {
        tracing::warn!(%error, token.id = %token, "could not record the use of a token");
    }
}

async fn read_token(ctx: &Ctx, hash: &str) -> Result<Opened> {
    let as_of = ctx.waker.access();
    let token = api_token::Entity::find().filter(api_token::Column::SecretHash.eq(hash)).one(ctx.db.read()).await?;
    let token = token.filter(|token| token.revoked_at.is_none()).ok_or(NOT_VALID)?;
    let person = active(ctx, token.person_id).await?;
    let access = Ord::min(token.access_level, person.access_level);
    let TokenBounds { documents, networks } = token.bounds.unwrap_or_default();
    let documents = documents.map(|texts| Arc::new(texts.iter().collect()));
    // What can't be read is no network, so the token is good from none.
    let networks = networks.map(|names| Arc::new(Networks::joined(names.iter().filter_map(|name| Networks::one(name)))));
    let presented = Presented { id: token.id, name: token.name.into(), documents, networks };
    Ok(Opened {
        actor: Actor::Person { id: person.id, access, grants: person.grants, token: Some(presented) },
        expires_at: token.expires_at,
        as_of,
        token: Some((token.id, token.last_used_at)),
    })
}

async fn read_session(ctx: &Ctx, hash: &str) -> Result<Opened> {
    let as_of = ctx.waker.access();
    let session = session::Entity::find().filter(session::Column::SecretHash.eq(hash)).one(ctx.db.read()).await?.ok_or(NOT_VALID)?;
    let person = active(ctx, session.person_id).await?;
    let actor = match session.incident_id {
        Some(incident) => Actor::Visitor { id: person.id, access: person.access_level, incident },
        None => Actor::of(&person),
    };
    Ok(Opened { actor, expires_at: Some(session.expires_at), as_of, token: None })
}

async fn active(ctx: &Ctx, id: PersonId) -> Result<person::Model> {
    person::Entity::find_by_id(id).one(ctx.db.read()).await?.filter(|person| person.deactivated_at.is_none()).ok_or(NOT_VALID)
}

/// Creates a sign-in link for a person and returns its secret, which opens a session once.
///
/// # Errors
/// `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` for who may not sign in.
pub async fn create_sign_in_link(ctx: &Ctx, person_id: PersonId) -> Result<String> {
    ctx.require(Right::Administer)?;
    let person = find(ctx, person_id).await?;
    if person.kind == PersonKind::Service {
        return Err(Error::precondition(format!("{} is a service: it comes with a token and does not sign in.", person.name)));
    }
    if person.deactivated_at.is_some() {
        return Err(Error::precondition(format!("{} has left the team: reactivate them first.", person.name)));
    }
    link(ctx, person_id, limits::SIGN_IN_LINK_LIFETIME).await
}

pub(super) async fn link(ctx: &Ctx, person_id: PersonId, lifetime: chrono::Duration) -> Result<String> {
    let now = ctx.now();
    let secret = ctx.ids.secret();
    let row = sign_in_link::Model {
        id: SignInLinkId(ctx.ids.uuid(now)),
        person_id,
        secret_hash: hash(&secret),
        created_at: now,
        expires_at: now + lifetime,
        used_at: None,
    };
    let tx = ctx.db.begin().await?;
    sign_in_link::Entity::insert(row.into_active_model()).exec_without_returning(&tx).await?;
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::SignInLinkCreated).about(person_id)]).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Opens a session with the secret of a sign-in link and returns the session's secret, for a cookie.
///
/// # Errors
/// `UNAUTHENTICATED` if the link was used, has expired or never existed.
pub async fn sign_in(ctx: &Ctx, link: &str) -> Result<String> {
    const USED: Error = Error::Unauthenticated("This sign-in link has already been used, has expired or is incomplete: ask for a new one.");
    let now = ctx.now();
    let link =
        sign_in_link::Entity::find().filter(sign_in_link::Column::SecretHash.eq(hash(link))).one(ctx.db.read()).await?.ok_or(USED)?;
    let person = find(ctx, link.person_id).await?;
    if person.deactivated_at.is_some() {
        sign_in_failed(ctx, person.id, Way::Link, "deactivated").await?;
        return Err(NOT_VALID);
    }
    // If two browsers use one link, the condition lets only one of them in.
    let unused = sign_in_link::Column::UsedAt.is_null().and(sign_in_link::Column::ExpiresAt.gt(now));
    let tx = ctx.db.begin().await?;
    let taken = sign_in_link::Entity::update_many()
        .set(sign_in_link::ActiveModel { used_at: Set(Some(now)), ..Default::default() })
        .filter(sign_in_link::Column::Id.eq(link.id).and(unused))
        .exec(&tx)
        .await?;
    if taken.rows_affected == 0 {
        tx.rollback().await?;
        sign_in_failed(ctx, person.id, Way::Link, if link.expires_at > now { "used" } else { "expired" }).await?;
        return Err(USED);
    }
    let secret = open(ctx, &tx, &person, Way::Link).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Opens the session of somebody whose account at the company has been checked, and returns its secret, for a cookie.
pub(super) async fn sign_in_by_account(ctx: &Ctx, person: &person::Model) -> Result<String> {
    let tx = ctx.db.begin().await?;
    let secret = open(ctx, &tx, person, Way::Company).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Opens a short session for the incident of a page that was just answered by its link, once; `None` if the link has opened one before.
pub async fn visit_by_page(ctx: &Ctx, page: &page::Model) -> Result<Option<String>> {
    let person = find(ctx, page.person_id).await?;
    let tx = ctx.db.begin().await?;
    let opened = page::Entity::update_many()
        .set(page::ActiveModel { opened_at: Set(Some(ctx.now())), ..Default::default() })
        .filter(page::Column::Id.eq(page.id).and(page::Column::OpenedAt.is_null()))
        .exec(&tx)
        .await?;
    if opened.rows_affected == 0 {
        return Ok(None);
    }
    let secret = open(ctx, &tx, &person, Way::Page(page.incident_id)).await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// Opens a short session for the incident of an offer that `person` just answered by its link.
pub(crate) async fn visit_by_offer(ctx: &Ctx, person: &person::Model, incident: IncidentId) -> Result<String> {
    let tx = ctx.db.begin().await?;
    let secret = open(ctx, &tx, person, Way::Offer(incident)).await?;
    tx.commit().await?;
    Ok(secret)
}

/// How somebody proves who they are.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// A link that signs them in.
    Link,
    /// The account of their company.
    Company,
    /// A passkey.
    Passkey,
    /// The link of a page, which is good for its incident.
    Page(IncidentId),
    /// The link of an offer, which is good for its incident.
    Offer(IncidentId),
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "LINK",
            Self::Company => "COMPANY",
            Self::Passkey => "PASSKEY",
            Self::Page(_) => "PAGE",
            Self::Offer(_) => "OFFER",
        }
    }

    /// As the session remembers it.
    fn kept(self) -> SignInWay {
        match self {
            Self::Link => SignInWay::Link,
            Self::Company => SignInWay::Company,
            Self::Passkey => SignInWay::Passkey,
            Self::Page(_) | Self::Offer(_) => SignInWay::Page,
        }
    }

    /// The only incident that the session is good for.
    fn incident(self) -> Option<IncidentId> {
        match self {
            Self::Link | Self::Company | Self::Passkey => None,
            Self::Page(incident) | Self::Offer(incident) => Some(incident),
        }
    }
}

/// Opens a session, as the last thing that `tx` does, and returns its secret.
pub(super) async fn open(ctx: &Ctx, tx: &DatabaseTransaction, person: &person::Model, way: Way) -> Result<String> {
    let (now, secret, incident_id) = (ctx.now(), ctx.ids.secret(), way.incident());
    let lifetime = if incident_id.is_some() { limits::VISIT_LIFETIME } else { limits::SESSION_LIFETIME };
    let row = session::Model {
        id: SessionId(ctx.ids.uuid(now)),
        person_id: person.id,
        secret_hash: hash(&secret),
        incident_id,
        way: Some(way.kept()),
        created_at: now,
        expires_at: now + lifetime,
    };
    let mut details = json!({ "how": way.name(), "session": row.id.to_string() });
    if let Some(incident) = incident_id {
        details["incident"] = incident.to_string().into();
    }
    session::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    let entry = Entry::new(AuditAction::SignedIn).about(person.id).details(details);
    audit::append(&ctx.on_behalf_of(person), tx, vec![entry]).await?;
    Ok(secret)
}

pub(super) async fn sign_in_failed(ctx: &Ctx, person: PersonId, way: Way, why: &str) -> Result<()> {
    let details = json!({ "how": way.name(), "why": why });
    audit::record(ctx, Entry::new(AuditAction::SignInFailed).about(person).details(details)).await
}

/// Ends the session with this secret.
pub async fn sign_out(ctx: &Ctx, secret: &str) -> Result<()> {
    let found = session::Entity::find().filter(session::Column::SecretHash.eq(hash(secret))).one(ctx.db.read()).await?;
    let Some(session) = found else { return Ok(()) };
    let person = find(ctx, session.person_id).await?;
    sessions::end_one(&ctx.on_behalf_of(&person), &session, AuditAction::SignedOut).await
}

/// Ends everything with which `person` gets in, for good: sessions, tokens, passkeys, links that nobody has used, and that of their calendar.
pub(super) async fn end_all(db: &DatabaseTransaction, person: PersonId, now: Timestamp) -> Result<()> {
    sessions::end_all_in(db, person, None).await?;
    passkey::Entity::delete_many().filter(passkey::Column::PersonId.eq(person)).exec(db).await?;
    calendar_feed::Entity::delete_by_id(person).exec(db).await?;
    api_token::Entity::update_many()
        .set(api_token::ActiveModel { revoked_at: Set(Some(now)), ..Default::default() })
        .filter(api_token::Column::PersonId.eq(person).and(api_token::Column::RevokedAt.is_null()))
        .exec(db)
        .await?;
    sign_in_link::Entity::delete_many()
        .filter(sign_in_link::Column::PersonId.eq(person).and(sign_in_link::Column::UsedAt.is_null()))
        .exec(db)
        .await?;
    Ok(())
}
