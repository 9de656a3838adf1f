//! Reading what is heard of, and when.

use async_graphql::{Context, Description, Object, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use domain::cursor::{NameKey, Window};
use domain::heartbeats::{self, SourceSilence};
use entity::heartbeat;

use super::row::Heartbeat;
use crate::graphql::connection::{connection, cursor, page_args};
use crate::graphql::context::ctx;
use crate::graphql::cost::page_cost;
use crate::graphql::error::ApiResult;

connection!(HeartbeatConnection, HeartbeatEdge, Heartbeat, heartbeat::Model, "heartbeats");

/// A source of alerts that the settings name.
#[derive(SimpleObject)]
pub struct HeardSource {
    /// As the settings name it.
    name: String,
    /// What kind of system it is, e.g. `grafana`.
    kind: String,
    /// When something last came from it, to the minute; null if nothing ever did.
    last_heard_at: Option<DateTime<Utc>>,
    /// The longest of its last twenty pauses of an hour or more, in seconds; null before there were five.
    usual_gap_seconds: Option<i64>,
    /// After how many seconds its silence raises an alarm, by the settings; null for never.
    silent_after_seconds: Option<i64>,
    /// Whether it has been silent for longer than the settings say, or, if they say nothing, for twice its usual gap and at least a day.
    is_silent: bool,
}

impl From<SourceSilence> for HeardSource {
    fn from(source: SourceSilence) -> Self {
        let SourceSilence { name, kind, last_heard_at, usual_gap, silent_after, is_silent } = source;
        let seconds = |span: Option<Duration>| span.map(|span| span.num_seconds());
        let (usual_gap_seconds, silent_after_seconds) = (seconds(usual_gap), seconds(silent_after));
        Self { name, kind, last_heard_at, usual_gap_seconds, silent_after_seconds, is_silent }
    }
}

/// Queries about what is heard of.
#[derive(Default, Description)]
pub struct HeartbeatQuery;

#[Object(use_type_description)]
impl HeartbeatQuery {
    /// The heartbeats, by name. For responders.
    #[graphql(complexity = "page_cost(first, last, child_complexity)")]
    async fn heartbeats(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The first so many, 0 to 200; 50 by default.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "The last so many, 0 to 200.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> ApiResult<Option<HeartbeatConnection>> {
        let window = Window::<NameKey>::from_args(&page_args(first, after, last, before))?;
        let slice = heartbeats::page(ctx(gql), &window).await?;
        Ok(Some(HeartbeatConnection::new(slice, |row| cursor(&NameKey(row.name.clone(), row.id.0)))))
    }

    /// The sources of alerts that the settings name, by name, and whether they are silent. For responders.
    async fn heard_sources(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<HeardSource>>> {
        let sources = heartbeats::sources(ctx(gql)).await?;
        Ok(Some(sources.into_iter().map(Into::into).collect()))
    }
}
