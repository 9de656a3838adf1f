//! Forms as Slack's modal views, and what comes back from them.

use std::collections::BTreeMap;

use domain::ports::{Choice, Field, FieldKind, Form, FormKind, Values};
use entity::IncidentId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::blocks::{paragraphs, plain, section};
use super::words::{cut, line, mrkdwn};

/// By which our forms are known when they come back.
const CALLBACK: &str = "muster_form";
/// What the one element of each field is called.
const ELEMENT: &str = "value";
/// Characters of a title, of a label, of a choice's words, and of what a field holds.
const TITLE: usize = 24;
const LABEL: usize = 150;
const OPTION: usize = 75;
const INITIAL: usize = 3_000;
/// Choices of a list.
const CHOICES: usize = 100;

/// What a form remembers until it comes back.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Remembered {
    form: String,
    incident: Option<IncidentId>,
    version: Option<i32>,
    /// Fields that hold people.
    #[serde(default)]
    people: Vec<String>,
}

/// What was filled in.
pub(super) struct Filled {
    pub kind: FormKind,
    pub incident: Option<IncidentId>,
    pub version: Option<i32>,
    pub people: Vec<String>,
    pub values: Values,
}

/// A form.
pub(super) fn view(form: &Form) -> Value {
    let is_person = |field: &&Field| matches!(field.kind, FieldKind::Person);
    let remembered = Remembered {
        form: form.kind.to_string(),
        incident: form.incident,
        version: form.version,
        people: form.fields.iter().filter(is_person).map(|field| field.key.clone()).collect(),
    };
    // Little fits above a form.
    let title = (form.title.chars().count() > TITLE).then(|| section(&format!("*{}*", mrkdwn(&line(&form.title, LABEL)))));
    let notes = form.notes.iter().flat_map(|note| paragraphs(note, None));
    let blocks: Vec<Value> = title.into_iter().chain(notes).chain(form.fields.iter().flat_map(field)).collect();
    let mut view = json!({
        "type": "modal", "callback_id": CALLBACK, "title": plain(&form.title, TITLE), "close": plain("Cancel", TITLE),
        "private_metadata": serde_json::to_string(&remembered).unwrap_or_default(), "blocks": blocks,
    });
    if !form.fields.is_empty() {
        view["submit"] = plain("Send", TITLE);
    }
    view
}

/// What stands in a form's place while it is worked on, or when that is done. What is cut is at `rest`.
pub(super) fn note(text: &str, rest: Option<&str>) -> Value {
    json!({ "type": "modal", "title": plain("Muster", TITLE), "close": plain("Close", TITLE), "blocks": paragraphs(text, rest) })
}

/// What is shown the moment a form was sent.
pub(super) fn in_progress() -> Value {
    note("One moment: Muster is working on it …", None)
}

fn field(field: &Field) -> Vec<Value> {
    let Some(element) = element(field) else { return Vec::new() };
    // A box that must be ticked would be a question without a choice.
    let is_optional = !field.required || matches!(field.kind, FieldKind::Flag);
    let mut input = json!({
        "type": "input", "block_id": field.key, "optional": is_optional, "label": plain(&field.label, LABEL), "element": element,
    });
    if let Some(hint) = field.hint.as_deref().filter(|hint| !hint.is_empty()) {
        input["hint"] = plain(hint, INITIAL / 2);
    }
    let problem = field.problem.as_ref().map(|problem| section(&format!(":warning: *{}*", mrkdwn(&cut(problem, OPTION * 4)))));
    problem.into_iter().chain([input]).collect()
}

/// What takes the answer; none if there is nothing to choose from.
fn element(field: &Field) -> Option<Value> {
    let first = field.initial.first().filter(|text| !text.is_empty());
    let mut element = json!({ "action_id": ELEMENT });
    match &field.kind {
        FieldKind::Text | FieldKind::Lines => {
            element["type"] = "plain_text_input".into();
            element["multiline"] = matches!(field.kind, FieldKind::Lines).into();
            // What is too long would come back cut. Empty, it stays as it is.
            if let Some(first) = first.filter(|text| text.chars().count() <= INITIAL) {
                element["initial_value"] = first.as_str().into();
            }
        }
        FieldKind::Person => {
            element["type"] = "users_select".into();
            if let Some(first) = first {
                element["initial_user"] = first.as_str().into();
            }
        }
        FieldKind::Choice(choices) => {
            let options = options(choices);
            element["type"] = "static_select".into();
            if let Some(chosen) = options.iter().find(|option| first.is_some_and(|first| option["value"] == first.as_str())) {
                element["initial_option"] = chosen.clone();
            }
            element["options"] = some(options)?;
        }
        FieldKind::Many(choices) => {
            let options = options(choices);
            element["type"] = "multi_static_select".into();
            let chosen = options.iter().filter(|option| field.initial.iter().any(|value| option["value"] == value.as_str()));
            if let Some(chosen) = some(chosen.cloned().collect()) {
                element["initial_options"] = chosen;
            }
            element["options"] = some(options)?;
        }
        FieldKind::Flag => {
            let yes = json!({ "value": "true", "text": plain("Yes", OPTION) });
            element["type"] = "checkboxes".into();
            if first.is_some() {
                element["initial_options"] = json!([yes]);
            }
            element["options"] = json!([yes]);
        }
    }
    Some(element)
}

fn options(choices: &[Choice]) -> Vec<Value> {
    choices.iter().take(CHOICES).map(|choice| json!({ "value": choice.value, "text": plain(&choice.label, OPTION) })).collect()
}

fn some(options: Vec<Value>) -> Option<Value> {
    (!options.is_empty()).then(|| options.into())
}

/// Reads a form of ours that comes back; nothing of another's.
pub(super) fn filled(view: &Value) -> Option<Filled> {
    if view["callback_id"] != CALLBACK {
        return None;
    }
    let Remembered { form, incident, version, people } = serde_json::from_str(view["private_metadata"].as_str()?).ok()?;
    let fields = view["state"]["values"].as_object()?.iter();
    let values: BTreeMap<String, Vec<String>> =
        fields.map(|(key, elements)| (key.clone(), given(&elements[ELEMENT]))).filter(|(_, given)| !given.is_empty()).collect();
    Some(Filled { kind: FormKind::parse(&form)?, incident, version, people, values: Values(values) })
}

/// What one field holds.
fn given(state: &Value) -> Vec<String> {
    let options = state["selected_options"].as_array().into_iter().flatten().map(|option| &option["value"]);
    let one = [&state["value"], &state["selected_user"], &state["selected_option"]["value"]];
    let words = one.into_iter().chain(options).filter_map(Value::as_str).filter(|text| !text.is_empty());
    words.map(|text| text.replace('\0', "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(key: &str, kind: FieldKind, initial: &[&str]) -> Field {
        let initial = initial.iter().map(|text| (*text).to_owned()).collect();
        Field { key: key.into(), label: key.into(), hint: Some("how".into()), kind, required: true, initial, problem: Some("<bad>".into()) }
    }

    #[test]
    fn a_form_comes_back_as_it_was_filled_in() {
        let choice = |value: &str| Choice { value: value.into(), label: value.to_uppercase() };
        let choices = || vec![choice("a"), choice("b")];
        let fields = vec![
            asked("name", FieldKind::Text, &["It is down"]),
            asked("description", FieldKind::Lines, &[&*"x".repeat(3_001)]),
            asked("who", FieldKind::Person, &["U1"]),
            asked("level", FieldKind::Choice(choices()), &["b"]),
            asked("sites", FieldKind::Many(choices()), &["a", "gone"]),
            asked("sure", FieldKind::Flag, &["true"]),
            asked("none", FieldKind::Many(Vec::new()), &[]),
        ];
        let form = Form {
            kind: FormKind::Step("lead".into()),
            title: "A title that is too long for it".into(),
            notes: vec!["<note>".into()],
            fields,
            incident: None,
            version: Some(7),
        };
        let shown = view(&form);
        assert!(shown["title"]["text"].as_str().unwrap().chars().count() <= TITLE);
        assert_eq!(shown["blocks"][0]["text"]["text"], "*A title that is too long for it*");
        let inputs: Vec<&Value> = shown["blocks"].as_array().unwrap().iter().filter(|block| block["type"] == "input").collect();
        assert_eq!(inputs.len(), 6, "nothing can be chosen from nothing");
        assert_eq!((&inputs[0]["element"]["initial_value"], &inputs[1]["element"]["initial_value"]), (&json!("It is down"), &Value::Null));
        assert_eq!(inputs[4]["element"]["initial_options"].as_array().unwrap().len(), 1);
        let mut back = shown.clone();
        back["state"] = json!({ "values": {
            "name": { "value": { "type": "plain_text_input", "value": "It is\u{0} up" } },
            "who": { "value": { "type": "users_select", "selected_user": "U2" } },
            "level": { "value": { "type": "static_select", "selected_option": { "value": "a" } } },
            "sites": { "value": { "type": "multi_static_select", "selected_options": [{ "value": "a" }, { "value": "b" }] } },
            "sure": { "value": { "type": "checkboxes", "selected_options": [] } },
        } });
        let filled = filled(&back).unwrap();
        assert_eq!((filled.kind, filled.version, filled.people), (form.kind, Some(7), vec!["who".to_owned()]));
        let expected = [("level", vec!["a"]), ("name", vec!["It is up"]), ("sites", vec!["a", "b"]), ("who", vec!["U2"])];
        let expected = expected.map(|(key, values)| (key.to_owned(), values.into_iter().map(str::to_owned).collect()));
        assert_eq!(filled.values, Values(BTreeMap::from(expected)));
        back["callback_id"] = "another".into();
        assert!(super::filled(&back).is_none());
    }
}
