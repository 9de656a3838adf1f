//! A follow-up, as others refer to it.

use async_graphql::Description;

/// Something to do because of what the review found; it lives on as a card on a board.
#[derive(Clone, Description)]
pub struct FollowUp(pub entity::follow_up::Model);
