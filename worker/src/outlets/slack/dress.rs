//! How the channel of an incident looks: topic, bookmark, the pinned summary, and whether it is archived.

use domain::ports::{ChatLink, Dress, Dressed, Posted, Refusal, Said};
use serde::Deserialize;
use serde_json::{Value, json};

use super::SlackOutlet;
use super::blocks;
use super::channel::One;
use super::errors::Trouble;
use super::post::Key;
use super::words::{cut, escaped, line};

/// Characters of a topic, and of a bookmark's title.
const TOPIC: usize = 250;
const TITLE: usize = 100;
/// Errors of a message that can't be changed any more.
const UNCHANGEABLE: [&str; 4] = ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"];

#[derive(Deserialize)]
struct Bookmarks {
    #[serde(default)]
    bookmarks: Vec<Bookmark>,
}

#[derive(Deserialize)]
struct Bookmark {
    link: Option<String>,
}

impl SlackOutlet {
    /// Makes a channel look like this. What we may not do is said, and the rest is done.
    pub(super) async fn dressed(&self, channel: &str, dress: &Dress) -> Result<Dressed, Refusal> {
        let mut dressed = Dressed { summary_at: dress.summary_at.clone(), ..Dressed::default() };
        let about = match self.about(channel).await {
            Ok(One { channel }) => channel,
            Err(trouble) if trouble.is(&["channel_not_found"]) => return Ok(Dressed { is_gone: true, ..dressed }),
            Err(trouble) => return Err(trouble.into()),
        };
        if about.is_archived {
            let by_somebody = "The channel was archived in Slack: nothing can be shown there until somebody opens it again.";
            let problem = (!dress.is_archived).then(|| by_somebody.to_owned());
            return Ok(Dressed { problem, is_archived: true, ..dressed });
        }
        dressed.name = Some(about.name.clone()).filter(|name| !name.is_empty());
        let mut problems = Problems::default();
        let topic = cut(&escaped(&line(&dress.topic, TOPIC)), TOPIC);
        if about.topic.value != topic && about.topic.value != dress.topic {
            problems.keep(self.say("conversations.setTopic", json!({ "channel": channel, "topic": topic })).await)?;
        }
        let is_first = dress.summary_at.is_none();
        dressed.summary_at = self.summed_up(channel, dress, &mut problems).await?;
        if is_first {
            problems.keep(self.bookmarked(channel, &dress.link).await)?;
        }
        if dress.is_archived {
            match self.say("conversations.archive", json!({ "channel": channel })).await {
                Err(trouble) if !trouble.is(&["already_archived"]) => problems.keep(Err(trouble))?,
                _ => dressed.is_archived = true,
            }
        }
        dressed.problem = problems.0.into_iter().next();
        Ok(dressed)
    }

    /// Keeps the pinned message; posts it if there is none.
    async fn summed_up(&self, channel: &str, dress: &Dress, problems: &mut Problems) -> Result<Option<String>, Refusal> {
        if let Some(ts) = &dress.summary_at
            && self.changed(&Posted { channel: channel.to_owned(), ts: ts.clone() }, &dress.summary).await?
        {
            return Ok(Some(ts.clone()));
        }
        let at = self.post_once(channel, blocks::message(&dress.summary), &Key::of_summary(&dress.marker)).await?;
        match self.say("pins.add", json!({ "channel": channel, "timestamp": at.ts })).await {
            Err(trouble) if !trouble.is(&["already_pinned"]) => problems.keep(Err(trouble))?,
            _ => {}
        }
        // It may be an older one that was found: it says what is so now.
        self.changed(&at, &dress.summary).await?;
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

    async fn bookmarked(&self, channel: &str, to: &ChatLink) -> Result<(), Trouble> {
        let known: Bookmarks = self.wire.get("bookmarks.list", &[("channel_id", channel)]).await?;
        if known.bookmarks.iter().any(|bookmark| bookmark.link.as_deref() == Some(&to.url)) {
            return Ok(());
        }
        let body = json!({ "channel_id": channel, "title": line(&to.text, TITLE), "type": "link", "link": to.url });
        self.say("bookmarks.add", body).await
    }

    /// Calls a method whose answer says nothing.
    pub(super) async fn say(&self, method: &'static str, body: Value) -> Result<(), Trouble> {
        self.wire.post::<Value>(method, &body).await.map(drop)
    }
}

/// What people should put right.
#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    /// Goes on after what was refused for good; everything else ends it.
    fn keep(&mut self, outcome: Result<(), Trouble>) -> Result<(), Refusal> {
        if let Err(trouble) = outcome {
            self.0.push(trouble.problem()?);
        }
        Ok(())
    }
}
