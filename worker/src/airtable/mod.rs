//! Reads the team's sites from a table at Airtable (S5).
//!
//! Called by the chore that follows the catalogue, and by `muster check airtable`. A reading is the whole table, or what a view of it shows: page by
//! page, within Airtable's limit of requests, begun anew if Airtable forgets the list between two pages, and bounded in time and size. Nothing
//! is written there. What becomes of a reading is up to [`domain::catalogue::reading`]; what can't be read of single sites is in its notes and
//! keeps nothing else back ([`cell`]).
//!
//! Fields are asked for by name, so one that was renamed or deleted is refused by Airtable and nothing is read, rather than read as empty. After
//! more than one page that is asked once more: a field that was renamed in between would be missing from the later pages.
//!
//! Reasons are for people, and hold no secret.

mod cell;
mod check;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::Ctx;
use domain::catalogue::notes::Note;
use domain::catalogue::plan::Listed;
use domain::catalogue::reading::{self, Reading};
use domain::limits;
use domain::ports::Refusal;
use entity::SiteField;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::outlets::client::{Api, CallLimits, Cause, Failed, Pace, Vendor, base_url};
use schema::{Table, tables};

/// Airtable's limit for one base.
const REQUESTS: usize = 5;
const WINDOW: Duration = Duration::from_secs(1);
/// Records of one page: the most that Airtable gives.
const PAGE: &str = "100";
/// Bytes of one page.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// Pages of one list. Airtable may give fewer records than it could.
const PAGES: usize = 500;
/// Bytes of one list, names of fields and all.
const TABLE_BYTES: usize = 32 * 1024 * 1024;
/// How long a reading may take: less than a chore.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often one request is made again after a failure that may pass.
const TRIES: usize = 3;
/// How often a list is begun anew that Airtable forgot.
const BEGINNINGS: usize = 3;
/// What Airtable says of a list that it has forgotten.
const FORGOTTEN: [&str; 2] = ["LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "INVALID_OFFSET_VALUE"];
/// What Airtable says of a field that is not there.
const NO_FIELD: &str = "UNKNOWN_FIELD_NAME";
/// What an id of a field begins with.
const FIELD_ID: &str = "fld";

/// Where the sites are, and what their fields are called.
#[derive(Clone)]
pub struct AirtableSettings {
    /// The address of the API.
    pub base_url: String,
    /// A personal access token.
    pub token: String,
    /// The id of the base.
    pub base: String,
    /// The id or the name of the table.
    pub table: String,
    /// The id or the name of the view whose sites count; all without it.
    pub view: Option<String>,
    /// The names of the fields there, or the ids of all.
    pub fields: BTreeMap<SiteField, String>,
}

impl AirtableSettings {
    /// Where the sites are, for people.
    pub fn describe(&self) -> String {
        let view = self.view.as_ref().map(|view| format!(", view {view}")).unwrap_or_default();
        format!("Airtable, base {}, table {}{view}", self.base, self.table)
    }
}

/// How long a request waits before it is made again. The defaults are for production; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// After a 429: Airtable takes nothing for so long.
    pub too_many: Duration,
    /// After what may pass soon.
    pub again: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { too_many: Duration::from_secs(30), again: Duration::from_secs(2) }
    }
}

/// The table with the sites.
pub struct Airtable {
    api: Api,
    settings: AirtableSettings,
    pauses: Pauses,
}

#[derive(Deserialize)]
struct Page {
    records: Vec<Record>,
    offset: Option<String>,
    /// How long it was.
    #[serde(skip)]
    bytes: usize,
}

/// A record, with the fields that say something.
#[derive(Debug, Deserialize)]
struct Record {
    id: String,
    #[serde(default)]
    fields: Map<String, Value>,
}

/// A list that is asked for.
struct Wanted<'a> {
    table: &'a str,
    view: Option<&'a str>,
    fields: Vec<&'a str>,
}

impl Airtable {
    /// The table in these settings. Airtable is asked with the first reading.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &AirtableSettings) -> Result<Self, String> {
        Self::with_limits(settings, CallLimits::default(), Pauses::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(settings: &AirtableSettings, limits: CallLimits, pauses: Pauses) -> Result<Self, String> {
        let vendor = Vendor { name: "Airtable", credentials: "airtable.token", secrets: vec![settings.token.clone()] };
        let authorization = format!("Bearer {}", settings.token);
        let api = base_url(&settings.base_url)
            .and_then(|base| Api::new(vendor, base, Some(&authorization), Pace::new(REQUESTS, WINDOW), limits))
            .map_err(|problem| format!("airtable.base_url {problem}"))?;
        Ok(Self { api: api.pausing(pauses.too_many), settings: settings.clone(), pauses })
    }

    /// Reads all sites.
    ///
    /// # Errors
    /// Why they can't be read, as sentences for people. Then nothing was read.
    pub async fn read(&self) -> Result<Reading, String> {
        let late = || Err(format!("Airtable's table could not be read within {} minutes.", PATIENCE.as_secs() / 60));
        tokio::time::timeout(PATIENCE, Box::pin(self.read_all())).await.unwrap_or_else(|_| late())
    }

    async fn read_all(&self) -> Result<Reading, String> {
        let records = self.list(&self.wanted()).await.map_err(|failed| self.problem(&failed))?;
        let names = self.names_of(&linked_in(&records, &self.settings.fields)).await.map_err(|failed| self.problem(&failed))?;
        reading_of(&records, &self.settings.fields, &names)
    }

    fn wanted(&self) -> Wanted<'_> {
        let AirtableSettings { table, view, fields, .. } = &self.settings;
        // Two of ours may be one of theirs.
        let fields: BTreeSet<&str> = fields.values().map(String::as_str).collect();
        Wanted { table, view: view.as_deref(), fields: fields.into_iter().collect() }
    }

    /// All records of a list.
    async fn list(&self, wanted: &Wanted<'_>) -> Result<Vec<Record>, Failed> {
        let mut begun = 1;
        loop {
            match self.pages(wanted).await {
                Err(failed) if begun < BEGINNINGS && is_forgotten(&failed) => begun += 1,
                outcome => return outcome,
            }
        }
    }

    async fn pages(&self, wanted: &Wanted<'_>) -> Result<Vec<Record>, Failed> {
        let (mut all, mut seen): (Vec<Record>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
        let (mut offset, mut offsets, mut bytes): (Option<String>, BTreeSet<String>, usize) = (None, BTreeSet::new(), 0);
        for number in 1..=PAGES {
            let page = self.page(wanted, PAGE, offset.as_deref()).await?;
            bytes += page.bytes;
            if bytes > TABLE_BYTES {
                return Err(self.too_much(wanted, &format!("{} MiB", TABLE_BYTES / 1024 / 1024)));
            }
            if page.records.iter().any(|record| !cell::is_key(&record.id)) {
                return Err(self.garbled("a record has an id that none can have".to_owned()));
            }
            // A record that moves while the list is read may come twice.
            all.extend(page.records.into_iter().filter(|record| seen.insert(record.id.clone())));
            if all.len() > limits::SITES_LISTED {
                return Err(self.too_much(wanted, &format!("{} records", limits::SITES_LISTED)));
            }
            let Some(next) = page.offset else {
                if number > 1 {
                    // Refused if a field, the view or the table was renamed meanwhile.
                    self.page(wanted, "1", None).await?;
                }
                return Ok(all);
            };
            if !offsets.insert(next.clone()) {
                return Err(self.garbled("it goes on with a page that was there before".to_owned()));
            }
            offset = Some(next);
        }
        Err(self.garbled(format!("it lists more than {PAGES} pages")))
    }

    fn too_much(&self, wanted: &Wanted<'_>, most: &str) -> Failed {
        let way_out = if wanted.table == self.settings.table {
            "set airtable.view to a view with fewer"
        } else {
            "instead of links to it, name a look-up of the names in [airtable.fields]"
        };
        self.garbled(format!("table {} has more than {most}; {way_out}", wanted.table))
    }

    fn garbled(&self, why: String) -> Failed {
        self.api.failed(false, Cause::Garbled(why))
    }

    /// One page, asked for again after failures that may pass.
    async fn page(&self, wanted: &Wanted<'_>, size: &str, offset: Option<&str>) -> Result<Page, Failed> {
        let mut tried = 0;
        loop {
            match self.ask(wanted, size, offset).await {
                Ok(page) => return Ok(page),
                Err(failed) => self.hold_on(failed, &mut tried).await?,
            }
        }
    }

    /// One page, asked for once.
    async fn ask(&self, wanted: &Wanted<'_>, size: &str, offset: Option<&str>) -> Result<Page, Failed> {
        let mut query = vec![("pageSize", size)];
        query.extend(wanted.fields.iter().map(|field| ("fields[]", *field)));
        query.extend(wanted.view.map(|view| ("view", view)));
        query.extend(offset.map(|offset| ("offset", offset)));
        if wanted.fields.iter().any(|field| is_field_id(field)) {
            query.push(("returnFieldsByFieldId", "true"));
        }
        let call = self.api.get(&path(&["v0", &self.settings.base, wanted.table])).query(&query).at_most(PAGE_BYTES);
        let answer = call.heard().await?;
        let page: Page = answer.json(&self.api)?;
        Ok(Page { bytes: answer.body.len(), ..page })
    }

    /// Waits until what failed may be tried again.
    ///
    /// # Errors
    /// The same failure, if trying again would not help or could not be awaited, or it was tried often enough.
    async fn hold_on(&self, failed: Failed, tried: &mut usize) -> Result<(), Failed> {
        *tried += 1;
        match Refusal::from(failed.clone()) {
            Refusal::Later { after, .. } if *tried < TRIES && after.is_none_or(|after| after < PATIENCE) => {
                tokio::time::sleep(after.unwrap_or(self.pauses.again)).await;
                Ok(())
            }
            _ => Err(failed),
        }
    }

    /// The tables of the base; none if the token may not see them.
    async fn tables(&self) -> Result<Vec<Table>, Failed> {
        let mut tried = 0;
        loop {
            match tables(&self.api, &self.settings.base).await {
                Err(failed) if matches!(failed.status(), Some(403 | 404)) => return Ok(Vec::new()),
                Err(failed) => self.hold_on(failed, &mut tried).await?,
                Ok(all) => return Ok(all),
            }
        }
    }

    /// What the linked records are called, as far as the token may see it: by the primary field of their tables.
    async fn names_of(&self, fields: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, Failed> {
        let mut names = BTreeMap::new();
        if fields.is_empty() {
            return Ok(names);
        }
        // Without the scope for it, their names can't be known; the notes say so.
        let all = self.tables().await?;
        let Some(own) = Table::find(&all, &self.settings.table) else { return Ok(names) };
        let linked: BTreeSet<&str> = fields.iter().filter_map(|field| own.field(field)?.linked_table()).collect();
        for table in linked.into_iter().filter_map(|id| Table::find(&all, id)) {
            let Some(primary) = table.primary() else { continue };
            let wanted = Wanted { table: &table.id, view: None, fields: vec![primary.name.as_str()] };
            for record in self.list(&wanted).await? {
                if let Some(name) = record.fields.get(&primary.name).and_then(cell::name) {
                    names.insert(record.id, name);
                }
            }
        }
        Ok(names)
    }

    /// Why something failed, as sentences for people that name the setting to change.
    fn problem(&self, failed: &Failed) -> String {
        let AirtableSettings { base, table, view, fields, .. } = &self.settings;
        let kind = kind(failed).unwrap_or_default();
        match (failed.status(), kind.as_str()) {
            (Some(401), _) => "Airtable does not accept the token: it is wrong, was deleted, or has expired. Make another one at \
                               airtable.com/create/tokens and set airtable.token."
                .to_owned(),
            (Some(403 | 404), _) => format!(
                "Airtable shows this token no table “{table}” in the base {base}. Check airtable.base and airtable.table, and that the token \
                 has the scope data.records:read and this base among those it may access."
            ),
            (Some(422), "VIEW_NAME_NOT_FOUND" | "VIEW_ID_NOT_FOUND") => format!(
                "The table has no view “{}”: it was renamed or deleted, or is somebody's personal view. Set airtable.view to one that is there.",
                view.as_deref().unwrap_or_default()
            ),
            (Some(422), NO_FIELD) => {
                let words = failed.words();
                let missing = fields.iter().find(|(_, name)| words.contains(&format!("\"{name}\"")));
                let (missing, setting) = missing.map_or_else(
                    || (format!("Airtable does not know a field: {words}."), "[airtable.fields]".to_owned()),
                    |(field, name)| (format!("The table has no field “{name}”: it was renamed or deleted."), setting(*field)),
                );
                format!("{missing} Change {setting}, or the field at Airtable; `muster check airtable` names likely ones.")
            }
            (Some(422), kind) if FORGOTTEN.contains(&kind) => format!(
                "Airtable forgot the list between two pages ({kind}), {BEGINNINGS} times in a row. It is begun anew with the next reading."
            ),
            (Some(429), _) => {
                "Airtable accepts no more requests for now (429): 5 in a second for a base, and as many in a month as your plan \
                               allows. Something else may use this base, or airtable.every_minutes is too short for the plan."
                    .to_owned()
            }
            _ => Refusal::from(failed.clone()).reason().to_owned(),
        }
    }
}

/// The setting that says what a field is called.
fn setting(field: SiteField) -> String {
    format!("airtable.fields.{}", field.as_str().to_lowercase())
}

/// What a name in the settings must be to be the id of a field: then all are.
pub fn is_field_id(name: &str) -> bool {
    name.strip_prefix(FIELD_ID).is_some_and(|rest| rest.len() == 14 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The path with these segments, whatever characters they have.
fn path(segments: &[&str]) -> String {
    let mut url = Url::parse("https://airtable.invalid/").expect("it is an address");
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.pop_if_empty().extend(segments);
    }
    url.path().to_owned()
}

/// What Airtable calls the failure. It says so as a text, or as an object.
fn kind(failed: &Failed) -> Option<String> {
    let Cause::Answered(answered) = &failed.cause else { return None };
    let body: Value = serde_json::from_slice(&answered.body).ok()?;
    let error = &body["error"];
    error.as_str().or_else(|| error["type"].as_str()).map(str::to_owned)
}

fn is_forgotten(failed: &Failed) -> bool {
    failed.status() == Some(422) && kind(failed).is_some_and(|kind| FORGOTTEN.contains(&kind.as_str()))
}

/// The fields in which there are ids of records instead of what they are called.
fn linked_in<'a>(records: &[Record], fields: &'a BTreeMap<SiteField, String>) -> BTreeSet<&'a str> {
    let has_links = |name: &&str| records.iter().any(|record| record.fields.get(*name).is_some_and(cell::has_links));
    fields.values().map(String::as_str).filter(has_links).collect()
}

/// What the records say of sites.
///
/// # Errors
/// If it is more than one reading may hold, for people.
fn reading_of(records: &[Record], fields: &BTreeMap<SiteField, String>, names: &BTreeMap<String, String>) -> Result<Reading, String> {
    let (mut reading, mut blank, mut bytes) = (Reading::default(), 0, 0);
    let is_blank = |record: &Record| fields.values().all(|name| cell::is_empty(record.fields.get(name)));
    for (place, record) in records.iter().enumerate() {
        if is_blank(record) {
            blank += 1;
            continue;
        }
        let site = fields.get(&SiteField::Name).and_then(|name| record.fields.get(name)).and_then(cell::name);
        let mut listed = Listed { line: place + 1, id: None, key: Some(record.id.clone()), values: BTreeMap::new() };
        for (field, name) in fields {
            match cell::read(*field, record.fields.get(name), name, names) {
                Ok(Some(text)) => {
                    bytes += text.len();
                    listed.values.insert(*field, text);
                }
                Ok(None) => {}
                Err(problem) => {
                    let site = site.clone().unwrap_or_else(|| record.id.clone());
                    reading.notes.push(Note { site: Some(site), field: Some(name.clone()), problem });
                }
            }
        }
        reading.listed.push(listed);
    }
    if bytes > limits::SITES_READ_BYTES {
        let most = limits::SITES_READ_BYTES / 1024 / 1024;
        return Err(format!(
            "The sites say more than {most} MiB altogether: leave long fields out of [airtable.fields], or use a smaller view."
        ));
    }
    if blank > 0 {
        let records = if blank == 1 { "1 record is empty and was".to_owned() } else { format!("{blank} records are empty and were") };
        reading.notes.push(Note { site: None, field: None, problem: format!("{records} left out.") });
    }
    Ok(reading)
}

/// Has the sites read soon: this worker may have been started because the settings changed.
pub(crate) async fn begin(ctx: &Ctx) {
    if let Err(error) = reading::read_soon(ctx).await {
        tracing::warn!(error = error.for_the_log(), "could not have the catalogue read at the start; it is read when it is due");
    }
}

/// Reads the sites if it is time, and hands over what is there.
///
/// # Errors
/// The database's. That they can't be read is kept for people, and tried again later.
pub(crate) async fn follow(ctx: &Ctx, airtable: &Airtable) -> Result<(), domain::Error> {
    if !reading::is_due(ctx).await? {
        return Ok(());
    }
    reading::begin(ctx).await?;
    match airtable.read().await {
        Ok(reading) => Box::pin(reading::take(ctx, reading)).await.map(drop),
        Err(problem) => {
            tracing::warn!(%problem, "the catalogue can't be read from Airtable; the sites stay as they are, and it is tried again");
            reading::failed(ctx, &problem).await
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(named: &[(SiteField, &str)]) -> BTreeMap<SiteField, String> {
        named.iter().map(|(field, name)| (*field, (*name).to_owned())).collect()
    }

    fn record(id: &str, fields: &Value) -> Record {
        serde_json::from_value(json!({ "id": id, "createdTime": "2026-11-22T03:00:00.000Z", "fields": fields })).unwrap()
    }

    #[test]
    fn names_of_tables_may_have_any_characters() {
        assert_eq!(path(&["v0", "appAbc", "Sites / EU? 100%"]), "/v0/appAbc/Sites%20%2F%20EU%3F%20100%25");
        assert_eq!(path(&["v0", "appAbc", "Größe"]), "/v0/appAbc/Gr%C3%B6%C3%9Fe");
    }

    #[test]
    fn ids_of_fields_are_told_from_names() {
        assert!(is_field_id("fldAbCdEfGhIjKlMn"));
        for name in ["fld", "fldAbCdEfGhIjKlM", "fldAbCdEfGhIjKlMno", "fld AbCdEfGhIjKlM", "Name"] {
            assert!(!is_field_id(name), "{name}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_noted_and_keeps_nothing_else_back() {
        let fields = fields(&[(SiteField::Name, "Site"), (SiteField::Url, "URL"), (SiteField::Hosting, "Runs at")]);
        let records = [
            record("rec00000000000001", &json!({ "Site": "Shop", "URL": "shop", "Runs at": ["AWS", "Fly"] })),
            record("rec00000000000002", &json!({ "Other": "x" })),
            record("rec00000000000003", &json!({ "URL": { "error": "#ERROR!" } })),
        ];
        let reading = reading_of(&records, &fields, &BTreeMap::new()).unwrap();
        assert_eq!(reading.listed.len(), 2);
        assert_eq!((reading.listed[0].line, reading.listed[0].key.as_deref()), (1, Some("rec00000000000001")));
        assert_eq!(reading.listed[0].values[&SiteField::Hosting], "AWS, Fly");
        assert!(!reading.listed[0].values.contains_key(&SiteField::Url), "what can't be read is not said");
        assert!(!reading.listed[1].values.contains_key(&SiteField::Name));
        assert_eq!(reading.listed[1].values[&SiteField::Hosting], "", "what is not there is empty");
        let notes: Vec<_> = reading.notes.iter().map(|note| (note.site.as_deref(), note.field.as_deref())).collect();
        assert_eq!(notes, [(Some("Shop"), Some("URL")), (Some("rec00000000000003"), Some("URL")), (None, None)]);
    }

    #[test]
    fn only_lists_of_ids_are_links() {
        let fields = fields(&[(SiteField::Name, "Site"), (SiteField::Client, "Client")]);
        let records = [record("rec00000000000001", &json!({ "Site": "recAbCdEfGhIjKlMn", "Client": ["recAbCdEfGhIjKlMn"] }))];
        assert_eq!(linked_in(&records, &fields), BTreeSet::from(["Client"]));
    }
}
