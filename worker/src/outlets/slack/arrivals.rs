//! What Slack sends, by hook or by socket: commands, interactions (buttons, forms, message actions) and events.
//!
//! Fields that are not known are ignored; what we did ourselves is no news. Each kind comes as JSON here: a hook turns forms into it.

use domain::ports::{Asker, ChatArrival, ChatEar, ChatNews, ChatReceived, Posted, Press, SeenChatMessage};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::forms;
use super::seen::{WireMessage, time};
use super::words::{People, plain};

/// The message action that takes a message onto the timeline.
const ADD: &str = "add_to_timeline";
/// The emoji that does the same as a pin.
const PUSHPIN: &str = "pushpin";

/// Understands what Slack sends, without asking it anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlackEar;

impl ChatEar for SlackEar {
    fn receive(&self, kind: &str, body: &str) -> ChatReceived {
        let nothing = |reply: String| ChatReceived { arrival: None, reply };
        let Ok(said) = serde_json::from_str::<Value>(body) else { return nothing(String::new()) };
        if said["type"] == "url_verification" {
            return nothing(json!({ "challenge": said["challenge"] }).to_string());
        }
        let Some(news) = read(kind, &said) else { return nothing(String::new()) };
        let reply = match news {
            ChatNews::Submitted { .. } => json!({ "response_action": "update", "view": forms::in_progress() }).to_string(),
            _ => String::new(),
        };
        let is_awaited = kind != ChatArrival::EVENT || matches!(news, ChatNews::HomeOpened { .. });
        let arrival = ChatArrival { id: id(kind, &said, body), kind: kind.to_owned(), body: body.to_owned(), is_awaited };
        ChatReceived { arrival: Some(arrival), reply }
    }

    fn hear(&self, kind: &str, body: &str) -> Option<ChatNews> {
        read(kind, &serde_json::from_str(body).ok()?)
    }
}

/// What is the same when it comes again: Slack's id, or what is used once. Of a form it is the state in which it was shown: whoever does not
/// see that it was taken sends it again.
fn id(kind: &str, said: &Value, body: &str) -> String {
    let own = match kind {
        ChatArrival::EVENT => text(&said["event_id"]),
        _ if said["type"] == "view_submission" => {
            text(&said["view"]["id"]).zip(text(&said["view"]["hash"])).map(|(form, state)| format!("{form}:{state}"))
        }
        _ => text(&said["trigger_id"]),
    };
    let id = own.unwrap_or_else(|| hex::encode(Sha256::digest(body)));
    format!("{kind}:{}", id.chars().take(120).collect::<String>())
}

fn read(kind: &str, said: &Value) -> Option<ChatNews> {
    match kind {
        ChatArrival::COMMAND => command(said),
        ChatArrival::INTERACTION => interaction(said),
        ChatArrival::EVENT => event(said),
        _ => None,
    }
}

fn command(said: &Value) -> Option<ChatNews> {
    let words = plain(said["text"].as_str().unwrap_or_default(), People::Listed);
    Some(ChatNews::Command {
        by: Asker {
            account: text(&said["user_id"])?,
            name: text(&said["user_name"]).unwrap_or_default(),
            workspace: text(&said["team_id"]),
        },
        channel: text(&said["channel_id"])?,
        text: words.text.trim().to_owned(),
        mentions: words.mentions,
        address: text(&said["response_url"]),
        trigger: text(&said["trigger_id"]),
    })
}

fn interaction(said: &Value) -> Option<ChatNews> {
    match said["type"].as_str()? {
        "block_actions" => pressed(said),
        "view_submission" => submitted(said),
        "message_action" if said["callback_id"] == ADD => {
            let channel = text(&said["channel"]["id"])?;
            Some(ChatNews::Added {
                by: asker(said)?,
                message: message(said, &channel, &said["message"])?,
                address: text(&said["response_url"]),
            })
        }
        _ => None,
    }
}

fn pressed(said: &Value) -> Option<ChatNews> {
    let action = said["actions"].as_array()?.first()?;
    let press = Press::named(action["action_id"].as_str()?.split(':').next()?)?;
    // An answer that only its reader sees can't be changed later: it is no place.
    let is_lasting = said["container"]["is_ephemeral"] != true;
    let at = text(&said["channel"]["id"]).zip(text(&said["container"]["message_ts"])).filter(|_| is_lasting);
    Some(ChatNews::Pressed {
        by: asker(said)?,
        press,
        value: text(&action["value"]).unwrap_or_default(),
        at: at.map(|(channel, ts)| Posted { channel, ts }),
        address: text(&said["response_url"]),
        trigger: text(&said["trigger_id"]),
    })
}

fn submitted(said: &Value) -> Option<ChatNews> {
    let forms::Filled { kind, incident, version, people, values } = forms::filled(&said["view"])?;
    let (by, form) = (asker(said)?, text(&said["view"]["id"])?);
    Some(ChatNews::Submitted { by, kind, incident, version, values, people, form, channel: None })
}

/// Who pressed or filled in something.
fn asker(said: &Value) -> Option<Asker> {
    let user = &said["user"];
    Some(Asker {
        account: text(&user["id"])?,
        name: text(&user["name"]).or_else(|| text(&user["username"])).unwrap_or_default(),
        workspace: text(&user["team_id"]).or_else(|| text(&said["team"]["id"])),
    })
}

fn event(said: &Value) -> Option<ChatNews> {
    let event = &said["event"];
    let channel = || text(&event["channel"]);
    let by = || {
        let account = text(&event["user"]).filter(|account| !is_us(said, account))?;
        // In a channel that workspaces share, the event's own may be another one than that for which it is told.
        let workspace = text(&said["authorizations"][0]["team_id"]).or_else(|| text(&said["team_id"]));
        Some(Asker { account, name: String::new(), workspace })
    };
    match event["type"].as_str()? {
        "message" => of_message(said, event),
        "app_home_opened" if event["tab"] == "home" => Some(ChatNews::HomeOpened { by: by()? }),
        "pin_added" => {
            let ts = text(&event["item"]["message"]["ts"])?;
            Some(ChatNews::Pinned { by: by()?, at: Posted { channel: text(&event["channel_id"])?, ts } })
        }
        "reaction_added" if event["reaction"] == PUSHPIN => {
            let (channel, ts) = (text(&event["item"]["channel"])?, text(&event["item"]["ts"])?);
            Some(ChatNews::Pinned { by: by()?, at: Posted { channel, ts } })
        }
        "channel_rename" | "group_rename" => {
            Some(ChatNews::Renamed { channel: text(&event["channel"]["id"])?, name: text(&event["channel"]["name"])? })
        }
        "channel_archive" | "group_archive" => Some(ChatNews::Archived { channel: channel()?, is_archived: true }),
        "channel_unarchive" | "group_unarchive" => Some(ChatNews::Archived { channel: channel()?, is_archived: false }),
        "channel_deleted" | "group_deleted" | "channel_left" | "group_left" => Some(ChatNews::Gone { channel: channel()? }),
        // Slack tells of each new status of anybody as well.
        "user_change" if event["user"]["deleted"] == true => Some(ChatNews::Closed { account: text(&event["user"]["id"])? }),
        _ => None,
    }
}

fn of_message(said: &Value, event: &Value) -> Option<ChatNews> {
    let channel = text(&event["channel"])?;
    let theirs = |message: SeenChatMessage| (!message.is_ours).then_some(message);
    match event["subtype"].as_str() {
        // Slack tells of previews of links as changes too: only people's have been edited.
        Some("message_changed") if event["message"]["subtype"] == "tombstone" => {
            deleted(channel, text(&event["message"]["ts"])?, text(&event["ts"])?.as_str())
        }
        Some("message_changed") if event["message"]["edited"].is_object() => {
            theirs(message(said, &channel, &event["message"])?).map(ChatNews::Edited)
        }
        Some("message_changed") => None,
        Some("message_deleted") => {
            let is_ours = text(&event["previous_message"]["user"]).is_some_and(|account| is_us(said, &account));
            if is_ours { None } else { deleted(channel, text(&event["deleted_ts"])?, text(&event["ts"])?.as_str()) }
        }
        _ => theirs(message(said, &channel, event)?).map(ChatNews::Said),
    }
}

fn deleted(channel: String, ts: String, when: &str) -> Option<ChatNews> {
    Some(ChatNews::Deleted { at: Posted { channel, ts }, when: time(when)? })
}

/// A message that people said, whether or not it is ours.
fn message(said: &Value, channel: &str, value: &Value) -> Option<SeenChatMessage> {
    let message: WireMessage = serde_json::from_value(value.clone()).ok()?;
    let by_our_app = message.app_id.is_some() && message.app_id == text(&said["api_app_id"]);
    let is_ours = by_our_app || message.user.as_deref().is_some_and(|account| is_us(said, account));
    if message.is_said() { message.seen(channel, is_ours) } else { None }
}

/// Whether an account is the one for which Slack tells of an event.
fn is_us(said: &Value, account: &str) -> bool {
    let authorized = said["authorizations"].as_array().into_iter().flatten();
    authorized.filter(|authorized| authorized["is_bot"] == true).any(|authorized| authorized["user_id"] == account)
}

/// Text that is there, without what no database keeps.
fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(|text| text.replace('\0', ""))
}

#[cfg(test)]
mod tests;
