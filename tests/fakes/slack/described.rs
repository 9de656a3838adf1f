//! What Slack says of its methods and of the blocks that it shows, as one description like the others'.

use serde_json::{Map, Value, json};

use super::methods::{BOOKMARKS, CONNECT, METHODS, OPEN};

/// Paths and schemas from `types`, which knows what bodies hold, and `methods`, which knows what queries do.
pub fn described(mut types: Value, methods: &Value) -> Value {
    adapt(&mut types);
    // What is said of blocks in general admits what is no block.
    types["definitions"]["Block"] = json!({ "not": {} });
    let mut paths = Map::new();
    for method in METHODS {
        let own = &methods["methods"][method.name];
        let schema = &types["requests"][method.name];
        let posted = |schema: &Value| json!({ "post": { "requestBody": { "content": { "application/json": { "schema": schema } } } } });
        // What is said of these is in Slack's documentation alone.
        let operation = match method.name {
            "auth.test" | CONNECT => posted(&json!({ "maxProperties": 0 })),
            OPEN => {
                posted(&json!({ "required": ["users"], "additionalProperties": false, "properties": { "users": { "type": "string" } } }))
            }
            BOOKMARKS => json!({ "get": { "parameters": [{ "name": "channel_id", "in": "query", "required": true, "schema": {} }] } }),
            name => {
                assert!(own.is_object(), "{name} isn't described");
                if method.takes_json { posted(schema) } else { json!({ "get": { "parameters": parameters(&own["args"]) } }) }
            }
        };
        paths.insert(format!("/{}", method.name), operation);
    }
    let blocks = json!({ "type": "array", "maxItems": 50, "items": { "$ref": "#/components/schemas/AnyBlock" } });
    let answer = json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "text": { "type": "string" }, "blocks": blocks, "response_type": { "enum": ["ephemeral", "in_channel"] },
            "replace_original": { "type": "boolean" }, "delete_original": { "type": "boolean" },
        },
    });
    paths.insert("/respond/{id}".into(), json!({ "post": { "requestBody": { "content": { "application/json": { "schema": answer } } } } }));
    paths.insert("/files/{id}".into(), json!({ "get": {} }));
    json!({ "paths": paths, "components": { "schemas": types["definitions"].take() } })
}

fn parameters(arguments: &Value) -> Vec<Value> {
    let required: Vec<&str> = arguments["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let known = arguments["properties"].as_object().into_iter().flatten().filter(|(name, _)| *name != "token");
    // Its types are those of its own tester and wider than JSON Schema's: only the names count.
    known.map(|(name, _)| json!({ "name": name, "in": "query", "required": required.contains(&&**name), "schema": {} })).collect()
}

/// References lead to where they are here, and a constant is the only one of its values: older drafts know no other.
fn adapt(value: &mut Value) {
    match value {
        Value::Array(parts) => parts.iter_mut().for_each(adapt),
        Value::Object(object) => {
            object.values_mut().for_each(adapt);
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                *reference = reference.replace("#/definitions/", "#/components/schemas/");
            }
            if let Some(only) = object.get("const").filter(|only| only.is_string()).cloned() {
                object.remove("const");
                object.insert("enum".to_owned(), json!([only]));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
