//! What people do in the chat, done here: each thing by one use case, with the rights of the person.

use std::collections::HashMap;

use entity::{PersonId, Source, Visibility, chat_arrival, chat_channel, incident};
use sea_orm::Set;

use super::accounts::{self, Who, by_accounts, who};
use super::answers::Turn;
use super::desk::{self, Filled};
use super::keep;
use super::order::{channel_for, order_channel};
use super::stop::Stop;
use super::{capture, press, query, strangers};
use crate::authz::Right;
use crate::change::change;
use crate::chat::{Command, parse};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state::require_open_timeline;
use crate::incident::{self as incidents, parse_reference, reference};
use crate::ports::{Answer, Asker, ChatNews, ReplyTo, SeenChannel, SentForm, TeamChat, Values};
use crate::record::Whole;

/// Does what `news` tells, which arrived as `arrival`.
pub(super) async fn take(ctx: &Ctx, chat: &dyn TeamChat, news: ChatNews, arrival: &chat_arrival::Model) -> Result<(), Stop> {
    ctx.require(Right::Administer)?;
    let id = arrival.id.as_str();
    match news {
        ChatNews::Command { by, channel, text, mentions, address, trigger } => {
            let to = ReplyTo { address, channel: Some(channel.clone()), account: by.account.clone(), form: None };
            let turn = Turn { ctx, chat, by: &by, id, to, trigger: trigger.as_deref() };
            command(&turn, &channel, &text, &mentions).await
        }
        ChatNews::Pressed { by, press, value, at, address, trigger } => {
            let to = ReplyTo { address, channel: at.map(|at| at.channel), account: by.account.clone(), form: None };
            let turn = Turn { ctx, chat, by: &by, id, to, trigger: trigger.as_deref() };
            press::press(&turn, press, &value).await
        }
        ChatNews::Submitted { by, kind, incident, version, values, people, form, channel } => {
            let form = SentForm { id: form, at: arrival.arrived_at };
            let to = ReplyTo { address: None, channel, account: by.account.clone(), form: Some(form) };
            let turn = Turn { ctx, chat, by: &by, id, to, trigger: None };
            submitted(&turn, &Filled { kind: &kind, incident, version, values: &named(ctx, values, &people).await? }).await
        }
        ChatNews::HomeOpened { by } => home(ctx, chat, &by).await,
        ChatNews::Added { by, message, address } => {
            let to = ReplyTo { address, channel: Some(message.at.channel.clone()), account: by.account.clone(), form: None };
            let turn = Turn { ctx, chat, by: &by, id, to, trigger: None };
            capture::add(&turn, message).await
        }
        ChatNews::Pinned { by, at } => capture::pinned(ctx, chat, &by, &at).await,
        ChatNews::Said(message) => capture::said(ctx, chat, message).await,
        ChatNews::Edited(message) => capture::edited(ctx, chat, message).await,
        ChatNews::Deleted { at, when } => capture::deleted(ctx, &at, when).await,
        ChatNews::Renamed { channel, name } => {
            let row = chat_channel::ActiveModel { name: Set(Some(name)), ..Default::default() };
            Ok(keep::heard(ctx, &channel, row).await?)
        }
        ChatNews::Archived { channel, is_archived } => {
            let archived_at = is_archived.then(|| ctx.now());
            let row = chat_channel::ActiveModel { archived_at: Set(archived_at), ..Default::default() };
            Ok(keep::heard(ctx, &channel, row).await?)
        }
        ChatNews::Gone { channel } => {
            let problem = "Muster is no longer in this channel, or it was deleted: invite Muster, or take another channel with “here”.";
            let row = chat_channel::ActiveModel { problem: Set(Some(problem.to_owned())), ..Default::default() };
            Ok(keep::heard(ctx, &channel, row).await?)
        }
        ChatNews::Closed { account } => account_closed(ctx, chat, &account).await,
    }
}

async fn command(turn: &Turn<'_>, channel: &str, text: &str, mentions: &[(String, String)]) -> Result<(), Stop> {
    let person = match who(turn.ctx, turn.chat, turn.by).await? {
        Who::Known(person) => *person,
        Who::Denied(why) => return turn.finish(Ok(Answer::quiet(why))).await,
        Who::Unknown if strangers::is_report(text) => return turn.finish(strangers::form(turn, text).await).await,
        Who::Unknown => return turn.invite().await,
    };
    let me = turn.on_behalf_of(&person);
    if let Ok(Command::Here(which)) = parse(text) {
        return here(turn, &me, channel, &which).await;
    }
    let incident = query::at(&me, channel).await?.map(|incident| incident.id);
    let mentions = people_meant(turn.ctx, mentions).await?;
    turn.finish(desk::run(&me, incident, text, mentions, &turn.key()).await).await
}

/// The people that a command mentions.
async fn people_meant(ctx: &Ctx, mentions: &[(String, String)]) -> Result<HashMap<String, PersonId>> {
    let accounts: Vec<String> = mentions.iter().map(|(_, account)| account.clone()).collect();
    let known = by_accounts(ctx, &accounts).await?;
    Ok(mentions.iter().filter_map(|(word, account)| Some((word.clone(), known.get(account)?.id))).collect())
}

async fn submitted(turn: &Turn<'_>, filled: &Filled<'_>) -> Result<(), Stop> {
    let person = match who(turn.ctx, turn.chat, turn.by).await? {
        Who::Known(person) => *person,
        Who::Denied(why) => return turn.finish(Ok(Answer::quiet(why))).await,
        Who::Unknown => return turn.finish(strangers::report(turn, filled).await).await,
    };
    let me = turn.on_behalf_of(&person);
    match Box::pin(desk::submit(&me, filled, &turn.key())).await {
        Ok(answer) => turn.finish(Ok(answer)).await,
        Err(error) => match desk::again(&me, filled, &error).await? {
            Some(form) => {
                turn.chat.reshow_form(&turn.to, &form).await?;
                Ok(())
            }
            None => turn.finish(Err(error)).await,
        },
    }
}

/// Puts ids in the place of accounts.
async fn named(ctx: &Ctx, mut values: Values, people: &[String]) -> Result<Values> {
    for key in people {
        let Some(accounts) = values.0.get_mut(key) else { continue };
        let known = by_accounts(ctx, accounts).await?;
        for account in accounts {
            if let Some(person) = known.get(account.as_str()) {
                *account = person.id.to_string();
            }
        }
    }
    Ok(values)
}

async fn home(ctx: &Ctx, chat: &dyn TeamChat, by: &Asker) -> Result<(), Stop> {
    let home = match who(ctx, chat, by).await? {
        Who::Known(person) => desk::home(&ctx.on_behalf_of(&person).by_way_of(Source::Slack)).await?,
        Who::Denied(why) => desk::empty_home(why),
        Who::Unknown => desk::empty_home(strangers::WELCOME.to_owned()),
    };
    chat.publish_home(&by.account, &home).await?;
    Ok(())
}

/// Takes the channel in which it was asked as that of an incident.
async fn here(turn: &Turn<'_>, me: &Ctx, channel: &str, which: &str) -> Result<(), Stop> {
    let incident = match may_take(me, which).await {
        Ok(incident) => incident,
        Err(error) => return turn.finish(Err(error)).await,
    };
    let seen = match turn.chat.join(channel).await {
        Ok(seen) => seen,
        Err(refusal) => return turn.finish(Err(Error::precondition(format!("I can't get into this channel: {}", refusal.reason())))).await,
    };
    turn.finish(take_here(me, &seen, &incident).await).await
}

/// The incident for which somebody wants a channel. No channel is joined for whoever may not take one.
async fn may_take(me: &Ctx, which: &str) -> Result<incident::Model> {
    me.require(Right::Respond)?;
    let incident = incidents::by_number(me, parse_reference(which.trim())?).await?;
    require_open_timeline(&incident)?;
    Ok(incident)
}

async fn take_here(me: &Ctx, seen: &SeenChannel, incident: &incident::Model) -> Result<Answer> {
    if seen.is_shared {
        return Err(Error::precondition("People of other workspaces are in this channel: take another one for an incident."));
    }
    if incident.visibility == Visibility::Restricted && !seen.is_private {
        return Err(Error::precondition("This incident is restricted: take a private channel for it."));
    }
    if query::row_at(me, &seen.id).await?.is_some_and(|row| row.incident_id != incident.id) {
        return Err(Error::precondition("This is the channel of another incident already."));
    }
    let changed = change::<Whole, _>(me, incident.id, Right::Respond, None, |whole, draft| {
        require_open_timeline(&whole.incident)?;
        let mut order = channel_for(draft, Some(seen.id.clone()));
        order.name.clone_from(&seen.name);
        order.is_private = seen.is_private;
        order_channel(draft, order);
        Ok(())
    });
    let incident = changed.await?.incident;
    Ok(Answer::quiet(format!("This becomes the channel of {}.", reference(&incident))))
}

/// An account that was closed is nobody's any more.
async fn account_closed(ctx: &Ctx, chat: &dyn TeamChat, account: &str) -> Result<(), Stop> {
    let Some(person) = accounts::by_account(ctx, account).await? else { return Ok(()) };
    if chat.by_account(account).await?.is_none_or(|seen| seen.is_gone) {
        accounts::closed(ctx, person).await?;
    }
    Ok(())
}
