//! Taking out what an event says: a password, the name of a patient (R16, R28).
//!
//! Text, details and files of the event go, and those of its corrections. That there was an event stays: its number, kind, times and author, and
//! its hash, so that the chain of the timeline is whole. A REDACTION on the same timeline says who took it out and why, and seals what is left
//! ([`super::redactions`]). What people wrote elsewhere, and what was sent, is not reached.

use std::iter::once;

use entity::{AuditAction, EventId, TimelineKind, attachment, forgotten_file, incident, timeline_event};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};

use super::redactions::{Redaction, Redactions, seal};
use super::{Recorded, find, recorded};
use crate::audit::Entry;
use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::reference::reference;
use crate::record::{Draft, Facts, Light, NewEvent};
use crate::wake::Wake;
use crate::{files, sql, validate};

/// Takes out what the event `id` says, and returns it as it is then. One that is redacted already is returned as it is.
///
/// # Errors
/// `BAD_USER_INPUT`, also for a REDACTION; `FORBIDDEN`, `NOT_FOUND`.
pub async fn redact(ctx: &Ctx, id: EventId, reason: &str) -> Result<Recorded> {
    ctx.require(Right::Administer)?;
    let event = find(ctx, id).await?;
    if event.kind == TimelineKind::Redaction {
        return Err(Error::invalid("eventId", "That says what was redacted and why: it stays."));
    }
    let reason = validate::text("reason", reason)?;
    let changed = change::<Around, _>(ctx, event.incident_id, Right::Administer, None, |around, draft| {
        if around.redactions().has(event.sequence) {
            return Ok(Vec::new());
        }
        around.empty(&event, &reason, draft)
    });
    let emptied = changed.await?.output;
    for id in &emptied {
        ctx.waker.wake(Wake::Redacted(*id));
    }
    if !emptied.is_empty() {
        // It is taken out of the record. Files that can't be removed now are by the next chore; SQLite empties its log as it goes on.
        files::forget(ctx).await.unwrap_or_else(|error| error.log("redacted files are still there"));
        ctx.db.empty_log().await.unwrap_or_else(|error| Error::from(error).log("SQLite's log still has what was redacted"));
    }
    recorded(ctx, id).await
}

/// What hangs on the events of an incident.
struct Around {
    incident: Light,
    /// Its corrections and redactions.
    events: Vec<timeline_event::Model>,
    files: Vec<attachment::Model>,
}

impl Facts for Around {
    type Scope = Light;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let events = timeline_event::Entity::find()
            .filter(timeline_event::Column::IncidentId.eq(incident.id))
            .filter(timeline_event::Column::Kind.is_in([TimelineKind::Amendment, TimelineKind::Redaction]));
        let files = sql::of_incidents::<attachment::Entity>(ctx, &[incident.id]).await?;
        Ok(Self { events: events.all(ctx.db.read()).await?, files, incident })
    }

    fn scope(&self) -> &Light {
        &self.incident
    }
}

impl Around {
    fn redactions(&self) -> Redactions {
        Redactions::of(&self.events)
    }

    /// Empties `event` and its corrections, and returns which events these are.
    fn empty(&self, event: &timeline_event::Model, reason: &str, draft: &mut Draft<'_, Light>) -> Result<Vec<EventId>> {
        let is_left = |row: &&timeline_event::Model| row.amends_id == Some(event.id) && row.redacted_at.is_none() && has_words(row);
        let corrections = self.events.iter().filter(is_left);
        let rows: Result<Vec<_>> = once(event).chain(corrections).map(|row| draft.empty(row)).collect();
        let mut rows = rows?;
        rows.sort_by_key(|row| row.sequence);
        let ids: Vec<EventId> = rows.iter().map(|row| row.id).collect();
        self.remove_files(&ids, draft);
        let sequences: Vec<i32> = rows.iter().map(|row| row.sequence).collect();
        let text = format!("{}: {reason}", in_words(&sequences));
        let incident = draft.incident();
        let entry = Entry::new(AuditAction::EventRedacted).about(incident.id);
        let entry = entry.details(json!({ "incident": reference(incident), "sequences": sequences, "reason": reason }));
        draft.audit(entry);
        let said = Redaction { sequences, reason: reason.to_owned(), seals: rows.iter().map(seal).collect() };
        draft.record(NewEvent::new(TimelineKind::Redaction, text).details(serde_json::to_value(said).map_err(Error::internal)?));
        Ok(ids)
    }

    /// Removes the files of `events`; their bytes go after the commit.
    fn remove_files(&self, events: &[EventId], draft: &mut Draft<'_, Light>) {
        let files: Vec<_> = self.files.iter().filter(|file| file.event_id.is_some_and(|event| events.contains(&event))).collect();
        for file in &files {
            let row = forgotten_file::Model { sha256: file.sha256.clone(), forgotten_at: draft.now };
            draft.upsert(row.into_active_model());
        }
        if !files.is_empty() {
            draft.delete::<attachment::Entity>(attachment::Column::Id.is_in(files.iter().map(|file| file.id)));
        }
    }
}

/// Whether somebody wrote something in a correction, and did not just put the time right.
fn has_words(correction: &timeline_event::Model) -> bool {
    let details: Value = correction.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    ["text", "reason"].iter().any(|key| details[key].is_string())
}

/// `Event 17 was redacted`, or `Events 17 and 19 were redacted`.
fn in_words(sequences: &[i32]) -> String {
    let numbers: Vec<String> = sequences.iter().map(i32::to_string).collect();
    match numbers.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("Events {} and {last} were redacted", first.join(", ")),
        numbers => format!("Event {} was redacted", numbers.concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_redacted_is_said_in_words() {
        assert_eq!(in_words(&[17]), "Event 17 was redacted");
        assert_eq!(in_words(&[17, 19]), "Events 17 and 19 were redacted");
        assert_eq!(in_words(&[17, 19, 20]), "Events 17, 19 and 20 were redacted");
    }
}
