//! Who may do what. The only place that knows; every use case checks first.

use std::sync::Arc;

use entity::{AccessLevel, ApiTokenId, Grant, Grants, IncidentId, PersonId, Visibility, incident, incident_access, person};
use sea_orm::sea_query::{Condition, Expr, Query};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect, QueryTrait, Select};

use crate::documents::{DOCUMENTS_ONLY, DocumentSet};
use crate::error::{Error, Result};
use crate::networks::Networks;

/// The party on whose behalf something is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, with the rights of the token or session they presented.
    Person {
        /// The person's id.
        id: PersonId,
        /// What they may do in general: the lesser of the person's level and the token's.
        access: AccessLevel,
        /// What they may do beyond that.
        grants: Grants,
        /// The token that they presented; `None` for a session.
        token: Option<Presented>,
    },
    /// A person who was paged and came by the link: for one incident only, and for nothing beside it.
    Visitor {
        /// The person's id.
        id: PersonId,
        /// What they may do in it.
        access: AccessLevel,
        /// The incident.
        incident: IncidentId,
    },
    /// Muster itself: the worker, an authenticated hook, the command line on the server.
    System,
}

/// A token that somebody presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The token's id.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: Arc<str>,
    /// The documents that it may run, and nothing else; `None` for any.
    pub documents: Option<Arc<DocumentSet>>,
    /// Where it may be presented; `None` for anywhere.
    pub networks: Option<Arc<Networks>>,
}

impl Presented {
    /// Whether it is good for some documents or from some networks only.
    pub fn is_bound(&self) -> bool {
        self.documents.is_some() || self.networks.is_some()
    }
}

/// A general permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See whatever is not hidden.
    Read,
    /// Report that something is wrong (R1: anyone may).
    Report,
    /// Work on incidents, sites and clients.
    Respond,
    /// Manage people and access.
    Administer,
}

impl Right {
    /// The lowest access level that has this right.
    pub fn least_level(self) -> AccessLevel {
        match self {
            Self::Read | Self::Report => AccessLevel::Viewer,
            Self::Respond => AccessLevel::Responder,
            Self::Administer => AccessLevel::Admin,
        }
    }
}

impl Actor {
    /// A person with all the rights that they have.
    pub fn of(person: &person::Model) -> Self {
        Self::Person { id: person.id, access: person.access_level, grants: person.grants, token: None }
    }

    /// The person's id, unless the actor is Muster itself.
    pub fn person_id(&self) -> Option<PersonId> {
        match self {
            Self::Person { id, .. } | Self::Visitor { id, .. } => Some(*id),
            Self::System => None,
        }
    }

    /// The token that the actor presented.
    pub fn token(&self) -> Option<&Presented> {
        match self {
            Self::Person { token, .. } => token.as_ref(),
            Self::Visitor { .. } | Self::System => None,
        }
    }

    /// Whether the actor has `right`.
    pub fn may(&self, right: Right) -> bool {
        match self {
            Self::Person { access, .. } => *access >= right.least_level(),
            Self::Visitor { access, .. } => right != Right::Administer && *access >= right.least_level(),
            Self::System => true,
        }
    }

    /// The only incident that the actor may know about and change, if there is such a limit.
    pub fn only(&self) -> Option<IncidentId> {
        match self {
            Self::Visitor { incident, .. } => Some(*incident),
            Self::Person { .. } | Self::System => None,
        }
    }

    /// Fails for a token that may run some documents only: nothing else is open to it.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub fn require_unbound(&self) -> Result<()> {
        if self.token().is_some_and(|token| token.documents.is_some()) {
            return Err(Error::Forbidden(DOCUMENTS_ONLY.to_owned()));
        }
        Ok(())
    }

    /// Fails unless the actor has `right`, saying what it would take.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub fn require(&self, right: Right) -> Result<()> {
        if self.may(right) {
            return Ok(());
        }
        let level = right.least_level();
        Err(Error::Forbidden(format!("This needs {level} access: ask an administrator for it, or use a token that has it.")))
    }

    /// Whether the actor was given `grant`, which no access level brings with it.
    pub fn holds(&self, grant: Grant) -> bool {
        matches!(self, Self::Person { grants, .. } if grants.contains(grant))
    }

    /// Whether the actor sees restricted incidents without being a participant.
    pub fn sees_restricted(&self) -> bool {
        match self {
            Self::Person { access, grants, .. } => *access == AccessLevel::Admin || grants.contains(Grant::SeeRestricted),
            Self::Visitor { .. } => false,
            Self::System => true,
        }
    }

    /// Whether the actor may know about `incident`, given its participants. The same rule as [`visible`], for rows in
    /// memory.
    pub fn sees(&self, incident: &incident::Model, participants: &[PersonId]) -> bool {
        let is_open = incident.visibility == Visibility::Open || self.sees_restricted();
        self.only().is_none_or(|only| only == incident.id) && (is_open || self.person_id().is_some_and(|id| participants.contains(&id)))
    }
}

/// The incidents that the caller may know about. Every query for incidents starts here.
pub fn visible(actor: &Actor) -> Select<incident::Entity> {
    let select = <incident::Entity as sea_orm::EntityTrait>::find();
    match visible_condition(actor) {
        Some(condition) => select.filter(condition),
        None => select,
    }
}

/// The condition on `incident` behind [`visible`]; `None` if nothing is hidden.
pub fn visible_condition(actor: &Actor) -> Option<Condition> {
    if actor.sees_restricted() {
        return None;
    }
    let participates = actor.person_id().map(|person| {
        let mine = <incident_access::Entity as sea_orm::EntityTrait>::find()
            .select_only()
            .column(incident_access::Column::IncidentId)
            .filter(incident_access::Column::PersonId.eq(person))
            .into_query();
        incident::Column::Id.in_subquery(mine)
    });
    let sees = Condition::any().add(incident::Column::Visibility.eq(Visibility::Open)).add_option(participates);
    Some(Condition::all().add(sees).add_option(actor.only().map(|only| incident::Column::Id.eq(only))))
}

/// The condition that `column`, an incident's id in another table, names an incident that the caller may know about.
pub fn visible_through(actor: &Actor, column: impl ColumnTrait) -> Option<Expr> {
    let condition = visible_condition(actor)?;
    let seen = Query::select().column(incident::Column::Id).from(incident::Entity).cond_where(condition).to_owned();
    Some(column.in_subquery(seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn person(access: AccessLevel, grants: Grants) -> Actor {
        Actor::Person { id: PersonId(Uuid::nil()), access, grants, token: None }
    }

    #[test]
    fn every_level_has_the_rights_of_the_levels_below() {
        use AccessLevel::{Admin, Responder, Viewer};
        for (right, viewer, responder, admin) in [
            (Right::Read, true, true, true),
            (Right::Report, true, true, true),
            (Right::Respond, false, true, true),
            (Right::Administer, false, false, true),
        ] {
            for (level, expected) in [(Viewer, viewer), (Responder, responder), (Admin, admin)] {
                assert_eq!(person(level, Grants::default()).may(right), expected, "{level} {right:?}");
            }
        }
    }

    #[test]
    fn a_visitor_never_administers() {
        let visitor = |access| Actor::Visitor { id: PersonId(Uuid::nil()), access, incident: IncidentId(Uuid::nil()) };
        assert!(visitor(AccessLevel::Admin).may(Right::Respond) && !visitor(AccessLevel::Admin).may(Right::Administer));
        assert!(visitor(AccessLevel::Viewer).may(Right::Report) && !visitor(AccessLevel::Viewer).may(Right::Respond));
    }

    #[test]
    fn only_administrators_and_the_granted_see_restricted_incidents() {
        assert!(!person(AccessLevel::Responder, Grants::default()).sees_restricted());
        assert!(person(AccessLevel::Viewer, [Grant::SeeRestricted].into_iter().collect()).sees_restricted());
        assert!(person(AccessLevel::Admin, Grants::default()).sees_restricted());
    }
}
