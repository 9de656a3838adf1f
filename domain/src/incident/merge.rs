//! Two incidents that turn out to be one.

use entity::{IncidentId, SiteId, TimelineKind, alert, incident, incident_client, page};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use crate::authz::Right;
use crate::change::change_both;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::follow_up::card;
use crate::incident::reference::reference;
use crate::incident::state::{Move, advance, is_running};
use crate::incident::writes::{add_sites, admit};
use crate::playbook::Rule;
use crate::record::{Draft, NewEvent, Whole};
use crate::tickets::links;
use crate::timeline::others::{MERGED_FROM, MERGED_INTO};
use crate::webhooks::event_type::EventType;
use crate::words;

/// Merges an incident into another, which continues for both and takes over clients, sites, alerts, tickets, follow-ups and pages
/// whose answer it waits for as well.
///
/// # Errors
/// `BAD_USER_INPUT`, `FORBIDDEN`, `NOT_FOUND`; `FAILED_PRECONDITION` if either is over.
pub async fn merge(ctx: &Ctx, id: IncidentId, into: IncidentId) -> Result<incident::Model> {
    if id == into {
        return Err(Error::invalid("intoIncidentId", "An incident can't be merged into itself."));
    }
    change_both(ctx, [id, into], Right::Respond, |[from, to], [from_draft, to_draft]| {
        if !is_running(&to.incident) {
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
        from_draft.record(NewEvent::new(TimelineKind::Merged, MERGED_INTO).details(json!({ "into": into.to_string() })));
        let absorbed = NewEvent::new(TimelineKind::Merged, MERGED_FROM).details(json!({ "from": id.to_string() }));
        to_draft.record(absorbed.posted_as(EventType::IncidentAbsorbed));
        take_over(to_draft, from, to);
        links::take_over([from, to], [from_draft, to_draft]);
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
    // Where the incident that goes on waits for the same, whoever answers now knows of it.
    let asked = draft.steps();
    let is_awaited = |row: &page::Model| match &row.step_key {
        Some(key) => asked.iter().any(|step| step.key == *key),
        None => asked.iter().any(|step| step.rule == Rule::Page),
    };
    for row in from.pages.iter().filter(|row| row.answered_at.is_none() && is_awaited(row)) {
        draft.put::<page::Entity>(page::Model { incident_id: id, ..row.clone() });
    }
    for row in from.access.iter().filter(|row| !to.access.iter().any(|known| known.person_id == row.person_id)) {
        admit(draft, row.person_id);
    }
}
