//! Files of messages, taken with the limits of uploads.

use entity::{IncidentId, attachment};

use super::stop::Stop;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::files::Upload;
use crate::limits;
use crate::ports::{ChatRooms, Refusal, SeenChatFile};
use crate::validate;

/// What was taken of a message's files.
#[derive(Default)]
pub(super) struct Fetched {
    taken: Vec<attachment::Model>,
    missing: Vec<String>,
}

impl Fetched {
    /// The files, which wait for the event that names them.
    pub fn taken(&self) -> &[attachment::Model] {
        &self.taken
    }

    /// What is to be said of those that could not be taken.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Says of a file that it could not be taken.
    pub fn miss(&mut self, file: &SeenChatFile, why: &str) {
        self.missing.push(format!("The file “{}” was not taken: {}.", validate::as_name(&file.name), why.trim_end_matches('.')));
    }
}

/// Takes the files of a message of an incident.
pub(super) async fn fetch(writer: &Ctx, rooms: &dyn ChatRooms, incident: IncidentId, files: &[SeenChatFile]) -> Result<Fetched, Stop> {
    let mut fetched = Fetched::default();
    for file in files {
        if file.url.is_none() {
            fetched.miss(file, "it is kept elsewhere");
            continue;
        }
        match rooms.file(file, limits::FILE_BYTES).await {
            Ok(bytes) if bytes.is_empty() => fetched.miss(file, "it is empty"),
            Ok(bytes) => fetched.taken.push(store(writer, incident, &file.name, &bytes).await?),
            Err(refusal) => {
                if let Refusal::Never(why) = &refusal {
                    fetched.miss(file, why);
                }
                Stop::unless_for_ever(refusal)?;
            }
        }
    }
    Ok(fetched)
}

async fn store(writer: &Ctx, incident: IncidentId, name: &str, bytes: &[u8]) -> Result<attachment::Model> {
    let mut upload = Upload::begin(writer).await?;
    upload.write(bytes).await?;
    upload.finish(writer, incident, &validate::as_name(name), None, true).await
}
