//! API tokens: with what programs come in. A token may be bound to GraphQL documents, so that who steals it can do nothing else with it, and
//! to networks.

use std::collections::HashMap;

use entity::{AccessLevel, ApiTokenId, AuditAction, PersonId, Timestamp, TokenBounds, api_token, person};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set};
use serde_json::json;

use super::access::{TOKEN_PREFIX, VISITING};
use super::secrets::hash;
use crate::audit::{self, Entry};
use crate::authz::{Actor, Presented, Right};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::networks::Networks;
use crate::sql::padded;
use crate::{limits, people, validate};

/// Input of [`create`].
pub struct CreateToken {
    /// What it is for.
    pub name: String,
    /// What it may do: at most what the caller may.
    pub access_level: AccessLevel,
    /// When it expires; in a year, if omitted.
    pub expires_at: Option<Timestamp>,
    /// What it is good for beyond its level: GraphQL documents, and networks such as `192.0.2.0/24`.
    pub bounds: TokenBounds,
}

/// Creates an API token for a person and returns the secret, which can't be retrieved later.
///
/// # Errors
/// `BAD_USER_INPUT`; `FORBIDDEN` for a level above the caller's, for a caller whose own token is bound, or, unless the caller is an administrator,
/// for another person.
pub async fn create(ctx: &Ctx, person_id: PersonId, input: CreateToken) -> Result<(api_token::Model, String)> {
    if ctx.actor.person_id() != Some(person_id) {
        ctx.require(Right::Administer)?;
    }
    require_level(ctx, input.access_level, |own| format!("You have {own} access and can't create a token with more."))?;
    if ctx.actor.token().is_some_and(Presented::is_bound) {
        return Err(Error::Forbidden(
            "Your token is bound to documents or networks and can't make others: sign in, or use another one.".to_owned(),
        ));
    }
    let now = ctx.now();
    let longest = chrono::Duration::days(5 * 365);
    let expires_at = input.expires_at.map(|at| validate::future("expiresAt", at, now, longest)).transpose()?;
    let secret = format!("{TOKEN_PREFIX}{}", ctx.ids.secret());
    let row = api_token::Model {
        id: ApiTokenId(ctx.ids.uuid(now)),
        person_id,
        name: validate::name("name", &input.name)?,
        access_level: input.access_level,
        bounds: checked(input.bounds)?,
        secret_hash: hash(&secret),
        created_at: now,
        expires_at: Some(expires_at.unwrap_or(now + limits::TOKEN_LIFETIME)),
        revoked_at: None,
        last_used_at: None,
    };
    let mut details =
        json!({ "token": row.id.to_string(), "name": row.name, "accessLevel": row.access_level, "expiresAt": row.expires_at });
    if let Some(TokenBounds { documents, networks }) = &row.bounds {
        details["documents"] = documents.as_ref().map(Vec::len).into();
        details["networks"] = json!(networks);
    }
    let tx = ctx.db.begin().await?;
    api_token::Entity::insert(row.clone().into_active_model()).exec_without_returning(&tx).await?;
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::TokenCreated).about(person_id).details(details)]).await?;
    tx.commit().await?;
    Ok((row, secret))
}

/// Bounds as they are stored: texts without blanks around them, and networks as they are usually written.
fn checked(TokenBounds { documents, networks }: TokenBounds) -> Result<Option<TokenBounds>> {
    let documents = documents.map(|texts| -> Result<_> {
        counted("documents", &texts, "Omit it for a token that may run anything.")?;
        texts.iter().map(|text| validate::text("documents", text)).collect::<Result<Vec<_>>>()
    });
    let networks = networks.map(|names| -> Result<_> {
        counted("networks", &names, "Omit it for a token that is good from anywhere.")?;
        let read = |name: &String| {
            let wrong = || Error::invalid("networks", format!("`{name}` is neither an address nor a network such as 192.0.2.0/24."));
            Networks::one(name).ok_or_else(wrong)
        };
        Ok(Networks::joined(names.iter().map(read).collect::<Result<Vec<_>>>()?).names())
    });
    let bounds = TokenBounds { documents: documents.transpose()?, networks: networks.transpose()? };
    Ok(Some(bounds).filter(|bounds| *bounds != TokenBounds::default()))
}

fn counted(field: &'static str, list: &[String], without: &str) -> Result<()> {
    if list.is_empty() {
        return Err(Error::invalid(field, format!("{field} must not be empty. {without}")));
    }
    validate::at_most(field, list.len())
}

/// Fails for a token of a level above the caller's own, which `refusal` is given to explain; for visitors always.
fn require_level(ctx: &Ctx, level: AccessLevel, refusal: impl FnOnce(AccessLevel) -> String) -> Result<()> {
    match ctx.actor {
        Actor::Person { access, .. } if level > access => Err(Error::Forbidden(refusal(access))),
        Actor::Visitor { .. } => Err(Error::Forbidden(VISITING.to_owned())),
        Actor::Person { .. } | Actor::System => Ok(()),
    }
}

/// The tokens of `person`, newest first.
///
/// # Errors
/// `FORBIDDEN` for another person's, unless the caller is an administrator.
pub async fn of(ctx: &Ctx, person_id: PersonId) -> Result<Vec<api_token::Model>> {
    if ctx.actor.person_id() != Some(person_id) {
        ctx.require(Right::Administer)?;
    }
    let select = api_token::Entity::find().filter(api_token::Column::PersonId.eq(person_id)).order_by_desc(api_token::Column::CreatedAt);
    Ok(select.limit(u64::try_from(limits::PAGE_MAX).unwrap_or(u64::MAX)).all(ctx.db.read()).await?)
}

/// All tokens that have not been forgotten yet, oldest first, with their owners.
pub async fn all(ctx: &Ctx) -> Result<Vec<(api_token::Model, person::Model)>> {
    ctx.require(Right::Administer)?;
    let tokens = api_token::Entity::find().order_by_asc(api_token::Column::Id).all(ctx.db.read()).await?;
    let owners: HashMap<PersonId, person::Model> = people::all(ctx).await?.into_iter().map(|person| (person.id, person)).collect();
    Ok(tokens.into_iter().filter_map(|token| owners.get(&token.person_id).cloned().map(|owner| (token, owner))).collect())
}

/// The token `id`.
///
/// # Errors
/// `NOT_FOUND`, including for another person's token unless the caller is an administrator.
pub async fn find(ctx: &Ctx, id: ApiTokenId) -> Result<api_token::Model> {
    by_ids(ctx, &[id]).await?.pop().ok_or(Error::NotFound("token"))
}

/// The tokens among `ids` that exist: the caller's own and, for administrators, anyone's.
pub async fn by_ids(ctx: &Ctx, ids: &[ApiTokenId]) -> Result<Vec<api_token::Model>> {
    let mut tokens = api_token::Entity::find().filter(api_token::Column::Id.is_in(padded(ids))).all(ctx.db.read()).await?;
    tokens.retain(|token| ctx.actor.person_id() == Some(token.person_id) || ctx.actor.may(Right::Administer));
    Ok(tokens)
}

/// Permanently revokes a token.
///
/// # Errors
/// As [`find`]; `FORBIDDEN` for a stronger one than the caller shows.
pub async fn revoke(ctx: &Ctx, id: ApiTokenId) -> Result<api_token::Model> {
    let token = find(ctx, id).await?;
    require_level(ctx, token.access_level, |own| {
        format!("You have {own} access here and can't revoke a token with more: sign in, or use a stronger token.")
    })?;
    let revoked_at = token.revoked_at.unwrap_or(ctx.now());
    let row = api_token::ActiveModel { id: Set(id), revoked_at: Set(Some(revoked_at)), ..Default::default() };
    let valid = api_token::Column::Id.eq(id).and(api_token::Column::RevokedAt.is_null());
    let tx = ctx.db.begin().await?;
    if api_token::Entity::update_many().set(row).filter(valid).exec(&tx).await?.rows_affected > 0 {
        let details = json!({ "token": id.to_string(), "name": token.name });
        audit::append(ctx, &tx, vec![Entry::new(AuditAction::TokenRevoked).about(token.person_id).details(details)]).await?;
    }
    tx.commit().await?;
    ctx.waker.access_changed();
    Ok(api_token::Model { revoked_at: Some(revoked_at), ..token })
}
