//! The vendors' own descriptions of their interfaces, and what in a request they don't allow.
//!
//! The descriptions have no licence and so aren't part of the project: `MUSTER_CONTRACTS` names the folder where they are. Beyond them,
//! it reports what a vendor would silently ignore: unknown properties of a ticket, undeclared arguments of a change.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

use super::{Received, airtable, drive, slack, wordpress};

/// What the documentation recommends but the description lacks.
const UNDESCRIBED: [&str; 1] = ["metadata"];
/// Trello's credentials.
const CREDENTIALS: [&str; 2] = ["key", "token"];

/// A vendor's description.
pub struct Contract {
    document: Value,
    operations: Vec<Operation>,
    /// The prefix of paths that the description omits.
    prefix: &'static str,
    /// The one property of a body, and whether there is one.
    wrapper: Option<&'static str>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

struct Operation {
    method: String,
    segments: Vec<String>,
    parameters: Vec<Value>,
    body: Option<Value>,
    /// Whether its body is a file of any kind.
    takes_files: bool,
}

impl Contract {
    /// The description of Zendesk Support.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    pub fn zendesk() -> Arc<Self> {
        static LOADED: OnceLock<Arc<Contract>> = OnceLock::new();
        let load = || {
            let mut document = load("zendesk.json");
            // Of a file's upload the description has no more than words.
            document["paths"]["/api/v2/uploads"]["post"]["parameters"] =
                json!([{ "name": "filename", "in": "query", "required": true, "schema": { "type": "string", "minLength": 1 } }]);
            document["paths"]["/api/v2/uploads"]["post"]["requestBody"]["content"] = json!({ "*/*": {} });
            Self::of(document, "", Some("ticket"))
        };
        Arc::clone(LOADED.get_or_init(|| Arc::new(load())))
    }

    /// The description of Trello.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    pub fn trello() -> Arc<Self> {
        static LOADED: OnceLock<Arc<Contract>> = OnceLock::new();
        Arc::clone(LOADED.get_or_init(|| Arc::new(Self::of(load("trello.json"), "/1", None))))
    }

    /// What a WordPress says of itself.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    pub fn wordpress() -> Arc<Self> {
        static LOADED: OnceLock<Arc<Contract>> = OnceLock::new();
        let load = || Self::of(wordpress::described(&load("wordpress.json")), "/wp-json", None);
        Arc::clone(LOADED.get_or_init(|| Arc::new(load())))
    }

    /// The descriptions of Google Drive.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    pub fn drive() -> Arc<Self> {
        static LOADED: OnceLock<Arc<Contract>> = OnceLock::new();
        let load = || Self::of(drive::described(load("google-drive.json"), &load("google-drive.discovery.json")), "/drive/v3", None);
        Arc::clone(LOADED.get_or_init(|| Arc::new(load())))
    }

    /// What Slack says of its methods, and of what their bodies hold.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    pub fn slack() -> Arc<Self> {
        static LOADED: OnceLock<Arc<Contract>> = OnceLock::new();
        let load = || Self::of(slack::described(load("slack.types.schema.json"), &load("slack.methods.json")), "/api", None);
        Arc::clone(LOADED.get_or_init(|| Arc::new(load())))
    }

    /// What is known of Airtable, which publishes no description.
    ///
    /// # Panics
    /// If `MUSTER_CONTRACTS` doesn't name a folder with it.
    pub fn airtable() -> Arc<Self> {
        static LOADED: OnceLock<Arc<Contract>> = OnceLock::new();
        let load = || Self::of(airtable::described(load("airtable.assembled.json")), "/v0", None);
        Arc::clone(LOADED.get_or_init(|| Arc::new(load())))
    }

    fn of(mut document: Value, prefix: &'static str, wrapper: Option<&'static str>) -> Self {
        convert(&mut document["components"]);
        convert(&mut document["paths"]);
        let operations = operations(&document);
        Self { document, operations, prefix, wrapper, compiled: Mutex::default() }
    }

    /// Arguments in the address that an operation takes.
    ///
    /// # Panics
    /// If it isn't described.
    pub fn arguments(&self, method: &str, path: &str) -> BTreeSet<String> {
        let segments = split(path);
        let fits = |operation: &&Operation| operation.method == method && operation.fits(&segments);
        let operation = self.operations.iter().find(fits).expect("the operation is described");
        let queried = operation.parameters.iter().filter(|parameter| parameter["in"] == "query");
        queried.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
    }

    /// What is wrong with a request; nothing when all is well.
    pub fn check(&self, request: &Received) -> Vec<String> {
        let path = request.path.strip_prefix(self.prefix).unwrap_or(&request.path);
        let segments = split(path.strip_suffix(".json").unwrap_or(path));
        let fits = |operation: &&Operation| operation.method == request.method && operation.fits(&segments);
        let Some(operation) = self.operations.iter().find(fits) else { return vec!["no such method and path".to_owned()] };
        let mut wrong = Vec::new();
        for parameter in &operation.parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            let given = match parameter["in"].as_str() {
                Some("query") => request.argument(name),
                Some("path") => operation.segment(name, &segments),
                _ => continue,
            };
            match given {
                Some(given) if !self.allows(parameter, given) => wrong.push(format!("`{name}` mustn't be {given:?}")),
                None if parameter["required"] == true => wrong.push(format!("`{name}` is missing")),
                _ => (),
            }
        }
        if request.method != "GET" {
            let declared = |name: &str| operation.parameters.iter().any(|known| known["in"] == "query" && known["name"] == name);
            let unknown = request.query.iter().filter(|(name, _)| !declared(name) && !CREDENTIALS.contains(&name.as_str()));
            wrong.extend(unknown.map(|(name, _)| format!("`{name}` isn't described")));
        }
        self.check_body(operation, request, &mut wrong);
        wrong
    }

    fn check_body(&self, operation: &Operation, request: &Received, wrong: &mut Vec<String>) {
        if operation.takes_files {
            if request.header("content-type").is_none_or(|kind| !kind.contains('/')) {
                wrong.push("the file has no type".to_owned());
            }
            return;
        }
        let Some(schema) = &operation.body else {
            if !request.body.is_empty() {
                wrong.push("it has no body".to_owned());
            }
            return;
        };
        if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            wrong.push("the body isn't declared as JSON".to_owned());
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            wrong.push("the body isn't JSON".to_owned());
            return;
        };
        let validator = self.validator(schema);
        wrong.extend(validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())));
        if let Some(wrapper) = self.wrapper {
            let object = body.as_object().cloned().unwrap_or_default();
            wrong.extend(object.keys().filter(|name| *name != wrapper).map(|name| format!("`{name}` beside `{wrapper}`")));
            match object.get(wrapper).and_then(Value::as_object) {
                None => wrong.push(format!("`{wrapper}` is missing")),
                Some(wrapped) => self.check_names(wrapper, wrapped, &self.resolve(schema)["properties"][wrapper], wrong),
            }
        }
    }

    /// Reports names that the description doesn't have, here and in a comment.
    fn check_names(&self, what: &str, given: &Map<String, Value>, schema: &Value, wrong: &mut Vec<String>) {
        let known = self.names(schema);
        let unknown = given.keys().filter(|name| !known.contains(name.as_str()) && !UNDESCRIBED.contains(&name.as_str()));
        wrong.extend(unknown.map(|name| format!("`{what}.{name}` isn't described")));
        if let (Some(comment), Some(schema)) = (given.get("comment").and_then(Value::as_object), self.property(schema, "comment")) {
            self.check_names("comment", comment, &schema, wrong);
        }
    }

    fn names(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolve(schema);
        let own = schema["properties"].as_object().into_iter().flat_map(|names| names.keys().cloned());
        let inherited = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| self.names(part));
        own.chain(inherited).collect()
    }

    fn property(&self, schema: &Value, name: &str) -> Option<Value> {
        let schema = self.resolve(schema);
        let inherited = || schema["allOf"].as_array()?.iter().find_map(|part| self.property(part, name));
        schema["properties"].get(name).cloned().or_else(inherited)
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolve(lookup(&self.document, reference)),
            None => schema,
        }
    }

    /// Whether a parameter may have this value, which is text in a request, read as the type its schema asks for.
    fn allows(&self, parameter: &Value, given: &str) -> bool {
        let schema = &parameter["schema"];
        let validator = self.validator(schema);
        if parameter["explode"] == false {
            return given
                .split(',')
                .filter(|part| !part.is_empty())
                .all(|part| readings(part).iter().any(|value| validator.is_valid(value)));
        }
        readings(given).iter().any(|value| validator.is_valid(value))
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let key = schema.to_string();
        if let Some(known) = self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(known);
        }
        let root = json!({ "components": self.document["components"], "allOf": [schema] });
        // OpenAPI 3.0 is nearest to this draft. Formats are left out: Trello calls `date` what it gives and takes as a time.
        let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(false);
        let validator = Arc::new(options.build(&root).expect("a schema that can't be used would check nothing"));
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&validator));
        validator
    }
}

impl Operation {
    fn fits(&self, segments: &[&str]) -> bool {
        let fits = |(own, given): (&String, &&str)| own.starts_with('{') || own == given;
        self.segments.len() == segments.len() && self.segments.iter().zip(segments).all(fits)
    }

    fn segment<'a>(&self, name: &str, segments: &[&'a str]) -> Option<&'a str> {
        let at =
            self.segments.iter().position(|segment| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) == Some(name))?;
        segments.get(at).copied()
    }
}

/// The folder with the vendors' descriptions and samples; a relative one starts at the workspace's root.
///
/// # Panics
/// If it isn't set.
pub fn folder() -> PathBuf {
    let folder = std::env::var_os("MUSTER_CONTRACTS")
        .expect("set MUSTER_CONTRACTS to the folder with zendesk.json, trello.json, wordpress.json, google-drive.json, google-drive.discovery.json, slack.types.schema.json, slack.methods.json, airtable.assembled.json and samples");
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join(folder)
}

/// A vendor's description, as it is.
///
/// # Panics
/// If it isn't there.
pub fn load(file: &str) -> Value {
    let path = folder().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a description is JSON")
}

/// A violation in words.
pub(super) fn told(request: &Received, wrong: &str) -> String {
    format!("{} {}: {wrong}", request.method, request.path)
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("a description has paths") {
        for method in ["get", "put", "post", "patch", "delete"] {
            let Some(operation) = item.get(method) else { continue };
            let parameters = [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Value::as_array).flatten();
            let resolved = parameters.map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => lookup(document, reference).clone(),
                None => parameter.clone(),
            });
            operations.push(Operation {
                method: method.to_uppercase(),
                segments: split(path).into_iter().map(str::to_owned).collect(),
                parameters: resolved.collect(),
                body: operation.pointer("/requestBody/content/application~1json/schema").cloned(),
                takes_files: operation.pointer("/requestBody/content/*~1*").is_some(),
            });
        }
    }
    // The more literal path first: `/users/me` before `/users/{user_id}`.
    operations.sort_by_key(|operation| operation.segments.iter().filter(|segment| segment.starts_with('{')).count());
    operations
}

fn split(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

fn lookup<'a>(document: &'a Value, reference: &str) -> &'a Value {
    document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// The values that a text may stand for.
fn readings(given: &str) -> Vec<Value> {
    let list: Vec<Value> = given.split(',').filter(|part| !part.is_empty()).map(Value::from).collect();
    let mut readings = vec![Value::from(given), Value::from(list)];
    readings.extend(serde_json::from_str(given).ok().filter(|value: &Value| value.is_number() || value.is_boolean() || value.is_null()));
    readings
}

/// Turns keywords that only `OpenAPI` has into those of JSON Schema.
fn convert(schema: &mut Value) {
    match schema {
        Value::Array(parts) => parts.iter_mut().for_each(convert),
        Value::Object(object) => {
            object.values_mut().for_each(convert);
            if let Some(Value::Array(values)) = object.get_mut("enum") {
                // Trello names one twice, which JSON Schema forbids.
                let mut seen = BTreeSet::new();
                values.retain(|value| seen.insert(value.to_string()));
            }
            if object.get("nullable") == Some(&Value::Bool(true)) {
                object.remove("nullable");
                let own = std::mem::take(object);
                object.insert("anyOf".to_owned(), json!([own, { "type": "null" }]));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
    }
}
