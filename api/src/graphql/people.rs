//! People, tokens and the caller.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::authz::Right;
use domain::cursor::{NameKey, Window};
use domain::people::access::CreateToken;
use domain::{people, people::access};
use entity::{api_token, person};

use super::connection::{connection, cursor, page_args, page_cost};
use super::context::{ctx, public_url};
use super::error::ApiResult;
use super::scalars::{AccessLevel, Grant, Url, id};

/// A way to reach a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::Channel")]
pub enum Channel {
    /// E-mail.
    Email,
}

/// A member of the team.
#[derive(Clone)]
pub struct Person(pub Arc<person::Model>);

impl From<Arc<person::Model>> for Person {
    fn from(row: Arc<person::Model>) -> Self {
        Self(row)
    }
}

/// A member of the team.
#[Object]
impl Person {
    /// Begins with `per_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What others call them.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// Where they are reached.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }
    /// What they may do in general.
    async fn access_level(&self) -> AccessLevel {
        self.0.access_level.into()
    }
    /// Higher is more senior.
    async fn seniority(&self) -> Option<i32> {
        self.0.seniority
    }
    /// What they may do, or are told, beyond that.
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants.iter().map(Grant::from).collect()
    }
    /// Where they do not want to be reminded; pages come all the same. Empty also for who is neither that person nor an administrator.
    async fn quiet_channels(&self, gql: &Context<'_>) -> Option<Vec<Channel>> {
        Some(people::quiet_channels(ctx(gql), &self.0)?.iter().map(Channel::from).collect())
    }
    /// When they left.
    async fn deactivated_at(&self) -> Option<DateTime<Utc>> {
        self.0.deactivated_at
    }
}

connection!(PersonConnection, PersonEdge, Person, person::Model, "people");

/// A secret with which a program calls. The secret itself is shown once, when it is made.
#[derive(Clone)]
pub struct ApiToken(pub api_token::Model);

/// A secret with which a program calls. The secret itself is shown once, when it is made.
#[Object]
impl ApiToken {
    /// Begins with `tok_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// What it may do, if its owner still may.
    async fn access_level(&self) -> AccessLevel {
        self.0.access_level.into()
    }
    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it ceases to work.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }
    /// When it was made useless.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }
    /// When it was last used, to the minute.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// Who calls.
pub struct Viewer(person::Model);

/// Who calls.
#[Object]
impl Viewer {
    /// The person behind the token or session.
    async fn person(&self) -> Person {
        Person(Arc::new(self.0.clone()))
    }
    /// What this call may do: READ, REPORT, RESPOND, ADMINISTER, `SEE_RESTRICTED`.
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
        Ok(access::tokens(ctx(gql), self.0.id).await?.into_iter().map(ApiToken).collect())
    }
}

/// Queries about people.
#[derive(Default)]
pub struct PeopleQuery;

/// Queries about people.
#[Object]
impl PeopleQuery {
    /// Who calls, and what they may do.
    async fn viewer(&self, gql: &Context<'_>) -> ApiResult<Viewer> {
        let ctx = ctx(gql);
        let id = ctx.actor.person_id().ok_or(domain::Error::NotFound("person"))?;
        Ok(Viewer(people::find(ctx, id).await?))
    }
    /// The team, by name.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn people(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Only those with this text in name or address.")] text: Option<String>,
        #[graphql(desc = "How many from the start: 0 to 200, left out 50.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those ahead of this cursor.")] before: Option<String>,
    ) -> ApiResult<PersonConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = people::page(ctx(gql), domain::validate::search("text", text.as_deref())?.as_deref(), &window).await?;
        Ok(PersonConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0))))
    }
}

/// A person to add.
#[derive(InputObject)]
pub struct InvitePersonInput {
    /// What others call them.
    name: String,
    /// Where they are reached; nobody else may have it.
    email: String,
    /// What they may do in general.
    access_level: AccessLevel,
    /// What they may do beyond that.
    grants: Option<Vec<Grant>>,
    /// Higher is more senior.
    seniority: Option<i32>,
}

/// Changes to a person; what is left out stays.
#[derive(InputObject)]
pub struct UpdatePersonInput {
    /// Whom.
    person_id: ID,
    /// What others call them.
    name: Option<String>,
    /// What they may do in general.
    access_level: Option<AccessLevel>,
    /// All grants from now on.
    grants: Option<Vec<Grant>>,
    /// Higher is more senior.
    seniority: Option<i32>,
    /// True when they left: sessions and tokens cease to work. False when they are back.
    deactivated: Option<bool>,
}

/// Where the caller wants to be left alone.
#[derive(InputObject)]
pub struct QuietRemindersInput {
    /// All such channels from now on. Pages are never silenced.
    channels: Vec<Channel>,
}

/// A token to make, for the caller.
#[derive(InputObject)]
pub struct CreateApiTokenInput {
    /// What it is for.
    name: String,
    /// What it may do: at most what the caller may.
    access_level: AccessLevel,
    /// When it ceases to work: left out, in a year.
    expires_at: Option<DateTime<Utc>>,
}

/// A token to make useless.
#[derive(InputObject)]
pub struct RevokeApiTokenInput {
    /// Which.
    token_id: ID,
}

/// A person who was added.
#[derive(SimpleObject)]
pub struct PersonPayload {
    /// The person.
    person: Person,
    /// Opens the first session; shown once, and only to who added the person.
    sign_in_url: Url,
}

/// The caller after a change.
#[derive(SimpleObject)]
pub struct QuietRemindersPayload {
    /// The person.
    person: Person,
}

/// A person who was changed.
#[derive(SimpleObject)]
pub struct UpdatePersonPayload {
    /// The person.
    person: Person,
}

/// A token that was made.
#[derive(SimpleObject)]
pub struct ApiTokenPayload {
    /// The secret: shown once.
    token: String,
    /// What it is for.
    name: String,
    /// When it ceases to work.
    expires_at: Option<DateTime<Utc>>,
    /// What is kept of it: its id is needed to revoke it.
    api_token: ApiToken,
}

/// A token that was made useless.
#[derive(SimpleObject)]
pub struct RevokeApiTokenPayload {
    /// The token.
    token: ApiToken,
}

/// Mutations about people.
#[derive(Default)]
pub struct PeopleMutation;

/// Mutations about people.
#[Object]
impl PeopleMutation {
    /// Adds a person to the team. For administrators.
    async fn invite_person(&self, gql: &Context<'_>, #[graphql(desc = "Whom.")] input: InvitePersonInput) -> ApiResult<PersonPayload> {
        let invite = people::Invite {
            name: input.name,
            email: input.email,
            access_level: input.access_level.into(),
            grants: input.grants.unwrap_or_default().into_iter().map(Into::into).collect(),
            seniority: input.seniority,
        };
        let (person, secret) = people::invite(ctx(gql), invite).await?;
        Ok(PersonPayload { person: Person(Arc::new(person)), sign_in_url: public_url(gql, &crate::http::session::sign_in_path(&secret)) })
    }

    /// Changes what a person may do, or says that they left. For administrators.
    async fn update_person(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whom and what.")] input: UpdatePersonInput,
    ) -> ApiResult<UpdatePersonPayload> {
        let update = people::UpdatePerson {
            name: input.name,
            access_level: input.access_level.map(Into::into),
            grants: input.grants.map(|grants| grants.into_iter().map(Into::into).collect()),
            seniority: input.seniority,
            deactivated: input.deactivated,
        };
        let person = people::update(ctx(gql), id("personId", &input.person_id)?, update).await?;
        Ok(UpdatePersonPayload { person: Person(Arc::new(person)) })
    }

    /// Chooses the channels in which the caller is not reminded of steps of the playbook. Who is called is called all the same.
    async fn quiet_reminders(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: QuietRemindersInput,
    ) -> ApiResult<QuietRemindersPayload> {
        let channels: Vec<entity::Channel> = input.channels.into_iter().map(Into::into).collect();
        Ok(QuietRemindersPayload { person: Person(Arc::new(people::quiet_reminders(ctx(gql), &channels).await?)) })
    }

    /// Makes an API token for the caller.
    async fn create_api_token(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What for.")] input: CreateApiTokenInput,
    ) -> ApiResult<ApiTokenPayload> {
        let ctx = ctx(gql);
        let person = ctx.actor.person_id().ok_or(domain::Error::NotFound("person"))?;
        let create = CreateToken { name: input.name, access_level: input.access_level.into(), expires_at: input.expires_at };
        let (row, token) = access::create_token(ctx, person, create).await?;
        Ok(ApiTokenPayload { token, name: row.name.clone(), expires_at: row.expires_at, api_token: ApiToken(row) })
    }

    /// Makes an API token useless for ever: one's own, or, for administrators, anybody's.
    async fn revoke_api_token(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RevokeApiTokenInput,
    ) -> ApiResult<RevokeApiTokenPayload> {
        let token = access::revoke_token(ctx(gql), id("tokenId", &input.token_id)?).await?;
        Ok(RevokeApiTokenPayload { token: ApiToken(token) })
    }
}
