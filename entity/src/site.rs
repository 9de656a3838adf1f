//! A website or service that the team looks after.

use sea_orm::entity::prelude::*;

use crate::{ClientId, Environment, Importance, Origin, SiteId, SiteOrigins, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "site")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SiteId,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub url: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub repository: Option<String>,
    pub client_id: Option<ClientId>,
    /// A list of `{label, url}`.
    pub tooling: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub runbook: Option<String>,
    pub importance: Importance,
    /// What is normal there, hence not an incident (R3).
    #[sea_orm(column_type = "Text", nullable)]
    pub expected: Option<String>,
    /// Whether it is under constant attack, so that an attack alone is nothing new (R3).
    pub routinely_attacked: bool,
    /// When people rely on it most, e.g. `Mon-Fri 08:00-20:00; Sat 10:00-16:00` (R3).
    #[sea_orm(column_type = "Text", nullable)]
    pub busy_hours: Option<String>,
    pub last_synced_at: Option<Timestamp>,
    pub created_at: Timestamp,
    /// Hosts where it is as well, with port and path where they matter: `shop.example.org; example.net/shop`.
    #[sea_orm(column_type = "Text", nullable)]
    pub hosts: Option<String>,
    pub environment: Option<Environment>,
    /// Where it runs, and with whom.
    #[sea_orm(column_type = "Text", nullable)]
    pub hosting: Option<String>,
    /// When nothing may be deployed there, e.g. `2026-12-15 to 2027-01-05 Christmas`.
    #[sea_orm(column_type = "Text", nullable)]
    pub code_freeze: Option<String>,
    /// Since when the team no longer looks after it.
    pub gone_at: Option<Timestamp>,
    /// The source that added it and without which it is gone; none if people added it.
    pub listed_by: Option<Origin>,
    /// What its source knows it by, if that has keys.
    #[sea_orm(column_type = "Text", nullable)]
    pub source_key: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub origins: Option<SiteOrigins>,
}

impl ActiveModelBehavior for ActiveModel {}
