//! The channel of an incident: made once, or found again.
//!
//! What we made carries the incident's marker in its purpose. A channel without one that our account has made is what an attempt has left that
//! was cut off between the two calls: it is taken once no attempt can be at work on it any more.

use std::sync::PoisonError;

use chrono::Duration;
use domain::clock::{Clock, SystemClock};
use domain::ports::{ChatChannel, Receipt, Refusal, SeenChannel};
use serde::Deserialize;
use serde_json::json;

use super::SlackOutlet;
use super::errors::Trouble;
use super::post::Cursor;
use super::words::{cut, escaped};

/// How many names are tried.
const NAMES: usize = 20;
/// No attempt is at work on a channel that was made longer ago than this.
const AT_WORK: Duration = Duration::minutes(1);
/// Characters of a purpose.
const PURPOSE: usize = 250;
/// Channels of a page, and pages that are looked through for a name.
const PAGE: &str = "1000";
const PAGES: usize = 50;
/// People who are invited at once.
const INVITED: usize = 100;

/// Errors of invitations that concern only whom they name.
const PASSED_OVER: [&str; 10] = [
    "already_in_channel",
    "cant_invite",
    "cant_invite_self",
    "invitee_cant_see_channel",
    "no_user",
    "org_user_not_in_team",
    "ura_max_channels",
    "user_is_restricted",
    "user_not_found",
    "user_team_not_in_channel",
];

/// A channel.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireChannel {
    pub id: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub is_archived: bool,
    pub is_member: Option<bool>,
    #[serde(default)]
    pub is_private: bool,
    #[serde(default)]
    pub is_ext_shared: bool,
    creator: Option<String>,
    #[serde(default)]
    created: i64,
    #[serde(default)]
    pub topic: Words,
    #[serde(default)]
    purpose: Words,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Words {
    #[serde(default)]
    pub value: String,
}

#[derive(Deserialize)]
pub(super) struct One {
    pub channel: WireChannel,
}

#[derive(Deserialize)]
struct Page {
    channels: Vec<WireChannel>,
    #[serde(default)]
    response_metadata: Cursor,
}

impl SlackOutlet {
    /// The channel of an incident, with those people in it who belong there.
    pub(super) async fn channel(&self, order: &ChatChannel, attempt: i32) -> Result<Receipt, Refusal> {
        let id = match &order.taken {
            Some(taken) => self.joined(taken).await?.id,
            None => self.made(order, attempt).await?,
        };
        self.invited(&id, &order.invite).await?;
        self.forget(order);
        let url = self.address(&id).await?;
        Ok(Receipt { external_id: Some(id), external_url: Some(url), seen: None })
    }

    /// Where people see a channel.
    pub(super) async fn address(&self, channel: &str) -> Result<String, Refusal> {
        Ok(format!("{}archives/{channel}", self.us().await?.url))
    }

    async fn made(&self, order: &ChatChannel, attempt: i32) -> Result<String, Refusal> {
        if let Some(known) = self.remembered(order) {
            return self.mark(known, order).await;
        }
        for number in 1..=NAMES {
            let name = if number == 1 { order.name.clone() } else { format!("{}-{number}", order.name) };
            let made = self.wire.post::<One>("conversations.create", &json!({ "name": name, "is_private": order.is_private })).await;
            match made {
                Ok(One { channel }) => {
                    self.remember(order, &channel.id);
                    return self.mark(channel.id, order).await;
                }
                // The first attempt has left nothing: the name is another's.
                Err(trouble) if trouble.is(&["name_taken"]) && attempt == 1 => {}
                Err(trouble) if trouble.is(&["name_taken"]) => {
                    if let Some(ours) = self.left_behind(&name, order).await? {
                        return Ok(ours);
                    }
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
        Err(Refusal::Never(format!("In Slack, {NAMES} channels are called {} or like it: make one, and take it by a command.", order.name)))
    }

    /// The channel of this name, if an earlier attempt made it. One that everybody reads is none for an incident that has become restricted
    /// since.
    async fn left_behind(&self, name: &str, order: &ChatChannel) -> Result<Option<String>, Refusal> {
        let Some(found) = self.named(name).await?.filter(|found| found.is_private || !order.is_private) else { return Ok(None) };
        if found.purpose.value.contains(&marked(&order.marker)) {
            return Ok(Some(found.id));
        }
        let is_ours = found.creator.as_deref() == Some(self.us().await?.user_id.as_str());
        if !is_ours || !found.purpose.value.is_empty() {
            return Ok(None);
        }
        let age = Duration::seconds(SystemClock.now().timestamp().saturating_sub(found.created));
        if age < AT_WORK {
            let reason = format!("Slack has a channel {name} that was made just now; Muster looks whose it is once that is certain.");
            return Err(Refusal::Later { reason, after: (AT_WORK - age).to_std().ok() });
        }
        let id = self.mark(found.id, order).await?;
        // Somebody else may have taken it at this moment: the last mark stands.
        let One { channel } = self.about(&id).await?;
        Ok(channel.purpose.value.contains(&marked(&order.marker)).then_some(id))
    }

    /// Says in the purpose of a channel whose it is.
    async fn mark(&self, channel: String, order: &ChatChannel) -> Result<String, Refusal> {
        let mark = marked(&order.marker);
        // Escaping makes a character five at most.
        let words = escaped(&order.purpose);
        let purpose = format!("{} {mark}", cut(&words, PURPOSE - mark.chars().count() - 1));
        self.wire.post::<serde_json::Value>("conversations.setPurpose", &json!({ "channel": channel, "purpose": purpose })).await?;
        Ok(channel)
    }

    fn remembered(&self, order: &ChatChannel) -> Option<String> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).get(&known_as(order)).cloned()
    }

    fn remember(&self, order: &ChatChannel, channel: &str) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(known_as(order), channel.to_owned());
    }

    fn forget(&self, order: &ChatChannel) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).remove(&known_as(order));
    }

    async fn named(&self, name: &str) -> Result<Option<WireChannel>, Refusal> {
        let mut cursor = None::<String>;
        for _ in 0..PAGES {
            let mut query = vec![("types", "public_channel,private_channel"), ("exclude_archived", "false"), ("limit", PAGE)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let Page { channels, response_metadata } = self.wire.get("conversations.list", &query).await?;
            if let Some(found) = channels.into_iter().find(|channel| channel.name == name) {
                return Ok(Some(found));
            }
            cursor = response_metadata.next();
            if cursor.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// A channel as it is.
    pub(super) async fn about(&self, channel: &str) -> Result<One, Trouble> {
        self.wire.get("conversations.info", &[("channel", channel)]).await
    }

    /// Joins a channel if it is public. What everybody reads, and what somebody says to Muster alone, is no place for an incident.
    pub(super) async fn joined(&self, channel: &str) -> Result<SeenChannel, Refusal> {
        if channel == self.general_channel || channel.starts_with('D') {
            return Err(Refusal::Never("It is the channel for notices to everybody, or a conversation: take another one.".to_owned()));
        }
        let joined = self.wire.post::<One>("conversations.join", &json!({ "channel": channel })).await;
        let One { channel } = match joined {
            // A private one is only joined by invitation, and we may have one.
            Err(trouble) if trouble.is(&["method_not_supported_for_channel_type"]) => self.about(channel).await?,
            joined => joined?,
        };
        let url = self.address(&channel.id).await?;
        let WireChannel { id, name, is_private, is_ext_shared, .. } = channel;
        Ok(SeenChannel { id, name, url: Some(url), is_private, is_shared: is_ext_shared })
    }

    /// Invites people; those who can't be invited are passed over.
    pub(super) async fn invited(&self, channel: &str, accounts: &[String]) -> Result<(), Refusal> {
        for some in accounts.chunks(INVITED) {
            let body = json!({ "channel": channel, "users": some.join(","), "force": true });
            match self.wire.post::<serde_json::Value>("conversations.invite", &body).await {
                Err(trouble) if !trouble.is(&PASSED_OVER) => return Err(trouble.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// By what a channel is remembered that was made for an order.
fn known_as(order: &ChatChannel) -> (String, bool) {
    (order.marker.clone(), order.is_private)
}

fn marked(marker: &str) -> String {
    format!("[muster:{marker}]")
}
