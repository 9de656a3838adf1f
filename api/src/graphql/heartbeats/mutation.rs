//! Saying what is to be heard from.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use domain::heartbeats::{self, CreateHeartbeat, UpdateHeartbeat};
use entity::heartbeat;

use super::row::Heartbeat;
use crate::graphql::context::{ctx, public_url};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{Severity, Url, edited_id, id, optional_id};

/// A heartbeat to add.
#[derive(InputObject)]
pub struct CreateHeartbeatInput {
    /// What it is called, in its address as well: at most 64 lower-case letters, digits, - and _, a letter first. It can't be changed later.
    name: String,
    /// How many seconds it is silent at most while all is well: 60 to 366 days.
    every_seconds: i32,
    /// How many seconds later it may be: 60 to 31 days.
    grace_seconds: i32,
    /// How bad its silence is.
    severity: Severity,
    /// The site that it belongs to.
    site_id: Option<ID>,
    /// What to know and to do when it falls silent.
    note: Option<String>,
}

/// What changes about a heartbeat: omitted fields keep their value, and null removes what may be missing.
#[derive(InputObject)]
pub struct UpdateHeartbeatInput {
    /// The heartbeat.
    heartbeat_id: ID,
    /// How many seconds it is silent at most while all is well: 60 to 366 days.
    every_seconds: Option<i32>,
    /// How many seconds later it may be: 60 to 31 days.
    grace_seconds: Option<i32>,
    /// How bad its silence is, from its next alarm on.
    severity: Option<Severity>,
    /// The site that it belongs to.
    site_id: MaybeUndefined<ID>,
    /// What to know and to do when it falls silent.
    note: MaybeUndefined<String>,
    /// Whether nobody waits for it. Pausing ends its alarm; resuming gives the next beat all the time that it may take.
    is_paused: Option<bool>,
}

/// A heartbeat that gets another secret.
#[derive(InputObject)]
pub struct RotateHeartbeatSecretInput {
    /// The heartbeat.
    heartbeat_id: ID,
}

/// A heartbeat to remove.
#[derive(InputObject)]
pub struct DeleteHeartbeatInput {
    /// The heartbeat.
    heartbeat_id: ID,
}

/// The added heartbeat.
#[derive(SimpleObject)]
pub struct CreateHeartbeatPayload {
    /// The heartbeat.
    heartbeat: Heartbeat,
    /// What is called to tell that it lives, with its secret: shown once.
    url: Url,
}

/// The changed heartbeat.
#[derive(SimpleObject)]
pub struct UpdateHeartbeatPayload {
    /// The heartbeat.
    heartbeat: Heartbeat,
}

/// A heartbeat with another secret.
#[derive(SimpleObject)]
pub struct RotateHeartbeatSecretPayload {
    /// The heartbeat.
    heartbeat: Heartbeat,
    /// What is called from now on, with its secret: shown once. The address before is worth nothing any more.
    url: Url,
}

/// A heartbeat that is no more.
#[derive(SimpleObject)]
pub struct DeleteHeartbeatPayload {
    /// Its id, which is nobody's any more.
    heartbeat_id: ID,
}

/// Mutations about heartbeats.
#[derive(Default, Description)]
pub struct HeartbeatMutation;

#[Object(use_type_description)]
impl HeartbeatMutation {
    /// Adds a heartbeat. Nobody waits for it until it was heard from once. For administrators.
    async fn create_heartbeat(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What is expected.")] input: CreateHeartbeatInput,
    ) -> ApiResult<CreateHeartbeatPayload> {
        let create = CreateHeartbeat {
            name: input.name,
            every_seconds: input.every_seconds,
            grace_seconds: input.grace_seconds,
            severity: input.severity.into(),
            site_id: optional_id("siteId", input.site_id.as_ref())?,
            note: input.note,
        };
        let (row, secret) = heartbeats::create(ctx(gql), create).await?;
        Ok(CreateHeartbeatPayload { url: whole(gql, &row, &secret), heartbeat: Heartbeat(Arc::new(row)) })
    }

    /// Changes what is expected of a heartbeat, pauses or resumes it. For administrators.
    async fn update_heartbeat(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What changes.")] input: UpdateHeartbeatInput,
    ) -> ApiResult<UpdateHeartbeatPayload> {
        let update = UpdateHeartbeat {
            every_seconds: input.every_seconds,
            grace_seconds: input.grace_seconds,
            severity: input.severity.map(Into::into),
            site_id: edited_id("siteId", &input.site_id)?,
            note: input.note.into(),
            is_paused: input.is_paused,
        };
        let row = heartbeats::update(ctx(gql), id("heartbeatId", &input.heartbeat_id)?, update).await?;
        Ok(UpdateHeartbeatPayload { heartbeat: Heartbeat(Arc::new(row)) })
    }

    /// Gives a heartbeat another secret. The one before is worth nothing from then on. For administrators.
    async fn rotate_heartbeat_secret(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: RotateHeartbeatSecretInput,
    ) -> ApiResult<RotateHeartbeatSecretPayload> {
        let (row, secret) = heartbeats::rotate(ctx(gql), id("heartbeatId", &input.heartbeat_id)?).await?;
        Ok(RotateHeartbeatSecretPayload { url: whole(gql, &row, &secret), heartbeat: Heartbeat(Arc::new(row)) })
    }

    /// Removes a heartbeat for good, and ends its alarm. For administrators.
    async fn delete_heartbeat(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which.")] input: DeleteHeartbeatInput,
    ) -> ApiResult<DeleteHeartbeatPayload> {
        heartbeats::delete(ctx(gql), id("heartbeatId", &input.heartbeat_id)?).await?;
        Ok(DeleteHeartbeatPayload { heartbeat_id: input.heartbeat_id })
    }
}

/// The address of a heartbeat with its secret.
fn whole(gql: &Context<'_>, row: &heartbeat::Model, secret: &str) -> Url {
    public_url(gql, &format!("/hooks/heartbeat/{}/{secret}", row.name))
}
