//! Who changed which field of an incident last. Stored as JSON with the incident.

use std::collections::BTreeMap;

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::{IncidentField, PersonId, Timestamp};

/// The last change of each field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct LastChanges {
    /// Every change after this version is known; what was before it is not, in incidents that are older than this record.
    pub known_after: i32,
    /// A field that is not here has not changed since.
    pub fields: BTreeMap<IncidentField, LastChange>,
}

/// The last change of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastChange {
    /// The incident's version after it.
    pub version: i32,
    /// Who made it; nobody if it was Muster.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}
