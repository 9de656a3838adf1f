//! Quiet windows: times in which the alerts of some sites, or of a source, are recorded and not reported.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::alerts::quiet;
use domain::heartbeats;
use entity::SiteId;
use futures_util::future::try_join_all;

use super::row::Site;
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::people::{Person, person};
use crate::graphql::scalars::{id, ids};

/// A time in which alerts of some sites, or of a source, are recorded and not reported, because people work there. What still fires when
/// it is over is reported then.
#[derive(Clone, Description)]
pub struct QuietWindow(pub Arc<quiet::QuietWindow>);

impl From<Arc<quiet::QuietWindow>> for QuietWindow {
    fn from(window: Arc<quiet::QuietWindow>) -> Self {
        Self(window)
    }
}

#[Object(use_type_description)]
impl QuietWindow {
    /// Begins with `qwn_`.
    pub async fn id(&self) -> ID {
        ID(self.0.row.id.to_string())
    }
    /// Why, in words.
    async fn why(&self) -> &str {
        &self.0.row.why
    }
    /// When it begins.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.row.starts_at
    }
    /// When it is over; before `startsAt` if it was called off.
    async fn ends_at(&self) -> DateTime<Utc> {
        self.0.row.ends_at
    }
    /// Whether it is on now.
    async fn is_on(&self, gql: &Context<'_>) -> bool {
        self.0.is_on(ctx(gql).now())
    }
    /// The source whose alerts are quiet; null if it is about sites.
    async fn source(&self) -> Option<&str> {
        self.0.row.source.as_deref()
    }
    /// The sites whose alerts are quiet; empty if it is about a source.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn sites(&self, gql: &Context<'_>) -> ApiResult<Vec<Site>> {
        sites(gql, &self.0.sites).await
    }
    /// When it was added.
    async fn added_at(&self) -> DateTime<Utc> {
        self.0.row.created_at
    }
    /// Who added it.
    async fn added_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.row.added_by_id).await
    }
    /// Who ended it before its time.
    async fn ended_by(&self, gql: &Context<'_>) -> ApiResult<Option<Person>> {
        person(gql, self.0.row.ended_by_id).await
    }
}

async fn sites(gql: &Context<'_>, ids: &[SiteId]) -> ApiResult<Vec<Site>> {
    let rows = try_join_all(ids.iter().map(|id| loaders(gql).site.get(*id))).await?;
    Ok(rows.into_iter().flatten().map(Site).collect())
}

/// The windows of a site that are on or to come.
pub async fn windows_of(gql: &Context<'_>, site: SiteId) -> ApiResult<Vec<QuietWindow>> {
    let windows = loaders(gql).site_windows.get(site).await?.unwrap_or_default();
    Ok(windows.iter().cloned().map(|window| QuietWindow(Arc::new(window))).collect())
}

/// A time in which alerts are recorded and not reported: of sites, or of a source.
#[derive(InputObject)]
pub struct AddQuietWindowInput {
    /// The sites whose alerts are quiet, at most 100. Of an alert about several sites people hear unless all of them are.
    site_ids: Option<Vec<ID>>,
    /// The source whose alerts are quiet, by its name in the settings, in upper or lower case; instead of sites.
    source: Option<String>,
    /// When it begins, at most 366 days ahead; now if omitted.
    starts_at: Option<DateTime<Utc>>,
    /// When it is over, at most 31 days later.
    ends_at: DateTime<Utc>,
    /// Why, on one line.
    why: String,
}

/// The quiet window to end.
#[derive(InputObject)]
pub struct EndQuietWindowInput {
    /// The window.
    quiet_window_id: ID,
}

/// The quiet window.
#[derive(SimpleObject)]
pub struct QuietWindowPayload {
    /// The window.
    quiet_window: QuietWindow,
    /// What is odd about it: a source that is in no settings.
    warning: Option<String>,
}

/// Mutations about quiet windows.
#[derive(Default, Description)]
pub struct QuietWindowMutation;

#[Object(use_type_description)]
impl QuietWindowMutation {
    /// Has alerts of some sites, or of a source, recorded and not reported for a time.
    async fn add_quiet_window(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The window.")] input: AddQuietWindowInput,
    ) -> ApiResult<QuietWindowPayload> {
        let add = quiet::AddQuietWindow {
            sites: ids("siteIds", &input.site_ids.unwrap_or_default())?,
            source: input.source,
            starts_at: input.starts_at,
            ends_at: input.ends_at,
            why: input.why,
        };
        let window = quiet::add(ctx(gql), add).await?;
        let warning = window.row.source.as_deref().and_then(|source| heartbeats::no_such_source(ctx(gql), source));
        Ok(payload(window, warning))
    }

    /// Ends a quiet window before its time, or calls it off. What still fires is reported within seconds.
    async fn end_quiet_window(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The window.")] input: EndQuietWindowInput,
    ) -> ApiResult<QuietWindowPayload> {
        Ok(payload(quiet::end(ctx(gql), id("quietWindowId", &input.quiet_window_id)?).await?, None))
    }
}

fn payload(window: quiet::QuietWindow, warning: Option<String>) -> QuietWindowPayload {
    QuietWindowPayload { quiet_window: QuietWindow(Arc::new(window)), warning }
}
