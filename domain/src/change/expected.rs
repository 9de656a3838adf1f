//! Changes that must not write over what others changed since the caller looked.

use std::collections::HashMap;

use entity::{IncidentField, PersonId, incident, person};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::ctx::Ctx;
use crate::error::{Conflict, Error, Overtaking, Result};
use crate::record::{Facts, Whole, fields};
use crate::sql::padded;

/// The version that a caller has seen, and what they want to set. What else has happened since does not matter to them.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    version: i32,
    fields: &'a [IncidentField],
}

impl<'a> Expected<'a> {
    /// A change of `fields` by a caller who has seen `version`, if they say so.
    pub fn of(version: Option<i32>, fields: &'a [IncidentField]) -> Option<Self> {
        version.map(|version| Self { version, fields })
    }

    /// Fails if somebody else has changed one of the fields since then.
    ///
    /// # Errors
    /// `CONFLICT`.
    pub(super) async fn check(self, ctx: &Ctx, incident: &incident::Model) -> Result<()> {
        let known_after = incident.last_changes.as_ref().map_or(incident.version, |changes| changes.known_after);
        let conflict = |changes| Error::Conflict(Box::new(Conflict { incident: incident.id, version: incident.version, changes }));
        if !(known_after..=incident.version).contains(&self.version) {
            return Err(conflict(Vec::new()));
        }
        let Some(last) = &incident.last_changes else { return Ok(()) };
        let me = ctx.actor.person_id();
        let changed = self.fields.iter().filter_map(|field| Some((*field, last.fields.get(field)?)));
        let mut overtaken: Vec<_> =
            changed.filter(|(_, change)| change.version > self.version && (change.by.is_none() || change.by != me)).collect();
        if overtaken.is_empty() {
            return Ok(());
        }
        overtaken.sort_by_key(|(field, change)| (change.version, *field));
        let people: Vec<PersonId> = overtaken.iter().filter_map(|(_, change)| change.by).collect();
        let people = person::Entity::find().filter(person::Column::Id.is_in(padded(&people))).all(ctx.db.read()).await?;
        let names: HashMap<PersonId, String> = people.into_iter().map(|person| (person.id, person.name)).collect();
        let whole = Whole::load(ctx, incident.clone()).await?;
        let told = overtaken.into_iter().map(|(field, change)| Overtaking {
            field,
            by: change.by.and_then(|id| Some((id, names.get(&id)?.clone()))),
            at: change.at,
            value: fields::value(&whole, field),
        });
        Err(conflict(told.collect()))
    }
}
