//! Who is called what in a report (R27), and what its author decides about words that may be names.

use std::collections::BTreeSet;

use entity::{PersonId, ReportId, TimelineKind, contact, incident, person, report, report_names, timeline_event};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::desk::Desk;
use super::query::find;
use crate::authz::Right;
use crate::blameless::{Cast, Contact, Decision, Decisions, Facts, Key, Person, RoleTaken};
use crate::change::change;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::record::{self, Draft, NewEvent, Scope, Whole};
use crate::sql::padded;
use crate::{limits, validate, words};

/// Who has which name, and what was decided.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Who is called what.
    pub cast: Cast,
    /// What was decided about words that may be names.
    pub decisions: Decisions,
}

impl Names {
    /// Those of `report`, with everybody who is known by now.
    pub async fn load(ctx: &Ctx, report: &report::Model, whole: &Whole) -> Result<Self> {
        let stored = report_names::Entity::find_by_id(report.id).one(ctx.db.read()).await?;
        let mut names = match stored {
            Some(row) => Self { cast: read(row.cast)?, decisions: read(row.decisions)? },
            None => Self::default(),
        };
        names.cast.add(&facts(ctx, whole).await?);
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

/// Everybody who is or was on the team, and the affected clients' people: any of them may be named in a text.
async fn facts(ctx: &Ctx, whole: &Whole) -> Result<Facts> {
    let db = ctx.db.read();
    let clients: Vec<_> = whole.clients.iter().map(|row| row.client_id).collect();
    let people = person::Entity::find().order_by_asc(person::Column::Id).all(db);
    let contacts =
        contact::Entity::find().filter(contact::Column::ClientId.is_in(padded(&clients))).order_by_asc(contact::Column::Id).all(db);
    let acted = timeline_event::Entity::find()
        .select_only()
        .columns([timeline_event::Column::ActorId, timeline_event::Column::Sequence])
        .filter(timeline_event::Column::IncidentId.eq(whole.incident.id))
        .filter(timeline_event::Column::ActorId.is_not_null())
        .filter(timeline_event::Column::Kind.ne(TimelineKind::Report))
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
    let client = |row: &contact::Model| whole.client_names.get(&row.client_id).cloned().unwrap_or_default();
    Ok(Facts {
        roles: roles.collect(),
        appeared,
        reporters: whole.incident.reporter_id.iter().map(ToString::to_string).collect(),
        contacts: contacts.iter().map(|row| Contact { person: row.id.to_string(), client: client(row) }).collect(),
        people: people.into_iter().map(of_team).chain(contacts.iter().map(of_client)).collect(),
    })
}

fn of_team(row: person::Model) -> Person {
    Person { id: row.id.to_string(), name: row.name, emails: row.email.into_iter().collect(), ..Person::default() }
}

fn of_client(row: &contact::Model) -> Person {
    Person { id: row.id.to_string(), name: row.name.clone(), emails: vec![row.email.clone()], ..Person::default() }
}

/// A report with the names in it.
struct Naming {
    desk: Desk<Whole>,
    names: Names,
}

impl record::Facts for Naming {
    type Scope = Whole;

    async fn load(ctx: &Ctx, incident: incident::Model) -> Result<Self> {
        let desk = Desk::<Whole>::load(ctx, incident).await?;
        let names = Names::load(ctx, desk.report()?, &desk.scope).await?;
        Ok(Self { desk, names })
    }

    fn scope(&self) -> &Whole {
        &self.desk.scope
    }
}

/// Decides whether a word in a report names somebody: `person`, or nobody. Without `context`, wherever it stands in the report.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` once the report is final.
pub async fn decide_name(ctx: &Ctx, id: ReportId, form: &str, context: Option<&str>, person: Option<&str>) -> Result<report::Model> {
    ctx.require(Right::Respond)?;
    let report = find(ctx, id).await?;
    let form = validate::text_within("form", form, limits::NAME_CHARS)?;
    let changed = change::<Naming, _>(ctx, report.incident_id, Right::Respond, None, |naming, draft| {
        let report = naming.desk.open_report()?.clone();
        let mut names = naming.names.clone();
        let decision = match person {
            Some(person) if names.cast.name_of(person).is_some() => Decision::Person(person.to_owned()),
            Some(_) => return Err(Error::invalid("personId", "personId names nobody on the team, nor at an affected client.")),
            None => Decision::NotAName,
        };
        match context {
            Some(context) => names.decisions.decide(Key { form: form.clone(), context: context.to_owned() }, decision),
            None => names.decisions.decide_everywhere(form.clone(), decision),
        }
        names.keep(draft, report.id)?;
        draft.record(NewEvent::new(TimelineKind::Report, "Decided whether a word in the report is a name"));
        Ok(report)
    });
    Ok(changed.await?.output)
}
