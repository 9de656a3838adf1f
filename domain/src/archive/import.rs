//! Takes an archive in.

use std::fs::File;
use std::path::{Path, PathBuf};

use entity::{AuditAction, DeliveryState, IncidentId, TimelineKind, incident, incident_import, timeline_event};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, TryIntoModel};
use serde_json::{Value as Json, json};
use tempfile::NamedTempFile;

use super::around::StandIns;
use super::blocking;
use super::open::{Archive, Rows};
use super::row::{Members, read};
use super::tables::{AT_ONCE, TABLES};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::chain::{Verdict, Walk};
use crate::change::numbers;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::files;
use crate::incident::parse_reference;
use crate::incident::reference::reference;
use crate::incident::state::is_over;
use crate::known::index;
use crate::search::fill;
use crate::timeline::redactions::Redactions;

/// What became of an archive.
pub struct Imported {
    /// The incident, as it is here now.
    pub incident: incident::Model,
    /// What it was called where it was exported, if that reference was taken here.
    pub formerly: Option<String>,
    /// Whether it was here before; then nothing was done.
    pub was_here: bool,
}

/// Takes in the archive in `file`: all of it or nothing. Hashes and ids stay; where its reference is taken, it gets the next one. People, clients
/// and sites that are not here are made, people without any access. Doing it twice is doing it once.
///
/// # Errors
/// `FORBIDDEN` for all but administrators; `BAD_USER_INPUT` that says what is wrong with the archive; `FAILED_PRECONDITION` for an incident that is
/// not over (two servers would remind people), or is here with another timeline; `UNAVAILABLE` if the disk is full.
pub async fn import(ctx: &Ctx, file: File) -> Result<Imported> {
    ctx.require(Right::Administer)?;
    let mut archive = blocking(move || {
        let mut archive = Archive::open(file)?;
        archive.check()?;
        Ok(archive)
    })
    .await?;
    let row = incident_of(&mut archive)?;
    if let Some(here) = incident::Entity::find_by_id(row.id).one(ctx.db.read()).await? {
        return met(ctx, here, &row).await;
    }
    require_over(ctx, &archive.manifest.reference, &row).await?;
    let data_dir = ctx.config.data_dir.clone();
    let (mut archive, staged) = blocking(move || Staged::copy(archive, &data_dir)).await?;
    write(ctx, &mut archive, row, staged).await
}

fn incident_of(archive: &mut Archive) -> Result<incident::Model> {
    let (id, incidents) = (archive.manifest.incident, archive.rows("incident")?);
    let mut rows = incidents.iter();
    let members = rows.next().unwrap_or_else(|| Err(Error::invalid("file", "The archive has no incident.")))?;
    let row =
        read::<incident::Entity>(members).map_err(|why| Error::invalid("file", format!("The incident of the archive is none: {why}.")))?;
    let row: incident::Model = row.try_into_model().map_err(Error::internal)?;
    if row.id != id || rows.next().is_some() {
        return Err(Error::invalid("file", "The archive has another incident than its MANIFEST.json says."));
    }
    Ok(row)
}

/// What goes on would be reminded of by two servers.
async fn require_over(ctx: &Ctx, reference: &str, row: &incident::Model) -> Result<()> {
    if !is_over(row) {
        let reason = format!("{reference} is not over: it can be taken in once it is closed, or two servers would remind people of it.");
        return Err(Error::precondition(reason));
    }
    let Some(other) = row.merged_into_id else { return Ok(()) };
    if incident::Entity::find_by_id(other).count(ctx.db.read()).await? == 0 {
        return Err(Error::precondition(format!("{reference} was merged into another incident: take that one in first.")));
    }
    Ok(())
}

/// The incident is here already.
async fn met(ctx: &Ctx, here: incident::Model, row: &incident::Model) -> Result<Imported> {
    if here.last_hash != row.last_hash {
        let reason = format!(
            "This incident is here as {}, with {} events on its timeline; the archive has {}. Nothing was changed.",
            reference(&here),
            here.last_sequence,
            row.last_sequence
        );
        return Err(Error::precondition(reason));
    }
    let import = incident_import::Entity::find_by_id(here.id).one(ctx.db.read()).await?;
    Ok(Imported { incident: here, formerly: import.and_then(|row| row.formerly), was_here: true })
}

/// Files in the data folder that are gone again unless they are put where files are.
struct Staged(Vec<(NamedTempFile, PathBuf)>);

impl Staged {
    /// Copies the files of the archive that are not here yet.
    fn copy(mut archive: Archive, data_dir: &Path) -> Result<(Archive, Self)> {
        let hashes: Vec<String> = archive.files().map(str::to_owned).collect();
        let (incoming, mut staged) = (files::incoming(data_dir), Vec::new());
        std::fs::create_dir_all(&incoming).map_err(files::not_stored)?;
        for sha256 in hashes {
            let home = files::path(data_dir, &sha256);
            if !home.exists() {
                let mut file = NamedTempFile::new_in(&incoming).map_err(files::not_stored)?;
                archive.file(&sha256, &mut file)?;
                file.as_file().sync_all().map_err(files::not_stored)?;
                staged.push((file, home));
            }
        }
        Ok((archive, Self(staged)))
    }

    /// Puts them where they are looked for. If the rows that name them are not written after all, nobody knows of them.
    fn settle(self) -> Result<()> {
        for (file, home) in self.0 {
            if let Some(folder) = home.parent() {
                std::fs::create_dir_all(folder).map_err(files::not_stored)?;
            }
            file.persist(&home).map_err(|error| files::not_stored(error.error))?;
        }
        Ok(())
    }
}

/// Writes all rows, or none.
async fn write(ctx: &Ctx, archive: &mut Archive, row: incident::Model, staged: Staged) -> Result<Imported> {
    let tx = ctx.db.begin().await?;
    let stand_ins = StandIns::settle(ctx, &tx, archive).await?;
    let former = parse_reference(&archive.manifest.reference)?;
    let number = if is_taken(&tx, former).await? { numbers::next(&tx).await? } else { numbers::reach(&tx, former).await? };
    let formerly = (number != former).then(|| archive.manifest.reference.clone());
    for table in TABLES {
        let read = archive.rows(table.name())?;
        let mut rows = read.iter();
        let mut walk = if table.name() == "timeline_event" { Some((Walk::begin(), redactions(&read)?)) } else { None };
        loop {
            let batch: Result<Vec<Members>> = rows.by_ref().take(usize::try_from(AT_ONCE).unwrap_or(usize::MAX)).collect();
            let mut batch = batch?;
            if batch.is_empty() {
                break;
            }
            for row in &mut batch {
                fit(row, &stand_ins);
                if table.name() == "incident" {
                    row.insert("number".to_owned(), number.into());
                }
            }
            belongs(&batch, row.id)?;
            if let Some((walk, redactions)) = &mut walk {
                follow(walk, redactions, &batch)?;
            }
            table.insert(&tx, batch).await?;
        }
        if let Some((walk, _)) = walk {
            ended(&walk, &row)?;
        }
    }
    let incident = incident::Model { number, ..row };
    fill::take_in(&tx, &incident).await?;
    let import = incident_import::Model { incident_id: incident.id, formerly: formerly.clone(), imported_at: ctx.now() };
    incident_import::Entity::insert(import.into_active_model()).exec_without_returning(&tx).await?;
    let details = json!({ "incident": reference(&incident), "formerly": formerly, "events": incident.last_sequence });
    audit::append(ctx, &tx, vec![Entry::new(AuditAction::IncidentImported).about(incident.id).details(details)]).await?;
    // The rows are not there before the files that they name.
    blocking(move || staged.settle()).await?;
    tx.commit().await?;
    // It changed long ago, so the chore passes it over.
    index::incidents(ctx, &[incident.id]).await.unwrap_or_else(|error| error.log("an incident that was taken in is not suggested"));
    Ok(Imported { incident, formerly, was_here: false })
}

async fn is_taken(tx: &DatabaseTransaction, number: i32) -> Result<bool> {
    Ok(incident::Entity::find().filter(incident::Column::Number.eq(number)).count(tx).await? > 0)
}

/// Rows of other incidents are none of this archive's business.
fn belongs(rows: &[Members], incident: IncidentId) -> Result<()> {
    let id = Json::String(incident.0.to_string());
    let is_ours = |row: &Members| row.get("incident_id").or_else(|| row.get("id")) == Some(&id);
    if rows.iter().all(is_ours) { Ok(()) } else { Err(Error::invalid("file", "The archive has rows of another incident.")) }
}

/// What was redacted, as the archive's own REDACTIONs say.
fn redactions(timeline: &Rows) -> Result<Redactions> {
    let is_one = |row: &Result<Members>| row.as_ref().map_or(true, |row| row.get("kind") == Some(&TimelineKind::Redaction.as_str().into()));
    let rows: Result<Vec<Members>> = timeline.iter().filter(is_one).collect();
    Ok(Redactions::of(&events(&rows?).unwrap_or_default()))
}

/// `None` if one of them is no event.
fn events(rows: &[Members]) -> Option<Vec<timeline_event::Model>> {
    rows.iter().map(|row| read::<timeline_event::Entity>(row.clone()).ok()?.try_into_model().ok()).collect()
}

fn follow(walk: &mut Walk, redactions: &Redactions, rows: &[Members]) -> Result<()> {
    let events = events(rows).unwrap_or_default();
    if walk.follow(&redactions.standing(&events)) { Ok(()) } else { Err(broken(walk.reached() + 1)) }
}

fn ended(walk: &Walk, incident: &incident::Model) -> Result<()> {
    match walk.end(&incident.last_hash) {
        Verdict::Whole(events) if events == incident.last_sequence => Ok(()),
        Verdict::Whole(event) | Verdict::Broken(event) => Err(broken(event)),
    }
}

fn broken(event: i32) -> Error {
    Error::invalid("file", format!("The timeline in the archive is broken at event {event}: it is not what was recorded."))
}

/// Makes a row fit in here: names what stands in for a client or site, and asks for nothing to be sent.
fn fit(row: &mut Members, stand_ins: &StandIns) {
    use DeliveryState::{Cancelled, Queued, Retrying, Sending};
    row.values_mut().for_each(|value| stand_ins.replace(value));
    let is_waiting = |state: &Json| [Queued, Sending, Retrying].iter().any(|waiting| state == waiting.as_str());
    if row.contains_key("next_attempt_at") && row.get("state").is_some_and(is_waiting) {
        row.insert("state".to_owned(), Cancelled.as_str().into());
        row.insert("next_attempt_at".to_owned(), Json::Null);
    }
}
