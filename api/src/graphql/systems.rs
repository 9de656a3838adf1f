//! The outside systems, and the state of the connection to each.

use async_graphql::{Context, Description, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::delivery::hold;

use super::context::ctx;
use super::error::ApiResult;

/// A system outside Muster.
#[derive(SimpleObject)]
pub struct OutsideSystem {
    /// Its name, e.g. `zendesk`.
    system: String,
    /// Whether it is connected. A person does what is meant for a system that is not.
    connected: bool,
    /// Why deliveries to it are on hold, if they are.
    held: Option<Held>,
}

/// Why deliveries to a system are on hold: it refused our credentials, and retrying would only lock us out for longer.
#[derive(SimpleObject)]
pub struct Held {
    /// What the system said, and what to do.
    reason: String,
    /// When the hold began. Deliveries wait, and resume automatically once the credentials are right.
    since: DateTime<Utc>,
    /// Whether only a person can release it, with `muster release` on the server.
    by_hand: bool,
}

/// Queries about outside systems.
#[derive(Default, Description)]
pub struct SystemQuery;

#[Object(use_type_description)]
impl SystemQuery {
    /// The outside systems and the state of the connection to each. For responders.
    async fn systems(&self, gql: &Context<'_>) -> ApiResult<Option<Vec<OutsideSystem>>> {
        let systems = hold::systems(ctx(gql)).await?;
        let outside = |state: hold::Connection| OutsideSystem {
            system: state.system.as_str().to_owned(),
            connected: state.connected,
            held: state.held.map(|row| Held { reason: row.reason, since: row.since, by_hand: row.by_hand }),
        };
        Ok(Some(systems.into_iter().map(outside).collect()))
    }
}
