//! Reading timelines. Callers of functions that take an incident must already have checked that they may see it.

use std::collections::HashMap;

use entity::{EventId, IncidentId, PersonId, Source, TimelineKind, Timestamp, incident, timeline_event};
use sea_orm::sea_query::Condition;
use sea_orm::{
    ColumnTrait, DbBackend, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement, Value,
};

use crate::ctx::Ctx;
use crate::cursor::{Slice, Window};
use crate::error::Result;
use crate::sql::{self, contains, padded};
use crate::timeline::others::names_none;
use crate::validate::storable;

/// Which events to list. Empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct TimelineFilter {
    /// Of these kinds.
    pub kinds: Option<Vec<TimelineKind>>,
    /// Of none of these kinds.
    pub except_kinds: Option<Vec<TimelineKind>>,
    /// Only key moments, or only the others.
    pub starred: Option<bool>,
    /// By this person.
    pub actor_id: Option<PersonId>,
    /// From these sources.
    pub source: Option<Vec<Source>>,
    /// That happened at this time or later.
    pub since: Option<Timestamp>,
    /// That happened at this time or earlier.
    pub until: Option<Timestamp>,
    /// Containing this text.
    pub text: Option<String>,
}

impl TimelineFilter {
    /// Whether every event passes.
    pub fn is_empty(&self) -> bool {
        // The kind of database makes no difference here.
        self.condition(DbBackend::Sqlite).is_empty()
    }

    /// Whether it takes no database to say which events pass. Times are compared as they are stored, and texts as the database folds them.
    pub fn is_plain(&self) -> bool {
        self.since.is_none() && self.until.is_none() && self.text.is_none()
    }

    /// Whether an event passes a plain filter.
    pub(super) fn passes(&self, event: &timeline_event::Model) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
            && self.except_kinds.as_ref().is_none_or(|kinds| !kinds.contains(&event.kind))
            && self.starred.is_none_or(|starred| starred == event.starred)
            && self.actor_id.is_none_or(|actor| Some(actor) == event.actor_id)
            && self.source.as_ref().is_none_or(|source| source.contains(&event.source))
    }

    fn condition(&self, backend: DbBackend) -> Condition {
        use timeline_event::Column;
        Condition::all()
            .add_option(self.kinds.as_ref().map(|kinds| Column::Kind.is_in(kinds.iter().copied())))
            .add_option(self.except_kinds.as_ref().map(|kinds| Column::Kind.is_not_in(kinds.iter().copied())))
            .add_option(self.starred.map(|starred| Column::Starred.eq(starred)))
            .add_option(self.actor_id.map(|actor| Column::ActorId.eq(actor)))
            .add_option(self.source.as_ref().map(|source| Column::Source.is_in(source.iter().copied())))
            .add_option(self.since.map(|since| Column::OccurredAt.gte(storable(since))))
            .add_option(self.until.map(|until| Column::OccurredAt.lte(storable(until))))
            .add_option(self.text.as_deref().map(|text| names_none().add(contains(backend, Column::Text, text))))
    }
}

/// The event `id`.
///
/// # Errors
/// `NOT_FOUND`, including for events of incidents that the caller may not see.
pub async fn find(ctx: &Ctx, id: EventId) -> Result<timeline_event::Model> {
    sql::find_seen::<timeline_event::Entity>(ctx, id).await
}

/// The events among `ids` that exist and that the caller may see.
pub async fn by_ids(ctx: &Ctx, ids: &[EventId]) -> Result<Vec<timeline_event::Model>> {
    sql::seen_by_ids::<timeline_event::Entity>(ctx, ids).await
}

/// A page of the timeline of `incident` in sequence order; cursors are sequence numbers.
pub async fn page(
    ctx: &Ctx,
    incident: &incident::Model,
    filter: &TimelineFilter,
    window: &Window<i32>,
) -> Result<Slice<timeline_event::Model>> {
    use timeline_event::Column;
    let mut select = timeline_event::Entity::find().filter(Column::IncidentId.eq(incident.id)).filter(filter.condition(ctx.db.backend()));
    select = window.after.map_or(select.clone(), |after| select.filter(Column::Sequence.gt(after)));
    select = window.before.map_or(select.clone(), |before| select.filter(Column::Sequence.lt(before)));
    let select = if window.backwards { select.order_by_desc(Column::Sequence) } else { select.order_by_asc(Column::Sequence) };
    let rows = select.limit(window.rows()).all(ctx.db.read()).await?;
    Ok(window.slice(rows))
}

/// How many events of `incident` pass `filter`.
pub async fn count(ctx: &Ctx, incident: &incident::Model, filter: &TimelineFilter) -> Result<u64> {
    if filter.is_empty() {
        return Ok(u64::try_from(incident.last_sequence).unwrap_or(0));
    }
    let select = timeline_event::Entity::find()
        .filter(timeline_event::Column::IncidentId.eq(incident.id))
        .filter(filter.condition(ctx.db.backend()));
    Ok(select.count(ctx.db.read()).await?)
}

/// A stretch of one timeline: the events after `.1` up to and including `.2`.
pub type Range = (IncidentId, i32, i32);

/// The events of many stretches in one statement, each in order, as a board needs them.
pub async fn range(ctx: &Ctx, ranges: &[Range]) -> Result<HashMap<Range, Vec<timeline_event::Model>>> {
    if ranges.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = ctx.db.backend();
    // Padded like lists of ids (see `padded`), with empty stretches.
    let mut stretches = ranges.to_vec();
    stretches.resize(ranges.len().next_power_of_two(), (ranges[0].0, 0, 0));
    let mut values: Vec<Value> = Vec::with_capacity(stretches.len() * 3);
    let mut tuples = String::new();
    for (number, (incident, after, upto)) in stretches.iter().enumerate() {
        let at = number * 3 + 1;
        let tuple = match backend {
            DbBackend::Postgres => format!("(${at}::uuid, ${}::int4, ${}::int4)", at + 1, at + 2),
            _ => "(?, ?, ?)".to_owned(),
        };
        if number > 0 {
            tuples.push(',');
        }
        tuples.push_str(&tuple);
        values.extend([incident.0.into(), (*after).into(), (*upto).into()]);
    }
    // A join with the list of stretches: one index scan per stretch on both databases, however long the timelines.
    let sql = format!(
        "WITH stretch(incident, low, high) AS (VALUES {tuples}) SELECT e.* FROM stretch \
         JOIN timeline_event e ON e.incident_id = stretch.incident AND e.sequence > stretch.low AND e.sequence <= stretch.high"
    );
    let rows = timeline_event::Model::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(ctx.db.read()).await?;
    let mut by_incident: HashMap<IncidentId, Vec<timeline_event::Model>> = HashMap::new();
    for row in rows {
        by_incident.entry(row.incident_id).or_default().push(row);
    }
    for events in by_incident.values_mut() {
        events.sort_by_key(|event| event.sequence);
        // Overlapping stretches return an event more than once.
        events.dedup_by_key(|event| event.sequence);
    }
    let mut found = HashMap::with_capacity(ranges.len());
    for range in ranges {
        let is_last_of_incident = ranges.iter().rev().find(|other| other.0 == range.0) == Some(range);
        let events = if is_last_of_incident { by_incident.remove(&range.0) } else { by_incident.get(&range.0).cloned() };
        let mut events = events.unwrap_or_default();
        events.retain(|event| event.sequence > range.1 && event.sequence <= range.2);
        found.insert(*range, events);
    }
    Ok(found)
}

/// The next events after `sequence`, at most `limit`.
pub async fn since(ctx: &Ctx, incident: IncidentId, sequence: i32, limit: u64) -> Result<Vec<timeline_event::Model>> {
    let select = timeline_event::Entity::find()
        .filter(timeline_event::Column::IncidentId.eq(incident))
        .filter(timeline_event::Column::Sequence.gt(sequence))
        .order_by_asc(timeline_event::Column::Sequence)
        .limit(limit);
    Ok(select.all(ctx.db.read()).await?)
}

/// The corrections of each of `events`, oldest first.
pub async fn amendments_of(ctx: &Ctx, events: &[EventId]) -> Result<HashMap<EventId, Vec<timeline_event::Model>>> {
    let rows = timeline_event::Entity::find()
        .filter(timeline_event::Column::AmendsId.is_in(padded(events)))
        .order_by_asc(timeline_event::Column::Sequence)
        .all(ctx.db.read())
        .await?;
    let mut by_original: HashMap<EventId, Vec<_>> = HashMap::new();
    for row in rows {
        if let Some(original) = row.amends_id {
            by_original.entry(original).or_default().push(row);
        }
    }
    Ok(by_original)
}

/// The newest UPDATE of `incident`, if there is one.
pub async fn latest_update(ctx: &Ctx, incident: &incident::Model) -> Result<Option<timeline_event::Model>> {
    use timeline_event::Column;
    let Some(sequence) = incident.latest_update_sequence else { return Ok(None) };
    let select = timeline_event::Entity::find().filter(Column::IncidentId.eq(incident.id)).filter(Column::Sequence.eq(sequence));
    Ok(select.one(ctx.db.read()).await?)
}

/// The newest UPDATE of each incident in `latest`, which gives its sequence number.
pub async fn latest_updates(ctx: &Ctx, latest: &[(IncidentId, i32)]) -> Result<HashMap<IncidentId, timeline_event::Model>> {
    let ranges: Vec<Range> = latest.iter().map(|(incident, sequence)| (*incident, sequence - 1, *sequence)).collect();
    let events = range(ctx, &ranges).await?;
    Ok(events.into_iter().filter_map(|((incident, ..), mut events)| Some((incident, events.pop()?))).collect())
}
