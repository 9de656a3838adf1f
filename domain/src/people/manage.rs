//! Who joins the team, what they may do, and what they want to be told.

use entity::{
    AccessLevel, AuditAction, Channel, Channels, Grant, Grants, PersonId, PersonKind, identity, incident, person, session, sign_in_link,
};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Set};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::authz::{Actor, Right};
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::people::query::service;
use crate::people::{access, by_email, find, first_administrator, leaving};
use crate::sql::save;
use crate::validate::{self, Edit};
use crate::wake::Wake;

/// Input of [`invite`].
pub struct Invite {
    /// Display name.
    pub name: String,
    /// E-mail address; unique.
    pub email: String,
    /// What they may do in general.
    pub access_level: AccessLevel,
    /// What they may do beyond that.
    pub grants: Vec<Grant>,
    /// Higher is more senior.
    pub seniority: Option<i32>,
    /// Where they can be phoned.
    pub phone: Option<String>,
    /// Where their phone listens at the ntfy server.
    pub ntfy_topic: Option<String>,
}

/// Adds a person; the secret opens their first session.
///
/// # Errors
/// `BAD_USER_INPUT`, including for an address that is taken; `FORBIDDEN`.
pub async fn invite(ctx: &Ctx, input: Invite) -> Result<(person::Model, String)> {
    ctx.require(Right::Administer)?;
    let email = validate::email("email", &input.email)?;
    let phone = input.phone.as_deref().map(|phone| validate::phone("phone", phone)).transpose()?;
    let ntfy_topic = input.ntfy_topic.as_deref().map(|topic| validate::ntfy_topic("ntfyTopic", topic)).transpose()?;
    let person = person::Model {
        email: Some(email),
        phone,
        ntfy_topic,
        grants: input.grants.into_iter().collect(),
        seniority: input.seniority,
        ..new(ctx, &input.name, input.access_level)?
    };
    add(ctx, &person).await?;
    let secret = access::create_sign_in_link(ctx, person.id).await?;
    Ok((person, secret))
}

/// A person of whom only the name and what they may do are known.
pub(super) fn new(ctx: &Ctx, name: &str, access_level: AccessLevel) -> Result<person::Model> {
    let now = ctx.now();
    Ok(person::Model {
        id: PersonId(ctx.ids.uuid(now)),
        name: validate::name("name", name)?,
        kind: PersonKind::Human,
        email: None,
        phone: None,
        ntfy_topic: None,
        chat_account: None,
        access_level,
        seniority: None,
        grants: Grants::default(),
        quiet: Channels::default(),
        created_at: now,
        deactivated_at: None,
    })
}

/// Writes somebody new.
///
/// # Errors
/// `CONFLICT` if there is already somebody with their address.
pub(super) async fn insert(tx: &DatabaseTransaction, row: &person::Model) -> Result<()> {
    match person::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await {
        Err(error) if is_duplicate(&error, "person") => Err(Error::AlreadyThere),
        inserted => Ok(inserted.map(|_| ())?),
    }
}

async fn add(ctx: &Ctx, row: &person::Model) -> Result<()> {
    let tx = ctx.db.begin().await?;
    insert(&tx, row).await.map_err(|error| match error {
        Error::AlreadyThere => Error::invalid("email", "There is already somebody with this e-mail address."),
        error => error,
    })?;
    let details = json!({ "kind": row.kind, "accessLevel": row.access_level, "grants": names(row.grants) });
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::PersonAdded).about(row.id).details(details)]).await?;
    tx.commit().await?;
    Ok(())
}

fn names(grants: Grants) -> Vec<&'static str> {
    grants.iter().map(Grant::as_str).collect()
}

/// The person with this address, created with this name and level if there is none. For the command line.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`.
pub async fn find_or_add(ctx: &Ctx, name: &str, email: &str, access_level: AccessLevel) -> Result<person::Model> {
    ctx.require(Right::Administer)?;
    if let Some(person) = by_email(ctx, email).await? {
        return Ok(person);
    }
    let person = person::Model { email: Some(validate::email("email", email)?), ..new(ctx, name, access_level)? };
    add(ctx, &person).await?;
    Ok(person)
}

/// The service with this name, created with this level if there is none: a program, which nobody can page or ask for anything.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`.
pub async fn find_or_add_service(ctx: &Ctx, name: &str, access_level: AccessLevel) -> Result<person::Model> {
    ctx.require(Right::Administer)?;
    let new = person::Model { kind: PersonKind::Service, ..new(ctx, name, access_level)? };
    if let Some(known) = service(ctx, &new.name).await? {
        return Ok(known);
    }
    add(ctx, &new).await?;
    Ok(new)
}

/// At the first start, the secret that opens the first administrator's first session. Adds the administrator if there is none.
pub async fn bootstrap(ctx: &Ctx) -> Result<Option<String>> {
    ctx.require(Right::Administer)?;
    let administrator = match first_administrator(ctx).await? {
        // Somebody made a token for them before the first start, and they have no way in yet.
        Some(person) if is_untouched(ctx).await? => person,
        Some(_) => return Ok(None),
        None => {
            let person = new(ctx, "Administrator", AccessLevel::Admin)?;
            add(ctx, &person).await?;
            person
        }
    };
    access::create_sign_in_link(ctx, administrator.id).await.map(Some)
}

/// Whether nobody could ever have signed in, and nothing has happened.
async fn is_untouched(ctx: &Ctx) -> Result<bool> {
    let db = ctx.db.read();
    let (links, sessions, incidents) =
        tokio::try_join!(sign_in_link::Entity::find().one(db), session::Entity::find().one(db), incident::Entity::find().one(db))?;
    Ok(links.is_none() && sessions.is_none() && incidents.is_none())
}

/// Input of [`update`]: omitted fields stay as they are; blank texts empty theirs.
#[derive(Default)]
pub struct UpdatePerson {
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Edit<String>,
    /// What they may do in general.
    pub access_level: Option<AccessLevel>,
    /// The new grants, replacing all others.
    pub grants: Option<Vec<Grant>>,
    /// Higher is more senior.
    pub seniority: Edit<i32>,
    /// Where they can be phoned.
    pub phone: Edit<String>,
    /// Where their phone listens at the ntfy server.
    pub ntfy_topic: Edit<String>,
    /// Whether they are deactivated. Deactivated people can't sign in; their sessions, tokens, passkeys and calendar link end for good.
    pub deactivated: Option<bool>,
}

/// Changes a person. Those who leave, or may no longer respond, lose their roles in incidents that are not over, and what they were
/// paged for goes to the next.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if no administrator would be left.
pub async fn update(ctx: &Ctx, id: PersonId, input: UpdatePerson) -> Result<person::Model> {
    ctx.require(Right::Administer)?;
    let before = find(ctx, id).await?;
    let mut row = before.clone();
    if let Some(name) = &input.name {
        row.name = validate::name("name", name)?;
    }
    row.email = validate::edit(input.email.as_ref(), |email| validate::email("email", email))?.unwrap_or(row.email);
    row.access_level = input.access_level.unwrap_or(row.access_level);
    row.grants = input.grants.map_or(row.grants, |grants| grants.into_iter().collect());
    row.seniority = input.seniority.unwrap_or(row.seniority);
    row.phone = validate::edit(input.phone.as_ref(), |phone| validate::phone("phone", phone))?.unwrap_or(row.phone);
    row.ntfy_topic = validate::edit(input.ntfy_topic.as_ref(), |topic| validate::ntfy_topic("ntfyTopic", topic))?.unwrap_or(row.ntfy_topic);
    match input.deactivated {
        Some(true) => row.deactivated_at = row.deactivated_at.or(Some(ctx.now())),
        Some(false) => row.deactivated_at = None,
        None => {}
    }
    let is_admin = |row: &person::Model| row.access_level == AccessLevel::Admin && row.deactivated_at.is_none();
    let was_away = before.deactivated_at.is_some();
    let tx = ctx.db.begin().await?;
    if is_admin(&before) && !is_admin(&row) {
        // Locked, so that of two administrators who demote each other at once one stays; but not their keys, which an entry of the audit log
        // that somebody appends just now refers to.
        let admins = person::Entity::find()
            .filter(person::Column::AccessLevel.eq(AccessLevel::Admin))
            .filter(person::Column::DeactivatedAt.is_null())
            .filter(person::Column::Kind.eq(PersonKind::Human))
            .order_by_asc(person::Column::Id)
            .lock(LockType::NoKeyUpdate);
        if admins.all(&tx).await?.iter().all(|admin| admin.id == id) {
            return Err(Error::precondition("This is the last administrator: make somebody else an administrator first."));
        }
    }
    let row = match save::<person::Entity, _>(&tx, Some(before.clone()), row).await {
        Err(error) if is_duplicate(&error, "person") => return Err(Error::AlreadyThere),
        saved => saved?,
    };
    if input.deactivated == Some(true) {
        access::end_all(&tx, id, ctx.now()).await?;
    }
    if input.deactivated == Some(false) && was_away {
        // Who comes back is matched by their address again: their account may have been made anew, or be somebody else's by now.
        identity::Entity::delete_many().filter(identity::Column::PersonId.eq(id)).exec(&tx).await?;
    }
    audit::append(ctx, &tx, changes(&before, &row)).await?;
    tx.commit().await?;
    ctx.waker.access_changed();
    // Who has left, or may not respond, has no shifts.
    ctx.waker.wake(Wake::OnCall);
    if row.deactivated_at.is_some() || row.access_level == AccessLevel::Viewer {
        leaving::pass_on(ctx, &row).await?;
    }
    Ok(row)
}

/// What the audit log says of a change to a person.
fn changes(before: &person::Model, after: &person::Model) -> Vec<Entry> {
    let mut rights = serde_json::Map::new();
    if before.access_level != after.access_level {
        rights.insert("accessLevel".to_owned(), json!({ "from": before.access_level, "to": after.access_level }));
    }
    if before.grants != after.grants {
        rights.insert("grants".to_owned(), json!({ "from": names(before.grants), "to": names(after.grants) }));
    }
    let others = [
        ("name", before.name != after.name),
        ("email", before.email != after.email),
        ("seniority", before.seniority != after.seniority),
        ("phone", before.phone != after.phone),
        ("ntfyTopic", before.ntfy_topic != after.ntfy_topic),
    ];
    let others: Vec<&str> = others.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect();
    let entry = |action| Entry::new(action).about(after.id);
    let mut entries = Vec::new();
    if !rights.is_empty() {
        entries.push(entry(AuditAction::RightsChanged).details(rights.into()));
    }
    match (before.deactivated_at, after.deactivated_at) {
        (None, Some(_)) => entries.push(entry(AuditAction::PersonDeactivated)),
        (Some(_), None) => entries.push(entry(AuditAction::PersonReactivated)),
        (None, None) | (Some(_), Some(_)) => {}
    }
    if !others.is_empty() {
        entries.push(entry(AuditAction::PersonChanged).details(json!({ "fields": others })));
    }
    entries
}

/// The telephone number of `person`, visible to themselves and to everybody who works on incidents.
pub fn phone<'a>(ctx: &Ctx, person: &'a person::Model) -> Option<&'a str> {
    let may_know = ctx.actor.person_id() == Some(person.id) || ctx.actor.may(Right::Respond);
    person.phone.as_deref().filter(|_| may_know)
}

/// Sets where the caller's phone listens at the ntfy server; empty for nowhere. What is sent there lets its reader act as them, so a
/// weaker token can't change it, nor can somebody who came by the link of a page.
///
/// # Errors
/// `BAD_USER_INPUT` for what can't be a topic; `FORBIDDEN` with less than their own rights; `NOT_FOUND` for Muster itself.
pub async fn set_ntfy_topic(ctx: &Ctx, topic: &str) -> Result<person::Model> {
    let before = find(ctx, ctx.actor.person_id().ok_or(Error::NotFound("person"))?).await?;
    if !is_themselves(ctx, &before) {
        let way_out = "Sign in, or use a token with your own level of access, to set where your phone listens.";
        return Err(Error::Forbidden(way_out.to_owned()));
    }
    let ntfy_topic = Some(topic).filter(|topic| !topic.trim().is_empty()).map(|topic| validate::ntfy_topic("topic", topic)).transpose()?;
    let tx = ctx.db.begin().await?;
    let row = save::<person::Entity, _>(&tx, Some(before.clone()), person::Model { ntfy_topic, ..before.clone() }).await?;
    audit::append(ctx, &tx, changes(&before, &row)).await?;
    tx.commit().await?;
    Ok(row)
}

/// The topic of `person` at the ntfy server, which is as good as a password: visible to themselves, with all their rights, and to
/// administrators.
pub fn ntfy_topic<'a>(ctx: &Ctx, person: &'a person::Model) -> Option<&'a str> {
    let may_know = is_themselves(ctx, person) || ctx.actor.may(Right::Administer);
    person.ntfy_topic.as_deref().filter(|_| may_know)
}

/// Whether the caller is `person`, with all that they may do.
pub(crate) fn is_themselves(ctx: &Ctx, person: &person::Model) -> bool {
    matches!(ctx.actor, Actor::Person { id, access, .. } if id == person.id && access >= person.access_level)
}

/// Sets the channels in which the caller gets no reminders; all others carry them. Pages arrive regardless.
///
/// # Errors
/// `BAD_USER_INPUT` for a list that is too long; `NOT_FOUND` for Muster itself, which gets no reminders.
pub async fn quiet_reminders(ctx: &Ctx, channels: &[Channel]) -> Result<person::Model> {
    let before = find(ctx, ctx.actor.person_id().ok_or(Error::NotFound("person"))?).await?;
    let quiet = validate::list("channels", channels)?.into_iter().collect();
    let row = person::ActiveModel { id: Set(before.id), quiet: Set(quiet), ..Default::default() };
    person::Entity::update_many().set(row).filter(person::Column::Id.eq(before.id)).exec(ctx.db.write()).await?;
    Ok(person::Model { quiet, ..before })
}

/// The channels in which `person` gets no reminders, visible to themselves and to administrators.
pub fn quiet_channels(ctx: &Ctx, person: &person::Model) -> Option<Channels> {
    (ctx.actor.person_id() == Some(person.id) || ctx.actor.may(Right::Administer)).then_some(person.quiet)
}
