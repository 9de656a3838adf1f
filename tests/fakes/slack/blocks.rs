//! The limits of blocks, which Slack's types don't have, and what their fields hold.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// What is wrong with these blocks.
pub(super) fn problem(blocks: &Value, most: usize) -> Option<String> {
    if blocks.is_null() {
        return None;
    }
    let Some(blocks) = blocks.as_array() else { return Some("no list".to_owned()) };
    if blocks.len() > most {
        return Some(format!("more than {most} blocks"));
    }
    let mut ids = BTreeSet::new();
    for block in blocks {
        if block["block_id"].as_str().is_some_and(|id| !ids.insert(id.to_owned()) || id.chars().count() > 255) {
            return Some("a block_id twice, or too long".to_owned());
        }
        if let Some(problem) = of_block(block) {
            return Some(format!("{}: {problem}", block["type"]));
        }
    }
    None
}

fn of_block(block: &Value) -> Option<String> {
    let elements = block["elements"].as_array().map(Vec::as_slice).unwrap_or_default();
    match block["type"].as_str()? {
        "section" => {
            let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
            let accessory = block.get("accessory").and_then(of_element);
            if fields.len() > 10 {
                return Some("more than 10 fields".to_owned());
            }
            if block["text"].is_null() && fields.is_empty() {
                return Some("no text".to_owned());
            }
            optional(&block["text"], 3_000).or_else(|| fields.iter().find_map(|field| of_text(field, 2_000))).or(accessory)
        }
        "header" => of_text(&block["text"], 150),
        "context" if elements.is_empty() || elements.len() > 10 => Some("1 to 10 elements".to_owned()),
        "context" => elements.iter().find_map(|element| of_text(element, 2_000)),
        "actions" if elements.is_empty() || elements.len() > 25 => Some("1 to 25 elements".to_owned()),
        "actions" => {
            let ids: BTreeSet<&str> = elements.iter().filter_map(|element| element["action_id"].as_str()).collect();
            if ids.len() < elements.iter().filter(|element| element["action_id"].is_string()).count() {
                return Some("an action_id twice".to_owned());
            }
            elements.iter().find_map(of_element)
        }
        "input" => of_text(&block["label"], 2_000).or_else(|| optional(&block["hint"], 2_000)).or_else(|| of_element(&block["element"])),
        "divider" => None,
        other => Some(format!("the fake knows no {other}")),
    }
}

fn optional(text: &Value, most: usize) -> Option<String> {
    if text.is_null() { None } else { of_text(text, most) }
}

fn of_text(text: &Value, most: usize) -> Option<String> {
    let length = text["text"].as_str().map(|text| text.chars().count());
    match length {
        None | Some(0) => Some("an empty text".to_owned()),
        Some(length) if length > most => Some(format!("a text of {length} characters, over {most}")),
        Some(_) => None,
    }
}

fn of_element(element: &Value) -> Option<String> {
    if element["action_id"].as_str().is_some_and(|id| id.is_empty() || id.chars().count() > 255) {
        return Some("an action_id of 1 to 255 characters".to_owned());
    }
    let options = element["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    match element["type"].as_str()? {
        "button" if element["value"].as_str().is_some_and(|value| value.chars().count() > 2_000) => Some("a value over 2000".to_owned()),
        "button" => of_text(&element["text"], 75),
        "plain_text_input" => {
            let is_long = element["initial_value"].as_str().is_some_and(|text| text.chars().count() > 3_000);
            if is_long { Some("an initial value over 3000".to_owned()) } else { optional(&element["placeholder"], 150) }
        }
        "static_select" | "multi_static_select" => of_options(element, options, 100),
        "checkboxes" | "radio_buttons" => of_options(element, options, 10),
        "users_select" => None,
        other => Some(format!("the fake knows no {other}")),
    }
}

fn of_options(element: &Value, options: &[Value], most: usize) -> Option<String> {
    if options.is_empty() || options.len() > most {
        return Some(format!("1 to {most} options"));
    }
    let values: BTreeSet<&str> = options.iter().filter_map(|option| option["value"].as_str()).collect();
    if values.len() != options.len() || values.iter().any(|value| value.is_empty() || value.chars().count() > 150) {
        return Some("a value twice, missing or over 150".to_owned());
    }
    let initial =
        element["initial_options"].as_array().cloned().unwrap_or_default().into_iter().chain(element.get("initial_option").cloned());
    if initial.into_iter().any(|initial| !options.contains(&initial)) {
        return Some("an initial option that is none of the options".to_owned());
    }
    if element.get("initial_options").is_some_and(|initial| initial.as_array().is_none_or(Vec::is_empty)) {
        return Some("no initial options".to_owned());
    }
    options.iter().find_map(|option| of_text(&option["text"], 75).or_else(|| optional(&option["description"], 75)))
}

/// The state of the fields of `blocks`, by block and action.
pub(super) fn initial(blocks: &Value) -> Map<String, Value> {
    let inputs = blocks.as_array().into_iter().flatten().filter(|block| block["type"] == "input");
    inputs
        .map(|block| {
            let element = &block["element"];
            let mut state = json!({ "type": element["type"] });
            match element["type"].as_str() {
                Some("plain_text_input") => state["value"] = element["initial_value"].clone(),
                Some("users_select") => state["selected_user"] = element["initial_user"].clone(),
                Some("static_select" | "radio_buttons") => state["selected_option"] = element["initial_option"].clone(),
                _ => state["selected_options"] = element.get("initial_options").cloned().unwrap_or_else(|| json!([])),
            }
            (word(&block["block_id"]), json!({ word(&element["action_id"]): state }))
        })
        .collect()
}

/// Fills in a field of `blocks`, and says in which state it is then.
///
/// # Panics
/// If there is no such field, or nothing like `values` can be chosen.
pub(super) fn filled(block: &Value, values: &[&str]) -> Value {
    let element = &block["element"];
    let chosen = |value: &&str| {
        let options = element["options"].as_array().expect("it has options");
        options.iter().find(|option| option["value"] == **value).unwrap_or_else(|| panic!("{value} is none of {options:?}")).clone()
    };
    let mut state = json!({ "type": element["type"] });
    let first = values.first().copied();
    match element["type"].as_str() {
        Some("plain_text_input") => state["value"] = first.map_or(Value::Null, Value::from),
        Some("users_select") => state["selected_user"] = first.map_or(Value::Null, Value::from),
        Some("static_select" | "radio_buttons") => state["selected_option"] = first.as_ref().map_or(Value::Null, chosen),
        Some("multi_static_select" | "checkboxes") => state["selected_options"] = values.iter().map(chosen).collect(),
        other => panic!("nobody can fill in a {other:?}"),
    }
    state
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
