//! Reviews and what belongs to them, as others refer to them.

use async_graphql::Description;

/// The review of an incident: a meeting in which those it concerns learn from it.
#[derive(Clone, Description)]
pub struct Review(pub entity::review::Model);

/// What somebody says about an incident outside its review.
#[derive(Clone, Description)]
pub struct ReviewComment(pub entity::review_comment::Model);

/// What a review leaves for another forum.
#[derive(Clone, Description)]
pub struct ParkedTopic(pub entity::parked_topic::Model);
