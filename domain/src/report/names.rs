//! Who is called what in a report (R27).

use std::collections::{BTreeSet, HashMap};

use entity::{ClientId, ContactId, PersonId, ReportId, TimelineKind, contact, person, report, report_names, timeline_event};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use crate::blameless::{Cast, Contact, Decisions, Facts, Person, RoleTaken};
use crate::catalogue::clients_by_ids;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::record::{Draft, Scope, Whole};
use crate::sql::padded;
use crate::words;

/// Who has which name, and what was decided.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Who is called what.
    pub cast: Cast,
    /// What was decided about words that may be names.
    pub decisions: Decisions,
}

impl Names {
    /// Those of `report`, if there is one, with everybody who is known by now, and those of other clients' people whom it mentions.
    pub async fn load(ctx: &Ctx, report: Option<&report::Model>, whole: &Whole, mentioned: &BTreeSet<ContactId>) -> Result<Self> {
        let stored = match report {
            Some(report) => report_names::Entity::find_by_id(report.id).one(ctx.db.read()).await?,
            None => None,
        };
        let mut names = match stored {
            Some(row) => Self { cast: read(row.cast)?, decisions: read(row.decisions)? },
            None => Self::default(),
        };
        names.cast.add(&facts(ctx, whole, mentioned).await?);
        Ok(names)
    }

    /// Keeps them for good.
    pub fn keep<S: Scope>(&self, draft: &mut Draft<'_, S>, report: ReportId) -> Result<()> {
        let json = |value: serde_json::Result<serde_json::Value>| value.map_err(Error::internal);
        let row = report_names::Model {
            report_id: report,
            incident_id: draft.incident().id,
            cast: json(serde_json::to_value(&self.cast))?,
            decisions: json(serde_json::to_value(&self.decisions))?,
        };
        draft.upsert(row.into_active_model());
        Ok(())
    }
}

fn read<T: serde::de::DeserializeOwned>(stored: serde_json::Value) -> Result<T> {
    serde_json::from_value(stored).map_err(Error::internal)
}

/// Everybody who is or was on the team, the affected clients' people, and those of other clients' who are `mentioned`: any of them may be
/// named in a text.
async fn facts(ctx: &Ctx, whole: &Whole, mentioned: &BTreeSet<ContactId>) -> Result<Facts> {
    let db = ctx.db.read();
    let clients: Vec<_> = whole.clients.iter().map(|row| row.client_id).collect();
    let people = person::Entity::find().order_by_asc(person::Column::Id).all(db);
    let mentioned: Vec<ContactId> = mentioned.iter().copied().collect();
    let of_clients = contact::Column::ClientId.is_in(padded(&clients)).or(contact::Column::Id.is_in(padded(&mentioned)));
    let contacts = contact::Entity::find().filter(of_clients).order_by_asc(contact::Column::Id).all(db);
    let acted = timeline_event::Entity::find()
        .select_only()
        .columns([timeline_event::Column::ActorId, timeline_event::Column::Sequence])
        .filter(timeline_event::Column::IncidentId.eq(whole.incident.id))
        .filter(timeline_event::Column::ActorId.is_not_null())
        .filter(timeline_event::Column::Kind.is_not_in([TimelineKind::Report, TimelineKind::Redaction]))
        .order_by_asc(timeline_event::Column::Sequence)
        .into_tuple::<(PersonId, i32)>()
        .all(db);
    let (people, contacts, acted) = tokio::try_join!(people, contacts, acted)?;
    let mut seen = BTreeSet::new();
    let appeared = acted.into_iter().map(|(id, _)| id).filter(|id| seen.insert(*id)).map(|id| id.to_string()).collect();
    let roles = whole.roles.iter().map(|row| RoleTaken {
        person: row.person_id.to_string(),
        role: words::role(row.role).to_owned(),
        at: row.assigned_at,
    });
    let others: BTreeSet<ClientId> = contacts.iter().map(|row| row.client_id).filter(|id| !whole.client_names.contains_key(id)).collect();
    let others = if others.is_empty() { Vec::new() } else { clients_by_ids(ctx, &Vec::from_iter(others)).await? };
    let others: HashMap<ClientId, String> = others.into_iter().map(|client| (client.id, client.name)).collect();
    let at_client = |row: &contact::Model| {
        let affected = whole.client_names.get(&row.client_id);
        let client = affected.or_else(|| others.get(&row.client_id)).cloned().unwrap_or_default();
        Contact { person: row.id.to_string(), client, takes_part: affected.is_some() }
    };
    Ok(Facts {
        roles: roles.collect(),
        appeared,
        reporters: whole.incident.reporter_id.iter().map(ToString::to_string).collect(),
        contacts: contacts.iter().map(at_client).collect(),
        people: people.into_iter().map(of_team).chain(contacts.iter().map(of_client)).collect(),
    })
}

fn of_team(row: person::Model) -> Person {
    Person { id: row.id.to_string(), name: row.name, emails: row.email.into_iter().collect(), ..Person::default() }
}

fn of_client(row: &contact::Model) -> Person {
    Person { id: row.id.to_string(), name: row.name.clone(), emails: vec![row.email.clone()], ..Person::default() }
}
