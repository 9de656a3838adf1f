//! Finding people, and who calls.

use async_graphql::{Context, Description, Object};
use domain::cursor::{NameKey, Window};
use domain::rooms::accounts;
use domain::{Error, people};
use entity::person;

use super::chat::ChatLink;
use super::object::Viewer;
use super::row::{Person, PersonKind};
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;

connection!(PersonConnection, PersonEdge, Person, person::Model, "people");

/// Queries about people.
#[derive(Default, Description)]
pub struct PeopleQuery;

#[Object(use_type_description)]
impl PeopleQuery {
    /// The caller and what they may do.
    async fn viewer(&self, gql: &Context<'_>) -> ApiResult<Viewer> {
        let ctx = ctx(gql);
        let id = ctx.actor.person_id().ok_or(Error::NotFound("person"))?;
        Ok(Viewer(people::find(ctx, id).await?))
    }

    /// Whose account a link is about that the chat gave to somebody, to be read before it is confirmed. Null if it was used or is too old.
    async fn chat_link(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What its address has after `chat=`.")] secret: String,
    ) -> ApiResult<Option<ChatLink>> {
        Ok(accounts::behind(ctx(gql), &secret).await?.map(ChatLink::from))
    }

    /// The team, by name, without services.
    #[expect(clippy::too_many_arguments, reason = "a Relay connection has four of its own")]
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn people(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this text in the name or address.")] text: Option<String>,
        #[graphql(desc = "People by default; services on request.")] kind: Option<PersonKind>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<PersonConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let text = domain::validate::search("text", text.as_deref())?;
        let kind = kind.map_or(entity::PersonKind::Human, Into::into);
        let slice = people::page(ctx(gql), kind, text.as_deref(), &window).await?;
        Ok(PersonConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0))))
    }
}
