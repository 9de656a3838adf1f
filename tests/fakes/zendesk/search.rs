//! The search, with its delay: what was just made isn't found yet.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::paging::{self, Kind};
use super::state::{State, Ticket};
use crate::fakes::http::{Reply, Request};

/// In the order of `status<solved`.
const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];

/// Answers `GET /search`.
pub(super) fn search(state: &State, now: DateTime<Utc>, base: &str, request: &Request) -> Reply {
    let Some(query) = request.argument("query") else { return refuse("query is missing") };
    match results(state, now, base, query) {
        Ok(results) => paging::list(Kind::Number, request, base, "results", results),
        Err(reply) => reply,
    }
}

/// Answers `GET /search/export`.
pub(super) fn export(state: &State, now: DateTime<Utc>, base: &str, request: &Request) -> Reply {
    let (Some(query), Some(kind)) = (request.argument("query"), request.argument("filter[type]")) else {
        return refuse("query and filter[type] are needed");
    };
    if !["ticket", "user", "organization"].contains(&kind) {
        return refuse("filter[type] is ticket, user or organization");
    }
    match results(state, now, base, &format!("type:{kind} {query}")) {
        Ok(results) => paging::list(Kind::Cursor, request, base, "results", results),
        Err(reply) => reply,
    }
}

fn results(state: &State, now: DateTime<Utc>, base: &str, query: &str) -> Result<Vec<Value>, Reply> {
    let terms = query.split_whitespace().map(term).collect::<Result<Vec<_>, _>>()?;
    let kind = terms.iter().find(|(key, ..)| *key == "type").map(|(.., value)| *value);
    let wants = |name: &str| kind.is_none_or(|kind| kind == name);
    // What only tickets have finds nothing else.
    let of_tickets = terms.iter().any(|(key, ..)| ["status", "priority", "tags", "organization"].contains(key));
    let said =
        |text: &str| terms.iter().filter(|(key, ..)| key.is_empty()).all(|(.., word)| text.to_lowercase().contains(&word.to_lowercase()));
    let named = |id: Option<&str>| terms.iter().filter(|(key, ..)| *key == "external_id").all(|(.., value)| id == Some(*value));
    let changed = |at: DateTime<Utc>| {
        let mut since = terms.iter().filter(|(key, ..)| *key == "updated").filter_map(|(.., text)| DateTime::parse_from_rfc3339(text).ok());
        since.all(|since| at >= since)
    };
    let mut results = Vec::new();
    let mut add = |kind: &str, mut json: Value| {
        json["result_type"] = json!(kind);
        results.push(json);
    };
    if wants("ticket") {
        for ticket in state.tickets.values().filter(|ticket| ticket.indexed_at <= now) {
            let text = ticket.comments.iter().fold(ticket.subject.clone(), |text, comment| text + "\n" + &comment.body);
            if said(&text)
                && named(ticket.external_id.as_deref())
                && terms.iter().all(|term| fits(ticket, term))
                && is_of(ticket, &terms)
                && changed(ticket.updated_at)
            {
                add("ticket", state.ticket_json(ticket.id, base));
            }
        }
    }
    if wants("user") && !of_tickets {
        let users =
            state.users.values().filter(|user| said(&format!("{} {}", user.name, user.email)) && named(None) && changed(user.updated_at));
        users.for_each(|user| add("user", user.json(base)));
    }
    if wants("organization") && !of_tickets {
        let fits = state.organizations.values().filter(|organization| {
            said(&organization.name) && named(organization.external_id.as_deref()) && changed(organization.updated_at)
        });
        fits.for_each(|organization| add("organization", organization.json(base)));
    }
    Ok(results)
}

/// Key, comparison and value; a word has neither key nor comparison, and `*` finds everything.
fn term(text: &str) -> Result<(&str, &str, &str), Reply> {
    let Some(at) = text.find([':', '<', '>']) else { return Ok(("", "", text.trim_matches(['*', '"']))) };
    let (key, rest) = text.split_at(at);
    let value = rest.trim_start_matches([':', '<', '>', '=']);
    let comparison = &rest[..rest.len() - value.len()];
    if key == "updated" && (comparison != ">=" || DateTime::parse_from_rfc3339(value).is_err()) {
        return Err(refuse("the fake knows updated>=TIME and no other"));
    }
    if !["type", "status", "priority", "organization", "tags", "external_id", "updated"].contains(&key) {
        return Err(refuse(&format!("the fake doesn't know the term {key}")));
    }
    if key == "status" && !STATUSES.contains(&value) {
        return Err(refuse(&format!("there is no status {value}")));
    }
    Ok((key, comparison, value.trim_matches('"')))
}

fn fits(ticket: &Ticket, (key, comparison, value): &(&str, &str, &str)) -> bool {
    let rank = |status: &str| STATUSES.iter().position(|known| *known == status);
    match (*key, *comparison) {
        ("status", ":") => ticket.status == *value,
        ("status", "<") => rank(&ticket.status) < rank(value),
        ("status", "<=") => rank(&ticket.status) <= rank(value),
        ("status", ">") => rank(&ticket.status) > rank(value),
        ("status", _) => rank(&ticket.status) >= rank(value),
        ("priority", _) => ticket.priority.as_deref() == Some(value),
        ("tags", _) => ticket.tags.iter().any(|tag| tag == value),
        _ => true,
    }
}

/// Several terms of organisations find what fits any of them.
fn is_of(ticket: &Ticket, terms: &[(&str, &str, &str)]) -> bool {
    let mut wanted = terms.iter().filter(|(key, ..)| *key == "organization").map(|(.., value)| *value).peekable();
    let own = ticket.organization_id.map_or_else(|| "none".to_owned(), |id| id.to_string());
    wanted.peek().is_none() || wanted.any(|value| value == own)
}

fn refuse(description: &str) -> Reply {
    Reply::json(422, &json!({ "error": "Invalid search", "description": description }))
}
