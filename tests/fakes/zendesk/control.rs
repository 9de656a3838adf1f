//! The routes under `/_fake/` for playing the people at Zendesk with curl.

use serde_json::{Value, json};

use super::{AGENT, CLIENT, Zendesk};
use crate::fakes::control::done;
use crate::fakes::http::{Reply, Request};

pub(super) fn answer(zendesk: &Zendesk, request: &Request) -> Option<Reply> {
    let body = request.json().unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let segments = request.segments();
    let path = segments.get(1..)?;
    let id = path.get(1).and_then(|id| id.parse::<u64>().ok());
    let author = |default: u64| body["author_id"].as_u64().unwrap_or(default);
    let outcome = match (request.method.as_str(), path, id) {
        ("GET", ["tickets"], _) => return Some(tickets(zendesk)),
        ("POST", ["tickets"], _) => {
            let made = zendesk.add_ticket(author(CLIENT), text("subject"), text("body"), body["fields"].clone());
            made.map(|id| Reply::json(200, &json!({ "id": id })))
        }
        ("POST", ["tickets", _, "replies"], Some(id)) => {
            let public = body["public"].as_bool().unwrap_or(true);
            zendesk.add_comment(id, author(CLIENT), text("body"), public).map(|_| done())
        }
        ("POST", ["tickets", _, "solve"], Some(id)) => {
            zendesk.change_ticket(id, author(AGENT), json!({ "status": "solved" })).map(|()| done())
        }
        ("PUT", ["tickets", _], Some(id)) => zendesk.change_ticket(id, AGENT, body).map(|()| done()),
        ("POST", ["webhook"], _) => {
            zendesk.notify(body["url"].as_str());
            Ok(done())
        }
        _ => return None,
    };
    Some(outcome.unwrap_or_else(|refusal| refusal))
}

fn tickets(zendesk: &Zendesk) -> Reply {
    let state = zendesk.state();
    let all: Vec<Value> = state
        .tickets
        .values()
        .map(|ticket| {
            let mut json = state.ticket_json(ticket.id, zendesk.front.url());
            json["comments"] = ticket.comments.iter().map(|comment| comment.json(zendesk.front.url())).collect();
            json
        })
        .collect();
    Reply::json(200, &json!(all))
}
