//! What people, tokens and the caller look like.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::authz::Right;
use domain::people::secrets::Secret;
use domain::people::{self, feeds, passkeys, sessions, tokens};
use domain::rooms::accounts;
use entity::person;

use super::feed::CalendarFeed;
use super::passkey::Passkey;
use super::row::{ApiToken, Channel, Person, PersonKind, Session, SignInWay, person};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::incident::Incident;
use crate::graphql::scalars::{AccessLevel, Grant};

#[Object(use_type_description)]
impl Person {
    /// Begins with `per_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Their name.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Whether it is a person, or a program with a token.
    async fn kind(&self) -> PersonKind {
        self.0.kind.into()
    }
    /// Their telephone number. Null for viewers, unless it is their own.
    async fn phone(&self, gql: &Context<'_>) -> Option<&str> {
        people::phone(ctx(gql), &self.0)
    }
    /// Where their phone listens at the ntfy server. Null unless you are that person or an administrator: who knows it can read along.
    async fn ntfy_topic(&self, gql: &Context<'_>) -> Option<&str> {
        people::ntfy_topic(ctx(gql), &self.0)
    }
    /// Their account in the team's chat, once it is known to be theirs. Null for viewers, unless it is their own.
    async fn chat_account(&self, gql: &Context<'_>) -> Option<&str> {
        accounts::of_person(ctx(gql), &self.0)
    }
    /// Their e-mail address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }
    /// Their access level.
    async fn access_level(&self) -> AccessLevel {
        self.0.access_level.into()
    }
    /// A higher number is more senior.
    async fn seniority(&self) -> Option<i32> {
        self.0.seniority
    }
    /// What they may do or receive beyond their access level.
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants.iter().map(Grant::from).collect()
    }
    /// Channels on which they do not want reminders; pages come all the same. Empty unless you are that person or an administrator.
    async fn quiet_channels(&self, gql: &Context<'_>) -> Option<Vec<Channel>> {
        Some(people::quiet_channels(ctx(gql), &self.0)?.iter().map(Channel::from).collect())
    }
    /// When they left the team.
    async fn deactivated_at(&self) -> Option<DateTime<Utc>> {
        self.0.deactivated_at
    }
    /// Their API tokens, newest first. Null unless you are that person or an administrator.
    async fn tokens(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<ApiToken>>> {
        let tokens = or_null(tokens::of(ctx(gql), self.0.id).await)?;
        Ok(tokens.map(|tokens| tokens.into_iter().map(ApiToken).collect()))
    }
    /// The browsers in which they are signed in, newest first. Null unless you are that person or an administrator.
    async fn sessions(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<Session>>> {
        let sessions = or_null(sessions::sessions_of(ctx(gql), self.0.id).await)?;
        Ok(sessions.map(|sessions| sessions.into_iter().map(Session).collect()))
    }
    /// The passkeys that sign them in, oldest first. Null unless you are that person or an administrator.
    async fn passkeys(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<Passkey>>> {
        let passkeys = or_null(passkeys::of_person(ctx(gql), self.0.id).await)?;
        Ok(passkeys.map(|passkeys| passkeys.into_iter().map(Passkey).collect()))
    }
    /// The secret link of their calendar. Null if there is none, and for everybody but that person.
    async fn calendar_feed(&self, gql: &Context<'_>) -> ApiResult<Option<CalendarFeed>> {
        Ok(feeds::of_person(ctx(gql), self.0.id).await?.map(CalendarFeed::from))
    }
}

/// What is for others is null.
fn or_null<T>(found: domain::Result<T>) -> domain::Result<Option<T>> {
    match found {
        Err(Error::Forbidden(_)) => Ok(None),
        found => found.map(Some),
    }
}

#[Object(use_type_description)]
impl Session {
    /// Begins with `ses_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Who is signed in.
    async fn person(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, Some(self.0.person_id)).await
    }
    /// Whether this request came with it.
    async fn is_current(&self, gql: &Context<'_>) -> bool {
        sessions::is_of(&self.0, gql.data_unchecked::<Secret>())
    }
    /// The only incident it is good for, if it was opened by the link of a page or an offer.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Option<Incident>> {
        let Some(id) = self.0.incident_id else { return Ok(None) };
        Ok(loaders(gql).incident.get(id).await?.map(Incident))
    }
    /// How it was opened. Null for one that is older than this field.
    async fn way(&self) -> Option<SignInWay> {
        self.0.way.map(Into::into)
    }
    /// When it was opened.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it ends by itself.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }
}

#[Object(use_type_description)]
impl ApiToken {
    /// Begins with `tok_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What it may do, as long as its owner may.
    async fn access_level(&self) -> AccessLevel {
        self.0.access_level.into()
    }
    /// The texts of the GraphQL documents that it may run, and nothing else; null for any.
    async fn documents(&self) -> Option<&[String]> {
        self.0.bounds.as_ref()?.documents.as_deref()
    }
    /// The networks that it may be used from; null for any.
    async fn networks(&self) -> Option<&[String]> {
        self.0.bounds.as_ref()?.networks.as_deref()
    }
    /// When it was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it expires.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }
    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }
    /// When it was last used, to the minute.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// The caller.
#[derive(Description)]
pub struct Viewer(pub person::Model);

#[Object(use_type_description)]
impl Viewer {
    /// The person behind the token or session.
    async fn person(&self) -> Person {
        Person(Arc::new(self.0.clone()))
    }
    /// What this request may do: READ, REPORT, RESPOND, ADMINISTER, `SEE_RESTRICTED`.
    async fn can(&self, gql: &Context<'_>) -> ApiResult<Vec<&'static str>> {
        let actor = &ctx(gql).actor;
        let rights = [("READ", Right::Read), ("REPORT", Right::Report), ("RESPOND", Right::Respond), ("ADMINISTER", Right::Administer)];
        let mut can: Vec<&str> = rights.into_iter().filter(|(_, right)| actor.may(*right)).map(|(name, _)| name).collect();
        if actor.sees_restricted() {
            can.push("SEE_RESTRICTED");
        }
        Ok(can)
    }
    /// The API tokens of this person, newest first.
    async fn tokens(&self, gql: &Context<'_>) -> ApiResult<Vec<ApiToken>> {
        Ok(tokens::of(ctx(gql), self.0.id).await?.into_iter().map(ApiToken).collect())
    }
}
