//! The outside systems, and whether they know us.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::delivery::hold;

use super::context::ctx;
use super::error::ApiResult;

/// A system outside Muster.
#[derive(SimpleObject)]
pub struct OutsideSystem {
    /// Its name, e.g. `zendesk`.
    system: String,
    /// Whether it is connected. What is meant for one that is not is done by hand.
    connected: bool,
    /// Why it is left alone for now, where that is so.
    held: Option<Held>,
}

/// Why a system is left alone: it refused our credentials, and asking again and again would only get us locked out for longer; or this is a
/// restored copy, which must not speak to the outside by accident.
#[derive(SimpleObject)]
pub struct Held {
    /// What it said, and what to do.
    reason: String,
    /// Since when. What is meant for it waits, and goes on once the credentials are right or, where `byHand`, once a person releases it.
    since: DateTime<Utc>,
    /// Whether only a person can release it, with `muster release` on the server.
    by_hand: bool,
}

/// Queries about outside systems.
#[derive(Default)]
pub struct SystemQuery;

/// Queries about outside systems.
#[Object]
impl SystemQuery {
    /// The outside systems and how the connection to each stands. For responders.
    async fn systems(&self, gql: &Context<'_>) -> ApiResult<Vec<OutsideSystem>> {
        let systems = hold::systems(ctx(gql)).await?;
        let outside = |state: hold::Connection| OutsideSystem {
            system: state.system.as_str().to_owned(),
            connected: state.connected,
            held: state.held.map(|row| Held { reason: row.reason, since: row.since, by_hand: row.by_hand }),
        };
        Ok(systems.into_iter().map(outside).collect())
    }
}
