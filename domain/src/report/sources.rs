//! What a report is filled in from.

use std::collections::HashMap;
use std::sync::Arc;

use entity::{
    ClientId, EventId, IncidentId, IncidentStatus, PersonId, TimelineKind, Timestamp, client_update, incident_site, person, site,
    timeline_event,
};
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::clients::letter::UNNAMED;
use crate::clients::progress::chosen;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::limits;
use crate::playbook::Playbook;
use crate::record::Whole;
use crate::sql::padded;
use crate::timeline::redactions::{REDACTED, shown};
use crate::words;

/// What a reader of a report needs of the timeline; the rest is the response's own machinery.
const TOLD: [TimelineKind; 18] = [
    TimelineKind::Reported,
    TimelineKind::Declared,
    TimelineKind::Alert,
    TimelineKind::Note,
    TimelineKind::Command,
    TimelineKind::Change,
    TimelineKind::Finding,
    TimelineKind::Decision,
    TimelineKind::Message,
    TimelineKind::Update,
    TimelineKind::SeverityChanged,
    TimelineKind::StatusChanged,
    TimelineKind::RoleChanged,
    TimelineKind::Escalated,
    TimelineKind::ClientAffected,
    TimelineKind::Resolved,
    TimelineKind::Reopened,
    TimelineKind::Closed,
];

/// What an affected client learns of it: what became of the problem, and nothing of how the team worked on it.
const FOR_CLIENTS: [TimelineKind; 4] =
    [TimelineKind::Declared, TimelineKind::StatusChanged, TimelineKind::Resolved, TimelineKind::Reopened];

/// What is known of an incident that its report tells.
#[derive(Clone)]
pub struct Sources {
    pub playbook: Arc<Playbook>,
    pub whole: Whole,
    /// The client that it is told, if it is not the team.
    pub client: Option<ClientId>,
    /// In the order in which they happened.
    pub events: Vec<Told>,
    /// Those that are not told beside the key moments.
    pub others: Arc<[Told]>,
    /// The affected sites.
    pub sites: Vec<Site>,
    /// What was sent to clients, oldest first.
    pub updates: Vec<client_update::Model>,
    /// The names of those who acted.
    pub people: HashMap<PersonId, String>,
}

/// A site, and whose it is.
#[derive(Clone)]
pub struct Site {
    pub name: String,
    pub client: Option<ClientId>,
}

/// An event as it stands corrected.
#[derive(Clone)]
pub struct Told {
    pub event: timeline_event::Model,
    pub text: String,
    pub at: Timestamp,
    pub is_corrected: bool,
}

impl Told {
    /// Whether nobody can read any more what it said.
    pub fn is_silent(&self) -> bool {
        self.event.redacted_at.is_some() && self.text == REDACTED
    }

    /// Where it stands among others.
    fn place(&self) -> (Timestamp, i32) {
        (self.at, self.event.sequence)
    }
}

impl Sources {
    /// All that a reader needs of the timeline, told or not, in the order in which it happened.
    pub fn timeline(&self) -> Vec<&Told> {
        let mut all: Vec<&Told> = self.events.iter().chain(&*self.others).collect();
        all.sort_by_key(|told| told.place());
        all
    }

    /// Loads them.
    pub async fn load(ctx: &Ctx, whole: Whole) -> Result<Self> {
        let (db, id) = (ctx.db.read(), whole.incident.id);
        let of_sites = Query::select()
            .column(incident_site::Column::SiteId)
            .from(incident_site::Entity)
            .and_where(incident_site::Column::IncidentId.eq(id))
            .take();
        let sites = site::Entity::find().filter(site::Column::Id.in_subquery(of_sites)).order_by_asc(site::Column::Name).all(db);
        let updates = client_update::Entity::find()
            .filter(client_update::Column::IncidentId.eq(id))
            .filter(client_update::Column::SentAt.is_not_null())
            .order_by_asc(client_update::Column::SentAt)
            .all(db);
        let (sites, updates, (events, others)) =
            tokio::try_join!(async { Ok(sites.await?) }, async { Ok(updates.await?) }, events(ctx, id))?;
        let actors: Vec<PersonId> = events.iter().filter_map(|told| told.event.actor_id).collect();
        let owners = whole.follow_ups.iter().map(|row| row.owner_id);
        let mut named: Vec<PersonId> = actors.into_iter().chain(owners).collect();
        named.sort_unstable();
        named.dedup();
        let people = person::Entity::find().filter(person::Column::Id.is_in(padded(&named))).all(db).await?;
        let people = people.into_iter().map(|person| (person.id, person.name)).collect();
        let sites = sites.into_iter().map(|site| Site { name: site.name, client: site.client_id }).collect();
        Ok(Self { playbook: ctx.playbook(), whole, client: None, events, others, sites, updates, people })
    }

    /// What of it is the part of `client` (R29): no other client, and no figure that counts others in.
    pub fn for_client(&self, client: ClientId) -> Self {
        let mut told = Self { client: Some(client), others: Arc::default(), ..self.clone() };
        let incident = &mut told.whole.incident;
        incident.name = incident.client_name.clone().unwrap_or_else(|| UNNAMED.to_owned());
        if self.whole.clients.iter().any(|row| row.client_id != client) {
            (incident.impact_requests, incident.impact_visits, incident.impact_users) = (None, None, None);
            incident.impact_description = None;
        }
        told.whole.clients.retain(|row| row.client_id == client);
        told.whole.client_names.retain(|id, _| *id == client);
        told.sites.retain(|site| site.client == Some(client));
        told.events.retain(|told| FOR_CLIENTS.contains(&told.event.kind));
        for told in &mut told.events {
            told.text = for_client(&told.event);
            // Nobody corrected these words.
            told.is_corrected = false;
        }
        // They may be about anybody: what a client reads of them is for somebody to write.
        told.whole.follow_ups.clear();
        told.updates.retain(|row| chosen(row).is_none_or(|clients| clients.contains(&client)));
        told
    }
}

/// What a client reads of an event of a kind that they are told of: the team's own words stay with the team.
fn for_client(event: &timeline_event::Model) -> String {
    let of_status = || {
        let details: serde_json::Value = serde_json::from_str(event.details.as_deref()?).ok()?;
        let status = |key: &str| serde_json::from_value::<IncidentStatus>(details[key].clone()).ok();
        Some(format!("{} → {}", words::status(status("from")?), words::status(status("to")?)))
    };
    match event.kind {
        TimelineKind::Declared => "We began to work on it as an incident".to_owned(),
        TimelineKind::Resolved => "The problem was solved".to_owned(),
        TimelineKind::Reopened => "It came back, and we went on working on it".to_owned(),
        _ => of_status().unwrap_or_else(|| "The work went on to its next stage".to_owned()),
    }
}

/// The events that a report tells: all that a reader needs or, once somebody has marked key moments, those and the turning points; and the
/// others.
async fn events(ctx: &Ctx, id: IncidentId) -> Result<(Vec<Told>, Arc<[Told]>)> {
    use timeline_event::Column;
    let select = timeline_event::Entity::find().filter(Column::IncidentId.eq(id)).filter(Column::Kind.is_in(TOLD));
    let select = select.order_by_desc(Column::Starred).order_by_asc(Column::Sequence);
    let rows = select.limit(limits::REPORT_EVENTS + 1).all(ctx.db.read()).await?;
    let has_stars = rows.first().is_some_and(|row| row.starred);
    let (mut rows, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| !has_stars || row.starred || is_turning_point(row.kind));
    rows.truncate(usize::try_from(limits::REPORT_EVENTS).unwrap_or(usize::MAX));
    let corrections = timeline_event::Entity::find()
        .filter(Column::IncidentId.eq(id))
        .filter(Column::Kind.eq(TimelineKind::Amendment))
        .order_by_asc(Column::Sequence)
        .all(ctx.db.read())
        .await?;
    let mut by_original: HashMap<EventId, Vec<timeline_event::Model>> = HashMap::new();
    for row in corrections {
        if let Some(original) = row.amends_id {
            by_original.entry(original).or_default().push(row);
        }
    }
    let as_corrected = |row: timeline_event::Model| corrected(by_original.get(&row.id).map_or(&[], Vec::as_slice), row);
    let mut told: Vec<Told> = rows.into_iter().map(as_corrected).collect();
    told.sort_by_key(Told::place);
    Ok((told, others.into_iter().map(as_corrected).collect()))
}

fn is_turning_point(kind: TimelineKind) -> bool {
    matches!(
        kind,
        TimelineKind::Reported
            | TimelineKind::Declared
            | TimelineKind::SeverityChanged
            | TimelineKind::Escalated
            | TimelineKind::Resolved
            | TimelineKind::Reopened
    )
}

/// `event` with its corrections, oldest first.
fn corrected(corrections: &[timeline_event::Model], event: timeline_event::Model) -> Told {
    let corrections = || corrections.iter().filter(|correction| correction.redacted_at.is_none());
    let mut told = Told { text: shown(&event).to_owned(), at: event.occurred_at, is_corrected: corrections().next().is_some(), event };
    for correction in corrections() {
        let details: serde_json::Value = correction.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if let Some(text) = details["text"].as_str() {
            text.clone_into(&mut told.text);
        }
        if let Some(at) = details["occurredAt"].as_str().and_then(|text| text.parse().ok()) {
            told.at = at;
        }
    }
    told
}
