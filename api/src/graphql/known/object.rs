//! What known events look like.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, Object};
use domain::known::{self, Found, Known};

use super::ops::{OpsPage, page_address};
use crate::graphql::context::{ctx, public_url};
use crate::graphql::error::ApiResult;
use crate::graphql::incident::Incident;
use crate::graphql::scalars::Url;

/// Why something is suggested, or was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "known::Reason")]
pub enum KnownEventReason {
    /// It is about an alert that fired.
    SameAlert,
    /// It is about a site that is affected.
    SameSite,
    /// It has words in common.
    SimilarWords,
}

/// What somebody says of a known event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::KnownVerdict")]
pub enum KnownEventVerdict {
    /// It helped.
    Helped,
    /// It is out of date.
    Outdated,
}

/// Something that is known: a page of the ops docs, or a past incident.
#[derive(Description)]
pub struct KnownEvent(pub Found);

#[Object(use_type_description)]
impl KnownEvent {
    /// The id of the page or the incident, as `rateKnownEvent` takes it.
    async fn id(&self) -> ID {
        match &self.0.what {
            Known::Page(page) => ID(page.id.to_string()),
            Known::Incident(incident) => ID(incident.id.to_string()),
        }
    }
    /// The page's title or the incident's name.
    async fn title(&self) -> &str {
        self.0.what.title()
    }
    /// The page's path in the ops docs, e.g. `alerts/disk-full.md`, or the incident's reference.
    async fn path(&self) -> String {
        self.0.what.path()
    }
    /// Where people read it.
    async fn url(&self, gql: &Context<'_>) -> Option<Url> {
        let path = self.0.what.path();
        Some(match &self.0.what {
            Known::Page(_) => public_url(gql, &page_address(&path)),
            Known::Incident(_) => public_url(gql, &format!("/incidents/{path}")),
        })
    }
    /// The sentence that matters. Plain text; empty if there is none but the title.
    async fn excerpt(&self) -> &str {
        &self.0.excerpt
    }
    /// How well it fits, between 0 and 1.
    async fn score(&self) -> f64 {
        self.0.score
    }
    /// Why it was found, the best reason first.
    async fn reasons(&self) -> Vec<KnownEventReason> {
        self.0.reasons.iter().copied().map(Into::into).collect()
    }
    /// The page of the ops docs, if it is one.
    async fn page(&self) -> Option<OpsPage> {
        match &self.0.what {
            Known::Page(page) => Some(OpsPage(Arc::new(page.clone()))),
            Known::Incident(_) => None,
        }
    }
    /// The past incident, if it is one.
    async fn incident(&self) -> Option<Incident> {
        match &self.0.what {
            Known::Page(_) => None,
            Known::Incident(incident) => Some(Incident(Arc::new((**incident).clone()))),
        }
    }
    /// How many people said that it helped, in incidents that you may see.
    async fn helped(&self) -> u32 {
        self.0.said.helped
    }
    /// How many people said that it is out of date.
    async fn outdated(&self) -> u32 {
        self.0.said.outdated
    }
    /// What you said of it in the incident for which it is suggested.
    async fn own_verdict(&self) -> Option<KnownEventVerdict> {
        self.0.said.own.map(Into::into)
    }
}

/// What is known about an incident beforehand.
#[derive(Description)]
pub struct IncidentKnownEvents(pub Arc<entity::incident::Model>);

#[Object(use_type_description)]
impl IncidentKnownEvents {
    /// The three known events that may help with it, the best first; none if nothing fits well enough. Made when it is asked for, so ask for one
    /// incident at a time.
    #[graphql(complexity = "1_000 + 3 * child_complexity")]
    async fn known_events(&self, gql: &Context<'_>) -> ApiResult<Vec<KnownEvent>> {
        Ok(known::suggestions(ctx(gql), &self.0).await?.into_iter().map(KnownEvent).collect())
    }
}
