//! Forms and homes.

use serde_json::{Value, json};

use super::answer::{Call, Outcome};
use super::blocks;
use super::state::{State, View, wrong};

/// How many blocks they may have.
const BLOCKS: usize = 100;

/// What is wrong with a form or home.
pub(super) fn problem(view: &Value) -> Option<String> {
    let long = |name: &str, most: usize| view[name].as_str().is_some_and(|text| text.chars().count() > most);
    let title = |name: &str| view[name]["text"].as_str().is_some_and(|text| text.is_empty() || text.chars().count() > 24);
    let has_inputs = view["blocks"].as_array().into_iter().flatten().any(|block| block["type"] == "input");
    match () {
        () if view["type"] == "modal" && !view["title"].is_object() => Some("no title".to_owned()),
        () if ["title", "submit", "close"].into_iter().any(title) => Some("a title has 1 to 24 characters".to_owned()),
        () if long("private_metadata", 3_000) => Some("private_metadata is too long".to_owned()),
        () if long("callback_id", 255) => Some("callback_id is too long".to_owned()),
        () if view["type"] == "modal" && has_inputs && view["submit"].is_null() => Some("no submit".to_owned()),
        () => blocks::problem(&view["blocks"], BLOCKS),
    }
}

fn refuse(view: &Value) -> Result<(), Value> {
    match problem(view) {
        None => Ok(()),
        Some(problem) => Err(json!({ "ok": false, "error": "invalid_arguments", "response_metadata": { "messages": [problem] } })),
    }
}

pub(super) fn open(state: &mut State, call: &Call<'_>) -> Outcome {
    let user = state.pull(call.text("trigger_id")?, call.now)?;
    refuse(call.value("view"))?;
    let id = state.id("V");
    let view = View { id: id.clone(), user, view: call.value("view").clone(), hash: state.id("h"), errors: Value::Null };
    let told = told(&view);
    state.views.insert(id, view);
    Ok(json!({ "view": told }))
}

pub(super) fn update(state: &mut State, call: &Call<'_>) -> Outcome {
    let hash = state.id("h");
    let view = state.views.get_mut(call.text("view_id")?).ok_or_else(|| wrong("not_found"))?;
    if call.optional("hash").is_some_and(|given| given != view.hash) {
        return Err(wrong("hash_conflict"));
    }
    refuse(call.value("view"))?;
    view.show(call.value("view").clone(), hash);
    Ok(json!({ "view": told(view) }))
}

pub(super) fn publish(state: &mut State, call: &Call<'_>) -> Outcome {
    let user = call.text("user_id")?;
    if !state.users.contains_key(user) {
        return Err(wrong("user_not_found"));
    }
    if call.value("view")["type"] != "home" {
        return Err(wrong("invalid_arguments"));
    }
    refuse(call.value("view"))?;
    state.homes.insert(user.to_owned(), call.value("view").clone());
    Ok(json!({ "view": call.value("view") }))
}

impl View {
    /// Shows something else in its place.
    pub(super) fn show(&mut self, view: Value, hash: String) {
        self.view = view;
        self.hash = hash;
        self.errors = Value::Null;
    }

    /// What people read in it.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        super::state::texts(&self.view, &mut words);
        words.join("\n")
    }
}

/// A view as it is told, with what is filled in at first.
pub(super) fn told(view: &View) -> Value {
    let mut told = view.view.clone();
    told["id"] = view.id.as_str().into();
    told["hash"] = view.hash.as_str().into();
    told["team_id"] = super::TEAM.into();
    told["app_id"] = super::APP.into();
    told["bot_id"] = super::BOT.into();
    told["root_view_id"] = view.id.as_str().into();
    told["previous_view_id"] = Value::Null;
    told["state"] = json!({ "values": blocks::initial(&view.view["blocks"]) });
    told
}
