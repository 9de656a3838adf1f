//! People, tokens and the caller.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
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
#[derive(Clone, Description)]
pub struct Person(pub Arc<person::Model>);

impl From<Arc<person::Model>> for Person {
    fn from(row: Arc<person::Model>) -> Self {
        Self(row)
    }
}

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
}

connection!(PersonConnection, PersonEdge, Person, person::Model, "people");

/// A secret that a program authenticates with. The secret itself is shown once, when it is created.
#[derive(Clone, Description)]
pub struct ApiToken(pub api_token::Model);

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
pub struct Viewer(person::Model);

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
        Ok(access::tokens(ctx(gql), self.0.id).await?.into_iter().map(ApiToken).collect())
    }
}

/// Queries about people.
#[derive(Default, Description)]
pub struct PeopleQuery;

#[Object(use_type_description)]
impl PeopleQuery {
    /// The caller and what they may do.
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
        #[graphql(desc = "Only those with this text in the name or address.")] text: Option<String>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<PersonConnection> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = people::page(ctx(gql), domain::validate::search("text", text.as_deref())?.as_deref(), &window).await?;
        Ok(PersonConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0))))
    }
}

/// A person to add.
#[derive(InputObject)]
pub struct InvitePersonInput {
    /// Their name.
    name: String,
    /// Their e-mail address, which must be unique.
    email: String,
    /// Their access level.
    access_level: AccessLevel,
    /// What they may do beyond their access level.
    grants: Option<Vec<Grant>>,
    /// A higher number is more senior.
    seniority: Option<i32>,
}

/// Changes to a person; omitted fields keep their value.
#[derive(InputObject)]
pub struct UpdatePersonInput {
    /// The person.
    person_id: ID,
    /// Their name.
    name: Option<String>,
    /// Their access level.
    access_level: Option<AccessLevel>,
    /// All grants: replaces the present ones.
    grants: Option<Vec<Grant>>,
    /// A higher number is more senior.
    seniority: Option<i32>,
    /// True if they left: their sessions and tokens stop working. False if they are back.
    deactivated: Option<bool>,
}

/// Where the caller does not want reminders.
#[derive(InputObject)]
pub struct QuietRemindersInput {
    /// All such channels: replaces the present ones. Pages are never silenced.
    channels: Vec<Channel>,
}

/// A token to create for the caller.
#[derive(InputObject)]
pub struct CreateApiTokenInput {
    /// What it is for.
    name: String,
    /// What it may do: at most what the caller may.
    access_level: AccessLevel,
    /// When it expires; in a year by default.
    expires_at: Option<DateTime<Utc>>,
}

/// A token to revoke.
#[derive(InputObject)]
pub struct RevokeApiTokenInput {
    /// The token.
    token_id: ID,
}

/// The added person.
#[derive(SimpleObject)]
pub struct PersonPayload {
    /// The person.
    person: Person,
    /// Opens their first session; shown once, and only to whoever added them.
    sign_in_url: Url,
}

/// The changed caller.
#[derive(SimpleObject)]
pub struct QuietRemindersPayload {
    /// The person.
    person: Person,
}

/// The changed person.
#[derive(SimpleObject)]
pub struct UpdatePersonPayload {
    /// The person.
    person: Person,
}

/// The created token.
#[derive(SimpleObject)]
pub struct ApiTokenPayload {
    /// The secret: shown once.
    token: String,
    /// What it is for.
    name: String,
    /// When it expires.
    expires_at: Option<DateTime<Utc>>,
    /// Its record, with the id needed to revoke it.
    api_token: ApiToken,
}

/// The revoked token.
#[derive(SimpleObject)]
pub struct RevokeApiTokenPayload {
    /// The token.
    token: ApiToken,
}

/// Mutations about people.
#[derive(Default, Description)]
pub struct PeopleMutation;

#[Object(use_type_description)]
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

    /// Changes what a person may do, or records that they left. For administrators.
    async fn update_person(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The person and the changes.")] input: UpdatePersonInput,
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

    /// Chooses the channels on which the caller gets no reminders of playbook steps. Pages still come through.
    async fn quiet_reminders(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: QuietRemindersInput,
    ) -> ApiResult<QuietRemindersPayload> {
        let channels: Vec<entity::Channel> = input.channels.into_iter().map(Into::into).collect();
        Ok(QuietRemindersPayload { person: Person(Arc::new(people::quiet_reminders(ctx(gql), &channels).await?)) })
    }

    /// Creates an API token for the caller.
    async fn create_api_token(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The token's purpose and rights.")] input: CreateApiTokenInput,
    ) -> ApiResult<ApiTokenPayload> {
        let ctx = ctx(gql);
        let person = ctx.actor.person_id().ok_or(domain::Error::NotFound("person"))?;
        let create = CreateToken { name: input.name, access_level: input.access_level.into(), expires_at: input.expires_at };
        let (row, token) = access::create_token(ctx, person, create).await?;
        Ok(ApiTokenPayload { token, name: row.name.clone(), expires_at: row.expires_at, api_token: ApiToken(row) })
    }

    /// Revokes an API token for good: your own or, for administrators, anyone's.
    async fn revoke_api_token(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RevokeApiTokenInput,
    ) -> ApiResult<RevokeApiTokenPayload> {
        let token = access::revoke_token(ctx(gql), id("tokenId", &input.token_id)?).await?;
        Ok(RevokeApiTokenPayload { token: ApiToken(token) })
    }
}
