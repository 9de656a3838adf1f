//! A section of a report that somebody has written. One that nobody has touched is derived from the facts, and has no row.

use sea_orm::entity::prelude::*;

use crate::{IncidentId, PersonId, ReportId, ReportVersions, Timestamp};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_section")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: ReportId,
    /// Its name in the playbook.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub incident_id: IncidentId,
    /// Its title when it was last written, in case the playbook forgets it.
    #[sea_orm(column_type = "Text")]
    pub title: String,
    /// Markdown.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    /// What the abridged version has in its place.
    #[sea_orm(column_type = "Text", nullable)]
    pub abridged: Option<String>,
    /// What the client version has in its place.
    #[sea_orm(column_type = "Text", nullable)]
    pub client: Option<String>,
    /// The versions that it appears in.
    pub versions: ReportVersions,
    /// What the facts said when it was written, to tell what they say anew.
    #[sea_orm(column_type = "Text")]
    pub prefill: String,
    /// How often it was written.
    pub version: i32,
    pub changed_at: Timestamp,
    pub changed_by_id: Option<PersonId>,
}

impl ActiveModelBehavior for ActiveModel {}
