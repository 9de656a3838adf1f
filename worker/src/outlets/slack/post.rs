//! Messages that are posted once, although Slack takes no key.
//!
//! Each carries its key as metadata. From the second attempt on, the channel's history is looked through for it first.

use chrono::Duration;
use domain::ports::{Order, Posted, Refusal};
use entity::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::SlackOutlet;
use super::pace::POST;
use super::seen::WireMessage;

/// What kinds of metadata are called.
const DELIVERY: &str = "muster_delivery";
pub(super) const SUMMARY: &str = "muster_summary";
/// How far clocks may part.
const SKEW: Duration = Duration::minutes(10);
/// Messages of a page of history, and pages that are looked through.
const PAGE: &str = "200";
const PAGES: usize = 10;

/// What makes a message the same as another.
pub(super) struct Key {
    kind: &'static str,
    name: String,
    /// It may be there already, posted after this.
    perhaps_since: Option<Timestamp>,
}

impl Key {
    /// That of a delivery. Only a second attempt can find what the first has left.
    pub fn of_delivery(order: &Order) -> Self {
        let perhaps_since = (order.attempt > 1).then(|| order.created_at - SKEW);
        Self { kind: DELIVERY, name: order.delivery.to_string(), perhaps_since }
    }

    /// That of the summary of an incident, whenever it was posted.
    pub fn of_summary(marker: &str) -> Self {
        Self { kind: SUMMARY, name: marker.to_owned(), perhaps_since: Some(Timestamp::UNIX_EPOCH) }
    }
}

#[derive(Deserialize)]
struct Sent {
    channel: String,
    ts: String,
}

#[derive(Deserialize)]
struct Opened {
    channel: Conversation,
}

#[derive(Deserialize)]
struct Conversation {
    id: String,
}

/// A page of messages.
#[derive(Deserialize)]
pub(super) struct History {
    pub messages: Vec<WireMessage>,
    #[serde(default)]
    response_metadata: Cursor,
}

/// Where a list goes on.
#[derive(Default, Deserialize)]
pub(super) struct Cursor {
    #[serde(default)]
    next_cursor: String,
}

impl Cursor {
    pub fn next(self) -> Option<String> {
        Some(self.next_cursor).filter(|next| !next.is_empty())
    }
}

impl History {
    pub fn next(self) -> (Vec<WireMessage>, Option<String>) {
        (self.messages, self.response_metadata.next())
    }
}

impl SlackOutlet {
    /// Posts a message in a channel or to a person, unless one with this key may be there already and is.
    pub(super) async fn post_once(&self, place: &str, mut body: Value, key: &Key) -> Result<Posted, Refusal> {
        if let Some(since) = key.perhaps_since
            && let Some(found) = self.with_key(place, key, since).await?
        {
            return Ok(found);
        }
        body["channel"] = place.into();
        body["metadata"] = json!({ "event_type": key.kind, "event_payload": { "key": key.name } });
        body["unfurl_links"] = false.into();
        body["unfurl_media"] = false.into();
        let Sent { channel, ts } = self.wire.post(POST, &body).await?;
        Ok(Posted { channel, ts })
    }

    /// The message with this key.
    async fn with_key(&self, place: &str, key: &Key, since: Timestamp) -> Result<Option<Posted>, Refusal> {
        let channel = self.conversation(place).await?;
        let oldest = since.timestamp().to_string();
        let mut cursor = None::<String>;
        for _ in 0..PAGES {
            let mut query =
                vec![("channel", channel.as_str()), ("oldest", oldest.as_str()), ("include_all_metadata", "true"), ("limit", PAGE)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: History = self.wire.get("conversations.history", &query).await?;
            let (messages, next) = page.next();
            if let Some(found) = messages.into_iter().find(|message| message.has_key(key.kind, &key.name)) {
                return Ok(Some(Posted { channel, ts: found.ts }));
            }
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// The channel that messages to a place are in: of an account, the conversation with that person.
    async fn conversation(&self, place: &str) -> Result<String, Refusal> {
        if !place.starts_with(['U', 'W']) {
            return Ok(place.to_owned());
        }
        let Opened { channel } = self.wire.post("conversations.open", &json!({ "users": place })).await.map_err(super::only_read)?;
        Ok(channel.id)
    }
}
