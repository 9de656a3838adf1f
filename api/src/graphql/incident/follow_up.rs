//! Follow-ups: what has to be done because of what an incident showed.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::authz::Right;
use domain::follow_up::{self, AddFollowUp, UpdateFollowUp};

use super::types::{Incident, incident_if_visible, person};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::delivery::Delivery;
use crate::graphql::error::ApiResult;
use crate::graphql::people::Person;
use crate::graphql::scalars::{ActionState, Day, Url, id, optional_id};

/// Something to do because of what the review found; it lives on as a card on a board.
#[derive(Clone, Description)]
pub struct FollowUp(pub entity::follow_up::Model);

#[Object(use_type_description)]
impl FollowUp {
    /// Begins with `fup_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident it comes from.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Incident> {
        Ok(incident_if_visible(gql, Some(self.0.incident_id)).await?.ok_or(domain::Error::NotFound("incident"))?)
    }
    /// What to do, in one line.
    async fn title(&self) -> &str {
        &self.0.title
    }
    /// What to do and why. Markdown.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }
    /// The board's key in the playbook: by default `incident-actions`, `internal-tech-tools` or `tech-team-leadership`.
    async fn board(&self) -> &str {
        &self.0.board
    }
    /// The board's name.
    async fn board_title(&self, gql: &Context<'_>) -> String {
        follow_up::board_title(&ctx(gql).playbook(), &self.0.board).to_owned()
    }
    /// Who owns it.
    async fn owner(&self, gql: &Context<'_>) -> ApiResult<Person> {
        Ok(person(gql, Some(self.0.owner_id)).await?.ok_or(domain::Error::NotFound("person"))?)
    }
    /// The day by which it should be done.
    async fn due_on(&self) -> Option<Day> {
        self.0.due_on.map(Day)
    }
    /// Its state.
    async fn state(&self) -> ActionState {
        self.0.state.into()
    }
    /// Why it was added beyond the few that usually get done.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }
    /// Its card, once that exists.
    async fn card_url(&self) -> Option<Url> {
        self.0.card_url.clone().map(Url)
    }
    /// The latest delivery to its card: shows whether the card is up to date. For responders.
    async fn card_delivery(&self, gql: &Context<'_>) -> ApiResult<Option<Delivery>> {
        if !ctx(gql).actor.may(Right::Respond) {
            return Ok(None);
        }
        let rows = loaders(gql).deliveries.get(self.0.incident_id).await?.unwrap_or_default();
        let last = rows.iter().rfind(|row| row.follow_up_id == Some(self.0.id));
        Ok(last.cloned().map(|row| Delivery(Arc::new(row))))
    }
    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    /// When it was done or dropped.
    async fn settled_at(&self) -> Option<DateTime<Utc>> {
        self.0.settled_at
    }
}

/// An incident's follow-ups.
#[derive(Description)]
pub struct IncidentFollowUps(pub Arc<entity::incident::Model>);

#[Object(use_type_description)]
impl IncidentFollowUps {
    /// Its follow-ups in any state, oldest first.
    #[graphql(complexity = "1 + 4 * child_complexity")]
    async fn follow_ups(&self, gql: &Context<'_>) -> ApiResult<Vec<FollowUp>> {
        let rows = loaders(gql).follow_ups.get(self.0.id).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(FollowUp).collect())
    }
}

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

/// Changes to a follow-up; omitted fields keep their value.
#[derive(InputObject)]
pub struct UpdateFollowUpInput {
    /// The follow-up.
    follow_up_id: ID,
    /// What to do, in one line.
    title: Option<String>,
    /// What to do and why. Markdown; an empty text removes it.
    description: Option<String>,
    /// The board's key in the playbook.
    board: Option<String>,
    /// Who owns it.
    owner_id: Option<ID>,
    /// The day by which it should be done; null removes it.
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
        let due_on = Option::from(due_on).map(|day: Option<Day>| day.map(|day| day.0));
        let update = UpdateFollowUp { title, description, board, owner, due_on };
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
