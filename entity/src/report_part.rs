//! What a client's version of a report says by itself since the report was finished (R29).

use sea_orm::entity::prelude::*;

use crate::{ClientId, IncidentId, ReportId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "report_part")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: ReportId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub client_id: ClientId,
    pub incident_id: IncidentId,
    /// What the incident is called to the client.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// What the facts said in each section, by its key.
    #[sea_orm(column_type = "JsonBinary")]
    pub sections: Json,
}

impl ActiveModelBehavior for ActiveModel {}
