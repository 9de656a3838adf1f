//! Messages and people as Slack tells of them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use domain::ports::{Posted, SeenChatFile, SeenChatMessage, SeenChatter};
use domain::validate;
use serde::Deserialize;

use super::words::{People, plain};

/// Files that are somewhere else: Slack has no bytes of them.
const ELSEWHERE: [&str; 2] = ["external", "tombstone"];

/// A message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireMessage {
    pub subtype: Option<String>,
    pub ts: String,
    pub user: Option<String>,
    pub username: Option<String>,
    pub bot_id: Option<String>,
    pub app_id: Option<String>,
    pub text: Option<String>,
    pub permalink: Option<String>,
    attachments: Vec<WireAttachment>,
    pub files: Vec<WireFile>,
    pub reply_count: u32,
    pub metadata: Option<Metadata>,
    pub user_profile: Option<Profile>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub event_type: String,
    #[serde(default)]
    pub event_payload: Payload,
}

/// What our own messages say of themselves.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Payload {
    pub key: Option<String>,
}

/// Where many programs that post say all that they say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireAttachment {
    title: Option<String>,
    text: Option<String>,
    fallback: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireFile {
    #[serde(default)]
    id: String,
    name: Option<String>,
    title: Option<String>,
    size: Option<u64>,
    mode: Option<String>,
    url_private: Option<String>,
    url_private_download: Option<String>,
}

/// What somebody says of themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    display_name: Option<String>,
    real_name: Option<String>,
    email: Option<String>,
}

/// A person.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "so Slack tells it")]
pub(super) struct WireUser {
    id: String,
    #[serde(default)]
    team_id: String,
    name: Option<String>,
    real_name: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    is_ultra_restricted: bool,
    #[serde(default)]
    is_stranger: bool,
    enterprise_user: Option<Employee>,
    is_email_confirmed: Option<bool>,
    #[serde(default)]
    profile: Profile,
}

/// What an organisation with several workspaces says of a person.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Employee {
    enterprise_id: String,
    teams: Vec<String>,
}

impl WireMessage {
    /// Whether people wrote it, rather than Slack about a channel.
    pub fn is_said(&self) -> bool {
        matches!(self.subtype.as_deref(), None | Some("file_share" | "thread_broadcast" | "me_message" | "bot_message"))
    }

    /// Whether it carries this key of ours.
    pub fn has_key(&self, kind: &str, key: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| metadata.event_type == kind && metadata.event_payload.key.as_deref() == Some(key))
    }

    /// What it says, as Slack writes it.
    fn words(&self) -> Cow<'_, str> {
        match self.text.as_deref() {
            Some(text) if !text.trim().is_empty() => text.into(),
            _ => self.attachments.iter().map(WireAttachment::words).collect::<Vec<_>>().join("\n\n").into(),
        }
    }

    /// In the domain's form. `is_ours` says whether Muster wrote it.
    pub fn seen(self, channel: &str, is_ours: bool) -> Option<SeenChatMessage> {
        let when = time(&self.ts)?;
        let read = plain(&self.words(), People::Named);
        let is_program = self.bot_id.is_some();
        let name = self.user_profile.and_then(Profile::name).or(self.username);
        Some(SeenChatMessage {
            at: Posted { channel: channel.to_owned(), ts: self.ts },
            when,
            account: self.user.filter(|_| !is_program),
            name,
            text: read.text,
            unnamed: read.unnamed,
            url: self.permalink,
            files: self.files.into_iter().map(WireFile::seen).collect(),
            is_ours,
        })
    }
}

impl WireAttachment {
    fn words(&self) -> String {
        let parts: Vec<&str> =
            [&self.title, &self.text].into_iter().flatten().map(String::as_str).filter(|text| !text.is_empty()).collect();
        if parts.is_empty() { self.fallback.clone().unwrap_or_default() } else { parts.join("\n") }
    }
}

impl WireFile {
    fn seen(self) -> SeenChatFile {
        let is_elsewhere = self.mode.as_deref().is_some_and(|mode| ELSEWHERE.contains(&mode));
        let url = self.url_private_download.or(self.url_private).filter(|_| !is_elsewhere);
        let name = self.name.or(self.title).filter(|name| !name.is_empty()).unwrap_or_else(|| self.id.clone());
        SeenChatFile { id: self.id, name: name.replace('\0', ""), bytes: self.size, url }
    }
}

impl Profile {
    fn name(self) -> Option<String> {
        self.display_name.filter(|name| !name.is_empty()).or(self.real_name).filter(|name| !name.is_empty())
    }
}

impl WireUser {
    /// In the domain's form, as somebody of our workspace or not.
    pub fn seen(self, team: &str) -> SeenChatter {
        let email = self.profile.email.clone().filter(|_| self.is_email_confirmed != Some(false));
        let name = self.profile.name().or(self.real_name).or(self.name);
        let Employee { enterprise_id, teams } = self.enterprise_user.unwrap_or_default();
        let workspaces = [self.team_id, enterprise_id].into_iter().chain(teams).filter(|id| !id.is_empty()).collect::<Vec<_>>();
        // Of an organisation's people, the workspace that is theirs first may be another one than ours.
        let is_here = workspaces.is_empty() || workspaces.iter().any(|id| id == team);
        SeenChatter {
            name: name.unwrap_or_else(|| self.id.clone()),
            account: self.id,
            email,
            workspaces,
            is_outsider: self.is_restricted || self.is_ultra_restricted || self.is_stranger || !is_here,
            is_bot: self.is_bot,
            is_gone: self.deleted,
        }
    }
}

/// When a message was posted: its `ts` is seconds and microseconds.
pub(super) fn time(ts: &str) -> Option<DateTime<Utc>> {
    let (seconds, micros) = ts.split_once('.')?;
    let micros = seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros.parse().ok()?)?;
    DateTime::from_timestamp_micros(micros).map(validate::storable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_message_is_its_name() {
        assert_eq!(time("1583636399.000700").map(|at| at.timestamp_micros()), Some(1_583_636_399_000_700));
        for wrong in ["", "1", "x.y", "99999999999999999999.1"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_programs_say_in_attachments_is_read() {
        let said = |text: &str| serde_json::from_str::<WireMessage>(text).unwrap().seen("C1", false).unwrap().text;
        let alert = r#"{"ts":"1.000001","bot_id":"B1","text":"","attachments":[{"title":"Disk full","text":"on <https://a.org|db1>","fallback":"x"},{"fallback":"y"}]}"#;
        assert_eq!(said(alert), "Disk full\non db1 (https://a.org)\n\ny");
        // Of what people write, these are previews.
        assert_eq!(said(r#"{"ts":"1.000001","user":"U1","text":"see https://a.org","attachments":[{"title":"A"}]}"#), "see https://a.org");
    }

    #[test]
    fn files_that_slack_does_not_have_have_no_address() {
        let text = r#"{"ts":"1.000001","user":"U1","text":"<@U2>","files":[{"id":"F1","mode":"external","url_private":"https://x"},{"id":"F2","name":"a"}]}"#;
        let message: WireMessage = serde_json::from_str(text).unwrap();
        let seen = message.seen("C1", false).unwrap();
        assert_eq!((seen.unnamed, seen.files[0].url.clone(), seen.files[1].name.clone()), (vec!["U2".to_owned()], None, "a".to_owned()));
    }

    #[test]
    fn whoever_is_in_our_workspace_is_no_outsider() {
        for (user, is_outsider) in [
            (r#"{"id":"U1","team_id":"T1"}"#, false),
            (r#"{"id":"U1","team_id":"T2"}"#, true),
            (r#"{"id":"U1","team_id":"T1","is_restricted":true}"#, true),
            (r#"{"id":"U1","team_id":"T2","is_stranger":true}"#, true),
            (r#"{"id":"U1","team_id":"T2","enterprise_user":{"id":"W1","enterprise_id":"E1","teams":["T2","T1"]}}"#, false),
            (r#"{"id":"U1","team_id":"E1","enterprise_user":{"id":"W1","enterprise_id":"E1","teams":["T1"]}}"#, false),
            (r#"{"id":"U1","team_id":"T2","enterprise_user":{"id":"W1","enterprise_id":"E1","teams":["T2"]}}"#, true),
        ] {
            let seen = serde_json::from_str::<WireUser>(user).unwrap().seen("T1");
            assert_eq!(seen.is_outsider, is_outsider, "{user}");
        }
    }
}
