//! Pages of incidents.

use async_graphql::{Context, Description, Object, SimpleObject};
use domain::cursor::{Slice, TimeKey, Window};
use domain::incident;

use super::fragments::know_names;
use super::row::Incident;
use super::shown::Shown;
use crate::graphql::connection::{PageInfo, cursor};
use crate::graphql::context::ctx;
use crate::graphql::error::{ApiResult, tell_beside};

/// A page of incidents.
#[derive(Description)]
pub struct IncidentConnection {
    filter: incident::IncidentFilter,
    order: incident::IncidentOrder,
    slice: Slice<Shown>,
}

impl IncidentConnection {
    /// The page of incidents that pass `filter`.
    ///
    /// `BAD_USER_INPUT` for an overlong search text.
    pub async fn load(
        gql: &Context<'_>,
        filter: incident::IncidentFilter,
        order: incident::IncidentOrder,
        window: &Window<TimeKey>,
    ) -> ApiResult<Self> {
        let incident::Page { slice, left_out, names } = incident::page(ctx(gql), &filter, order, window).await?;
        know_names(gql, names);
        if let Some(error) = left_out {
            tell_beside(gql, error);
        }
        let items = slice.items.into_iter().map(|row| Shown(Incident(row))).collect();
        Ok(Self { filter, order, slice: Slice { items, has_previous: slice.has_previous, has_next: slice.has_next } })
    }

    fn place(&self, Shown(incident): &Shown) -> String {
        cursor(&incident::key(self.order, &incident.0))
    }
}

#[Object(use_type_description)]
impl IncidentConnection {
    /// The incidents, each with its cursor.
    async fn edges(&self) -> Vec<IncidentEdge> {
        self.slice.items.iter().map(|node| IncidentEdge { cursor: self.place(node), node: node.clone() }).collect()
    }
    /// The incidents alone.
    async fn nodes(&self) -> &[Shown] {
        &self.slice.items
    }
    /// Where the page is in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(&self.slice, |node| self.place(node))
    }
    /// How many incidents pass the filter, on all pages.
    async fn total_count(&self, gql: &Context<'_>) -> ApiResult<u64> {
        Ok(incident::count(ctx(gql), &self.filter).await?)
    }
}

/// An incident of a page with its cursor.
#[derive(SimpleObject)]
pub struct IncidentEdge {
    /// The incident's place in the list.
    cursor: String,
    /// The incident.
    node: Shown,
}
