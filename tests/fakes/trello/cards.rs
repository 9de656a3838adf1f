//! Changes of cards and the actions that report them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::state::{Card, State, millis};
use crate::fakes::http::Reply;

/// Characters of a description.
const MAX_DESC: usize = 16_384;
/// Characters of a name or a comment.
const MAX_TEXT: usize = 16_384;

/// An action, and the board, list and card that it is about.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub json: Value,
    pub models: Vec<String>,
}

/// Who changes something, when.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub member: &'a str,
    pub now: DateTime<Utc>,
}

type Arguments<'a> = &'a [(String, String)];

/// Makes a card from the arguments of `POST /cards`.
pub(super) fn create(state: &mut State, by: By<'_>, arguments: Arguments<'_>) -> Result<(String, Vec<Action>), Reply> {
    let list = argument(arguments, "idList").ok_or_else(|| invalid("idList"))?;
    let list = state.list(id(list, "idList")?).ok_or_else(|| Reply::text(404, "could not find the list that the card belongs to"))?;
    let (list, board) = (list.id.to_owned(), list.board.to_owned());
    let id = state.fresh_id(by.now);
    let id_short = state.cards.values().filter(|card| card.board == board).count() as u64 + 1;
    let pos = state.place(&list, argument(arguments, "pos").unwrap_or("bottom")).ok_or_else(|| invalid("pos"))?;
    let mut card = Card {
        short_link: format!("Fake{:04}", state.number()),
        id: id.clone(),
        id_short,
        name: String::new(),
        desc: String::new(),
        closed: false,
        board,
        list,
        members: Vec::new(),
        due: None,
        due_complete: false,
        pos,
        last_activity: by.now,
        comments: Vec::new(),
    };
    for (name, value) in arguments.iter().filter(|(name, _)| name != "idList" && name != "pos") {
        set(state, &mut card, name, value)?;
    }
    state.cards.insert(id.clone(), card);
    let action = act(state, by, &id, "createCard", &json!({}));
    Ok((id, vec![action]))
}

/// Changes a card as the arguments of `PUT /cards/{id}` say; one action for each thing that changed.
pub(super) fn update(state: &mut State, by: By<'_>, id: &str, arguments: Arguments<'_>) -> Result<Vec<Action>, Reply> {
    let before = state.cards.get(id).cloned().ok_or_else(not_found)?;
    let mut card = before.clone();
    for (name, value) in arguments {
        set(state, &mut card, name, value)?;
    }
    let changes = changes(&before, &card);
    if changes.is_empty() && before.members == card.members {
        return Ok(Vec::new());
    }
    card.last_activity = by.now;
    let (old, new) = (before.members, card.members.clone());
    state.cards.insert(id.to_owned(), card);
    let mut actions = Vec::new();
    for (field, was, is) in changes {
        let mut data = json!({ "old": { field: was }, "card": { field: is } });
        if field == "idList" {
            for (end, list) in [("listBefore", was.as_str()), ("listAfter", is.as_str())] {
                let list = list.and_then(|id| state.list(id)).expect("cards are in lists");
                data[end] = json!({ "id": list.id, "name": list.name });
            }
        }
        actions.push(act(state, by, id, "updateCard", &data));
    }
    for member in new.iter().filter(|member| !old.contains(member)) {
        actions.push(act(state, by, id, "addMemberToCard", &json!({ "idMember": member })));
    }
    for member in old.iter().filter(|member| !new.contains(member)) {
        actions.push(act(state, by, id, "removeMemberFromCard", &json!({ "idMember": member, "deactivated": false })));
    }
    Ok(actions)
}

/// Deletes a card for good.
pub(super) fn delete(state: &mut State, by: By<'_>, id: &str) -> Result<Vec<Action>, Reply> {
    if !state.cards.contains_key(id) {
        return Err(not_found());
    }
    let action = act(state, by, id, "deleteCard", &json!({}));
    state.cards.remove(id);
    Ok(vec![action])
}

/// Comments on a card.
pub(super) fn comment(state: &mut State, by: By<'_>, id: &str, text: &str) -> Result<Vec<Action>, Reply> {
    let card = state.cards.get_mut(id).ok_or_else(not_found)?;
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Err(invalid("text"));
    }
    card.comments.push(text.to_owned());
    card.last_activity = by.now;
    Ok(vec![act(state, by, id, "commentCard", &json!({ "text": text }))])
}

fn set(state: &State, card: &mut Card, name: &str, value: &str) -> Result<(), Reply> {
    let wrong = || invalid(name);
    match name {
        "name" if value.chars().count() <= MAX_TEXT => value.clone_into(&mut card.name),
        "desc" if value.chars().count() <= MAX_DESC => value.clone_into(&mut card.desc),
        "closed" => card.closed = value.parse().map_err(|_| wrong())?,
        "dueComplete" => card.due_complete = value.parse().map_err(|_| wrong())?,
        "due" if value.is_empty() || value == "null" => card.due = None,
        "due" => card.due = Some(time(value).ok_or_else(wrong)?),
        "pos" => card.pos = state.place(&card.list, value).ok_or_else(wrong)?,
        // With the list on it, which comes along.
        "idBoard" => {
            state.board(id(value, name)?).ok_or_else(wrong)?;
        }
        "idList" => {
            let list = state.list(id(value, name)?).ok_or_else(|| Reply::text(404, "model not found"))?;
            (card.list, card.board) = (list.id.to_owned(), list.board.to_owned());
        }
        "idMembers" => {
            let board = state.board(&card.board).expect("cards are on boards");
            let members = value.split(',').filter(|member| !member.is_empty()).map(|member| id(member, name));
            let members: Vec<&str> = members.collect::<Result<_, _>>()?;
            if members.iter().any(|member| !board.members.contains(member)) {
                return Err(wrong());
            }
            card.members = members.into_iter().map(str::to_owned).collect();
        }
        _ => return Err(wrong()),
    }
    Ok(())
}

/// A date counts as its midnight.
fn time(value: &str) -> Option<DateTime<Utc>> {
    let day = || Some(value.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc());
    DateTime::parse_from_rfc3339(value).ok().map(|time| time.to_utc()).or_else(day)
}

/// Which fields changed: name, old and new value.
fn changes(before: &Card, after: &Card) -> Vec<(&'static str, Value, Value)> {
    let (old, new) = (before.json(), after.json());
    let fields = ["name", "desc", "closed", "idList", "due", "dueComplete", "pos"];
    fields.into_iter().filter(|field| old[field] != new[field]).map(|field| (field, old[field].clone(), new[field].clone())).collect()
}

/// Makes an action of this type about a card; `data` is what is special about it.
fn act(state: &mut State, by: By<'_>, id: &str, kind: &str, data: &Value) -> Action {
    let action = state.fresh_id(by.now);
    let card = &state.cards[id];
    let board = state.board(&card.board).expect("cards are on boards");
    let list = state.list(&card.list).expect("cards are in lists");
    let mut all = data.as_object().cloned().unwrap_or_default();
    let mut brief: Map<String, Value> = card.brief();
    if kind == "deleteCard" {
        brief.remove("name");
    }
    brief.extend(data["card"].as_object().cloned().unwrap_or_default());
    all.insert("card".to_owned(), brief.into());
    all.insert("board".to_owned(), json!({ "id": board.id, "name": board.name, "shortLink": &board.id[16..] }));
    if !all.contains_key("listAfter") && !all.contains_key("idMember") {
        all.insert("list".to_owned(), json!({ "id": list.id, "name": list.name }));
    }
    if let Some(member) = data["idMember"].as_str().and_then(|id| state.member(id)) {
        all.insert("member".to_owned(), json!({ "id": member.id, "name": member.full_name }));
    }
    let creator = state.member(by.member).map(super::state::Member::json);
    let json = json!({
        "id": action, "idMemberCreator": by.member, "data": all, "appCreator": null, "type": kind, "date": millis(by.now),
        "limits": null, "display": { "translationKey": "fake", "entities": {} }, "memberCreator": creator,
    });
    Action { json, models: vec![board.id.to_owned(), list.id.to_owned(), card.id.clone()] }
}

pub(super) fn argument<'a>(arguments: Arguments<'a>, name: &str) -> Option<&'a str> {
    arguments.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The text if it is an id.
pub(super) fn id<'a>(text: &'a str, what: &str) -> Result<&'a str, Reply> {
    let is_id = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { Ok(text) } else { Err(invalid(what)) }
}

/// The vendor's words: `id` is in the path, all else has a name.
pub(super) fn invalid(what: &str) -> Reply {
    if what == "id" { Reply::text(400, "invalid id") } else { Reply::text(400, &format!("invalid value for {what}")) }
}

pub(super) fn not_found() -> Reply {
    Reply::text(404, "The requested resource was not found.")
}
