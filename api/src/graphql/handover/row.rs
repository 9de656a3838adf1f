//! A role that was offered, as others refer to it.

use async_graphql::Description;
use entity::role_offer;

/// An offer of a role to a person. The role is theirs once they accept; until then its present holder stays responsible.
#[derive(Clone, Description)]
pub struct RoleOffer(pub role_offer::Model);
