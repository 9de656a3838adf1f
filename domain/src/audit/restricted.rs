//! Who saw restricted incidents by their rights alone, and not because they were shared with them.
//!
//! What can't be recorded must not be shown: the failure names it, so that everything else can be.

use std::borrow::Borrow;

use entity::{AuditAction, IncidentId, PersonId, Visibility, incident, incident_access};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::sql::padded;

const ACTION: AuditAction = AuditAction::RestrictedSeen;

/// Records which of the incidents that something belongs to the caller sees by their rights alone, before it is shown.
pub async fn saw(ctx: &Ctx, incidents: impl IntoIterator<Item = IncidentId>) -> Result<()> {
    let Some((person, ids)) = news(ctx, incidents) else { return Ok(()) };
    let hidden = incident::Entity::find().select_only().column(incident::Column::Id);
    let hidden = hidden.filter(incident::Column::Id.is_in(padded(&ids))).filter(incident::Column::Visibility.eq(Visibility::Restricted));
    let hidden = hidden.into_tuple().all(ctx.db.read()).await?;
    record(ctx, person, hidden).await
}

/// The same of incidents that the caller has at hand: which of them are hidden needs no look.
pub async fn saw_rows<R: Borrow<incident::Model>>(ctx: &Ctx, rows: &[R]) -> Result<()> {
    let rows = rows.iter().map(<R as Borrow<incident::Model>>::borrow);
    let hidden = rows.filter(|row| row.visibility == Visibility::Restricted).map(|row| row.id);
    let Some((person, hidden)) = news(ctx, hidden) else { return Ok(()) };
    record(ctx, person, hidden).await
}

/// The caller, if they see what is hidden, and those of `incidents` of which it is not recorded yet; `None` if there are none.
fn news(ctx: &Ctx, incidents: impl IntoIterator<Item = IncidentId>) -> Option<(PersonId, Vec<IncidentId>)> {
    let person = ctx.actor.person_id().filter(|_| ctx.actor.sees_restricted())?;
    let token = ctx.actor.token().map(|token| token.id);
    let mut new: Vec<IncidentId> = incidents.into_iter().filter(|id| !ctx.sights.knows(&(person, token, ACTION, id.to_string()))).collect();
    new.sort_unstable();
    new.dedup();
    Some((person, new)).filter(|(_, new)| !new.is_empty())
}

/// Records those of these restricted incidents that are not shared with `person`.
async fn record(ctx: &Ctx, person: PersonId, mut hidden: Vec<IncidentId>) -> Result<()> {
    if hidden.is_empty() {
        return Ok(());
    }
    let shared = incident_access::Entity::find()
        .filter(incident_access::Column::PersonId.eq(person))
        .filter(incident_access::Column::IncidentId.is_in(padded(&hidden)));
    let shared = shared.all(ctx.db.read()).await?;
    hidden.retain(|id| !shared.iter().any(|row| row.incident_id == *id));
    super::saw(ctx, ACTION, &hidden).await.map_err(|cause| Error::Unrecorded { incidents: hidden, cause: Box::new(cause) })
}
