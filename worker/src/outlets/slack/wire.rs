//! Calls of Slack's methods.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::errors::{Refused, Trouble};
use super::pace::{POST, Paces};
use crate::outlets::client::{self, Api, CallLimits, Cause, Heard, Pace, Vendor};

/// Slack wants the charset as well.
const JSON: &str = "application/json; charset=utf-8";
/// A bound for all calls together; each method has a stricter one.
const REQUESTS: usize = 1_000;
/// The same for answers to commands and buttons, of which Slack takes five at each address: one that has no turn is lost.
const ANSWERS: usize = 20_000;
const WINDOW: Duration = Duration::from_mins(1);

/// Slack, for one app in one workspace.
pub(super) struct Wire {
    api: Api,
    /// Where commands and buttons are answered.
    hooks: Api,
    /// Where files are.
    files: Api,
    paces: Paces,
}

/// What each answer begins with.
#[derive(Deserialize)]
struct Said {
    ok: bool,
    error: Option<String>,
    needed: Option<String>,
    #[serde(default)]
    response_metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    messages: Vec<String>,
}

impl Wire {
    /// With this token, at this address. Nobody sees any of `secrets`.
    ///
    /// # Errors
    /// What is wrong, worded to follow the name of the setting of the address.
    pub fn new(base_url: &str, token: &str, secrets: Vec<String>, limits: CallLimits) -> Result<Self, String> {
        let base = client::base_url(base_url)?;
        let vendor = Vendor { name: "Slack", credentials: "slack.bot_token and slack.app_token", secrets };
        let bearer = format!("Bearer {token}");
        let api =
            |base: Url, authorization: Option<&str>, most| Api::new(vendor.clone(), base, authorization, Pace::new(most, WINDOW), limits);
        Ok(Self {
            hooks: api(beside(&base, "hooks")?, None, ANSWERS)?,
            files: api(beside(&base, "files")?, Some(&bearer), REQUESTS)?,
            api: api(base, Some(&bearer), REQUESTS)?,
            paces: Paces::new(),
        })
    }

    /// Calls a method that takes JSON.
    pub async fn post<T: DeserializeOwned>(&self, method: &'static str, body: &Value) -> Result<T, Trouble> {
        let (pace, channel) = (self.paces.of(method), body["channel"].as_str().filter(|_| method == POST));
        let channel = channel.map(|channel| self.paces.in_channel(channel));
        let mut call = self.api.post(&path(method));
        // A pause that Slack asks for is kept by the first of these.
        if let Some(channel) = &channel {
            call = call.with_turn(self.api.turn(channel).await?);
        }
        let call = call.with_turn(self.api.turn(&pace).await?);
        let heard = call.body(JSON, body.to_string().into()).heard().await?;
        self.understood(&heard, true)
    }

    /// Calls a method that only reads.
    pub async fn get<T: DeserializeOwned>(&self, method: &'static str, query: &[(&str, &str)]) -> Result<T, Trouble> {
        let pace = self.paces.of(method);
        let call = self.api.get(&path(method)).query(query).list();
        let heard = call.with_turn(self.api.turn(&pace).await?).heard().await?;
        self.understood(&heard, false)
    }

    /// Calls a method that takes no arguments and changes nothing, with this token instead of the bot's if there is one, and returns the
    /// headers as well.
    pub async fn ask<T: DeserializeOwned>(&self, method: &'static str, token: Option<&str>) -> Result<(T, HeaderMap), Trouble> {
        let pace = self.paces.of(method);
        let mut call = self.api.post(&path(method)).body(JSON, "{}".into());
        if let Some(token) = token {
            call = call.bearer(token);
        }
        let heard = call.with_turn(self.api.turn(&pace).await?).heard().await?;
        Ok((self.understood(&heard, false)?, heard.headers))
    }

    /// Answers a command or button at the address that came with it; `false` if it takes no answers any longer.
    pub async fn respond(&self, address: &str, body: &Value) -> Result<bool, Trouble> {
        let Some(path) = path_at(address, self.hooks.base()) else { return Ok(false) };
        match self.hooks.post(&path).body(JSON, body.to_string().into()).accepted().await {
            Ok(()) => Ok(true),
            Err(failed) if matches!(failed.status(), Some(400..=499)) && failed.status() != Some(429) => Ok(false),
            Err(failed) => Err(failed.into()),
        }
    }

    /// The bytes of a file of at most this size.
    pub async fn file(&self, address: &str, most: usize) -> Result<Heard, Trouble> {
        let elsewhere = || self.files.failed(false, Cause::Garbled("it is at another address than Slack's".to_owned()));
        let path = path_at(address, self.files.base()).ok_or_else(elsewhere)?;
        Ok(self.files.get(&path).at_most(most).heard().await?)
    }

    fn understood<T: DeserializeOwned>(&self, heard: &Heard, changes: bool) -> Result<T, Trouble> {
        let said: Said = heard.json(&self.api)?;
        if said.ok {
            return Ok(heard.json(&self.api)?);
        }
        let details = self.api.told(&said.response_metadata.messages.join("; "));
        let error = self.api.told(said.error.as_deref().unwrap_or("no error"));
        let after = heard.headers.get(RETRY_AFTER).and_then(|pause| pause.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        Err(Trouble::Refused(Refused { error, needed: said.needed, details, after, changes }))
    }
}

/// Whether an answer is a page for people: Slack's sign-in, in the place of a file.
pub(super) fn is_page(heard: &Heard) -> bool {
    heard.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("text/html"))
}

fn path(method: &str) -> String {
    format!("/api/{method}")
}

/// The host beside Slack's own, such as `hooks.slack.com`; on this machine, all are one.
fn beside(base: &Url, name: &str) -> Result<Url, String> {
    if client::is_this_machine(base) {
        return Ok(base.clone());
    }
    let host = base.host_str().unwrap_or_default().trim_start_matches("www.");
    client::base_url(&format!("https://{name}.{host}"))
}

/// The path of an address below `base`; none if it is elsewhere: what we send there holds more than its sender may know.
fn path_at(address: &str, base: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let base = Url::parse(base).ok()?;
    (url.origin() == base.origin() && url.query().is_none()).then(|| url.path().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_slack_are_answered() {
        let base = Url::parse("https://slack.com").unwrap();
        let hooks = beside(&base, "hooks").unwrap();
        assert_eq!(hooks.as_str(), "https://hooks.slack.com/");
        assert_eq!(path_at("https://hooks.slack.com/commands/T1/2/x", hooks.as_str()).as_deref(), Some("/commands/T1/2/x"));
        for other in ["https://hooks.slack.com.example.org/x", "http://hooks.slack.com/x", "https://slack.com/x", "no address"] {
            assert_eq!(path_at(other, hooks.as_str()), None, "{other}");
        }
    }
}
