//! Changes to a user, as directories write them (RFC 7644, 3.5.2, and what Entra ID makes of it).

use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::user::{SCHEMA, get};

type Object = Map<String, Value>;

/// Changes in one request.
const MOST: usize = 100;

/// Applies a request to a user.
pub fn apply(user: &mut Object, request: &Object) -> Result<(), Fault> {
    let operations = get(request, "Operations").and_then(Value::as_array).filter(|operations| (1..=MOST).contains(&operations.len()));
    let operations =
        operations.ok_or_else(|| Fault::invalid("invalidSyntax", format!("Operations must be a list of 1 to {MOST} changes.")))?;
    operations.iter().try_for_each(|operation| {
        let operation = operation.as_object().ok_or_else(|| Fault::invalid("invalidSyntax", "An operation must be an object."))?;
        change(user, operation)
    })
}

fn change(user: &mut Object, operation: &Object) -> Result<(), Fault> {
    let op = get(operation, "op").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let path = get(operation, "path").and_then(Value::as_str).map(Path::read).transpose()?;
    let value = get(operation, "value").cloned();
    match (op.as_str(), path, value) {
        ("add" | "replace", Some(path), Some(value)) => path.set(user, value, op == "add"),
        // Nothing takes its place.
        ("replace", Some(path), None) | ("remove", Some(path), _) => path.remove(user),
        // Entra ID names the paths within the value.
        ("add" | "replace", None, Some(Value::Object(values))) => {
            for (path, value) in values {
                Path::read(&path)?.set(user, value, op == "add");
            }
        }
        ("remove", None, _) => return Err(Fault::invalid("noTarget", "A removal needs a path.")),
        ("add" | "replace", ..) => return Err(Fault::invalid("invalidValue", "This change has no value, or needs a path.")),
        _ => return Err(Fault::invalid("invalidSyntax", "op must be add, replace or remove.")),
    }
    Ok(())
}

/// What a change is about: `userName`, `name.givenName`, `emails[type eq "work"].value`.
#[derive(Debug, PartialEq)]
struct Path {
    attribute: String,
    /// Only the values of a list whose attribute is this.
    which: Option<(String, Value)>,
    sub: Option<String>,
}

impl Path {
    fn read(text: &str) -> Result<Self, Fault> {
        let wrong = || Fault::invalid("invalidPath", format!("The path {text} is not understood."));
        let whole = within_schema(text.trim());
        if whole.is_empty() {
            return Err(wrong());
        }
        if let Some((attribute, rest)) = whole.split_once('[') {
            let (which, rest) = rest.split_once(']').ok_or_else(wrong)?;
            let [name, operator, value] = which.splitn(3, ' ').collect::<Vec<_>>()[..] else { return Err(wrong()) };
            let value = serde_json::from_str(value).map_err(|_| wrong())?;
            if !operator.eq_ignore_ascii_case("eq") || !(rest.is_empty() || rest.starts_with('.')) {
                return Err(wrong());
            }
            let sub = rest.strip_prefix('.').map(str::to_owned);
            return Ok(Self { attribute: attribute.to_owned(), which: Some((name.to_owned(), value)), sub });
        }
        // The names of other schemas have dots; nothing of theirs is kept.
        let parts = if whole.starts_with("urn:") { None } else { whole.split_once('.') };
        let (attribute, sub) = parts.map_or((whole, None), |(attribute, sub)| (attribute, Some(sub.to_owned())));
        Ok(Self { attribute: attribute.to_owned(), which: None, sub })
    }

    fn set(&self, user: &mut Object, value: Value, is_added: bool) {
        let is_list = self.attribute.eq_ignore_ascii_case("emails");
        let slot = slot(user, &self.attribute);
        match (&self.which, &self.sub) {
            (None, None) => put(slot, value, is_added),
            (which, sub) => {
                if is_list || which.is_some() {
                    let mut list = if let Value::Array(list) = slot.take() { list } else { Vec::new() };
                    if !list.iter().any(|item| is_meant(item, which.as_ref())) {
                        list.push(which.as_ref().map_or_else(|| json!({}), |(name, value)| json!({ name: value })));
                    }
                    let meant = list.iter_mut().filter(|item| is_meant(item, which.as_ref()));
                    meant.for_each(|item| set_part(item, sub.as_deref(), value.clone()));
                    *slot = Value::Array(list);
                } else {
                    set_part(slot, sub.as_deref(), value);
                }
            }
        }
    }

    fn remove(&self, user: &mut Object) {
        let slot = slot(user, &self.attribute);
        match (slot, &self.sub) {
            (Value::Array(items), Some(sub)) => {
                items.iter_mut().filter(|item| is_meant(item, self.which.as_ref())).for_each(|item| set_part(item, Some(sub), Value::Null));
            }
            (Value::Array(items), None) if self.which.is_some() => items.retain(|item| !is_meant(item, self.which.as_ref())),
            (slot @ Value::Object(_), Some(sub)) => set_part(slot, Some(sub), Value::Null),
            (slot, _) => *slot = Value::Null,
        }
    }
}

/// A path without the schema that it begins with.
pub fn within_schema(path: &str) -> &str {
    match path.get(..SCHEMA.len()) {
        Some(start) if start.eq_ignore_ascii_case(SCHEMA) => path[SCHEMA.len()..].trim_start_matches(':'),
        _ => path,
    }
}

/// Where an attribute is, whatever the case of its name.
fn slot<'a>(object: &'a mut Object, name: &str) -> &'a mut Value {
    let known = object.keys().find(|known| known.eq_ignore_ascii_case(name)).cloned();
    object.entry(known.unwrap_or_else(|| name.to_owned())).or_insert(Value::Null)
}

fn put(slot: &mut Value, value: Value, is_added: bool) {
    match (slot, value) {
        (Value::Array(known), Value::Array(new)) if is_added => known.extend(new),
        (Value::Object(known), Value::Object(new)) => known.extend(new),
        (slot, value) => *slot = value,
    }
}

fn is_meant(item: &Value, which: Option<&(String, Value)>) -> bool {
    which.is_none_or(|(name, value)| item.as_object().and_then(|item| get(item, name)) == Some(value))
}

/// Sets a part of a value, or all that is given of it.
fn set_part(item: &mut Value, sub: Option<&str>, value: Value) {
    if !item.is_object() {
        *item = json!({});
    }
    match (item, sub, value) {
        (Value::Object(item), Some(sub), value) => *slot(item, sub) = value,
        (Value::Object(item), None, Value::Object(new)) => item.extend(new),
        (item, _, value) => *item = value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(operations: &Value) -> Value {
        let user = json!({ "userName": "sam", "active": true, "emails": [{ "value": "a@b.example", "type": "work" }] });
        let Value::Object(mut user) = user else { unreachable!() };
        let request = json!({ "Operations": operations });
        apply(&mut user, request.as_object().unwrap()).unwrap();
        user.retain(|_, value| !value.is_null());
        user.into()
    }

    #[test]
    fn changes_are_made_as_directories_write_them() {
        let emails = |value: &str| json!([{ "value": value, "type": "work" }]);
        for (operations, expected) in [
            // Entra ID, with and without the flag that has it follow the specification.
            (json!([{ "op": "Replace", "path": "active", "value": "False" }]), json!({ "active": "False" })),
            (json!([{ "op": "replace", "value": { "active": false } }]), json!({ "active": false })),
            (
                json!([{ "op": "Add", "path": "emails[type eq \"work\"].value", "value": "c@d.example" }]),
                json!({ "emails": emails("c@d.example") }),
            ),
            (
                json!([{ "op": "Replace", "value": { "emails[type eq \"work\"].value": "c@d.example" } }]),
                json!({ "emails": emails("c@d.example") }),
            ),
            (
                json!([{ "op": "add", "path": "emails[type eq \"home\"].value", "value": "h@d.example" }]),
                json!({ "emails": [{ "value": "a@b.example", "type": "work" }, { "type": "home", "value": "h@d.example" }] }),
            ),
            (json!([{ "op": "Replace", "path": "name.givenName", "value": "Sam" }]), json!({ "name": { "givenName": "Sam" } })),
            (
                json!([{ "op": "Add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:displayName", "value": "Sam" }]),
                json!({ "displayName": "Sam" }),
            ),
            (json!([{ "op": "replace", "path": "USERNAME", "value": "kim" }]), json!({ "userName": "kim" })),
            (json!([{ "op": "remove", "path": "emails" }]), json!({ "emails": null })),
            (json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }]), json!({ "emails": [] })),
            (json!([{ "op": "replace", "path": "emails.value", "value": "c@d.example" }]), json!({ "emails": emails("c@d.example") })),
        ] {
            let mut whole = json!({ "userName": "sam", "active": true, "emails": [{ "value": "a@b.example", "type": "work" }] });
            whole.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
            whole.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(changed(&operations), whole, "{operations}");
        }
    }

    #[test]
    fn what_is_no_change_is_refused() {
        for wrong in [
            json!({}),
            json!({ "Operations": [] }),
            json!({ "Operations": [1] }),
            json!({ "Operations": [{ "op": "move", "path": "active" }] }),
            json!({ "Operations": [{ "op": "remove" }] }),
            json!({ "Operations": [{ "op": "add", "value": true }] }),
            json!({ "Operations": [{ "op": "add", "path": "emails[type].value", "value": "x" }] }),
            json!({ "Operations": [{ "op": "add", "path": "emails[type eq \"work\"", "value": "x" }] }),
            json!({ "Operations": [{ "op": "add", "path": "", "value": "x" }] }),
        ] {
            assert!(apply(&mut Map::new(), wrong.as_object().unwrap()).is_err(), "{wrong}");
        }
    }
}
