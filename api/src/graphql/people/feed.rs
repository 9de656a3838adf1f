//! The secret link of one's calendar.

use std::sync::Arc;

use async_graphql::{Context, Description, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::people::feeds;
use entity::calendar_feed;

use super::row::Person;
use crate::graphql::context::{ctx, public_url};
use crate::graphql::error::ApiResult;
use crate::graphql::scalars::Url;

/// The secret link at which a person's calendar programs read their shifts and reviews. It was shown once, when it was made.
#[derive(SimpleObject)]
pub struct CalendarFeed {
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When a program last read it, to the hour. Null if none did.
    last_read_at: Option<DateTime<Utc>>,
}

impl From<calendar_feed::Model> for CalendarFeed {
    fn from(row: calendar_feed::Model) -> Self {
        Self { created_at: row.created_at, last_read_at: row.last_read_at }
    }
}

/// A new link.
#[derive(SimpleObject)]
pub struct MakeCalendarFeedPayload {
    /// What a calendar program subscribes to: shown once, and only to you. Whoever knows it can read it.
    url: Url,
    /// You.
    person: Person,
}

/// Who has no link any more.
#[derive(SimpleObject)]
pub struct RevokeCalendarFeedPayload {
    /// You.
    person: Person,
}

/// Mutations about one's calendar.
#[derive(Default, Description)]
pub struct CalendarFeedMutation;

#[Object(use_type_description)]
impl CalendarFeedMutation {
    /// Makes the secret link of your calendar, with your shifts and the reviews that you come to. One that you had before ends.
    async fn make_calendar_feed(&self, gql: &Context<'_>) -> ApiResult<MakeCalendarFeedPayload> {
        let (person, secret) = feeds::make(ctx(gql)).await?;
        let url = public_url(gql, &format!("/calendar/{secret}.ics"));
        Ok(MakeCalendarFeedPayload { url, person: Person(Arc::new(person)) })
    }

    /// Ends the secret link of your calendar, if you have one.
    async fn revoke_calendar_feed(&self, gql: &Context<'_>) -> ApiResult<RevokeCalendarFeedPayload> {
        let person = feeds::revoke(ctx(gql)).await?;
        Ok(RevokeCalendarFeedPayload { person: Person(Arc::new(person)) })
    }
}
