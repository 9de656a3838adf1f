//! What a field of a record says, as the catalogue has it. Pure.
//!
//! Airtable leaves out fields that say nothing. A value may be a text, a number, a tick, a list (of choices, of what a look-up found, of the
//! ids of linked records), or an object: a file, a person, a button, or the error of a formula.

use std::collections::{BTreeMap, BTreeSet};

use domain::catalogue::fields::checked;
use domain::limits;
use entity::SiteField;
use serde_json::{Map, Value};

use crate::outlets::readable;

/// How deep lists are within each other: look-ups of look-ups.
const DEPTH: usize = 3;
/// What an id of a record begins with.
const RECORD_ID: &str = "rec";

/// What a field says; nothing if it must be left as it is. `column` is what it is called at Airtable, `names` what linked records are called.
///
/// # Errors
/// Why it can't be taken, as a sentence.
pub fn read(field: SiteField, value: Option<&Value>, column: &str, names: &BTreeMap<String, String>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    if let Some(value) = value {
        collect(value, names, DEPTH, &mut parts)?;
    }
    let text = joined(field, parts, column)?;
    if field == SiteField::Name && text.is_empty() {
        // A site that is known keeps its name, and one that is not is left out.
        return Ok(None);
    }
    checked(field, &text).map(Some).map_err(|error| error.to_string())
}

/// Whether a field says nothing.
pub fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::Array(all)) => all.iter().all(|one| is_empty(Some(one))),
        Some(_) => false,
    }
}

/// What a record is called, for people.
pub fn name(value: &Value) -> Option<String> {
    let mut parts = Vec::new();
    collect(value, &BTreeMap::new(), DEPTH, &mut parts).ok()?;
    let name = readable(&parts.join(", "));
    (!name.is_empty()).then_some(name)
}

/// Whether a record can be known by this.
pub fn is_key(id: &str) -> bool {
    (1..=limits::NAME_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether there are ids of records in it, which say nothing to people.
pub fn has_links(value: &Value) -> bool {
    value.as_array().is_some_and(|all| all.iter().any(|one| one.as_str().is_some_and(is_record_id) || has_links(one)))
}

fn is_record_id(text: &str) -> bool {
    text.strip_prefix(RECORD_ID).is_some_and(|rest| rest.len() == 14 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn collect(value: &Value, names: &BTreeMap<String, String>, depth: usize, parts: &mut Vec<String>) -> Result<(), String> {
    let part = match value {
        Value::Null => return Ok(()),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => {
            number.as_f64().filter(|number| number.fract() == 0.0).map_or_else(|| number.to_string(), |whole| format!("{whole:.0}"))
        }
        Value::String(text) => text.trim().to_owned(),
        Value::Array(_) if depth == 0 => return Err("Its lists are too deep within each other.".to_owned()),
        Value::Array(all) => {
            for one in all {
                match one.as_str().filter(|text| is_record_id(text)) {
                    Some(id) => parts.push(names.get(id).cloned().ok_or_else(unnamed)?),
                    None => collect(one, names, depth - 1, parts)?,
                }
            }
            return Ok(());
        }
        Value::Object(object) => of_object(object)?,
    };
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(())
}

fn unnamed() -> String {
    "It links to a record whose name Muster can't see: it has none, or the token lacks the scope schema.bases:read. Without that scope, name a \
     look-up of the names instead."
        .to_owned()
}

fn of_object(object: &Map<String, Value>) -> Result<String, String> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(error) = text("error") {
        return Err(format!("Its formula ends with an error ({}).", readable(&error)));
    }
    if let Some(special) = text("specialValue") {
        return Err(format!("Its formula gives {}.", readable(&special)));
    }
    if object.contains_key("filename") {
        return Err("It is a file, whose address at Airtable lasts a few hours: name a field with a URL instead.".to_owned());
    }
    // A button, a person, a barcode, and what was generated.
    let known = ["url", "name", "text", "value"].into_iter().find_map(text);
    known.ok_or_else(|| "Its value is of a kind that Muster does not know.".to_owned())
}

/// The parts of a value as one text, as its field has several.
fn joined(field: SiteField, mut parts: Vec<String>, column: &str) -> Result<String, String> {
    // A look-up says the same for each record that it finds it in.
    let mut seen = BTreeSet::new();
    parts.retain(|part| seen.insert(part.clone()));
    let between = match field {
        SiteField::Hosts => " ",
        SiteField::Hosting => ", ",
        SiteField::BusyHours | SiteField::CodeFreeze => "; ",
        SiteField::Expected => "\n",
        SiteField::Tooling => return Ok(links(&parts, column)),
        SiteField::Importance => return one(parts).map(importance),
        SiteField::Name
        | SiteField::Url
        | SiteField::Client
        | SiteField::Environment
        | SiteField::Repository
        | SiteField::Runbook
        | SiteField::RoutinelyAttacked
        | SiteField::Gone => return one(parts),
    };
    Ok(parts.join(between))
}

fn one(mut parts: Vec<String>) -> Result<String, String> {
    match parts.len() {
        0 => Ok(String::new()),
        1 => Ok(parts.remove(0)),
        many => Err(format!("It has {many} values, and a site takes one.")),
    }
}

/// A tick says that it is high.
fn importance(text: String) -> String {
    match text.as_str() {
        "yes" => "high".to_owned(),
        "no" => "normal".to_owned(),
        _ => text,
    }
}

/// Links one on each line. One without a label has the field's name.
fn links(parts: &[String], column: &str) -> String {
    let label = column.replace(';', ",");
    let link = |line: &str| {
        let is_bare = line.starts_with("http") && !line.contains(char::is_whitespace);
        if is_bare { format!("{label} {line}") } else { line.to_owned() }
    };
    parts.iter().flat_map(|part| part.lines()).map(str::trim).filter(|line| !line.is_empty()).map(link).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SHOP: &str = "recAbCdEfGhIjKlMn";

    fn said(field: SiteField, value: &Value) -> Result<Option<String>, String> {
        let names = BTreeMap::from([(SHOP.to_owned(), "Example Ltd".to_owned())]);
        read(field, Some(value), "Grafana", &names)
    }

    #[test]
    fn values_of_all_kinds_are_read() {
        use SiteField as F;
        for (field, value, text) in [
            (F::Name, json!("  Shop "), "Shop"),
            (F::Name, json!(["Shop"]), "Shop"),
            (F::Name, json!(7), "7"),
            (F::Name, json!(7.0), "7"),
            (F::Name, json!(7.5), "7.5"),
            (F::Url, json!(["https://a.example", "https://a.example"]), "https://a.example/"),
            (F::Url, json!({ "label": "Open", "url": "https://a.example" }), "https://a.example/"),
            (F::Hosts, json!(["a.example", "b.example, c.example"]), "a.example; b.example; c.example"),
            (F::Hosting, json!(["AWS", null, "Fly"]), "AWS, Fly"),
            (F::Hosting, json!({ "id": "usrX", "email": "kim@example.org", "name": "Kim" }), "Kim"),
            (F::Hosting, json!({ "state": "generated", "value": "AWS", "isStale": false }), "AWS"),
            (F::Client, json!([SHOP]), "Example Ltd"),
            (F::Client, json!([[SHOP], [SHOP]]), "Example Ltd"),
            (F::Environment, json!("Live"), "PRODUCTION"),
            (F::Importance, json!(true), "HIGH"),
            (F::Importance, json!("High"), "HIGH"),
            (F::RoutinelyAttacked, json!(true), "yes"),
            (F::RoutinelyAttacked, json!(0), "no"),
            (F::Tooling, json!("https://g.example/x"), "Grafana https://g.example/x"),
            (F::Tooling, json!(["Logs https://l.example", "https://g.example"]), "Logs https://l.example/; Grafana https://g.example/"),
            (F::BusyHours, json!(["Mon 8:00-9:00", "Tue 8:00-9:00"]), "Mon 08:00-09:00; Tue 08:00-09:00"),
            (F::Expected, json!(["slow nights", "404s"]), "slow nights\n404s"),
            (F::Hosting, json!(null), ""),
            (F::Hosting, json!([]), ""),
        ] {
            assert_eq!(said(field, &value), Ok(Some(text.to_owned())), "{field} {value}");
        }
        assert_eq!(read(F::RoutinelyAttacked, None, "Attacked", &BTreeMap::new()), Ok(Some("no".to_owned())), "no tick is left out");
        for nameless in [json!(" "), json!(null), json!([])] {
            assert_eq!(said(F::Name, &nameless), Ok(None));
        }
    }

    #[test]
    fn what_can_not_be_taken_is_said() {
        use SiteField as F;
        for (field, value, part) in [
            (F::Url, json!({ "error": "#ERROR!" }), "#ERROR!"),
            (F::Name, json!([{ "specialValue": "NaN" }]), "NaN"),
            (
                F::Runbook,
                json!([{ "id": "attX", "url": "https://v5.airtableusercontent.com/x", "filename": "a.pdf", "size": 1 }]),
                "a few hours",
            ),
            (F::Client, json!(["recUnknown0000000"]), "schema.bases:read"),
            (F::Client, json!(["One", "Two"]), "2 values"),
            (F::Hosting, json!({ "colour": "red" }), "does not know"),
            (F::Hosting, json!([[[[["deep"]]]]]), "too deep"),
            (F::Url, json!("example.org"), "http"),
            (F::Name, json!("a\nb"), "name"),
        ] {
            let problem = said(field, &value).unwrap_err();
            assert!(problem.contains(part), "{field} {value}: {problem}");
        }
    }

    #[test]
    fn what_says_nothing_is_empty() {
        for empty in [json!(null), json!(" "), json!([]), json!([null, [""]])] {
            assert!(is_empty(Some(&empty)), "{empty}");
        }
        for full in [json!(false), json!(0), json!({}), json!(["", 1])] {
            assert!(!is_empty(Some(&full)), "{full}");
        }
        assert!(is_empty(None));
    }

    #[test]
    fn a_record_is_known_by_a_short_word() {
        for (id, is) in [(SHOP, true), ("rec1", true), ("", false), ("rec\0", false), ("rec 1", false)] {
            assert_eq!(is_key(id), is, "{id:?}");
        }
        assert!(!is_key(&"x".repeat(limits::NAME_CHARS + 1)));
    }
}
