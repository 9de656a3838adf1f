//! The routes under `/_fake/` for playing the people at Trello with curl.

use serde_json::{Value, json};

use super::{Delivering, KIM, TODO, Trello, cards};
use crate::fakes::control::done;
use crate::fakes::http::{Reply, Request};

pub(super) fn answer(trello: &Trello, request: &Request) -> Option<Reply> {
    let body = request.json().unwrap_or_default();
    let text = |name: &str| body[name].as_str();
    let segments = request.segments();
    let member = text("member").unwrap_or(KIM);
    let outcome = match (request.method.as_str(), segments.get(1..)?) {
        ("GET", ["cards"]) => return Some(Reply::json(200, &trello.state().cards.values().map(super::Card::json).collect())),
        ("POST", ["cards"]) => {
            let arguments = [("idList", text("list").unwrap_or(TODO)), ("name", text("name").unwrap_or_default())];
            let arguments = arguments.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let made = trello.acting(member, |state, by| cards::create(state, by, &arguments));
            made.map(|id| Reply::json(200, &json!({ "id": id })))
        }
        ("POST", ["cards", card, "move"]) => {
            let list = list(trello, text("list").unwrap_or_default());
            trello.person_sets(member, card, &[("idList", &list)]).map(|()| done())
        }
        ("PUT", ["cards", card]) => {
            let words: Vec<(String, String)> = body
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, _)| *name != "member")
                .map(|(name, value)| (name.clone(), word(value)))
                .collect();
            let arguments: Vec<(&str, &str)> = words.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            trello.person_sets(member, card, &arguments).map(|()| done())
        }
        ("DELETE", ["cards", card]) => trello.person_deletes(member, card).map(|()| done()),
        ("POST", ["cards", card, "comments"]) => trello.person_comments(member, card, text("text").unwrap_or_default()).map(|()| done()),
        ("POST", ["webhooks"]) => delivering(trello, text("deliver")),
        ("GET", ["webhooks"]) => return Some(Reply::json(200, &trello.state().webhooks.values().map(super::Webhook::json).collect())),
        _ => return None,
    };
    Some(outcome.unwrap_or_else(|refusal| refusal))
}

fn delivering(trello: &Trello, word: Option<&str>) -> Result<Reply, Reply> {
    trello.hooks().delivering = match word {
        Some("post") => Delivering::Post,
        Some("lose") => Delivering::Lose,
        _ => return Err(Reply::text(400, "`deliver` is post or lose\n")),
    };
    Ok(done())
}

/// A list by its id or its name.
fn list(trello: &Trello, wanted: &str) -> String {
    let state = trello.state();
    let named = state.lists.iter().find(|list| list.name.eq_ignore_ascii_case(wanted));
    named.map_or_else(|| wanted.to_owned(), |list| list.id.to_owned())
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
