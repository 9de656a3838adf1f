//! Changing follow-ups.

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use domain::follow_up::{self, AddFollowUp, UpdateFollowUp};

use super::row::FollowUp;
use crate::graphql::context::ctx;
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{ActionState, Day, id, optional_id};

/// Something to do because of an incident.
#[derive(InputObject)]
pub struct AddFollowUpInput {
    /// The incident it comes from.
    incident_id: ID,
    /// What to do, in one line.
    title: String,
    /// What to do and why. Markdown.
    description: Option<String>,
    /// The board's key in the playbook.
    board: String,
    /// Who owns it.
    owner_id: ID,
    /// The day by which it should be done.
    due_on: Option<Day>,
    /// Why one more is needed, if the incident already has as many as usually get done (by default three).
    reason: Option<String>,
}

/// Changes to a follow-up; omitted fields keep their value, and null or an empty text removes what may be missing.
#[derive(InputObject)]
pub struct UpdateFollowUpInput {
    /// The follow-up.
    follow_up_id: ID,
    /// What to do, in one line.
    title: Option<String>,
    /// What to do and why. Markdown.
    description: MaybeUndefined<String>,
    /// The board's key in the playbook.
    board: Option<String>,
    /// Who owns it.
    owner_id: Option<ID>,
    /// The day by which it should be done.
    due_on: MaybeUndefined<Day>,
}

/// How a follow-up ended.
#[derive(InputObject)]
pub struct SettleFollowUpInput {
    /// The follow-up.
    follow_up_id: ID,
    /// DONE, DROPPED, or OPEN again.
    state: ActionState,
    /// Why.
    note: Option<String>,
}

/// The changed follow-up.
#[derive(SimpleObject)]
pub struct FollowUpPayload {
    /// The follow-up.
    follow_up: FollowUp,
}

impl From<entity::follow_up::Model> for FollowUpPayload {
    fn from(row: entity::follow_up::Model) -> Self {
        Self { follow_up: FollowUp(row) }
    }
}

/// Mutations of follow-ups.
#[derive(Default, Description)]
pub struct FollowUpMutation;

#[Object(use_type_description)]
impl FollowUpMutation {
    /// Adds something to do because of an incident and creates its card. Needs a reason if the incident already has as many as usually get
    /// done.
    async fn add_follow_up(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What, who owns it, and by when.")] input: AddFollowUpInput,
    ) -> ApiResult<FollowUpPayload> {
        let AddFollowUpInput { incident_id, title, description, board, owner_id, due_on, reason } = input;
        let (incident_id, owner) = (id("incidentId", &incident_id)?, id("ownerId", &owner_id)?);
        Ok(follow_up::add(ctx(gql), AddFollowUp { incident_id, title, description, board, owner, due_on: due_on.map(|day| day.0), reason })
            .await?
            .into())
    }

    /// Changes a follow-up and updates its card.
    async fn update_follow_up(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The follow-up and its changes.")] input: UpdateFollowUpInput,
    ) -> ApiResult<FollowUpPayload> {
        let UpdateFollowUpInput { follow_up_id, title, description, board, owner_id, due_on } = input;
        let owner = optional_id("ownerId", owner_id.as_ref())?;
        let due_on = due_on.map_value(|day| day.0).into();
        let update = UpdateFollowUp { title, description: description.into(), board, owner, due_on };
        Ok(follow_up::update(ctx(gql), id("followUpId", &follow_up_id)?, update).await?.into())
    }

    /// Marks a follow-up as done, dropped, or open again.
    async fn settle_follow_up(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The follow-up and its new state.")] input: SettleFollowUpInput,
    ) -> ApiResult<FollowUpPayload> {
        let id = id("followUpId", &input.follow_up_id)?;
        Ok(follow_up::settle(ctx(gql), id, input.state.into(), input.note.as_deref()).await?.into())
    }
}
