//! Writing a section.

use entity::{ReportId, ReportVersion, ReportVersions, report, report_revision, report_section};
use sea_orm::{EntityTrait, IntoActiveModel};

use super::desk::Desk;
use super::query::find;
use super::sections::{Section, no_such_section, sections_of};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Overwritten, Result};
use crate::record::Light;
use crate::validate::{self, Edit};
use crate::{limits, people};

/// Input of [`edit_section`]. What is `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct EditSection {
    /// Markdown; empty if nothing is to be said.
    pub body: Option<String>,
    /// What the abridged version has in its place; `Some(None)` for the same text.
    pub abridged: Edit<String>,
    /// What the client version has in its place; `Some(None)` for the same text.
    pub client: Edit<String>,
    /// The versions that it appears in.
    pub versions: Option<Vec<ReportVersion>>,
    /// What the facts said when the caller began, or as much of what they say since as the text has taken in.
    pub prefill: Option<String>,
}

/// Writes a section of a report of which the caller has seen `expected_version`, and keeps what it was as a revision. Nothing is written
/// if the text is the same.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `CONFLICT`, with the other text, if somebody wrote it since; `FAILED_PRECONDITION` once
/// the report is final.
pub async fn edit_section(ctx: &Ctx, id: ReportId, key: &str, expected_version: i32, input: EditSection) -> Result<report::Model> {
    ctx.require(Right::Respond)?;
    let report = find(ctx, id).await?;
    let section = sections_of(ctx, &report).await?.into_iter().find(|section| section.key == key);
    let section = section.ok_or_else(|| no_such_section(ctx))?;
    let written = apply(&section, &input)?;
    let is_same = |before: &Section| words(before) == words(&written) && before.written_from == written.written_from;
    let changed = change::<Desk<Light>, _>(ctx, report.incident_id, Right::Respond, None, |desk, draft| {
        let report = desk.open_report()?;
        let present = desk.heads.iter().find(|head| head.key == key).map_or(0, |head| head.version);
        if [present, section.version] != [expected_version; 2] {
            return Ok(None);
        }
        if is_same(&section) {
            return Ok(Some(report.clone()));
        }
        let row = report_section::Model {
            report_id: report.id,
            key: key.to_owned(),
            incident_id: report.incident_id,
            title: written.title.clone(),
            body: written.body.clone(),
            abridged: written.abridged.clone(),
            client: written.client.clone(),
            versions: written.versions,
            prefill: written.written_from.clone(),
            version: expected_version + 1,
            changed_at: draft.now,
            changed_by_id: draft.actor(),
        };
        draft.insert(revision(&row).into_active_model());
        draft.upsert(row.into_active_model());
        Ok(Some(report.clone()))
    });
    match changed.await?.output {
        Some(report) => Ok(report),
        None => Err(overwritten(ctx, &report, key).await?),
    }
}

/// What somebody left, kept for good.
pub fn revision(row: &report_section::Model) -> report_revision::Model {
    report_revision::Model {
        report_id: row.report_id,
        key: row.key.clone(),
        version: row.version,
        incident_id: row.incident_id,
        body: row.body.clone(),
        abridged: row.abridged.clone(),
        client: row.client.clone(),
        versions: row.versions,
        written_at: row.changed_at,
        written_by_id: row.changed_by_id,
    }
}

/// `section` as the caller wants it.
fn apply(section: &Section, input: &EditSection) -> Result<Section> {
    let text = |field, text: &str| validate::text_within(field, text, limits::SECTION_CHARS);
    let other = |field, before: &Option<String>, after: &Edit<String>| match after {
        None => Ok(before.clone()),
        Some(None) => Ok(None),
        Some(Some(words)) => text(field, words).map(Some),
    };
    Ok(Section {
        body: input.body.as_deref().map_or_else(|| Ok(section.body.clone()), |body| text("body", body))?,
        abridged: other("abridged", &section.abridged, &input.abridged)?,
        client: other("client", &section.client, &input.client)?,
        versions: input.versions.as_ref().map_or(section.versions, |versions| versions.iter().copied().collect()),
        written_from: input.prefill.as_deref().map_or_else(|| Ok(section.written_from.clone()), |prefill| text("prefill", prefill))?,
        ..section.clone()
    })
}

/// What readers get of a section.
fn words(section: &Section) -> (&str, Option<&str>, Option<&str>, ReportVersions) {
    (&section.body, section.abridged.as_deref(), section.client.as_deref(), section.versions)
}

/// What somebody else wrote.
async fn overwritten(ctx: &Ctx, report: &report::Model, key: &str) -> Result<Error> {
    let found = report_section::Entity::find_by_id((report.id, key.to_owned())).one(ctx.db.read()).await?;
    let Some(row) = found else {
        return Ok(Error::invalid("expectedVersion", "Nobody has written this section yet: its version is 0."));
    };
    let by = match row.changed_by_id {
        Some(id) => people::by_ids(ctx, &[id]).await?.pop(),
        None => None,
    };
    let by = by.map(|person| (person.id, person.name));
    Ok(Error::Overwritten(Box::new(Overwritten { title: row.title, version: row.version, by, at: row.changed_at, body: row.body })))
}
