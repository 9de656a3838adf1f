//! Who has and had which role.

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use domain::Error;
use entity::role_assignment;

use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::Role;

/// A period in which a person held a role.
#[derive(Clone, Description)]
pub struct RoleAssignment(pub role_assignment::Model);

#[Object(use_type_description)]
impl RoleAssignment {
    /// Begins with `rol_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The role.
    async fn role(&self) -> Role {
        self.0.role.into()
    }
    /// The person.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.person_id)).await?.ok_or(Error::NotFound("person"))?)
    }
    /// When they took the role.
    async fn assigned_at(&self) -> DateTime<Utc> {
        self.0.assigned_at
    }
    /// When they gave it up; null for the current holder.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }
    /// What the previous holder wanted them to know.
    async fn handover_note(&self) -> Option<&str> {
        self.0.handover_note.as_deref()
    }
}
