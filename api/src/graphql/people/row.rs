//! People and tokens, as others refer to them.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum};
use entity::{api_token, person, session};

use crate::graphql::context::loaders;
use crate::graphql::error::ApiResult;

/// A way to reach a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::Channel")]
pub enum Channel {
    /// E-mail.
    Email,
    /// A push message to their phone, by ntfy.
    Ntfy,
    /// The team's own gateway.
    Webhook,
    /// Slack: a direct message, and a mention in the channel of an incident.
    Slack,
}

/// What is behind an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::PersonKind")]
pub enum PersonKind {
    /// A person.
    Human,
    /// A program with a token: nobody pages it or asks it for anything.
    Service,
}

/// How a browser was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::SignInWay")]
pub enum SignInWay {
    /// By a sign-in link.
    Link,
    /// By the link of a page or an offer, for its incident only.
    Page,
    /// With the company's account.
    Company,
    /// By a passkey.
    Passkey,
}

/// A member of the team, or a program.
#[derive(Clone, Description)]
pub struct Person(pub Arc<person::Model>);

impl From<Arc<person::Model>> for Person {
    fn from(row: Arc<person::Model>) -> Self {
        Self(row)
    }
}

pub async fn person(gql: &Context<'_>, id: Option<entity::PersonId>) -> ApiResult<Option<Person>> {
    let Some(id) = id else { return Ok(None) };
    Ok(loaders(gql).person.get(id).await?.map(Person))
}

/// A secret that a program authenticates with. The secret itself is shown once, when it is created.
#[derive(Clone, Description)]
pub struct ApiToken(pub api_token::Model);

/// A browser that is signed in.
#[derive(Clone, Description)]
pub struct Session(pub session::Model);
