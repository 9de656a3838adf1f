//! What an entry of the audit log is about, by name.

use async_graphql::{Context, Union};

use crate::graphql::catalogue::{self, Client};
use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::Incident;
use crate::graphql::people::{self, Person};
use crate::graphql::scalars::TypedId;
use crate::graphql::timeline::Attachment;

/// What an entry of the audit log may be about.
#[derive(Union)]
pub enum AuditSubject {
    /// A person, whose rights, tokens and sessions they are.
    Person(Person),
    /// A client.
    Client(Client),
    /// An incident.
    Incident(Incident),
    /// A file.
    Attachment(Attachment),
}

/// What has the id `text`, if it is one and is still there. A restricted incident is left out: seeing it would be another entry.
pub async fn subject(gql: &Context<'_>, text: &str) -> ApiResult<Option<AuditSubject>> {
    let loaders = loaders(gql);
    if let Some(id) = TypedId::read(text) {
        return Ok(people::person(gql, Some(id)).await?.map(AuditSubject::Person));
    }
    if let Some(id) = TypedId::read(text) {
        return Ok(catalogue::client(gql, Some(id)).await?.map(AuditSubject::Client));
    }
    if let Some(id) = TypedId::read(text) {
        return Ok(loaders.open_incident.get(id).await?.map(|row| AuditSubject::Incident(Incident(row))));
    }
    if let Some(id) = TypedId::read(text) {
        return Ok(loaders.file.get(id).await?.map(|row| AuditSubject::Attachment(Attachment(row))));
    }
    Ok(None)
}
