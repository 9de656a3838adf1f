//! Pages of a timeline.

use std::sync::Arc;

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::cursor::{PageArgs, Slice, Window};
use domain::timeline;
use domain::timeline::stretch::Stretch;
use entity::{incident, timeline_event};

use super::row::TimelineEvent;
use crate::graphql::connection::{PageInfo, cursor};
use crate::graphql::context::{ctx, loaders};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::{Source, TimelineKind, optional_id};

/// As many events of an incident as a board shows.
const FEW: usize = 5;

/// A page of a timeline, in order of sequence.
#[derive(Description)]
pub struct TimelineConnection {
    incident: Arc<incident::Model>,
    filter: timeline::TimelineFilter,
    slice: Slice<TimelineEvent>,
}

#[Object(use_type_description)]
impl TimelineConnection {
    /// The events, each with its cursor.
    async fn edges(&self) -> Vec<TimelineEdge> {
        self.slice.items.iter().cloned().map(TimelineEdge::from).collect()
    }
    /// The events alone.
    async fn nodes(&self) -> &[TimelineEvent] {
        &self.slice.items
    }
    /// Where the page is in the timeline.
    async fn page_info(&self) -> PageInfo {
        PageInfo::new(&self.slice, |event| cursor(&event.row.sequence))
    }
    /// How many events pass the filter, on all pages.
    async fn total_count(&self, gql: &Context<'_>) -> ApiResult<u64> {
        Ok(timeline::count(ctx(gql), &self.incident, &self.filter).await?)
    }
}

impl TimelineConnection {
    /// The page of `incident` that `args` asks for. Without a filter it comes from the loader that serves all incidents of
    /// the request at once: since sequence numbers have no gaps, a page is a range of them.
    pub async fn load(
        gql: &Context<'_>,
        incident: &Arc<incident::Model>,
        filter: timeline::TimelineFilter,
        args: &PageArgs,
    ) -> ApiResult<Self> {
        let window = Window::<i32>::from_args(args)?;
        let slice = if filter.is_empty() {
            let (low, high) = stretch(&window, incident.last_sequence);
            let loader = if window.backwards { &loaders(gql).stretch } else { &loaders(gql).walked };
            let rows = if low < high { loader.get(Stretch::of(incident, low, high)).await?.unwrap_or_default() } else { Arc::default() };
            let items = rows.iter().cloned().map(TimelineEvent::from).collect();
            Slice { items, has_previous: low > 0, has_next: high < incident.last_sequence }
        } else if let Some(slice) = newest(gql, incident, &filter, &window).await? {
            events(slice)
        } else {
            events(timeline::page(ctx(gql), incident, &filter, &window).await?)
        };
        Ok(Self { incident: incident.clone(), filter, slice })
    }
}

/// The newest events that pass a filter, if they are near the end of the timeline, as on a board: for all incidents of the request at once.
async fn newest(
    gql: &Context<'_>,
    incident: &incident::Model,
    filter: &timeline::TimelineFilter,
    window: &Window<i32>,
) -> ApiResult<Option<Slice<Arc<timeline_event::Model>>>> {
    let is_end = window.backwards && window.after.is_none() && window.before.is_none();
    if !is_end || window.limit > FEW || !filter.is_plain() {
        return Ok(None);
    }
    let end = Stretch::end(incident);
    let rows = loaders(gql).stretch.get(end).await?.unwrap_or_default();
    Ok(end.newest(&rows, filter, window.limit))
}

fn events<R>(slice: Slice<R>) -> Slice<TimelineEvent>
where
    TimelineEvent: From<R>,
{
    let Slice { items, has_previous, has_next } = slice;
    Slice { items: items.into_iter().map(TimelineEvent::from).collect(), has_previous, has_next }
}

/// The sequence numbers after `.0` up to `.1` that a window covers on a timeline that ends at `last`.
fn stretch(window: &Window<i32>, last: i32) -> (i32, i32) {
    let limit = i32::try_from(window.limit).unwrap_or(i32::MAX);
    let low = window.after.unwrap_or(0).min(last);
    let high = window.before.map_or(last, |before| (before - 1).min(last)).max(low);
    if window.backwards { (low.max(high.saturating_sub(limit)), high) } else { (low, high.min(low.saturating_add(limit))) }
}

/// An event of a timeline with its cursor.
#[derive(SimpleObject)]
pub struct TimelineEdge {
    /// The event's place; pass it as `after` to read on from here.
    cursor: String,
    /// The event.
    node: TimelineEvent,
}

impl From<TimelineEvent> for TimelineEdge {
    fn from(node: TimelineEvent) -> Self {
        Self { cursor: cursor(&node.row.sequence), node }
    }
}

/// Which events to include; omitted conditions do not narrow.
#[derive(Default, InputObject)]
pub struct TimelineFilter {
    /// Of these kinds.
    kinds: Option<Vec<TimelineKind>>,
    /// Of none of these kinds: without PROMPT, what people did without what they were reminded of.
    except_kinds: Option<Vec<TimelineKind>>,
    /// Only key moments, or only others.
    starred: Option<bool>,
    /// By this person.
    actor_id: Option<ID>,
    /// That reached Muster in one of these ways.
    source: Option<Vec<Source>>,
    /// That happened at this time or later.
    since: Option<DateTime<Utc>>,
    /// That happened at this time or earlier.
    until: Option<DateTime<Utc>>,
    /// With this text.
    text: Option<String>,
}

impl TimelineFilter {
    /// Converts to the domain's filter.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for an id of another kind.
    pub fn read(self) -> ApiResult<timeline::TimelineFilter> {
        Ok(timeline::TimelineFilter {
            kinds: self.kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            except_kinds: self.except_kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            starred: self.starred,
            actor_id: optional_id("filter.actorId", self.actor_id.as_ref())?,
            source: self.source.map(|source| source.into_iter().map(Into::into).collect()),
            since: self.since,
            until: self.until,
            text: domain::validate::search("filter.text", self.text.as_deref())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: usize, backwards: bool, after: Option<i32>, before: Option<i32>) -> Window<i32> {
        Window { limit, backwards, after, before }
    }

    #[test]
    fn a_window_is_a_stretch() {
        for (window, expected) in [
            (window(3, false, None, None), (0, 3)),
            (window(3, true, None, None), (7, 10)),
            (window(3, false, Some(9), None), (9, 10)),
            (window(3, false, Some(99), None), (10, 10)),
            (window(3, true, None, Some(3)), (0, 2)),
            (window(3, true, Some(1), Some(3)), (1, 2)),
            (window(3, false, Some(5), Some(2)), (5, 5)),
            (window(0, false, None, None), (0, 0)),
        ] {
            assert_eq!(stretch(&window, 10), expected, "{window:?}");
        }
    }
}
