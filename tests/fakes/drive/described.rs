//! Google's description of Drive, with what it says of uploads in words.

use serde_json::{Value, json};

/// `own` with uploads, and the server that gives tokens, as paths like the others. What it does not know of an item is a mistake.
pub fn described(mut own: Value) -> Value {
    own["components"]["schemas"]["File"]["additionalProperties"] = false.into();
    let schema = json!({ "$ref": "#/components/schemas/File" });
    own["paths"]["/files"]["post"]["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
    let kind = json!({ "name": "uploadType", "in": "query", "required": true, "schema": { "enum": ["multipart", "resumable"] } });
    for (path, method) in [("/files", "post"), ("/files/{fileId}", "patch")] {
        let mut item = own["paths"][path].clone();
        item.as_object_mut().expect("it is described").retain(|name, _| name == method || name == "parameters");
        let common = item["parameters"].as_array_mut().expect("it has parameters");
        common.retain(|parameter| parameter["$ref"] != "#/components/parameters/uploadType");
        common.push(kind.clone());
        item[method]["requestBody"] = json!({ "content": { "*/*": {} } });
        own["paths"][format!("/upload/drive/v3{path}")] = item;
    }
    let session = json!({ "name": "upload_id", "in": "query", "required": true, "schema": { "type": "string" } });
    own["paths"]["/upload/drive/v3/files"]["put"] = json!({ "parameters": [session], "requestBody": { "content": { "*/*": {} } } });
    own["paths"]["/token"] = json!({ "post": { "requestBody": { "content": { "*/*": {} } } } });
    own
}
