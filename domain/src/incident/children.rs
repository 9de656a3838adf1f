//! The children of incidents, read for many incidents in one statement. Callers have checked that the incidents may be seen.

use entity::{
    ClientId, IncidentId, PersonId, RoleAssignmentId, SiteId, Timestamp, action, checklist_item, client, goal, incident, incident_access,
    incident_client, incident_site, role_assignment, site,
};
use sea_orm::sea_query::{Condition, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::catalogue::{clients_by_ids, sites_by_ids};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::IncidentFilter;
use crate::sql::{self, changed, padded};

/// The roles that are or were held, in the order in which they were given.
pub async fn roles_of(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<role_assignment::Model>> {
    sql::of_incidents::<role_assignment::Entity>(ctx, incidents).await
}

/// The role assignments among `ids` that exist and that the caller may see.
pub async fn roles_by_ids(ctx: &Ctx, ids: &[RoleAssignmentId]) -> Result<Vec<role_assignment::Model>> {
    sql::seen_by_ids::<role_assignment::Entity>(ctx, ids).await
}

/// The goals that were ever confirmed.
pub async fn goals_of(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<goal::Model>> {
    sql::of_incidents::<goal::Entity>(ctx, incidents).await
}

/// The checklist items that are ticked.
pub async fn checklist_of(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<checklist_item::Model>> {
    sql::of_incidents::<checklist_item::Entity>(ctx, incidents).await
}

/// The actions in any state, oldest first.
pub async fn actions_of(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<action::Model>> {
    sql::of_incidents::<action::Entity>(ctx, incidents).await
}

/// The affected clients, those affected longest first.
pub async fn affected_clients_of(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<(incident_client::Model, client::Model)>> {
    let rows = incident_client::Entity::find()
        .filter(incident_client::Column::IncidentId.is_in(padded(incidents)))
        .order_by_asc(incident_client::Column::Since)
        .order_by_asc(incident_client::Column::ClientId)
        .all(ctx.db.read())
        .await?;
    let ids: Vec<ClientId> = rows.iter().map(|row| row.client_id).collect();
    let clients = if ids.is_empty() { Vec::new() } else { clients_by_ids(ctx, &ids).await? };
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((clients.iter().find(|client| client.id == row.client_id)?.clone(), row)))
        .map(|(client, row)| (row, client))
        .collect())
}

/// The sites that incidents are about, by name.
pub async fn sites_of(ctx: &Ctx, incidents: &[IncidentId]) -> Result<Vec<(IncidentId, site::Model)>> {
    let rows = incident_site::Entity::find().filter(incident_site::Column::IncidentId.is_in(padded(incidents))).all(ctx.db.read()).await?;
    let ids: Vec<SiteId> = rows.iter().map(|row| row.site_id).collect();
    let mut sites = if ids.is_empty() { Vec::new() } else { sites_by_ids(ctx, &ids).await? };
    sites.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    let links: Vec<_> = rows.iter().map(|row| (row.site_id, row.incident_id)).collect();
    Ok(paired(&sites, |site| site.id, &links))
}

/// What belongs to incidents by `links`, in its own order, once for each incident that it belongs to.
fn paired<T: Clone, K: PartialEq>(things: &[T], key: impl Fn(&T) -> K, links: &[(K, IncidentId)]) -> Vec<(IncidentId, T)> {
    let of_thing = |thing| {
        let key = key(thing);
        links.iter().filter(move |(linked, _)| *linked == key).map(move |(_, incident)| (*incident, thing.clone()))
    };
    things.iter().flat_map(of_thing).collect()
}

/// Whether the incident passes `filter`, asked of the database.
///
/// # Errors
/// `BAD_USER_INPUT` for an overlong search text.
pub async fn passes(ctx: &Ctx, incident: &incident::Model, filter: &IncidentFilter) -> Result<bool> {
    let said = filter.search()?.of_each();
    let select = crate::authz::visible(&ctx.actor).filter(incident::Column::Id.eq(incident.id)).filter(filter.condition()).filter(said);
    Ok(select.one(ctx.db.read()).await?.is_some())
}

/// The people who may see the incident while it is restricted.
pub async fn participants(ctx: &Ctx, incident: IncidentId) -> Result<Vec<PersonId>> {
    let rows = incident_access::Entity::find().filter(incident_access::Column::IncidentId.eq(incident)).all(ctx.db.read()).await?;
    Ok(rows.into_iter().map(|row| row.person_id).collect())
}

/// The incidents that changed after `since`, oldest change first, at most `limit`; the next ones are `after` the last of these.
pub async fn changed_since(
    ctx: &Ctx,
    since: Timestamp,
    after: Option<(Timestamp, IncidentId)>,
    limit: usize,
) -> Result<Vec<incident::Model>> {
    use incident::Column::{ChangedAt, Id};
    // Many change in the same moment: those of a round of reminders.
    let is_later = |(at, id): (Timestamp, IncidentId)| ChangedAt.gt(at).or(ChangedAt.eq(at).and(Id.gt(id)));
    let select = crate::authz::visible(&ctx.actor).filter(ChangedAt.gt(since)).filter(changed::since(since));
    let select = select.order_by_asc(changed::hour()).order_by_asc(ChangedAt).order_by_asc(Id);
    let select = select.filter(Condition::all().add_option(after.map(is_later)));
    Ok(select.limit(u64::try_from(limit).unwrap_or(u64::MAX)).all(ctx.db.read()).await?)
}
