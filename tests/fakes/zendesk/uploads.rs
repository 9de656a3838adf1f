//! Files: each is uploaded for a token, which one comment may name within the hour.
//!
//! What is refused without a type or a name is as recorded; how an unknown token is refused the vendor does not say.

use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::state::{State, stamp};
use super::tickets::invalid;
use crate::fakes::http::{Reply, Request};

/// How long a token is good for.
const TOKEN_LIFE: Duration = Duration::minutes(60);
/// What a file may hold, unless [`super::ZendeskFake::set_upload_limit`] says otherwise.
pub(super) const LARGEST: usize = 50 << 20;

/// A file on a comment.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its number.
    pub id: u64,
    /// With its ending.
    pub file_name: String,
    /// As it was declared.
    pub content_type: String,
    /// What it holds.
    pub bytes: Bytes,
}

impl Attachment {
    pub(super) fn json(&self, base: &str) -> Value {
        let content_url = format!("{base}/attachments/token/fake{}/?name={}", self.id, self.file_name);
        json!({
            "url": format!("{base}/api/v2/attachments/{}.json", self.id), "id": self.id, "file_name": self.file_name,
            "content_url": content_url, "mapped_content_url": content_url, "content_type": self.content_type, "size": self.bytes.len(),
            "inline": false, "deleted": false, "thumbnails": [],
        })
    }
}

/// Answers `POST /uploads`.
pub(super) fn upload(state: &mut State, now: DateTime<Utc>, base: &str, request: &Request) -> Reply {
    let filled = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let Some(file_name) = filled(request.argument("filename")) else { return invalid("filename", "cannot be blank") };
    let Some(content_type) = filled(request.header("content-type")) else {
        return invalid("content_type", "Content type cannot be blank");
    };
    if request.body.len() > state.largest_upload {
        return Reply::json(413, &json!({ "error": "AttachmentTooLarge", "description": "The file is too large" }));
    }
    if !state.takes_uploads || request.body.is_empty() {
        return Reply::json(422, &json!({ "error": "AttachmentUnprocessable", "description": "Attachment is unprocessable" }));
    }
    let attachment = Attachment { id: state.fresh_id(), file_name, content_type, bytes: request.body.clone() };
    let (token, json) = (format!("fakeupload{}", state.fresh_id()), attachment.json(base));
    state.uploads.insert(token.clone(), (now, attachment));
    let upload = json!({ "token": token, "expires_at": stamp(now + TOKEN_LIFE), "attachment": json, "attachments": [json] });
    Reply::json(201, &json!({ "upload": upload }))
}

/// The files of these tokens, which are used up.
pub(super) fn take(state: &mut State, now: DateTime<Utc>, tokens: &Value) -> Result<Vec<Attachment>, Reply> {
    let wrong = || invalid("uploads", "Uploads: a token is unknown, expired, or was used");
    if tokens.is_null() {
        return Ok(Vec::new());
    }
    let tokens = tokens.as_array().and_then(|tokens| tokens.iter().map(Value::as_str).collect::<Option<Vec<_>>>()).ok_or_else(wrong)?;
    let is_good = |token: &&str| state.uploads.get(*token).is_some_and(|(at, _)| *at + TOKEN_LIFE > now);
    if !tokens.iter().all(is_good) {
        return Err(wrong());
    }
    tokens.into_iter().map(|token| state.uploads.remove(token).map(|(_, attachment)| attachment).ok_or_else(wrong)).collect()
}
