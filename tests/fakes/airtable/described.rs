//! What is known of Airtable, in the form of the others' descriptions.

use serde_json::{Value, json};

/// The description with what it lacks: the tables of a base.
pub fn described(mut document: Value) -> Value {
    let base = json!({ "name": "baseId", "in": "path", "required": true, "schema": { "type": "string", "pattern": "^app[A-Za-z0-9]+$" } });
    document["paths"]["/meta/bases/{baseId}/tables"] = json!({ "get": { "parameters": [base] } });
    document
}
