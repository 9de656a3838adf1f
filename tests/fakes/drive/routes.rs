//! What Drive answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{FOLDER_TYPE, Item, State};
use crate::fakes::front::Front;
use crate::fakes::http::{Reply, Request};

/// What may be said about an item.
const WRITTEN: [&str; 5] = ["id", "name", "mimeType", "parents", "appProperties"];

pub(super) type Outcome = Result<Reply, Reply>;

impl State {
    pub(super) fn answer(&mut self, front: &Front, request: &Request) -> Outcome {
        if (request.method.as_str(), request.path.as_str()) == ("POST", "/token") {
            return Ok(self.give_token(front, request));
        }
        let given = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
        if given.is_none() || given != self.token.as_deref() {
            return Err(refusal(401, "authError", "Request had invalid authentication credentials."));
        }
        if self.too_many > 0 {
            self.too_many -= 1;
            return Err(refusal(403, "userRateLimitExceeded", "User rate limit exceeded."));
        }
        let path = request.path.trim_start_matches('/').split('/').collect::<Vec<_>>();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["drive", "v3", "files"]) => self.find(request),
            ("GET", ["drive", "v3", "files", "generateIds"]) => self.generate(request),
            ("GET", ["drive", "v3", "files", id]) => {
                self.require_flag(request)?;
                Ok(self.told(&self.item(id)?.clone()))
            }
            ("POST", ["drive", "v3", "files"]) => {
                let body = request.json().ok_or_else(|| refusal(400, "parseError", "Parse Error"))?;
                self.require_flag(request)?;
                let item = self.make(&body)?;
                Ok(self.told(&item))
            }
            ("POST", ["upload", "drive", "v3", "files"]) => self.upload(front.url(), request, None),
            ("PATCH", ["upload", "drive", "v3", "files", id]) => self.upload(front.url(), request, Some(id)),
            ("PUT", ["upload", "drive", "v3", "files"]) => self.take_piece(request),
            _ => Err(refusal(404, "notFound", "Not Found")),
        }
    }

    /// Without it, what is in shared drives is as if it were not there.
    pub(super) fn require_flag(&self, request: &Request) -> Result<(), Reply> {
        let is_set = request.argument("supportsAllDrives") == Some("true");
        if self.is_shared && !is_set { Err(refusal(404, "notFound", "File not found: .")) } else { Ok(()) }
    }

    pub(super) fn item(&self, id: &str) -> Result<&Item, Reply> {
        self.items.get(id).ok_or_else(|| refusal(404, "notFound", &format!("File not found: {id}.")))
    }

    pub(super) fn told(&self, item: &Item) -> Reply {
        Reply::json(200, &self.json(item))
    }

    fn json(&self, item: &Item) -> Value {
        let mut json = json!({
            "id": item.id, "name": item.name, "mimeType": item.mime_type, "trashed": item.trashed || self.is_in_bin(item),
            "createdTime": format!("2026-11-22T{:02}:{:02}:{:02}.000Z", item.made / 3_600, item.made / 60 % 60, item.made % 60),
            "appProperties": item.app_properties, "parents": [item.parent],
            "webViewLink": format!("https://drive.google.com/file/d/{}/view", item.id),
            "capabilities": { "canAddChildren": item.mime_type == FOLDER_TYPE && self.may_add },
        });
        if self.is_shared {
            json["driveId"] = "0ADrive".into();
        }
        if item.mime_type != FOLDER_TYPE {
            json["sha256Checksum"] = hex::encode(Sha256::digest(&item.content)).into();
        }
        json
    }

    /// What is in a folder that is in the bin is there as well.
    fn is_in_bin(&self, item: &Item) -> bool {
        self.items.get(&item.parent).is_some_and(|parent| parent.trashed)
    }

    fn find(&self, request: &Request) -> Outcome {
        for (name, value) in [("corpora", "allDrives"), ("includeItemsFromAllDrives", "true"), ("supportsAllDrives", "true")] {
            if request.argument(name) != Some(value) {
                return Err(refusal(400, "invalid", &format!("Invalid Value: {name}")));
            }
        }
        let query = request.argument("q").unwrap_or_default();
        let asked = query.strip_prefix("appProperties has { key='muster' and value='").and_then(|rest| rest.strip_suffix("' }"));
        let Some(marker) = asked.filter(|marker| !marker.contains('\'')) else {
            return Err(refusal(400, "invalid", "Invalid Value: q"));
        };
        let is_found = |item: &&Item| item.indexed && item.app_properties.get("muster").is_some_and(|known| known == marker);
        let mut found: Vec<&Item> = self.items.values().filter(is_found).collect();
        found.sort_by_key(|item| item.made);
        // Two at a time, whatever is asked for: so may the real one.
        let from: usize = request.argument("pageToken").and_then(|token| token.parse().ok()).unwrap_or(0);
        let files: Vec<Value> = found.iter().skip(from).take(2).map(|item| self.json(item)).collect();
        let mut page = json!({ "kind": "drive#fileList", "incompleteSearch": false, "files": files });
        if from + 2 < found.len() {
            page["nextPageToken"] = (from + 2).to_string().into();
        }
        Ok(Reply::json(200, &page))
    }

    fn generate(&mut self, request: &Request) -> Outcome {
        let count = request.argument("count").and_then(|count| count.parse().ok()).unwrap_or(10);
        let ids: Vec<String> = (0..count).map(|_| format!("1Generated{}", self.number())).collect();
        self.given.extend(ids.iter().cloned());
        Ok(Reply::json(200, &json!({ "kind": "drive#generatedIds", "space": "drive", "ids": ids })))
    }

    /// Makes an item without content.
    pub(super) fn make(&mut self, body: &Value) -> Result<Item, Reply> {
        let item = self.fresh(body)?;
        self.used.insert(item.id.clone());
        self.items.insert(item.id.clone(), item.clone());
        Ok(item)
    }

    /// What is to be made of `body`, if it may be.
    pub(super) fn fresh(&mut self, body: &Value) -> Result<Item, Reply> {
        let invalid = |what: &str| refusal(400, "invalid", &format!("Invalid Value: {what}"));
        let object = body.as_object().ok_or_else(|| invalid("body"))?;
        if let Some(unknown) = object.keys().find(|name| !WRITTEN.contains(&name.as_str())) {
            return Err(invalid(unknown));
        }
        let text = |name: &str| body[name].as_str().map(str::to_owned).ok_or_else(|| invalid(name));
        let (id, name, mime_type) = (text("id")?, text("name")?, text("mimeType")?);
        let parent = body["parents"][0].as_str().ok_or_else(|| invalid("parents"))?.to_owned();
        let app_properties: BTreeMap<String, String> =
            serde_json::from_value(body["appProperties"].clone()).map_err(|_| invalid("appProperties"))?;
        if app_properties.iter().any(|(key, value)| key.len() + value.len() > 124) {
            return Err(invalid("appProperties"));
        }
        if !self.given.contains(&id) {
            return Err(invalid("id"));
        }
        if self.used.contains(&id) {
            return Err(refusal(409, "fileIdInUse", "A file already exists with the provided ID."));
        }
        self.item(&parent)?;
        if !self.may_add {
            return Err(refusal(403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file."));
        }
        if mime_type != FOLDER_TYPE {
            self.require_room()?;
        }
        let (made, indexed) = (self.number(), !self.lags);
        Ok(Item { id, name, mime_type, parent, app_properties, content: Bytes::new(), trashed: false, writes: 0, made, indexed })
    }

    pub(super) fn require_room(&self) -> Result<(), Reply> {
        let words = "Service Accounts do not have storage quota. Leverage shared drives, or use OAuth delegation instead.";
        if self.is_full { Err(refusal(403, "storageQuotaExceeded", words)) } else { Ok(()) }
    }
}

pub(super) fn refusal(status: u16, reason: &str, message: &str) -> Reply {
    let errors = json!([{ "message": message, "domain": "global", "reason": reason }]);
    Reply::json(status, &json!({ "error": { "code": status, "message": message, "errors": errors } }))
}
