//! Files of incidents. The bytes are stored in the data folder under the hash of their content, so that duplicates are
//! stored once and a stored file can be verified; the row holds the file's name and the incident it belongs to.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use entity::{AttachmentId, AuditAction, IncidentId, TimelineKind, attachment, forgotten_file};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::audit::{self, Entry};
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state;
use crate::record::{Light, NewEvent};
use crate::sql::{self, padded};
use crate::timeline::file_details;
use crate::{limits, validate};

/// Types that a browser shows without running anything; everything else is offered as a download.
const SHOWN_INLINE: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"];

/// After so long without a byte, nobody sends the rest of a file.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);

/// A file that is being received.
pub struct Upload {
    part: PathBuf,
    file: tokio::fs::File,
    hasher: Sha256,
    start: Vec<u8>,
    bytes: usize,
}

impl Upload {
    /// Starts receiving a file.
    ///
    /// # Errors
    /// `FORBIDDEN`; `UNAVAILABLE` if the disk is full.
    pub async fn begin(ctx: &Ctx) -> Result<Self> {
        ctx.require(Right::Respond)?;
        let folder = incoming(&ctx.config.data_dir);
        tokio::fs::create_dir_all(&folder).await.map_err(not_stored)?;
        let part = folder.join(ctx.ids.uuid(ctx.now()).to_string());
        let file = tokio::fs::File::create_new(&part).await.map_err(not_stored)?;
        Ok(Self { part, file, hasher: Sha256::new(), start: Vec::new(), bytes: 0 })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` if the file is too large.
    pub async fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes += chunk.len();
        if self.bytes > limits::FILE_BYTES {
            return Err(Error::invalid("file", format!("The file is larger than {} MiB.", limits::FILE_BYTES / 1024 / 1024)));
        }
        if self.start.len() < 8_192 {
            self.start.extend_from_slice(&chunk[..chunk.len().min(8_192 - self.start.len())]);
        }
        self.hasher.update(chunk);
        self.file.write_all(chunk).await.map_err(not_stored)
    }

    /// Stores the file and records it on the timeline of `incident`; with `held`, it waits for the event that will
    /// name it instead.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` on a merged incident.
    pub async fn finish(
        mut self,
        ctx: &Ctx,
        incident: IncidentId,
        file_name: &str,
        text: Option<&str>,
        held: bool,
    ) -> Result<attachment::Model> {
        let file_name = validate::name("fileName", file_name.rsplit(['/', '\\']).next().unwrap_or_default())?;
        let text = validate::optional_text("text", text)?;
        if self.bytes == 0 {
            return Err(Error::invalid("file", "The file is empty."));
        }
        // Before anything is stored, so that a refusal leaves nothing behind.
        state::require_open_timeline(&crate::incident::find(ctx, incident).await?)?;
        let sha256 = hex::encode(std::mem::take(&mut self.hasher).finalize());
        // Nobody removes these bytes between their arrival and the row that names them.
        let _turn = ctx.file_turns.enter(&sha256).await;
        // On disk before the row says it is there.
        self.file.sync_all().await.map_err(not_stored)?;
        let home = path(&ctx.config.data_dir, &sha256);
        if let Some(folder) = home.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(not_stored)?;
        }
        tokio::fs::rename(&self.part, &home).await.map_err(not_stored)?;
        let now = ctx.now();
        let row = attachment::Model {
            id: AttachmentId(ctx.ids.uuid(now)),
            incident_id: incident,
            event_id: None,
            content_type: sniffed(&self.start).to_owned(),
            file_name,
            bytes: i64::try_from(self.bytes).unwrap_or(i64::MAX),
            sha256,
            uploaded_by_id: ctx.actor.person_id(),
            created_at: now,
        };
        let changed = change::<Light, _>(ctx, incident, Right::Respond, None, |incident, draft| {
            state::require_open_timeline(incident)?;
            let mut row = row.clone();
            if !held {
                let words = text.clone().unwrap_or_else(|| row.file_name.clone());
                let details = serde_json::json!({ "attachments": [file_details(&row)] });
                row.event_id = Some(draft.record(NewEvent::new(TimelineKind::File, words).details(details)));
            }
            draft.insert(row.clone().into_active_model());
            Ok(row)
        });
        Ok(changed.await?.output)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Still there only if the upload was abandoned.
        let _ = std::fs::remove_file(&self.part);
    }
}

/// A file without a name in the data folder, which is gone when it is closed.
///
/// # Errors
/// `UNAVAILABLE` if the disk is full.
pub fn unnamed(ctx: &Ctx) -> Result<std::fs::File> {
    let folder = incoming(&ctx.config.data_dir);
    std::fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder)).map_err(not_stored)
}

/// A full disk is for an administrator to mend, and needs no look into the log.
pub(crate) fn not_stored(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem => {
            tracing::warn!(%error, "a file could not be stored");
            Error::Outside("The server has no room for files at the moment: an administrator must make some. Nothing was stored.")
        }
        _ => Error::internal(error),
    }
}

/// Removes what is left in `data_dir` of uploads that a crash cut off. Younger ones may still be running in another process.
///
/// # Errors
/// If the folder can't be read or changed.
pub fn forget_abandoned(data_dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(incoming(data_dir))? {
        let entry = entry?;
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > ABANDONED_AFTER {
            tracing::info!(file = %entry.path().display(), "removed what was left of an upload that never ended");
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes the bytes that were taken out of the record, unless another file has the same. What is left to do after a crash, or because the
/// disk refused, is done by the next call.
pub(crate) async fn forget(ctx: &Ctx) -> Result<()> {
    for row in forgotten_file::Entity::find().all(ctx.db.read()).await? {
        let _turn = ctx.file_turns.enter(&row.sha256).await;
        let same = attachment::Entity::find().filter(attachment::Column::Sha256.eq(&*row.sha256));
        if same.one(ctx.db.read()).await?.is_none() {
            let home = path(&ctx.config.data_dir, &row.sha256);
            match tokio::fs::remove_file(&home).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::error!(%error, file = %home.display(), "a redacted file can't be removed: remove it by hand");
                    continue;
                }
                Ok(()) | Err(_) => {}
            }
        }
        forgotten_file::Entity::delete_by_id(row.sha256).exec(ctx.db.write()).await?;
    }
    Ok(())
}

/// The type that the content shows; a file's name proves nothing.
fn sniffed(start: &[u8]) -> &'static str {
    if let Some(kind) = infer::get(start) {
        return kind.mime_type();
    }
    // A multi-byte character may be cut off at the end of the sample.
    let text = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.valid_up_to() + 4 > start.len() && error.error_len().is_none(),
    };
    if text && !start.contains(&0) { "text/plain" } else { "application/octet-stream" }
}

/// Whether a browser may show a file of this type rather than download it.
pub fn is_shown_inline(content_type: &str) -> bool {
    SHOWN_INLINE.contains(&content_type)
}

/// Where files are while they are being written.
pub fn incoming(data_dir: &Path) -> PathBuf {
    data_dir.join("files/incoming")
}

/// Where the bytes with this hash are stored.
pub fn path(data_dir: &Path, sha256: &str) -> PathBuf {
    data_dir.join("files").join(&sha256[..2]).join(sha256)
}

/// The file `id`.
///
/// # Errors
/// `NOT_FOUND`, including for files of incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: AttachmentId) -> Result<attachment::Model> {
    sql::find_seen::<attachment::Entity>(ctx, id).await
}

/// Records that the caller downloads a file, before they get any of it.
pub async fn record_download(ctx: &Ctx, file: &attachment::Model) -> Result<()> {
    let details = json!({ "incident": file.incident_id.to_string(), "fileName": file.file_name, "sha256": file.sha256 });
    audit::record(ctx, Entry::new(AuditAction::FileDownloaded).about(file.id).details(details)).await
}

/// The files among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[AttachmentId]) -> Result<Vec<attachment::Model>> {
    sql::seen_by_ids::<attachment::Entity>(ctx, ids).await
}

/// The hashes of all files that are kept.
pub async fn stored(ctx: &Ctx) -> Result<Vec<String>> {
    ctx.require(Right::Administer)?;
    let hashes = attachment::Entity::find().select_only().column(attachment::Column::Sha256).distinct();
    Ok(hashes.order_by_asc(attachment::Column::Sha256).into_tuple().all(ctx.db.read()).await?)
}

/// Whether the bytes at `path` are those with this hash.
pub fn is_intact(path: &Path, sha256: &str) -> io::Result<bool> {
    // The largest file that is taken is small enough to be read whole.
    Ok(hex::encode(Sha256::digest(std::fs::read(path)?)) == sha256)
}

/// The files of `incidents`, oldest first.
pub async fn of_incidents(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<attachment::Model>> {
    sql::of_incidents::<attachment::Entity>(ctx, incidents).await
}

/// The files of `events`, oldest first.
pub async fn of_events(ctx: &Ctx, events: &[entity::EventId]) -> Result<Vec<attachment::Model>> {
    let select = attachment::Entity::find().filter(attachment::Column::EventId.is_in(padded(events)));
    Ok(select.order_by_asc(attachment::Column::Id).all(ctx.db.read()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_crash_left_of_an_upload_is_removed_and_what_may_still_run_is_not() {
        let data = tempfile::tempdir().unwrap();
        let incoming = data.path().join("files/incoming");
        std::fs::create_dir_all(&incoming).unwrap();
        let left = std::fs::File::create(incoming.join("left")).unwrap();
        let long_ago = left.metadata().unwrap().modified().unwrap() - ABANDONED_AFTER - Duration::from_mins(1);
        left.set_modified(long_ago).unwrap();
        std::fs::File::create(incoming.join("running")).unwrap();
        forget_abandoned(data.path()).unwrap();
        assert!(!incoming.join("left").exists() && incoming.join("running").exists());
    }

    #[test]
    fn the_content_decides_the_type() {
        assert_eq!(sniffed(b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(sniffed("grüße\n".as_bytes()), "text/plain");
        assert_eq!(sniffed(&"grü".as_bytes()[..3]), "text/plain");
        assert_eq!(sniffed(b"\0\x01\x02"), "application/octet-stream");
        assert!(!is_shown_inline(sniffed(b"<!DOCTYPE html><script>alert(1)</script>")) || sniffed(b"<!DOCTYPE html>") == "text/plain");
    }

    #[test]
    fn html_is_never_shown() {
        assert!(!is_shown_inline("text/html"));
        assert!(!is_shown_inline("image/svg+xml"));
    }
}
