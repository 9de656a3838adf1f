//! How the channel of an incident looks: topic, bookmark, the pinned summary, and whether it is archived.

use domain::ports::{ChatLink, Dress, Dressed, Posted, Refusal, Said};
use serde::Deserialize;
use serde_json::{Value, json};

use super::SlackOutlet;
use super::blocks;
use super::channel::WireChannel;
use super::errors::Trouble;
use super::post::Key;
use super::words::{People, cut, escaped, line, plain, unescaped};

/// Characters of a topic, and of a bookmark's title.
const TOPIC: usize = 250;
const TITLE: usize = 100;
/// Errors of a message that can't be changed any more.
const UNCHANGEABLE: [&str; 7] =
    ["cant_update_message", "channel_not_found", "edit_window_closed", "is_archived", "is_inactive", "message_not_found", "not_in_channel"];

#[derive(Deserialize)]
struct Bookmarks {
    #[serde(default)]
    bookmarks: Vec<Bookmark>,
}

#[derive(Deserialize)]
struct Bookmark {
    link: Option<String>,
}

/// How often something is tried that does no harm when it is done twice.
const TRIES: usize = 3;

impl SlackOutlet {
    /// Makes a channel look like this. What we may not do is said, and the rest is done.
    pub(super) async fn dressed(&self, channel: &str, dress: &Dress) -> Result<Dressed, Refusal> {
        let mut dressed = Dressed { summary_at: dress.summary_at.clone(), ..Dressed::default() };
        let Some(about) = insist(|| self.if_there(channel)).await? else {
            let problem = "The channel was deleted in Slack, or Muster was removed from it: take another one with “here”.".to_owned();
            return Ok(Dressed { problem: Some(problem), is_gone: true, ..dressed });
        };
        dressed.is_private = Some(about.is_private);
        if about.is_archived {
            let by_somebody = "The channel was archived in Slack: nothing can be shown there until somebody opens it again.";
            let problem = (!dress.is_archived).then(|| by_somebody.to_owned());
            return Ok(Dressed { problem, is_archived: true, ..dressed });
        }
        dressed.name = Some(about.name.clone()).filter(|name| !name.is_empty());
        if !about.is_private && about.is_member == Some(false) {
            let problem = "Muster is no longer in this channel, and can't say anything there: invite it again.".to_owned();
            return Ok(Dressed { problem: Some(problem), is_gone: true, ..dressed });
        }
        let mut problems = Vec::new();
        if about.is_ext_shared {
            problems.push("People of other workspaces are in this channel: say nothing there that they may not know.".to_owned());
        }
        let topic = cut(&escaped(&line(&dress.topic, TOPIC)), TOPIC);
        // Slack gives it back with its addresses as links, and tells everybody in the channel of each time that it is set.
        if plain(&about.topic.value, People::Named).text != unescaped(&topic) {
            problems.extend(self.set("conversations.setTopic", json!({ "channel": channel, "topic": topic }), "").await?);
        }
        let is_first = dress.summary_at.is_none();
        dressed.summary_at = self.summed_up(channel, dress, &mut problems).await?;
        if is_first {
            problems.extend(insist(|| self.bookmarked(channel, &dress.link)).await?);
        }
        if dress.is_archived {
            let problem = self.set("conversations.archive", json!({ "channel": channel }), "already_archived").await?;
            dressed.is_archived = problem.is_none();
            problems.extend(problem);
        }
        dressed.problem = problems.into_iter().next();
        Ok(dressed)
    }

    /// A channel, unless it is gone.
    async fn if_there(&self, channel: &str) -> Result<Option<WireChannel>, Refusal> {
        match self.about(channel).await {
            Err(trouble) if trouble.is(&["channel_not_found"]) => Ok(None),
            about => Ok(Some(about?.channel)),
        }
    }

    /// Keeps the pinned message; posts it if there is none.
    async fn summed_up(&self, channel: &str, dress: &Dress, problems: &mut Vec<String>) -> Result<Option<String>, Refusal> {
        if let Some(ts) = &dress.summary_at {
            let at = Posted { channel: channel.to_owned(), ts: ts.clone() };
            if insist(|| self.changed(&at, &dress.summary)).await? {
                return Ok(Some(at.ts));
            }
        }
        let key = Key::of_summary(&dress.marker);
        let at = insist(|| self.post_once(channel, blocks::message(&dress.summary), &key)).await?;
        problems.extend(self.set("pins.add", json!({ "channel": channel, "timestamp": at.ts }), "already_pinned").await?);
        // It may be an older one that was found: it says what is so now.
        insist(|| self.changed(&at, &dress.summary)).await?;
        Ok(Some(at.ts))
    }

    /// Makes a message say this; `false` if it can't be changed any more.
    pub(super) async fn changed(&self, at: &Posted, said: &Said) -> Result<bool, Refusal> {
        let mut body = blocks::message(said);
        body["channel"] = at.channel.as_str().into();
        body["ts"] = at.ts.as_str().into();
        match self.say("chat.update", body).await {
            Ok(()) => Ok(true),
            Err(trouble) if trouble.is(&UNCHANGEABLE) => Ok(false),
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// What people should put right, if the bookmark was refused.
    async fn bookmarked(&self, channel: &str, to: &ChatLink) -> Result<Option<String>, Refusal> {
        let known: Result<Bookmarks, _> = self.wire.get("bookmarks.list", &[("channel_id", channel)]).await;
        let known = match known {
            Ok(Bookmarks { bookmarks }) => bookmarks,
            Err(trouble) => return trouble.problem().map(Some),
        };
        if known.iter().any(|bookmark| bookmark.link.as_deref() == Some(&to.url)) {
            return Ok(None);
        }
        let body = json!({ "channel_id": channel, "title": line(&to.text, TITLE), "type": "link", "link": to.url });
        done(self.say("bookmarks.add", body).await)
    }

    /// Calls a method that does no harm when it is called twice. `already` is its error for what is so anyway. Returns what people should put
    /// right, if it was refused.
    async fn set(&self, method: &'static str, body: Value, already: &str) -> Result<Option<String>, Refusal> {
        let body = &body;
        insist(|| async move {
            match self.say(method, body.clone()).await {
                Err(trouble) if trouble.is(&[already]) => Ok(None),
                outcome => done(outcome),
            }
        })
        .await
    }

    /// Calls a method whose answer says nothing.
    pub(super) async fn say(&self, method: &'static str, body: Value) -> Result<(), Trouble> {
        self.wire.post::<Value>(method, &body).await.map(drop)
    }
}

/// Goes on after what was refused for good, and says so; everything else ends it.
fn done(outcome: Result<(), Trouble>) -> Result<Option<String>, Refusal> {
    outcome.map_or_else(|trouble| trouble.problem().map(Some), |()| Ok(None))
}

/// Does what does no harm when it is done twice, again at once where Slack stumbled or an answer got lost: all of a channel's look would
/// otherwise wait for the next time.
pub(super) async fn insist<T, F: Future<Output = Result<T, Refusal>>>(attempt: impl Fn() -> F) -> Result<T, Refusal> {
    for _ in 1..TRIES {
        match attempt().await {
            Err(Refusal::Unclear(_) | Refusal::Later { after: None, .. }) => {}
            outcome => return outcome,
        }
    }
    attempt().await
}
