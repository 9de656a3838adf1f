//! What follow-ups look like.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, Object};
use chrono::{DateTime, Utc};
use domain::authz::Right;
use domain::{Error, follow_up};

use super::row::FollowUp;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::delivery::Delivery;
use crate::graphql::error::ApiResult;
use crate::graphql::incident::{Incident, incident_if_visible};
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{ActionState, Day, Url};

#[Object(use_type_description)]
impl FollowUp {
    /// Begins with `fup_`.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// The incident it comes from.
    async fn incident(&self, gql: &Context<'_>) -> ApiResult<Incident> {
        Ok(incident_if_visible(gql, Some(self.0.incident_id)).await?.ok_or(Error::NotFound("incident"))?)
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
        Ok(person(gql, Some(self.0.owner_id)).await?.ok_or(Error::NotFound("person"))?)
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
pub struct IncidentFollowUps(pub Incident);

#[Object(use_type_description)]
impl IncidentFollowUps {
    /// Its follow-ups in any state, oldest first.
    #[graphql(complexity = "1 + 4 * child_complexity")]
    async fn follow_ups(&self, gql: &Context<'_>) -> ApiResult<Vec<FollowUp>> {
        let rows = loaders(gql).follow_ups.get(self.0.read_as()).await?.unwrap_or_default();
        Ok(rows.iter().cloned().map(FollowUp).collect())
    }
}
