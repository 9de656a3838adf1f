//! Sites, clients and contacts, as others refer to them.

use std::sync::Arc;

use async_graphql::{Context, Description};
use entity::{client, contact, site};

use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;

/// A website or service that the team looks after.
#[derive(Clone, Description)]
pub struct Site(pub Arc<site::Model>);

impl From<Arc<site::Model>> for Site {
    fn from(row: Arc<site::Model>) -> Self {
        Self(row)
    }
}

/// An organisation whose sites the team looks after.
#[derive(Clone, Description)]
pub struct Client(pub Arc<client::Model>);

impl From<Arc<client::Model>> for Client {
    fn from(row: Arc<client::Model>) -> Self {
        Self(row)
    }
}

/// Someone at a client.
#[derive(Clone, Description)]
pub struct Contact(pub contact::Model);

/// The client `id`.
pub async fn client(gql: &Context<'_>, id: Option<entity::ClientId>) -> ApiResult<Option<Client>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).client.get(id).await?.map(Client))
}

/// The contacts of a client, senior ones first.
pub async fn contacts_of(gql: &Context<'_>, client: entity::ClientId) -> ApiResult<Vec<Contact>> {
    let rows = loaders(gql).contacts.get(client).await?.unwrap_or_default();
    Ok(rows.iter().cloned().map(Contact).collect())
}
