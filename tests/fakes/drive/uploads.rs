//! How files get their content.

use serde_json::Value;

use super::State;
use super::routes::{Outcome, refusal};
use crate::fakes::http::{Reply, Request};

/// All pieces but the last are multiples of this.
const UNIT: usize = 256 * 1024;

/// A file that is sent in pieces.
pub(super) struct Session {
    /// The item that changes; none: one is to be made.
    id: Option<String>,
    metadata: Value,
    media_type: String,
    total: usize,
    got: Vec<u8>,
    /// The item, once all is there.
    item: Option<String>,
}

impl State {
    pub(super) fn upload(&mut self, url: &str, request: &Request, id: Option<&str>) -> Outcome {
        self.require_flag(request)?;
        self.require_room()?;
        if let Some(id) = id {
            self.item(id)?;
        }
        match request.argument("uploadType") {
            Some("multipart") => {
                let (metadata, media_type, content) =
                    parts(request).ok_or_else(|| refusal(400, "badRequest", "Malformed multipart body."))?;
                self.write(id, &metadata, &media_type, content)
            }
            Some("resumable") => {
                let metadata = request.json().ok_or_else(|| refusal(400, "parseError", "Parse Error"))?;
                let length = request.header("x-upload-content-length").and_then(|length| length.parse().ok());
                let (Some(total), Some(media_type)) = (length, request.header("x-upload-content-type")) else {
                    return Err(refusal(400, "required", "the fake wants to know what comes"));
                };
                if id.is_none() {
                    self.fresh(&metadata)?;
                }
                let id = id.map(str::to_owned);
                let session = Session { id, metadata, media_type: media_type.to_owned(), total, got: Vec::new(), item: None };
                let number = self.number().to_string();
                let location = format!("{url}/upload/drive/v3/files?uploadType=resumable&upload_id={number}");
                self.sessions.insert(number, session);
                Ok(Reply::text(200, "").header("location", location))
            }
            _ => Err(refusal(400, "invalid", "Invalid Value: uploadType")),
        }
    }

    fn write(&mut self, id: Option<&str>, metadata: &Value, media_type: &str, content: Vec<u8>) -> Outcome {
        let id = match id {
            Some(id) => id.to_owned(),
            None => self.make(metadata)?.id,
        };
        let item = self.items.get_mut(&id).expect("it is there");
        item.content = content.into();
        item.writes += 1;
        media_type.clone_into(&mut item.mime_type);
        if let Some(name) = metadata["name"].as_str() {
            name.clone_into(&mut item.name);
        }
        let item = item.clone();
        Ok(self.told(&item))
    }

    pub(super) fn take_piece(&mut self, request: &Request) -> Outcome {
        let forgotten = || refusal(404, "notFound", "Not Found");
        let number = request.argument("upload_id").ok_or_else(forgotten)?.to_owned();
        let range = request.header("content-range").unwrap_or_default().to_owned();
        let session = self.sessions.get_mut(&number).ok_or_else(forgotten)?;
        if let Some(id) = session.item.clone() {
            let item = self.item(&id)?.clone();
            return Ok(self.told(&item));
        }
        let (span, total) = range.strip_prefix("bytes ").and_then(|range| range.split_once('/')).unwrap_or_default();
        if total != session.total.to_string() {
            return Err(refusal(400, "invalid", "Invalid Value: content-range"));
        }
        if span != "*" {
            let first = span.split_once('-').and_then(|(first, _)| first.parse::<usize>().ok());
            let is_last = session.got.len() + request.body.len() == session.total;
            if first != Some(session.got.len()) || !(is_last || request.body.len().is_multiple_of(UNIT)) {
                return Err(refusal(400, "invalid", "Invalid Value: content-range"));
            }
            session.got.extend_from_slice(&request.body);
        }
        if session.got.len() < session.total {
            let reply = Reply { status: 308, headers: Vec::new(), body: "".into() };
            return Ok(match session.got.len() {
                0 => reply,
                got => reply.header("range", format!("bytes=0-{}", got - 1)),
            });
        }
        let (got, media_type) = (std::mem::take(&mut session.got), session.media_type.clone());
        let (id, metadata) = (session.id.clone(), session.metadata.clone());
        let written = self.write(id.as_deref(), &metadata, &media_type, got)?;
        if let Some(session) = self.sessions.get_mut(&number) {
            session.item = id.or_else(|| metadata["id"].as_str().map(str::to_owned));
        }
        Ok(written)
    }
}

/// What is said about a file, its type, and its content.
fn parts(request: &Request) -> Option<(Value, String, Vec<u8>)> {
    let boundary = request.header("content-type")?.strip_prefix("multipart/related; boundary=")?.to_owned();
    let body = request.body.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
    let body = body.strip_suffix(format!("\r\n--{boundary}--\r\n").as_bytes())?;
    let between = format!("\r\n--{boundary}\r\n");
    let at = body.windows(between.len()).position(|window| window == between.as_bytes())?;
    let (about, content) = (split(&body[..at])?, split(&body[at + between.len()..])?);
    let media_type = content.0.strip_prefix("content-type: ")?.to_owned();
    Some((serde_json::from_slice(about.1).ok()?, media_type, content.1.to_vec()))
}

/// The headers and the rest.
fn split(part: &[u8]) -> Option<(&str, &[u8])> {
    let at = part.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&part[..at]).ok()?, &part[at + 4..]))
}
