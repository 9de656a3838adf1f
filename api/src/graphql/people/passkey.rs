//! Passkeys. They are added by the page `/passkeys`, because only a browser makes them.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::people::passkeys;
use entity::passkey;

use super::row::{Person, person};
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::id;

/// A key in somebody's device that signs them in.
#[derive(Clone, Description)]
pub struct Passkey(pub passkey::Model);

#[Object(use_type_description)]
impl Passkey {
    /// Begins with `pky_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Whom it signs in.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, Some(self.0.person_id)).await
    }
    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it last signed its owner in. Null if it never did.
    async fn used_at(&self) -> Option<DateTime<Utc>> {
        self.0.used_at
    }
}

/// A passkey to remove.
#[derive(InputObject)]
pub struct RemovePasskeyInput {
    /// The passkey.
    passkey_id: ID,
}

/// A passkey that signs nobody in any more.
#[derive(SimpleObject)]
pub struct RemovePasskeyPayload {
    /// Its id, which is nobody's any more.
    passkey_id: ID,
    /// Whose it was, with the passkeys that are left.
    person: Person,
}

/// Mutations about passkeys.
#[derive(Default, Description)]
pub struct PasskeyMutation;

#[Object(use_type_description)]
impl PasskeyMutation {
    /// Removes a passkey for good: your own or, for administrators, anyone's. Sessions that it opened go on until they are ended.
    async fn remove_passkey(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RemovePasskeyInput,
    ) -> ApiResult<RemovePasskeyPayload> {
        let owner = passkeys::remove(ctx(gql), id("passkeyId", &input.passkey_id)?).await?;
        Ok(RemovePasskeyPayload { passkey_id: input.passkey_id, person: Person(Arc::new(owner)) })
    }
}
