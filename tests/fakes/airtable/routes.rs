//! What Airtable answers.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::base::{Field, Record, Table};
use super::{BASE, List, QUIET, REMEMBERED, State, is_empty};
use crate::fakes::http::{Reply, Request};

/// The arguments of a list that the fake knows.
const LISTED: [&str; 5] = ["pageSize", "offset", "fields[]", "view", "returnFieldsByFieldId"];

type Outcome = Result<Reply, Reply>;

impl State {
    pub(super) fn answer(&mut self, now: DateTime<Utc>, request: &Request) -> Outcome {
        let given = request.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
        if given != Some(self.token.as_str()) {
            return Err(refusal(401, "AUTHENTICATION_REQUIRED", "Authentication required"));
        }
        if self.quiet_until.is_some_and(|until| now < until) || self.window.take(now).is_err() {
            self.quiet_until = Some(self.quiet_until.filter(|until| now < *until).unwrap_or(now + QUIET));
            return Err(refusal(429, "RATE_LIMIT_REACHED", "Rate limit exceeded. Please try again later"));
        }
        let segments = request.path.split('/').skip(1).map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned());
        let segments: Vec<String> = segments.collect();
        match (request.method.as_str(), segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
            ("GET", ["v0", "meta", "bases", base, "tables"]) => self.schema(base),
            ("GET", ["v0", base, table]) => self.list(now, base, table, request),
            _ => Err(short(404, "NOT_FOUND")),
        }
    }

    fn schema(&self, base: &str) -> Outcome {
        if !self.sees_schema || base != BASE {
            return Err(hidden());
        }
        Ok(Reply::json(200, &json!({ "tables": self.base.tables.iter().map(Table::described).collect::<Vec<_>>() })))
    }

    fn list(&mut self, now: DateTime<Utc>, base: &str, table: &str, request: &Request) -> Outcome {
        if base != BASE {
            return Err(short(404, "NOT_FOUND"));
        }
        if let Some((unknown, _)) = request.query.iter().find(|(name, _)| !LISTED.contains(&name.as_str())) {
            return Err(refusal(422, "INVALID_REQUEST_UNKNOWN", &format!("the fake does not know {unknown}")));
        }
        let Some(known) = self.base.tables.iter().find(|known| known.is(table)) else { return Err(hidden()) };
        let size = request.argument("pageSize").map_or(Some(100), |size| size.parse::<usize>().ok());
        let Some(size @ 1..=100) = size else { return Err(refusal(422, "INVALID_PAGE_SIZE", "pageSize must be between 1 and 100")) };
        let wanted: Vec<&str> = request.query.iter().filter(|(name, _)| name == "fields[]").map(|(_, value)| value.as_str()).collect();
        let left = match request.argument("offset") {
            Some(offset) => self.continued(now, known, offset)?,
            None => begun(known, &wanted, request.argument("view"))?,
        };
        let by_id = request.argument("returnFieldsByFieldId") == Some("true");
        let (page, rest) = left.split_at(left.len().min(size));
        let records = page.iter().filter_map(|id| known.records.iter().find(|record| record.id == *id));
        let mut body = json!({ "records": records.map(|record| record.json(known, &wanted, by_id)).collect::<Vec<_>>() });
        if !rest.is_empty() {
            let left = if self.repeats_pages { left.as_slice() } else { rest };
            let offset = format!("itr{:014}/{}", self.next, left[0]);
            self.next += usize::from(!self.repeats_pages);
            let list = List { table: known.id.clone(), left: left.to_vec(), since: now };
            self.lists.insert(offset.clone(), list);
            body["offset"] = offset.into();
            if let Some(change) = self.between.take() {
                let before = self.base.forgets_lists;
                change(&mut self.base);
                if self.base.forgets_lists > before {
                    self.lists.clear();
                }
            }
        }
        Ok(Reply::json(200, &body))
    }

    /// What is left of a list.
    fn continued(&self, now: DateTime<Utc>, table: &Table, offset: &str) -> Result<Vec<String>, Reply> {
        let list = self.lists.get(offset).filter(|list| list.table == table.id && now - list.since < REMEMBERED);
        list.map(|list| list.left.clone()).ok_or_else(|| short(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"))
    }
}

/// The records of a new list.
fn begun(table: &Table, fields: &[&str], view: Option<&str>) -> Result<Vec<String>, Reply> {
    if let Some(unknown) = fields.iter().find(|field| table.field(field).is_none()) {
        return Err(refusal(422, "UNKNOWN_FIELD_NAME", &format!("Unknown field name: \"{unknown}\"")));
    }
    let view = match view {
        None => None,
        Some(name) => {
            let known = table.views.iter().find(|known| known.id == name || known.name == name);
            Some(known.ok_or_else(|| refusal(422, "VIEW_NAME_NOT_FOUND", &format!("View {name} not found")))?)
        }
    };
    let none = BTreeSet::new();
    let hidden = view.map_or(&none, |view| &view.hidden);
    Ok(table.records.iter().map(|record| record.id.clone()).filter(|id| !hidden.contains(id)).collect())
}

impl Table {
    fn described(&self) -> Value {
        let field = |field: &Field| json!({ "id": field.id, "name": field.name, "type": field.kind, "options": field.options });
        let views = self.views.iter().map(|view| json!({ "id": view.id, "name": view.name, "type": "grid" }));
        json!({
            "id": self.id, "name": self.name, "primaryFieldId": self.fields[0].id,
            "fields": self.fields.iter().map(field).collect::<Vec<_>>(), "views": views.collect::<Vec<_>>(),
        })
    }
}

impl Record {
    /// With the fields that say something, of those that are wanted and are still there.
    fn json(&self, table: &Table, wanted: &[&str], by_id: bool) -> Value {
        let is_wanted = |field: &&Field| wanted.is_empty() || wanted.contains(&field.name.as_str()) || wanted.contains(&field.id.as_str());
        let said = table.fields.iter().filter(is_wanted).filter_map(|field| {
            let value = self.values.get(&field.id).filter(|value| !is_empty(value))?;
            Some((if by_id { field.id.clone() } else { field.name.clone() }, value.clone()))
        });
        json!({ "id": self.id, "createdTime": "2026-11-01T09:00:00.000Z", "fields": said.collect::<Map<_, _>>() })
    }
}

/// The one form of an error.
fn refusal(status: u16, kind: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "type": kind, "message": message } }))
}

/// The other one.
fn short(status: u16, kind: &str) -> Reply {
    Reply::json(status, &json!({ "error": kind }))
}

fn hidden() -> Reply {
    let message = "Invalid permissions, or the requested model was not found. Check that both your user and your token have the required \
                   permissions, and that the model names and/or ids are correct.";
    refusal(403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", message)
}
