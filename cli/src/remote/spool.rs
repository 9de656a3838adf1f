//! What is to be written onto timelines, and alerts, kept until the server has it.
//!
//! An entry is a file that is there whole or not at all, under a name that sorts by time. It is removed once the server has answered, so a
//! command that is killed in between leaves it, and it is sent again under the same key, which writes nothing twice. Entries are sent in their
//! order, by one process at a time. What the server will never take is set aside, not thrown away.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use entity::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::find::{Found, Live, choices};
use super::places;
use super::server::{Failure, Server};

/// The kind of an entry that is an alert: what its details are goes to [`HOOK`].
pub const ALERT: &str = "ALERT";
/// Where alerts in Muster's own form go.
const HOOK: &str = "/hooks/alerts";

/// One event to write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Names it for ever.
    pub key: String,
    /// The address of the server that it is for.
    pub server: String,
    /// Whose it is: [`Server::token_mark`]. Nobody else's name must stand under it.
    pub token: String,
    /// The reference of the incident; found when it is sent, if nobody said.
    pub incident: Option<String>,
    /// Its kind.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What programs read.
    pub details: Option<Value>,
}

/// What became of what was kept.
#[derive(Default)]
pub struct Outcome {
    /// The keys of those that were written.
    pub sent: Vec<String>,
    /// What the server says of the alert that was written just now; null of anything else.
    pub answer: Value,
    /// Those that the server will never take, by key, with the reason.
    pub refused: Vec<(String, String)>,
    /// Those of which nobody can say where they belong, by key, with what there is to choose from.
    pub unclear: Vec<(String, String)>,
    /// Why the rest waits.
    pub away: Option<String>,
    /// How many wait.
    pub waiting: usize,
    /// How many are for another server or of another token.
    pub others: usize,
}

impl Outcome {
    /// Whether somebody must do something about this entry.
    pub fn is_unsettled(&self, key: &str) -> bool {
        self.refused.iter().chain(&self.unclear).any(|(known, _)| known == key)
    }
}

/// The folder with what waits.
pub struct Spool(PathBuf);

impl Spool {
    /// The caller's own.
    ///
    /// # Errors
    /// When there can be none.
    pub fn open() -> anyhow::Result<Self> {
        Self::at(places::spool()?)
    }

    fn at(folder: PathBuf) -> anyhow::Result<Self> {
        let spool = Self(folder);
        places::private(&spool.refused())?;
        Ok(spool)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Where what the server will never take is set aside.
    pub fn refused(&self) -> PathBuf {
        self.0.join("refused")
    }

    /// Keeps an entry. When this returns, it is on disk.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&self, entry: &Entry) -> anyhow::Result<()> {
        let cant = || format!("nothing can be kept in {}", self.0.display());
        // Only for the caller's eyes, as temporary files are made, and under its name once it is whole.
        let mut part = tempfile::NamedTempFile::new_in(&self.0).with_context(cant)?;
        part.write_all(&serde_json::to_vec(entry)?).with_context(cant)?;
        part.as_file().sync_all().with_context(cant)?;
        let name = format!("{:020}-{}.json", entry.occurred_at.timestamp_micros().max(0), entry.key);
        part.persist(self.0.join(name)).map_err(|error| error.error).with_context(cant)?;
        File::open(&self.0).and_then(|folder| folder.sync_all()).with_context(cant)
    }

    /// Sends what is kept for `server`, oldest first, as far as it gets. `otherwise` is the incident of entries that name none, where it is
    /// unclear which was meant; `just` is the key of the one that was written just now.
    ///
    /// # Errors
    /// When the folder can't be read or written.
    pub async fn send(&self, server: &Server, otherwise: Option<&str>, just: Option<&str>) -> anyhow::Result<Outcome> {
        let lock = File::create(self.0.join("lock")).context("what is kept can't be locked")?;
        lock.lock().context("what is kept can't be locked")?;
        let (entries, others) = self.entries(&server.address(), &server.token_mark())?;
        let mut outcome = Outcome { others, ..Outcome::default() };
        let mut targets = Targets::new(server, otherwise);
        for (path, entry) in entries {
            if outcome.away.is_some() {
                outcome.waiting += 1;
                continue;
            }
            let waited_since = (just != Some(&*entry.key)).then_some(entry.occurred_at);
            match targets.write(&entry, waited_since).await {
                Ok(Written::Yes(answer)) => {
                    fs::remove_file(&path).with_context(|| format!("{} was sent and can't be removed", path.display()))?;
                    if waited_since.is_none() {
                        outcome.answer = answer;
                    }
                    outcome.sent.push(entry.key);
                }
                Ok(Written::Where(reason)) => outcome.unclear.push((entry.key, reason)),
                Err(failure) if failure.may_pass() => {
                    outcome.away = Some(failure.to_string());
                    outcome.waiting += 1;
                }
                Err(failure) => {
                    let aside = self.refused().join(path.file_name().unwrap_or_default());
                    fs::rename(&path, aside).with_context(|| format!("{} can't be set aside", path.display()))?;
                    outcome.refused.push((entry.key, failure.to_string()));
                }
            }
        }
        Ok(outcome)
    }

    /// What is kept for the server at this address and this token, oldest first, and how much is for others.
    fn entries(&self, address: &str, token: &str) -> anyhow::Result<(Vec<(PathBuf, Entry)>, usize)> {
        let cant = || format!("what is kept in {} can't be read", self.0.display());
        let mut paths = Vec::new();
        for file in fs::read_dir(&self.0).with_context(cant)? {
            paths.push(file.with_context(cant)?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let entries = paths.into_iter().filter_map(|path| read(&path).map(|entry| (path, entry)));
        let (ours, others): (Vec<_>, Vec<_>) = entries.partition(|(_, entry)| entry.server == address && entry.token == token);
        Ok((ours, others.len()))
    }
}

/// Writes an entry that can't be kept. Returns what the server says of an alert.
///
/// # Errors
/// [`Failure`], and where it belongs if that is unclear.
pub async fn write_at_once(server: &Server, entry: &Entry) -> anyhow::Result<Value> {
    match Targets::new(server, None).write(entry, None).await? {
        Written::Yes(answer) => Ok(answer),
        Written::Where(reason) => bail!(reason),
    }
}

/// An entry, unless another process has just sent it or it is none of ours.
fn read(path: &Path) -> Option<Entry> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// What became of one entry.
enum Written {
    /// The server has it, with what it says of an alert; null of anything else.
    Yes(Value),
    /// It is not clear where it belongs.
    Where(String),
}

/// The incidents that entries are for.
struct Targets<'a> {
    server: &'a Server,
    /// The one that is named now.
    otherwise: Option<&'a str>,
    /// Ids by reference.
    known: HashMap<String, String>,
    live: Option<Live>,
}

impl<'a> Targets<'a> {
    fn new(server: &'a Server, otherwise: Option<&'a str>) -> Self {
        Self { server, otherwise, known: HashMap::new(), live: None }
    }

    async fn write(&mut self, entry: &Entry, waited_since: Option<Timestamp>) -> Result<Written, Failure> {
        if entry.kind == ALERT {
            let body = entry.details.clone().unwrap_or_default().to_string().into_bytes();
            return Ok(Written::Yes(self.server.post(HOOK, "application/json", body).await?));
        }
        let id = match self.meant(entry, waited_since).await? {
            Found::One(id) => id,
            Found::Unclear(names) => {
                let reason = choices(&names).unwrap_or_else(|| "No incident is live that it can be about.".to_owned());
                return Ok(Written::Where(reason));
            }
        };
        let document = "mutation($input: AddTimelineEventInput!) { addTimelineEvent(input: $input) { event { id } } }";
        let input = json!({
            "incidentId": id,
            "kind": entry.kind,
            "text": entry.text,
            "occurredAt": entry.occurred_at,
            "details": entry.details,
            "idempotencyKey": entry.key,
        });
        self.server.ask(document, json!({ "input": input })).await?;
        Ok(Written::Yes(Value::Null))
    }

    /// The incident that the entry names, or else the one that was meant.
    async fn meant(&mut self, entry: &Entry, waited_since: Option<Timestamp>) -> Result<Found, Failure> {
        if let Some(reference) = &entry.incident {
            return Ok(Found::One(self.named(reference).await?));
        }
        let live = match self.live.take() {
            Some(live) => live,
            None => Live::load(self.server).await?,
        };
        let found = self.live.insert(live).meant(waited_since);
        let (Found::Unclear(_), Some(reference)) = (&found, self.otherwise) else { return Ok(found) };
        match self.named(reference).await {
            Ok(id) => Ok(Found::One(id)),
            Err(failure) if failure.may_pass() => Err(failure),
            // A slip of the pen now must not set aside what was written then.
            Err(_) => Ok(found),
        }
    }

    async fn named(&mut self, reference: &str) -> Result<String, Failure> {
        if let Some(id) = self.known.get(reference) {
            return Ok(id.clone());
        }
        let id = self.server.incident(reference).await?;
        self.known.insert(reference.to_owned(), id.clone());
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use domain::clock::{Clock, SystemClock};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn entry(key: &str, server: &str) -> Entry {
        Entry {
            key: key.to_owned(),
            server: server.to_owned(),
            token: "sam".to_owned(),
            incident: None,
            kind: "NOTE".to_owned(),
            text: "it is down".to_owned(),
            occurred_at: SystemClock.now(),
            details: None,
        }
    }

    #[test]
    fn what_is_kept_is_private_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::at(folder.path().join("spool")).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&spool.0), 0o700);
        for key in ["b", "a"] {
            spool.keep(&entry(key, "https://one.example")).unwrap();
        }
        spool.keep(&entry("c", "https://two.example")).unwrap();
        spool.keep(&Entry { token: "kim".to_owned(), ..entry("d", "https://one.example") }).unwrap();
        // What a killed process left behind, and what is none of ours.
        fs::write(spool.0.join(".tmpx"), "{").unwrap();
        fs::write(spool.0.join("0.json"), "{").unwrap();
        let (kept, others) = spool.entries("https://one.example", "sam").unwrap();
        assert_eq!(others, 2);
        assert_eq!(kept.iter().map(|(_, entry)| entry.key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert!(kept.iter().all(|(path, _)| mode(path) == 0o600));
    }
}
