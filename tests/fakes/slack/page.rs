//! A page that shows the workspace, for trying Muster by hand: channels, messages with their buttons, and forms.

use axum::http::Method;
use serde_json::{Value, json};

use super::outgoing::Delivering;
use super::state::{Message, buttons, texts};
use super::{Pressed, Slack};
use crate::fakes::control::done;
use crate::fakes::http::{Reply, Request};

const PAGE: &str = include_str!("page.html");

pub(super) fn answer(slack: &Slack, request: &Request) -> Option<Reply> {
    let body = request.json().unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    match (&request.method, request.segments().get(1..)?) {
        (&Method::GET, ["page"]) => {
            let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
            return Some(Reply { status: 200, headers, body: PAGE.into() });
        }
        (&Method::GET, ["workspace"]) => return Some(Reply::json(200, &workspace(slack, request.argument("user")?))),
        (&Method::POST, ["command"]) => slack.types(text("user"), text("channel"), "/incident", text("text")),
        (&Method::POST, ["say"]) => {
            slack.says(text("user"), text("channel"), Message::new(String::new(), text("user"), text("text")));
        }
        (&Method::POST, ["press"]) => {
            let place = match text("place") {
                "form" => Pressed::Form,
                "home" => Pressed::Home,
                "whisper" => Pressed::Whisper(usize::try_from(body["number"].as_u64()?).ok()?),
                _ => Pressed::Message(text("channel"), text("ts")),
            };
            slack.presses(text("user"), place, text("label"));
        }
        (&Method::POST, ["form"]) => {
            let values: Vec<(&str, Vec<&str>)> =
                body["values"].as_object()?.iter().map(|(field, values)| (field.as_str(), words(values))).collect();
            let values: Vec<(&str, &[&str])> = values.iter().map(|(field, values)| (*field, values.as_slice())).collect();
            slack.fills_in(text("user"), &values);
        }
        (&Method::DELETE, ["form"]) => slack.state().views.retain(|_, view| view.user != text("user")),
        (&Method::POST, ["deliver"]) => {
            let address = text("to");
            slack.outgoing().delivering = if address.is_empty() { Delivering::Socket } else { Delivering::Post(address.to_owned()) };
        }
        _ => return None,
    }
    Some(done())
}

fn words(values: &Value) -> Vec<&str> {
    values.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What this person sees.
fn workspace(slack: &Slack, user: &str) -> Value {
    let state = slack.state();
    let people: Vec<Value> =
        state.users.values().filter(|known| !known.is_bot).map(|known| json!({ "id": known.id, "name": known.name })).collect();
    let name = |id: &str| state.users.get(id).map_or(id, |known| known.name.as_str()).to_owned();
    let channels = state.channels.values().filter(|channel| !channel.is_private || channel.members.contains(user)).map(|channel| {
        let messages: Vec<Value> = channel.messages.values().map(|message| {
            json!({ "ts": message.ts, "by": name(&message.user), "text": said(&message.blocks, &message.text), "buttons": labels(&message.blocks) })
        }).collect();
        let title = channel.with.as_deref().map_or_else(|| channel.name.clone(), |_| "Muster".to_owned());
        json!({
            "id": channel.id, "name": title, "topic": channel.topic, "archived": channel.is_archived, "messages": messages,
            "bookmarks": channel.bookmarks, "pins": channel.pins,
        })
    });
    let channels: Vec<Value> = channels.collect();
    let whispers = state.whispers.iter().filter(|whisper| whisper.user == user);
    let whispers: Vec<Value> = whispers
        .map(|whisper| json!({ "channel": whisper.channel, "text": said(&whisper.body["blocks"], whisper.body["text"].as_str().unwrap_or_default()), "buttons": labels(&whisper.body["blocks"]) }))
        .collect();
    let form = state.views.values().rev().find(|view| view.user == user).map(|view| json!({ "view": view.view, "errors": view.errors }));
    json!({ "people": people, "channels": channels, "whispers": whispers, "form": form })
}

/// What stands in a message, beside its buttons.
fn said(blocks: &Value, otherwise: &str) -> String {
    let mut found = Vec::new();
    let shown = blocks.as_array().into_iter().flatten().filter(|block| block["type"] != "actions");
    shown.for_each(|block| texts(block, &mut found));
    if found.is_empty() { otherwise.to_owned() } else { found.join("\n") }
}

fn labels(blocks: &Value) -> Vec<String> {
    buttons(blocks).into_iter().map(|(label, ..)| label).collect()
}
