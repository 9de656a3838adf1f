//! What a viewer may not see is null at its place, and takes nothing else away.

use std::collections::BTreeMap;
use std::fmt::Write;

use harness::{TestApp, both_dbs, node};
use serde_json::{Value, json};

use crate::authz_matrix::World;

both_dbs![a_forbidden_field_leaves_the_rest_of_an_answer, clients_of_other_makers_show_the_code_of_a_forbidden_field];

/// How far below its root a type's fields are asked for.
const LEVELS: usize = 3;

pub const TYPES: &str = "{ __schema { types { name kind fields { name args { type { kind } defaultValue } type { ...T } } } } }
    fragment T on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }";

/// The fields of each type that need no arguments, with the names of their types.
pub struct Fields(pub BTreeMap<String, Vec<(String, String)>>);

impl Fields {
    pub fn read(schema: &Value) -> Self {
        let types = schema["__schema"]["types"].as_array().unwrap().iter().filter(|ty| ty["kind"] == "OBJECT");
        let fields = types.map(|ty| {
            let fields = ty["fields"].as_array().unwrap().iter().filter(|field| {
                field["args"].as_array().unwrap().iter().all(|arg| arg["type"]["kind"] != "NON_NULL" || !arg["defaultValue"].is_null())
            });
            let named = fields.map(|field| (field["name"].as_str().unwrap().to_owned(), named(&field["type"])));
            (ty["name"].as_str().unwrap().to_owned(), named.collect())
        });
        Self(fields.collect())
    }

    /// A selection of all fields of `ty`, `levels` deep. Nothing is asked of a type within itself.
    pub fn select(&self, ty: &str, levels: usize, above: &mut Vec<String>) -> String {
        let mut text = "{ __typename".to_owned();
        above.push(ty.to_owned());
        for (field, ty) in &self.0[ty] {
            if !self.0.contains_key(ty) {
                write!(text, " {field}").unwrap();
            } else if levels > 1 && !above.contains(ty) {
                write!(text, " {field} {}", self.select(ty, levels - 1, above)).unwrap();
            }
        }
        above.pop();
        text + " }"
    }
}

fn named(ty: &Value) -> String {
    let mut ty = ty;
    while !ty["ofType"].is_null() {
        ty = &ty["ofType"];
    }
    ty["name"].as_str().unwrap().to_owned()
}

async fn a_forbidden_field_leaves_the_rest_of_an_answer(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let vic = app.viewer("Vic").await;
    let world = World::make(app, &sam).await;
    let fields = Fields::read(&sam.query(TYPES, Value::Null).await);

    let mut queries: Vec<(String, Value)> = Vec::new();
    for (field, ty) in &fields.0["Query"] {
        let selection = if fields.0.contains_key(ty) { fields.select(ty, 1, &mut Vec::new()) } else { String::new() };
        queries.push((format!("{{ {field} {selection} }}"), Value::Null));
    }
    for (field, ty) in &fields.0["Incident"] {
        if fields.0.contains_key(ty) {
            // What an incident has is asked for one by one.
            let levels = if ty == "Incident" { LEVELS - 1 } else { LEVELS };
            let selection = fields.select(ty, levels, &mut vec!["Incident".to_owned()]);
            let query = format!("query($id: ID!) {{ node(id: $id) {{ id ... on Incident {{ {field} {selection} }} }} }}");
            queries.push((query, json!({ "id": world.live })));
        }
    }

    let mut forbidden = 0;
    for (query, variables) in queries {
        let answer = vic.try_query(&query, variables).await;
        for error in &answer.errors {
            assert_eq!(error.code(), "FORBIDDEN", "{query}: {}", error.message());
            let path = error.0["path"].as_array().unwrap();
            assert!(reaches_null(&answer.data, path), "{query}: nothing is left at {path:?}: {}", error.message());
            forbidden += 1;
        }
    }
    assert!(forbidden > 0, "a viewer may not see everything");
}

/// Whether `data` is there as far as `path` goes, and null at its end.
fn reaches_null(data: &Value, path: &[Value]) -> bool {
    let Some((first, rest)) = path.split_first() else { return data.is_null() };
    let at = match first {
        Value::String(key) => data.get(key),
        index => index.as_u64().and_then(|index| data.get(usize::try_from(index).ok()?)),
    };
    at.is_some_and(|value| reaches_null(value, rest))
}

async fn clients_of_other_makers_show_the_code_of_a_forbidden_field(app: &TestApp) {
    let sam = app.responder("Sam").await;
    let vic = app.viewer("Vic").await;
    sam.declare("the shop is down").await;
    let (url, token) = (vic.url("/graphql"), vic.token().to_owned());
    let query = "{ incidents(first: 1) { nodes { name handoverBrief reference } } }";
    // The server shares this thread.
    let seen = tokio::task::spawn_blocking(move || node("clients.mjs", &[&url, &token], query)).await.unwrap();
    let seen: Value = serde_json::from_str(&seen).unwrap();
    for client in ["apollo", "urql"] {
        assert_eq!(seen[client]["codes"], json!(["FORBIDDEN"]), "{client}: {seen}");
        let incident = &seen[client]["data"]["incidents"]["nodes"][0];
        assert_eq!(incident["name"], "the shop is down", "{client}: {seen}");
        assert_eq!(incident.get("handoverBrief"), Some(&Value::Null), "{client}: {seen}");
    }
}
