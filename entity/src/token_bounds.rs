//! What a token is bound to, beyond its access level. Stored as JSON with the token.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// What a token is good for; `None` sets no bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct TokenBounds {
    /// The texts of the GraphQL documents that it may run, and nothing else.
    pub documents: Option<Vec<String>>,
    /// The networks that it may be presented from.
    pub networks: Option<Vec<String>>,
}
