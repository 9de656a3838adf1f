//! What the response must reach.

use async_graphql::{Context, Description, Object};
use chrono::{DateTime, Utc};
use entity::goal;

use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};

/// A goal of the response. The playbook sets the goals: by default `understand`, `contain`, `restore`, `monitor`.
#[derive(Description)]
pub struct GoalState {
    pub(super) wanted: domain::playbook::Goal,
    pub(super) row: Option<goal::Model>,
    pub(super) breach: bool,
    pub(super) done: Vec<entity::checklist_item::Model>,
}

#[Object(use_type_description)]
impl GoalState {
    /// Its key.
    async fn goal(&self) -> &str {
        &self.wanted.key
    }
    /// The goal in words.
    async fn title(&self) -> &str {
        &self.wanted.title
    }
    /// When it was confirmed.
    async fn met_at(&self) -> Option<DateTime<Utc>> {
        self.row.as_ref()?.met_at
    }
    /// Who confirmed it.
    async fn met_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.row.as_ref().and_then(|row| row.met_by_id)).await
    }
    /// How we know.
    async fn evidence(&self) -> Option<&str> {
        self.row.as_ref()?.evidence.as_deref()
    }
    /// What must be ticked before it can be confirmed; empty unless there was a breach.
    #[graphql(complexity = "1 + 4 * child_complexity")]
    async fn checklist(&self) -> Vec<ChecklistItem> {
        let items = self.wanted.breach_checklist.iter().filter(|_| self.breach);
        items.map(|item| ChecklistItem { item: item.clone(), row: self.done.iter().find(|row| row.item == item.key).cloned() }).collect()
    }
}

/// An item of a goal's checklist.
#[derive(Description)]
pub struct ChecklistItem {
    item: domain::playbook::ChecklistItem,
    row: Option<entity::checklist_item::Model>,
}

#[Object(use_type_description)]
impl ChecklistItem {
    /// Its key, unique within the goal.
    async fn key(&self) -> &str {
        &self.item.key
    }
    /// The item in words.
    async fn text(&self) -> &str {
        &self.item.text
    }
    /// When it was ticked.
    async fn done_at(&self) -> Option<DateTime<Utc>> {
        Some(self.row.as_ref()?.done_at)
    }
    /// How we know.
    async fn evidence(&self) -> Option<&str> {
        self.row.as_ref()?.evidence.as_deref()
    }
    /// Who ticked it.
    async fn done_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.row.as_ref().and_then(|row| row.done_by_id)).await
    }
}
