//! Channels, and who is in them.

use serde_json::{Value, json};

use super::answer::{Call, Outcome};
use super::state::{Channel, State, wrong};
use super::{BOT_USER, TEAM};

/// Longer topics and purposes are refused.
const TOPIC: usize = 250;
/// Longer names are refused.
const NAME: usize = 80;
/// How many people may be invited at once.
const INVITED: usize = 100;
/// How many channels come at a time at most, whatever is asked for: so may the real one.
const PAGE: usize = 50;

pub(super) fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let name = call.text("name")?;
    if name.chars().count() > NAME {
        return Err(wrong("invalid_name_maxlength"));
    }
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_') {
        return Err(wrong("invalid_name_specials"));
    }
    if state.channels.values().any(|channel| channel.name == name) {
        return Err(wrong("name_taken"));
    }
    let id = state.id("C");
    let channel = Channel {
        created: call.now.timestamp(),
        members: [BOT_USER.to_owned()].into(),
        ..Channel::new(&id, name, call.is_on("is_private"))
    };
    let told = channel.json();
    state.channels.insert(id, channel);
    Ok(json!({ "channel": told }))
}

/// Whether the app is in the channel; what it is not in and nobody else may see is not there at all.
fn member<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Channel, Value> {
    let channel = state.open_channel(id)?;
    match (channel.members.contains(BOT_USER), channel.is_private) {
        (true, _) => Ok(channel),
        (false, true) => Err(wrong("channel_not_found")),
        (false, false) => Err(wrong("not_in_channel")),
    }
}

pub(super) fn invite(state: &mut State, call: &Call<'_>) -> Outcome {
    let users: Vec<String> = call.text("users")?.split(',').map(str::to_owned).collect();
    if users.len() > INVITED {
        return Err(wrong("too_many_users"));
    }
    member(state, call.text("channel")?)?;
    let mut errors = Vec::new();
    for user in &users {
        let known = state.users.get(user).filter(|known| !known.is_deleted && known.team == TEAM);
        let problem = match known {
            None => Some("user_not_found"),
            Some(_) if user == BOT_USER => Some("cant_invite_self"),
            Some(_) if state.channels[call.text("channel")?].members.contains(user) => Some("already_in_channel"),
            Some(known) if known.is_guest => Some("user_is_restricted"),
            Some(_) => None,
        };
        if let Some(problem) = problem {
            errors.push(json!({ "user": user, "ok": false, "error": problem }));
        }
    }
    let is_forced = call.is_on("force") && errors.len() < users.len();
    if !errors.is_empty() && !is_forced {
        return Err(json!({ "ok": false, "error": errors[0]["error"], "errors": errors }));
    }
    let channel = state.channel(call.text("channel")?)?;
    channel.members.extend(users.into_iter().filter(|user| !errors.iter().any(|error| error["user"] == user.as_str())));
    Ok(json!({ "channel": channel.json(), "errors": errors }))
}

pub(super) fn set_topic(state: &mut State, call: &Call<'_>) -> Outcome {
    let topic = call.value("topic").as_str().ok_or_else(|| wrong("invalid_arguments"))?;
    let channel = member(state, call.text("channel")?)?;
    if topic.chars().count() > TOPIC {
        return Err(wrong("too_long"));
    }
    topic.clone_into(&mut channel.topic);
    Ok(json!({ "channel": channel.json() }))
}

pub(super) fn set_purpose(state: &mut State, call: &Call<'_>) -> Outcome {
    let purpose = call.text("purpose")?;
    let channel = member(state, call.text("channel")?)?;
    if purpose.chars().count() > TOPIC {
        return Err(wrong("too_long"));
    }
    purpose.clone_into(&mut channel.purpose);
    Ok(json!({ "purpose": purpose }))
}

pub(super) fn archive(state: &mut State, call: &Call<'_>) -> Outcome {
    let id = call.text("channel")?;
    if state.channel(id)?.is_archived {
        return Err(wrong("already_archived"));
    }
    member(state, id)?.is_archived = true;
    Ok(json!({}))
}

pub(super) fn join(state: &mut State, call: &Call<'_>) -> Outcome {
    let channel = state.open_channel(call.text("channel")?)?;
    if channel.is_private && !channel.members.contains(BOT_USER) {
        return Err(wrong("method_not_supported_for_channel_type"));
    }
    channel.members.insert(BOT_USER.to_owned());
    Ok(json!({ "channel": channel.json() }))
}

pub(super) fn info(state: &mut State, call: &Call<'_>) -> Outcome {
    let channel = state.channel(call.text("channel")?)?;
    let is_hidden = channel.is_private && !channel.members.contains(BOT_USER);
    if is_hidden { Err(wrong("channel_not_found")) } else { Ok(json!({ "channel": channel.json() })) }
}

pub(super) fn list(state: &State, call: &Call<'_>) -> Outcome {
    let types = call.optional("types").unwrap_or("public_channel");
    let is_shown = |channel: &&Channel| {
        let kind = if channel.is_private { "private_channel" } else { "public_channel" };
        channel.with.is_none()
            && types.split(',').any(|wanted| wanted == kind)
            && !(call.is_on("exclude_archived") && channel.is_archived)
            && (!channel.is_private || channel.members.contains(BOT_USER))
    };
    let from = call.number("cursor").unwrap_or(0);
    let shown: Vec<&Channel> = state.channels.values().filter(is_shown).collect();
    let most = call.number("limit").unwrap_or(PAGE).min(PAGE);
    let next = if from + most < shown.len() { (from + most).to_string() } else { String::new() };
    let page: Vec<_> = shown.into_iter().skip(from).take(most).map(Channel::json).collect();
    Ok(json!({ "channels": page, "response_metadata": { "next_cursor": next } }))
}

/// The conversation with one person.
pub(super) fn open(state: &mut State, call: &Call<'_>) -> Outcome {
    let user = call.text("users")?;
    if !state.users.contains_key(user) {
        return Err(wrong("user_not_found"));
    }
    Ok(json!({ "channel": { "id": state.conversation_with(user) } }))
}

pub(super) fn bookmarks(state: &mut State, call: &Call<'_>) -> Outcome {
    let known = member(state, call.text("channel_id")?)?.bookmarks.iter();
    let known: Vec<_> = known.map(|(title, link)| json!({ "title": title, "link": link, "type": "link" })).collect();
    Ok(json!({ "bookmarks": known }))
}

pub(super) fn bookmark(state: &mut State, call: &Call<'_>) -> Outcome {
    let (title, link) = (call.text("title")?.to_owned(), call.text("link")?.to_owned());
    if call.text("type")? != "link" || !link.starts_with("http") {
        return Err(wrong("invalid_link"));
    }
    let id = state.id("Bk");
    member(state, call.text("channel_id")?)?.bookmarks.push((title, link));
    Ok(json!({ "bookmark": { "id": id } }))
}

pub(super) fn pin(state: &mut State, call: &Call<'_>) -> Outcome {
    let ts = call.text("timestamp")?.to_owned();
    let channel = member(state, call.text("channel")?)?;
    match () {
        () if !channel.messages.contains_key(&ts) => Err(wrong("message_not_found")),
        () if channel.pins.contains(&ts) => Err(wrong("already_pinned")),
        () => {
            channel.pins.push(ts);
            Ok(json!({}))
        }
    }
}
