//! Messages of the chat on the timeline (R16): each once, with its author, time, link and files. What was edited there is amended here; what
//! was deleted there stays here, with a word that it was.

use std::collections::HashMap;

use entity::chat_capture::{self, Column};
use entity::{EventId, IncidentId, Source, TimelineKind, Timestamp, incident, person, timeline_event};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use serde_json::json;

use super::accounts::{Who, by_account, by_accounts, who};
use super::answers::Turn;
use super::files::{Fetched, fetch};
use super::query;
use super::stop::{Stop, fingerprint};
use crate::authz::{Actor, Right, visible};
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result, readable};
use crate::incident::reference;
use crate::incident::state::require_open_timeline;
use crate::ports::{Answer, Asker, ChatRooms, Posted, SeenChatMessage, TeamChat};
use crate::record::{Draft, Light, NewEvent};
use crate::timeline::{self, record_amendment, record_with_files};
use crate::validate;

/// Somebody wants a message on the timeline, and waits for the answer.
pub(super) async fn add(turn: &Turn<'_>, message: SeenChatMessage) -> Result<(), Stop> {
    let Some(person) = turn.person().await? else { return Ok(()) };
    let me = turn.on_behalf_of(&person);
    if let Err(error) = me.require(Right::Respond) {
        return turn.finish(Err(error)).await;
    }
    let Some(incident) = query::at(&me, &message.at.channel).await? else {
        let why = "This is not the channel of an incident that you may see. Write “here INC-7” in it to make it one.";
        return turn.finish(Ok(Answer::quiet(why))).await;
    };
    if let Err(error) = require_open_timeline(&incident) {
        return turn.finish(Err(error)).await;
    }
    match capture(turn.ctx, turn.chat, &incident, message, &mut Names::default()).await {
        Ok(()) => turn.finish(Ok(Answer::quiet(format!("It is on the timeline of {}.", reference(&incident))))).await,
        Err(Stop::Failed(error)) => turn.finish(Err(error)).await,
        stop => stop,
    }
}

/// Somebody pinned a message, or put the sign on it that means the same. Whoever may not write on timelines is passed over: they were not
/// asking.
pub(super) async fn pinned(ctx: &Ctx, chat: &dyn TeamChat, by: &Asker, at: &Posted) -> Result<(), Stop> {
    if query::row_at(ctx, &at.channel).await?.is_none() {
        return Ok(());
    }
    let Who::Known(person) = who(ctx, chat, by).await? else { return Ok(()) };
    let me = ctx.on_behalf_of(&person);
    let Some(incident) = query::at(&me, &at.channel).await?.filter(|_| me.actor.may(Right::Respond)) else { return Ok(()) };
    match chat.message(at).await {
        Ok(Some(message)) if !message.is_ours => capture(ctx, chat, &incident, message, &mut Names::default()).await,
        Ok(_) => Ok(()),
        Err(refusal) => Stop::unless_for_ever(refusal),
    }
}

/// A message was posted.
pub(super) async fn said(ctx: &Ctx, rooms: &dyn TeamChat, message: SeenChatMessage) -> Result<(), Stop> {
    if !ctx.config.chat.captures_all || message.is_ours {
        return Ok(());
    }
    let Some(incident) = query::at(ctx, &message.at.channel).await? else { return Ok(()) };
    capture(ctx, rooms, &incident, message, &mut Names::default()).await
}

/// Takes a message onto the timeline of an incident, unless it is there.
pub(super) async fn capture(
    ctx: &Ctx,
    rooms: &dyn ChatRooms,
    incident: &incident::Model,
    message: SeenChatMessage,
    names: &mut Names,
) -> Result<(), Stop> {
    // So that its files are stored once, however many pick it at one moment.
    let _turn = ctx.chat_turns.enter((incident.id, &message.at)).await;
    if is_known(ctx, incident.id, &message.at).await? || require_open_timeline(incident).is_err() {
        return Ok(());
    }
    let message = with_names(ctx, rooms, message, names).await?;
    let author = author(ctx, &message, incident).await?;
    let writer = writer(ctx, author.as_ref());
    let files = fetch(&writer, rooms, incident.id, &message.files).await?;
    write(&writer, incident.id, &message, author.as_ref(), &files).await?;
    Ok(())
}

/// Takes a message whose names are known onto the timeline of an incident, without its files.
pub(super) async fn write_alone(ctx: &Ctx, incident: &incident::Model, message: &SeenChatMessage) -> Result<()> {
    let author = author(ctx, message, incident).await?;
    let mut files = Fetched::default();
    message.files.iter().for_each(|file| files.miss(file, "only the chat has it"));
    write(&writer(ctx, author.as_ref()), incident.id, message, author.as_ref(), &files).await
}

/// Whoever wrote it, if they are of the team and may see the incident.
async fn author(ctx: &Ctx, message: &SeenChatMessage, incident: &incident::Model) -> Result<Option<person::Model>> {
    let Some(account) = &message.account else { return Ok(None) };
    let Some(person) = by_account(ctx, account).await?.filter(|person| person.deactivated_at.is_none()) else { return Ok(None) };
    let seen = visible(&Actor::of(&person)).filter(incident::Column::Id.eq(incident.id)).one(ctx.db.read()).await?;
    Ok(seen.map(|_| person))
}

/// What they say is theirs if they may write on timelines, so that it counts as a sign of life; otherwise it is Muster that took it.
fn writer(ctx: &Ctx, author: Option<&person::Model>) -> Ctx {
    let author = author.filter(|person| Actor::of(person).may(Right::Respond));
    author.map_or_else(|| ctx.clone(), |person| ctx.on_behalf_of(person)).by_way_of(Source::Slack)
}

/// Writes the event and its mark in one transaction. `files` are those that were taken, and what is to be said of the others.
async fn write(
    writer: &Ctx,
    incident: IncidentId,
    message: &SeenChatMessage,
    author: Option<&person::Model>,
    files: &Fetched,
) -> Result<()> {
    let who = message.name.as_deref().or(author.map(|person| person.name.as_str())).unwrap_or("Somebody");
    let words = said_by(who, writer.actor.person_id().is_some(), &message.text, files.missing());
    let details = json!({
        "chat": { "channel": message.at.channel, "ts": message.at.ts, "url": message.url },
        "author": { "name": who, "person": author.map(|person| person.id.to_string()) },
    });
    let event = NewEvent {
        occurred_at: Some(Ord::min(message.when, writer.now())),
        ..NewEvent::new(TimelineKind::Message, validate::as_text(&words)).details(details).source(Source::Slack)
    };
    let changed = change::<Light, _>(writer, incident, Right::Respond, None, |incident, draft| {
        require_open_timeline(incident)?;
        let event_id = record_with_files(draft, event.clone(), files.taken())?;
        let Posted { channel, ts } = message.at.clone();
        let row =
            chat_capture::Model { incident_id: incident.id, channel, ts, event_id, text: fingerprint(&message.text), deleted_at: None };
        draft.insert(row.into_active_model());
        Ok(())
    });
    match changed.await {
        // Somebody else pinned it as well, at the same moment.
        Ok(_) | Err(Error::AlreadyThere) => Ok(()),
        Err(error) => Err(error),
    }
}

fn said_by(who: &str, is_theirs: bool, text: &str, missing: &[String]) -> String {
    let text = if is_theirs { text.to_owned() } else { format!("{who}: {text}") };
    let text = if text.trim().is_empty() { "(files only)".to_owned() } else { text };
    std::iter::once(text).chain(missing.iter().cloned()).collect::<Vec<_>>().join("\n\n")
}

/// Whether a message is on the timeline of an incident.
pub(super) async fn is_known(ctx: &Ctx, incident: IncidentId, at: &Posted) -> Result<bool> {
    let key = (incident, at.channel.clone(), at.ts.clone());
    Ok(chat_capture::Entity::find_by_id(key).one(ctx.db.read()).await?.is_some())
}

/// Where a message is on timelines.
async fn captures(ctx: &Ctx, at: &Posted) -> Result<Vec<(chat_capture::Model, timeline_event::Model)>> {
    let same = Column::Channel.eq(&at.channel).and(Column::Ts.eq(&at.ts));
    let rows = chat_capture::Entity::find().filter(same).all(ctx.db.read()).await?;
    let ids: Vec<EventId> = rows.iter().map(|row| row.event_id).collect();
    let events = timeline::by_ids(ctx, &ids).await?;
    let event = |id: EventId| events.iter().find(|event| event.id == id).cloned();
    Ok(rows.into_iter().filter_map(|row| event(row.event_id).map(|event| (row, event))).collect())
}

/// A message was changed.
pub(super) async fn edited(ctx: &Ctx, chat: &dyn TeamChat, message: SeenChatMessage) -> Result<(), Stop> {
    let captures = captures(ctx, &message.at).await?;
    if captures.is_empty() {
        // What it said before may be told later: then this is newer.
        return said(ctx, chat, message).await;
    }
    let message = with_names(ctx, chat, message, &mut Names::default()).await?;
    let (text, told) = (fingerprint(&message.text), ctx.by_way_of(Source::Slack));
    for (row, event) in captures.into_iter().filter(|(row, event)| row.text != text && event.redacted_at.is_none()) {
        let who = message.name.as_deref().unwrap_or("Somebody");
        let words = validate::as_text(&said_by(who, event.actor_id.is_some(), &message.text, &[]));
        let changed = change::<Light, _>(&told, row.incident_id, Right::Administer, None, |_, draft| {
            record_amendment(draft, &event, Some(&words), None, Some("It was edited in the chat."));
            mark(draft, &row, chat_capture::ActiveModel { text: Set(text.clone()), ..Default::default() });
            Ok(())
        });
        changed.await?;
    }
    Ok(())
}

/// A message was deleted there. Here it stays.
pub(super) async fn deleted(ctx: &Ctx, at: &Posted, when: Timestamp) -> Result<(), Stop> {
    let told = ctx.by_way_of(Source::Slack);
    for (row, event) in captures(ctx, at).await?.into_iter().filter(|(row, _)| row.deleted_at.is_none()) {
        let changed = change::<Light, _>(&told, row.incident_id, Right::Administer, None, |_, draft| {
            let text = format!("The message of {} was deleted in the chat. It stays here.", readable(event.occurred_at));
            let details = json!({ "deleted": event.sequence, "chat": { "channel": row.channel, "ts": row.ts } });
            let event = NewEvent::new(TimelineKind::Message, text).details(details);
            draft.record(NewEvent { occurred_at: Some(Ord::min(when, draft.now)), ..event });
            mark(draft, &row, chat_capture::ActiveModel { deleted_at: Set(Some(draft.now)), ..Default::default() });
            Ok(())
        });
        changed.await?;
    }
    Ok(())
}

/// Writes into the draft what became of a message that is on the timeline.
fn mark(draft: &mut Draft<'_, Light>, row: &chat_capture::Model, change: chat_capture::ActiveModel) {
    let same = Column::IncidentId.eq(row.incident_id).and(Column::Channel.eq(&row.channel)).and(Column::Ts.eq(&row.ts));
    draft.set_where(change, same);
}

/// What accounts are called that nobody of the team has. Each is asked for once.
#[derive(Default)]
pub(super) struct Names(HashMap<String, Option<String>>);

impl Names {
    async fn ask(&mut self, rooms: &dyn ChatRooms, account: &str) -> Result<Option<String>, Stop> {
        if let Some(known) = self.0.get(account) {
            return Ok(known.clone());
        }
        let name = rooms.by_account(account).await?.map(|seen| seen.name);
        self.0.insert(account.to_owned(), name.clone());
        Ok(name)
    }
}

/// With the names of its author and of those whom it mentions.
async fn with_names(ctx: &Ctx, rooms: &dyn ChatRooms, mut message: SeenChatMessage, names: &mut Names) -> Result<SeenChatMessage, Stop> {
    let known = by_accounts(ctx, &message.unnamed.iter().cloned().chain(message.account.clone()).collect::<Vec<_>>()).await?;
    let of_team = |account: &str| known.get(account).map(|person| person.name.clone());
    if let Some(account) = message.account.clone() {
        message.name = match of_team(&account).or(message.name.take()) {
            Some(name) => Some(name),
            None => names.ask(rooms, &account).await?,
        };
    }
    for account in std::mem::take(&mut message.unnamed) {
        let name = match of_team(&account) {
            Some(name) => Some(name),
            None => names.ask(rooms, &account).await?,
        };
        if let Some(name) = name {
            message.call(&account, &name);
        }
    }
    Ok(message)
}
