//! Whom Muster can turn to: the team and who is on call.
//!
//! Read by the pager and the reminders before they decide whom to notify.

use crate::authz::Actor;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::on_call::{self, OnDuty};
use crate::people;
use crate::playbook::Playbook;
use crate::record::{Facts, Whole};
use entity::{AccessLevel, Grant, PersonId, Visibility, incident_access, person};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The team at this moment: people, never services.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    people: BTreeMap<PersonId, person::Model>,
    first_line: Option<PersonId>,
    second_line: Option<PersonId>,
}

impl Roster {
    /// Loads the team and who is on call now.
    pub async fn load(ctx: &Ctx) -> Result<Self> {
        let (people, duty) = tokio::try_join!(people::team(ctx), on_call::on_duty(ctx, ctx.now()))?;
        Ok(Self::of(people, &duty))
    }

    /// These people, and those of them who are on call.
    pub fn of(people: Vec<person::Model>, duty: &OnDuty) -> Self {
        Self {
            people: people.into_iter().map(|person| (person.id, person)).collect(),
            first_line: duty.first.as_ref().map(|person| person.id),
            second_line: duty.second.as_ref().map(|person| person.id),
        }
    }

    /// A current member of the team.
    pub fn person(&self, id: PersonId) -> Option<&person::Model> {
        self.people.get(&id)
    }

    /// All current members of the team.
    pub fn people(&self) -> impl Iterator<Item = &person::Model> {
        self.people.values()
    }

    /// The first-line person on call, who is paged first.
    pub fn first_line(&self) -> Option<&person::Model> {
        self.first_line.and_then(|id| self.person(id))
    }

    /// The second-line person on call, who backs up the first line.
    pub fn second_line(&self) -> Option<&person::Model> {
        self.second_line.and_then(|id| self.person(id))
    }

    /// The people to turn to when nobody else answers, most senior first: responders with a seniority, and all administrators.
    pub fn by_seniority(&self) -> Vec<&person::Model> {
        let is_meant = |person: &&person::Model| match person.access_level {
            AccessLevel::Viewer => false,
            AccessLevel::Responder => person.seniority.is_some(),
            AccessLevel::Admin => true,
        };
        let mut people: Vec<_> = self.people.values().filter(is_meant).collect();
        people.sort_by_key(|person| (std::cmp::Reverse(person.seniority), person.id));
        people
    }

    /// The administrators.
    pub fn administrators(&self) -> impl Iterator<Item = &person::Model> {
        self.people.values().filter(|person| person.access_level == AccessLevel::Admin)
    }

    /// The person behind a contact of the playbook, found by the contact's address or else by the corresponding grant.
    pub fn contact(&self, playbook: &Playbook, contact: &str) -> Option<&person::Model> {
        let address = playbook.contacts.get(contact).map(|address| address.to_lowercase());
        let by_address = self.people.values().find(|person| address.is_some() && person.email == address);
        by_address.or_else(|| self.granted(contact))
    }

    fn granted(&self, contact: &str) -> Option<&person::Model> {
        let grant = match contact {
            "cto" => Grant::NotifyCto,
            "head_of_tech_ops" => Grant::NotifyHeadOfTechOps,
            "dpo" => Grant::NotifyDpo,
            _ => return None,
        };
        self.people.values().find(|person| person.grants.contains(grant))
    }
}

/// Whether `person` may know about the incident.
pub fn may_know(person: &person::Model, whole: &Whole) -> bool {
    let actor = Actor::of(person);
    let participants: Vec<PersonId> = whole.access.iter().map(|row: &incident_access::Model| row.person_id).collect();
    whole.incident.visibility == Visibility::Open || actor.sees(&whole.incident, &participants)
}

/// An incident and the team: what is needed to decide whom to notify.
pub struct Staffed {
    /// The incident.
    pub whole: Whole,
    /// The team.
    pub roster: Arc<Roster>,
}

impl Staffed {
    /// Loads many incidents, reading the team once.
    pub async fn load_many(ctx: &Ctx, incidents: Vec<entity::incident::Model>) -> Result<Vec<Self>> {
        let (wholes, roster) = tokio::try_join!(Whole::load_many(ctx, incidents), Roster::load(ctx))?;
        let roster = Arc::new(roster);
        Ok(wholes.into_iter().map(|whole| Self { whole, roster: roster.clone() }).collect())
    }
}

impl Facts for Staffed {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: entity::incident::Model) -> Result<Self> {
        let (whole, roster) = tokio::try_join!(Whole::load(ctx, incident), Roster::load(ctx))?;
        Ok(Self { whole, roster: Arc::new(roster) })
    }

    fn scope(&self) -> &Whole {
        &self.whole
    }
}
