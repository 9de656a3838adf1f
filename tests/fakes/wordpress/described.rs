//! WordPress' description of itself, in the form of the others'.

use serde_json::{Map, Value, json};

/// What may be an object by the description, and is taken as text all the same.
const TEXTS: [&str; 3] = ["title", "content", "excerpt"];

/// A description in the form of `OpenAPI`: arguments of a GET are in the query, of all else in the body. Undeclared ones are mistakes there:
/// WordPress ignores them.
pub fn described(own: &Value) -> Value {
    let mut paths = Map::new();
    for (route, about) in own["routes"].as_object().expect("a description has routes") {
        let mut item = Map::new();
        for endpoint in about["endpoints"].as_array().into_iter().flatten() {
            for method in endpoint["methods"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let args = endpoint["args"].as_object().cloned().unwrap_or_default();
                item.insert(method.to_lowercase(), operation(method, args));
            }
        }
        paths.insert(route.replace("(?P<id>[\\d]+)", "{id}"), item.into());
    }
    json!({ "paths": paths, "components": {} })
}

fn operation(method: &str, mut args: Map<String, Value>) -> Value {
    let required: Vec<String> = args.iter().filter(|(_, schema)| schema["required"] == true).map(|(name, _)| name.clone()).collect();
    args.values_mut().for_each(without_flags);
    let parameter = |place: &str, name: &str, schema: &Value| json!({ "in": place, "name": name, "required": required.iter().any(|known| known == name), "schema": schema });
    let id = args.remove("id").map(|schema| parameter("path", "id", &schema));
    if method == "GET" || method == "DELETE" {
        let query = args.iter().map(|(name, schema)| parameter("query", name, schema));
        return json!({ "parameters": query.chain(id).collect::<Value>() });
    }
    for text in TEXTS {
        if let Some(schema) = args.get_mut(text) {
            *schema = json!({ "anyOf": [schema, { "type": "string" }] });
        }
    }
    let mut schema = json!({ "type": "object", "properties": args, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    json!({
        "parameters": id.into_iter().collect::<Value>(),
        "requestBody": { "content": { "application/json": { "schema": schema } } },
    })
}

/// In JSON Schema, what is required is said by whatever it is required in.
fn without_flags(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("required").is_some_and(Value::is_boolean) {
                object.remove("required");
            }
            object.values_mut().for_each(without_flags);
        }
        Value::Array(parts) => parts.iter_mut().for_each(without_flags),
        _ => (),
    }
}
