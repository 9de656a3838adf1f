//! Messages of the app, and what it may read.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::answer::{Call, Outcome};
use super::state::{Message, State, Whisper, wrong};
use super::{BOT_USER, blocks};

/// How many blocks a message may have.
const BLOCKS: usize = 50;
/// How long a text without blocks may be.
const TEXT: usize = 4_000;

/// What is wrong with what a message says.
pub(super) fn problem(body: &Value) -> Option<String> {
    let text = body["text"].as_str().unwrap_or_default();
    let has_blocks = body["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty());
    match () {
        () if text.is_empty() && !has_blocks => Some("no_text".to_owned()),
        () if text.chars().count() > TEXT => Some("msg_too_long".to_owned()),
        () => blocks::problem(&body["blocks"], BLOCKS).map(|problem| format!("invalid_blocks: {problem}")),
    }
}

fn refuse(body: &Value) -> Result<(), Value> {
    match problem(body) {
        None => Ok(()),
        Some(problem) => {
            let (error, told) = problem.split_once(": ").unwrap_or((&problem, ""));
            Err(json!({ "ok": false, "error": error, "response_metadata": { "messages": [told] } }))
        }
    }
}

fn body(call: &Call<'_>) -> Value {
    json!({ "text": call.value("text"), "blocks": call.value("blocks") })
}

pub(super) fn post(state: &mut State, call: &Call<'_>) -> Outcome {
    let mut place = call.text("channel")?.to_owned();
    if let Some(user) = state.users.get(&place) {
        if user.is_deleted || user.is_bot {
            return Err(wrong("channel_not_found"));
        }
        place = state.conversation_with(&place);
    }
    let channel = state.open_channel(&place)?;
    if !channel.members.contains(BOT_USER) {
        return Err(wrong(if channel.is_private { "channel_not_found" } else { "not_in_channel" }));
    }
    refuse(&body(call))?;
    let metadata = call.value("metadata").clone();
    let is_whole = metadata["event_type"].is_string() && metadata["event_payload"].is_object();
    if !metadata.is_null() && !is_whole {
        return Err(wrong("invalid_metadata_format"));
    }
    let ts = state.ts(call.now);
    let message = Message {
        blocks: call.value("blocks").clone(),
        metadata,
        ..Message::new(ts.clone(), BOT_USER, call.optional("text").unwrap_or_default())
    };
    let told = state.told(&message, true);
    state.channel(&place)?.messages.insert(ts.clone(), message);
    Ok(json!({ "channel": place, "ts": ts, "message": told }))
}

/// What it does not name, metadata too, is gone then.
pub(super) fn update(state: &mut State, call: &Call<'_>) -> Outcome {
    let (id, ts) = (call.text("channel")?.to_owned(), call.text("ts")?.to_owned());
    let channel = state.channel(&id)?;
    let is_archived = channel.is_archived;
    let message = channel.messages.get_mut(&ts).ok_or_else(|| wrong("message_not_found"))?;
    if !message.is_ours() || is_archived {
        return Err(wrong("cant_update_message"));
    }
    refuse(&body(call))?;
    call.optional("text").unwrap_or_default().clone_into(&mut message.text);
    message.blocks = call.value("blocks").clone();
    if !call.value("metadata").is_null() {
        message.metadata = call.value("metadata").clone();
    }
    message.edits += 1;
    Ok(json!({ "channel": id, "ts": ts, "text": message.text }))
}

fn readable<'a>(state: &'a mut State, call: &Call<'_>) -> Result<&'a super::Channel, Value> {
    let channel = state.channel(call.text("channel")?)?;
    match (channel.members.contains(BOT_USER), channel.is_private) {
        (true, _) => Ok(&*channel),
        (false, true) => Err(wrong("channel_not_found")),
        (false, false) => Err(wrong("not_in_channel")),
    }
}

/// The newest first, in pages.
fn page(state: &mut State, call: &Call<'_>, is_shown: impl Fn(&Message) -> bool) -> Outcome {
    let (oldest, latest) = (call.optional("oldest").unwrap_or("0"), call.optional("latest").unwrap_or("9999999999.999999"));
    let is_inclusive = call.is_on("inclusive");
    let is_between = |ts: &str| (ts > oldest && ts < latest) || (is_inclusive && (ts == oldest || ts == latest));
    let found: Vec<Message> =
        readable(state, call)?.messages.values().rev().filter(|message| is_between(&message.ts) && is_shown(message)).cloned().collect();
    let (from, most) = (call.number("cursor").unwrap_or(0), call.number("limit").unwrap_or(100).min(999));
    let next = if from + most < found.len() { (from + most).to_string() } else { String::new() };
    let threads: Vec<String> =
        state.channel(call.text("channel")?)?.messages.values().filter_map(|message| message.thread.clone()).collect();
    let told = found.iter().skip(from).take(most).map(|message| {
        let mut told = state.told_with_files(message, call.url);
        if call.is_on("include_all_metadata") && !message.metadata.is_null() {
            told["metadata"] = message.metadata.clone();
        }
        let replies = threads.iter().filter(|thread| **thread == message.ts).count();
        if replies > 0 {
            told["reply_count"] = replies.into();
        }
        told
    });
    let told: Vec<Value> = told.collect();
    Ok(json!({ "messages": told, "has_more": !next.is_empty(), "response_metadata": { "next_cursor": next } }))
}

pub(super) fn history(state: &mut State, call: &Call<'_>) -> Outcome {
    page(state, call, |message| message.thread.is_none())
}

/// A thread, or the one message that it would begin with.
pub(super) fn replies(state: &mut State, call: &Call<'_>) -> Outcome {
    let ts = call.text("ts")?.to_owned();
    if !readable(state, call)?.messages.contains_key(&ts) {
        return Err(wrong("thread_not_found"));
    }
    page(state, call, |message| message.ts == ts || message.thread.as_deref() == Some(&*ts))
}

impl State {
    /// What came by a `response_url`: to its person alone, or to everybody.
    pub(super) fn heard(&mut self, user: &str, channel: &str, body: Value, now: DateTime<Utc>) {
        if body["response_type"] == "in_channel" {
            let ts = self.ts(now);
            let text = body["text"].as_str().unwrap_or_default();
            let message = Message { blocks: body["blocks"].clone(), ..Message::new(ts.clone(), BOT_USER, text) };
            if let Some(channel) = self.channels.get_mut(channel) {
                channel.messages.insert(ts, message);
            }
            return;
        }
        self.whispers.push(Whisper { user: user.to_owned(), channel: channel.to_owned(), body });
    }
}
