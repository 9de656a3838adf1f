//! Making and changing tickets.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::state::{Comment, Kept, State, Ticket, stamp, whole};
use super::uploads;
use crate::fakes::http::{Reply, Request};

/// How long the vendor knows a key.
const KEY_LIFE: Duration = Duration::hours(2);
const PRIORITIES: [&str; 4] = ["urgent", "high", "normal", "low"];
const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];
const KINDS: [&str; 4] = ["problem", "incident", "question", "task"];
/// Fields that the fake keeps as they are.
const KEPT_FIELDS: [&str; 6] = ["group_id", "custom_fields", "due_at", "collaborator_ids", "custom_status_id", "sharing_agreement_ids"];
/// Fields that it takes and forgets.
const TAKEN_FIELDS: [&str; 8] = [
    "additional_collaborators",
    "assignee_email",
    "attribute_value_ids",
    "email_ccs",
    "followers",
    "metadata",
    "safe_update",
    "updated_stamp",
];
/// Fields that only a new ticket may have.
const CREATE_FIELDS: [&str; 11] = [
    "brand_id",
    "collaborators",
    "email_cc_ids",
    "follower_ids",
    "macro_ids",
    "raw_subject",
    "recipient",
    "submitter_id",
    "ticket_form_id",
    "via",
    "via_followup_source_id",
];
const COMMENT_FIELDS: [&str; 6] = ["body", "html_body", "public", "author_id", "uploads", "type"];

/// Answers `POST /tickets`.
pub(super) fn create(state: &mut State, now: DateTime<Utc>, base: &str, me: u64, request: &Request) -> Reply {
    let Some(body) = request.json() else { return bad_json() };
    let Some(given) = body.get("ticket") else { return Reply::json(201, &json!({})) };
    let key = request.header("idempotency-key").map(str::to_owned);
    state.keys.retain(|_, kept| kept.at + KEY_LIFE > now);
    if let Some(kept) = key.as_ref().and_then(|key| state.keys.get(key)) {
        if kept.body != request.body {
            let description = "The idempotency key was used with another request";
            return Reply::json(400, &json!({ "error": "IdempotencyKeyMismatch", "description": description }));
        }
        return answer(state, base, 201, kept.ticket, 0).header("x-idempotency-lookup", "hit");
    }
    let made = given.as_object().ok_or_else(|| invalid("base", "Ticket: is invalid")).and_then(|given| add(state, now, base, me, given));
    let id = match made {
        Ok(id) => id,
        Err(refusal) => return refusal,
    };
    let reply = answer(state, base, 201, id, 0).header("location", format!("{base}/api/v2/tickets/{id}.json"));
    match key {
        None => reply,
        Some(key) => {
            state.keys.insert(key, Kept { at: now, body: request.body.clone(), ticket: id });
            reply.header("x-idempotency-lookup", "miss")
        }
    }
}

/// Answers `PUT /tickets/{id}`.
pub(super) fn update(state: &mut State, now: DateTime<Utc>, base: &str, me: u64, id: u64, request: &Request) -> Reply {
    let Some(body) = request.json() else { return bad_json() };
    if !state.tickets.contains_key(&id) {
        return not_found();
    }
    let Some(given) = body.get("ticket") else { return Reply::json(200, &json!({ "ticket": state.ticket_json(id, base) })) };
    let Some(given) = given.as_object() else { return invalid("base", "Ticket: is invalid") };
    match change(state, now, base, me, id, given) {
        Ok(()) => answer(state, base, 200, id, state.tickets[&id].audits.len() - 1),
        Err(refusal) => refusal,
    }
}

fn answer(state: &State, base: &str, status: u16, id: u64, audit: usize) -> Reply {
    Reply::json(status, &json!({ "ticket": state.ticket_json(id, base), "audit": state.tickets[&id].audits[audit] }))
}

/// Makes a ticket as `author` asks for it, and returns its number.
pub(super) fn add(state: &mut State, now: DateTime<Utc>, base: &str, author: u64, given: &Map<String, Value>) -> Result<u64, Reply> {
    if !given.contains_key("comment") {
        return Err(invalid("comment", "Comment: cannot be blank"));
    }
    let id = state.next_ticket;
    let ticket = Ticket {
        id,
        external_id: None,
        created_at: whole(now),
        updated_at: whole(now) - Duration::seconds(1),
        kind: None,
        subject: String::new(),
        priority: None,
        status: "new".to_owned(),
        requester_id: author,
        submitter_id: author,
        assignee_id: None,
        organization_id: None,
        problem_id: None,
        tags: Vec::new(),
        rest: Map::new(),
        comments: Vec::new(),
        audits: Vec::new(),
        indexed_at: now + state.index_lag,
    };
    let changed = applied(state, ticket, now, base, author, given, &CREATE_FIELDS)?;
    state.next_ticket += 1;
    state.tickets.insert(id, changed);
    Ok(id)
}

/// Changes a ticket as `author` asks for it. A problem that becomes solved solves its incidents.
pub(super) fn change(
    state: &mut State,
    now: DateTime<Utc>,
    base: &str,
    author: u64,
    id: u64,
    given: &Map<String, Value>,
) -> Result<(), Reply> {
    let before = state.tickets[&id].clone();
    if before.status == "closed" {
        return Err(invalid("status", "Status: closed prevents ticket update"));
    }
    check_version(&before, given)?;
    let was_solved = before.status == "solved";
    let changed = applied(state, before, now, base, author, given, &[])?;
    let solves = changed.status == "solved" && !was_solved && changed.kind.as_deref() == Some("problem");
    state.tickets.insert(id, changed);
    if solves {
        for incident in state.incidents_of(id) {
            solve_with_problem(state, now, author, incident, id);
        }
    }
    Ok(())
}

fn check_version(ticket: &Ticket, given: &Map<String, Value>) -> Result<(), Reply> {
    if given.get("safe_update") != Some(&Value::Bool(true)) {
        return Ok(());
    }
    let known = given.get("updated_stamp").and_then(Value::as_str).and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let Some(known) = known else { return Err(invalid("updated_stamp", "Updated stamp: is required for a safe update")) };
    if known == ticket.updated_at {
        return Ok(());
    }
    let description = "Safe Update prevented the update due to outdated ticket data";
    Err(Reply::json(409, &json!({ "error": "UpdateConflict", "description": description })))
}

fn solve_with_problem(state: &mut State, now: DateTime<Utc>, author: u64, id: u64, problem: u64) {
    let audit = state.fresh_id();
    let event = state.fresh_id();
    let ticket = state.tickets.get_mut(&id).expect("it was listed");
    if ticket.status == "solved" || ticket.status == "closed" {
        return;
    }
    let event = json!({ "id": event, "type": "Change", "field_name": "status", "value": "solved", "previous_value": ticket.status });
    "solved".clone_into(&mut ticket.status);
    ticket.assignee_id = ticket.assignee_id.or(Some(author));
    bump(ticket, now);
    let via = json!({ "channel": "system", "source": { "from": { "ticket_id": problem }, "to": {}, "rel": "problem" } });
    ticket.audits.push(json!({
        "id": audit, "ticket_id": id, "created_at": stamp(ticket.updated_at), "author_id": author, "via": via,
        "metadata": { "system": {}, "custom": {} }, "events": [event],
    }));
}

fn bump(ticket: &mut Ticket, now: DateTime<Utc>) {
    ticket.updated_at = whole(now).max(ticket.updated_at + Duration::seconds(1));
}

/// The ticket with what was asked for, and the audit of it.
fn applied(
    state: &mut State,
    mut ticket: Ticket,
    now: DateTime<Utc>,
    base: &str,
    author: u64,
    given: &Map<String, Value>,
    more: &[&str],
) -> Result<Ticket, Reply> {
    let mut changes = Vec::new();
    bump(&mut ticket, now);
    for (field, value) in given {
        let previous = set(state, &mut ticket, field, value, more)?;
        if let Some(previous) = previous.filter(|previous| previous != value) {
            changes.push((field.clone(), value.clone(), previous));
        }
    }
    check_belonging(state, &ticket)?;
    changes.extend(native_rules(state, &mut ticket, author)?);
    let audit = state.fresh_id();
    let mut events = Vec::new();
    if let Some(comment) = given.get("comment") {
        let mut comment = read_comment(state, &mut ticket, author, audit, comment)?;
        comment.attachments = uploads::take(state, now, &given["comment"]["uploads"])?;
        let json = comment.json(base);
        events.push(json!({
            "id": state.fresh_id(), "type": "Comment", "author_id": comment.author_id, "body": comment.body, "plain_body": comment.body,
            "html_body": json["html_body"], "public": comment.public, "attachments": json["attachments"], "audit_id": audit,
        }));
        ticket.comments.push(comment);
    }
    let kind = if ticket.audits.is_empty() { "Create" } else { "Change" };
    for (field, value, previous) in changes {
        let mut event = json!({ "id": state.fresh_id(), "type": kind, "field_name": field, "value": value });
        if kind == "Change" {
            event["previous_value"] = previous;
        }
        events.push(event);
    }
    let custom = given.get("metadata").cloned().unwrap_or_else(|| json!({}));
    ticket.audits.push(json!({
        "id": audit, "ticket_id": ticket.id, "created_at": stamp(ticket.updated_at), "author_id": author,
        "metadata": { "system": { "client": "fake" }, "custom": custom }, "events": events,
        "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
    }));
    Ok(ticket)
}

/// Sets one field, and returns its old value if that belongs in the audit.
fn set(state: &State, ticket: &mut Ticket, field: &str, value: &Value, more: &[&str]) -> Result<Option<Value>, Reply> {
    let wrong = || invalid(field, &format!("{field}: {value} is not valid"));
    let text = || value.as_str().map(str::to_owned).ok_or_else(wrong);
    let optional_text = || if value.is_null() { Ok(None) } else { text().map(Some) };
    let one_of = |all: &[&str]| text().and_then(|text| if all.contains(&text.as_str()) { Ok(text) } else { Err(wrong()) });
    let user = || value.as_u64().filter(|id| state.users.contains_key(id)).ok_or_else(wrong);
    let previous = match field {
        "subject" => json!(std::mem::replace(&mut ticket.subject, text()?)),
        "external_id" => json!(std::mem::replace(&mut ticket.external_id, optional_text()?)),
        // What was ever set or left can't be unset or entered again.
        "priority" if value.is_null() && ticket.priority.is_none() => Value::Null,
        "status" if value == "new" && ticket.status != "new" => return Err(wrong()),
        "priority" => json!(ticket.priority.replace(one_of(&PRIORITIES)?)),
        "status" => json!(std::mem::replace(&mut ticket.status, one_of(&STATUSES)?)),
        "type" if value.is_null() => json!(ticket.kind.take()),
        "type" => {
            let kind = one_of(&KINDS)?;
            // A ticket that is no longer an incident is linked to no problem.
            ticket.problem_id = ticket.problem_id.filter(|_| kind == "incident");
            json!(ticket.kind.replace(kind))
        }
        "requester_id" => json!(std::mem::replace(&mut ticket.requester_id, user()?)),
        "submitter_id" if more.contains(&field) => json!(std::mem::replace(&mut ticket.submitter_id, user()?)),
        "assignee_id" if value.is_null() => json!(ticket.assignee_id.take()),
        "assignee_id" => {
            let agent = user().ok().filter(|id| state.users[id].role != "end-user").ok_or_else(wrong)?;
            json!(ticket.assignee_id.replace(agent))
        }
        "organization_id" => {
            let known = value.as_u64().filter(|id| state.organizations.contains_key(id)).ok_or_else(wrong)?;
            json!(ticket.organization_id.replace(known))
        }
        "problem_id" if value.is_null() => json!(ticket.problem_id.take()),
        "problem_id" => {
            let is_problem = |id: &u64| state.tickets.get(id).is_some_and(|other| other.kind.as_deref() == Some("problem"));
            json!(ticket.problem_id.replace(value.as_u64().filter(is_problem).ok_or_else(wrong)?))
        }
        "tags" => {
            let tags = value.as_array().and_then(|tags| tags.iter().map(|tag| tag.as_str().map(str::to_owned)).collect::<Option<_>>());
            json!(std::mem::replace(&mut ticket.tags, tags.ok_or_else(wrong)?))
        }
        "metadata" if !value.is_object() => return Err(wrong()),
        "comment" => return Ok(None),
        _ if KEPT_FIELDS.contains(&field) => ticket.rest.insert(field.to_owned(), value.clone()).unwrap_or_default(),
        _ if TAKEN_FIELDS.contains(&field) || more.contains(&field) => return Ok(None),
        _ => return Err(invalid(field, &format!("{field}: there is no such field"))),
    };
    Ok(Some(previous))
}

/// What the vendor's own rules change after everything that was asked for, as field, new and old value.
fn native_rules(state: &State, ticket: &mut Ticket, author: u64) -> Result<Vec<(String, Value, Value)>, Reply> {
    let mut changes = Vec::new();
    if ticket.status == "solved" && ticket.assignee_id.is_none() {
        if !state.assigns_on_solving {
            return Err(invalid("assignee", "Assignee: is required when solving a ticket"));
        }
        ticket.assignee_id = Some(author);
        changes.push(("assignee_id".to_owned(), json!(author), Value::Null));
    }
    if ticket.status == "new" && ticket.assignee_id.is_some() {
        "open".clone_into(&mut ticket.status);
        changes.push(("status".to_owned(), json!("open"), json!("new")));
    }
    Ok(changes)
}

/// What can only be checked once all fields are set.
fn check_belonging(state: &State, ticket: &Ticket) -> Result<(), Reply> {
    if ticket.problem_id.is_some() && ticket.kind.as_deref() != Some("incident") {
        return Err(invalid("problem_id", "Problem: only a ticket of type incident has one"));
    }
    let home = state.users.get(&ticket.requester_id).and_then(|user| user.organization_id);
    if ticket.organization_id.is_some() && home.is_some() && ticket.organization_id != home {
        return Err(invalid("organization_id", "Organization: the requester doesn't belong to it"));
    }
    Ok(())
}

fn read_comment(state: &mut State, ticket: &mut Ticket, author: u64, audit: u64, given: &Value) -> Result<Comment, Reply> {
    let Some(fields) = given.as_object() else { return Err(invalid("comment", "Comment: is invalid")) };
    if let Some(unknown) = fields.keys().find(|field| !COMMENT_FIELDS.contains(&field.as_str())) {
        return Err(invalid("comment", &format!("Comment: there is no field {unknown}")));
    }
    let html = given["html_body"].as_str();
    let body = html.map(words).or(given["body"].as_str().map(str::to_owned)).unwrap_or_default();
    if body.trim().is_empty() {
        return Err(invalid("comment", "Comment: cannot be blank"));
    }
    let public = match &given["public"] {
        Value::Null => ticket.comments.first().is_none_or(|first| first.public),
        Value::Bool(public) => *public,
        _ => return Err(invalid("comment", "Comment: public is true or false")),
    };
    let author_id = match &given["author_id"] {
        Value::Null => author,
        id => id.as_u64().filter(|id| state.users.contains_key(id)).ok_or_else(|| invalid("comment", "Comment: author is invalid"))?,
    };
    // The vendor changes what it does not like of a link.
    let shown = html.map_or_else(|| body.clone(), |html| html.replace(" nofollow\"", "\" target=\"_blank\""));
    let html_body = format!("<div class=\"zd-comment\" dir=\"auto\">{shown}</div>");
    let (id, created_at) = (state.fresh_id(), ticket.updated_at);
    Ok(Comment { id, author_id, body, html_body, attachments: Vec::new(), public, created_at, audit_id: audit })
}

/// What is between the tags, a line each.
fn words(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text).trim());
    let text = texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

pub(super) fn not_found() -> Reply {
    Reply::json(404, &json!({ "error": "RecordNotFound", "description": "Not found" }))
}

fn bad_json() -> Reply {
    Reply::json(400, &json!({ "error": "Unprocessable", "description": "The request body is not JSON" }))
}

pub(super) fn invalid(field: &str, description: &str) -> Reply {
    let details = json!({ field: [{ "description": description }] });
    Reply::json(422, &json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": details }))
}
