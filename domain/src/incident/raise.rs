//! From a report to a declared incident, or to none.

use entity::{
    ClientId, Flag, Flags, IncidentId, IncidentStatus, PersonId, Role, Severity, SiteId, TimelineKind, Timestamp, Visibility, incident,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Serialize;
use serde_json::json;

use crate::authz::Right;
use crate::change::{change, create};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::idempotency::{Key, once};
use crate::incident::find;
use crate::incident::state::{Move, advance};
use crate::incident::writes::{add_sites, admit, admit_actor, affect, blank, give};
use crate::people::access;
use crate::record::{Draft, NewEvent, Whole};
use crate::telling::pages;
use crate::telling::roster::Roster;
use crate::{catalogue, limits, people, validate, words};

/// Severity of a report until somebody triages it: the lowest that still gets work done today.
const REPORTED_SEVERITY: Severity = Severity::Minor;

/// Input of [`raise`].
#[derive(Clone, Debug, Serialize)]
pub struct Raise {
    /// Short and clear, e.g. `example.org errors`.
    pub name: String,
    /// What was seen.
    pub description: Option<String>,
    /// The sites it is about; if there are none, those whose addresses name and description have.
    pub site_ids: Vec<SiteId>,
}

/// Reports that something is wrong (R1): an incident in TRIAGE. The same key again returns the first one.
///
/// # Errors
/// `BAD_USER_INPUT`, `UNAUTHENTICATED`; `RATE_LIMITED` after [`limits::REPORTS_EACH`] in a short while.
pub async fn raise(ctx: &Ctx, input: Raise, key: Option<&str>) -> Result<incident::Model> {
    ctx.require(Right::Report)?;
    let name = validate::name("name", &input.name)?;
    let description = validate::optional_text("description", input.description.as_deref())?;
    let mut sites = catalogue::existing_sites(ctx, "siteIds", &input.site_ids).await?;
    if sites.is_empty() {
        sites = catalogue::named_in(ctx, &[Some(name.as_str()), description.as_deref()]).await?;
    }
    let key = Key::of(ctx, "reportIncident", key, &input)?;
    let work = async {
        check_few_reports(ctx).await?;
        let new = blank(ctx, name, description, REPORTED_SEVERITY, IncidentStatus::Triage);
        let roster = Roster::load(ctx).await?;
        let created = create(ctx, &new, |draft| {
            draft.record(NewEvent::new(TimelineKind::Reported, first_words(draft.incident())));
            add_sites(draft, &sites);
            add_reporter(draft);
            pages::page_on_call(draft, &roster);
            remember(draft, key.as_ref());
            Ok(())
        });
        created.await
    };
    once(ctx, key.as_ref(), Box::pin(work), |first| find(ctx, IncidentId(first))).await
}

/// Each report pages somebody: one caller can't wake them again and again.
async fn check_few_reports(ctx: &Ctx) -> Result<()> {
    let Some(reporter) = ctx.actor.person_id() else { return Ok(()) };
    let of_late = incident::Entity::find()
        .filter(incident::Column::ReportedAt.gt(ctx.now() - limits::REPORTS_WHILE))
        .filter(incident::Column::ReporterId.eq(reporter))
        .count(ctx.db.read())
        .await?;
    if of_late < limits::REPORTS_EACH {
        return Ok(());
    }
    Err(Error::RateLimited(format!(
        "You have reported {of_late} incidents in the last {} minutes, and each of them pages somebody. If this belongs to one of them, write it \
         down there; otherwise call whoever is on call.",
        limits::REPORTS_WHILE.num_minutes()
    )))
}

/// Input of [`declare`].
#[derive(Clone, Debug, Serialize)]
pub struct Declare {
    /// The report to declare; if left out, a new incident is created.
    pub incident_id: Option<IncidentId>,
    /// Required for a new incident.
    pub name: Option<String>,
    /// What is known.
    pub description: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Who leads.
    pub lead_id: Option<PersonId>,
    /// The sites it is about; if neither it nor the report has any, those whose addresses name and description have.
    pub site_ids: Vec<SiteId>,
    /// The clients it affects.
    pub affected_client_ids: Vec<ClientId>,
    /// What is special about it; if left out, unchanged.
    pub flags: Option<Vec<Flag>>,
    /// Who may see it.
    pub visibility: Visibility,
    /// When the impact began.
    pub impact_started_at: Option<Timestamp>,
}

/// A declaration with its fields checked.
struct Declaration {
    name: Option<String>,
    description: Option<String>,
    severity: Severity,
    lead: Option<entity::person::Model>,
    sites: Vec<SiteId>,
    /// The sites whose addresses it has, if it names none.
    found: Vec<SiteId>,
    clients: Vec<entity::client::Model>,
    flags: Option<Flags>,
    visibility: Visibility,
    impact_started_at: Option<Timestamp>,
}

/// Declares an incident (R6), new or reported. The same key again returns the first one.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it has left triage.
pub async fn declare(ctx: &Ctx, input: Declare, key: Option<&str>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    if input.incident_id.is_none() && ctx.actor.only().is_some() {
        return Err(Error::Forbidden(access::VISITING.to_owned()));
    }
    let declaration = check(ctx, &input).await?;
    let key = Key::of(ctx, "declareIncident", key, &input)?;
    let work = declare_now(ctx, input.incident_id, &declaration, key.as_ref());
    once(ctx, key.as_ref(), Box::pin(work), |first| find(ctx, IncidentId(first))).await
}

async fn declare_now(ctx: &Ctx, report: Option<IncidentId>, declaration: &Declaration, key: Option<&Key>) -> Result<incident::Model> {
    match (report, &declaration.name) {
        (Some(id), _) => {
            let declared = change::<Whole, _>(ctx, id, Right::Respond, None, |_, draft| {
                advance(draft, Move::Declare)?;
                declaration.apply(draft);
                remember(draft, key);
                Ok(())
            });
            Ok(declared.await?.incident)
        }
        (None, Some(name)) => {
            let new = blank(ctx, name.clone(), None, declaration.severity, IncidentStatus::Investigating);
            create(ctx, &new, |draft| {
                add_reporter(draft);
                declaration.apply(draft);
                remember(draft, key);
                Ok(())
            })
            .await
        }
        (None, None) => Err(Error::invalid("name", "name is required, unless incidentId names a report to declare.")),
    }
}

async fn check(ctx: &Ctx, input: &Declare) -> Result<Declaration> {
    let now = ctx.now();
    let name = input.name.as_deref().map(|name| validate::name("name", name)).transpose()?;
    let description = validate::optional_text("description", input.description.as_deref())?;
    let sites = catalogue::existing_sites(ctx, "siteIds", &input.site_ids).await?;
    let found = if sites.is_empty() { catalogue::named_in(ctx, &[name.as_deref(), description.as_deref()]).await? } else { Vec::new() };
    Ok(Declaration {
        name,
        description,
        severity: input.severity,
        lead: match input.lead_id {
            Some(lead) => Some(people::able_to_respond(ctx, "leadId", lead).await?),
            None => None,
        },
        sites,
        found,
        clients: catalogue::existing_clients(ctx, "affectedClientIds", &input.affected_client_ids).await?,
        flags: input.flags.as_ref().map(|flags| flags.iter().copied().collect()),
        visibility: input.visibility,
        impact_started_at: input.impact_started_at.map(|at| validate::past("impactStartedAt", at, now)).transpose()?,
    })
}

impl Declaration {
    /// Writes the declaration into the draft, on top of what the report already said.
    fn apply(&self, draft: &mut Draft<'_>) {
        let (now, before) = (draft.now, draft.before().incident.clone());
        let incident = draft.incident_mut();
        incident.declared_at = Some(now);
        incident.severity = self.severity;
        incident.flags = self.flags.unwrap_or(incident.flags);
        incident.visibility = Ord::max(self.visibility, incident.visibility);
        incident.impact_started_at = self.impact_started_at.or(incident.impact_started_at);
        if let Some(name) = &self.name {
            incident.name.clone_from(name);
        }
        if self.description.is_some() {
            incident.summary.clone_from(&self.description);
        }
        let text = format!("Declared {}: {}", verdict(incident), first_words(incident));
        let flags: Vec<&str> = incident.flags.iter().map(Flag::as_str).collect();
        let details = json!({ "severity": self.severity, "flags": flags, "visibility": incident.visibility });
        draft.record(NewEvent::new(TimelineKind::Declared, text).details(details));
        record_other_severity(draft, &before);
        let known = &draft.whole().sites;
        let sites = if known.is_empty() && self.sites.is_empty() { &self.found } else { &self.sites };
        let new_sites: Vec<SiteId> = sites.iter().copied().filter(|site| !known.iter().any(|row| row.site_id == *site)).collect();
        add_sites(draft, &new_sites);
        for client in &self.clients {
            affect(draft, client, None);
        }
        admit_actor(draft);
        if let Some(lead) = &self.lead {
            give(draft, Role::IncidentLead, lead, None);
        }
    }
}

/// Declines a report: it is not an incident (R2).
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it has left triage.
pub async fn decline(ctx: &Ctx, id: IncidentId, reason: &str) -> Result<incident::Model> {
    let reason = validate::text("reason", reason)?;
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |_, draft| {
        advance(draft, Move::Decline)?;
        draft.record(NewEvent::new(TimelineKind::Declined, reason.clone()));
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// What was decided: `critical, data breach, restricted`.
fn verdict(incident: &incident::Model) -> String {
    let flags = incident.flags.iter().map(words::flag);
    let restricted = (incident.visibility == Visibility::Restricted).then_some("restricted");
    std::iter::once(words::severity(incident.severity)).chain(flags).chain(restricted).collect::<Vec<_>>().join(", ")
}

/// Records that the declaration gives another severity than the report had from its alert, its ticket or a person, with a warning if it
/// is a lower one: nobody must overlook that a critical alert became something less.
fn record_other_severity(draft: &mut Draft<'_>, report: &incident::Model) {
    let (from, to) = (report.severity, draft.incident().severity);
    // A person's report has a severity only once somebody gave it one.
    let was_given = report.status == IncidentStatus::Triage && (report.reporter_id.is_none() || from != REPORTED_SEVERITY);
    if !was_given || from == to {
        return;
    }
    let is_lower = to > from;
    let warning = if is_lower { " It is lower than that of the report: if that was not meant, raise it." } else { "" };
    let text = format!("{from} → {to}: given at the declaration.{warning}");
    let details = json!({ "from": from, "to": to, "reason": "declaration", "lowered": is_lower });
    draft.record(NewEvent::new(TimelineKind::SeverityChanged, text).details(details));
}

fn first_words(incident: &incident::Model) -> String {
    incident.summary.clone().unwrap_or_else(|| incident.name.clone())
}

fn add_reporter(draft: &mut Draft<'_>) {
    if let Some(person_id) = draft.incident().reporter_id {
        admit(draft, person_id);
    }
}

fn remember(draft: &mut Draft<'_>, key: Option<&Key>) {
    if let Some(key) = key {
        key.keep(draft, draft.incident().id.0);
    }
}
