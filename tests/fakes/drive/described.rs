//! Google's descriptions of Drive as one: what its discovery document says of uploads, beside the operations of the other.

use serde_json::{Value, json};

/// `own` with uploads as `discovery` has them, and the server that gives tokens, as paths like the others. What it does not know of an item is
/// a mistake.
pub fn described(mut own: Value, discovery: &Value) -> Value {
    own["components"]["schemas"]["File"]["additionalProperties"] = false.into();
    let schema = json!({ "$ref": "#/components/schemas/File" });
    own["paths"]["/files"]["post"]["requestBody"] = json!({ "content": { "application/json": { "schema": schema } } });
    for name in ["create", "update"] {
        let told = &discovery["resources"]["files"]["methods"][name];
        let uploads = told["mediaUpload"]["protocols"].as_object().expect("files are uploaded so");
        let path = format!("/{}", told["path"].as_str().expect("a method has a path"));
        let method = told["httpMethod"].as_str().expect("a method has one").to_lowercase();
        let mut item = own["paths"][&path].clone();
        item.as_object_mut().expect("it is described").retain(|name, _| *name == method || name == "parameters");
        let common = item["parameters"].as_array_mut().expect("it has parameters");
        common.retain(|parameter| parameter["$ref"] != "#/components/parameters/uploadType");
        // The whole of a small file goes with its properties, which is what makes a simple upload multipart.
        let kinds: Vec<&str> = uploads.keys().map(|kind| if kind == "simple" { "multipart" } else { kind }).collect();
        common.push(json!({ "name": "uploadType", "in": "query", "required": true, "schema": { "enum": kinds } }));
        item[&method]["requestBody"] = json!({ "content": { "*/*": {} } });
        own["paths"][uploads["simple"]["path"].as_str().expect("an upload has a path")] = item;
    }
    // Where the rest of a large file goes is the answer to its beginning, so nobody describes it.
    let session = json!({ "name": "upload_id", "in": "query", "required": true, "schema": { "type": "string" } });
    own["paths"]["/upload/drive/v3/files"]["put"] = json!({ "parameters": [session], "requestBody": { "content": { "*/*": {} } } });
    own["paths"]["/token"] = json!({ "post": { "requestBody": { "content": { "*/*": {} } } } });
    own
}
