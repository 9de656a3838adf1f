//! Clients and contacts that are kept in another system's directory (R21).
//!
//! Called by `worker` every minute. The directory is read page by page. Each page is stored in a few statements, followed by how far the
//! read has got, so it resumes there after a failure or a pause that the directory asks for, and a directory of any size is read to its
//! end. Most reads cover only what changed; once a day everything is read, which also shows who is no longer there. Two concurrent reads
//! do no harm.
//!
//! What people entered by hand stays. A client or contact that is also in the directory is adopted by its name or address, and follows
//! the directory from then on. Clients are never removed, because incidents refer to them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use entity::{ClientId, ContactId, ContactKind, Importance, System, Timestamp, client, contact, sync_mark};
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, Set};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::authz::Right;
use crate::catalogue::remember_names;
use crate::ctx::Ctx;
use crate::delivery::hold;
use crate::error::{Error, Result, is_duplicate};
use crate::ports::{ClientDirectory, Refusal, SeenOrganization, SeenPerson};
use crate::sql::padded;
use crate::validate;

/// The name of the mark that says how far the directory was read.
const MARK: &str = "zendesk-clients";
/// How often changes are read.
const EVERY: Duration = Duration::minutes(15);
/// How often everything is read.
const COMPLETE_EVERY: Duration = Duration::hours(24);
/// The directory's search lags: changes this long before the last read are read again.
const OVERLAP: Duration = Duration::hours(1);

/// Syncs clients and their contacts from the directory, as far as it lets us read now. A directory that does not answer is tried again
/// next time.
pub async fn sync(ctx: &Ctx, directory: &dyn ClientDirectory) -> Result<()> {
    ctx.require(Right::Administer)?;
    if hold::is_held(ctx, System::Zendesk).await? {
        return Ok(());
    }
    let mark = sync_mark::Entity::find_by_id(MARK).one(ctx.db.read()).await?;
    let mark = mark.unwrap_or_else(|| sync_mark::Model { name: MARK.to_owned(), known_until: None, complete_at: None, under_way: None });
    let Some(place) = Place::after(&mark, ctx.now()) else { return Ok(()) };
    let mut reading = Reading { ctx, mark, place, unusable: 0 };
    let outcome = reading.go_on(directory).await;
    if reading.unusable > 0 {
        tracing::info!(skipped = reading.unusable, "skipped directory entries without a usable name or address");
    }
    match outcome {
        // Another process is reading at the same time, and was faster.
        Ok(()) | Err(Stop::Failed(Error::AlreadyThere)) => Ok(()),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Refused(Refusal::Locked(reason))) => hold::hold(ctx, System::Zendesk, &reason).await,
        Err(Stop::Refused(Refusal::Later { reason, .. } | Refusal::Unclear(reason))) => {
            tracing::debug!(%reason, "the client directory has not been read to its end yet; the read will resume");
            Ok(())
        }
        Err(Stop::Refused(Refusal::Never(reason))) => {
            tracing::warn!(%reason, "could not go on reading the client directory");
            // A later page may no longer exist, so the read starts over. If even the first one fails, somebody has to look into it.
            if reading.place.page.is_some() { reading.keep(None).await } else { Ok(()) }
        }
    }
}

/// Why a read ended early.
enum Stop {
    Refused(Refusal),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// How far a read has got. Stored, so new fields need defaults.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    began: Timestamp,
    /// Reads only what changed since then; `None` reads everything.
    since: Option<Timestamp>,
    part: Part,
    /// The next page; `None` for the first.
    page: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Part {
    Organizations,
    People,
}

impl Place {
    /// Where to resume or begin; `None` if it is too early.
    fn after(mark: &sync_mark::Model, now: Timestamp) -> Option<Self> {
        let is_past = |at: Option<Timestamp>, time: Duration| at.is_none_or(|at| at <= now - time);
        let under_way = mark.under_way.clone().and_then(|place| serde_json::from_value::<Self>(place).ok());
        if let Some(place) = under_way.filter(|place| !is_past(Some(place.began), COMPLETE_EVERY)) {
            return Some(place);
        }
        let since = mark.known_until.filter(|_| !is_past(mark.complete_at, COMPLETE_EVERY)).map(|known_until| known_until - OVERLAP);
        is_past(mark.known_until, EVERY).then_some(Self { began: now, since, part: Part::Organizations, page: None })
    }
}

/// One read of the directory.
struct Reading<'a> {
    ctx: &'a Ctx,
    mark: sync_mark::Model,
    place: Place,
    /// The number of entries that can't be stored.
    unusable: usize,
}

impl Reading<'_> {
    async fn go_on(&mut self, directory: &dyn ClientDirectory) -> Result<(), Stop> {
        loop {
            let Place { since, part, page, .. } = self.place.clone();
            let next = match part {
                Part::Organizations => {
                    let page = directory.organizations(since, page.as_deref()).await.map_err(Stop::Refused)?;
                    self.take_organizations(&page.items).await?;
                    page.next
                }
                Part::People => {
                    let page = directory.people(since, page.as_deref()).await.map_err(Stop::Refused)?;
                    self.take_people(&page.items).await?;
                    page.next
                }
            };
            self.place = match (part, next) {
                (part, Some(page)) => Place { part, page: Some(page), ..self.place.clone() },
                (Part::Organizations, None) => Place { part: Part::People, page: None, ..self.place.clone() },
                (Part::People, None) => return Ok(self.end().await?),
            };
            self.keep(Some(self.place.clone())).await?;
        }
    }

    /// Records that the read reached the end.
    async fn end(&mut self) -> Result<()> {
        let Place { began, since, .. } = self.place;
        if since.is_none() {
            remove_unlisted(self.ctx, began).await?;
            self.mark.complete_at = Some(began);
        }
        self.mark.known_until = Some(began);
        self.keep(None).await
    }

    /// Stores how far the read has got.
    async fn keep(&self, place: Option<Place>) -> Result<()> {
        let row = sync_mark::Model { under_way: place.map(|place| json!(place)), ..self.mark.clone() };
        let moved = OnConflict::column(sync_mark::Column::Name)
            .update_columns([sync_mark::Column::KnownUntil, sync_mark::Column::CompleteAt, sync_mark::Column::UnderWay])
            .to_owned();
        sync_mark::Entity::insert(row.into_active_model()).on_conflict(moved).exec_without_returning(self.ctx.db.write()).await?;
        Ok(())
    }

    async fn take_organizations(&mut self, page: &[SeenOrganization]) -> Result<()> {
        // Only clients without a number can be adopted by name. Names are compared here, because databases fold case differently.
        let numbers: Vec<&str> = page.iter().map(|seen| seen.id.as_str()).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let column = client::Column::ZendeskOrganizationId;
        let rows = client::Entity::find()
            .filter(column.is_in(padded(&numbers)).or(column.is_null()))
            .order_by_asc(client::Column::Id)
            .all(self.ctx.db.read())
            .await?;
        let (mut known, mut by_hand): (BTreeMap<String, client::Model>, Vec<client::Model>) = Default::default();
        for row in rows {
            match row.zendesk_organization_id.clone() {
                Some(number) => drop(known.insert(number, row)),
                None => by_hand.push(row),
            }
        }
        let mut changed: BTreeMap<ClientId, client::Model> = BTreeMap::new();
        let mut former = Vec::new();
        for seen in page {
            let Ok(name) = validate::name("name", &seen.name) else {
                self.unusable += 1;
                continue;
            };
            let same_name = |row: &client::Model| row.name.to_lowercase() == name.to_lowercase();
            let before = known.get(&seen.id).cloned();
            let row = before.clone().or_else(|| by_hand.iter().position(same_name).map(|place| by_hand.remove(place)));
            let row = row.unwrap_or_else(|| new_client(self.ctx));
            if before.as_ref().is_some_and(|before| before.name != name) {
                former.push((row.id, row.name.clone()));
            }
            let row = client::Model { name, zendesk_organization_id: Some(seen.id.clone()), ..row };
            if before.as_ref() != Some(&row) {
                known.insert(seen.id.clone(), row.clone());
                changed.insert(row.id, row);
            }
        }
        if !former.is_empty() {
            remember_names(self.ctx.db.write(), former).await?;
        }
        self.write_clients(changed.into_values().collect()).await
    }

    async fn write_clients(&self, rows: Vec<client::Model>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let follow =
            OnConflict::column(client::Column::Id).update_columns([client::Column::Name, client::Column::ZendeskOrganizationId]).to_owned();
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        written(client::Entity::insert_many(rows).on_conflict(follow).exec_without_returning(self.ctx.db.write()).await)
    }

    async fn take_people(&mut self, page: &[SeenPerson]) -> Result<()> {
        if page.is_empty() {
            return Ok(());
        }
        let clients = self.clients_of(page).await?;
        let mut known = self.contacts_of(page, clients.values()).await?;
        let (mut changed, mut removed, mut listed) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for seen in page {
            let row = known.iter().position(|row| row.zendesk_user_id.as_ref() == Some(&seen.id)).map(|place| known.remove(place));
            let Some((client, email, name)) = self.usable(seen, &clients) else {
                removed.extend(row.map(|row| row.id));
                continue;
            };
            listed.push(seen.id.clone());
            let is_same = |row: &contact::Model| row.zendesk_user_id.is_none() && row.client_id == client && row.email == email;
            // A person who was also entered by hand continues as that contact.
            let by_hand = known.iter().position(is_same).map(|place| known.remove(place));
            if let (Some(_), Some(row)) = (&by_hand, &row) {
                removed.insert(row.id);
            }
            let before = by_hand.or(row);
            let kind = match seen.senior {
                Some(true) => ContactKind::Senior,
                Some(false) => ContactKind::Regular,
                None => before.as_ref().map_or(ContactKind::Regular, |row| row.kind),
            };
            let id = before.as_ref().map_or_else(|| ContactId(self.ctx.ids.uuid(self.ctx.now())), |row| row.id);
            let zendesk_seen_at = before.as_ref().and_then(|row| row.zendesk_seen_at);
            let row = contact::Model { id, client_id: client, name, email, kind, zendesk_user_id: Some(seen.id.clone()), zendesk_seen_at };
            if before.as_ref() != Some(&row) {
                changed.insert(id, row.clone());
            }
            // A directory may list somebody twice.
            known.push(row);
        }
        self.write_contacts(changed.into_values().collect(), removed.into_iter().collect()).await?;
        if self.place.since.is_none() && !listed.is_empty() { self.mark_seen(&listed).await } else { Ok(()) }
    }

    /// Marks these people as seen by a complete read.
    async fn mark_seen(&self, numbers: &[String]) -> Result<()> {
        let seen = contact::ActiveModel { zendesk_seen_at: Set(Some(self.place.began)), ..Default::default() };
        let of_page = contact::Column::ZendeskUserId.is_in(padded(numbers));
        contact::Entity::update_many().set(seen).filter(of_page).exec(self.ctx.db.write()).await?;
        Ok(())
    }

    /// The client, address and name of a person who can be contacted; `None` for one who is no longer there.
    fn usable(&mut self, seen: &SeenPerson, clients: &BTreeMap<String, ClientId>) -> Option<(ClientId, String, String)> {
        if !seen.active {
            return None;
        }
        let client = clients.get(seen.organization.as_ref()?).copied()?;
        let (email, name) = (validate::email("email", seen.email.as_ref()?), validate::name("name", &seen.name));
        let (Ok(email), Ok(name)) = (email, name) else {
            self.unusable += 1;
            return None;
        };
        Some((client, email, name))
    }

    /// The clients of the people on a page, by the directory's number.
    async fn clients_of(&self, page: &[SeenPerson]) -> Result<BTreeMap<String, ClientId>> {
        let numbers: BTreeSet<&str> = page.iter().filter_map(|seen| seen.organization.as_deref()).collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        let select = client::Entity::find().filter(client::Column::ZendeskOrganizationId.is_in(padded(&numbers)));
        let rows = select.all(self.ctx.db.read()).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.zendesk_organization_id?, row.id))).collect())
    }

    /// The contacts that people on a page may correspond to.
    async fn contacts_of(&self, page: &[SeenPerson], clients: impl Iterator<Item = &ClientId>) -> Result<Vec<contact::Model>> {
        let numbers: Vec<&str> = page.iter().map(|seen| seen.id.as_str()).collect();
        let clients: Vec<ClientId> = clients.copied().collect();
        let emails: Vec<String> = page.iter().filter_map(|seen| validate::email("email", seen.email.as_ref()?).ok()).collect();
        let by_hand = contact::Column::ClientId.is_in(padded(&clients)).and(contact::Column::Email.is_in(padded(&emails)));
        let select = contact::Entity::find().filter(contact::Column::ZendeskUserId.is_in(padded(&numbers)).or(by_hand));
        Ok(select.order_by_asc(contact::Column::Id).all(self.ctx.db.read()).await?)
    }

    async fn write_contacts(&self, changed: Vec<contact::Model>, removed: Vec<ContactId>) -> Result<()> {
        if changed.is_empty() && removed.is_empty() {
            return Ok(());
        }
        let tx = self.ctx.db.begin().await?;
        if !removed.is_empty() {
            contact::Entity::delete_many().filter(contact::Column::Id.is_in(padded(&removed))).exec(&tx).await?;
        }
        if !changed.is_empty() {
            let follow = OnConflict::column(contact::Column::Id)
                .update_columns([
                    contact::Column::ClientId,
                    contact::Column::Name,
                    contact::Column::Email,
                    contact::Column::Kind,
                    contact::Column::ZendeskUserId,
                ])
                .to_owned();
            let rows = changed.into_iter().map(IntoActiveModel::into_active_model);
            written(contact::Entity::insert_many(rows).on_conflict(follow).exec_without_returning(&tx).await)?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// The outcome of a write. The directory's numbers are unique, so a concurrent read shows as a duplicate.
fn written<T>(outcome: Result<T, DbErr>) -> Result<()> {
    match outcome {
        Ok(_) => Ok(()),
        Err(error) if is_duplicate(&error, "zendesk") => Err(Error::AlreadyThere),
        Err(error) => Err(error.into()),
    }
}

fn new_client(ctx: &Ctx) -> client::Model {
    let now = ctx.now();
    client::Model {
        id: ClientId(ctx.ids.uuid(now)),
        name: String::new(),
        importance: Importance::Normal,
        zendesk_organization_id: None,
        created_at: now,
    }
}

/// Removes the contacts that the complete read that began at `began` did not see.
async fn remove_unlisted(ctx: &Ctx, began: Timestamp) -> Result<()> {
    let (number, seen_at) = (contact::Column::ZendeskUserId, contact::Column::ZendeskSeenAt);
    // If the directory shows nobody, it is more likely that we lost permission than that everybody left.
    if contact::Entity::find().filter(number.is_not_null().and(seen_at.eq(began))).count(ctx.db.read()).await? == 0 {
        return Ok(());
    }
    let is_gone = seen_at.is_null().or(seen_at.lt(began));
    contact::Entity::delete_many().filter(number.is_not_null().and(is_gone)).exec(ctx.db.write()).await?;
    Ok(())
}
