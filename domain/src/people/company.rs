//! Sign-in with the company's account: whose it is, and what they may do.
//!
//! The provider says which account it is; that is checked before [`sign_in`]. An account that has been here is known by issuer and subject.
//! A new one is matched once, by an address that the provider has verified, with a person who has no account there yet.

use std::collections::{BTreeMap, BTreeSet};

use entity::{AccessLevel, AuditAction, PersonId, PersonKind, identity, person};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::manage::{self, UpdatePerson};
use super::{access, by_email, find};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::ports::SeenAccount;
use crate::validate;

/// Who may come in by their account, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompanyRules {
    /// What an account makes whose person is not known.
    pub first_sign_in: FirstSignIn,
    /// What is behind the @ in the addresses of those whom a first sign-in adds.
    pub domains: BTreeSet<String>,
    /// The access level of each group; the highest counts, at every sign-in. Without any, levels are left alone.
    pub levels: BTreeMap<String, AccessLevel>,
    /// Whether an address counts of which the provider does not say that it is verified.
    pub trusts_unverified: bool,
}

/// What a first sign-in makes of somebody whom nobody added. With [`CompanyRules::levels`], the same for accounts in none of the groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstSignIn {
    /// They are refused.
    #[default]
    Nobody,
    /// They read.
    Viewer,
}

impl CompanyRules {
    /// The level that the groups decide on for somebody who has `before`; `None` if they decide nothing.
    fn level(&self, account: &SeenAccount, before: AccessLevel) -> Result<Option<AccessLevel>> {
        if self.levels.is_empty() {
            return Ok(None);
        }
        let groups = account.groups.as_deref();
        let highest = groups.unwrap_or_default().iter().filter_map(|group| self.levels.get(group)).max().copied();
        match (highest, self.first_sign_in) {
            (Some(level), _) => Ok(Some(level)),
            // Perhaps they are in no group, perhaps the provider stopped to say: nobody's roles end for that.
            (None, FirstSignIn::Viewer) if groups.is_none() && before > AccessLevel::Viewer => Err(refused(
                "Your company's sign-in does not say which groups you are in, so Muster can't tell what you may do. Ask an administrator.",
            )),
            (None, FirstSignIn::Viewer) => Ok(Some(AccessLevel::Viewer)),
            (None, FirstSignIn::Nobody) => {
                Err(refused("Your account is in none of the groups that may use Muster. Ask an administrator which one you need."))
            }
        }
    }

    /// The account's address, if it proves who they are.
    fn proven_email(&self, account: &SeenAccount) -> Result<String> {
        let is_proven = account.email_verified.unwrap_or(self.trusts_unverified);
        let email = account.email.as_deref().filter(|_| is_proven).and_then(|email| validate::email("email", email).ok());
        email.ok_or_else(|| {
            refused("Your company's sign-in gives no verified e-mail address of yours, so Muster can't tell who you are here. Ask an administrator.")
        })
    }

    fn adds(&self, email: &str) -> bool {
        let domain = email.rsplit('@').next().unwrap_or_default();
        self.first_sign_in == FirstSignIn::Viewer && self.domains.contains(domain)
    }
}

fn refused(why: &str) -> Error {
    Error::Forbidden(why.to_owned())
}

/// Signs in the person whose account it is, with the access level that their groups give them, and returns the secret of their session.
///
/// # Errors
/// `FORBIDDEN`, in words for the person.
pub async fn sign_in(ctx: &Ctx, rules: &CompanyRules, account: &SeenAccount) -> Result<String> {
    ctx.require(Right::Administer)?;
    let person = match person_of(ctx, rules, account).await {
        // Another request of theirs was faster.
        Err(Error::AlreadyThere) => person_of(ctx, rules, account).await?,
        person => person?,
    };
    if person.deactivated_at.is_some() {
        return Err(
            failed(ctx, &person, "deactivated", "You have left the team in Muster. If that is a mistake, ask an administrator.").await
        );
    }
    let level = match rules.level(account, person.access_level) {
        Err(Error::Forbidden(why)) => return Err(failed(ctx, &person, "groups", &why).await),
        level => level?,
    };
    if let Some(level) = level.filter(|level| *level != person.access_level) {
        set_level(ctx, &person, level).await?;
    }
    access::sign_in_by_account(ctx, &person).await
}

/// Refuses somebody who is known, which administrators can look up.
async fn failed(ctx: &Ctx, person: &person::Model, why: &str, words: &str) -> Error {
    match access::sign_in_failed(ctx, person.id, access::Way::Company, why).await {
        Ok(()) => refused(words),
        Err(error) => error,
    }
}

async fn person_of(ctx: &Ctx, rules: &CompanyRules, account: &SeenAccount) -> Result<person::Model> {
    let key = (account.issuer.clone(), account.subject.clone());
    if let Some(known) = identity::Entity::find_by_id(key.clone()).one(ctx.db.read()).await? {
        let used = identity::ActiveModel { used_at: Set(ctx.now()), ..Default::default() };
        let of_account = identity::Column::Issuer.eq(key.0).and(identity::Column::Subject.eq(key.1));
        identity::Entity::update_many().set(used).filter(of_account).exec(ctx.db.write()).await?;
        return find(ctx, known.person_id).await;
    }
    let email = rules.proven_email(account)?;
    if let Some(person) = by_email(ctx, &email).await? {
        return link(ctx, account, person).await;
    }
    if !rules.adds(&email) {
        return Err(refused(&format!("Nobody on the team has the address {email}. Ask an administrator to add you.")));
    }
    let level = rules.level(account, AccessLevel::Viewer)?.unwrap_or(AccessLevel::Viewer);
    add(ctx, account, email, level).await
}

/// Remembers that the account is that of `person`, who was found by the address.
async fn link(ctx: &Ctx, account: &SeenAccount, person: person::Model) -> Result<person::Model> {
    if person.kind == PersonKind::Service || person.deactivated_at.is_some() {
        let words = "The person with your address has left the team in Muster. If that is a mistake, ask an administrator.";
        return Err(failed(ctx, &person, "deactivated", words).await);
    }
    let of_person = identity::Column::PersonId.eq(person.id).and(identity::Column::Issuer.eq(&*account.issuer));
    if let Some(known) = identity::Entity::find().filter(of_person).one(ctx.db.read()).await? {
        if known.subject == account.subject {
            return Err(Error::AlreadyThere);
        }
        let words = format!(
            "{} signs in with another account, which had your address before. Ask an administrator: deactivating and reactivating them in \
             Muster makes it forget that account.",
            person.name
        );
        return Err(failed(ctx, &person, "another account", &words).await);
    }
    let tx = ctx.db.begin().await?;
    remember(ctx, &tx, account, person.id).await?;
    let details = json!({ "issuer": account.issuer, "subject": account.subject });
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::AccountLinked).about(person.id).details(details)]).await?;
    tx.commit().await?;
    Ok(person)
}

async fn remember<C: ConnectionTrait>(ctx: &Ctx, db: &C, account: &SeenAccount, person_id: PersonId) -> Result<()> {
    let now = ctx.now();
    let (issuer, subject) = (account.issuer.clone(), account.subject.clone());
    let row = identity::Model { issuer, subject, person_id, created_at: now, used_at: now };
    match identity::Entity::insert(row.into_active_model()).exec_without_returning(db).await {
        Err(error) if is_duplicate(&error, "identity") => Err(Error::AlreadyThere),
        inserted => Ok(inserted.map(|_| ())?),
    }
}

async fn add(ctx: &Ctx, account: &SeenAccount, email: String, level: AccessLevel) -> Result<person::Model> {
    let local = email.split('@').next().unwrap_or_default();
    let name = account.name.as_deref().and_then(|name| validate::name("name", name).ok()).unwrap_or_else(|| local.to_owned());
    let row = person::Model { email: Some(email), ..manage::new(ctx, &name, level)? };
    let tx = ctx.db.begin().await?;
    manage::insert(&tx, &row).await?;
    remember(ctx, &tx, account, row.id).await?;
    let details = json!({ "accessLevel": level, "how": "COMPANY" });
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::PersonAdded).about(row.id).details(details)]).await?;
    tx.commit().await?;
    Ok(row)
}

/// Gives `person` the level of their groups, but leaves the last administrator one.
async fn set_level(ctx: &Ctx, person: &person::Model, level: AccessLevel) -> Result<()> {
    match manage::update(ctx, person.id, UpdatePerson { access_level: Some(level), ..UpdatePerson::default() }).await {
        Err(Error::FailedPrecondition { reason, .. }) => {
            tracing::warn!(person.id = %person.id, %level, reason, "the level of somebody's groups was not taken over at their sign-in");
            Ok(())
        }
        updated => updated.map(|_| ()),
    }
}
