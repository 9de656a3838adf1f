//! What decisions about a review are made on.

use std::collections::{BTreeMap, HashMap};

use entity::{ClientId, PersonId, TimelineKind, incident, review, review_attendee, timeline_event};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::catalogue;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::state::require_open_timeline;
use crate::record::{Facts, Whole};

/// The review of an incident, with who is invited and who wrote in the timeline.
pub struct Sitting {
    pub whole: Whole,
    pub attendees: Vec<review_attendee::Model>,
    /// How many events of the response each person wrote.
    pub wrote: HashMap<PersonId, u64>,
    /// The affected clients that each person looks after, by name.
    pub clients: BTreeMap<PersonId, Vec<String>>,
}

impl Facts for Sitting {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let attendees = review_attendee::Entity::find().filter(review_attendee::Column::IncidentId.eq(incident.id));
        let attendees = async { Ok::<_, Error>(attendees.all(ctx.db.read()).await?) };
        let (attendees, wrote) = tokio::try_join!(attendees, wrote(ctx, &incident))?;
        let whole = Whole::load(ctx, incident).await?;
        let clients = clients(ctx, &whole.client_names).await?;
        Ok(Self { whole, attendees, wrote, clients })
    }

    fn scope(&self) -> &Whole {
        &self.whole
    }
}

impl Sitting {
    /// The review, as long as it may be changed.
    pub fn review(&self) -> Result<&review::Model> {
        require_open_timeline(&self.whole.incident)?;
        self.whole.reviews.first().ok_or(Error::NotFound("review"))
    }
}

/// Which of the clients with these names each person looks after.
async fn clients(ctx: &Ctx, names: &HashMap<ClientId, String>) -> Result<BTreeMap<PersonId, Vec<String>>> {
    let mut clients: BTreeMap<PersonId, Vec<String>> = BTreeMap::new();
    if names.is_empty() {
        return Ok(clients);
    }
    let ids: Vec<ClientId> = names.keys().copied().collect();
    for row in catalogue::looking_after(ctx, &ids).await? {
        clients.entry(row.person_id).or_default().extend(names.get(&row.client_id).cloned());
    }
    for names in clients.values_mut() {
        names.sort_unstable();
    }
    Ok(clients)
}

/// How many events each person wrote until the incident was over.
async fn wrote(ctx: &Ctx, incident: &incident::Model) -> Result<HashMap<PersonId, u64>> {
    use timeline_event::Column;
    let mut select = timeline_event::Entity::find()
        .select_only()
        .column(Column::ActorId)
        .column_as(Column::Id.count(), "events")
        .filter(Column::IncidentId.eq(incident.id))
        .filter(Column::ActorId.is_not_null())
        .filter(Column::Kind.is_not_in([TimelineKind::Report, TimelineKind::Review, TimelineKind::FollowUp, TimelineKind::Redaction]))
        .group_by(Column::ActorId);
    if let Some(over) = incident.resolved_at {
        select = select.filter(Column::RecordedAt.lte(over));
    }
    let rows = select.into_tuple::<(PersonId, i64)>().all(ctx.db.read()).await?;
    Ok(rows.into_iter().map(|(person, events)| (person, u64::try_from(events).unwrap_or(0))).collect())
}
