//! Slack, the team's chat (S1).
//!
//! An order makes the channel of an incident, or posts a message. Names of channels prove nothing, and Slack takes no key that would make a
//! second attempt harmless: channels carry a marker in their purpose and messages a key in their metadata, by which an attempt looks for what
//! an earlier one has left. What is kept in step ([`rooms`]) and how people are answered ([`replies`]) is asked for by the domain directly;
//! what people do arrives by [`socket`] or by the API's hook, and is understood by [`arrivals`].

mod arrivals;
mod blocks;
mod channel;
mod check;
mod dress;
mod errors;
pub mod export;
mod forms;
mod pace;
mod post;
mod replies;
mod rooms;
mod seen;
pub mod socket;
mod wire;
mod words;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{ChatEar, ChatNews, ChatOrder, ChatPlace, ChatReceived, Effect, Finding, Order, Outlet, Posted, Receipt, Refusal};
use serde::Deserialize;
use tokio::sync::OnceCell;
use tokio::time::timeout;

pub use self::arrivals::SlackEar;
use self::post::Key;
use self::wire::Wire;
use super::client::CallLimits;

/// Where Slack is.
pub const SLACK: &str = "https://slack.com";
/// What the bot may do: what its manifest asks for, in docs/integrations/slack.md.
pub const SCOPES: [&str; 19] = [
    "bookmarks:read",
    "bookmarks:write",
    "channels:history",
    "channels:join",
    "channels:manage",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "groups:history",
    "groups:read",
    "groups:write",
    "im:history",
    "im:write",
    "pins:read",
    "pins:write",
    "reactions:read",
    "users:read",
    "users:read.email",
];
/// How long one order may take, all calls together. Well within the time the domain allows an attempt.
const ORDER: Duration = Duration::from_secs(42);

/// How Slack is reached.
#[derive(Clone)]
pub struct SlackSettings {
    /// The bot's token.
    pub bot_token: String,
    /// The app's own token, for a socket.
    pub app_token: Option<String>,
    /// The id of the channel for notices to everybody.
    pub general_channel: String,
    /// The address of Slack.
    pub base_url: String,
}

/// The outlet for one workspace.
pub struct SlackOutlet {
    wire: Wire,
    app_token: Option<String>,
    general_channel: String,
    us: OnceCell<Identity>,
    /// Channels that were made here and are not finished yet, by marker and whether they are private. Forgetting them costs a look through
    /// all channels.
    made: Mutex<HashMap<(String, bool), String>>,
}

/// Who we are in the workspace.
#[derive(Clone, Debug, Deserialize)]
struct Identity {
    user_id: String,
    team_id: String,
    #[serde(default)]
    team: String,
    /// The workspace's address, with a slash at its end.
    url: String,
}

impl SlackOutlet {
    /// An outlet with these settings. It connects with the first order.
    ///
    /// # Errors
    /// What is wrong with them; names the setting, shows no secret.
    pub fn connect(settings: &SlackSettings) -> Result<Self, String> {
        Self::with_limits(settings, CallLimits::default())
    }

    /// Like [`Self::connect`], with other limits.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn with_limits(settings: &SlackSettings, limits: CallLimits) -> Result<Self, String> {
        let SlackSettings { bot_token, app_token, general_channel, base_url } = settings.clone();
        let secrets = app_token.iter().chain([&bot_token]).cloned().collect();
        let wire = Wire::new(&base_url, &bot_token, secrets, limits).map_err(|problem| format!("slack.base_url {problem}"))?;
        Ok(Self { wire, app_token, general_channel, us: OnceCell::new(), made: Mutex::default() })
    }

    /// Who we are, asked once.
    async fn us(&self) -> Result<&Identity, Refusal> {
        let ask = || async { self.wire.ask::<Identity>("auth.test", None).await.map(|(us, _)| us).map_err(only_read) };
        self.us.get_or_try_init(ask).await
    }

    async fn carry_out_chat(&self, order: &Order, chat: &ChatOrder) -> Result<Receipt, Refusal> {
        let key = Key::of_delivery(order);
        match chat {
            ChatOrder::Notice(notice) => self.posted(&self.general_channel, blocks::notice(&notice.text), &key).await,
            ChatOrder::Channel(channel) => self.channel(channel, order.attempt).await,
            ChatOrder::Message(message) => {
                let body = blocks::message(&message.said);
                match &message.place {
                    ChatPlace::Incident { channel: Some(channel) } => self.posted(channel, body, &key).await,
                    ChatPlace::Incident { channel: None } => {
                        let reason = "The incident has no channel in Slack yet.".to_owned();
                        Err(Refusal::Later { reason, after: None })
                    }
                    ChatPlace::Person { account, .. } => self.posted(account, body, &key).await,
                }
            }
        }
    }

    async fn posted(&self, place: &str, body: serde_json::Value, key: &Key) -> Result<Receipt, Refusal> {
        let at = self.post_once(place, body, key).await?;
        let url = self.permalink(&at).await?;
        Ok(Receipt { external_id: Some(at.to_string()), external_url: Some(url), seen: None })
    }

    /// Where people see a message.
    async fn permalink(&self, at: &Posted) -> Result<String, Refusal> {
        Ok(format!("{}/p{}", self.address(&at.channel).await?, at.ts.replace('.', "")))
    }
}

/// What went wrong with a call that changes nothing: it can be made again.
fn only_read(trouble: errors::Trouble) -> Refusal {
    match trouble.into() {
        Refusal::Unclear(reason) => Refusal::Later { reason, after: None },
        other => other,
    }
}

#[async_trait]
impl Outlet for SlackOutlet {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        let Effect::Chat(chat) = &order.effect else { return Err(Refusal::Never("this is nothing for Slack".to_owned())) };
        let late = || Err(Refusal::Unclear(format!("Slack took longer than {} seconds in total.", ORDER.as_secs())));
        timeout(ORDER, self.carry_out_chat(order, chat)).await.unwrap_or_else(|_| late())
    }

    async fn check(&self) -> Vec<Finding> {
        self.findings().await
    }
}

impl ChatEar for SlackOutlet {
    fn receive(&self, kind: &str, body: &str) -> ChatReceived {
        SlackEar.receive(kind, body)
    }

    fn hear(&self, kind: &str, body: &str) -> Option<ChatNews> {
        SlackEar.hear(kind, body)
    }
}
