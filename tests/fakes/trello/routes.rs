//! Which request gets which answer.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::cards::{Action, By, argument, comment, create, delete, id, invalid, not_found, update};
use super::state::{Card, ME, State, Webhook};
use super::{KEY, TOKEN};
use crate::fakes::http::{Reply, Request};
use crate::fakes::limits::Window;

/// Arguments that Muster may give to a new card.
const CREATE: [&str; 7] = ["name", "desc", "pos", "due", "dueComplete", "idList", "idMembers"];
/// Arguments that Muster may change.
const UPDATE: [&str; 9] = ["name", "desc", "closed", "idMembers", "idBoard", "idList", "pos", "due", "dueComplete"];
const FIELDS: [&str; 1] = ["fields"];
/// Cards in one answer.
const MOST: usize = 1_000;
/// After this many refusals within one period, everything is refused for the next.
const PATIENCE: usize = 200;

type Answer = Result<(Reply, Vec<Action>), Reply>;

/// The outcome of a request.
pub(super) enum Outcome {
    Answer(Reply, Vec<Action>),
    /// A new webhook: its address must be looked at first.
    Register(Webhook),
}

pub(super) fn answer(state: &mut State, now: DateTime<Utc>, request: &Request) -> Outcome {
    let segments = request.segments();
    let Some(["1", path @ ..]) = segments.get(..) else { return Outcome::Answer(not_found(), Vec::new()) };
    let checked = sign_in(request).and_then(|()| limit(state, now, path)).and_then(|()| {
        let refusal = Reply::text(400, "the fake takes arguments in the query only");
        if request.body.is_empty() { Ok(()) } else { Err(refusal) }
    });
    if let Err(refusal) = checked {
        return Outcome::Answer(refusal, Vec::new());
    }
    let arguments: Vec<(String, String)> = request.query.iter().filter(|(name, _)| name != "key" && name != "token").cloned().collect();
    if (request.method.as_str(), path) == ("POST", &["webhooks"][..]) {
        return match register(state, now, &arguments) {
            Ok(webhook) => Outcome::Register(webhook),
            Err(refusal) => Outcome::Answer(refusal, Vec::new()),
        };
    }
    let (reply, actions) = route(state, now, request.method.as_str(), path, &arguments).unwrap_or_else(|refusal| (refusal, Vec::new()));
    let left = state.of_token.left();
    let reply = reply.header("x-rate-limit-api-token-interval-ms", 10_000).header("x-rate-limit-api-token-remaining", left);
    Outcome::Answer(reply, actions)
}

fn route(state: &mut State, now: DateTime<Utc>, method: &str, path: &[&str], arguments: &[(String, String)]) -> Answer {
    let by = By { member: ME, now };
    let read = |value: Value| pick(arguments, value).map(|value| (Reply::json(200, &value), Vec::new()));
    match (method, path) {
        ("GET", ["members", "me"]) => read(state.member(ME).expect("it is there").json()),
        ("GET", ["boards", board]) => read(state.board(id(board, "id")?).ok_or_else(not_found)?.json()),
        ("GET", ["boards", board, "lists"]) => {
            let board = state.board(id(board, "id")?).ok_or_else(not_found)?.id;
            read(state.lists.iter().filter(|list| list.board == board).map(super::state::List::json).collect())
        }
        ("GET", ["boards", board, "members"]) => {
            let board = state.board(id(board, "id")?).ok_or_else(not_found)?;
            read(board.members.iter().filter_map(|member| state.member(member)).map(super::state::Member::json).collect())
        }
        ("GET", ["boards", board, "cards", filter @ ..]) => {
            let board = state.board(id(board, "id")?).ok_or_else(not_found)?.id;
            let fits = shown(filter.first().copied().unwrap_or("visible"))?;
            let (paging, others): (Vec<_>, Vec<_>) = arguments.iter().cloned().partition(|(name, _)| name == "limit" || name == "before");
            let limit = argument(&paging, "limit").map_or(Ok(MOST), str::parse).ok().filter(|limit| (1..=MOST).contains(limit));
            let before = argument(&paging, "before");
            let here = state.cards.values().filter(|card| card.board == board && fits(card));
            let mut cards: Vec<&Card> = here.filter(|card| before.is_none_or(|before| *card.id < *before)).collect();
            // The newest come first, and no more than the most.
            cards.sort_by(|one, other| other.id.cmp(&one.id));
            let page = cards.into_iter().take(limit.ok_or_else(|| invalid("limit"))?).map(Card::json).collect();
            pick(&others, page).map(|page| (Reply::json(200, &page), Vec::new()))
        }
        ("GET", ["lists", list]) => read(state.list(id(list, "id")?).ok_or_else(not_found)?.json()),
        ("GET", ["lists", list, "cards"]) => {
            let list = state.list(id(list, "id")?).ok_or_else(not_found)?.id;
            read(state.cards.values().filter(|card| card.list == list && !card.closed).map(Card::json).collect())
        }
        ("POST", ["cards"]) => {
            only(arguments, &CREATE)?;
            let (card, actions) = create(state, by, arguments)?;
            Ok((Reply::json(200, &state.cards[&card].json()), actions))
        }
        (_, ["cards", card, rest @ ..]) => on_card(state, by, method, id(card, "id")?, rest, arguments),
        ("GET", ["tokens", token, "webhooks"]) => {
            if *token != TOKEN {
                return Err(Reply::text(401, "invalid token"));
            }
            read(state.webhooks.values().map(Webhook::json).collect())
        }
        ("GET", ["webhooks", webhook]) => read(state.webhooks.get(id(webhook, "id")?).ok_or_else(not_found)?.json()),
        ("PUT", ["webhooks", webhook]) => {
            only(arguments, &["active"])?;
            let webhook = state.webhooks.get_mut(id(webhook, "id")?).ok_or_else(not_found)?;
            webhook.active = argument(arguments, "active") == Some("true");
            Ok((Reply::json(200, &webhook.json()), Vec::new()))
        }
        ("DELETE", ["webhooks", webhook]) => match state.webhooks.remove(id(webhook, "id")?) {
            Some(_) => Ok((Reply::json(200, &json!({ "_value": null })), Vec::new())),
            None => Err(not_found()),
        },
        ("GET", ["search", "members"]) => find_members(state, arguments),
        _ => Err(Reply::text(404, &format!("Cannot {method} /1/{}", path.join("/")))),
    }
}

fn on_card(state: &mut State, by: By<'_>, method: &str, card: &str, rest: &[&str], arguments: &[(String, String)]) -> Answer {
    let current = state.cards.get(card).cloned().ok_or_else(not_found)?;
    let members = |members: Vec<String>| [("idMembers".to_owned(), members.join(","))];
    let actions = match (method, rest) {
        ("GET", []) => return Ok((Reply::json(200, &pick(arguments, current.json())?), Vec::new())),
        ("PUT", []) => {
            only(arguments, &UPDATE)?;
            update(state, by, card, arguments)?
        }
        ("DELETE", []) => {
            only(arguments, &[])?;
            return Ok((Reply::json(200, &json!({ "limits": {} })), delete(state, by, card)?));
        }
        ("POST", ["actions", "comments"]) => {
            only(arguments, &["text"])?;
            let actions = comment(state, by, card, argument(arguments, "text").ok_or_else(|| invalid("text"))?)?;
            return Ok((Reply::json(200, &actions[0].json), actions));
        }
        ("POST", ["idMembers"]) => {
            only(arguments, &["value"])?;
            let member = id(argument(arguments, "value").unwrap_or_default(), "value")?;
            if current.members.iter().any(|known| known == member) {
                return Err(Reply::text(400, "member is already on the card"));
            }
            let all = current.members.into_iter().chain([member.to_owned()]).collect();
            let actions = update(state, by, card, &members(all)).map_err(|_| invalid("value"))?;
            return Ok((Reply::json(200, &json!(state.cards[card].members)), actions));
        }
        ("DELETE", ["idMembers", member]) => {
            only(arguments, &[])?;
            let member = id(member, "idMember")?;
            if !current.members.iter().any(|known| known == member) {
                return Err(Reply::text(400, "member is not on the card"));
            }
            update(state, by, card, &members(current.members.into_iter().filter(|known| known != member).collect()))?
        }
        _ => return Err(not_found()),
    };
    Ok((Reply::json(200, &state.cards[card].json()), actions))
}

fn register(state: &mut State, now: DateTime<Utc>, arguments: &[(String, String)]) -> Result<Webhook, Reply> {
    only(arguments, &["description", "callbackURL", "idModel", "active"])?;
    let callback = argument(arguments, "callbackURL").filter(|url| url.starts_with("http")).ok_or_else(|| invalid("callbackURL"))?;
    let model = id(argument(arguments, "idModel").unwrap_or_default(), "idModel")?;
    let is_known = state.board(model).is_some() || state.list(model).is_some() || state.cards.contains_key(model);
    if !is_known {
        return Err(Reply::text(404, "model not found"));
    }
    if state.webhooks.values().any(|known| known.callback == callback && known.model == model) {
        return Err(Reply::text(400, "A webhook with that callback, model, and token already exists"));
    }
    Ok(Webhook {
        id: state.fresh_id(now),
        description: argument(arguments, "description").unwrap_or_default().to_owned(),
        model: model.to_owned(),
        callback: callback.to_owned(),
        active: argument(arguments, "active") != Some("false"),
        failures: 0,
    })
}

fn find_members(state: &State, arguments: &[(String, String)]) -> Answer {
    only(arguments, &["query", "limit", "idBoard", "onlyOrgMembers"])?;
    let query = argument(arguments, "query").filter(|query| !query.is_empty()).ok_or_else(|| invalid("query"))?.to_lowercase();
    let limit = argument(arguments, "limit")
        .unwrap_or("8")
        .parse()
        .ok()
        .filter(|limit| (1..=20).contains(limit))
        .ok_or_else(|| invalid("limit"))?;
    let on_board = |member: &str| match argument(arguments, "idBoard") {
        None => true,
        Some(board) => state.board(board).is_some_and(|board| board.members.contains(&member)),
    };
    let named = |member: &&super::state::Member| format!("{} {}", member.username, member.full_name).to_lowercase().contains(&query);
    let found = state.members.iter().filter(|member| on_board(member.id)).filter(named).take(limit);
    Ok((Reply::json(200, &found.map(super::state::Member::json).collect()), Vec::new()))
}

/// Which cards a filter shows.
fn shown(filter: &str) -> Result<fn(&Card) -> bool, Reply> {
    match filter {
        "all" => Ok(|_| true),
        "closed" => Ok(|card| card.closed),
        "open" | "visible" => Ok(|card| !card.closed),
        "complete" => Ok(|card| card.due_complete),
        "incomplete" => Ok(|card| !card.due_complete),
        "none" => Ok(|_| false),
        _ => Err(invalid("filter")),
    }
}

/// Refuses what the vendor would ignore.
fn only(arguments: &[(String, String)], known: &[&str]) -> Result<(), Reply> {
    match arguments.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, _)) => Err(Reply::text(400, &format!("the fake doesn't know the argument {name} here"))),
    }
}

/// The fields that the request asks for, of one thing or of each in a list; the id is always among them.
fn pick(arguments: &[(String, String)], value: Value) -> Result<Value, Reply> {
    only(arguments, &FIELDS)?;
    let Some(fields) = argument(arguments, "fields").filter(|fields| *fields != "all") else { return Ok(value) };
    let wanted: Vec<&str> = fields.split(',').collect();
    let one = |mut value: Value| {
        let object = value.as_object_mut().ok_or_else(|| invalid("fields"))?;
        if wanted.iter().any(|field| !object.contains_key(*field)) {
            return Err(invalid("fields"));
        }
        object.retain(|name, _| name == "id" || wanted.contains(&name.as_str()));
        Ok(value)
    };
    match value {
        Value::Array(values) => Ok(Value::Array(values.into_iter().map(one).collect::<Result<_, _>>()?)),
        other => one(other),
    }
}

fn sign_in(request: &Request) -> Result<(), Reply> {
    let header = request.header("authorization").and_then(|value| value.strip_prefix("OAuth ")).unwrap_or_default();
    let of_header = |name: &str| {
        let mut parts = header.split(',').filter_map(|part| part.trim().split_once('='));
        parts.find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches('"'))
    };
    if request.argument("key").or(of_header("oauth_consumer_key")) != Some(KEY) {
        return Err(Reply::text(401, "invalid key"));
    }
    if request.argument("token").or(of_header("oauth_token")) != Some(TOKEN) {
        return Err(Reply::text(401, "invalid token"));
    }
    Ok(())
}

fn limit(state: &mut State, now: DateTime<Utc>, path: &[&str]) -> Result<(), Reply> {
    let refuse = |window: &mut Window, error: &str, message: &str| {
        if window.take(now).is_ok() {
            return Ok(());
        }
        if window.refused_lately() > PATIENCE {
            window.block(now);
        }
        Err(Reply::json(429, &json!({ "error": error, "message": message })))
    };
    refuse(&mut state.of_token, "API_TOKEN_LIMIT_EXCEEDED", "Rate limit exceeded")?;
    refuse(&mut state.of_key, "API_KEY_LIMIT_EXCEEDED", "Rate limit exceeded")?;
    if path.first() == Some(&"members") {
        return refuse(&mut state.of_members, "RATE_LIMIT_EXCEEDED", "Exceeded rate limit to /1/member");
    }
    Ok(())
}
