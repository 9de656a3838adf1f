//! What is kept in step at Slack, and what is asked of it.

use async_trait::async_trait;
use domain::ports::{Batch, ChatRooms, Dress, Dressed, Posted, Refusal, Said, SeenChannel, SeenChatFile, SeenChatMessage, SeenChatter};
use serde::Deserialize;

use super::SlackOutlet;
use super::dress::insist;
use super::errors::Trouble;
use super::post::History;
use super::seen::{WireMessage, WireUser};
use super::wire;
use crate::outlets::client::{Cause, Failed};

/// Messages of a page of history. Each may have a thread, which is a call of its own, and Slack takes 50 of those in a minute: a page with more
/// could never be read to its end.
const HISTORY: &str = "40";
/// Replies of a page, and pages of one thread.
const REPLIES: &str = "200";
const THREAD_PAGES: usize = 20;

#[derive(Deserialize)]
struct Known {
    user: WireUser,
}

#[async_trait]
impl ChatRooms for SlackOutlet {
    async fn dress(&self, channel: &str, dress: &Dress) -> Result<Dressed, Refusal> {
        self.dressed(channel, dress).await
    }

    async fn revise(&self, at: &Posted, said: &Said) -> Result<(), Refusal> {
        insist(|| self.changed(at, said)).await.map(drop)
    }

    async fn invite(&self, channel: &str, accounts: &[String]) -> Result<(), Refusal> {
        insist(|| self.invited(channel, accounts)).await
    }

    async fn join(&self, channel: &str) -> Result<SeenChannel, Refusal> {
        self.joined(channel).await
    }

    async fn history(&self, channel: &str, after: Option<&str>, page: Option<&str>) -> Result<Batch<SeenChatMessage>, Refusal> {
        let mut query = vec![("channel", channel), ("limit", HISTORY), ("oldest", after.unwrap_or("0"))];
        query.extend(page.map(|page| ("cursor", page)));
        let page: History = self.wire.get("conversations.history", &query).await?;
        let (messages, next) = page.next();
        let mut said = Vec::new();
        // Slack gives the newest first.
        for message in messages.into_iter().rev() {
            let thread = (message.reply_count > 0).then(|| message.ts.clone());
            said.push(message);
            if let Some(thread) = thread {
                said.extend(self.thread(channel, &thread).await?);
            }
        }
        let mut items = Vec::new();
        for message in said.into_iter().filter(WireMessage::is_said) {
            items.extend(self.seen(channel, message).await?.filter(|seen| !seen.is_ours));
        }
        Ok(Batch { items, next })
    }

    async fn message(&self, at: &Posted) -> Result<Option<SeenChatMessage>, Refusal> {
        let (channel, ts) = (at.channel.as_str(), at.ts.as_str());
        let query = [("channel", channel), ("ts", ts), ("oldest", ts), ("latest", ts), ("inclusive", "true"), ("limit", "10")];
        let page: History = match self.wire.get("conversations.replies", &query).await {
            Err(trouble) if trouble.is(&["thread_not_found", "channel_not_found", "not_in_channel"]) => return Ok(None),
            page => page?,
        };
        // Slack adds the beginning of the thread.
        match page.messages.into_iter().find(|message| message.ts == ts && message.is_said()) {
            Some(message) => self.seen(channel, message).await,
            None => Ok(None),
        }
    }

    async fn is_ours(&self, workspace: &str) -> Result<bool, Refusal> {
        Ok(self.us().await?.team_id == workspace)
    }

    async fn by_email(&self, email: &str) -> Result<Option<SeenChatter>, Refusal> {
        self.chatter("users.lookupByEmail", ("email", email)).await
    }

    async fn by_account(&self, account: &str) -> Result<Option<SeenChatter>, Refusal> {
        self.chatter("users.info", ("user", account)).await
    }

    async fn file(&self, file: &SeenChatFile, most_bytes: usize) -> Result<Vec<u8>, Refusal> {
        let name = &file.name;
        let Some(url) = &file.url else { return Err(Refusal::Never(format!("The file {name} is not kept in Slack."))) };
        if file.bytes.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > most_bytes)) {
            return Err(Refusal::Never(format!("The file {name} is larger than {} MiB.", most_bytes / 1024 / 1024)));
        }
        let heard = match self.wire.file(url, most_bytes).await {
            // It is elsewhere, or larger than it says: so it will be next time.
            Err(Trouble::Failed(Failed { cause: Cause::Garbled(why), .. })) => {
                return Err(Refusal::Never(format!("The file {name} can't be read: {why}.")));
            }
            heard => heard?,
        };
        let has_its_type = name.to_lowercase().ends_with(".html") || name.to_lowercase().ends_with(".htm");
        if wire::is_page(&heard) && !has_its_type {
            let why = "Slack showed a page in the place of the file: Muster's app lacks the scope files:read, or may not see it.";
            return Err(Refusal::Never(format!("The file {name} can't be read. {why}")));
        }
        Ok(heard.body)
    }
}

impl SlackOutlet {
    /// The replies in a thread, oldest first.
    async fn thread(&self, channel: &str, thread: &str) -> Result<Vec<WireMessage>, Refusal> {
        let (mut replies, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..THREAD_PAGES {
            let mut query = vec![("channel", channel), ("ts", thread), ("limit", REPLIES)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page: History = self.wire.get("conversations.replies", &query).await?;
            let (messages, next) = page.next();
            replies.extend(messages.into_iter().filter(|message| message.ts != thread));
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        replies.sort_by(|one, other| one.ts.cmp(&other.ts));
        Ok(replies)
    }

    async fn seen(&self, channel: &str, message: WireMessage) -> Result<Option<SeenChatMessage>, Refusal> {
        let is_ours = message.user.as_deref() == Some(self.us().await?.user_id.as_str());
        let Some(mut seen) = message.seen(channel, is_ours) else { return Ok(None) };
        if seen.url.is_none() {
            seen.url = Some(self.permalink(&seen.at).await?);
        }
        Ok(Some(seen))
    }

    async fn chatter(&self, method: &'static str, which: (&str, &str)) -> Result<Option<SeenChatter>, Refusal> {
        match self.wire.get::<Known>(method, &[which]).await {
            Ok(Known { user }) => Ok(Some(user.seen(&self.us().await?.team_id))),
            Err(trouble) if trouble.is(&["users_not_found", "user_not_found", "user_not_visible"]) => Ok(None),
            Err(trouble) => Err(trouble.into()),
        }
    }
}
