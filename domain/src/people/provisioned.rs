//! People as the company's directory manages them (SCIM): it adds whom it assigns to Muster, renames them, and deactivates who leaves.
//!
//! It sees everybody who is or was on the team, so it finds people who were added by hand, and takes them over. It decides who is on the team, not
//! what they may do: whom it adds gets VIEWER access.

use std::collections::HashMap;

use entity::{AccessLevel, AuditAction, PersonId, PersonKind, person, provisioned};
use sea_orm::sea_query::{Condition, Expr, Query, SelectStatement};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::manage::{self, UpdatePerson};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::sql::{padded, save};
use crate::validate;

/// A person, and what the directory says of them.
#[derive(Clone, Debug)]
pub struct Account {
    /// The person.
    pub person: person::Model,
    said: Option<provisioned::Model>,
}

impl Account {
    /// The directory's name for them; for somebody whom it has not taken over, their address.
    pub fn user_name(&self) -> String {
        let known = self.said.as_ref().map(|said| &said.user_name).or(self.person.email.as_ref());
        known.cloned().unwrap_or_else(|| self.person.id.to_string())
    }

    /// The directory's own id for them.
    pub fn external_id(&self) -> Option<&str> {
        self.said.as_ref()?.external_id.as_deref()
    }

    /// What the directory calls the kind of their address.
    pub fn email_type(&self) -> Option<&str> {
        self.said.as_ref()?.email_type.as_deref()
    }
}

/// How the directory wants somebody to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its name for them.
    pub user_name: String,
    /// Its own id for them.
    pub external_id: Option<String>,
    /// What people call them; left alone, if omitted.
    pub name: Option<String>,
    /// Where their mail goes.
    pub email: Option<String>,
    /// What it calls the kind of that address.
    pub email_type: Option<String>,
    /// Whether they are on the team; left alone, if omitted.
    pub active: Option<bool>,
}

/// Whom the directory looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// By its name for them.
    UserName(String),
    /// By its own id for them.
    ExternalId(String),
    /// By their address.
    Email(String),
}

/// The people that the directory sees, oldest first: how many there are, and `limit` of them from `offset` on.
pub async fn page(ctx: &Ctx, filter: Option<&Filter>, offset: u64, limit: u64) -> Result<(u64, Vec<Account>)> {
    ctx.require(Right::Administer)?;
    let people = person::Entity::find().filter(visible()).filter(Condition::all().add_option(filter.map(wanted)));
    let total = people.clone().count(ctx.db.read()).await?;
    if limit == 0 || offset >= total {
        return Ok((total, Vec::new()));
    }
    let rows = people.order_by_asc(person::Column::Id).offset(offset).limit(limit).all(ctx.db.read()).await?;
    Ok((total, with_said(ctx, rows).await?))
}

/// Somebody whom the directory sees.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn find(ctx: &Ctx, id: PersonId) -> Result<Account> {
    ctx.require(Right::Administer)?;
    let rows = person::Entity::find().filter(visible()).filter(person::Column::Id.eq(id)).all(ctx.db.read()).await?;
    with_said(ctx, rows).await?.pop().ok_or(Error::NotFound("user"))
}

/// People whom it has not deleted. Services are none of its business.
fn visible() -> Condition {
    let deleted = said_where(provisioned::Column::DeletedAt.is_not_null());
    Condition::all().add(person::Column::Kind.eq(PersonKind::Human)).add(person::Column::Id.not_in_subquery(deleted))
}

fn wanted(filter: &Filter) -> Condition {
    match filter {
        Filter::UserName(name) => {
            let key = name.to_lowercase();
            let has_a_name = said_where(provisioned::Column::PersonId.is_not_null());
            let by_address = Condition::all().add(person::Column::Email.eq(&*key)).add(person::Column::Id.not_in_subquery(has_a_name));
            let by_name = person::Column::Id.in_subquery(said_where(provisioned::Column::UserNameKey.eq(key)));
            Condition::any().add(by_name).add(by_address)
        }
        Filter::ExternalId(id) => Condition::all().add(person::Column::Id.in_subquery(said_where(provisioned::Column::ExternalId.eq(id)))),
        Filter::Email(email) => Condition::all().add(person::Column::Email.eq(email.to_lowercase())),
    }
}

fn said_where(condition: Expr) -> SelectStatement {
    Query::select().column(provisioned::Column::PersonId).from(provisioned::Entity).and_where(condition).to_owned()
}

async fn with_said(ctx: &Ctx, people: Vec<person::Model>) -> Result<Vec<Account>> {
    let ids: Vec<PersonId> = people.iter().map(|person| person.id).collect();
    let said = provisioned::Entity::find().filter(provisioned::Column::PersonId.is_in(padded(&ids))).all(ctx.db.read()).await?;
    let mut said: HashMap<PersonId, provisioned::Model> = said.into_iter().map(|said| (said.person_id, said)).collect();
    Ok(people.into_iter().map(|person| Account { said: said.remove(&person.id), person }).collect())
}

/// Adds somebody, with VIEWER access. Whom the directory deleted before comes back as the same person, with no more than that.
///
/// # Errors
/// `BAD_USER_INPUT`; `CONFLICT` for a name or an address that is somebody else's.
pub async fn add(ctx: &Ctx, wanted: Wanted) -> Result<Account> {
    ctx.require(Right::Administer)?;
    let wanted = checked(wanted)?;
    if let Some(id) = deleted(ctx, &wanted).await? {
        // It may have given the name to somebody else since, who must not have the rights of who was here before.
        let update = UpdatePerson { access_level: Some(AccessLevel::Viewer), grants: Some(Vec::new()), ..UpdatePerson::default() };
        manage::update(ctx, id, update).await?;
        return apply(ctx, id, Wanted { active: wanted.active.or(Some(true)), ..wanted }).await;
    }
    let taken = Filter::UserName(wanted.user_name.clone());
    if page(ctx, Some(&taken), 0, 0).await?.0 > 0 {
        return Err(Error::AlreadyThere);
    }
    let name = wanted.name.as_deref().or(wanted.user_name.split('@').next()).unwrap_or_default();
    let mut person = person::Model { email: wanted.email.clone(), ..manage::new(ctx, name, AccessLevel::Viewer)? };
    if wanted.active == Some(false) {
        person.deactivated_at = Some(person.created_at);
    }
    let said = said(person.id, &wanted);
    let tx = ctx.db.begin().await?;
    manage::insert(&tx, &person).await?;
    keep(&tx, None, said.clone()).await?;
    let details = json!({ "accessLevel": AccessLevel::Viewer, "how": "SCIM" });
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::PersonAdded).about(person.id).details(details)]).await?;
    tx.commit().await?;
    Ok(Account { person, said: Some(said) })
}

/// Somebody whom the directory deleted, and who has this name or this address.
async fn deleted(ctx: &Ctx, wanted: &Wanted) -> Result<Option<PersonId>> {
    let of_address = |email: &String| {
        let theirs = Query::select().column(person::Column::Id).from(person::Entity).and_where(person::Column::Email.eq(email)).to_owned();
        provisioned::Column::PersonId.in_subquery(theirs)
    };
    let theirs = Condition::any()
        .add(provisioned::Column::UserNameKey.eq(wanted.user_name.to_lowercase()))
        .add_option(wanted.email.as_ref().map(of_address));
    let gone = provisioned::Entity::find().filter(provisioned::Column::DeletedAt.is_not_null()).filter(theirs);
    Ok(gone.order_by_asc(provisioned::Column::PersonId).one(ctx.db.read()).await?.map(|said| said.person_id))
}

/// Makes somebody as the directory wants them.
///
/// # Errors
/// As [`add`]; `NOT_FOUND`; `FAILED_PRECONDITION` for the last administrator, who stays.
pub async fn replace(ctx: &Ctx, id: PersonId, wanted: Wanted) -> Result<Account> {
    find(ctx, id).await?;
    apply(ctx, id, checked(wanted)?).await
}

/// Deactivates somebody whom the directory deleted. Their part in incidents stays on record.
///
/// # Errors
/// As [`replace`].
pub async fn remove(ctx: &Ctx, id: PersonId) -> Result<()> {
    let account = find(ctx, id).await?;
    if account.person.deactivated_at.is_none() {
        manage::update(ctx, id, UpdatePerson { deactivated: Some(true), ..UpdatePerson::default() }).await?;
    }
    let user_name = account.user_name();
    let known = account.said.clone();
    let said = account.said.unwrap_or_else(|| said(id, &Wanted { user_name, ..Wanted::default() }));
    let tx = ctx.db.begin().await?;
    keep(&tx, known, provisioned::Model { deleted_at: Some(ctx.now()), ..said }).await?;
    Ok(tx.commit().await?)
}

async fn apply(ctx: &Ctx, id: PersonId, wanted: Wanted) -> Result<Account> {
    let person = super::find(ctx, id).await?;
    if is_taken(ctx, id, &wanted).await? {
        return Err(Error::AlreadyThere);
    }
    let known = provisioned::Entity::find_by_id(id).one(ctx.db.read()).await?;
    let said = said(id, &wanted);
    if known.as_ref() != Some(&said) {
        let tx = ctx.db.begin().await?;
        keep(&tx, known, said.clone()).await?;
        tx.commit().await?;
    }
    let update = UpdatePerson {
        name: wanted.name.filter(|name| *name != person.name),
        email: (wanted.email != person.email).then_some(wanted.email),
        deactivated: wanted.active.map(|active| !active).filter(|deactivated| *deactivated != person.deactivated_at.is_some()),
        ..UpdatePerson::default()
    };
    let is_same = update.name.is_none() && update.email.is_none() && update.deactivated.is_none();
    let person = if is_same { person } else { manage::update(ctx, id, update).await? };
    Ok(Account { person, said: Some(said) })
}

/// Whether the name or the address is somebody else's, before anything is written. The database has the last word.
async fn is_taken(ctx: &Ctx, id: PersonId, wanted: &Wanted) -> Result<bool> {
    let of_name = provisioned::Entity::find().filter(provisioned::Column::UserNameKey.eq(wanted.user_name.to_lowercase()));
    if of_name.filter(provisioned::Column::PersonId.ne(id)).one(ctx.db.read()).await?.is_some() {
        return Ok(true);
    }
    let Some(email) = &wanted.email else { return Ok(false) };
    let of_address = person::Entity::find().filter(person::Column::Email.eq(email)).filter(person::Column::Id.ne(id));
    Ok(of_address.one(ctx.db.read()).await?.is_some())
}

fn checked(wanted: Wanted) -> Result<Wanted> {
    let line = |field, text: Option<String>| text.map(|text| validate::name(field, &text)).transpose();
    Ok(Wanted {
        user_name: validate::name("userName", &wanted.user_name)?,
        external_id: line("externalId", wanted.external_id)?,
        name: line("displayName", wanted.name)?,
        email: wanted.email.map(|email| validate::email("emails", &email)).transpose()?,
        email_type: line("emails", wanted.email_type)?,
        active: wanted.active,
    })
}

fn said(person_id: PersonId, wanted: &Wanted) -> provisioned::Model {
    provisioned::Model {
        person_id,
        user_name: wanted.user_name.clone(),
        user_name_key: wanted.user_name.to_lowercase(),
        external_id: wanted.external_id.clone(),
        email_type: wanted.email_type.clone(),
        deleted_at: None,
    }
}

async fn keep(tx: &DatabaseTransaction, known: Option<provisioned::Model>, said: provisioned::Model) -> Result<()> {
    match save::<provisioned::Entity, _>(tx, known, said).await {
        Err(error) if is_duplicate(&error, "provisioned") => Err(Error::AlreadyThere),
        saved => Ok(saved.map(|_| ())?),
    }
}
