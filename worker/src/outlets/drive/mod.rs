//! The incidents' folder on Google Drive (S6).
//!
//! An order says what the folder of an incident should hold. Names prove nothing at Drive, where several things may have one name and people
//! rename them, so what Muster makes carries properties that only its account sees: the incident, and which of its files it is. What is there
//! is found by them, wherever people have moved it, and only what differs is written.
//!
//! A new item gets an id that Google has given out before. Making it twice is refused then, so an answer that got lost does no harm even while
//! Drive's search does not know the item yet. What people throw into the bin stays there.

mod check;
mod token;
mod upload;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use document::Press;
use domain::ports::{DriveOrder, Effect, Finding, Folder, Order, Outlet, Part, Receipt, Refusal};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::{Instant, timeout};
use upload::{Body, Target, Uploaded};
use url::Url;
use wire::{FIELDS, FOLDER, Ids, Item, MARKER, PART, Page, chosen, is_too_fast, reason};

pub use self::token::Credentials;
use self::token::Tokens;
use super::client::{self, Api, Call, CallLimits, Cause, Failed, Heard, Pace, Vendor};

/// Where the API is.
pub const GOOGLE: &str = "https://www.googleapis.com";
const FILES: &str = "/drive/v3/files";
/// How long one order may take, all calls together. Well within the time the domain allows an attempt.
const ORDER: Duration = Duration::from_secs(42);
/// After this, nothing more is begun: what is there stays there, and the next attempt goes on.
const BEGIN: Duration = Duration::from_secs(20);
/// The pause of an order that only goes on.
const SOON: Duration = Duration::from_secs(1);
/// The pause after a refusal that asks us to be slower and does not say how long.
const SLOWER: Duration = Duration::from_secs(10);
/// Google's own limit is 12,000 for all programs of a project.
const REQUESTS: usize = 600;
const WINDOW: Duration = Duration::from_mins(1);
/// How many ids of new items are remembered.
const REMEMBERED: usize = 10_000;

/// How Drive is reached.
#[derive(Clone)]
pub struct DriveSettings {
    /// The id of the incidents' folder.
    pub folder: String,
    /// The service account that Muster is.
    pub credentials: Credentials,
    /// The person for whom it acts, if it does.
    pub subject: Option<String>,
    /// The address of the API.
    pub base_url: String,
}

/// The outlet for one folder.
pub struct DriveOutlet {
    api: Api,
    tokens: Tokens,
    press: Arc<Press>,
    folder: String,
    acts_for_somebody: bool,
    /// The ids of items that were to be made, by incident and part. Forgetting them does no harm once the search knows the items.
    ids: Mutex<HashMap<(String, String), String>>,
    /// Where the rest of large files goes, by item and hash.
    sessions: Mutex<HashMap<(String, String), Url>>,
}

impl DriveOutlet {
    /// An outlet with these settings. It connects with the first order.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &DriveSettings, press: Arc<Press>) -> Result<Self, String> {
        Self::with_limits(settings, press, CallLimits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(settings: &DriveSettings, press: Arc<Press>, limits: CallLimits) -> Result<Self, String> {
        let DriveSettings { folder, credentials, subject, base_url } = settings.clone();
        let vendor = Vendor { name: "Google Drive", credentials: "drive.credentials", secrets: Vec::new() };
        let acts_for_somebody = subject.is_some();
        let tokens = Tokens::new(vendor.clone(), credentials, subject, limits).map_err(|problem| format!("drive.credentials {problem}"))?;
        let api = client::base_url(&base_url)
            .and_then(|base| Api::new(vendor, base, None, Pace::new(REQUESTS, WINDOW), limits))
            .map_err(|problem| format!("drive.base_url {problem}"))?;
        Ok(Self { api, tokens, press, folder, acts_for_somebody, ids: Mutex::default(), sessions: Mutex::default() })
    }

    async fn bring(&self, order: &Folder) -> Result<Receipt, Refusal> {
        let until = Instant::now() + BEGIN;
        let home = self.home().await?;
        let there = self.marked(&order.marker).await?;
        let folder = self.folder_of(order, &home, &there).await?;
        for (done, part) in order.parts.iter().enumerate() {
            if Instant::now() >= until {
                let reason = format!("Google Drive has {done} of {} files so far; the rest follows.", order.parts.len());
                return Err(Refusal::Later { reason, after: Some(SOON) });
            }
            let found = chosen(there.iter().filter(|item| item.part() == Some(part.key.as_str())));
            self.put(order, &folder, part, found, until).await?;
        }
        Ok(Receipt { external_id: Some(folder.id), external_url: folder.web_view_link, seen: None })
    }

    /// The incidents' folder.
    async fn home(&self) -> Result<Item, Refusal> {
        let (who, id) = (self.tokens.who(), &self.folder);
        let home: Item = match self.ask(|| self.getting(id)).await {
            Ok(home) => home,
            Err(failed) if failed.status() == Some(404) => {
                return Err(Refusal::Locked(format!(
                    "Google Drive has no folder {id} that {who} may see: check drive.folder, and make {who} a member of its shared drive."
                )));
            }
            Err(failed) if failed.status() == Some(403) => {
                let words = failed.words();
                return Err(Refusal::Locked(format!("Google Drive does not let {who} see the incidents' folder, saying “{words}”.")));
            }
            Err(failed) => return Err(refusal(failed)),
        };
        home.problem(who, self.acts_for_somebody).map_or(Ok(home), |problem| Err(Refusal::Locked(problem)))
    }

    /// Everything of this incident, in the bin or not.
    async fn marked(&self, marker: &str) -> Result<Vec<Item>, Refusal> {
        let which = format!("appProperties has {{ key='{MARKER}' and value='{marker}' }}");
        let fields = format!("nextPageToken,incompleteSearch,files({FIELDS})");
        let (mut found, mut page) = (Vec::new(), None::<String>);
        loop {
            let some: Page = self
                .ask(|| {
                    let call = self.api.get(FILES).query(&[("q", &*which), ("fields", &*fields), ("pageSize", "1000")]);
                    // Moved to another shared drive, it is still there.
                    let call =
                        call.query(&[("corpora", "allDrives"), ("includeItemsFromAllDrives", "true"), ("supportsAllDrives", "true")]);
                    let call = call.list();
                    match &page {
                        Some(page) => call.query(&[("pageToken", page.as_str())]),
                        None => call,
                    }
                })
                .await
                .map_err(refusal)?;
            if some.incomplete_search {
                let reason = "Google Drive could not look into all shared drives.".to_owned();
                return Err(Refusal::Later { reason, after: None });
            }
            found.extend(some.files);
            page = some.next_page_token;
            if page.is_none() {
                return Ok(found);
            }
        }
    }

    /// The incident's folder, made if there is none.
    async fn folder_of(&self, order: &Folder, home: &Item, there: &[Item]) -> Result<Item, Refusal> {
        let folders = || there.iter().filter(|item| item.part().is_none());
        let mut found = chosen(folders()).cloned();
        let others: Vec<&str> = folders().filter(|item| !item.trashed).map(|item| item.id.as_str()).collect();
        if others.len() > 1 {
            tracing::warn!(marker = order.marker, folders = ?others, "an incident has several folders at Google Drive; the oldest is used");
        }
        if let (None, Some(id)) = (&found, &order.folder) {
            found = self.item(id).await?;
        }
        let found = match found {
            Some(found) => found,
            None => self.make_folder(order, home).await?,
        };
        if found.trashed {
            let why =
                "The folder was moved to the bin in Google Drive: restore it there, or delete it for good, and file the incident again.";
            return Err(Refusal::Never(why.to_owned()));
        }
        Ok(found)
    }

    async fn make_folder(&self, order: &Folder, home: &Item) -> Result<Item, Refusal> {
        let id = self.id_for(&order.marker, "").await?;
        let body = json!({
            "id": id, "name": order.name, "mimeType": FOLDER, "parents": [home.id], "appProperties": { MARKER: order.marker },
        });
        match self.ask(|| self.api.post(FILES).query(&[("supportsAllDrives", "true"), ("fields", FIELDS)]).json(&body)).await {
            Err(failed) if failed.status() == Some(409) => self.was_there(&order.marker, &id).await,
            made => made.map_err(refusal),
        }
    }

    /// Brings a file up to date, of which `found` is there.
    async fn put(&self, order: &Folder, folder: &Item, part: &Part, found: Option<&Item>, until: Instant) -> Result<(), Refusal> {
        let body = Body::of(&self.press, part).await;
        if let Some(found) = found {
            return self.update(found, &body, until).await;
        }
        let id = self.id_for(&order.marker, &part.key).await?;
        let metadata = json!({
            "id": id, "name": body.name, "mimeType": body.media_type, "parents": [folder.id],
            "appProperties": { MARKER: order.marker, PART: part.key },
        });
        let target = Target { id, is_new: true, metadata };
        match self.upload(&target, &body, until).await? {
            Uploaded::Done => Ok(()),
            Uploaded::WasThere => self.update(&self.was_there(&order.marker, &target.id).await?, &body, until).await,
        }
    }

    async fn update(&self, found: &Item, body: &Body, until: Instant) -> Result<(), Refusal> {
        if found.trashed || found.sha256_checksum.as_ref() == Some(&body.sha256) {
            return Ok(());
        }
        // The name is people's, unless it would lie about the form.
        let metadata =
            if found.mime_type == body.media_type { json!({}) } else { json!({ "name": body.name, "mimeType": body.media_type }) };
        self.upload(&Target { id: found.id.clone(), is_new: false, metadata }, body, until).await.map(|_| ())
    }

    /// The item of this id, unless it was deleted for good.
    async fn item(&self, id: &str) -> Result<Option<Item>, Refusal> {
        match self.ask(|| self.getting(id)).await {
            Err(failed) if failed.status() == Some(404) => Ok(None),
            found => found.map(Some).map_err(refusal),
        }
    }

    fn getting(&self, id: &str) -> Call<'_> {
        self.api.get(&format!("{FILES}/{id}")).query(&[("supportsAllDrives", "true"), ("fields", FIELDS)])
    }

    /// The id that a new item gets, the same however often it is tried.
    async fn id_for(&self, marker: &str, part: &str) -> Result<String, Refusal> {
        let key = (marker.to_owned(), part.to_owned());
        let known = self.ids().get(&key).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let query = [("count", "1"), ("space", "drive"), ("type", "files")];
        let Ids { ids } = self.ask(|| self.api.get(&format!("{FILES}/generateIds")).query(&query)).await.map_err(refusal)?;
        let id = ids.into_iter().next().ok_or_else(gone)?;
        let mut known = self.ids();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, id.clone());
        Ok(id)
    }

    /// What has the id that was meant for a new item: an earlier attempt made it. Where it was deleted for good since, so was the rest.
    async fn was_there(&self, marker: &str, id: &str) -> Result<Item, Refusal> {
        let found = self.item(id).await?;
        if found.is_none() {
            self.ids().retain(|(known, _), _| known != marker);
        }
        found.ok_or_else(gone)
    }

    fn ids(&self) -> MutexGuard<'_, HashMap<(String, String), String>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<(String, String), Url>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask<'a, T: DeserializeOwned>(&'a self, call: impl Fn() -> Call<'a> + Send + Sync) -> Result<T, Failed> {
        self.heard(call).await?.json(&self.api)
    }

    /// Makes a call, once more with a new token if this one is not taken any longer.
    async fn heard<'a>(&'a self, call: impl Fn() -> Call<'a> + Send + Sync) -> Result<Heard, Failed> {
        let token = self.tokens.get().await?;
        let mut heard = call().bearer(&token).heard().await;
        if heard.as_ref().is_err_and(|failed| failed.status() == Some(401)) {
            self.tokens.forget(&token).await;
            let token = self.tokens.get().await?;
            heard = call().bearer(&token).heard().await;
        }
        heard.map_err(as_too_many)
    }
}

/// What asks us to be slower is a 429.
fn as_too_many(mut failed: Failed) -> Failed {
    if is_too_fast(&failed)
        && let Cause::Answered(answered) = &mut failed.cause
    {
        answered.status = 429;
        answered.retry_after = answered.retry_after.or(Some(SLOWER));
    }
    failed
}

/// What a failure means where nothing is known better.
fn refusal(failed: Failed) -> Refusal {
    match (failed.status(), reason(&failed).as_deref()) {
        (Some(403), Some("storageQuotaExceeded")) => Refusal::Never(
            "Google Drive has no room left for it. Service accounts have no storage of their own: drive.folder must be in a shared drive, \
             or in the drive of somebody with room who is named in drive.subject."
                .to_owned(),
        ),
        (Some(404), _) => gone(),
        _ => failed.into(),
    }
}

/// What was there a moment ago is not any longer.
fn gone() -> Refusal {
    Refusal::Later { reason: "Something was deleted in Google Drive at this moment: Muster looks again.".to_owned(), after: None }
}

#[async_trait]
impl Outlet for DriveOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        let work = async {
            match &order.effect {
                Effect::Drive(DriveOrder::Folder(folder)) => self.bring(folder).await,
                _ => Err(Refusal::Never("Google Drive knows nothing but folders of incidents.".to_owned())),
            }
        };
        let late = || Err(Refusal::Unclear(format!("Google Drive took longer than {} seconds in total.", ORDER.as_secs())));
        timeout(ORDER, work).await.unwrap_or_else(|_| late())
    }

    async fn check(&self) -> Vec<Finding> {
        self.findings().await
    }
}
