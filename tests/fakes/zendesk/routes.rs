//! Which request gets which answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::paging::{self, Kind};
use super::state::{ME, State};
use super::tickets::{create, invalid, not_found, update};
use super::{API_TOKEN, EMAIL, search, uploads};
use crate::fakes::http::{Reply, Request};
use crate::fakes::limits::Window;

pub(super) fn answer(state: &mut State, now: DateTime<Utc>, base: &str, request: &Request) -> Reply {
    let segments = request.segments();
    let Some(["api", "v2", path @ ..]) = segments.get(..) else { return not_found() };
    let method = request.method.as_str();
    let known = is_signed_in(request);
    if (method, path) == ("GET", &["users", "me"][..]) && !known {
        let nobody = json!({ "id": null, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user", "active": null });
        return Reply::json(200, &json!({ "user": nobody }));
    }
    if !known {
        return Reply::json(401, &json!({ "error": "Couldn't authenticate you" }));
    }
    if let Err(seconds) = state.requests.take(now) {
        return too_many(&state.requests, seconds);
    }
    if method != "GET"
        && path != ["uploads"]
        && !request.body.is_empty()
        && !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"))
    {
        return Reply::json(415, &json!({ "error": "UnsupportedMediaType", "description": "Send application/json" }));
    }
    let (limit, left) = (state.requests.usage().limit, state.requests.left());
    route(state, now, base, method, path, request).header("x-rate-limit", limit).header("x-rate-limit-remaining", left)
}

fn route(state: &mut State, now: DateTime<Utc>, base: &str, method: &str, path: &[&str], request: &Request) -> Reply {
    let id = path.get(1).and_then(|id| id.parse::<u64>().ok());
    let ticket = id.filter(|id| state.tickets.contains_key(id));
    match (method, path) {
        ("GET", ["users", "me"]) => Reply::json(200, &json!({ "user": state.users[&ME].json(base) })),
        ("GET", ["users"]) => {
            let role = request.argument("role");
            let users = state.users.values().filter(|user| role.is_none_or(|role| user.role == role));
            paging::page(request, base, "users", users.map(|user| user.json(base)).collect())
        }
        ("GET", ["organizations"]) => {
            let all = state.organizations.values().map(|organization| organization.json(base)).collect();
            paging::page(request, base, "organizations", all)
        }
        ("GET", ["users", _]) => found("user", id.and_then(|id| state.users.get(&id)).map(|user| user.json(base))),
        ("GET", ["organizations", _]) => {
            found("organization", id.and_then(|id| state.organizations.get(&id)).map(|organization| organization.json(base)))
        }
        ("POST", ["tickets"]) => create(state, now, base, ME, request),
        ("GET", ["tickets"]) => {
            let wanted = request.argument("external_id");
            let fits = state.tickets.values().filter(|ticket| wanted.is_none() || ticket.external_id.as_deref() == wanted);
            paging::page(request, base, "tickets", fits.map(|ticket| state.ticket_json(ticket.id, base)).collect())
        }
        ("GET", ["tickets", _]) => found("ticket", ticket.map(|id| state.ticket_json(id, base))),
        ("PUT", ["tickets", _]) => {
            limited(state, now, id).unwrap_or_else(|| id.map_or_else(not_found, |id| update(state, now, base, ME, id, request)))
        }
        ("GET", ["tickets", _, kind @ ("comments" | "audits" | "incidents")]) => match ticket {
            None => not_found(),
            Some(id) => {
                let name = if *kind == "incidents" { "tickets" } else { kind };
                paging::page(request, base, name, parts(state, base, id, kind))
            }
        },
        ("POST", ["uploads"]) => uploads::upload(state, now, base, request),
        ("GET", ["search"]) => search::search(state, now, base, request),
        ("GET", ["search", "export"]) => search::export(state, now, base, request),
        (_, ["webhooks", ..]) => webhooks(state, now, method, &path[1..], request),
        _ => Reply::json(404, &json!({ "error": { "title": "No such page", "message": "The fake doesn't know this path" } })),
    }
}

fn parts(state: &State, base: &str, id: u64, kind: &str) -> Vec<Value> {
    let ticket = &state.tickets[&id];
    match kind {
        "comments" => ticket.comments.iter().map(|comment| comment.json(base)).collect(),
        "audits" => ticket.audits.clone(),
        _ => state.incidents_of(id).into_iter().map(|incident| state.ticket_json(incident, base)).collect(),
    }
}

/// The limits on changes of tickets: of the account, and of one ticket.
fn limited(state: &mut State, now: DateTime<Utc>, id: Option<u64>) -> Option<Reply> {
    if let Err(seconds) = state.updates.take(now) {
        return Some(too_many(&state.updates, seconds));
    }
    let of_ticket = state.updates_of.entry(id?).or_insert_with(|| Window::new(30, Duration::minutes(10)));
    of_ticket.take(now).err().map(|seconds| too_many(of_ticket, seconds))
}

fn too_many(window: &Window, seconds: i64) -> Reply {
    let description = format!("Number of allowed API requests per minute exceeded: {}", window.usage().limit);
    Reply::json(429, &json!({ "error": "APIRateLimitExceeded", "description": description })).header("retry-after", seconds)
}

fn is_signed_in(request: &Request) -> bool {
    let credentials = request.header("authorization").and_then(|value| value.strip_prefix("Basic "));
    let decoded = credentials.and_then(|encoded| STANDARD.decode(encoded).ok());
    decoded.is_some_and(|decoded| decoded == format!("{EMAIL}/token:{API_TOKEN}").as_bytes())
}

fn found(name: &str, value: Option<Value>) -> Reply {
    value.map_or_else(not_found, |value| Reply::json(200, &json!({ name: value })))
}

fn webhooks(state: &mut State, now: DateTime<Utc>, method: &str, path: &[&str], request: &Request) -> Reply {
    match (method, path) {
        ("GET", []) => paging::list(Kind::Whole, request, "", "webhooks", state.webhooks.values().cloned().collect()),
        ("POST", []) => {
            let Some(mut webhook) = request.json().and_then(|body| body.get("webhook").cloned()) else {
                return invalid("webhook", "Webhook: is required");
            };
            for required in ["name", "endpoint", "http_method", "request_format", "status"] {
                if !webhook[required].is_string() {
                    return invalid(required, &format!("{required}: is required"));
                }
            }
            let id = format!("01FAKE{:020}", state.fresh_id());
            webhook["id"] = json!(id);
            webhook["created_at"] = json!(super::state::stamp(now));
            state.webhooks.insert(id, webhook.clone());
            Reply::json(201, &json!({ "webhook": webhook }))
        }
        ("GET", [id]) => found("webhook", state.webhooks.get(*id).cloned()),
        ("GET", [id, "signing_secret"]) if state.webhooks.contains_key(*id) => {
            Reply::json(200, &json!({ "signing_secret": { "algorithm": "SHA256", "secret": super::WEBHOOK_SECRET } }))
        }
        ("DELETE", [id]) if state.webhooks.remove(*id).is_some() => Reply { status: 204, headers: Vec::new(), body: bytes::Bytes::new() },
        _ => not_found(),
    }
}
