//! Whose account in the chat is whose.
//!
//! A person's account is found once by their e-mail address, which the chat has verified, or shown to be theirs by a link that they confirm
//! while they are signed in. A guest's account is nobody's, unless an administrator says so. What comes from another workspace never counts: an
//! account is known by a name that only its workspace keeps unique.

use std::collections::HashMap;

use chrono::Duration;
use entity::{AccessLevel, AuditAction, PersonId, PersonKind, Timestamp, chat_link, chat_search, person};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::stop::Stop;
use crate::audit::{self, Entry};
use crate::authz::{Actor, Presented, Right};
use crate::ctx::Ctx;
use crate::error::{Error, Result, is_duplicate};
use crate::people::secrets::hash;
use crate::people::{self, access};
use crate::ports::{Asker, ChatRooms, SeenChatter};
use crate::{limits, validate};

/// An address that nobody has there is looked for again after this: its owner may join.
const AGAIN_AFTER: Duration = Duration::days(1);
/// Addresses that one look looks for.
const AT_ONCE: usize = 20;

/// Who turned to Muster.
pub(super) enum Who {
    /// Somebody of the team.
    Known(Box<person::Model>),
    /// Somebody of the workspace whom Muster does not know: they may report, and nothing else.
    Unknown,
    /// Somebody who may do nothing, and why.
    Denied(String),
}

/// Who it is that turned to Muster; somebody new becomes a viewer where the settings say so.
pub(super) async fn who(ctx: &Ctx, rooms: &dyn ChatRooms, asker: &Asker) -> Result<Who, Stop> {
    let is_here = match &asker.workspace {
        Some(workspace) => rooms.is_ours(workspace).await?,
        None => true,
    };
    let linked = by_account(ctx, &asker.account).await?;
    if let Some(person) = linked.as_ref().filter(|_| is_here) {
        return Ok(of_team(person));
    }
    let seen = rooms.by_account(&asker.account).await?;
    let Some(seen) = seen.as_ref().filter(|seen| is_of_workspace(seen, asker, is_here)) else {
        let why =
            "Muster takes nothing from people of other workspaces, and from guests only if an administrator of Muster has linked them.";
        return Ok(Who::Denied(why.to_owned()));
    };
    let person = if linked.is_some() { linked } else { newcomer(ctx, seen).await? };
    Ok(person.as_ref().map_or(Who::Unknown, of_team))
}

fn of_team(person: &person::Model) -> Who {
    match person.deactivated_at {
        Some(_) => Who::Denied(format!("{} is no longer on the team.", person.name)),
        None => Who::Known(Box::new(person.clone())),
    }
}

/// Whether `seen`, whom the chat knows by this account, asks as somebody of our workspace. What arrived may name another one where an
/// organisation has several: then it must be one of theirs.
fn is_of_workspace(seen: &SeenChatter, asker: &Asker, is_here: bool) -> bool {
    let is_theirs = is_here || asker.workspace.as_ref().is_some_and(|workspace| seen.workspaces.contains(workspace));
    is_theirs && is_colleague(seen)
}

/// Whether they are a person of our workspace whose account is open, and no guest.
fn is_colleague(seen: &SeenChatter) -> bool {
    !seen.is_outsider && !seen.is_bot && !seen.is_gone
}

/// The person with this account.
pub(super) async fn by_account(ctx: &Ctx, account: &str) -> Result<Option<person::Model>> {
    Ok(person::Entity::find().filter(person::Column::ChatAccount.eq(account)).one(ctx.db.read()).await?)
}

/// Those of the team with these accounts, by them.
pub(super) async fn by_accounts(ctx: &Ctx, accounts: &[String]) -> Result<HashMap<String, person::Model>> {
    use person::Column;
    if accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let found = person::Entity::find().filter(Column::ChatAccount.is_in(accounts)).filter(Column::DeactivatedAt.is_null());
    let people = found.all(ctx.db.read()).await?.into_iter();
    Ok(people.filter_map(|person| Some((person.chat_account.clone()?, person))).collect())
}

/// Whoever has the address of an account that nobody has yet: somebody who was added since the last look, or somebody new.
async fn newcomer(ctx: &Ctx, seen: &SeenChatter) -> Result<Option<person::Model>> {
    let Some(email) = seen.email.as_deref().and_then(|email| validate::email("email", email).ok()) else { return Ok(None) };
    let known = people::by_email(ctx, &email).await?;
    if known.is_none() && !ctx.config.chat.admits_newcomers {
        return Ok(None);
    }
    let person = match known {
        Some(person) => person,
        None => people::find_or_add(ctx, &validate::as_name(&seen.name), &email, AccessLevel::Viewer).await?,
    };
    if person.deactivated_at.is_none() && !is_unwanted(ctx, &person).await? {
        link(ctx, &person, &seen.account, "EMAIL").await?;
    }
    // Whoever looks for accounts at this moment may have been faster.
    Ok(by_account(ctx, &seen.account).await?.filter(|person| person.deactivated_at.is_none()))
}

/// Whether the person has said that no account is to be found for them.
async fn is_unwanted(ctx: &Ctx, person: &person::Model) -> Result<bool> {
    let row = chat_search::Entity::find_by_id(person.id).one(ctx.db.read()).await?;
    Ok(row.is_some_and(|row| row.again_at.is_none() && Some(&row.email) == person.email.as_ref()))
}

/// Looks for the accounts of people of whom none is known.
///
/// # Errors
/// Those of the database. A chat that refuses is asked again by the next look.
pub async fn find_some(ctx: &Ctx, rooms: &dyn ChatRooms) -> Result<()> {
    ctx.require(Right::Administer)?;
    let now = ctx.now();
    let searches = chat_search::Entity::find().all(ctx.db.read()).await?;
    let is_over = |person: &person::Model| {
        let mut same = searches.iter().filter(|row| row.person_id == person.id && Some(&row.email) == person.email.as_ref());
        same.any(|row| row.again_at.is_none_or(|at| at > now))
    };
    let team = people::team(ctx).await?;
    let wanted = team.iter().filter(|person| person.chat_account.is_none() && person.email.is_some() && !is_over(person));
    for person in wanted.take(AT_ONCE) {
        let Some(email) = &person.email else { continue };
        match rooms.by_email(email).await {
            Ok(Some(seen)) if is_colleague(&seen) => {
                let linked = link(ctx, person, &seen.account, "EMAIL").await?;
                searched(ctx, person.id, email, linked.is_none().then_some(now + AGAIN_AFTER)).await?;
            }
            Ok(_) => searched(ctx, person.id, email, Some(now + AGAIN_AFTER)).await?,
            Err(refusal) => {
                tracing::debug!(reason = refusal.reason(), "the chat was not asked for more accounts");
                return Ok(());
            }
        }
    }
    Ok(())
}

async fn searched(ctx: &Ctx, person_id: PersonId, email: &str, again_at: Option<Timestamp>) -> Result<()> {
    use chat_search::Column;
    let row = chat_search::Model { person_id, email: email.to_owned(), again_at };
    let anew = OnConflict::column(Column::PersonId).update_columns([Column::Email, Column::AgainAt]).to_owned();
    chat_search::Entity::insert(row.into_active_model()).on_conflict(anew).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// Makes the account that of `person`; `None` if it is somebody else's, or they have one.
async fn link(ctx: &Ctx, person: &person::Model, account: &str, how: &str) -> Result<Option<person::Model>> {
    let tx = ctx.db.begin().await?;
    let linked = match set(&tx, person.id, Some(account)).await {
        Err(error) if is_duplicate(&error, "person") => return Ok(None),
        linked => linked?,
    };
    if !linked {
        return Ok(None);
    }
    let entry = Entry::new(AuditAction::ChatAccountLinked).about(person.id).details(json!({ "account": account, "how": how }));
    audit::append(ctx, &tx, vec![entry]).await?;
    tx.commit().await?;
    Ok(Some(person::Model { chat_account: Some(account.to_owned()), ..person.clone() }))
}

/// Sets or clears it; `false` if that changes nothing, or would take an account for another.
async fn set(tx: &DatabaseTransaction, person: PersonId, account: Option<&str>) -> Result<bool, DbErr> {
    use person::Column;
    let row = person::ActiveModel { chat_account: Set(account.map(str::to_owned)), ..Default::default() };
    let before = if account.is_some() { Column::ChatAccount.is_null() } else { Column::ChatAccount.is_not_null() };
    let changed = person::Entity::update_many().set(row).filter(Column::Id.eq(person)).filter(before).exec(tx).await?;
    Ok(changed.rows_affected > 0)
}

/// The address at which whoever has this account shows, signed in, that it is theirs.
pub(super) async fn invite(ctx: &Ctx, asker: &Asker) -> Result<String> {
    let secret = ctx.ids.secret();
    let (account, name) = (asker.account.clone(), validate::as_name(&asker.name));
    let row = chat_link::Model { secret_hash: hash(&secret), account, name, expires_at: ctx.now() + limits::CHAT_LINK_LIFETIME };
    chat_link::Entity::insert(row.into_active_model()).exec_without_returning(ctx.db.write()).await?;
    Ok(format!("{}/account?chat={secret}", ctx.config.public_url))
}

/// What a link is about; `None` if it never existed, was used or is too old.
///
/// # Errors
/// Those of the database.
pub async fn behind(ctx: &Ctx, secret: &str) -> Result<Option<chat_link::Model>> {
    let row = chat_link::Entity::find_by_id(hash(secret)).one(ctx.db.read()).await?;
    Ok(row.filter(|row| row.expires_at > ctx.now()))
}

/// Makes the account behind a link the caller's. Their own account is given up for it.
///
/// # Errors
/// `NOT_FOUND` for a link that never existed, was used or is too old; `FORBIDDEN` with less than their own rights; `FAILED_PRECONDITION` if
/// somebody else has the account, or the caller is a service.
pub async fn confirm(ctx: &Ctx, secret: &str) -> Result<person::Model> {
    let person = people::find(ctx, ctx.actor.person_id().ok_or(Error::NotFound("person"))?).await?;
    require_themselves(ctx, &person)?;
    if person.kind == PersonKind::Service {
        return Err(Error::precondition(format!("{} is a service: it has no account in the chat.", person.name)));
    }
    let row = behind(ctx, secret).await?.ok_or(Error::NotFound("link"))?;
    let linked = change_to(ctx, person, &row.account, "CONFIRMED").await?;
    chat_link::Entity::delete_by_id(row.secret_hash).exec(ctx.db.write()).await?;
    if let Some(email) = &linked.email {
        searched(ctx, linked.id, email, None).await?;
    }
    Ok(linked)
}

/// Makes `account` that of a person, at an administrator's word: a guest's, for example.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if somebody else has the account.
pub async fn set_account(ctx: &Ctx, person: PersonId, account: &str) -> Result<person::Model> {
    ctx.require(Right::Administer)?;
    let account = account.trim();
    if account.is_empty() || account.len() > 64 || !account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::invalid("account", "account must be the id of a member, such as U0123ABCD: Slack shows it in their profile."));
    }
    change_to(ctx, people::able_to_read(ctx, "personId", person).await?, account, "ADMINISTRATOR").await
}

/// Makes the account that of `person`, in the place of the one that they have.
async fn change_to(ctx: &Ctx, person: person::Model, account: &str, how: &str) -> Result<person::Model> {
    let taken = || Error::precondition("Somebody else has this account: it has to be unlinked first, by them or by an administrator.");
    match by_account(ctx, account).await? {
        Some(same) if same.id == person.id => return Ok(same),
        Some(_) => return Err(taken()),
        None => {}
    }
    let person = give_up(ctx, person, None).await?;
    link(ctx, &person, account, how).await?.ok_or_else(taken)
}

/// Ends that a person has an account in the chat. None is looked for in its place.
///
/// # Errors
/// `FORBIDDEN` for somebody else's without `ADMINISTER`; `NOT_FOUND`.
pub async fn unlink(ctx: &Ctx, person: PersonId) -> Result<person::Model> {
    let person = people::find(ctx, person).await?;
    if !ctx.actor.may(Right::Administer) {
        require_themselves(ctx, &person)?;
    }
    give_up(ctx, person, None).await
}

/// Ends that a person has an account that the chat has closed. One with their address is looked for again: nobody has said that there is to be
/// none.
pub(super) async fn closed(ctx: &Ctx, person: person::Model) -> Result<()> {
    give_up(ctx, person, Some(ctx.now() + AGAIN_AFTER)).await?;
    Ok(())
}

/// Ends it; from `again_at` on, one with their address is looked for.
async fn give_up(ctx: &Ctx, person: person::Model, again_at: Option<Timestamp>) -> Result<person::Model> {
    let Some(account) = &person.chat_account else { return Ok(person) };
    // First, so that none is found in the meantime that is not wanted.
    if let Some(email) = &person.email {
        searched(ctx, person.id, email, again_at).await?;
    }
    let tx = ctx.db.begin().await?;
    set(&tx, person.id, None).await?;
    let entry = Entry::new(AuditAction::ChatAccountUnlinked).about(person.id).details(json!({ "account": account }));
    audit::append(ctx, &tx, vec![entry]).await?;
    tx.commit().await?;
    Ok(person::Model { chat_account: None, ..person })
}

/// Fails unless the caller is `person` with all their rights: whoever has the account acts as them from then on.
fn require_themselves(ctx: &Ctx, person: &person::Model) -> Result<()> {
    if matches!(ctx.actor, Actor::Visitor { .. }) {
        return Err(Error::Forbidden(access::VISITING.to_owned()));
    }
    if people::is_themselves(ctx, person) && !ctx.actor.token().is_some_and(Presented::is_bound) {
        return Ok(());
    }
    Err(Error::Forbidden(
        "Sign in, or use a token with your own level of access that is not bound, to say which account in the chat is yours.".to_owned(),
    ))
}

/// The account of `person` in the chat, visible to themselves and to everybody who works on incidents.
pub fn of_person<'a>(ctx: &Ctx, person: &'a person::Model) -> Option<&'a str> {
    let may_know = ctx.actor.person_id() == Some(person.id) || ctx.actor.may(Right::Respond);
    person.chat_account.as_deref().filter(|_| may_know)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_is_of_our_workspace() {
        let seen = |workspaces: &[&str], is_outsider: bool| SeenChatter {
            account: "U1".to_owned(),
            name: "Kim".to_owned(),
            email: None,
            workspaces: workspaces.iter().map(|&workspace| workspace.to_owned()).collect(),
            is_outsider,
            is_bot: false,
            is_gone: false,
        };
        let from = |workspace: &str| Asker { account: "U1".to_owned(), name: String::new(), workspace: Some(workspace.to_owned()) };
        for (seen, workspace, expected) in [
            (seen(&["OURS"], false), "OURS", true),
            (seen(&["OURS"], true), "OURS", false),
            // One account has the name of another's in a workspace to which the app was added by mistake.
            (seen(&["OURS"], false), "ANOTHER", false),
            (seen(&["ANOTHER"], true), "ANOTHER", false),
            // In an organisation.
            (seen(&["SISTER", "OURS", "ORGANISATION"], false), "SISTER", true),
            (seen(&["SISTER", "OURS", "ORGANISATION"], false), "ORGANISATION", true),
            (seen(&["SISTER", "ORGANISATION"], true), "SISTER", false),
        ] {
            assert_eq!(is_of_workspace(&seen, &from(workspace), workspace == "OURS"), expected, "{seen:?} {workspace}");
        }
    }
}
