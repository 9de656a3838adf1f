//! Report, declare, decline, update, resolve, reopen, close, merge.

use entity::{
    ClientId, Flag, Flags, IncidentId, IncidentStatus, PersonId, Role, Severity, SiteId, TimelineKind, Timestamp, Visibility, alert,
    incident, incident_client, incident_site,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use serde_json::json;

use super::state::{Move, advance};
use super::{find, reference};
use crate::authz::Right;
use crate::change::{change, change_both, create};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::follow_up::card;
use crate::idempotency::Key;
use crate::incident::response::take_back;
use crate::incident::writes::{add_sites, admit, admit_actor, affect, blank, give};
use crate::record::{Draft, NewEvent, Whole};
use crate::telling::pages;
use crate::telling::roster::Roster;
use crate::{catalogue, people, tickets, validate, words};

/// Severity of a report until somebody triages it: the lowest that still gets work done today.
const REPORTED_SEVERITY: Severity = Severity::Minor;

/// Input of [`report`].
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Short and clear, e.g. `example.org errors`.
    pub name: String,
    /// What was seen.
    pub description: Option<String>,
    /// The sites it is about.
    pub site_ids: Vec<SiteId>,
}

/// Reports that something is wrong (R1): an incident in TRIAGE. The same key again returns the first one.
///
/// # Errors
/// `BAD_USER_INPUT`, `UNAUTHENTICATED`.
pub async fn report(ctx: &Ctx, input: Report, key: Option<&str>) -> Result<incident::Model> {
    ctx.require(Right::Report)?;
    let name = validate::name("name", &input.name)?;
    let description = validate::optional_text("description", input.description.as_deref())?;
    let sites = catalogue::existing_sites(ctx, "siteIds", &input.site_ids).await?;
    let key = Key::of(ctx, "reportIncident", key, &input)?;
    if let Some(first) = replayed(ctx, key.as_ref()).await? {
        return Ok(first);
    }
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
    or_replayed(ctx, created.await, key.as_ref()).await
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
    /// The sites it is about.
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
    let declaration = check(ctx, &input).await?;
    let key = Key::of(ctx, "declareIncident", key, &input)?;
    if let Some(first) = replayed(ctx, key.as_ref()).await? {
        return Ok(first);
    }
    let declared = match (input.incident_id, &declaration.name) {
        (Some(id), _) => change::<Whole, _>(ctx, id, Right::Respond, None, |_, draft| {
            advance(draft, Move::Declare)?;
            declaration.apply(draft);
            remember(draft, key.as_ref());
            Ok(())
        })
        .await
        .map(|changed| changed.incident),
        (None, Some(name)) => {
            let new = blank(ctx, name.clone(), None, declaration.severity, IncidentStatus::Investigating);
            create(ctx, &new, |draft| {
                add_reporter(draft);
                declaration.apply(draft);
                remember(draft, key.as_ref());
                Ok(())
            })
            .await
        }
        (None, None) => Err(Error::invalid("name", "name is required, unless incidentId names a report to declare.")),
    };
    or_replayed(ctx, declared, key.as_ref()).await
}

async fn check(ctx: &Ctx, input: &Declare) -> Result<Declaration> {
    let now = ctx.now();
    Ok(Declaration {
        name: input.name.as_deref().map(|name| validate::name("name", name)).transpose()?,
        description: validate::optional_text("description", input.description.as_deref())?,
        severity: input.severity,
        lead: match input.lead_id {
            Some(lead) => Some(people::able_to_respond(ctx, "leadId", lead).await?),
            None => None,
        },
        sites: catalogue::existing_sites(ctx, "siteIds", &input.site_ids).await?,
        clients: catalogue::existing_clients(ctx, "affectedClientIds", &input.affected_client_ids).await?,
        flags: input.flags.as_ref().map(|flags| flags.iter().copied().collect()),
        visibility: input.visibility,
        impact_started_at: input.impact_started_at.map(|at| validate::past("impactStartedAt", at, now)).transpose()?,
    })
}

impl Declaration {
    /// Writes the declaration into the draft, on top of what the report already said.
    fn apply(&self, draft: &mut Draft<'_>) {
        let now = draft.now;
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
        let text = first_words(incident);
        let flags: Vec<&str> = incident.flags.iter().map(Flag::as_str).collect();
        let details = json!({ "severity": self.severity, "flags": flags, "visibility": incident.visibility });
        draft.record(NewEvent::new(TimelineKind::Declared, text).details(details));
        let has_site = |site: &SiteId| draft.whole().sites.iter().any(|row| row.site_id == *site);
        let new_sites: Vec<SiteId> = self.sites.iter().copied().filter(|site| !has_site(site)).collect();
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

/// Input of [`update`]: fields that are left out stay unchanged.
#[derive(Clone, Debug, Default)]
pub struct Update {
    /// A better name.
    pub name: Option<String>,
    /// What is known now.
    pub summary: Option<String>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// What is special about it: the complete set of flags.
    pub flags: Option<Vec<Flag>>,
    /// The complete list of sites.
    pub site_ids: Option<Vec<SiteId>>,
    /// The complete impact: requests, visits, users and description.
    pub impact: Option<Impact>,
    /// When the impact began.
    pub impact_started_at: Option<Timestamp>,
    /// When the impact ended.
    pub impact_ended_at: Option<Timestamp>,
}

/// How much was affected, as far as known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Failed requests.
    pub requests: Option<i32>,
    /// Affected visits.
    pub visits: Option<i32>,
    /// Affected users.
    pub users: Option<i32>,
    /// In words.
    pub description: Option<String>,
}

/// Changes what is known about an incident. Each change is recorded on the timeline.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `CONFLICT` if `expected_version` is not the current one.
pub async fn update(ctx: &Ctx, id: IncidentId, input: Update, expected_version: Option<i32>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let now = ctx.now();
    let name = input.name.as_deref().map(|name| validate::name("name", name)).transpose()?;
    let summary = input.summary.as_deref().map(|summary| validate::optional_text("summary", Some(summary))).transpose()?;
    let impact = input.impact.as_ref().map(checked_impact).transpose()?;
    let started = input.impact_started_at.map(|at| validate::past("impactStartedAt", at, now)).transpose()?;
    let ended = input.impact_ended_at.map(|at| validate::past("impactEndedAt", at, now)).transpose()?;
    let sites = match &input.site_ids {
        Some(ids) => Some(catalogue::existing_sites(ctx, "siteIds", ids).await?),
        None => None,
    };
    let changed = change::<Whole, _>(ctx, id, Right::Respond, expected_version, |facts, draft| {
        let incident = draft.incident_mut();
        if let Some(name) = &name {
            incident.name.clone_from(name);
        }
        if let Some(summary) = &summary {
            incident.summary.clone_from(summary);
        }
        if let Some(visibility) = input.visibility {
            incident.visibility = visibility;
        }
        if let Some(flags) = &input.flags {
            incident.flags = flags.iter().copied().collect();
        }
        if let Some(impact) = &impact {
            incident.impact_requests = impact.requests;
            incident.impact_visits = impact.visits;
            incident.impact_users = impact.users;
            incident.impact_description.clone_from(&impact.description);
        }
        incident.impact_started_at = started.or(incident.impact_started_at);
        incident.impact_ended_at = ended.or(incident.impact_ended_at);
        if let (Some(start), Some(end)) = (incident.impact_started_at, incident.impact_ended_at)
            && end < start
        {
            return Err(Error::invalid("impactEndedAt", "impactEndedAt is before impactStartedAt."));
        }
        if incident.visibility != facts.incident.visibility {
            admit_actor(draft);
        }
        let sites_differ = sites.as_ref().is_some_and(|sites| replace_sites(draft, facts, sites));
        record_update(draft, &facts.incident, sites_differ);
        Ok(())
    });
    Ok(changed.await?.incident)
}

fn checked_impact(impact: &Impact) -> Result<Impact> {
    Ok(Impact {
        requests: validate::count("impact.requests", impact.requests)?,
        visits: validate::count("impact.visits", impact.visits)?,
        users: validate::count("impact.users", impact.users)?,
        description: validate::optional_text("impact.description", impact.description.as_deref())?,
    })
}

/// Records on the timeline what changed, with the old and new values for programs.
fn record_update(draft: &mut Draft<'_>, before: &incident::Model, sites_differ: bool) {
    let after = draft.incident();
    let flags = |incident: &incident::Model| incident.flags.iter().map(Flag::as_str).collect::<Vec<_>>();
    let impact = |incident: &incident::Model| json!({ "requests": incident.impact_requests, "visits": incident.impact_visits, "users": incident.impact_users, "description": incident.impact_description });
    let fields = [
        ("name", json!(before.name), json!(after.name)),
        ("summary", json!(before.summary), json!(after.summary)),
        ("visibility", json!(before.visibility), json!(after.visibility)),
        ("flags", json!(flags(before)), json!(flags(after))),
        ("impact", impact(before), impact(after)),
        ("impactStartedAt", json!(before.impact_started_at), json!(after.impact_started_at)),
        ("impactEndedAt", json!(before.impact_ended_at), json!(after.impact_ended_at)),
    ];
    let mut details = serde_json::Map::new();
    for (field, from, to) in fields {
        if from != to {
            details.insert(field.to_owned(), json!({ "from": from, "to": to }));
        }
    }
    if sites_differ {
        details.insert("sites".to_owned(), json!({}));
    }
    if !details.is_empty() {
        let text = format!("Changed {}", details.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
        draft.record(NewEvent::new(TimelineKind::Note, text).details(serde_json::Value::Object(details)));
    }
}

fn replace_sites(draft: &mut Draft<'_>, facts: &Whole, sites: &[SiteId]) -> bool {
    let old: Vec<SiteId> = facts.sites.iter().map(|row| row.site_id).collect();
    let added: Vec<SiteId> = sites.iter().copied().filter(|site| !old.contains(site)).collect();
    let removed: Vec<SiteId> = old.into_iter().filter(|site| !sites.contains(site)).collect();
    add_sites(draft, &added);
    for row in facts.sites.iter().filter(|row| removed.contains(&row.site_id)) {
        draft.remove::<incident_site::Entity>(row);
    }
    !added.is_empty() || !removed.is_empty()
}

/// Resolves an incident: service is back (R24). All goals must be met.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION`, listing the goals that are missing.
pub async fn resolve(ctx: &Ctx, id: IncidentId, summary: &str) -> Result<incident::Model> {
    let summary = validate::text("summary", summary)?;
    let playbook = ctx.playbook();
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |facts, draft| {
        advance(draft, Move::Resolve)?;
        let met = |key: &str| facts.goals.iter().any(|goal| goal.goal == key && goal.met_at.is_some());
        let missing: Vec<String> = playbook.goals.iter().filter(|goal| !met(&goal.key)).map(|goal| goal.key.clone()).collect();
        if !missing.is_empty() {
            let reason = format!("Not all goals are met: confirm {} first, with the evidence.", missing.join(", "));
            return Err(Error::FailedPrecondition { reason, missing });
        }
        draft.incident_mut().resolved_at = Some(draft.now);
        draft.incident_mut().impact_ended_at = draft.incident().impact_ended_at.or(Some(draft.now));
        draft.record(NewEvent::new(TimelineKind::Resolved, summary.clone()));
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Reopens an incident that was not over after all. History stays; the goals must be confirmed again.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` from a status that can't be reopened.
pub async fn reopen(ctx: &Ctx, id: IncidentId, reason: &str) -> Result<incident::Model> {
    let reason = validate::text("reason", reason)?;
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |facts, draft| {
        let from = facts.incident.status;
        advance(draft, Move::Reopen)?;
        draft.incident_mut().resolved_at = None;
        draft.incident_mut().closed_at = None;
        draft.incident_mut().impact_ended_at = None;
        draft.record(NewEvent::new(TimelineKind::Reopened, reason.clone()).details(json!({ "from": from })));
        for goal in facts.goals.iter().filter(|goal| goal.met_at.is_some()) {
            take_back(draft, goal);
        }
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Closes an incident: all follow-up work is done.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if it is not resolved.
pub async fn close(ctx: &Ctx, id: IncidentId, note: Option<&str>) -> Result<incident::Model> {
    let note = validate::optional_text("note", note)?;
    let changed = change::<Whole, _>(ctx, id, Right::Respond, None, |_, draft| {
        advance(draft, Move::Close)?;
        draft.incident_mut().closed_at = Some(draft.now);
        draft.record(NewEvent::new(TimelineKind::Closed, note.clone().unwrap_or_else(|| "Closed".into())));
        Ok(())
    });
    Ok(changed.await?.incident)
}

/// Merges an incident into another, which continues for both and takes over clients, sites, alerts, tickets and follow-ups.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if either is over.
pub async fn merge(ctx: &Ctx, id: IncidentId, into: IncidentId) -> Result<incident::Model> {
    if id == into {
        return Err(Error::invalid("intoIncidentId", "An incident can't be merged into itself."));
    }
    change_both(ctx, [id, into], Right::Respond, |[from, to], [from_draft, to_draft]| {
        if !to.incident.live && to.incident.status != IncidentStatus::Triage {
            let reason = format!(
                "{} is {}: merge into a live incident or one in triage.",
                reference(&to.incident),
                words::status(to.incident.status)
            );
            return Err(Error::precondition(reason));
        }
        // Otherwise everybody who sees the open one would learn of the restricted one.
        if from.incident.visibility != to.incident.visibility {
            return Err(Error::precondition(
                "One of them is restricted and the other is not: give both the same visibility before merging.",
            ));
        }
        advance(from_draft, Move::Merge)?;
        from_draft.incident_mut().merged_into_id = Some(into);
        let text = format!("Merged into {}: {}", reference(&to.incident), to.incident.name);
        from_draft.record(NewEvent::new(TimelineKind::Merged, text).details(json!({ "into": into.to_string() })));
        let text = format!("{} was merged into this one: {}", reference(&from.incident), from.incident.name);
        to_draft.record(NewEvent::new(TimelineKind::Merged, text).details(json!({ "from": id.to_string() })));
        take_over(to_draft, from, to);
        tickets::links::take_over([from, to], [from_draft, to_draft]);
        Ok(())
    })
    .await
}

fn take_over(draft: &mut Draft<'_>, from: &Whole, to: &Whole) {
    let id = draft.incident().id;
    for row in from.clients.iter().filter(|row| !to.clients.iter().any(|known| known.client_id == row.client_id)) {
        draft.add::<incident_client::Entity>(incident_client::Model { incident_id: id, ..row.clone() });
    }
    let sites: Vec<SiteId> =
        from.sites.iter().map(|row| row.site_id).filter(|site| !to.sites.iter().any(|known| known.site_id == *site)).collect();
    add_sites(draft, &sites);
    draft.update_many(
        &alert::Entity::update_many()
            .col_expr(alert::Column::IncidentId, Expr::val(id))
            .filter(alert::Column::IncidentId.eq(from.incident.id)),
    );
    card::move_to(draft, &from.follow_ups);
    for row in from.access.iter().filter(|row| !to.access.iter().any(|known| known.person_id == row.person_id)) {
        admit(draft, row.person_id);
    }
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

async fn replayed(ctx: &Ctx, key: Option<&Key>) -> Result<Option<incident::Model>> {
    let Some(key) = key else { return Ok(None) };
    match key.replay(ctx).await? {
        Some(id) => find(ctx, IncidentId(id)).await.map(Some),
        None => Ok(None),
    }
}

/// The outcome, or the incident of a request that took the same key a moment earlier.
async fn or_replayed(ctx: &Ctx, outcome: Result<incident::Model>, key: Option<&Key>) -> Result<incident::Model> {
    match outcome {
        Err(Error::KeyTaken) => replayed(ctx, key).await?.ok_or(Error::KeyTaken),
        outcome => outcome,
    }
}
