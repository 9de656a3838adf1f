//! Whose account in the team's chat is whose.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use domain::rooms::accounts;

use super::row::Person;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::id;

/// What a link is about that the chat gave to somebody.
#[derive(SimpleObject)]
pub struct ChatLink {
    /// The account that asked for it.
    account: String,
    /// What whoever has the account is called there. Anybody can choose any name.
    name: String,
}

/// A link that the chat gave to the caller.
#[derive(InputObject)]
pub struct ConfirmChatAccountInput {
    /// What its address has after `chat=`.
    secret: String,
}

/// An account in the chat, for somebody.
#[derive(InputObject)]
pub struct SetChatAccountInput {
    /// Whose it is.
    person_id: ID,
    /// The id of the member there, such as `U0123ABCD`.
    account: String,
}

/// Whose account in the chat is to be nobody's.
#[derive(InputObject)]
pub struct UnlinkChatAccountInput {
    /// Whose it is.
    person_id: ID,
}

/// Whose account it is now.
#[derive(SimpleObject)]
pub struct ChatAccountPayload {
    /// The person.
    person: Person,
}

/// Mutations about accounts in the chat.
#[derive(Default, Description)]
pub struct ChatAccountMutation;

#[Object(use_type_description)]
impl ChatAccountMutation {
    /// Says that the account in the chat that got this link is the caller's. Whoever has the account acts as them there from then on.
    async fn confirm_chat_account(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The link.")] input: ConfirmChatAccountInput,
    ) -> ApiResult<ChatAccountPayload> {
        Ok(accounts::confirm(ctx(gql), &input.secret).await?.into())
    }

    /// Says whose an account in the chat is, also that of a guest. For administrators.
    async fn set_chat_account(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The person and the account.")] input: SetChatAccountInput,
    ) -> ApiResult<ChatAccountPayload> {
        let person = id("personId", &input.person_id)?;
        Ok(accounts::set_account(ctx(gql), person, &input.account).await?.into())
    }

    /// Ends that a person has an account in the chat: their own, or for administrators anybody's. None is looked for in its place.
    async fn unlink_chat_account(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The person.")] input: UnlinkChatAccountInput,
    ) -> ApiResult<ChatAccountPayload> {
        let person = id("personId", &input.person_id)?;
        Ok(accounts::unlink(ctx(gql), person).await?.into())
    }
}

impl From<entity::chat_link::Model> for ChatLink {
    fn from(row: entity::chat_link::Model) -> Self {
        Self { account: row.account, name: row.name }
    }
}

impl From<entity::person::Model> for ChatAccountPayload {
    fn from(row: entity::person::Model) -> Self {
        Self { person: Person(Arc::new(row)) }
    }
}
