//! How the bytes of a file get to Google Drive: small ones in one request with what is said about them, large ones in pieces, of which only
//! those are sent again that were lost, in the next attempt as well.

use std::path::PathBuf;

use bytes::Bytes;
use document::Press;
use domain::ports::{Content, Part, Refusal};
use reqwest::header::{LOCATION, RANGE};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::Instant;
use url::Url;

use super::DriveOutlet;
use super::wire::{FIELDS, Item};
use crate::outlets::client::{Call, Cause, Failed};
use crate::outlets::paper;

const UPLOADS: &str = "/upload/drive/v3/files";
/// Files up to this size go in one request.
const SMALL: u64 = 5 << 20;
/// A piece of a larger one. Google takes multiples of 256 KiB.
const PIECE: u64 = 4 << 20;
/// How often a file's connection may be cut within one attempt.
const CUTS: usize = 3;

/// A file as it is sent.
pub struct Body {
    pub name: String,
    pub media_type: String,
    /// In hexadecimal.
    pub sha256: String,
    length: u64,
    held: Held,
}

enum Held {
    Bytes(Bytes),
    Stored(PathBuf),
}

impl Body {
    /// What `part` holds, a document as a PDF or, where none can be had, as Word reads it.
    pub async fn of(press: &Press, part: &Part) -> Self {
        match &part.content {
            Content::Document { markdown, document } => {
                let file = paper::written(press, &part.name, markdown, document.clone()).await;
                Self::held(file.name, file.media_type, file.bytes)
            }
            Content::Bytes { media_type, bytes } => Self::held(part.name.clone(), media_type, bytes.clone().into()),
            Content::Stored { path, media_type, length, sha256 } => Self {
                name: part.name.clone(),
                media_type: media_type.clone(),
                sha256: sha256.clone(),
                length: *length,
                held: Held::Stored(path.clone()),
            },
        }
    }

    fn held(name: String, media_type: &str, bytes: Bytes) -> Self {
        let (sha256, length) = (hex::encode(Sha256::digest(&bytes)), bytes.len() as u64);
        Self { name, media_type: media_type.to_owned(), sha256, length, held: Held::Bytes(bytes) }
    }

    /// At most `length` bytes from `from` on.
    async fn piece(&self, from: u64, length: u64) -> Result<Bytes, Refusal> {
        let length = length.min(self.length.saturating_sub(from));
        let lost = |error: std::io::Error| Refusal::Later {
            reason: format!("The file {} can't be read on the server: {}.", self.name, error.kind()),
            after: None,
        };
        match &self.held {
            Held::Bytes(bytes) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(at(from)..at(from + length)))
            }
            Held::Stored(path) => {
                let mut file = tokio::fs::File::open(path).await.map_err(lost)?;
                file.seek(std::io::SeekFrom::Start(from)).await.map_err(lost)?;
                let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
                file.read_exact(&mut piece).await.map_err(lost)?;
                Ok(piece.into())
            }
        }
    }
}

/// Where a file goes.
pub struct Target {
    pub id: String,
    /// Whether it is still to be made.
    pub is_new: bool,
    /// What is said about it.
    pub metadata: Value,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uploaded {
    /// It is there.
    Done,
    /// Something with this id was there already.
    WasThere,
}

/// How far a large file has got.
enum Reached {
    All,
    /// Up to this byte.
    Byte(u64),
    /// Google has forgotten it.
    Nothing,
}

impl DriveOutlet {
    /// Sends it, until `until` at most.
    pub(super) async fn upload(&self, target: &Target, body: &Body, until: Instant) -> Result<Uploaded, Refusal> {
        if body.length <= SMALL { self.at_once(target, body).await } else { self.in_pieces(target, body, until).await }
    }

    async fn at_once(&self, target: &Target, body: &Body) -> Result<Uploaded, Refusal> {
        let bytes = body.piece(0, body.length).await?;
        // Nobody can write a file that contains its own hash.
        let boundary = format!("muster-{}", body.sha256);
        let head = format!(
            "--{boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n{}\r\n--{boundary}\r\ncontent-type: {}\r\n\r\n",
            target.metadata, body.media_type
        );
        let whole: Bytes = [head.as_bytes(), &bytes[..], format!("\r\n--{boundary}--\r\n").as_bytes()].concat().into();
        let media_type = format!("multipart/related; boundary={boundary}");
        outcome(self.ask(|| self.uploading(target, "multipart").body(&media_type, whole.clone())).await)
    }

    fn uploading(&self, target: &Target, kind: &str) -> Call<'_> {
        let call = if target.is_new { self.api.post(UPLOADS) } else { self.api.patch(&format!("{UPLOADS}/{}", target.id)) };
        call.query(&[("uploadType", kind), ("supportsAllDrives", "true"), ("fields", FIELDS)])
    }

    async fn in_pieces(&self, target: &Target, body: &Body, until: Instant) -> Result<Uploaded, Refusal> {
        let key = (target.id.clone(), body.sha256.clone());
        let known = self.sessions().get(&key).cloned();
        let (session, mut from) = match known {
            None => match self.begin(target, body).await {
                Err(failed) if failed.status() == Some(409) => return Ok(Uploaded::WasThere),
                begun => (begun.map_err(super::refusal)?, 0),
            },
            Some(session) => match self.reached(&session, body).await.map_err(super::refusal)? {
                Reached::All => return Ok(self.ended(&key)),
                Reached::Byte(from) => (session, from),
                Reached::Nothing => (self.begin(target, body).await.map_err(super::refusal)?, 0),
            },
        };
        self.sessions().insert(key.clone(), session.clone());
        let mut cuts = 0;
        loop {
            if Instant::now() >= until {
                let sent = from * 100 / body.length.max(1);
                let reason = format!("Google Drive has {sent} % of {} so far; the rest follows.", body.name);
                return Err(Refusal::Later { reason, after: Some(super::SOON) });
            }
            let piece = body.piece(from, PIECE).await?;
            let range = format!("bytes {from}-{}/{}", (from + piece.len() as u64).saturating_sub(1), body.length);
            match self.ask::<Item>(|| self.piece_of(&session, &range, &body.media_type, piece.clone())).await {
                Ok(_) => return Ok(self.ended(&key)),
                Err(failed) if failed.status() == Some(308) => from = taken(&failed),
                Err(failed) if is_cut(&failed) && cuts < CUTS => {
                    cuts += 1;
                    match self.reached(&session, body).await.map_err(super::refusal)? {
                        Reached::All => return Ok(self.ended(&key)),
                        Reached::Byte(byte) => from = byte,
                        Reached::Nothing => return Err(self.forgotten(&key)),
                    }
                }
                Err(failed) if is_forgotten(&failed) => return Err(self.forgotten(&key)),
                Err(failed) => return outcome(Err(failed)),
            }
        }
    }

    /// The address that takes the pieces.
    async fn begin(&self, target: &Target, body: &Body) -> Result<Url, Failed> {
        let length = body.length.to_string();
        let heard = self
            .heard(|| {
                let call = self.uploading(target, "resumable").json(&target.metadata);
                call.header("x-upload-content-type", &body.media_type).header("x-upload-content-length", &length)
            })
            .await?;
        let location = heard.headers.get(LOCATION).and_then(|value| Url::parse(value.to_str().ok()?).ok());
        location.ok_or_else(|| self.api.failed(true, Cause::Garbled("it says not where the file goes".to_owned())))
    }

    /// Whatever its address says, it is at the host of the settings: a token goes along.
    fn piece_of(&self, session: &Url, range: &str, media_type: &str, piece: Bytes) -> Call<'_> {
        let pairs: Vec<(String, String)> = session.query_pairs().into_owned().collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.api.put(session.path()).query(&pairs).header("content-range", range).body(media_type, piece)
    }

    async fn reached(&self, session: &Url, body: &Body) -> Result<Reached, Failed> {
        let range = format!("bytes */{}", body.length);
        match self.ask::<Item>(|| self.piece_of(session, &range, &body.media_type, Bytes::new())).await {
            Ok(_) => Ok(Reached::All),
            Err(failed) if failed.status() == Some(308) => Ok(Reached::Byte(taken(&failed))),
            Err(failed) if is_forgotten(&failed) => Ok(Reached::Nothing),
            Err(failed) => Err(failed),
        }
    }

    fn ended(&self, key: &(String, String)) -> Uploaded {
        self.sessions().remove(key);
        Uploaded::Done
    }

    fn forgotten(&self, key: &(String, String)) -> Refusal {
        self.sessions().remove(key);
        Refusal::Later { reason: "Google Drive has forgotten the beginning of a file: it is sent anew.".to_owned(), after: None }
    }
}

fn outcome(sent: Result<Item, Failed>) -> Result<Uploaded, Refusal> {
    match sent {
        Ok(_) => Ok(Uploaded::Done),
        Err(failed) if failed.status() == Some(409) => Ok(Uploaded::WasThere),
        Err(failed) => Err(super::refusal(failed)),
    }
}

/// The first byte that Google lacks.
fn taken(failed: &Failed) -> u64 {
    let Cause::Answered(answered) = &failed.cause else { return 0 };
    let range = answered.headers.get(RANGE).and_then(|value| value.to_str().ok());
    range.and_then(|range| range.rsplit_once('-')?.1.parse::<u64>().ok()).map_or(0, |last| last + 1)
}

fn is_cut(failed: &Failed) -> bool {
    matches!(failed.cause, Cause::Lost(_) | Cause::Garbled(_)) || failed.status().is_some_and(|status| (500..600).contains(&status))
}

fn is_forgotten(failed: &Failed) -> bool {
    matches!(failed.status(), Some(404 | 410))
}
