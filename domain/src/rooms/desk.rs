//! What is asked for in words, and home: the commands of [`crate::chat`], as the chat asks for them.

use std::collections::HashMap;

use entity::{IncidentId, PersonId};

use super::buttons;
use crate::chat::{self, Mentions};
use crate::ctx::Ctx;
use crate::error::{Conflict, Error, Result};
use crate::people;
use crate::ports::{Answer, FieldKind, Form, FormKind, Home, HomeEntry, HomePart, Values};

/// Carries out a command. `key` names the call for ever.
pub(super) async fn run(
    ctx: &Ctx,
    incident: Option<IncidentId>,
    text: &str,
    mentions: HashMap<String, PersonId>,
    key: &str,
) -> Result<Answer> {
    chat::run(ctx, incident, text, &Mentions(mentions), Some(key)).await
}

/// A form that came back.
pub(super) struct Filled<'a> {
    pub kind: &'a FormKind,
    pub incident: Option<IncidentId>,
    pub version: Option<i32>,
    pub values: &'a Values,
}

/// Carries out what was filled in.
pub(super) async fn submit(ctx: &Ctx, filled: &Filled<'_>, key: &str) -> Result<Answer> {
    chat::submit(ctx, filled.kind, filled.incident, filled.version, filled.values, Some(key)).await
}

/// The form once more, with what was filled in and what is wrong with it; `None` if that belongs to no field.
pub(super) async fn again(ctx: &Ctx, filled: &Filled<'_>, error: &Error) -> Result<Option<Form>> {
    let (problems, version) = match error {
        // Whoever sends it again has read what others changed.
        Error::Conflict(conflict) => (overtaken(conflict), Some(conflict.version)),
        error => (chat::fields_of(ctx, filled.kind, error), filled.version),
    };
    if problems.is_empty() {
        return Ok(None);
    }
    let command = match filled.kind {
        FormKind::Declare => "new".to_owned(),
        FormKind::Update => "update".to_owned(),
        FormKind::Resolve => "resolve".to_owned(),
        FormKind::Step(key) => format!("step {key}"),
    };
    // What can't be asked any more is answered in words.
    let opened = chat::run(ctx, filled.incident, &command, &Mentions::default(), None).await.ok();
    let Some(mut form) = opened.and_then(|answer| answer.form) else { return Ok(None) };
    (form.incident, form.version) = (filled.incident, version);
    for field in &mut form.fields {
        if let Some(given) = filled.values.0.get(&field.key) {
            field.initial.clone_from(given);
        }
        if field.kind == FieldKind::Person {
            field.initial = accounts_of(ctx, &field.initial).await?;
        }
        field.problem = problems.iter().find(|(key, _)| *key == field.key).map(|(_, problem)| problem.clone());
    }
    let is_shown = form.fields.iter().any(|field| field.problem.is_some());
    if !is_shown {
        form.notes.splice(0..0, problems.into_iter().map(|(_, problem)| problem));
    }
    Ok(Some(form))
}

/// The fields that others have changed, each with what they did.
fn overtaken(conflict: &Conflict) -> Vec<(String, String)> {
    let fields = conflict.changes.iter().map(|change| change.field.as_str());
    fields.map(|field| (field.to_owned(), conflict.to_string())).collect()
}

/// The accounts of those of these people who have one.
async fn accounts_of(ctx: &Ctx, ids: &[String]) -> Result<Vec<String>> {
    let ids: Vec<PersonId> = ids.iter().filter_map(|id| PersonId::parse(id)).collect();
    Ok(people::by_ids(ctx, &ids).await?.into_iter().filter_map(|person| person.chat_account).collect())
}

/// What somebody finds in their home for whom nothing is there but this.
pub(super) fn empty_home(why: String) -> Home {
    Home { parts: vec![HomePart { title: "Muster".to_owned(), entries: Vec::new(), otherwise: why }] }
}

/// What the caller finds in their home.
pub(super) async fn home(ctx: &Ctx) -> Result<Home> {
    let chat::Home { incidents, on_call } = chat::home(ctx).await?;
    let steps = incidents.iter().flat_map(|mine| {
        let entry = |step: &chat::MyStep| HomeEntry {
            text: format!("{} ({}): {}", step.title, mine.headline, step.due),
            url: Some(mine.link.clone()),
            buttons: buttons::of_step(mine.incident.id, &step.key),
        };
        mine.steps.iter().map(entry).collect::<Vec<_>>()
    });
    let steps = steps.collect();
    let mine = incidents.iter().map(|mine| HomeEntry { text: mine.headline.clone(), url: Some(mine.link.clone()), buttons: Vec::new() });
    Ok(Home {
        parts: vec![
            HomePart { title: "Your steps".to_owned(), entries: steps, otherwise: "Nothing waits for you.".to_owned() },
            HomePart { title: "Your incidents".to_owned(), entries: mine.collect(), otherwise: "You have no part in any.".to_owned() },
            HomePart {
                title: "On call".to_owned(),
                entries: vec![HomeEntry { text: on_call, url: None, buttons: Vec::new() }],
                otherwise: String::new(),
            },
        ],
    })
}
