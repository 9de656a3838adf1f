//! Who saw restricted incidents by their rights alone, and not because they were shared with them.

use std::collections::BTreeSet;

use entity::{AuditAction, IncidentId, Visibility, incident, incident_access};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::sights::Look;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::padded;

const ACTION: AuditAction = AuditAction::RestrictedSeen;

/// Records which of these incidents, or of those that something belongs to, the caller sees by their rights alone, before it is shown.
pub async fn saw(ctx: &Ctx, incidents: impl IntoIterator<Item = IncidentId>) -> Result<()> {
    let Some(person) = ctx.actor.person_id().filter(|_| ctx.actor.sees_restricted()) else { return Ok(()) };
    let token = ctx.actor.token().map(|token| token.id);
    let look = |id: &IncidentId| -> Look { (person, token, ACTION, id.to_string()) };
    let incidents: BTreeSet<IncidentId> = incidents.into_iter().filter(|id| !ctx.sights.knows(&look(id))).collect();
    if incidents.is_empty() {
        return Ok(());
    }
    let ids: Vec<IncidentId> = incidents.into_iter().collect();
    let hidden = incident::Entity::find().select_only().column(incident::Column::Id);
    let hidden = hidden.filter(incident::Column::Id.is_in(padded(&ids))).filter(incident::Column::Visibility.eq(Visibility::Restricted));
    let mut hidden: Vec<IncidentId> = hidden.into_tuple().all(ctx.db.read()).await?;
    if hidden.is_empty() {
        return Ok(());
    }
    let shared = incident_access::Entity::find()
        .filter(incident_access::Column::PersonId.eq(person))
        .filter(incident_access::Column::IncidentId.is_in(padded(&hidden)));
    let shared = shared.all(ctx.db.read()).await?;
    hidden.retain(|id| !shared.iter().any(|row| row.incident_id == *id));
    super::saw(ctx, ACTION, hidden).await
}

/// The same of incidents that the caller has at hand: the open ones need no look.
pub async fn saw_rows(ctx: &Ctx, rows: &[incident::Model]) -> Result<()> {
    saw(ctx, rows.iter().filter(|row| row.visibility == Visibility::Restricted).map(|row| row.id)).await
}
