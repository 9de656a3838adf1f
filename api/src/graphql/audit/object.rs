//! What an entry of the audit log looks like.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};

use super::row::{AuditAction, AuditEntry};
use super::subject::{AuditSubject, subject};
use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::Source;

#[Object(use_type_description)]
impl AuditEntry {
    /// Begins with `aud_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// 1, 2, 3 …: no gaps, never reused.
    async fn sequence(&self) -> i32 {
        self.0.sequence
    }
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
    /// What was done or seen.
    async fn action(&self) -> AuditAction {
        self.0.action.into()
    }
    /// Who did it; null for the command line, for Muster itself, and for somebody who could not sign in.
    async fn actor(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.actor_id).await
    }
    /// The token that was presented; null for a session.
    async fn token_id(&self) -> Option<ID> {
        self.0.token_id.map(|id| ID(id.to_string()))
    }
    /// The name of that token, which is kept when the token is deleted.
    async fn token_name(&self) -> Option<&str> {
        self.0.token_name.as_deref()
    }
    /// The way it reached Muster.
    async fn source(&self) -> Source {
        self.0.source.into()
    }
    /// The network address of the caller, if it is known. Behind a proxy it is the proxy's, unless the setting `proxies` names that.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }
    /// What it was done to: the person whose rights, tokens and sessions they are, the incident, client or file, by id; an outside system
    /// by name.
    async fn subject(&self) -> Option<ID> {
        self.0.subject.clone().map(ID)
    }
    /// The same, by name. Null for an outside system, for what is no longer there, and for a restricted incident: read that by its id, which
    /// is an entry of its own.
    async fn about(&self, gql: &Context<'_>) -> ApiResult<Option<AuditSubject>> {
        match &self.0.subject {
            Some(id) => subject(gql, id).await,
            None => Ok(None),
        }
    }
    /// Data for programs: old and new rights, how somebody signed in, the name of a token …
    async fn details(&self) -> Option<serde_json::Value> {
        self.0.details.as_deref().and_then(|details| serde_json::from_str(details).ok())
    }
}
