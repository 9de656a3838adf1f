//! What follows when somebody leaves the team, or may no longer respond: nothing may wait for them.

use std::collections::BTreeSet;

use entity::{
    IncidentId, IncidentStatus, OfferState, PageLoss, PersonId, TimelineKind, delivery, incident, page, person, role_assignment, role_offer,
};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;

use crate::authz::Right;
use crate::change::change;
use crate::ctx::Ctx;
use crate::delivery::order;
use crate::error::Result;
use crate::incident::writes::{end, set_current};
use crate::record::{Draft, NewEvent, Whole};
use crate::webhooks::event_type::EventType;
use crate::words;

/// Ends the roles of `person` in incidents that are not over, withdraws what they were offered, and passes on what they were paged for.
/// May be repeated.
pub(super) async fn pass_on(ctx: &Ctx, person: &person::Model) -> Result<()> {
    for id in concerned(ctx, person.id).await? {
        let changed = change::<Whole, _>(ctx, id, Right::Administer, None, |facts, draft| {
            if !OVER.contains(&facts.incident.status) {
                leave(draft, facts, person);
            }
            Ok(())
        });
        changed.await?;
    }
    Ok(())
}

/// Nobody has a part in these any more.
const OVER: [IncidentStatus; 3] = [IncidentStatus::Closed, IncidentStatus::Declined, IncidentStatus::Merged];

/// The incidents in which `person` has a role, an offer, or a page without an answer.
async fn concerned(ctx: &Ctx, person: PersonId) -> Result<Vec<IncidentId>> {
    let db = ctx.db.read();
    let roles = role_assignment::Entity::find().select_only().column(role_assignment::Column::IncidentId);
    let roles = roles.filter(role_assignment::Column::PersonId.eq(person)).filter(role_assignment::Column::EndedAt.is_null());
    let offers = role_offer::Entity::find().select_only().column(role_offer::Column::IncidentId);
    let offers = offers.filter(role_offer::Column::PersonId.eq(person)).filter(role_offer::Column::State.eq(OfferState::Open));
    let pages = page::Entity::find().select_only().column(page::Column::IncidentId);
    let pages = pages.filter(page::Column::PersonId.eq(person)).filter(page::Column::AnsweredAt.is_null());
    let waiting = delivery::Entity::find().select_only().column(delivery::Column::IncidentId);
    let waiting =
        waiting.filter(delivery::Column::PersonId.eq(person)).filter(order::waits()).filter(delivery::Column::IncidentId.is_not_null());
    let (roles, offers, pages, waiting) = tokio::try_join!(
        roles.into_tuple::<IncidentId>().all(db),
        offers.into_tuple::<IncidentId>().all(db),
        pages.into_tuple::<IncidentId>().all(db),
        waiting.into_tuple::<IncidentId>().all(db),
    )?;
    let found: BTreeSet<IncidentId> = roles.into_iter().chain(offers).chain(pages).chain(waiting).collect();
    let running = incident::Entity::find().select_only().column(incident::Column::Id);
    let running =
        running.filter(incident::Column::Id.is_in(found)).filter(incident::Column::Status.is_not_in(OVER.map(|status| status.to_value())));
    Ok(running.into_tuple::<IncidentId>().all(db).await?)
}

fn leave(draft: &mut Draft<'_>, facts: &Whole, person: &person::Model) {
    let has_left = person.deactivated_at.is_some();
    let reason = if has_left { "has left the team" } else { "may no longer respond" };
    for row in facts.roles.iter().filter(|row| row.person_id == person.id && row.ended_at.is_none()) {
        end(draft, row);
        set_current(draft, row.role, None);
        let text = format!("{} {reason} and is no longer {}", person.name, words::role(row.role));
        let details = json!({ "role": row.role, "from": [person.id.to_string()], "to": null });
        draft.record(NewEvent::new(TimelineKind::RoleChanged, text).details(details));
    }
    for offer in facts.offers.iter().filter(|row| row.person_id == person.id && row.state == OfferState::Open) {
        let withdrawn = role_offer::Model { state: OfferState::Withdrawn, answered_at: Some(draft.now), ..offer.clone() };
        draft.put::<role_offer::Entity>(withdrawn);
    }
    // Somebody of the leadership is told, and need not be able to respond.
    let ends = |row: &&page::Model| row.person_id == person.id && row.answered_at.is_none() && (has_left || row.step_key.is_none());
    let pages: Vec<page::Model> = facts.pages.iter().filter(ends).filter(|row| row.lost != Some(PageLoss::Left)).cloned().collect();
    if !pages.is_empty() {
        let text = format!("{} {reason}: somebody else is paged instead", person.name);
        let details = json!({ "person": person.id.to_string(), "lost": PageLoss::Left });
        draft.record(NewEvent::new(TimelineKind::Paged, text).details(details).posted_as(EventType::PageLost));
    }
    for row in pages {
        draft.put::<page::Entity>(page::Model { lost_at: row.lost_at.or(Some(draft.now)), lost: Some(PageLoss::Left), ..row });
    }
    if has_left {
        order::cancel_for_person(draft, person.id);
    } else {
        order::cancel_pages_for(draft, person.id);
    }
}
