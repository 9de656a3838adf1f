//! Events as watchers get them.

use std::sync::Arc;

use domain::audit::restricted;
use domain::authz::Actor;
use domain::{Ctx, Result, files, incident, people, timeline};
use entity::{IncidentId, PersonId, Visibility, attachment, person, timeline_event};

/// An event with what watchers ask for along with it.
pub struct LiveEvent {
    /// The event.
    pub event: Arc<timeline_event::Model>,
    /// Its incident, as it was when the event was read.
    pub incident: Arc<entity::incident::Model>,
    /// Who did it.
    pub actor: Option<Arc<person::Model>>,
    /// Its files.
    pub attachments: Vec<attachment::Model>,
    participants: Arc<Vec<PersonId>>,
}

impl LiveEvent {
    /// Whether `actor` may see it.
    pub fn visible_to(&self, actor: &Actor) -> bool {
        actor.sees(&self.incident, &self.participants)
    }

    /// Records that the caller is shown it, if it is hidden from most.
    pub async fn record_sight(&self, ctx: &Ctx) -> Result<()> {
        record_sight(ctx, &self.incident, &self.participants).await
    }
}

/// Records that the caller is shown `incident` by their rights, if it is not shared with them.
pub(super) async fn record_sight(ctx: &Ctx, incident: &entity::incident::Model, participants: &[PersonId]) -> Result<()> {
    if ctx.actor.person_id().is_some_and(|id| participants.contains(&id)) {
        return Ok(());
    }
    restricted::saw_rows(ctx, std::slice::from_ref(incident)).await
}

/// The next events of `incident` after `sequence`, with their files and actors, in at most three statements.
pub(super) async fn read_batch(ctx: &Ctx, id: IncidentId, sequence: i32, limit: u64) -> Result<Vec<Arc<LiveEvent>>> {
    let events = timeline::since(ctx, id, sequence, limit).await?;
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let incident = Arc::new(incident::find(ctx, id).await?);
    let participants = Arc::new(participants(ctx, &incident).await?);
    let mut actors: Vec<PersonId> = events.iter().filter_map(|event| event.actor_id).collect();
    actors.sort_unstable();
    actors.dedup();
    let actors: Vec<Arc<person::Model>> =
        if actors.is_empty() { Vec::new() } else { people::by_ids(ctx, &actors).await?.into_iter().map(Arc::new).collect() };
    let with_files: Vec<_> = events
        .iter()
        .filter(|event| event.details.as_deref().is_some_and(|details| details.contains("\"attachments\"")))
        .map(|event| event.id)
        .collect();
    let mut files = if with_files.is_empty() { Vec::new() } else { files::of_events(ctx, &with_files).await? };
    let live = |event: timeline_event::Model| {
        let attachments = files.extract_if(.., |file| file.event_id == Some(event.id)).collect();
        let actor = actors.iter().find(|actor| Some(actor.id) == event.actor_id).cloned();
        Arc::new(LiveEvent { event: Arc::new(event), incident: incident.clone(), actor, attachments, participants: participants.clone() })
    };
    Ok(events.into_iter().map(live).collect())
}

/// Who may know about `incident`; empty if everyone may.
pub(super) async fn participants(ctx: &Ctx, incident: &entity::incident::Model) -> Result<Vec<PersonId>> {
    match incident.visibility {
        Visibility::Open => Ok(Vec::new()),
        Visibility::Restricted => incident::participants(ctx, incident.id).await,
    }
}
