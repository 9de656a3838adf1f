//! How long a source of alerts was silent, again and again.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// Its last longer pauses in seconds, the oldest first. Stored as JSON with the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct SourcePauses(pub Vec<i64>);
