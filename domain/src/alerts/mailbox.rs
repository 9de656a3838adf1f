//! The mails of mailboxes, and how far these were read.
//!
//! Called by `worker`, mail by mail: first what a mail means is taken, then its place is kept ([`take`]). Whoever dies in between takes that
//! mail again, which changes nothing. At last it is kept in the [`inbox`], as what is posted to a hook is; an alert does not depend on that.

use std::collections::BTreeMap;

use entity::{Source, sync_mark};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::alarm::Alarms;
use super::inbox::{self, Came, NewPost};
use super::receive_all;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::heartbeats;

/// A place in a mailbox: all mails up to it are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Which mailbox, of which user, on which server.
    pub mailbox: String,
    /// What the numbers of its mails belong to (`UIDVALIDITY`): with another one, they begin anew.
    pub validity: u32,
    /// The number (`UID`) of the last mail that was taken.
    pub uid: u32,
}

/// Where `source` has got to in `mailbox`; `None` if it has not read it yet.
pub async fn place(ctx: &Ctx, source: &str, mailbox: &str) -> Result<Option<Place>> {
    let mark = sync_mark::Entity::find_by_id(name(source)).one(ctx.db.read()).await?;
    let place = mark.and_then(|mark| serde_json::from_value::<Place>(mark.under_way?).ok());
    Ok(place.filter(|place| place.mailbox == mailbox))
}

/// A mail, as its source reads it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The hook of its source, to which it could have been posted as well.
    pub hook: String,
    /// The kind of its source, by its name.
    pub kind: &'static str,
    /// The headers that reading what is kept of it again takes.
    pub headers: BTreeMap<String, String>,
    /// What is kept of it.
    pub body: Vec<u8>,
    /// Bytes of it that were read.
    pub bytes: usize,
    /// What it means, or why it can't be read, in a sentence.
    pub alarms: Result<Vec<Alarms>, String>,
}

/// Takes what the mail at `place` means, and keeps the place and the mail. Returns why it can't be read, if it can't.
pub async fn take(ctx: &Ctx, source: &str, place: &Place, mail: Mail) -> Result<Option<String>> {
    let (ctx, received_at) = (&ctx.by_way_of(Source::Alert), ctx.now());
    let Mail { hook, kind, headers, body, bytes, alarms } = mail;
    let came = hear(ctx, alarms).await?;
    keep(ctx, source, place).await?;
    let unreadable = match &came {
        Came::Unreadable(why) => Some(why.clone()),
        Came::Taken { .. } | Came::Failed { .. } => None,
    };
    let mut post = NewPost::new(hook, source.to_owned(), kind, received_at, &body, came).posted_as(bytes);
    post.headers = headers;
    remember(ctx, post).await;
    Ok(unreadable)
}

/// Has the alarms of a mail heard.
async fn hear(ctx: &Ctx, alarms: Result<Vec<Alarms>, String>) -> Result<Came> {
    let notifications = match alarms {
        Ok(notifications) => notifications,
        Err(why) => return Ok(Came::Unreadable(why)),
    };
    let alarms = notifications.iter().map(|call| call.alerts.len()).sum();
    match receive_all(ctx, notifications).await {
        Ok(received) => Ok(Came::Taken { alarms, received }),
        // It would be so the next time as well.
        Err(error @ Error::Invalid { .. }) => Ok(Came::Unreadable(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Keeps a mail in the inbox, and that its source is heard of. The mail was taken already, so whatever goes wrong here is only said in the log.
async fn remember(ctx: &Ctx, post: NewPost) {
    let (hook, sign) = (post.hook.clone(), post.came.sign());
    if heartbeats::source_is_news(ctx, &hook, &sign)
        && let Err(error) = heartbeats::note_source(ctx, &hook, &sign).await
    {
        error.log("could not note that a source of alerts was heard of");
    }
    let kept = Box::pin(inbox::keep(ctx, vec![post])).await;
    let outcome = if kept.is_ok() { "kept" } else { "failed" };
    metrics::counter!("muster_alert_inbox_total", "outcome" => outcome).increment(1);
    if let Err(error) = kept {
        error.log("a mail could not be kept in the inbox; the alerts themselves don't depend on it");
    }
}

/// Keeps where `source` has got to.
pub async fn keep(ctx: &Ctx, source: &str, place: &Place) -> Result<()> {
    let row = sync_mark::Model { name: name(source), known_until: Some(ctx.now()), complete_at: None, under_way: Some(json!(place)) };
    let moved =
        OnConflict::column(sync_mark::Column::Name).update_columns([sync_mark::Column::KnownUntil, sync_mark::Column::UnderWay]).to_owned();
    sync_mark::Entity::insert(row.into_active_model()).on_conflict(moved).exec_without_returning(ctx.db.write()).await?;
    Ok(())
}

/// The name of the mark. Stored, so it must never change.
fn name(source: &str) -> String {
    format!("mailbox-{source}")
}
