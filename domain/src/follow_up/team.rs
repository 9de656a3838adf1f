//! Everybody there is or was, to find the people behind the members of a board.

use entity::{AccessLevel, PersonId, person};
use sea_orm::EntityTrait;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::ports::{Member, Owner};

/// Everybody who is or was on the team, to find the people behind the members of a board.
#[derive(Clone, Debug, Default)]
pub struct Team(Vec<person::Model>);

impl Team {
    /// Loads everybody.
    pub async fn load(ctx: &Ctx) -> Result<Self> {
        Ok(Self(person::Entity::find().all(ctx.db.read()).await?))
    }

    /// The name of a person.
    pub fn name(&self, id: PersonId) -> &str {
        self.0.iter().find(|person| person.id == id).map_or("somebody", |person| &person.name)
    }

    /// The person behind a member of a board, among those who can own a follow-up.
    pub fn person_behind(&self, member: &Member) -> Option<PersonId> {
        let able = self.0.iter().filter(|person| person.deactivated_at.is_none() && person.access_level >= AccessLevel::Responder);
        let alike = able.filter_map(|person| Some((owner(person).likeness(member)?, person.id)));
        alike.max_by_key(|(likeness, id)| (*likeness, std::cmp::Reverse(*id))).map(|(_, id)| id)
    }

    pub(super) fn owner(&self, id: PersonId) -> Owner {
        let known = self.0.iter().find(|person| person.id == id).map(owner);
        known.unwrap_or_else(|| Owner { id, name: "somebody".to_owned(), email: None })
    }
}

pub(crate) fn owner(person: &person::Model) -> Owner {
    Owner { id: person.id, name: person.name.clone(), email: person.email.clone() }
}
