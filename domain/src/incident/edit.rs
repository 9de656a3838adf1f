//! What is known of an incident, and what is changed about it.

use std::collections::HashSet;

use entity::{Flag, IncidentField, IncidentId, SiteId, TimelineKind, Timestamp, Visibility, incident, incident_site};
use serde_json::json;

use crate::authz::Right;
use crate::change::{Expected, change};
use crate::clients::machines_in;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::incident::writes::{add_sites, admit_actor};
use crate::record::{Draft, NewEvent, Whole, fields};
use crate::validate::{self, Edit};
use crate::webhooks::event_type::EventType;
use crate::{catalogue, words};

/// Input of [`update`]: fields that are left out stay unchanged; blank texts empty theirs.
#[derive(Clone, Debug, Default)]
pub struct UpdateIncident {
    /// A better name.
    pub name: Option<String>,
    /// What clients call the problem.
    pub client_name: Edit<String>,
    /// What is known now.
    pub summary: Edit<String>,
    /// Who may see it.
    pub visibility: Option<Visibility>,
    /// What is special about it: the complete set of flags.
    pub flags: Option<Vec<Flag>>,
    /// The complete list of sites.
    pub site_ids: Option<Vec<SiteId>>,
    /// The complete impact: requests, visits, users and description.
    pub impact: Option<Impact>,
    /// When the impact began.
    pub impact_started_at: Edit<Timestamp>,
    /// When the impact ended.
    pub impact_ended_at: Edit<Timestamp>,
}

impl UpdateIncident {
    /// The fields that it sets.
    fn fields(&self) -> Vec<IncidentField> {
        let given = [
            (IncidentField::Name, self.name.is_some()),
            (IncidentField::ClientName, self.client_name.is_some()),
            (IncidentField::Summary, self.summary.is_some()),
            (IncidentField::Visibility, self.visibility.is_some()),
            (IncidentField::Flags, self.flags.is_some()),
            (IncidentField::SiteIds, self.site_ids.is_some()),
            (IncidentField::Impact, self.impact.is_some()),
            (IncidentField::ImpactStartedAt, self.impact_started_at.is_some()),
            (IncidentField::ImpactEndedAt, self.impact_ended_at.is_some()),
        ];
        given.into_iter().filter_map(|(field, is_given)| is_given.then_some(field)).collect()
    }
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
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `CONFLICT` if somebody else changed one of these fields after
/// `expected_version`.
pub async fn update(ctx: &Ctx, id: IncidentId, input: UpdateIncident, expected_version: Option<i32>) -> Result<incident::Model> {
    ctx.require(Right::Respond)?;
    let now = ctx.now();
    let name = input.name.as_deref().map(|name| validate::name("name", name)).transpose()?;
    let client_name = validate::edit(input.client_name.as_ref(), checked_client_name)?;
    let summary = validate::edit(input.summary.as_ref(), |summary| validate::text("summary", summary))?;
    let impact = input.impact.as_ref().map(checked_impact).transpose()?;
    let past = |field, at: Option<Timestamp>| at.map(|at| validate::past(field, at, now)).transpose();
    let started = input.impact_started_at.map(|at| past("impactStartedAt", at)).transpose()?;
    let ended = input.impact_ended_at.map(|at| past("impactEndedAt", at)).transpose()?;
    let sites = match &input.site_ids {
        Some(ids) => Some(catalogue::existing_sites(ctx, "siteIds", ids).await?),
        None => None,
    };
    let fields = input.fields();
    let changed = change::<Whole, _>(ctx, id, Right::Respond, Expected::of(expected_version, &fields), |facts, draft| {
        let incident = draft.incident_mut();
        if let Some(name) = &name {
            incident.name.clone_from(name);
        }
        if let Some(client_name) = &client_name {
            incident.client_name.clone_from(client_name);
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
        incident.impact_started_at = started.unwrap_or(incident.impact_started_at);
        incident.impact_ended_at = ended.unwrap_or(incident.impact_ended_at);
        if let (Some(start), Some(end)) = (incident.impact_started_at, incident.impact_ended_at)
            && end < start
        {
            return Err(Error::invalid("impactEndedAt", "impactEndedAt is before impactStartedAt."));
        }
        if incident.visibility != facts.incident.visibility {
            admit_actor(draft);
        }
        let sites_differ = sites.as_ref().is_some_and(|sites| replace_sites(draft, facts, sites));
        record_update(draft, facts, sites_differ);
        Ok(())
    });
    Ok(changed.await?.incident)
}

fn checked_client_name(name: &str) -> Result<String> {
    match machines_in(name, &HashSet::new(), &HashSet::new()).first() {
        Some(machine) => Err(Error::invalid("clientName", format!("clientName names a machine of ours, {machine}: clients read it."))),
        None => validate::name("clientName", name),
    }
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
fn record_update(draft: &mut Draft<'_>, before: &Whole, sites_differ: bool) {
    let after = draft.whole();
    let (mut details, mut changed) = (serde_json::Map::new(), Vec::new());
    // A change of sites says only that.
    for field in IncidentField::ALL.iter().copied().filter(|field| *field != IncidentField::SiteIds) {
        let (from, to) = (fields::value(before, field), fields::value(after, field));
        if from != to {
            details.insert(field.to_string(), json!({ "from": from, "to": to }));
            changed.push(field);
        }
    }
    if sites_differ {
        details.insert("sites".to_owned(), json!({}));
        changed.push(IncidentField::SiteIds);
    }
    if !details.is_empty() {
        draft.record(
            NewEvent::new(TimelineKind::Note, changes_in_words(&before.incident, &after.incident, &changed))
                .details(serde_json::Value::Object(details))
                .posted_as(EventType::IncidentChanged),
        );
    }
}

/// What changed, with what matters most by its value: `Flagged as data breach; now restricted; changed name, summary`.
fn changes_in_words(before: &incident::Model, after: &incident::Model, changed: &[IncidentField]) -> String {
    let flags = |of: &incident::Model, without: &incident::Model| {
        let flags = of.flags.iter().filter(|flag| !without.flags.contains(*flag)).map(words::flag);
        flags.collect::<Vec<_>>().join(", ")
    };
    let (added, removed) = (flags(after, before), flags(before, after));
    let mut parts = Vec::new();
    if !added.is_empty() {
        parts.push(format!("flagged as {added}"));
    }
    if !removed.is_empty() {
        parts.push(format!("no longer flagged as {removed}"));
    }
    if before.visibility != after.visibility {
        parts.push(match after.visibility {
            Visibility::Restricted => "now restricted".to_owned(),
            Visibility::Open => "no longer restricted".to_owned(),
        });
    }
    let others = changed.iter().copied().filter(|field| !matches!(field, IncidentField::Flags | IncidentField::Visibility));
    let others = others.map(words::incident_field).collect::<Vec<_>>().join(", ");
    if !others.is_empty() {
        parts.push(format!("changed {others}"));
    }
    words::sentence(&parts.join("; "))
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
