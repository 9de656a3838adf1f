//! Who asked, about what.

use std::collections::HashMap;

use entity::{IncidentId, PersonId, incident, person};

use super::people::{Mentions, meant};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::{incident as incidents, people};

/// One line that somebody wrote.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub ctx: &'a Ctx,
    /// The incident that it is about, if that is known.
    pub incident: Option<&'a incident::Model>,
    pub mentions: &'a Mentions,
    /// Names the line for ever: what writes a new row does so once.
    pub key: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// The incident that it is about.
    pub fn incident(&self) -> Result<&'a incident::Model> {
        self.incident.ok_or_else(|| {
            Error::precondition("Which incident? Begin with its number, as in “INC-7 next”. To begin a new one, write “new …”.")
        })
    }

    /// Its id.
    pub fn id(&self) -> Result<IncidentId> {
        Ok(self.incident()?.id)
    }

    /// Whom they mean.
    pub async fn person(&self, said: &str) -> Result<person::Model> {
        meant(self.ctx, self.mentions, "text", said).await
    }

    /// The incident as it is now, after something was changed.
    pub async fn fresh(&self) -> Result<incident::Model> {
        incidents::find(self.ctx, self.id()?).await
    }
}

/// What people are called.
pub(super) struct Names(HashMap<PersonId, String>);

impl Names {
    /// Those of `people`.
    pub async fn load(ctx: &Ctx, people: &[PersonId]) -> Result<Self> {
        let known = if people.is_empty() { Vec::new() } else { people::by_ids(ctx, people).await? };
        Ok(Self(known.into_iter().map(|person| (person.id, person.name)).collect()))
    }

    /// That of `person`.
    pub fn of(&self, person: PersonId) -> &str {
        self.0.get(&person).map_or("somebody", String::as_str)
    }
}
