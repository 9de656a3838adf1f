//! What an incident names and does not own: people, clients and sites. An archive says who they are; where it is taken in, they are found or
//! made.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;

use entity::{AccessLevel, Channels, ClientId, Grants, Importance, PersonId, PersonKind, SiteId, client, person, site};
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel, QueryOrder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use uuid::Uuid;

use super::open::Archive;
use crate::catalogue::fields::blank;
use crate::catalogue::write_hosts;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::people;

/// A person, with what tells them apart and nothing by which they are reached but the address that others know them by.
#[derive(Serialize, Deserialize)]
pub struct Person {
    id: PersonId,
    pub name: String,
    kind: PersonKind,
    email: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub struct Client {
    id: ClientId,
    name: String,
    importance: Importance,
}

#[derive(Serialize, Deserialize)]
pub struct Site {
    id: SiteId,
    name: String,
    url: Option<String>,
    importance: Importance,
}

/// Where they are in an archive.
pub const PEOPLE: &str = "person";
pub const CLIENTS: &str = "client";
pub const SITES: &str = "site";

/// Those whose ids are among `ids`.
pub struct Around {
    pub people: BTreeMap<PersonId, Person>,
    pub clients: Vec<Client>,
    pub sites: Vec<Site>,
}

impl Around {
    pub async fn load(ctx: &Ctx, ids: &HashSet<Uuid>) -> Result<Self> {
        let people = people::all(ctx).await?.into_iter().filter(|person| ids.contains(&person.id.0));
        let clients = client::Entity::find().order_by_asc(client::Column::Id).all(ctx.db.read()).await?.into_iter();
        let sites = site::Entity::find().order_by_asc(site::Column::Id).all(ctx.db.read()).await?.into_iter();
        let person = |person::Model { id, name, kind, email, .. }| (id, Person { id, name, kind, email });
        let client = |client::Model { id, name, importance, .. }| Client { id, name, importance };
        let site = |site::Model { id, name, url, importance, .. }| Site { id, name, url, importance };
        Ok(Self {
            people: people.map(person).collect(),
            clients: clients.filter(|client| ids.contains(&client.id.0)).map(client).collect(),
            sites: sites.filter(|site| ids.contains(&site.id.0)).map(site).collect(),
        })
    }
}

/// The ids under which something is here, by those that the archive has for it.
#[derive(Default)]
pub struct StandIns(HashMap<String, String>);

impl StandIns {
    /// Makes whoever and whatever the archive names and is not here: people without access, because nobody here has invited them. A client or
    /// site that is here by name under another id stands in for that of the archive; people don't, because the chain covers who did what.
    pub async fn settle(ctx: &Ctx, tx: &DatabaseTransaction, archive: &mut Archive) -> Result<Self> {
        settle_people(ctx, tx, rows(archive, PEOPLE)?).await?;
        let mut here = Self::default();
        let clients = client::Entity::find().all(tx).await?;
        for Client { id, name, importance } in rows(archive, CLIENTS)? {
            if let Some(same) = known(&clients, |client| (client.id, &client.name), (id, &name)) {
                here.put((id, id.0), (same.id, same.id.0));
                continue;
            }
            let row = client::Model { id, name, importance, zendesk_organization_id: None, created_at: ctx.now() };
            client::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
        }
        let (sites, mut made) = (site::Entity::find().all(tx).await?, Vec::new());
        for Site { id, name, url, importance } in rows(archive, SITES)? {
            if let Some(same) = known(&sites, |site| (site.id, &site.name), (id, &name)) {
                here.put((id, id.0), (same.id, same.id.0));
                continue;
            }
            let row = site::Model { name, url, importance, ..blank(id, ctx.now()) };
            site::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
            made.push(row);
        }
        write_hosts(tx, &made).await?;
        Ok(here)
    }

    /// In each form in which ids are written: as a column has it, and with its prefix.
    fn put<Id: Display>(&mut self, (id, plain): (Id, Uuid), (here, plain_here): (Id, Uuid)) {
        self.0.insert(id.to_string(), here.to_string());
        self.0.insert(plain.to_string(), plain_here.to_string());
    }

    /// Writes the ids here in place of those of the archive.
    pub fn replace(&self, value: &mut Json) {
        match value {
            Json::String(text) => {
                if let Some(here) = self.0.get(text.as_str()) {
                    text.clone_from(here);
                }
            }
            Json::Array(values) => values.iter_mut().for_each(|value| self.replace(value)),
            Json::Object(members) => members.values_mut().for_each(|value| self.replace(value)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

async fn settle_people(ctx: &Ctx, tx: &DatabaseTransaction, people: Vec<Person>) -> Result<()> {
    let here = person::Entity::find().all(tx).await?;
    let strangers = people.into_iter().filter(|person| here.iter().all(|known| known.id != person.id));
    for Person { id, name, kind, email } in strangers {
        let is_taken = |email: &String| here.iter().any(|known| known.email.as_ref() == Some(email));
        let row = person::Model {
            id,
            name,
            kind,
            email: email.filter(|email| !is_taken(email)),
            phone: None,
            ntfy_topic: None,
            chat_account: None,
            access_level: AccessLevel::Viewer,
            seniority: None,
            grants: Grants::default(),
            quiet: Channels::default(),
            created_at: ctx.now(),
            deactivated_at: Some(ctx.now()),
        };
        person::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// What is known here by its id, or else by its name.
fn known<'a, T, Id: PartialEq>(here: &'a [T], of: impl Fn(&T) -> (Id, &String), (id, name): (Id, &str)) -> Option<&'a T> {
    let by_name = |row: &&T| of(row).1.to_lowercase() == name.to_lowercase();
    here.iter().find(|row| of(row).0 == id).or_else(|| here.iter().find(by_name))
}

fn rows<T: DeserializeOwned>(archive: &mut Archive, table: &str) -> Result<Vec<T>> {
    let read = |row| serde_json::from_value(Json::Object(row)).map_err(|_| Error::invalid("file", format!("A row of {table} is not one.")));
    archive.rows(table)?.iter().map(|row| read(row?)).collect()
}
