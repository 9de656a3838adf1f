//! Reads an export of a workspace: a ZIP with a folder for each channel and in it a file for each day. Nothing in it is believed: not its
//! names, not its lengths. Nothing is unpacked.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};

use chrono::{DateTime, Utc};
use domain::limits;
use domain::ports::SeenChatMessage;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zip::ZipArchive;

use super::seen::{WireMessage, WireUser};

/// Bytes of one file: a day of a channel, or all members of a workspace.
const PART_BYTES: u64 = 64 * 1024 * 1024;
/// Lists of channels, public and private.
const LISTS: [&str; 2] = ["channels.json", "groups.json"];

#[derive(Deserialize)]
struct Listed {
    id: String,
    name: String,
}

/// What is wanted of an export.
pub struct Wanted<'a> {
    /// The channel's name, without `#`.
    pub channel: &'a str,
    /// From then on.
    pub from: Option<DateTime<Utc>>,
    /// Until then.
    pub until: Option<DateTime<Utc>>,
}

/// The messages of a channel in an export, oldest first. Blocks.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(file: File, wanted: &Wanted<'_>) -> Result<Vec<SeenChatMessage>, String> {
    let zip = ZipArchive::new(BufReader::new(file));
    let mut export = Export(zip.map_err(|_| "This is no export of Slack, or it was cut off: it is not a whole ZIP file.".to_owned())?);
    let channel = export.channel(wanted.channel)?;
    let names = export.names()?;
    let mut messages = Vec::new();
    for day in export.days(wanted.channel) {
        let rows: Vec<Value> = export.part(&day)?.unwrap_or_default();
        // What Slack adds to its exports is not ours to judge: a row that is no message is passed over.
        let rows = rows.into_iter().filter_map(|row| serde_json::from_value::<WireMessage>(row).ok());
        let said = rows.filter(WireMessage::is_said).filter_map(|message| message.seen(&channel, false));
        messages.extend(said.filter(|message| wanted.has(message)).map(|message| named(message, &names)));
        if messages.len() > limits::CHAT_IMPORT_MESSAGES {
            return Err(format!("There are more than {} messages: take a shorter time.", limits::CHAT_IMPORT_MESSAGES));
        }
    }
    messages.sort_by(|one, other| one.at.ts.cmp(&other.at.ts));
    Ok(messages)
}

impl Wanted<'_> {
    fn has(&self, message: &SeenChatMessage) -> bool {
        self.from.is_none_or(|from| message.when >= from) && self.until.is_none_or(|until| message.when <= until)
    }
}

/// With the names of its author and of those whom it mentions.
fn named(mut message: SeenChatMessage, names: &HashMap<String, String>) -> SeenChatMessage {
    let name = |account: &str| names.get(account).cloned();
    message.name = message.account.as_deref().and_then(name).or(message.name);
    for account in std::mem::take(&mut message.unnamed) {
        if let Some(name) = name(&account) {
            message.call(&account, &name);
        }
    }
    message
}

struct Export(ZipArchive<BufReader<File>>);

impl Export {
    /// The id of the channel of this name.
    fn channel(&mut self, name: &str) -> Result<String, String> {
        let mut names = Vec::new();
        for list in LISTS {
            for listed in self.part::<Vec<Listed>>(list)?.unwrap_or_default() {
                if listed.name == name {
                    return Ok(listed.id);
                }
                names.push(listed.name);
            }
        }
        names.sort();
        names.truncate(20);
        Err(format!("The export has no channel #{name}. It has, among others: {}.", names.join(", ")))
    }

    /// What people are called, by their accounts.
    fn names(&mut self) -> Result<HashMap<String, String>, String> {
        let users = self.part::<Vec<WireUser>>("users.json")?.unwrap_or_default();
        Ok(users.into_iter().map(|user| user.seen("")).map(|seen| (seen.account, seen.name)).collect())
    }

    /// The files of a channel, in the order of their days.
    fn days(&self, channel: &str) -> Vec<String> {
        let is_day = |path: &String| {
            let day = path.split_once('/').filter(|(folder, _)| *folder == channel).and_then(|(_, file)| file.strip_suffix(".json"));
            day.is_some_and(|day| !day.contains('/'))
        };
        // What can't be read as a name is no day of a channel.
        let mut days: Vec<String> = self.0.file_names().flatten().map(Cow::into_owned).filter(is_day).collect();
        days.sort();
        days
    }

    /// A file of it; `None` if it has none of this name.
    fn part<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Ok(file) = self.0.by_name(name) else { return Ok(None) };
        let damaged = |_| format!("{name} of the export is damaged.");
        let mut bytes = Vec::new();
        file.take(PART_BYTES + 1).read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 > PART_BYTES {
            return Err(format!("{name} of the export is larger than {} MiB.", PART_BYTES >> 20));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|_| format!("{name} of the export can't be read."))
    }
}
