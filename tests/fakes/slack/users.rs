//! Who is in the workspace.

use serde_json::{Value, json};

use super::answer::{Call, Outcome};
use super::state::{State, wrong};
use super::{BOT, BOT_USER, TEAM};

pub(super) fn who_am_i(url: &str) -> Value {
    json!({ "url": format!("{url}/"), "team": "Fake", "user": "muster", "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": false })
}

pub(super) fn info(state: &State, call: &Call<'_>) -> Outcome {
    let user = state.users.get(call.text("user")?).ok_or_else(|| wrong("user_not_found"))?;
    let mut told = user.json();
    if !state.scopes.contains("users:read.email") {
        told["profile"].as_object_mut().expect("it is one").remove("email");
    }
    Ok(json!({ "user": told }))
}

/// Nobody is found whose account was closed.
pub(super) fn by_email(state: &State, call: &Call<'_>) -> Outcome {
    let email = call.text("email")?;
    let has_it = |known: &Option<String>| known.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(email));
    let found = state.users.values().find(|user| has_it(&user.email) && !user.is_deleted && user.is_here());
    Ok(json!({ "user": found.ok_or_else(|| wrong("users_not_found"))?.json() }))
}
