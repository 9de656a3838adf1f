//! Which of an incident's files were handed round in its review. Stored as JSON with the review.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::AttachmentId;

/// Files, in the order in which they are shown. One that was redacted since is still named here, and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct FileIds(pub Vec<AttachmentId>);
