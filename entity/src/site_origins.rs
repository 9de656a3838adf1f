//! Who set which field of a site. Stored as JSON with the site.

use std::collections::BTreeMap;

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

use crate::{Origin, SiteField, Timestamp};

/// Where each field comes from. Of a field that is not here and says something, people set it before this was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
pub struct SiteOrigins(pub BTreeMap<SiteField, SiteOrigin>);

/// Where a field comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteOrigin {
    /// Who set it.
    pub origin: Origin,
    /// When.
    pub at: Timestamp,
    /// Whether somebody who set it by hand has left it to imports again.
    #[serde(default)]
    pub released: bool,
}
