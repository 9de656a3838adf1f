//! Adding and changing people, and their tokens.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::Error;
use domain::people::secrets::Secret;
use domain::people::tokens::{self, CreateToken};
use domain::people::{self, access, sessions};
use entity::TokenBounds;

use super::row::{ApiToken, Channel, Person};
use crate::graphql::context::{ctx, public_url};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{AccessLevel, Grant, Url, id};
use crate::transport::check_syntax;

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
    /// Where they can be phoned when no message reaches them.
    phone: Option<String>,
    /// Where their phone listens at the ntfy server.
    ntfy_topic: Option<String>,
}

/// Changes to a person; omitted fields keep their value, and null or an empty text removes what may be missing.
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
    seniority: MaybeUndefined<i32>,
    /// Where they can be phoned.
    phone: MaybeUndefined<String>,
    /// Where their phone listens at the ntfy server.
    ntfy_topic: MaybeUndefined<String>,
    /// True if they left: their sessions, tokens, passkeys and calendar link end for good, their roles in open incidents end, and what they
    /// were paged for goes to the next. False if they are back.
    deactivated: Option<bool>,
}

/// Where the caller does not want reminders.
#[derive(InputObject)]
pub struct QuietRemindersInput {
    /// All such channels: replaces the present ones. Pages are never silenced.
    channels: Vec<Channel>,
}

/// Where the caller's phone listens.
#[derive(InputObject)]
pub struct SetNtfyTopicInput {
    /// The topic that the ntfy app on the phone subscribes to, at the server that Muster is connected to; empty for none. Make it hard to
    /// guess: anyone who knows it can read what is sent there.
    topic: String,
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
    /// The texts of the GraphQL documents that it may run, and nothing else: who steals it can do no more. Requests send the same text to the
    /// letter, or its SHA-256 as `documentId`.
    documents: Option<Vec<String>>,
    /// The networks that it may be used from, such as `192.0.2.0/24`; an address alone is possible, too.
    networks: Option<Vec<String>>,
}

/// A token to revoke.
#[derive(InputObject)]
pub struct RevokeApiTokenInput {
    /// The token.
    token_id: ID,
}

/// Who needs a way in.
#[derive(InputObject)]
pub struct CreateSignInLinkInput {
    /// The person.
    person_id: ID,
}

/// A session to end.
#[derive(InputObject)]
pub struct EndSessionInput {
    /// The session.
    session_id: ID,
}

/// Whose sessions to end.
#[derive(InputObject)]
pub struct EndSessionsInput {
    /// The person.
    person_id: ID,
    /// Leaves the session that this request comes with.
    #[graphql(default)]
    except_current: bool,
}

/// The added person.
#[derive(SimpleObject)]
pub struct PersonPayload {
    /// The person.
    person: Person,
    /// Opens their first session; shown once, and only to whoever added them.
    sign_in_url: Url,
}

/// A way in for a person.
#[derive(SimpleObject)]
pub struct CreateSignInLinkPayload {
    /// The person.
    person: Person,
    /// Opens a session, once, within 24 hours; shown once, and only to whoever made it.
    sign_in_url: Url,
}

/// The changed caller.
#[derive(SimpleObject)]
pub struct QuietRemindersPayload {
    /// The person.
    person: Person,
}

/// The changed caller.
#[derive(SimpleObject)]
pub struct SetNtfyTopicPayload {
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

/// A session that has ended.
#[derive(SimpleObject)]
pub struct EndSessionPayload {
    /// Its id, which is nobody's any more.
    session_id: ID,
    /// Whose it was, with the sessions that are left.
    person: Person,
}

/// Who is no longer signed in.
#[derive(SimpleObject)]
pub struct EndSessionsPayload {
    /// The person.
    person: Person,
    /// How many sessions ended.
    ended: i32,
}

fn sign_in_url(gql: &Context<'_>, secret: &str) -> Url {
    public_url(gql, &format!("/sign-in?link={secret}"))
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
            phone: input.phone,
            ntfy_topic: input.ntfy_topic,
        };
        let (person, secret) = people::invite(ctx(gql), invite).await?;
        Ok(PersonPayload { person: Person(Arc::new(person)), sign_in_url: sign_in_url(gql, &secret) })
    }

    /// Makes a new sign-in link for a person, for example one who lost theirs. Sessions and older links stay good. For administrators.
    async fn create_sign_in_link(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "For whom.")] input: CreateSignInLinkInput,
    ) -> ApiResult<CreateSignInLinkPayload> {
        let (ctx, person) = (ctx(gql), id("personId", &input.person_id)?);
        let secret = access::create_sign_in_link(ctx, person).await?;
        let person = people::find(ctx, person).await?;
        Ok(CreateSignInLinkPayload { person: Person(Arc::new(person)), sign_in_url: sign_in_url(gql, &secret) })
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
            seniority: input.seniority.into(),
            phone: input.phone.into(),
            ntfy_topic: input.ntfy_topic.into(),
            deactivated: input.deactivated,
            ..people::UpdatePerson::default()
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

    /// Says where the caller's phone listens for push messages.
    async fn set_ntfy_topic(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The topic.")] input: SetNtfyTopicInput,
    ) -> ApiResult<SetNtfyTopicPayload> {
        Ok(SetNtfyTopicPayload { person: Person(Arc::new(people::set_ntfy_topic(ctx(gql), &input.topic).await?)) })
    }

    /// Creates an API token for the caller.
    async fn create_api_token(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The token's purpose and rights.")] input: CreateApiTokenInput,
    ) -> ApiResult<ApiTokenPayload> {
        let ctx = ctx(gql);
        let person = ctx.actor.person_id().ok_or(Error::NotFound("person"))?;
        let CreateApiTokenInput { name, access_level, expires_at, documents, networks } = input;
        for text in documents.iter().flatten() {
            check_syntax(text).map_err(|reason| Error::invalid("documents", format!("A document can't be read. {reason}")))?;
        }
        let create = CreateToken { name, access_level: access_level.into(), expires_at, bounds: TokenBounds { documents, networks } };
        let (row, token) = tokens::create(ctx, person, create).await?;
        Ok(ApiTokenPayload { token, name: row.name.clone(), expires_at: row.expires_at, api_token: ApiToken(row) })
    }

    /// Revokes an API token for good: your own or, for administrators, anyone's.
    async fn revoke_api_token(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RevokeApiTokenInput,
    ) -> ApiResult<RevokeApiTokenPayload> {
        let token = tokens::revoke(ctx(gql), id("tokenId", &input.token_id)?).await?;
        Ok(RevokeApiTokenPayload { token: ApiToken(token) })
    }

    /// Signs a browser out, and ends what is open in it: your own or, for administrators, anyone's. For one that was lost or left behind.
    async fn end_session(&self, gql: &Context<'_>, #[graphql(desc = "Which.")] input: EndSessionInput) -> ApiResult<EndSessionPayload> {
        let ctx = ctx(gql);
        let owner = sessions::end(ctx, id("sessionId", &input.session_id)?).await?;
        let person = people::find(ctx, owner).await?;
        Ok(EndSessionPayload { session_id: input.session_id, person: Person(Arc::new(person)) })
    }

    /// Signs a person out everywhere, or everywhere else: yourself or, for administrators, anyone. Tokens stay.
    async fn end_sessions(&self, gql: &Context<'_>, #[graphql(desc = "Whose.")] input: EndSessionsInput) -> ApiResult<EndSessionsPayload> {
        let ctx = ctx(gql);
        let person = people::find(ctx, id("personId", &input.person_id)?).await?;
        let except = input.except_current.then(|| gql.data_unchecked::<Secret>());
        let ended = sessions::end_all(ctx, person.id, except).await?;
        Ok(EndSessionsPayload { person: Person(Arc::new(person)), ended: i32::try_from(ended).unwrap_or(i32::MAX) })
    }
}
