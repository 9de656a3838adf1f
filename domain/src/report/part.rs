//! What a client's version says by itself: the client's own part of the facts (R29).
//!
//! It follows the facts until the report is finished. What a client gets of a final report does not change with what the team finds out
//! later, so that an approval of it holds. Who became affected after that has a part of today's facts until somebody approves their version.

use std::collections::BTreeMap;

use entity::{ClientId, report, report_part};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::prefill::prefill;
use super::sources::Sources;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::record::Draft;

/// A client's own part of the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the incident is called to them.
    pub name: String,
    /// What the facts say in each section, by its key.
    sections: BTreeMap<String, String>,
}

impl Part {
    /// What `client` may learn of `sources`, in the sections named `keys`. Pure.
    pub fn of<'a>(sources: &Sources, client: ClientId, keys: impl Iterator<Item = &'a str>) -> Self {
        let told = sources.for_client(client);
        let sections = keys.map(|key| (key.to_owned(), prefill(key, &told))).collect();
        Self { name: told.whole.incident.name, sections }
    }

    /// What the facts say in the section named `key`.
    pub fn section(&self, key: &str) -> &str {
        self.sections.get(key).map_or("", String::as_str)
    }

    /// Keeps it as the part of `client` in a report that is being finished.
    pub fn keep(self, draft: &mut Draft<'_>, report: &report::Model, client: ClientId) -> Result<()> {
        let sections = serde_json::to_value(&self.sections).map_err(Error::internal)?;
        let row =
            report_part::Model { report_id: report.id, client_id: client, incident_id: report.incident_id, name: self.name, sections };
        draft.upsert(row.into_active_model());
        Ok(())
    }
}

/// The parts as they were when `report`, which is final, was finished.
pub async fn parts_of(ctx: &Ctx, report: &report::Model) -> Result<BTreeMap<ClientId, Part>> {
    let rows = report_part::Entity::find().filter(report_part::Column::ReportId.eq(report.id)).all(ctx.db.read()).await?;
    let part = |row: report_part::Model| {
        let sections = serde_json::from_value(row.sections).map_err(Error::internal)?;
        Ok((row.client_id, Part { name: row.name, sections }))
    };
    rows.into_iter().map(part).collect()
}
