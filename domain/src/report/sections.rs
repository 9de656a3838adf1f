//! The sections of a report as they stand: what people wrote and, where nobody has, what the facts say.

use entity::{IncidentId, PersonId, ReportVersions, Timestamp, report, report_section};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::prefill::prefill;
use super::sources::Sources;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::record::{Facts, Whole};

/// A section as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its permanent name.
    pub key: String,
    /// For people.
    pub title: String,
    /// What belongs in it.
    pub guidance: Option<String>,
    /// Whether a draft needs it before others are asked to read it.
    pub required: bool,
    /// Markdown.
    pub body: String,
    /// What the abridged version has in its place.
    pub abridged: Option<String>,
    /// What the client version has in its place.
    pub client: Option<String>,
    /// The versions that it appears in.
    pub versions: ReportVersions,
    /// How often it was written; 0 as long as it is what the facts say.
    pub version: i32,
    /// When it was last written.
    pub changed_at: Option<Timestamp>,
    /// By whom.
    pub changed_by: Option<PersonId>,
    /// What the facts said when it was written.
    pub written_from: String,
    /// What they say now.
    pub prefill: String,
}

/// The sections of `report`, whose incident the caller has seen: the playbook's in its order, then those written under another playbook.
pub async fn sections_of(ctx: &Ctx, report: &report::Model) -> Result<Vec<Section>> {
    let incident = crate::incident::find(ctx, report.incident_id).await?;
    let rows = written_in(ctx, incident.id).await?;
    Ok(stand(rows, &Sources::load(ctx, Whole::load(ctx, incident).await?).await?))
}

/// That a report has no section of the key that the caller named.
pub fn no_such_section(ctx: &Ctx) -> Error {
    let keys: Vec<String> = ctx.playbook().report.iter().map(|section| section.key.clone()).collect();
    Error::invalid("sectionKey", format!("There is no such section. Those of the playbook are {}.", keys.join(", ")))
}

/// What people wrote of the sections of the report of an incident.
pub async fn written_in(ctx: &Ctx, incident: IncidentId) -> Result<Vec<report_section::Model>> {
    Ok(report_section::Entity::find().filter(report_section::Column::IncidentId.eq(incident)).all(ctx.db.read()).await?)
}

/// Puts together what people wrote and what the facts say. Pure.
pub fn stand(mut rows: Vec<report_section::Model>, sources: &Sources) -> Vec<Section> {
    let mut sections = Vec::new();
    for definition in &sources.playbook.report {
        let prefill = prefill(&definition.key, sources);
        let row = rows.iter().position(|row| row.key == definition.key).map(|place| rows.swap_remove(place));
        let blank = Section {
            key: definition.key.clone(),
            title: definition.title.clone(),
            guidance: Some(definition.guidance.clone()),
            required: definition.required,
            body: prefill.clone(),
            abridged: None,
            client: None,
            versions: definition.versions,
            version: 0,
            changed_at: None,
            changed_by: None,
            written_from: prefill.clone(),
            prefill,
        };
        sections.push(match row {
            Some(row) => Section { guidance: blank.guidance, required: blank.required, prefill: blank.prefill, ..written(row) },
            None => blank,
        });
    }
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    sections.extend(rows.into_iter().map(written));
    sections
}

fn written(row: report_section::Model) -> Section {
    Section {
        key: row.key,
        title: row.title,
        guidance: None,
        required: false,
        body: row.body,
        abridged: row.abridged,
        client: row.client,
        versions: row.versions,
        version: row.version,
        changed_at: Some(row.changed_at),
        changed_by: row.changed_by_id,
        prefill: row.prefill.clone(),
        written_from: row.prefill,
    }
}
