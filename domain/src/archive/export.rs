//! Writes an archive.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io;

use document::typesetter::Error as Typesetting;
use document::{Form, Press};
use entity::{AuditAction, IncidentId, PersonId, incident};
use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::around::{Around, CLIENTS, PEOPLE, Person, SITES};
use super::manifest::{FORMAT, Manifest};
use super::pack::Pack;
use super::row::Members;
use super::tables::{TABLES, Table};
use super::{README, VERIFIER, blocking, bytes_of, rows_of};
use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::reference;
use crate::report::{self, Handout};
use crate::sheet::Sheet;
use crate::timeline::redactions::REDACTED;
use crate::{files, incident as incidents};

/// How often an incident that changes while it is read is read again.
const ATTEMPTS: usize = 5;

/// The columns of the timeline for people.
const TIMELINE: [&str; 8] = ["Sequence", "Happened at", "Recorded at", "Kind", "Who", "Source", "Text", "Starred"];

/// What was written.
pub struct Exported {
    /// The incident, as it is in the archive.
    pub incident: incident::Model,
    /// The hash of the archive's list of files, in hexadecimal.
    pub manifest: String,
}

/// Writes the archive of an incident into `out`, in place of what is there. What `press` has no program for is left out.
///
/// Every change of an incident raises its version, so rows that were read while it stayed the same belong together.
///
/// # Errors
/// `FORBIDDEN` for all but administrators; `NOT_FOUND`; `FAILED_PRECONDITION` if the incident never stays as it is for long enough, or the bytes of
/// one of its files are damaged; `UNAVAILABLE` if the disk is full.
pub async fn export(ctx: &Ctx, id: IncidentId, press: &Press, out: &File) -> Result<Exported> {
    ctx.require(Right::Administer)?;
    ctx.actor.require_unbound()?;
    for _ in 0..ATTEMPTS {
        let file = out.try_clone().map_err(Error::internal)?;
        if let Some(exported) = Box::pin(attempt(ctx, id, press, file)).await? {
            let incident = &exported.incident;
            let details = json!({ "incident": reference(incident), "manifest": exported.manifest });
            audit::record(ctx, Entry::new(AuditAction::IncidentExported).about(incident.id).details(details)).await?;
            return Ok(exported);
        }
    }
    Err(Error::precondition("The incident changes faster than it can be copied: try again when it is quieter."))
}

/// `None` if the incident changed meanwhile.
async fn attempt(ctx: &Ctx, id: IncidentId, press: &Press, file: File) -> Result<Option<Exported>> {
    let incident = incidents::find(ctx, id).await?;
    let mut writer = Writer(Some(Box::new(Pack::begin(file).map_err(Error::internal)?)));
    writer.add("README.txt".to_owned(), README.as_bytes().to_vec()).await?;
    writer.add("verify.py".to_owned(), VERIFIER.as_bytes().to_vec()).await?;
    for paper in papers(ctx, &incident, press).await? {
        writer.add(paper.path, paper.bytes).await?;
    }
    let mut seen = Seen::default();
    for table in TABLES {
        writer.rows(ctx, &incident, *table, &mut seen).await?;
    }
    let around = Around::load(ctx, &seen.ids).await?;
    writer.add(rows_of(PEOPLE), lines(around.people.values())?).await?;
    writer.add(rows_of(CLIENTS), lines(&around.clients)?).await?;
    writer.add(rows_of(SITES), lines(&around.sites)?).await?;
    writer.timeline(ctx, &incident, &around.people).await?;
    if incidents::find(ctx, id).await?.version != incident.version {
        return Ok(None);
    }
    for sha256 in seen.files {
        writer.copy(ctx, sha256).await?;
    }
    let manifest = Manifest {
        format: FORMAT,
        incident: incident.id,
        reference: reference(&incident),
        name: incident.name.clone(),
        events: incident.last_sequence,
        chain: hex::encode(&incident.last_hash),
        files: Vec::new(),
    };
    let manifest = writer.finish(manifest).await?;
    Ok(Some(Exported { incident, manifest }))
}

/// What the rows name that is kept elsewhere.
#[derive(Default)]
struct Seen {
    ids: HashSet<Uuid>,
    /// Hashes of files.
    files: BTreeSet<String>,
}

impl Seen {
    fn row(&mut self, row: &Members) {
        row.values().for_each(|value| self.value(value));
        if let (Some(Json::String(sha256)), true) = (row.get("sha256"), row.contains_key("file_name")) {
            self.files.insert(sha256.clone());
        }
    }

    /// Ids stand in columns of their own and in JSON, there also with their prefix.
    fn value(&mut self, value: &Json) {
        match value {
            Json::String(text) => {
                let id = text.split_once('_').map_or(text.as_str(), |(_, id)| id);
                self.ids.extend(Uuid::try_parse(id).ok());
            }
            Json::Array(values) => values.iter().for_each(|value| self.value(value)),
            Json::Object(members) => members.iter().for_each(|(key, value)| {
                self.ids.extend(Uuid::try_parse(key).ok());
                self.value(value);
            }),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

fn lines<'a, T: Serialize + 'a>(rows: impl IntoIterator<Item = &'a T>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut bytes, row).map_err(Error::internal)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// A report in one form.
struct Paper {
    path: String,
    bytes: Vec<u8>,
}

/// The report in every version that may leave, each in every form that can be made here.
async fn papers(ctx: &Ctx, incident: &incident::Model, press: &Press) -> Result<Vec<Paper>> {
    let mut papers: Vec<Paper> = Vec::new();
    for (_, handout) in report::versions(ctx, incident.id).await? {
        handout.is_taken_out(ctx).await?;
        let Handout { name, text, document, .. } = handout;
        // Two clients may have names that look alike as those of files.
        let alike = papers.iter().filter(|paper| paper.path.starts_with(&format!("report/{name}."))).count();
        let name = if alike == 0 { name } else { format!("{name}-{}", papers.len()) };
        for form in Form::ALL {
            match press.write(form, &text, document.clone()).await {
                Ok(bytes) => papers.push(Paper { path: format!("report/{name}.{}", form.extension()), bytes: bytes.to_vec() }),
                Err(Typesetting::Missing(_)) => {}
                Err(error) => return Err(Error::internal(error)),
            }
        }
    }
    Ok(papers)
}

/// Writes on threads that may block.
struct Writer(Option<Box<Pack>>);

impl Writer {
    async fn with<T: Send + 'static>(&mut self, work: impl FnOnce(&mut Pack) -> io::Result<T> + Send + 'static) -> Result<T> {
        let Some(mut pack) = self.0.take() else { return Err(Error::internal("an archive whose writing failed is written on")) };
        let (pack, done) = blocking(move || work(&mut pack).map(|done| (pack, done)).map_err(files::not_stored)).await?;
        self.0 = Some(pack);
        Ok(done)
    }

    async fn add(&mut self, path: String, bytes: Vec<u8>) -> Result<()> {
        self.with(move |pack| pack.add(&path, &bytes)).await
    }

    /// Adds a file that is made of the rows of `table`, some at a time.
    async fn pages(
        &mut self,
        ctx: &Ctx,
        incident: &incident::Model,
        (path, table): (String, &dyn Table),
        mut written: impl FnMut(&[Members]) -> Result<Vec<u8>> + Send,
    ) -> Result<()> {
        self.with(move |pack| pack.start(&path)).await?;
        let mut place = None;
        loop {
            let (rows, next) = table.page(ctx, incident.id, place).await?;
            let bytes = written(&rows)?;
            self.with(move |pack| pack.write(&bytes)).await?;
            place = next;
            if place.is_none() {
                break;
            }
        }
        self.with(|pack| {
            pack.end();
            Ok(())
        })
        .await
    }

    async fn rows(&mut self, ctx: &Ctx, incident: &incident::Model, table: &dyn Table, seen: &mut Seen) -> Result<()> {
        let written = |rows: &[Members]| {
            for row in rows {
                seen.row(row);
            }
            lines(rows)
        };
        self.pages(ctx, incident, (rows_of(table.name()), table), written).await
    }

    /// The timeline as a list for spreadsheets.
    async fn timeline(&mut self, ctx: &Ctx, incident: &incident::Model, people: &BTreeMap<PersonId, Person>) -> Result<()> {
        let names: HashMap<String, &str> = people.iter().map(|(id, person)| (id.0.to_string(), person.name.as_str())).collect();
        let Some(table) = TABLES.iter().find(|table| table.name() == "timeline_event") else { return Ok(()) };
        let mut sheet = Sheet::new(&TIMELINE)?;
        let written = |rows: &[Members]| {
            for row in rows {
                let text = |name: &str| row.get(name).map(plain).unwrap_or_default();
                let who = row.get("actor_id").and_then(Json::as_str).and_then(|id| names.get(id).copied());
                let [sequence, at, recorded, kind] = ["sequence", "occurred_at", "recorded_at", "kind"].map(text);
                let who = who.unwrap_or_default().to_owned();
                let is_redacted = row.get("redacted_at").is_some_and(|at| !at.is_null());
                let said = if is_redacted { REDACTED.to_owned() } else { text("text") };
                sheet.line(&[sequence, at, recorded, kind, who, text("source"), said, text("starred")])?;
            }
            std::mem::replace(&mut sheet, Sheet::continued()).finish()
        };
        self.pages(ctx, incident, ("timeline.csv".to_owned(), *table), written).await
    }

    async fn copy(&mut self, ctx: &Ctx, sha256: String) -> Result<()> {
        let from = files::path(&ctx.config.data_dir, &sha256);
        let whole = {
            let sha256 = sha256.clone();
            self.with(move |pack| pack.copy(&bytes_of(&sha256), &from, &sha256)).await?
        };
        if whole {
            return Ok(());
        }
        Err(Error::precondition(format!("The file {sha256} of this incident is missing or damaged: restore it from a backup first.")))
    }

    async fn finish(mut self, manifest: Manifest) -> Result<String> {
        let Some(pack) = self.0.take() else { return Err(Error::internal("an archive whose writing failed is finished")) };
        blocking(move || pack.finish(manifest).map_err(files::not_stored)).await
    }
}

fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}
